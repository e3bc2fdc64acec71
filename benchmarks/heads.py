"""`python -m benchmarks.heads`: nanoseconds to read a head, by the functions in C, by Python, and by llhttp.

The time of the loop and of an empty call is taken off. llhttp calls back into Python for each field, as the parser has it.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from httptools import HttpRequestParser

from writehead._native import heads

BATCHES = 15
CALLS = 20_000
LIMIT = 16384

#: What a browser sends, or nearly; 32 are twice as many.
FIELDS = [
    b"Host: localhost:3000", b"Connection: keep-alive", b"Cache-Control: max-age=0", b"DNT: 1", b"Upgrade-Insecure-Requests: 1",
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", b"Accept-Encoding: gzip, deflate, br",
    b"Accept-Language: en-US,en;q=0.9", b"Referer: http://localhost:3000/", b"Sec-Fetch-Site: same-origin", b"Sec-Fetch-Mode: navigate",
    b"Sec-Fetch-Dest: document", b"Sec-Fetch-User: ?1", b'If-None-Match: "5f-18c"', b"Cookie: session=0123456789abcdef; theme=dark",
]  # fmt: skip


def head(count: int) -> bytes:
    """Return a head of so many fields."""
    more = [b"X-Field-%d: value %d" % (number, number) for number in range(count - len(FIELDS))]
    return b"\r\n".join([b"GET /index.html?page=1 HTTP/1.1", *FIELDS[:count], *more, b"", b""])


def nanoseconds(call: Callable[[], object]) -> float:
    """Return what a call takes at best, the loop around it included."""
    best = float("inf")
    for _ in range(BATCHES):
        began = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, time.perf_counter() - began)
    return best / CALLS * 1e9


def by_llhttp(data: bytes) -> Callable[[], object]:
    """Return a call that parses `data` by httptools."""
    urls: list[bytes] = []
    fields: list[bytes] = []

    def on_header(name: bytes, value: bytes) -> None:
        fields.append(name)
        fields.append(value)

    def on_headers_complete() -> None:
        urls.clear()
        fields.clear()

    events = SimpleNamespace(on_url=urls.append, on_header=on_header, on_headers_complete=on_headers_complete)
    feed = HttpRequestParser(events).feed_data
    return lambda: feed(data)


def calls(data: bytes, scan_head: Callable[..., Any] | None) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what is measured: a name, and a call."""
    for name, scan in (("C", scan_head), ("Python", heads.scan_head)):
        if scan is not None:
            found = scan(data, 0, LIMIT, 0)
            yield f"{name}: scan", lambda scan=scan: scan(data, 0, LIMIT, 0)  # type: ignore[misc]
            yield "text", found.text
            yield "joined", found.joined
            yield "one field", lambda found=found: found.get("host")  # type: ignore[misc]
    yield "llhttp", by_llhttp(data)


def main() -> None:
    """Print one line for each number of fields."""
    in_c = None
    if importlib.util.find_spec("writehead._native._heads") is not None:
        in_c = importlib.import_module("writehead._native._heads").scan_head
    empty = nanoseconds(lambda: None)
    for count in (1, 8, 16, 32):
        data = head(count)
        taken = [(name, nanoseconds(call) - empty) for name, call in calls(data, in_c)]
        print(
            f"{count:2} fields, {len(data):4} bytes  " + "  ".join(f"{name} {ns:.0f}" for name, ns in taken),
            flush=True,
        )


if __name__ == "__main__":
    main()
