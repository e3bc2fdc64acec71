"""The quick lane: a packet that is one whole request without a body, by far the commonest.

Law: a request leaves this lane only if it is exactly what the other lane would have made
of it. Anything unusual is left to that lane, which reads the packet anew.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from writehead._http1.field_block import RawHead, has_come, recall, remember

# `in` with a number is 13 times as quick as with bytes, and `find` twice.
HASH = ord("#")
SLASH = ord("/")
LF = ord("\n")

#: What the lane finds: method, target, field lines.
Whole = tuple[str, bytes, RawHead]

#: Takes a packet, and the head that it may have; returns what it holds, or None. Not to be used after None.
FastParser = Callable[[bytes, RawHead | None], Whole | None]

#: How many request lines that llhttp has accepted are remembered, and the longest that is, in bytes.
REMEMBERED_LINES = 256
LONGEST_LINE = 256

_lines: dict[bytes, tuple[str, bytes]] = {}  # by the line, its CRLF with it

#: Look up method and target of a request line that llhttp has accepted, its CRLF with it; None if not remembered.
known_line = _lines.get

#: llhttp knows a few dozen; each is decoded once.
METHODS: dict[bytes, str] = {}


def fast_parser(make_llhttp: Callable[[SimpleNamespace], Any], max_count: int) -> FastParser:
    """Make a lane over a parser of httptools, for requests of at most `max_count` fields."""
    urls: list[bytes] = []
    lines = _lines
    ends = [True]  # empty when one request has ended; a second end fails
    llhttp = make_llhttp(
        SimpleNamespace(
            on_url=urls.append,
            on_body=urls.append,
            on_chunk_header=[].pop,  # fails, and so ends it
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
            if known is not None and head.count <= max_count:  # others may allow more
                method, target = known
                return method, target, head
        try:
            # No rule of llhttp joins the request line and a field, but for the version.
            feed_data(data if head is None else line + b"\r\n")
        except Exception:
            return None
        if ends or len(urls) != 1 or line[-11:] != b" HTTP/1.1\r\n" or LF in line[:-1]:
            return None  # not complete, with a body, or of HTTP/0.9: llhttp lets LF end that line
        ends.append(True)
        target = urls.pop()
        if HASH in target or target[0] != SLASH:  # the other lane judges it
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
        elif len(line) <= LONGEST_LINE:  # before field lines that are new nobody would look for it
            if len(lines) >= REMEMBERED_LINES:
                lines.clear()
            lines[line] = name, target
        if head.count > max_count:
            return None
        return name, target, head

    return take


def _stays(make_llhttp: Callable[[SimpleNamespace], Any], data: bytes) -> bool:
    """Ask llhttp whether the connection stays; only where a Connection field may say otherwise."""
    verdicts: list[bool] = []
    parsers: list[Any] = []

    def on_headers_complete() -> None:
        verdicts.append(parsers[0].should_keep_alive())

    parsers.append(make_llhttp(SimpleNamespace(on_headers_complete=on_headers_complete)))
    parsers[0].feed_data(data)
    return verdicts[0]


def fill(message: Any, whole: Whole) -> None:
    """Write what the lane found into a message."""
    method, target, head = whole
    message._take_head(method, target, "1.1", head, head.keep_alive)


def method_text(method: bytes) -> str:
    """Return `method` as a str, and keep it."""
    return METHODS.setdefault(method, method.decode("ascii"))
