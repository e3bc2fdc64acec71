"""HTTP of a client: requests to bytes, bytes to responses.

Invariant: no I/O here; `render_request` and `read_response` are pure functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, Protocol

from writehead._node.validators import Duration
from writehead._semantics import fields as _fields
from writehead._semantics.headers import Headers


def render_request(
    method: str,
    target: str,
    headers: Mapping[str, object] | Iterable[tuple[str, object]],
    body: bytes | str | Iterable[bytes],
    version: str,
) -> bytes:
    """Return the bytes of a request; Host and the length are added if not given."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    fields = [(name, str(each)) for name, value in pairs for each in _values(value)]
    given = {name.lower() for name, _ in fields}
    if "host" not in given:
        fields.insert(0, ("Host", "localhost"))
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, bytes | bytearray):
        length = ("Content-Length", str(len(body)))
    else:
        pieces = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in body if piece]
        body = b"".join(pieces) + b"0\r\n\r\n"
        length = ("Transfer-Encoding", "chunked")
    if body and not given & {"content-length", "transfer-encoding"}:
        fields.append(length)
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _values(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)


class Parsed:
    """A response, final or informational, read from bytes."""

    __slots__ = ("body", "raw_headers", "raw_trailers", "reason", "status", "version")

    def __init__(self, head: bytes) -> None:
        line, *lines = head.decode("latin-1").split("\r\n")
        self.version, _, rest = line.partition(" ")
        status, _, self.reason = rest.partition(" ")
        if not (self.version.startswith("HTTP/") and status.isdigit()):
            raise ValueError(f"not a status line: {line!r}")
        self.status = int(status)
        self.raw_headers = _flat(lines)
        self.raw_trailers: list[str] = []
        self.body = b""

    @property
    def headers(self) -> Headers:
        """The fields by lower-case name, as `IncomingMessage.headers` has them."""
        return _fields.joined(self.raw_headers, False)

    @property
    def trailers(self) -> Headers:
        """The trailers by lower-case name."""
        return _fields.joined(self.raw_trailers, False)


def _flat(lines: list[str]) -> list[str]:
    flat = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"not a header line: {line!r}")
        flat += [name, value.strip(" \t")]
    return flat


def read_response(
    data: bytes, start: int, for_head: bool, over: bool
) -> tuple[Parsed, list[Parsed], int] | None:
    """Read the response that begins at `start`.

    Args:
        data: all bytes received.
        start: where the response begins.
        for_head: the request was HEAD, so that no body follows.
        over: the connection has ended.

    Returns:
        The response, the informational ones before it, and the offset of its end; None if
        it is not complete.

    Raises:
        ValueError: the bytes are not a response.
    """
    informational: list[Parsed] = []
    while True:
        end = data.find(b"\r\n\r\n", start)
        if end < 0:
            return None
        response = Parsed(data[start:end])
        start = end + 4
        if response.status >= 200 or response.status == 101:
            break
        informational.append(response)
    length = 0 if for_head or response.status in (101, 204, 304) else _length_of(response)
    if length is None:
        return (response, informational, _to_end(response, data, start)) if over else None
    if length < 0:
        start = _read_chunks(response, data, start)
        return (response, informational, start) if start >= 0 else None
    if len(data) < start + length:
        return None
    response.body = data[start : start + length]
    return response, informational, start + length


def _length_of(response: Parsed) -> int | None:
    """Return the length of the body; -1 if it is chunked, None if it ends with the connection."""
    headers = response.headers
    if headers.get("transfer-encoding", "").lower().endswith("chunked"):
        return -1
    length = headers.get("content-length")
    return None if length is None else int(length)


def _to_end(response: Parsed, data: bytes, start: int) -> int:
    response.body = data[start:]
    return len(data)


def _read_chunks(response: Parsed, data: bytes, start: int) -> int:
    """Return where the chunked body ends, or -1."""
    parts: list[bytes] = []
    while (end := data.find(b"\r\n", start)) >= 0:
        size = int(data[start:end].partition(b";")[0], 16)
        start = end + 2
        if size == 0:
            response.body = b"".join(parts)
            return _read_trailers(response, data, start)
        if len(data) < start + size + 2:
            return -1
        parts.append(data[start : start + size])
        start += size + 2
    return -1


