"""A strict reader of HTTP/1.1 answers: whatever a careful client would not accept is an error here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_STATUS = re.compile(rb"HTTP/1\.1 ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)\Z")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)\Z")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})\Z")


class MalformedAnswerError(Exception):
    """The server wrote bytes that are no HTTP/1.1 answer."""


@dataclass(slots=True)
class Answer:
    """One answer, informational ones included."""

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


def read_answers(data: bytes, methods: list[str], closed: bool) -> tuple[list[Answer], bytes]:
    """Split `data` into answers and the unfinished rest.

    `methods` are the methods of the requests in order (an answer to HEAD has no body); `closed` says that
    the connection has ended, which completes an answer that nothing else delimits.
    """
    answers: list[Answer] = []
    final = 0
    while data:
        method = methods[final] if final < len(methods) else "GET"
        taken = _read_one(data, method, closed)
        if taken is None:
            break
        answer, data = taken
        answers.append(answer)
        final += not answer.informational
    return answers, data


def _read_one(data: bytes, method: str, closed: bool) -> tuple[Answer, bytes] | None:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = data[:end].split(b"\r\n")
    status = _STATUS.match(first)
    if status is None:
        raise MalformedAnswerError(f"status line {first[:80]!r}")
    answer = Answer(int(status[1]), status[2].decode("latin-1"), _fields(lines))
    rest = data[end + 4 :]
    if answer.informational or answer.status in (204, 304) or method == "HEAD":
        return answer, rest
    return _read_body(answer, rest, closed)


def _fields(lines: list[bytes]) -> list[tuple[str, str]]:
    fields = []
    for line in lines:
        match = _FIELD.match(line)
        if match is None:
            raise MalformedAnswerError(f"header line {line[:80]!r}")
        fields.append((match[1].decode("latin-1"), match[2].decode("latin-1").rstrip(" \t")))
    return fields


def _read_body(answer: Answer, rest: bytes, closed: bool) -> tuple[Answer, bytes] | None:
    lengths = answer.all("content-length")
    codings = answer.all("transfer-encoding")
    if lengths and codings:
        raise MalformedAnswerError("both Content-Length and Transfer-Encoding")
    if codings:
        if [coding.lower() for coding in codings] != ["chunked"]:
            raise MalformedAnswerError(f"Transfer-Encoding {codings!r}")
        return _read_chunks(answer, rest)
    if lengths:
        if len(lengths) > 1 or not re.fullmatch("[0-9]{1,18}", lengths[0]):
            raise MalformedAnswerError(f"Content-Length {lengths!r}")
        size = int(lengths[0])
        if len(rest) < size:
            return None
        answer.body = rest[:size]
        return answer, rest[size:]
    if not closed:
        # The library's bare 400, 408, 413 and 431 have no length: they end with the connection.
        return (answer, rest) if not rest and answer.status >= 400 else None
    answer.body = rest
    return answer, b""


def _read_chunks(answer: Answer, rest: bytes) -> tuple[Answer, bytes] | None:
    parts = []
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            return None
        if not _SIZE.match(line):
            raise MalformedAnswerError(f"chunk size {line[:80]!r}")
        size = int(line, 16)
        if size == 0:
            break
        if len(rest) < size + 2:
            return None
        if rest[size : size + 2] != b"\r\n":
            raise MalformedAnswerError("a chunk longer than its size")
        parts.append(rest[:size])
        rest = rest[size + 2 :]
    answer.body = b"".join(parts)
    if rest.startswith(b"\r\n"):
        return answer, rest[2:]
    end = rest.find(b"\r\n\r\n")
    if end < 0:
        return None
    answer.trailers = _fields(rest[:end].split(b"\r\n"))
    return answer, rest[end + 4 :]
