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

found.add(
    "a hundred and more requests that wait",
    [log("seen")],
    send(GET * 101),
    settle(),
    *[send(GET), settle()] * 3,
    known="D36",
)
found.add(
    "a broken request behind a last answer that waits",
    [quiet("res.setHeader", "Connection", "close"), wait("a", call("res.end", "x"))],
    send(GET + "BAD\x00\r\n\r\n"),
    tell("a"),
    until_end(),
    known="D38",
)

found.add(
    "statusMessage taken away from a sent head",
    [call("res.write", "x"), put("res.statusMessage", None), get("res.statusMessage"), call("res.end")],
    send(GET),
)

found.add(
    "a request whose body is cut off behind its last answer",
    [
        quiet("res.setHeader", "Connection", "close"),
        call("res.end", "x"),
        later(get("req.errored", "req.aborted")),
    ],
    send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\nabc"),
    until_end(),
)

# --- what the programs about one matter each found

found.add(
    "joined fields of a 1.0 request",
    [get("req.headers"), call("res.end")],
    send(request("GET", "/", "Age: 1", "Age: 2", version="1.0")),
    until_end(),
    options={"joinDuplicateHeaders": True},
)
found.add(
    "assignSocket of the connection's own",
    [call("res.assignSocket", ref("socket")), call("res.end", "x")],
    send(GET),
)
found.add(
    "detachSocket, and the socket given back",
    [
        call("res.detachSocket", ref("socket")),
        call("res.write", "x"),
        get("res.socket"),
        call("res.assignSocket", ref("socket")),
        call("res.end", "y"),
    ],
    send(GET),
    send(GET),
)
MINE = error("mine", "MINE")
for path in ("req", "res", "socket"):
    found.add(
        f"why a write failed: {path}.destroy(error)",
        [on("res.error"), call("res.write", "abc", cb("w")), call(f"{path}.destroy", MINE)],
        send(GET),
        until_end(),
    )
for label, data in {"a list": ["a"], "true": True, "an object": {}}.items():
    found.add(
        f"end with {label} after the end",
        [on("res.error"), call("res.end", "x"), call("res.end", data, cb("again"))],
        send(GET),
    )
found.add(
    "pipe from a response that has closed",
    [on("res.error"), call("res.end"), later(call("res.pipe", ref("req")))],
    send(GET),
)
found.add(
    "the message of a writeHead that failed, whole answer",
    [
        quiet("res.setHeader", "A", "1"),
        call("res.writeHead", 404, "Fine", {"b d": "1"}),
        call("res.end", "x"),
    ],
    send(GET),
)
found.add(
    "writableFinished of a write cut off before the end",
    [
        on("res.error"),
        call("res.write", "abc"),
        call("res.destroy"),
        call("res.end", "x"),
        get("res.writableFinished"),
    ],
    send(GET),
    until_end(),
)
for event in ("finish", "close"):
    for name in ("resume", "end", "close"):
        found.add(
            f"'{name}' of a request listened to in '{event}'",
            [on(f"res.{event}", on(f"req.{name}")), call("res.end", "x")],
            send(GET),
            options={"emitCloseAfterFinish": True},
        )
found.add(
    "a request seen in 'finish'",
    [on("res.finish", state("req", "readableEnded", "destroyed", "readableFlowing")), call("res.end", "x")],
    send(GET),
)
for label, program in {
    "unread": [call("req.destroy")],
    "with data": [call("req.destroy"), on("req.data")],
    "resumed": [call("req.destroy"), call("req.resume")],
}.items():
    for kind, text in {"whole": post("abc"), "in part": post("abc")[:-1], "empty": GET}.items():
        found.add(
            f"a request destroyed later, {label}, {kind}",
            [*watch, on("req.end"), later(*program)],
            send(text),
            until_end(),
        )
found.add(
    "a request destroyed in the turn of the answer",
    [*watch, on("req.end"), call("res.end", "x"), call("req.destroy")],
    send(GET),
    until_end(),
)
found.add(
    "'close' of the socket, listeners gone",
    [
        on("socket.close", how="prependListener"),
        save("kept", ref("last")),
        on("socket.close"),
        off("socket.close", "kept"),
        on("res.close"),
    ],
    send(GET),
    fin(),
    until_end(),
)
for label, end in {"FIN": fin(), "RST": rst(), "leaving": leave()}.items():
    found.add(
        f"an unanswered request before an upgrade, the client's {label}",
        [on("req.aborted"), on("req.error"), on("req.close"), on("res.close"), get("req.aborted")],
        send(GET),
        send(UP),
        end,
        handlers={
            "upgrade": [on("socket.close"), on("socket.error"), hear("socket.end", call("socket.end"))]
        },
    )
