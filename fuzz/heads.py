"""Heads at random, most of them nearly ordinary, and what must be true of each.

The oracles: `scan_head` in C finds what its twin in Python finds; what it takes, the parser reads alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from writehead._http1 import strictness
from writehead._http1.parser import END, RequestParser
from writehead._native import heads as twin
from writehead._semantics import fields as _fields

LINES = [
    b"%b %b %b\r\n" % (method, target, version)
    for method, target, version in [
        *[(method, b"/", b"HTTP/1.1") for method in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH")],
        *[(b"GET", target, b"HTTP/1.1") for target in (b"/a/b?c=d&e=%20", b"//x", b"/" + b"long" * 30, b"/?", b"/~!$&'()*+,;=:@")],
    ]
]  # fmt: skip
ODD_LINES = [
    b"%b %b %b\r\n" % (method, target, version)
    for method, target, version in [
        *[(method, b"/", b"HTTP/1.1") for method in (b"get", b"CONNECT", b"TRACE", b"GETS", b"GE", b"PRI", b"MSEARCH", b"M-SEARCH", b"QUERY", b"")],
        *[(b"GET", target, b"HTTP/1.1") for target in (b"", b"*", b"a", b"/#", b"/a#b", b"http://a/", b"a:80", b"/ ", b"/\t", b"/\x80", b"/\x7f", b"/\x00", b" /")],
        *[(b"GET", b"/", version) for version in (b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 ", b"http/1.1", b"HTTP/1.11", b"", b"RTSP/1.1")],
    ]
] + [b"GET / HTTP/1.1\n", b"GET /\r\n", b"\r\nGET / HTTP/1.1\r\n", b"GET\t/ HTTP/1.1\r\n", b"GET / HTTP/1.1\r\r\n"]  # fmt: skip
HOSTS = [
    b"Host: a\r\n", b"host:a.example\r\n", b"HOST: \t127.0.0.1:8080\r\n", b"Host: a-b_c.d:1\r\n", b"hOsT: XN--A.B\r\n",
]  # fmt: skip
FIELDS = [
    b"Accept: */*\r\n", b"accept-encoding: gzip, deflate, br, zstd\r\n", b"Accept-Language: en-US,en;q=0.5\r\n",
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n", b"Cookie: a=1; b=2\r\n",
    b"cookie: c=\xff\r\n", b"Set-Cookie: a=1\r\n", b"set-cookie: b=2\r\n", b"X-A: 1\r\n", b"x-a: 2\r\n", b"X:\r\n", b"x: \t \r\n",
    b"Y:\tv \t\r\n", b"A: \x80\xe9\xff\r\n", b"Content-Type: text/plain\r\n", b"content-type: text/html\r\n", b"Referer: http://a/b#c\r\n",
    b"Cache-Control: no-cache\r\n", b'If-None-Match: "a"\r\n', b"ETag: x\r\n", b"etag: y\r\n", b"Via: 1.1 a\r\n", b"via:1.1 b\r\n",
    b"Z: " + b"long value " * 20 + b"\r\n", b"!#$%&'*+-.^_`|~09azAZ: all of them\r\n", b"Host2: a\r\n", b"hos: a\r\n", b"Connectio: x\r\n",
    b"Content-Lengths: 1\r\n", b"transfer-encodin: chunked\r\n", b"Upgrades: x\r\n", b"Expected: 1\r\n", b"Origin: null\r\n",
    b"age: 1\r\n", b"Age: 2\r\n", b"From: a: b: c\r\n",
]  # fmt: skip
FRAMING = [
    b"Connection: close\r\n", b"connection:keep-alive\r\n", b"CONNECTION: Keep-Alive\r\n", b"Connection: \t CLOSE\r\n",
    b"Content-Length: 0\r\n", b"content-length:5\r\n", b"Content-Length: 007\r\n", b"CONTENT-LENGTH: 999999999999999\r\n",
]  # fmt: skip
ODD_FIELDS = [
    b"Transfer-Encoding: chunked\r\n", b"transfer-encoding: x\r\n", b"Upgrade: x\r\n", b"Expect: 100-continue\r\n", b"EXPECT:\r\n",
    b"Proxy-Connection: close\r\n", b"proxy-connection: keep-alive\r\n", b"Connection: Upgrade\r\n", b"Connection: close, x\r\n",
    b"Connection: closed\r\n", b"Connection: close \r\n", b"Connection: keepalive\r\n", b"Connection:\r\n", b"Connection: keep-alive,close\r\n",
    b"Content-Length: 1000000000000000\r\n", b"Content-Length: \r\n", b"Content-Length: +1\r\n", b"Content-Length: 1, 1\r\n",
    b"Content-Length: 5 \r\n", b"Content-Length: 0x1\r\n", b"Content-Length: -1\r\n", b"Host: a,b\r\n", b"Host:\r\n", b"Host: [::1]\r\n",
    b"Host: a:\r\n", b"Host: a:b\r\n", b"Host: :80\r\n", b"Host: a b\r\n", b"Host: a \r\n", b"Host: a/b\r\n", b"Host: a@b\r\n", b"Host: %41\r\n",
    b"Host: \xe9\r\n", b"Host : a\r\n", b"A : b\r\n", b"A b: c\r\n", b": a\r\n", b"A\r\n", b"A: b\n", b"A: b\r", b" A: b\r\n", b"A: b\r\n c\r\n",
    b"A: \x00\r\n", b"A: \x7f\r\n", b"A: \x0b\r\n", b"A: \r\r\n", b"A\x80: b\r\n", b"A(: b\r\n", b"A\t: b\r\n", b"\r\n", b"\n", b"A@: c\r\n",
    b"A: " + b"0123456\x1f" + b"\r\n", b"A: " + b"01234567\x7f89" + b"\r\n", b"A: " + b"\t" * 9 + b"\x01\r\n",
]  # fmt: skip
BEHIND = [b"", b"", b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"hello", b"\x00", b"\r\n", b"x" * 5000]
#: What a mutation puts in: single bytes that mean something, and others.
BYTES = [bytes([each]) for each in range(256)] + [
    bytes([each]) for each in b"\r\n\r\n :\t\x00\x7f\x80#/.," * 20
]
PARTS = [*HOSTS, *FIELDS, *FRAMING, *ODD_FIELDS, *BYTES, b"\r\n\r\n", b"HTTP/1.1", b"GET /"]
#: (max_size, max_count), the usual one most often.
LIMITS = [(16384, 0)] * 12 + [(16384, 2000), (16384, 3), (100, 0), (160, 4), (80000, 0)]


class Heads:
    """An endless supply of them; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._float = self._chance.random
        self._last = LINES[0] + HOSTS[0] + b"\r\n"

    def _one_of(self, things: list[Any]) -> Any:
        return things[int(self._float() * len(things))]

    def draw(self) -> bytes:
        """Return a new head, or the last new one with small changes."""
        if self._float() < 0.3:
            self._last = head = self._new()
            return head
        head = self._last
        for _ in range(1 + int(self._float() * 1.5)):
            head = self._changed(head)
        if self._float() < 0.2:
            self._last = head
        return head

    def _new(self) -> bytes:
        number = self._float()
        count = int(number * number * 20) if number < 0.99 else 300
        fields = self._chance.choices(FIELDS, k=count)
        for kind in (HOSTS, FRAMING[:4], FRAMING[4:]):
            if kind is HOSTS or self._float() < 0.3:
                fields.insert(int(self._float() * (len(fields) + 1)), self._one_of(kind))
        if self._float() < 0.2:
            fields.insert(int(self._float() * (len(fields) + 1)), self._one_of(ODD_FIELDS))
        line = self._one_of(LINES if self._float() < 0.9 else ODD_LINES)
        return line + b"".join(fields) + b"\r\n"

    def _changed(self, head: bytes) -> bytes:
        at = int(self._float() * (len(head) + 1))
        kind = self._float()
        if kind < 0.4:
            return head[:at] + self._one_of(BYTES) + head[at + 1 :]
        if kind < 0.5:
            return head[:at] + head[at + 1 + int(self._float() * 4) :]
        if kind < 0.6:
            return head[:at] + self._one_of(PARTS) + head[at:]
        if kind < 0.65:
            return head[:at]
        # At the end of a line, where a field may stand.
        at = head.find(b"\n", at) + 1 or len(head)
        if kind < 0.9:
            return head[:at] + self._one_of(FIELDS if kind < 0.85 else ODD_FIELDS) + head[at:]
        return head[:at] + head[head.find(b"\n", at) + 1 :]


