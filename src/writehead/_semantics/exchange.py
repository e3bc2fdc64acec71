"""The interface between a message and an HTTP version: Protocols and plain values, no code.

A response calls its `Exchange`, which calls back through `ResponseSide` and writes bytes to a `Sink`.

Invariant: a response never asks which version of HTTP its exchange speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from writehead._semantics.headers import Headers
from writehead._semantics.outcome import Outcome

Done = Callable[[BaseException | None], object]

#: A stored field: its name in lower case; its name and its value, as they were given.
Entry = tuple[str, str, Any]

#: The fields of a response in order: those of a header store, or a list of them; or checked pairs of bytes.
StoredFields = dict[str, Entry] | list[Entry] | list[tuple[bytes, bytes]] | None


#: Bits of `ResponseHead.removed`: the automatic fields that the program has removed.
REMOVED_LENGTH = 1
REMOVED_TRANSFER_ENCODING = 2
REMOVED_CONNECTION = 4

#: Names of the fields that the framing depends on.
FRAMING_NAMES = frozenset(
    ("connection", "content-length", "transfer-encoding", "keep-alive", "trailer", "date", "expect")
)


class RequestHead(Protocol):
    """The head of a request, whose fields are split and decoded when they are asked for.

    Everything that a method returns is new, and the caller's.
    """

    @property
    def method(self) -> str: ...
    @property
    def target(self) -> bytes:
        """The request target, as sent."""
        ...

    @property
    def url(self) -> str:
        """The request target as text."""
        ...

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants the connection kept."""
        ...

    def text(self) -> list[str]:
        """Return the fields as sent, flat: name, value, name, value, …; values without white space around them."""
        ...

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Return the fields as pairs of a lower-case name and a value."""
        ...

    def joined(self, join_duplicates: bool = False, /) -> Headers:
        """Return the fields by lower-case name, duplicates joined or dropped as in Node."""
        ...


class ResponseHead:
    """What a response wants in its head, and what the exchange finds in the fields as it renders them.

    A plain class, as everywhere in the library: `dataclasses` took a twentieth of the time of its import.
    """

    __slots__ = (
        "announce",
        "connection",
        "content_length",
        "date",
        "expect",
        "fields",
        "for_head",
        "keep",
        "keep_alive",
        "length",
        "may_chunk",
        "reason",
        "removed",
        "send_date",
        "status",
        "trailer",
        "transfer_encoding",
        "unique",
    )

    def __init__(
        self,
        fields: Iterable[Entry] = (),
        status: int = 200,
        reason: str = "OK",
        for_head: bool = False,
        keep: bool = True,
        may_chunk: bool = True,
        length: int | None = None,
        announce: bool = False,
        removed: int = 0,
        send_date: bool = True,
        unique: frozenset[str] = frozenset(),
    ) -> None:
        self.fields = fields
        self.status = status
        self.reason = reason
        self.for_head = for_head  # in response to HEAD
        self.keep = keep  # the connection open
        self.may_chunk = may_chunk
        self.length = length  # of the whole body, where it is known
        self.announce = announce  # the length to HTTP/1.0 and to HEAD, too
        self.removed = removed  # the automatic fields, see REMOVED_LENGTH
        self.send_date = send_date
        self.unique = unique  # names whose list values are joined on one line
        # Found in the fields; None: no such field.
        self.content_length: str | None = None
        self.transfer_encoding: str | None = None
        self.connection: str | None = None
        self.keep_alive = self.trailer = self.date = self.expect = False


class ResponseSide(Protocol):
    """The methods of a response that its exchange calls."""

    @property
    def writable_high_water_mark(self) -> int: ...
    def _on_drained(self) -> None: ...
    def _prepare_close(self) -> None: ...
    def _on_flushed(self) -> None: ...
    def _on_lost(self, error: BaseException | None) -> None: ...
    def _on_outlived(self) -> None: ...


class Ending(Protocol):
    """What is notified when the last bytes of a response have been passed on."""

    def on_settled(self) -> None: ...
    def on_passed(self, error: BaseException | None) -> None: ...


class Pieces(Protocol):
    """Where the small pieces of a body that are written in one tick are gathered."""

    def add(self, piece: object, /) -> bool | None:
        """Take a piece, with what frames it; return whether there is room for more.

        None: it is not taken, and has to be written. It is not bytes, is empty or large, or something else was
        written meanwhile.
        """
        ...


class Sink(Protocol):
    """Where an exchange writes its bytes: the channel of a socket, or any writable behind an adapter."""

    socket: Any  # the Socket or the writable that the program knows

    @property
    def destroyed(self) -> bool:
        """Whether what is written from now on is dropped."""
        ...

    @property
    def pending(self) -> int: ...
    @property
    def mark(self) -> int: ...
    def put(self, data: bytes, done: Done | None = None) -> bool:
        """Take `data`, to be passed on by the end of this tick; return False at or over the mark."""
        ...

    def chunks(self) -> Pieces | None:
        """Return where pieces may be added in place of `put`, each to become a chunk; None if nowhere."""
        ...

    def refuse_more(self) -> None:
        """Note that what is held has come to the mark: 'drain' is to be emitted."""
        ...

    def put_now(self, data: bytes, done: Done | None = None) -> None:
        """Pass on `data`, and what was put before it, at once."""
        ...

    def put_last(self, data: bytes, ending: Ending, body: bytes | None = None) -> bool:
        """Pass on `data` and `body`, the last bytes of a response; return False if the sink takes no more bytes.

        Calls `ending.on_passed` when they have been passed on, or `ending.on_settled`, which asks `is_settled`.
        `body` is apart because it is too large to be copied.
        """
        ...

    def is_settled(self, ending: Ending) -> bool:
        """Return whether all bytes were passed on; if not, `ending.on_passed` is called when they are."""
        ...

    def settle(self) -> None:
        """Pass on now what `put_now` and `put_last` hold back until the end of the current read."""
        ...

    def owe_drain(self) -> None:
        """Report when all that was put has been taken: a response that has written before it got the sink waits."""
        ...

    def cork(self) -> None: ...
    def uncork(self) -> None: ...
    def destroy(self, error: BaseException | None = None) -> object: ...


class Exchange(Protocol):
    """One request and its response on one connection (RFC 9110, 3.6)."""

    response: ResponseSide | None
    chunked: bool  # the head says Transfer-Encoding: chunked
    body_allowed: bool
    informs: bool  # whether the client understands informational responses
    keep_reads: bool | None  # the `should_keep_alive` that follows from the head; None: unchanged
    last_allowed: bool  # whether it is the last response that its connection allows
    promised: str | None  # the program's Content-Length, where the body must match it
    refused: bool  # whether some of its bytes were not sent, and will not be
    stays: bool  # whether the connection stays open after this response
    coming: Sink | None  # the sink that it will have once 'socket' was emitted
    void: bool  # whether it was aborted before it had a sink
    began: float | None  # if it is noted: when its request began; see `record.Notes`
    route: Any  # of its notes,
    error: BaseException | None
    outcome: Outcome

    @property
    def socket(self) -> Any: ...
    @property
    def reports_drain(self) -> bool:
        """Whether the exchange calls `_on_drained`; if not, the response listens to its writable."""
        ...

    @property
    def queued(self) -> bool:
        """Whether it waits for other responses of its connection, or for a socket."""
        ...

    @property
    def pending(self) -> int: ...
    @property
    def mark(self) -> int | None: ...
    def begin(self, head: ResponseHead) -> None: ...
    def respond(self, status: int, fields: StoredFields, body: bytes, announce: bool = True) -> bool:
        """Send a whole response that has an ordinary status and no field of `FRAMING_NAMES`, in one step.

        With `announce` False the Content-Length is among the fields. False if nothing was done, as `begin` and
        `end` have to: it is not as ordinary as that.
        """
        ...

    def write(self, chunk: bytes, done: Done | None) -> bool: ...
    @property
    def plain(self) -> bool:
        """Whether the body is sent unframed, so that the kernel may copy a file into it."""
        ...

    def refuse_more(self) -> None:
        """Note that `pieces()` has no more room: 'drain' is to be emitted."""
        ...

    def pieces(self) -> Pieces | None:
        """Return where small pieces may be added in place of `write`; None if nowhere."""
        ...

    def count_copied(self, size: int) -> None:
        """Count bytes of the body that the kernel has copied to the client."""
        ...

    def end(self, chunk: bytes | None, trailers: Sequence[tuple[str, str]]) -> None: ...
    def flush(self) -> None: ...
    def settle(self) -> None: ...
    def inform(self, code: int, fields: Iterable[tuple[str, Any]], done: Done | None) -> bool: ...
    def abort(self, error: BaseException | None) -> None: ...
    def cork(self) -> None: ...
    def uncork(self) -> bool: ...
    def attach(self, sink: Sink) -> None: ...
    def detach(self) -> None: ...
    def drop(self) -> None: ...