def _read_trailers(response: Parsed, data: bytes, start: int) -> int:
    if data[start : start + 2] == b"\r\n":
        return start + 2
    end = data.find(b"\r\n\r\n", start)
    if end < 0:
        return -1
    response.raw_trailers = _flat(data[start:end].decode("latin-1").split("\r\n"))
    return end + 4


class Source(Protocol):
    """A client that reads responses in the order of its requests."""

    _debug: dict[int, Mapping[str, Any]]

    def _read(self, response: Answer) -> None: ...
    async def _wait(self, condition: Callable[[], object], what: str, timeout: Duration) -> None: ...


class Answer:
    """The response to one request.

    It can be read at once if the handler has completed it; otherwise advance the clock, or
    `await` it: that returns the same object when it is complete.

    Reading too early raises RuntimeError; awaiting a response that cannot arrive, ConnectionError.
    """

    def __init__(
        self, source: Source, name: str, for_head: bool, timeout: Duration = None, number: int = 0
    ) -> None:
        self._source = source
        self._number = number
        self._timeout = timeout
        self._name = name
        self._for_head = for_head
        self._parsed: Parsed | None = None
        self._lost = False
        self._informational: list[Parsed] = []

    def __repr__(self) -> str:
        if not self.complete:
            return f"<Answer to {self._name}: not complete>"
        return f"<Answer to {self._name}: {self.status} {self.reason}, {len(self.body)} bytes>"

    def __await__(self) -> Generator[Any, None, Answer]:
        """Wait until the response is complete.

        Raises:
            ConnectionError: the connection ended before that.
            TimeoutError: it was not complete within `timeout`.
        """
        what = f"the response to {self._name} was not complete"
        yield from self._source._wait(lambda: self.complete or self._lost, what, self._timeout).__await__()
        self._there()
        return self

    def _read_from(self, received: bytes, at: int, ended: bool) -> int | None:
        """Read it from the received bytes; return the offset of the next one, None if it is not complete."""
        found = read_response(received, at, self._for_head, ended)
        if found is None:
            self._lost = ended
            return None
        self._parsed, self._informational, end = found
        return end

    def _lose(self) -> None:
        """Note that it can no longer arrive."""
        self._lost = True

    @property
    def complete(self) -> bool:
        """Whether the whole response has arrived."""
        if self._parsed is None:
            self._source._read(self)
        return self._parsed is not None

    def _there(self) -> Parsed:
        if not self.complete:
            if self._lost:
                raise ConnectionError(f"the connection ended before the end of the response to {self._name}")
            raise RuntimeError(f"the response to {self._name} is not complete yet; await it")
        assert self._parsed is not None
        return self._parsed

    @property
    def status(self) -> int:
        """The status code."""
        return self._there().status

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return self._there().reason

    @property
    def raw_headers(self) -> list[str]:
        """Every field as sent, flat: `[name, value, …]`."""
        return self._there().raw_headers

    @property
    def headers(self) -> Headers:
        """The fields by lower-case name; 'set-cookie' is a list."""
        return self._there().headers

    @property
    def body(self) -> bytes:
        """The body, its chunks joined."""
        return self._there().body

    @property
    def text(self) -> str:
        """The body as utf-8."""
        return self.body.decode()

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def raw_trailers(self) -> list[str]:
        """Every trailer as sent, flat."""
        return self._there().raw_trailers

    @property
    def trailers(self) -> Headers:
        """The trailers by lower-case name."""
        return self._there().trailers

    @property
    def debug(self) -> Mapping[str, Any] | None:
        """What a hosted ASGI application told of this response (`http.response.debug`); None: nothing.

        Source: https://asgi.readthedocs.io/en/latest/extensions.html#debug
        """
        return self._source._debug.get(self._number)

    @property
    def informational(self) -> list[Parsed]:
        """The 1xx responses before this one, each with `status`, `reason`, `headers`, `raw_headers`."""
        self._there()
        return self._informational
