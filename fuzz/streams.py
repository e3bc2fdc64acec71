"""Strategies: streams of requests, near misses and noise, and how they are cut."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from tests.hostile.suite import load_cases

_METHODS = [
    b"GET",
    b"POST",
    b"PUT",
    b"OPTIONS",
    b"CONNECT",
    b"PRI",
    b"QUERY",
    b"get",
    b"G T",
    b"",
    b"SOURCE",
]
_TARGETS = [
    b"/",
    b"/a?b=c",
    b"*",
    b"http://a/x",
    b"a:80",
    b"/#f",
    b"//",
    b"/%zz",
    b"?",
    b"/\xff",
    b"/" + b"a" * 300,
]
_VERSIONS = [
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"HTTP/0.9",
    b"HTTP/1.2",
    b"http/1.1",
    b"RTSP/1.0",
    b"HTTP/1",
    b"",
]
_NAMES = [
    b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Expect", b"Upgrade", b"TE", b"Trailer", b"X",
    b"Cookie", b"Proxy-Connection", b"X Y", b"", b"X:", b"Content_Length", b"\xe9", b"Keep-Alive", b"__proto__",
]  # fmt: skip
_VALUES = [
    b"a", b"0", b"5", b"005", b"+5", b"5, 5", b"chunked", b"gzip, chunked", b"identity", b"xchunked", b"close",
    b"keep-alive", b"upgrade", b"close, upgrade", b"100-continue", b"websocket", b"", b"a b", b"\xe9", b"a\x00b", b"a\rb",
    b"a\nb", b"18446744073709551616", b"trailers", b"[::1]:80", b"a/b", b"chunked\x0b", b"x" * 400,
]  # fmt: skip
_ENDS = [b"\r\n"] * 12 + [b"\n", b"\r", b"\r\r\n", b"\r\n ", b""]
_CHUNKS = [
    b"5\r\nhello\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"5;a=b\r\nhello\r\n", b"z\r\n", b"5\nhello\n", b"00005\r\nhello\r\n",
    b"5 \r\nhello\r\n", b"5\r\nhelloX\r\n", b"FFFFFFFFFFFFFFFF\r\n", b"10000000000000000\r\n", b'5;a="b\r\nhello\r\n', b"-5\r\n",
]  # fmt: skip

field = st.builds(
    lambda name, colon, value, end: name + colon + value + end,
    st.sampled_from(_NAMES),
    st.sampled_from([b": "] * 8 + [b":", b" : ", b":\t", b""]),
    st.sampled_from(_VALUES) | st.binary(max_size=20),
    st.sampled_from(_ENDS),
)
body = st.lists(st.sampled_from(_CHUNKS), max_size=4).map(b"".join) | st.sampled_from(
    [b"", b"", b"hello", b"\r\n"]
)
odd_request = st.builds(
    lambda method, target, version, end, fields, last, rest: (
        method + b" " + target + b" " + version + end + b"".join(fields) + last + rest
    ),
    st.sampled_from(_METHODS),
    st.sampled_from(_TARGETS) | st.binary(max_size=12),
    st.sampled_from([_VERSIONS[0]] * 8 + _VERSIONS),
    st.sampled_from(_ENDS),
    st.lists(st.sampled_from([b"Host: a\r\n"]) | field, max_size=6),
    st.sampled_from(_ENDS),
    body,
)


def _with_length(method: bytes, fields: list[bytes], data: bytes) -> bytes:
    length = b"Content-Length: %d\r\n" % len(data)
    return method + b" /x HTTP/1.1\r\nHost: a\r\n" + b"".join(fields) + length + b"\r\n" + data


def _with_chunks(method: bytes, fields: list[bytes], data: list[bytes], trailer: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in data if chunk)
    head = method + b" /x HTTP/1.1\r\nHost: a\r\n" + b"".join(fields) + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + chunks + b"0\r\n" + trailer + b"\r\n"


_good_field = st.sampled_from(
    [
        b"X: y\r\n",
        b"Accept: */*\r\n",
        b"Cookie: a=b\r\n",
        b"Expect: 100-continue\r\n",
        b"X: \r\n",
        b"Connection: upgrade\r\nUpgrade: x\r\n",
    ]
)
_good_fields = st.lists(_good_field, max_size=4, unique=True)
_good_method = st.sampled_from([b"POST", b"PUT", b"GET", b"DELETE", b"OPTIONS"])
good_request = (
    st.builds(_with_length, _good_method, _good_fields, st.binary(max_size=60))
    | st.builds(
        _with_chunks,
        _good_method,
        _good_fields,
        st.lists(st.binary(max_size=30), max_size=4),
        st.sampled_from([b"", b"X: y\r\n"]),
    )
    | st.just(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
)
stream = st.lists(good_request | odd_request | st.binary(max_size=40), min_size=1, max_size=4).map(b"".join)
good_stream = st.lists(good_request, min_size=1, max_size=4)


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Cut `data` anywhere, up to nine times, or at every byte."""
    if draw(st.integers(0, 9)) == 0:
        return [data[at : at + 1] for at in range(len(data))]
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=9)))
    edges = [0, *places, len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if end > start]


# -- streams that are known to be awkward, changed a little


def _known_streams() -> list[bytes]:
    known = []
    for case in load_cases():
        raw = case["raw"]
        text = (
            raw if isinstance(raw, str) else "".join(piece[1] * min(20, *piece[2:] or [1]) for piece in raw)
        )
        if len(text) <= 1000:
            known.append(text.encode("latin-1"))
    return known


KNOWN = _known_streams()
_TOKENS = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"0", b"5", b"\r\n\r\n", b"0\r\n\r\n", b"chunked", b"close",
    b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Upgrade: x\r\nConnection: upgrade\r\n", b"HTTP/1.0",
    b"HTTP/1.1", b"Expect: 100-continue\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\xff",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A hostile stream, or two of them, with up to four changes: tokens put in, bytes taken out or doubled."""
    data = draw(st.sampled_from(KNOWN))
    if draw(st.booleans()):
        other = draw(st.sampled_from(KNOWN))
        data = data[: draw(st.integers(0, len(data)))] + other[draw(st.integers(0, len(other))) :]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        behind = min(len(data), at + draw(st.integers(0, 6)))
        new = draw(
            st.sampled_from([b"", data[at:behind] * 2]) | st.sampled_from(_TOKENS) | st.binary(max_size=2)
        )
        data = data[:at] + new + data[behind:]
    return data
