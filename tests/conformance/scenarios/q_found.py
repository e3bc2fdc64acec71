"""Programs in which the suite once found a difference, made as small as they go."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

found = Group("once different", "What random programs found, made small")
GROUPS = [found]

A, B = request("GET", "/a"), request("GET", "/b")
MARK = {"highWaterMark": 64}
watch = [on("req.aborted"), on("req.close"), on("res.finish"), on("res.close"), on("socket.close")]

found.add(
    "write behind a response that closes",
    [route(a=[call("res.end")], b=[call("res.write", "abc", cb("w"))])],
    send(request("GET", "/a", "Connection: keep-alive", version="1.0") + B),
    until_end(),
)
found.add(
    "flushed head is not counted",
    [call("res.flushHeaders"), call("res.write", b("xyz")), call("res.end")],
    options=MARK,
)
found.add(
    "what uncork released is not counted",
    [
        call("res.cork"),
        call("res.write", b("0" * 70)),
        call("res.uncork"),
        call("res.write", b("")),
        call("res.end"),
    ],
    options={"highWaterMark": 200},
)
found.add(
    "drain inside uncork, chunks merged",
    [
        on("res.drain"),
        call("res.cork"),
        call("res.write", ""),
        call("res.write", "a" * 300),
        call("res.uncork"),
        call("res.end", "x"),
    ],
    options=MARK,
)
found.add(
    "drain after uncork, nothing merged",
    [
        on("res.drain"),
        call("res.cork"),
        call("res.write", ""),
        call("res.uncork"),
        later(call("res.end", "x")),
    ],
    options=MARK,
)
found.add(
    "drain after uncork, raw",
    [
        on("res.drain"),
        call("res.cork"),
        call("res.write", "a" * 300),
        call("res.uncork"),
        later(call("res.end", "x")),
    ],
    send(GET10),
    options=MARK,
)
found.add(
    "end on a destroyed response checks Trailer",
    [quiet("res.setHeader", "Trailer", "a"), call("res.destroy"), call("res.end"), get("res.headersSent")],
    send(GET10),
    until_end(),
)
found.add(
    "flushHeaders on a dead connection renders",
    [
        route(
            a=[call("res.end")],
            b=[
                later(
                    call("res.flushHeaders"),
                    get("res.headersSent", "res.chunkedEncoding"),
                    call("res.writeProcessing"),
                    call("res.setHeader", "a", "b"),
                )
            ],
        )
    ],
    send(request("GET", "/a", "Connection: keep-alive", version="1.0") + B),
    until_end(),
)
for label, rest in {"a FIN": [fin(), until_end()], "the client gone": [leave()], "a RST": [rst()]}.items():
    found.add(
        f"half a head behind an unanswered request, then {label}", watch, send(GET), send("GET /b HT"), *rest
    )
    found.add(
        f"half a body behind an unanswered request, then {label}",
        watch,
        send(GET),
        send(post("abc")[:-1]),
        *rest,
    )
found.add(
    "shouldKeepAlive follows the user's Connection",
    [
        quiet("res.setHeader", "Connection", "foo"),
        get("res.shouldKeepAlive"),
        call("res.write", "x"),
        get("res.shouldKeepAlive"),
        call("res.end"),
    ],
    send(GET_CLOSE),
)
found.add(
    "shouldKeepAlive with Connection: close",
    [
        quiet("res.setHeader", "Connection", "close"),
        call("res.write", "x"),
        get("res.shouldKeepAlive"),
        call("res.end"),
    ],
    send(GET),
    until_end(),
)
found.add(
    "no 'resume' after an iteration",
    [on("req.resume"), on("req.end"), on("req.close"), iterate("req", call("res.end"))],
    post("abc"),
)
found.add(
    "'resume' after reading to the end by 'readable'",
    [
        on("req.resume"),
        on("req.close"),
        hear("req.readable", call("req.read")),
        on("req.end", call("res.end")),
    ],
    post("abc"),
)
found.add(
    "second end of a response dropped with its connection",
    [
        route(
            a=[put("res.shouldKeepAlive", False), call("res.end", "1")],
            b=[call("res.end"), later(call("res.end", cb("again")))],
        )
    ],
    send(A + B),
    until_end(),
)
found.add(
    "information before an answer that waits",
    [route(a=[wait("a", call("res.end", "1"))], b=[call("res.writeProcessing"), call("res.end", "2")])],
    send(A + B),
    tell("a"),
    settle(),
)
found.add(
    "no status at all",
    [
        put("res.statusCode", {}),
        call("res.flushHeaders"),
        put("res.statusCode", ["200"]),
        call("res.writeHead", 200),
        call("res.end", "x"),
    ],
)
found.add(
    "body thrown away at the end of a closing connection",
    [later(call("res.end"), later(state("req", "complete", "readableFlowing", "readableLength")))],
    send(post("x", version="1.0")),
    until_end(),
)
found.add(
    "callbacks around an empty write, raw",
    [
        on("res.finish"),
        call("res.cork"),
        call("res.write", "abc", cb("1")),
        call("res.uncork"),
        call("res.end", cb("e")),
    ],
    send(GET10),
    until_end(),
)

for label, first in {"has just got its socket": [call("res.end", "1")], "waits": []}.items():
    found.add(
        f"connection lost while the second {label}",
        [route(a=first, b=[on("socket.close"), on("res.close")])],
        send(A + B),
        rst(),
    )
found.add(
    "setTimeout when the connection is gone",
    [
        call("socket.destroy"),
        later(call("res.setTimeout", NAN), call("req.setTimeout", "x"), call("socket.setTimeout", -1)),
    ],
    send(GET),
    until_end(),
)
by_hand = [
    new(
        "r",
        "ServerResponse",
        {"$request": {"method": "GET", "httpVersionMajor": 1, "httpVersionMinor": 1, "headers": {}}},
    ),
    sink("w"),
    on("r.finish"),
    on("r.error"),
    call("r.assignSocket", ref("w")),
]
found.add(
    "late write on a response made by hand",
    None,
    settle(),
    server=[*by_hand, call("r.end"), later(call("r.write", "x", cb("w1")), call("r.end", "y", cb("e1")))],
    listen=False,
)
found.add(
    "late write in the turn of end, made by hand",
    None,
    settle(),
    server=[*by_hand, call("r.end"), call("r.write", "x", cb("w1"))],
    listen=False,
)
found.add(
    "callbacks in order, made by hand",
    None,
    settle(),
    server=[*by_hand, call("r.write", "x", cb("w1")), call("r.end", cb("e1"))],
    listen=False,
)
UP = request("GET", "/up", "Connection: Upgrade", "Upgrade: x")
for label, program in {
    "write in the turn of end": [call("socket.end", "bye", cb("e")), call("socket.write", "x", cb("w"))],
    "write after destroySoon": [call("socket.destroySoon"), later(call("socket.write", "x", cb("w")))],
    "end with data after the end": [
        call("socket.end", "bye", cb("1")),
        later(call("socket.end", "bye", cb("2"))),
    ],
    "end after destroy": [call("socket.destroy"), call("socket.end", cb("e"))],
}.items():
    found.add(
        f"upgraded: {label}",
        None,
        send(UP),
        until_end(),
        handlers={"upgrade": [on("socket.error"), on("socket.close"), *program]},
    )
found.add(
    "shouldKeepAlive of a chunked 304",
    [
        quiet("res.setHeader", "Transfer-Encoding", "chunked"),
        call("res.writeHead", 304),
        get("res.shouldKeepAlive"),
        call("res.end"),
    ],
    send(GET),
    until_end(),
)

for label, fields in {
    "foo": {"Connection": "foo"},
    "close": {"Connection": "close"},
    "chunked": {"Transfer-Encoding": "chunked"},
    "both": {"Connection": "foo", "Transfer-Encoding": "chunked"},
}.items():
    for code in (200, 204):
        found.add(
            f"shouldKeepAlive after {label}, {code}, 1.0",
            [call("res.writeHead", code, fields), get("res.shouldKeepAlive"), call("res.end")],
            send(GET10),
            settle(),
        )
found.add(
    "end of a response whose connection has gone",
    [route(a=[call("res.end")], b=[later(call("res.end"), get("res.chunkedEncoding", "res.headersSent"))])],
    send(request("GET", "/a", "Connection: keep-alive", version="1.0") + B),
    until_end(),
)
found.add(
    "a second end of a response whose connection has gone",
    [
        route(
            a=[call("res.end")],
            b=[later(call("res.end"), get("res.writableFinished"), call("res.end", cb("again")))],
        )
    ],
    send(request("GET", "/a", "Connection: keep-alive", version="1.0") + B),
    until_end(),
)