found.add(
    "an error of a write after the end, and destroyed",
    [on("res.error"), call("res.end", "x"), call("res.write", "y", cb("w")), call("res.destroy", MINE)],
    send(GET),
)
for how in ("prependListener", "prependOnceListener"):
    found.add(
        f"'close' of the socket by {how}",
        [on("socket.close"), on("socket.close", how=how), on("socket.close", how=how), on("res.close")],
        send(GET),
        fin(),
        until_end(),
    )
found.add(
    "bad time on a response that has finished",
    [call("res.end", "x"), later(call("res.setTimeout", "a"), call("res.setTimeout", -1))],
    send(GET),
)
for event in ("finish", "close"):
    found.add(
        f"'data' listened to in '{event}', the body later",
        [on(f"res.{event}", on("req.data"), on("req.end"), get("req.readableDidRead")), call("res.end")],
        send(post("abc")[:-3]),
        send("abc"),
        options={"emitCloseAfterFinish": True},
    )
CONNECT = "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"
lost = [on("req.aborted"), on("req.error"), on("req.close"), get("req.complete")]
for label, text in {"CONNECT that nobody takes": CONNECT, "upgrade": UP}.items():
    found.add(
        f"unanswered requests before a {label}",
        [route(a=[*lost, on("res.close")], b=lost)],
        send(A + B + text),
        until_end(),
        handlers={"upgrade": [call("socket.destroy")]},
    )
found.add(
    "unanswered responses before a CONNECT that nobody takes",
    [route(a=[on("res.close")], b=[on("res.close")])],
    send(A + B + CONNECT),
    until_end(),
    known="D1",
)
found.add(
    "no drain while more is corked",
    [
        on("res.drain"),
        call("res.flushHeaders"),
        call("res.cork"),
        call("res.write", b("0" * 70)),
        call("res.uncork"),
        call("res.cork"),
        call("res.write", b("0" * 70)),
        later(get("res.writableNeedDrain", "res.writableLength"), call("res.uncork")),
    ],
    send(GET),
    options=MARK,
)
found.add(
    "what two informational answers return",
    [
        call("res.writeEarlyHints", {"link": "</a>; rel=preload", "X-H": "1"}),
        call("res.writeInformation", 150, {"X-I": "1"}),
        call("res.end"),
    ],
    send(GET),
    options=MARK,
)
for label, end in {"end": [call("res.end")], "end with data": [call("res.end", "x")]}.items():
    for stage, head in {"nothing": [], "a head": [call("res.writeHead", 200)]}.items():
        found.add(
            f"{label} of a waiting response that was lost, {stage} before",
            [
                route(
                    a=[],
                    b=[*head, wait("t", *end, get("res.writableFinished"), call("res.end", cb("again")))],
                )
            ],
            send(A + B),
            leave(),
            tell("t"),
            settle(),
        )
found.add(
    "writableFinished of an answer and its connection destroyed in one turn",
    [call("res.end", "x"), call("res.destroy"), get("res.writableFinished", "res.writableLength")],
    send(GET),
    until_end(),
)
found.add(
    "unpipe takes its listeners away",
    [
        call("req.pipe", ref("res")),
        call("req.listenerCount", "data"),
        call("req.unpipe", ref("res")),
        call("req.listenerCount", "data"),
        call("req.resume"),
        on("req.end", call("res.end", "x")),
    ],
    send(post("abc")[:-1]),
    send("c"),
)

# --- bodies behind an answer that closes

closing = [
    on("req.data"),
    on("req.end"),
    on("req.close"),
    quiet("res.setHeader", "Connection", "close"),
    call("res.end", "x"),
]
found.add("chunks of the packet behind a last answer", closing, send(chunked("bbb", "cc")), until_end())
found.add("a body behind a last answer", closing, send(post("1") + post("12345")), until_end())

# --- corked behind its end: the next response gets the socket without it

holding = call("res.end", "1"), call("res.cork")
found.add(
    "cork behind end, the next in line whole",
    [route(a=[timer(5, *holding)], b=[call("res.end", "2")])],
    send(A + B),
    until("2"),
)
found.add(
    "cork behind end, the next in line in pieces",
    [
        route(
            a=[timer(5, *holding, call("res.cork"))],
            b=[call("res.write", "2", cb("w")), wait("go", call("res.end"))],
        )
    ],
    send(A + B),
    until("2\r\n"),
    tell("go"),
)
found.add(
    "cork behind end, the next packet",
    [
        route(
            a=[*holding, get("socket.writableCorked")],
            b=[get("socket.writableCorked"), call("res.write", "2"), wait("go", call("res.end"))],
        )
    ],
    send(A),
    send(B),
    until("2\r\n"),
    tell("go"),
)
found.add(
    "cork, then detachSocket",
    [
        call("res.cork"),
        call("res.detachSocket", ref("socket")),
        get("socket.writableCorked"),
        call("socket.end", "x"),
    ],
    GET,
)

