"""The properties of a response, from the start to after its end."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

properties = Group("properties", "Values of a response's properties at the start, on the way and at the end")
GROUPS = [properties]

ALL = (
    "statusCode",
    "statusMessage",
    "sendDate",
    "shouldKeepAlive",
    "useChunkedEncodingByDefault",
    "chunkedEncoding",
    "strictContentLength",
    "finished",
    "writableEnded",
    "headersSent",
    "writableFinished",
    "writableLength",
    "writableHighWaterMark",
    "writableNeedDrain",
    "writableCorked",
    "writableObjectMode",
    "writable",
    "destroyed",
    "closed",
    "errored",
    "socket",
    "connection",
    "req",
)
FLAGS = (
    "finished",
    "writableEnded",
    "headersSent",
    "writableFinished",
    "destroyed",
    "closed",
    "errored",
    "writableNeedDrain",
    "writableLength",
    "socket",
)


def flags() -> Instruction:
    return state("res", *FLAGS)


for label, text in {
    "GET": GET,
    "GET close": GET_CLOSE,
    "HEAD": HEAD,
    "HTTP/1.0": GET10,
    "HTTP/1.0 keep-alive": GET10_KEEP,
    "HTTP/1.0 TE": GET10_TE,
    "POST": post("abc"),
}.items():
    properties.add(f"start, {label}", [state("res", *ALL), quiet("res.end")], text)

properties.add("at the end of the handler", [quiet("res.end", "x"), state("res", *ALL)])
properties.add(
    "after writeHead", [quiet("res.writeHead", 201), flags(), get("res.statusMessage"), quiet("res.end")]
)
properties.add("after flushHeaders", [quiet("res.flushHeaders"), flags(), quiet("res.end")])
properties.add(
    "after write", [quiet("res.write", "abc"), flags(), get("res.chunkedEncoding"), quiet("res.end")]
)
properties.add("in finish", [on("res.finish", state("res", *ALL)), quiet("res.end", "x")])
properties.add("in the callback of end", [quiet("res.end", "x", cb("done", state("res", *ALL)))])
properties.add("after finish", [quiet("res.end", "x"), later(state("res", *ALL))])
properties.add("after close", [on("res.close", state("res", *ALL)), wait("go")], send(GET), leave())
properties.add(
    "big end, bytes pending",
    [quiet("res.end", times("x", 6_000_000)), state("res", *FLAGS[:-2]), on("res.finish", flags())],
    connect(rcvbuf=4096),
    stall(),
    send(GET),
    settle(),
    go_on(),
    until_bytes(6_000_000),
)
properties.add(
    "big write, drain owed",
    [call("res.write", times("x", 70000)), flags(), on("res.drain", flags(), quiet("res.end"))],
)
properties.add(
    "corked",
    [
        call("res.cork"),
        call("res.cork"),
        get("res.writableCorked"),
        call("res.uncork"),
        get("res.writableCorked"),
        quiet("res.end", "x"),
        get("res.writableCorked"),
    ],
)
properties.add(
    "statusMessage filled with the phrase",
    [
        put("res.statusCode", 404),
        get("res.statusMessage"),
        quiet("res.flushHeaders"),
        get("res.statusMessage"),
        quiet("res.end"),
    ],
)
properties.add(
    "statusCode given as text",
    [
        put("res.statusCode", "404"),
        get("res.statusCode"),
        quiet("res.flushHeaders"),
        get("res.statusCode", "res.statusMessage"),
        quiet("res.end"),
    ],
)
properties.add(
    "statusCode changed after the head",
    [quiet("res.flushHeaders"), put("res.statusCode", 500), get("res.statusCode"), quiet("res.end")],
)
properties.add(
    "shouldKeepAlive off", [put("res.shouldKeepAlive", False), quiet("res.end", "x")], send(GET), until_end()
)
properties.add("sendDate off", [put("res.sendDate", False), quiet("res.end", "x")])
for label, *do in (
    ("before end", put("res.chunkedEncoding", True), quiet("res.end", "xy")),
    ("off behind a chunk", quiet("res.write", "x"), put("res.chunkedEncoding", False), quiet("res.end", "y")),
    (
        "beside a length",
        put("res.chunkedEncoding", True),
        quiet("res.setHeader", "Content-Length", 2),
        quiet("res.end", "xy"),
    ),
):
    properties.add(f"chunkedEncoding assigned {label}", do, send(GET), until_end(), known="D43")
for label, *do in (
    (
        "off before the head",
        put("res.chunkedEncoding", False),
        get("res.chunkedEncoding"),
        quiet("res.write", "x"),
    ),
    ("where there is no body", put("res.statusCode", 204), put("res.chunkedEncoding", True)),
):
    properties.add(
        f"chunkedEncoding assigned {label}",
        [*do, quiet("res.end"), get("res.chunkedEncoding")],
        send(GET_CLOSE),
        until_end(),
    )
properties.add(
    "useChunkedEncodingByDefault off",
    [put("res.useChunkedEncodingByDefault", False), quiet("res.write", "a"), quiet("res.end", "x")],
    send(GET),
    until_end(),
)
properties.add(
    "useChunkedEncodingByDefault off, length known",
    [put("res.useChunkedEncodingByDefault", False), quiet("res.end", "x")],
    send(GET),
    until_end(),
)
properties.add(
    "socket is the request's",
    [
        same("res.socket", "req.socket"),
        same("res.connection", "req.connection"),
        same("res.req", "req"),
        quiet("res.end"),
    ],
)
properties.add(
    "high water mark of the server",
    [
        get("res.writableHighWaterMark", "req.readableHighWaterMark", "res.socket.writableHighWaterMark"),
        quiet("res.end"),
    ],
    options={"highWaterMark": 1000},
)
properties.add(
    "return values",
    [
        call("res.setHeader", "a", "b"),
        call("res.appendHeader", "a", "c"),
        call("res.removeHeader", "a"),
        call("res.hasHeader", "a"),
        call("res.cork"),
        call("res.uncork"),
        call("res.addTrailers", {"x": "y"}),
        call("res.writeContinue"),
        call("res.writeProcessing"),
        call("res.setTimeout", 0),
        call("res.writeHead", 200),
        call("res.flushHeaders"),
        call("res.write", "x"),
        call("res.end"),
        call("res.destroy"),
    ],
)
properties.add("writeHeader is writeHead", [call("res.writeHeader", 202, {"a": "b"}), call("res.end")])