class Judge:
    """Compares one `scan_head` with its twin and with the parser, and counts."""

    def __init__(self, scan_head: Callable[..., Any]) -> None:
        self.scan_head = scan_head
        self.cases = self.accepted = self.cuts = 0
        self._parsers: dict[tuple[int, int], RequestParser] = {}

    def judge(self, data: bytes, start: int = 0, size: int = 16384, count: int = 0) -> bool:
        """Return whether it was taken.

        Raises:
            AssertionError: the two differ, or the parser reads it otherwise.
        """
        self.cases += 1
        found = self.scan_head(data, start, size, count)
        other = twin.scan_head(data, start, size, count)
        if found is None or other is None:
            assert found is other, (data, start, size, count)
            return False
        self.accepted += 1
        try:
            _compare_twins(found, other)
            self._compare_parser(found, data, start, size, count)
        except AssertionError:
            raise AssertionError((data, start, size, count)) from None
        return True

    def judge_cuts(self, data: bytes) -> None:
        """Judge every beginning of `data`: a head that is not complete is not taken."""
        found = self.scan_head(data, 0, 16384, 0)
        end = len(data) if found is None else found.end
        for cut in range(end):
            self.cuts += 1
            assert self.scan_head(data[:cut], 0, 16384, 0) is None, (data, cut)
            assert twin.scan_head(data[:cut], 0, 16384, 0) is None, (data, cut)

    def judge_sizes(self, data: bytes) -> None:
        """Judge `data` with a field so long that the head is about as large as those that are not taken."""
        found = self.scan_head(data, 0, 16384, 0)
        if found is not None and found.count < twin.MOST_FIELDS:
            for size in range(twin.SIZE_LIMIT - 2, twin.SIZE_LIMIT + 2):
                value = b"v" * (size - found.end - len(b"x:\r\n"))
                taken = self.judge(b"%bx:%b\r\n\r\n" % (data[: found.end - 2], value), size=80000)
                assert taken is (size < twin.SIZE_LIMIT), (data, size)

    def _compare_parser(self, found: Any, data: bytes, start: int, size: int, count: int) -> None:
        """Feed the parser all but the last byte of the head, which must find nothing, then that byte."""
        parser = self._parsers.pop((size, count), None) or RequestParser(size, count, False)
        assert parser.feed(data[start : found.end - 1]) == []
        assert parser.error is None
        items: list[Any] = parser.feed(data[found.end - 1 : found.end])
        assert parser.error is None
        message = items[0]
        assert items[1:] == ([] if found.length else [END])
        fields = message.fields
        assert (message.method, message.target) == (found.method, found.target)
        assert message.version == "1.1"
        assert not message.upgrade
        assert message.keep_alive is found.keep_alive
        text = found.text()
        assert [each.decode("latin-1") for each in fields] == text
        assert list(map(bytes.isascii, fields)) == list(
            map(str.isascii, text)
        )  # or C has made text that is none
        assert strictness.body_length(fields) == found.length
        if parser.poolable:
            self._parsers[size, count] = parser