# --- the later turns between the requests of a packet

READ = hear("req.data")
found.add(
    "end in 'end', a body behind it",
    [READ, hear("req.end", call("res.end", "x")), on("req.close"), on("res.finish"), on("res.close")],
    send(GET + post("1")),
)
found.add(
    "write behind the end in 'end', a body behind it",
    [
        READ,
        hear("req.end", call("res.end", "x"), call("res.write", "y", cb("w"))),
        on("req.close"),
        on("res.finish"),
        on("res.error"),
    ],
    send(GET + post("1")),
)
for n, (method, expected) in enumerate(
    [("GET", "100-continue"), ("HEAD", "100-continue"), ("GET", "other"), ("POST", "100-continue")]
):
    for event in ("request", "checkContinue", "checkExpectation"):
        found.add(
            f"optimizeEmptyRequests, Expect, {n} {event}",
            [],
            send(
                request(
                    method, "/", "Expect: " + expected, *(["Content-Length: 0"] if method == "POST" else [])
                )
            ),
            options={"optimizeEmptyRequests": True},
            handlers={
                event: [get("req.readableEnded"), on("req.end"), on("req.close"), call("res.end", "1")]
            },
        )

# --- what is written behind the end of the socket

measure = get("res.writableNeedDrain", "res.writableLength")
last_write = {
    "written": [
        call("res.write", "a", cb("w")),
        measure,
        later(call("res.write", "b" * 200, cb("w2"))),
    ],
    "flushed": [call("res.flushHeaders"), measure, call("res.write", ""), call("res.end"), measure],
    "ended": [call("res.end", "a", cb("w")), measure],
    "informed": [call("res.writeProcessing"), measure, call("res.end")],
}
gone = [on("req.aborted"), on("req.close"), on("res.finish"), on("res.drain"), on("res.close")]
for how, behind in last_write.items():
    found.add(
        f"behind a last answer and its body, {how}",
        [route(a=[quiet("res.setHeader", "Connection", "close"), call("res.end", "x")], b=[*gone, *behind])],
        send(post("1", url="/a") + B),
        until_end(),
        options={"highWaterMark": 300},
    )
    found.add(
        f"behind the end of the socket, {how}",
        [*gone, call("socket.end"), *behind],
        send(GET),
        until_end(),
        options={"highWaterMark": 300},
    )
found.add(
    "a piece, the end of the socket, a piece",
    [*gone, call("res.write", "a"), later(call("socket.end"), *last_write["written"][:2], call("res.end"))],
    send(GET + GET),
    until_end(),
)

# --- 'pause' and 'resume' of the socket

reads = [on("socket.pause"), on("socket.resume"), on("req.end"), on("req.close"), on("res.finish")]
answered = wait("go", call("res.end", "1"))
found.add(
    "a large body unread",
    [*reads, answered],
    send(post("a" * 200_000)),
    tell("go"),
    until("\r\n\r\n1"),
    settle(),
)
found.add(
    "a body unread, a small mark",
    [*reads, answered],
    send(post("a" * 100)[:-50]),
    send("a" * 50),
    tell("go"),
    until("\r\n\r\n1"),
    options={"highWaterMark": 20},
)
found.add(
    "a whole body unread, a small mark",
    [*reads, answered],
    send(post("a" * 100)),
    tell("go"),
    until("\r\n\r\n1"),
    options={"highWaterMark": 20},
)
found.add(
    "a line too long to be read on",
    [route(a=[*reads[:2], answered], other=[*reads[:2], call("res.end", "b" * 300)])],
    send(A + GET * 3),
    tell("go"),
    until("b" * 300 + "HTTP"),
    send(GET),
    options={"highWaterMark": 15},
)

# --- an error of the program's own on the socket

kaboom = call("res.socket.emit", "error", error("kaboom"))
refused = {"clientError": [log("refused"), call("arg1.end", "HTTP/1.1 418 x\r\n\r\n")]}
failing = {
    "at once": [kaboom],
    "twice": [kaboom, kaboom],
    "later": [later(kaboom)],
    "before the end": [kaboom, call("res.end", "x")],
    "behind the end": [call("res.end", "x"), kaboom],
    "behind a write": [call("res.write", "x"), kaboom],
    "heard": [on("socket.error"), kaboom, call("res.end", "x")],
}
watched = [
    on("req.aborted"),
    on("req.close"),
    on("req.error"),
    on("res.finish"),
    on("res.close"),
    on("socket.close"),
]
for when_, program in failing.items():
    found.add(f"an error emitted on the socket {when_}", [*watched, *program], send(post("abc")), until_end())
    found.add(
        f"an error emitted on the socket {when_}, clientError",
        [*watched, *program],
        send(GET),
        until_end(),
        handlers=refused,
    )
