"""The fast parser: for data that is one whole request without a body, by far the commonest.

Invariant: it returns a request only if it is exactly what `RequestParser` would have made
of it. Anything else is left to that one, which parses the data from its start.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from writehead._http1.field_block import RawHead, has_come, recall, remember

# With a number `in` is 13 times as fast as with bytes, and `find` twice.
HASH = ord("#")
SLASH = ord("/")
LF = ord("\n")

#: What it finds: method, target, field lines.
Whole = tuple[str, bytes, RawHead]

#: Takes data, and the head that it probably has; returns the request in it, or None. Not to be used after None.
FastParser = Callable[[bytes, RawHead | None], Whole | None]

#: How many request lines that llhttp has accepted are remembered, and up to how many bytes each.
REMEMBERED_LINES = 256
LONGEST_LINE = 256

_lines: dict[bytes, tuple[str, bytes]] = {}  # by the line, including its CRLF

#: Look up method and target of an accepted request line, including its CRLF; None if not remembered.
known_line = _lines.get

#: llhttp knows a few dozen; each is decoded once.
METHODS: dict[bytes, str] = {}


def fast_parser(make_llhttp: Callable[[SimpleNamespace], Any], max_count: int) -> FastParser:
    """Make a fast parser over one of httptools, for requests of at most `max_count` fields."""
    urls: list[bytes] = []
    lines = _lines
    ends = [True]  # empty when one request has ended; at a second, `pop` fails
    llhttp = make_llhttp(
        SimpleNamespace(
            on_url=urls.append,
            on_body=urls.append,
            on_chunk_header=[].pop,  # always fails, which stops llhttp
            on_message_complete=ends.pop,
        )
    )
    feed_data = llhttp.feed_data
    get_method = llhttp.get_method

    def take(data: bytes, hint: RawHead | None) -> Whole | None:
        start = data.find(b"\r\n") + 2
        line = data[:start]
        if hint is not None and start + hint.size == len(data) and data.endswith(hint.block):
            head: RawHead | None = hint
        else:
            block = data[start:]
            head = recall(block)
        if head is not None:
            known = lines.get(line)
            if known is not None and head.count <= max_count:  # another server may allow more
                method, target = known
                return method, target, head
        try:
            # Except for the version, no rule of llhttp depends on both the request line and a field.
            feed_data(data if head is None else line + b"\r\n")
        except Exception:
            return None
        if ends or len(urls) != 1 or line[-11:] != b" HTTP/1.1\r\n" or LF in line[:-1]:
            return None  # incomplete, with a body, or of HTTP/0.9, whose line llhttp lets LF end
        ends.append(True)
        target = urls.pop()
        if HASH in target or target[0] != SLASH:  # `RequestParser` checks it
            return None
        method = get_method()
        name = METHODS.get(method) or method_text(method)
        if head is None:
            lower = b"\n" + block.lower()
            keep_alive = lower.find(b"onnection") < 0 or _stays(make_llhttp, data)
            head = RawHead(block, keep_alive, lower.count(b"\n") - 2)
            head.judge(lower)
            if head.count <= max_count and has_come(block):
                remember(head)
        elif len(line) <= LONGEST_LINE:  # it is looked up only if the field lines are known
            if len(lines) >= REMEMBERED_LINES:
                lines.clear()
            lines[line] = name, target
        if head.count > max_count:
            return None
        return name, target, head

    return take


def _stays(make_llhttp: Callable[[SimpleNamespace], Any], data: bytes) -> bool:
    """Return whether the connection stays open, by llhttp; for heads with a Connection field."""
    verdicts: list[bool] = []
    parsers: list[Any] = []

    def on_headers_complete() -> None:
        verdicts.append(parsers[0].should_keep_alive())

    parsers.append(make_llhttp(SimpleNamespace(on_headers_complete=on_headers_complete)))
    parsers[0].feed_data(data)
    return verdicts[0]


def fill(message: Any, whole: Whole) -> None:
    """Write what the fast parser found into a message."""
    method, target, head = whole
    message._take_head(method, target, "1.1", head, head.keep_alive)


def method_text(method: bytes) -> str:
    """Return `method` as a `str`, and remember it."""
    return METHODS.setdefault(method, method.decode("ascii"))
