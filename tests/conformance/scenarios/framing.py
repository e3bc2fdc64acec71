"""How a response is delimited and whether its connection stays: the grid of the framing rules."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

framing = Group(
    "framing", "Content-Length, chunked or close; Connection and Keep-Alive: every preparation and version"
)
chunks = Group("chunks", "Chunks on the wire")
GROUPS = [framing, chunks]


def header(name: str, value: Any) -> Instruction:
    return call("res.setHeader", name, value)


def remove(*names: str) -> Program:
    return [quiet("res.removeHeader", name) for name in names]


VERSIONS = {
    "1.1": [],
    "1.1 close": ["Connection: close"],
    "1.0": [],
    "1.0 keep": ["Connection: keep-alive"],
    "1.0 keep TE": ["Connection: keep-alive", "TE: chunked"],
    "1.0 TE": ["TE: chunked"],
}
PREPARATIONS: dict[str, Program] = {
    "nothing": [],
    "length right": [header("Content-Length", 3)],
    "length wrong": [header("Content-Length", 0)],
    "chunked": [header("Transfer-Encoding", "chunked")],
    "gzip, chunked": [header("Transfer-Encoding", "gzip, Chunked")],
    "xchunked": [header("Transfer-Encoding", "xchunked")],
    "gzip": [header("Transfer-Encoding", "gzip")],
    "length and chunked": [header("Content-Length", 3), header("Transfer-Encoding", "chunked")],
    "length removed": remove("Content-Length"),
    "encoding removed": remove("Transfer-Encoding"),
    "both removed": remove("Content-Length", "Transfer-Encoding"),
    "close": [header("Connection", "close")],
    "Close in a list": [header("Connection", "x, Close")],
    "x-close": [header("Connection", "x-close")],
    "closed": [header("Connection", "closed")],
    "keep-alive": [header("Connection", "keep-alive")],
    "keep-alive and length": [header("Connection", "keep-alive"), header("Content-Length", 3)],
    "foo": [header("Connection", "foo")],
    "connection removed": remove("Connection"),
    "connection and length removed": remove("Connection", "Content-Length"),
    "Keep-Alive": [header("Keep-Alive", "timeout=77")],
    "Trailer": [header("Trailer", "x")],
    "Trailer and length": [header("Trailer", "x"), header("Content-Length", 3)],
    "Trailer and chunked": [header("Trailer", "x"), header("Transfer-Encoding", "chunked")],
    "204": [put("res.statusCode", 204)],
    "304": [put("res.statusCode", 304)],
    "204 chunked": [put("res.statusCode", 204), header("Transfer-Encoding", "chunked")],
    "304 length": [put("res.statusCode", 304), header("Content-Length", 3)],
    "205": [put("res.statusCode", 205)],
    "199": [put("res.statusCode", 199)],
    "shouldKeepAlive off": [put("res.shouldKeepAlive", False)],
    "shouldKeepAlive on": [put("res.shouldKeepAlive", True)],
}
CALLS: dict[str, Program] = {
    "end(abc)": [call("res.end", "abc")],
    "write, end": [call("res.write", "abc"), call("res.end")],
    "end()": [call("res.end")],
    "writeHead, end(abc)": [call("res.writeHead", ref("res.statusCode")), call("res.end", "abc")],
    "flushHeaders, end(abc)": [call("res.flushHeaders"), call("res.end", "abc")],
}
for version, fields in VERSIONS.items():
    text = request("GET", "/", *fields, version=version[:3])
    for preparation, program in PREPARATIONS.items():
        for calls in ("end(abc)", "write, end"):
            framing.add(f"{version}, {preparation}, {calls}", [*program, *CALLS[calls]], text)
for preparation, program in PREPARATIONS.items():
    framing.add(f"HEAD, {preparation}", [*program, *CALLS["end(abc)"]], HEAD)
    framing.add(f"POST unread, {preparation}, end()", [*program, *CALLS["end()"]], post("body"))
for calls, program in CALLS.items():
    for method in ("GET", "HEAD", "OPTIONS", "DELETE", "QUERY"):
        framing.add(f"{method}, {calls}", program, request(method))
for code in (100, 102, 103, 199, 200, 204, 205, 206, 304, 404, 500, 999):
    for method in ("GET", "HEAD"):
        framing.add(
            f"{method} {code}, write", [put("res.statusCode", code), *CALLS["write, end"]], request(method)
        )

for timeout in (0, 1, 500, 999, 1000, 1500, 5000, 72000):
    framing.add(f"keepAliveTimeout {timeout}", [call("res.end", "x")], options={"keepAliveTimeout": timeout})
framing.add(
    "keepAliveTimeout 0 on 1.0",
    [header("Content-Length", 1), call("res.end", "x")],
    GET10_KEEP,
    options={"keepAliveTimeout": 0},
)
for most in (1, 2, 3):
    framing.add(
        f"maxRequestsPerSocket {most}",
        [call("res.end", "x")],
        GET,
        GET,
        GET,
        server=[put("server.maxRequestsPerSocket", most), on("server.dropRequest")],
        known="D31",
    )
framing.add(
    "maxRequestsPerSocket, own Connection",
    [header("Connection", "keep-alive"), call("res.end", "x")],
    GET,
    GET,
    server=[put("server.maxRequestsPerSocket", 1), on("server.dropRequest")],
    known="D31",
)
framing.add(
    "maxRequestsPerSocket and 1.0",
    [header("Content-Length", 1), call("res.end", "x")],
    GET10_KEEP,
    GET10_KEEP,
    server=[put("server.maxRequestsPerSocket", 1)],
)
framing.add(
    "Connection fields of the request joined",
    [call("res.end", "x")],
    request("GET", "/", "Connection: foo, close"),
)
for label, fields in {
    "keep-alive, close": ["Connection: keep-alive, close"],
    "two fields": ["Connection: x", "Connection: CLOSE"],
    "closed": ["Connection: closed"],
    "quoted": ['Connection: "close"'],
    "parameter": ["Connection: close;a"],
    "Proxy-Connection": ["Proxy-Connection: close"],
}.items():
    framing.add(
        f"request Connection {label}",
        [get("res.shouldKeepAlive"), call("res.end", "x")],
        request("GET", "/", *fields),
    )
    framing.add(
        f"request 1.0 {label}",
        [get("res.shouldKeepAlive"), header("Content-Length", 1), call("res.end", "x")],
        request("GET", "/", *fields, "Connection: keep-alive", version="1.0"),
    )
for te in ("chunked", "trailers, chunked;q=0.5", "xchunked", "gzip", ""):
    framing.add(
        f"request 1.0 TE {te!r}",
        [get("res.useChunkedEncodingByDefault"), call("res.write", "x"), call("res.end")],
        request("GET", "/", "Connection: keep-alive", f"TE: {te}", version="1.0"),
    )

# --- chunks

chunks.add(
    "sizes in hex",
    [*[quiet("res.write", "x" * n) for n in (1, 9, 10, 15, 16, 17, 255, 256)], quiet("res.end")],
)
chunks.add(
    "empty writes make none",
    [
        call("res.write", ""),
        call("res.write", "a"),
        call("res.write", ""),
        call("res.write", b("")),
        call("res.end", ""),
    ],
)
chunks.add("end with empty bytes", [call("res.write", "a"), call("res.end", b(""))])
chunks.add("end with empty bytes alone", [call("res.end", b(""))])
chunks.add("size counts bytes", [call("res.write", "caf\xe9 \u20ac \U0001f600"), call("res.end", "\xe9")])
chunks.add(
    "bytes and text", [call("res.write", b("\x00\xff")), call("res.write", "x"), call("res.end", b("\r\n"))]
)
chunks.add(
    "over several turns",
    [quiet("res.write", "a"), later(quiet("res.write", "b"), later(quiet("res.end", "c")))],
)
chunks.add(
    "by steps of the client",
    [quiet("res.write", "a"), wait("b", quiet("res.write", "b")), wait("c", quiet("res.end", "c"))],
    send(GET),
    tell("b"),
    settle(),
    tell("c"),
    settle(),
)
chunks.add(
    "large",
    [
        quiet("res.write", times("x", 100_000)),
        quiet("res.write", times("y", 5)),
        quiet("res.end", times("z", 70_000)),
    ],
    send(GET),
    until("\r\n0\r\n\r\n"),
)
chunks.add("many small ones in one turn", [repeat(500, quiet("res.write", "ab")), quiet("res.end")])
chunks.add(
    "many small ones over turns",
    [
        quiet("res.write", "0"),
        *[later(quiet("res.write", str(n))) for n in range(5)],
        later(later(quiet("res.end"))),
    ],
)
chunks.add(
    "length known, several writes",
    [
        quiet("res.setHeader", "Content-Length", 4),
        quiet("res.write", "a"),
        quiet("res.write", "bc"),
        quiet("res.end", "d"),
    ],
)
chunks.add("too short for its length", [quiet("res.setHeader", "Content-Length", 9), quiet("res.end", "abc")])
chunks.add("too long for its length", [quiet("res.setHeader", "Content-Length", 1), quiet("res.end", "abc")])
chunks.add(
    "1.0 close delimited",
    [quiet("res.write", "a"), later(quiet("res.write", "b"), quiet("res.end", "c"))],
    send(GET10),
    until_end(),
)
