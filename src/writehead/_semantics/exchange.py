"""The seam between a message and the wire: Protocols and plain values, no code.

A response asks an `Exchange` to respond, or to begin, write and end; to inform, flush and abort; and never
which version of HTTP it speaks. The exchange answers through `ResponseSide`. Bytes go down through a `Sink`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from writehead._semantics.headers import Headers

Done = Callable[[BaseException | None], object]

#: A stored field: its name in lower case; its name and its value, as they were given; and, of a field that programs
#: set again and again, where the wire of HTTP/1 keeps what it has made of it. Another wire keeps that elsewhere.
Entry = tuple[str, str, Any, list[str] | None]

#: What stands before and behind a piece of the body on the wire, and the size of it all.
Frame = tuple[bytes, bytes, int]

#: In `ResponseHead.removed`: the automatic fields that the user has removed, and does not want.
REMOVED_LENGTH = 1
REMOVED_TRANSFER_ENCODING = 2
REMOVED_CONNECTION = 4

#: Names that the framing looks at; any other field is only text to it.
FRAMING_NAMES = frozenset(
    ("connection", "content-length", "transfer-encoding", "keep-alive", "trailer", "date", "expect")
)


class FieldBlock(Protocol):
    """The fields of a request, of which nothing is made before it is asked for.

    It may serve other requests with the same fields: what is kept in `text` and `joined` is not changed.
    """

    host_is_good: bool
    expect: bytes | None
    text: list[str] | None
    joined: Headers | None

    @property
    def fields(self) -> list[bytes]: ...
    def values_of(self, wanted: bytes) -> list[bytes]: ...
    def keep_text(self, text: list[str]) -> None: ...
    def keep_joined(self, joined: Headers) -> None: ...


@dataclass(slots=True)
class ResponseHead:
    """What a response says of its head, and what the wire finds in the fields as it renders them."""

    fields: Iterable[Entry] = ()
    status: int = 200
    reason: str = "OK"
    for_head: bool = False  # in response to HEAD
    keep: bool = True  # the connection
    may_chunk: bool = True
    length: int | None = None  # of the whole body, where it is known
    announce: bool = False  # the length, to HTTP/1.0 and to HEAD, too
    removed: int = 0  # the automatic fields, see REMOVED_LENGTH
    send_date: bool = True
    unique: frozenset[str] = frozenset()  # names whose list values are one line
    # what the fields say; None: no such field
    content_length: str | None = None
    transfer_encoding: str | None = None
    connection: str | None = None
    keep_alive: bool = False
    trailer: bool = False
    date: bool = False
    expect: bool = False


class ResponseSide(Protocol):
    """What a response is told by its exchange."""

    @property
    def writable_high_water_mark(self) -> int: ...
    def _on_drained(self) -> None: ...
    def _prepare_close(self) -> None: ...
    def _on_flushed(self) -> None: ...
    def _on_lost(self, error: BaseException | None) -> None: ...
    def _on_outlived(self) -> None: ...


class Ending(Protocol):
    """What ends with the last bytes of a response."""

    def on_settled(self) -> None: ...
    def on_passed(self, error: BaseException | None) -> None: ...


class Sink(Protocol):
    """Where an exchange puts its bytes: the channel of a socket, or any writable behind an adapter."""

    socket: Any  # the user's side

    @property
    def destroyed(self) -> bool:
        """Whether nothing that is put leaves any more."""
        ...

    @property
    def pending(self) -> int: ...
    @property
    def mark(self) -> int: ...
    def put(self, data: bytes, done: Done | None = None) -> bool:
        """Take `data` to be passed on by the end of this tick; False at or over the mark."""
        ...

    def put_parts(self, parts: tuple[bytes, ...], size: int) -> bool:
        """Like `put`, of parts that are `size` bytes together."""
        ...

    def put_now(self, data: bytes, done: Done | None = None) -> None:
        """Pass on `data`, and what was put before it, at once."""
        ...

    def put_last(self, data: bytes, ending: Ending, body: bytes | None = None) -> bool:
        """Like `put_now(data + body, ending.on_passed)`; or `on_settled` is called later, and asks `is_settled`.

        `body` is a part that is better not copied. False if the sink takes nothing any more.
        """
        ...

    def is_settled(self, ending: Ending) -> bool:
        """Tell whether all has been taken; if not, `ending.on_passed` is called when it has."""
        ...

    def settle(self) -> None:
        """Pass on now what was put by `put_now`, if it still waits for the end of a read."""
        ...

    def cork(self) -> None: ...
    def uncork(self) -> None: ...
    def destroy(self, error: BaseException | None = None) -> object: ...


class Exchange(Protocol):
    """One request and its response on one connection (RFC 9110, 3.6)."""

    response: ResponseSide | None
    chunked: bool  # the head says Transfer-Encoding: chunked
    body_allowed: bool
    frames: Mapping[int, Frame]  # of pieces of so many bytes, that may go straight to `stream()`
    informs: bool  # whether the client takes an informational response
    keep_reads: bool | None  # what the head made of the response's `should_keep_alive`
    last_allowed: bool  # it is the last that its connection allows
    promised: str | None  # the user's Content-Length, where it is in force
    refused: bool  # not all of it was, or will be, taken
    stays: bool  # the connection, behind this response
    coming: Sink | None  # the sink that it will have, once 'socket' was emitted
    void: bool  # it was aborted before it had a sink

    @property
    def socket(self) -> Any: ...
    @property
    def reports_drain(self) -> bool:
        """Whether the response is told when all of it was taken; else its writable is asked."""
        ...

    @property
    def queued(self) -> bool:
        """Whether it waits behind other responses of its connection, or for a socket."""
        ...

    @property
    def pending(self) -> int: ...
    @property
    def mark(self) -> int | None: ...
    def begin(self, head: ResponseHead) -> None: ...
    def respond(self, status: int, fields: Iterable[Entry], body: bytes) -> None:
        """Send a whole response: an ordinary status, no field of `FRAMING_NAMES`, all of the body."""
        ...

    def write(self, chunk: bytes, done: Done | None) -> bool: ...
    @property
    def plain(self) -> bool:
        """Whether the body leaves as it is, so that the kernel may copy a file into it."""
        ...

    def stream(self) -> Sink | None:
        """Return where pieces may go straight, in the `frames`; None if they may not."""
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