def _compare_twins(found: Any, other: Any) -> None:
    assert (found.method, found.target, found.url) == (other.method, other.target, other.url)
    assert found.keep_alive is other.keep_alive
    assert (found.length, found.count, found.end) == (other.length, other.count, other.end)
    starts = (b"/a/", found.target[:3] + b"?", b"//")
    assert found.may_begin(starts) is other.may_begin(starts)
    text = found.text()
    assert text == other.text()
    assert len(text) == 2 * found.count
    assert found.pairs() == other.pairs()
    joined = found.joined()
    assert list(joined.items()) == list(_fields.joined(text).items())
    assert found.joined(True) == _fields.joined(text, True)
    for name in (*joined, "expect", "host"):
        assert found.get(name) == other.get(name) == joined.get(name)
    assert _fields.is_host(found.get("host"))


def run(scan_head: Callable[..., Any], cases: int, seed: int) -> Judge:
    """Judge so many heads, and every cut of some of them."""
    heads = Heads(seed)
    judge = Judge(scan_head)
    chance = random.Random(seed + 1).random
    while judge.cases < cases:
        data = heads.draw()
        number = chance()
        if number < 0.7:
            judge.judge(data)
        elif number < 0.95:
            start = int(chance() * 9)
            size, count = LIMITS[int(chance() * len(LIMITS))]
            behind = BEHIND[int(chance() * len(BEHIND))]
            judge.judge(b"........."[:start] + data + behind, start, size, count)
        else:
            judge.judge(data)
            if number > 0.999:
                judge.judge_cuts(data)
            elif number > 0.9985:
                judge.judge_sizes(data)
    return judge
