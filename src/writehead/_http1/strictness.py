"""Checks for what llhttp accepts and RFC 9112 forbids; pure, and run only for uncommon heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

UNTIL_CLOSE = float("inf")


class Refusal(NamedTuple):
    """Why a head that llhttp accepts is refused all the same, and the status of the response."""

    code: str
    reason: str
    status: int


# RFC 9112, 3.2: a target has no fragment.
FRAGMENT = Refusal("HPE_INVALID_URL", "Unexpected fragment in url", 400)
# RFC 9110, 4.2.1: no host is invalid; 4.2.4: user information is an error.
NO_HOST = Refusal("HPE_INVALID_URL", "Invalid host in url", 400)
# RFC 9112, 6.1: an HTTP/1.0 proxy on the way cannot have understood the framing.
CHUNKED_BEFORE_1_1 = Refusal("HPE_INVALID_TRANSFER_ENCODING", "Transfer-Encoding on HTTP/1.0", 400)
NOT_HTTP = Refusal("HPE_INVALID_CONSTANT", "Expected HTTP/", 400)
NO_VERSION = Refusal("HPE_INVALID_VERSION", "Expected HTTP version", 400)
# RFC 9110, 15.6.6.
OTHER_VERSION = Refusal("HPE_INVALID_VERSION", "Unsupported HTTP version", 505)

_SPACE = ord(" ")
_HASH = ord("#")


class RequestLines:
    """The request lines in some data, searched in their order.

    Each search starts behind the last line found, as one read may hold thousands of requests.
    """

    __slots__ = ("_at", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def has(self, method: bytes, target: bytes, version: bytes) -> bool:
        """Return whether a line of these three follows the last line found."""
        raw = self._raw
        at = raw.find(version, self._at)
        while at >= 0:
            behind = at + len(version)
            if raw.startswith((b"\r\n", b"\n"), behind) and self._ends_in(method, target, at):
                self._at = behind
                return True
            at = raw.find(version, behind)
        return False

    def _ends_in(self, method: bytes, target: bytes, end: int) -> bool:
        """Return whether method and target, each followed by spaces, stand right before `end`."""
        for word in (target, method):
            start = end
            while end > self._at and self._raw[end - 1] == _SPACE:
                end -= 1
            if end == start or not self._raw.endswith(word, self._at, end):
                return False
            end -= len(word)
        return True


def refusal(
    method: bytes, target: bytes, version: str, fields: Sequence[bytes], lines: RequestLines
) -> Refusal | None:
    """Return why a head whose version is not 1.1 is refused, or None; its request line is among `lines`.

    llhttp reports RTSP and ICE as HTTP/1.0, and no version as 0.9: only the bytes show the
    difference. If they match both, as they hold another request, HTTP is assumed.
    """

    def says(protocol: bytes) -> bool:
        return lines.has(method, target, protocol + b"/" + version.encode())

    if version == "0.9" and not says(b"HTTP"):
        return NO_VERSION
    if version != "1.0":
        return OTHER_VERSION
    if not says(b"HTTP") and (says(b"RTSP") or says(b"ICE")):
        return NOT_HTTP
    if _values(fields, b"transfer-encoding"):
        return CHUNKED_BEFORE_1_1
    return None


def refusal_of_target(target: bytes) -> Refusal | None:
    """Return why a target is refused, or None: for a fragment, or an absolute form (RFC 9112, 3.2.2) without host."""
    if _HASH in target:
        return FRAGMENT
    scheme, _, rest = target.partition(b"://")
    if scheme.lower() not in (b"http", b"https"):
        return None
    host = rest.partition(b"/")[0].partition(b"?")[0].rpartition(b"@")[2]
    return NO_HOST if not host or host.startswith(b":") else None


def body_length(fields: Sequence[bytes]) -> float | None:
    """Return the length in bytes of the body that these fields announce; None: chunked, infinite: until FIN.

    By the rules of llhttp, which has accepted them: Transfer-Encoding overrides Content-Length.
    """
    codings = _values(fields, b"transfer-encoding")
    if codings:
        last = b",".join(codings).rpartition(b",")[2]
        return None if last.strip(b" \t").lower() == b"chunked" else UNTIL_CLOSE
    lengths = _values(fields, b"content-length")
    # llhttp takes any number of zeros before a number of 64 bits; `int` of more than 4300 digits raises.
    return int(lengths[0].lstrip(b"0") or b"0") if lengths else 0


def is_hex(text: bytes) -> bool:
    """Return whether `text` is a chunk size."""
    return bool(text) and not text.strip(b"0123456789abcdefABCDEF")


def replayed_head(version: str, fields: Sequence[bytes], keep_alive: bool) -> bytes:
    """Return a head that brings llhttp into the state after a head with these fields, but without upgrade."""
    lines = [b"POST / HTTP/" + version.encode("latin-1")]
    lines.append(b"Connection: keep-alive" if keep_alive else b"Connection: close")
    for name in (b"content-length", b"transfer-encoding"):
        lines += [name + b": " + value for value in _values(fields, name)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


_COUNTED = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
_CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def inside_body(left: float | None, in_chunk: bool, before: bytes) -> bytes:
    """Return bytes that bring a new parser into a body; `before` is what was incomplete of it.

    `left`: how many bytes are to come, None if chunked; `in_chunk`: behind a chunk line, which `before` contains.
    """
    if left is not None:
        return _COUNTED % left
    if not in_chunk:
        return _CHUNKED + before
    line, _, last = before.rpartition(b"\n")
    size = line.rpartition(b"\n")[2].partition(b";")[0].strip()
    if not last and size.strip(b"0") and is_hex(size):  # no data has come behind the chunk line
        return _CHUNKED + size + b"\r\n"
    return _CHUNKED + b"0\r\n" + last


def inside_chunk(first: object, data: bytes, behind_cr: bool) -> bytes:
    """Return bytes that bring a new parser into the chunk that `data` continues.

    `first` is what a parser found first in it, `behind_cr` whether a CR came before it.
    """
    if type(first) is bytes and data.startswith(first):
        return _CHUNKED + b"%x\r\n" % len(first)
    return _CHUNKED + (b"1\r\nx\r" if behind_cr and data.startswith(b"\n") else b"1\r\nx")


def _values(fields: Sequence[bytes], wanted: bytes) -> list[bytes]:
    return [
        fields[at + 1]
        for at in range(0, len(fields), 2)
        # With leniency, Content-Length may have a space before its colon.
        if len(fields[at]) >= len(wanted) and fields[at].rstrip(b" ").lower() == wanted
    ]
