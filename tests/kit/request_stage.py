"""What the tests of a request share: requests as bytes, and the messages that a handler got of them."""

from __future__ import annotations

from typing import Any

from tests.kit.stage import Stage

P = b"POST / HTTP/1.1\r\nHost: a\r\n"
C = P + b"Transfer-Encoding: chunked\r\n\r\n"
POST = P + b"Content-Length: 3\r\n\r\n"


def post(body: bytes, length: int | None = None) -> bytes:
    return P + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


def requests_of(*packets: bytes, **options: Any) -> list[Any]:
    """Return the requests that a handler gets which sends no response."""
    seen: list[Any] = []
    Stage(lambda req, res: seen.append(req), **options).send(*packets)
    return seen


def request_of(*packets: bytes, **options: Any) -> Any:
    return requests_of(*packets, **options)[0]
