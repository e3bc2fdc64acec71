"""The seam between a message and the wire: Protocols and names, no code.

A response asks an `Exchange` to begin, write, end, flush, inform and abort, and never
which version of HTTP it speaks. The exchange answers through `ResponseSide`. Bytes go
down through a `Sink`; what the connection adds to a head comes as `Terms`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from writehead._semantics.headers import Headers

Done = Callable[[BaseException | None], object]

#: In `ResponseHead._removed`: the automatic fields that the user has removed, and does not want.
REMOVED_LENGTH = 1
REMOVED_TRANSFER_ENCODING = 2
REMOVED_CONNECTION = 4

#: Names that the framing looks at; any other field is only text to it.
FRAMING_NAMES = frozenset(
    ("connection", "content-length", "transfer-encoding", "keep-alive", "trailer", "date", "expect")
)


class FieldBlock(Protocol):
    """The fields of a request, of which nothing is made before somebody asks.

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


class ResponseHead(Protocol):
    """What a wire may read of a response when its head is rendered."""

    _status_code: int
    _reason: str
    _send_date: bool
    _should_keep_alive: bool
    _may_chunk: bool
    _known_length: int | None
    _removed: int
    _unique_headers: frozenset[str]

    @property
    def _for_head_request(self) -> bool: ...
    def _fields(self) -> Iterable[tuple[str, Any, str]]:
        """Each field's name and value, and its line where it is made already."""
        ...


class ResponseSide(Protocol):
    """What a response hears back."""

    def _on_drained(self) -> None: ...
    def _prepare_close(self) -> None: ...
    def _on_flushed(self) -> None: ...
    def _on_lost(self, error: BaseException | None) -> None: ...


class Ending(Protocol):
    """What ends with the last bytes of a response."""

    def on_settled(self) -> None: ...
    def on_passed(self, error: BaseException | None) -> None: ...


class Sink(Protocol):
    """Where an exchange puts its bytes: a socket, or any writable behind an adapter."""

    @property
    def pending(self) -> int: ...
    @property
    def mark(self) -> int: ...
    def put(self, data: bytes, done: Done | None = None) -> bool:
        """Take `data` to be passed on by the end of this turn; False at or over the mark."""
        ...

    def put_parts(self, parts: tuple[bytes, ...], size: int) -> bool:
        """Like `put`, of parts that are `size` bytes together."""
        ...

    def put_now(self, data: bytes, done: Done | None = None) -> None:
        """Pass on `data`, and what was put before it, at once."""
        ...

    def put_last(self, data: bytes, ending: Ending) -> bool:
        """Like `put_now(data, ending.on_passed)`; or `on_settled` is called later, and asks `is_settled`.

        False if the sink takes nothing any more.
        """
        ...

    def put_whole(self, head: bytes, body: bytes, ending: Ending) -> bool:
        """Like `put_last`, of two parts."""
        ...

    def is_settled(self, ending: Ending) -> bool:
        """Tell whether all has been taken; if not, `ending.on_passed` is called when it has."""
        ...

    def settle(self) -> None:
        """Pass on now what was put by `put_now`, if it still waits for the end of a packet."""
        ...

    def cork(self) -> None: ...
    def uncork(self) -> None: ...
    def destroy(self, error: BaseException | None = None) -> object: ...


class Exchange(Protocol):
    """One request and its response on one connection (RFC 9110, 3.6)."""

    chunked: bool
    body_allowed: bool

    @property
    def socket(self) -> Any: ...
    @property
    def pending(self) -> int: ...
    def begin(self, head: ResponseHead) -> None: ...
    def write(self, chunk: bytes, done: Done | None) -> bool: ...
    def end(self, chunk: bytes | None, trailers: str) -> None: ...
    def flush(self) -> None: ...
    def inform(self, code: int, fields: Iterable[tuple[str, Any]], done: Done | None) -> bool: ...
    def abort(self, error: BaseException | None) -> None: ...
    def cork(self) -> None: ...
    def uncork(self) -> None: ...
