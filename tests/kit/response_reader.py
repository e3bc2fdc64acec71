"""A strict reader of HTTP/1.1 responses: whatever a careful client would not accept is an error here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_STATUS = re.compile(rb"HTTP/1\.1 ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)\Z")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)\Z")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})\Z")


class MalformedResponseError(Exception):
    """The server wrote bytes that are no response of HTTP/1.1."""


@dataclass(slots=True)
class Response:
    """One response, informational ones included."""

    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Return every value of a header field, in order."""
        return [value for key, value in self.fields if key.lower() == name]

    @property
    def informational(self) -> bool:
        return self.status < 200


def read_responses(data: bytes, methods: list[str], closed: bool) -> tuple[list[Response], bytes]:
    """Split `data` into responses and the unfinished rest.

    `methods` are the methods of the requests in order (a response to HEAD has no body); `closed` says that
    the connection has ended, which completes a response that nothing else delimits.
    """
    responses: list[Response] = []
    final = 0
    while data:
        method = methods[final] if final < len(methods) else "GET"
        taken = _read_one(data, method, closed)
        if taken is None:
            break
        response, data = taken
        responses.append(response)
        final += not response.informational
    return responses, data


def _read_one(data: bytes, method: str, closed: bool) -> tuple[Response, bytes] | None:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = data[:end].split(b"\r\n")
    status = _STATUS.match(first)
    if status is None:
        raise MalformedResponseError(f"status line {first[:80]!r}")
    response = Response(int(status[1]), status[2].decode("latin-1"), _fields(lines))
    rest = data[end + 4 :]
    if response.informational or response.status in (204, 304) or method == "HEAD":
        return response, rest
    return _read_body(response, rest, closed)


def _fields(lines: list[bytes]) -> list[tuple[str, str]]:
    fields = []
    for line in lines:
        match = _FIELD.match(line)
        if match is None:
            raise MalformedResponseError(f"header line {line[:80]!r}")
        fields.append((match[1].decode("latin-1"), match[2].decode("latin-1").rstrip(" \t")))
    return fields


def _read_body(response: Response, rest: bytes, closed: bool) -> tuple[Response, bytes] | None:
    lengths = response.all("content-length")
    codings = response.all("transfer-encoding")
    if lengths and codings:
        raise MalformedResponseError("both Content-Length and Transfer-Encoding")
    if codings:
        if [coding.lower() for coding in codings] != ["chunked"]:
            raise MalformedResponseError(f"Transfer-Encoding {codings!r}")
        return _read_chunks(response, rest)
    if lengths:
        if len(lengths) > 1 or not re.fullmatch("[0-9]{1,18}", lengths[0]):
            raise MalformedResponseError(f"Content-Length {lengths!r}")
        size = int(lengths[0])
        if len(rest) < size:
            return None
        response.body = rest[:size]
        return response, rest[size:]
    if not closed:
        # The library's bare 400, 408, 413 and 431 have no length: they end with the connection.
        return (response, rest) if not rest and response.status >= 400 else None
    response.body = rest
    return response, b""


def _read_chunks(response: Response, rest: bytes) -> tuple[Response, bytes] | None:
    parts = []
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            return None
        if not _SIZE.match(line):
            raise MalformedResponseError(f"chunk size {line[:80]!r}")
        size = int(line, 16)
        if size == 0:
            break
        if len(rest) < size + 2:
            return None
        if rest[size : size + 2] != b"\r\n":
            raise MalformedResponseError("a chunk longer than its size")
        parts.append(rest[:size])
        rest = rest[size + 2 :]
    response.body = b"".join(parts)
    if rest.startswith(b"\r\n"):
        return response, rest[2:]
    end = rest.find(b"\r\n\r\n")
    if end < 0:
        return None
    response.trailers = _fields(rest[:end].split(b"\r\n"))
    return response, rest[end + 4 :]
