"""Sentences of the response that the other files pass by."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

page = Group("response page", "Single sentences about responses, in odd combinations")
GROUPS = [page]
done = quiet("res.end")
A, B = request("GET", "/a"), request("GET", "/b")

page.add(
    "cork, flushHeaders",
    [call("res.cork"), call("res.flushHeaders"), wait("go", call("res.uncork"), done)],
    send(GET),
    tell("go"),
    settle(),
)
page.add(
    "cork, writeProcessing",
    [call("res.cork"), call("res.writeProcessing"), wait("go", call("res.uncork"), done)],
    send(GET),
    tell("go"),
    settle(),
)
page.add(
    "socket corked, flushHeaders",
    [call("socket.cork"), call("res.flushHeaders"), wait("go", call("socket.uncork"), done)],
    send(GET),
    tell("go"),
    settle(),
)
page.add("socket corked, end", [call("socket.cork"), call("res.end", "x", cb("e")), log("after")], send(GET))
page.add(
    "write, then flushHeaders in the turn",
    [call("res.write", "a", cb("w")), call("res.flushHeaders"), log("after"), later(done)],
)
page.add(
    "write, then writeProcessing when rendered", [call("res.write", "a"), call("res.writeProcessing"), done]
)
page.add(
    "may chunk set on 1.0",
    [put("res.useChunkedEncodingByDefault", True), call("res.write", "a"), done],
    send(GET10),
    settle(),
)
page.add(
    "may chunk set on 1.0 keep",
    [put("res.useChunkedEncodingByDefault", True), call("res.end", "a")],
    send(GET10_KEEP),
    settle(),
)
page.add(
    "keep alive set on close",
    [put("res.shouldKeepAlive", True), call("res.end", "a")],
    send(GET_CLOSE),
    settle(),
)
page.add(
    "keep alive set on 1.0", [put("res.shouldKeepAlive", True), call("res.end", "a")], send(GET10), settle()
)
page.add(
    "keep alive set on 1.0 with length",
    [put("res.shouldKeepAlive", True), quiet("res.setHeader", "Content-Length", 1), call("res.end", "a")],
    send(GET10),
    settle(),
)
for label, program in {
    "write": [call("res.write", "a", cb("w"))],
    "head out, write": [call("res.flushHeaders"), call("res.write", "a", cb("w"))],
    "corked": [call("res.flushHeaders"), call("res.cork"), call("res.write", "a", cb("w"))],
    "large write": [call("res.write", times("x", 6_000_000), cb("w"))],
    "information": [call("res.writeProcessing", cb("p"))],
    "empty write": [call("res.write", "", cb("w"))],
}.items():
    for what in ("res.destroy", "socket.destroy", "req.destroy"):
        page.add(
            f"{label}, then {what}",
            [
                on("res.close"),
                on("res.finish"),
                on("res.error"),
                on("socket.close"),
                *program,
                call(what),
                log("after"),
            ],
            send(GET),
            until_end(),
        )
page.add(
    "destroyed, then everything",
    [
        on("res.close"),
        on("res.error"),
        call("res.destroy"),
        call("res.writeHead", 201, {"a": "1"}),
        call("res.setHeader", "b", "1"),
        call("res.cork"),
        call("res.uncork"),
        get("res.writableCorked"),
        call("res.addTrailers", {"a": "b"}),
        call("res.flushHeaders"),
        call("res.setTimeout", 10, cb("t")),
        call("res.pipe"),
        state(
            "res",
            "headersSent",
            "finished",
            "writable",
            "writableEnded",
            "writableLength",
            "writableNeedDrain",
            "socket",
            "errored",
        ),
    ],
    send(GET),
    until_end(),
)
page.add(
    "closed, then everything",
    [
        on("res.error"),
        on(
            "res.close",
            call("res.writeHead", 201, {"a": "1"}),
            call("res.setHeader", "b", "1"),
            call("res.cork"),
            get("res.writableCorked"),
            call("res.uncork"),
            call("res.addTrailers", {"a": "b"}),
            call("res.flushHeaders"),
            call("res.pipe"),
            call("res.writeProcessing", cb("p")),
            state(
                "res",
                "headersSent",
                "finished",
                "writable",
                "writableEnded",
                "writableLength",
                "writableNeedDrain",
                "socket",
                "errored",
            ),
        ),
    ],
    send(GET),
    leave(),
)
page.add(
    "finished, then everything",
    [
        on("res.error"),
        quiet("res.end", "x"),
        later(
            call("res.writeHead", 201),
            call("res.cork"),
            get("res.writableCorked"),
            call("res.uncork"),
            get("res.writableCorked"),
            call("res.addTrailers", {"a": "b"}),
            call("res.flushHeaders"),
            call("res.pipe"),
            call("res.writeProcessing", cb("p")),
            call("res.writeInformation", 101),
            call("res.writeEarlyHints", {}),
            call("res.setTimeout", 10),
            state(
                "res",
                "headersSent",
                "finished",
                "writable",
                "writableEnded",
                "writableLength",
                "writableNeedDrain",
                "socket",
                "errored",
            ),
        ),
    ],
)
page.add(
    "server.timeout comes back",
    [
        route(
            a=[call("res.setTimeout", 50000), get("socket.timeout"), done, get("socket.timeout")],
            b=[get("socket.timeout"), done],
        )
    ],
    A,
    B,
    server=[put("server.timeout", 70000)],
)
page.add(
    "server.timeout comes back, keep-alive 0",
    [route(a=[call("res.setTimeout", 50000), done], b=[get("socket.timeout"), done])],
    A,
    B,
    server=[put("server.timeout", 70000)],
    options={"keepAliveTimeout": 0},
)
page.add(
    "timeout of the socket between requests",
    [on("res.finish", get("socket.timeout")), later(later(get("socket.timeout"))), call("res.end", "x")],
    options={"keepAliveTimeout": 3000, "keepAliveTimeoutBuffer": 500},
)
page.add(
    "the 'timeout' listener of a finished response",
    [on("res.timeout"), on("req.timeout"), call("res.end", "x"), on("socket.timeout")],
    send(GET),
    until_end(),
    options={"keepAliveTimeout": 60, "keepAliveTimeoutBuffer": 0},
    timing=True,
)
page.add(
    "end with a callback twice",
    [on("res.finish"), call("res.end", cb("1")), later(call("res.end", cb("2"))), call("res.end", cb("3"))],
)
page.add("same callback of end", [call("res.end", "x", cb("1")), on("res.finish", call("res.end", cb("2")))])
page.add(
    "listener of finish removed by the callback",
    [on("res.finish"), call("res.end", "x", cb("1", off("res.finish")))],
)
page.add(
    "end in drain",
    [
        on("res.drain", call("res.end", "y", cb("e"))),
        on("res.finish"),
        call("res.write", times("x", 70000), cb("w")),
    ],
    send(GET),
    until("0\r\n\r\n"),
)
page.add(
    "write in the callback of write",
    [call("res.write", "a", cb("w", call("res.write", "b", cb("w2", call("res.end", "c")))))],
)
page.add(
    "writes in finish of the one before",
    [
        route(
            a=[on("res.finish", log("finish a")), wait("a", call("res.end", "1"))],
            b=[on("res.error"), on("res.socket", call("res.write", "early")), call("res.write", "x"), done],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
)
page.add(
    "write in 'socket'",
    [
        route(
            a=[wait("a", call("res.end", "1"))],
            b=[on("res.socket", call("res.write", "early"), call("res.end", "x"))],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
)
page.add(
    "destroy in 'socket'",
    [
        route(
            a=[on("res.finish"), on("res.close"), wait("a", call("res.end", "1"))],
            b=[on("res.close"), on("res.finish"), on("res.socket", call("res.destroy"))],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
)
page.add(
    "setTimeout in 'socket'",
    [
        route(
            a=[call("res.setTimeout", 5000), wait("a", call("res.end", "1"))],
            b=[
                on("res.socket", get("arg0.timeout"), call("res.setTimeout", 70000)),
                wait("b", get("socket.timeout"), call("res.end", "2")),
            ],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
    tell("b"),
    settle(),
)
page.add("STATUS_CODES whole", None, settle(), server=[get("http.STATUS_CODES")], listen=False)
page.add("METHODS whole", None, settle(), server=[get("http.METHODS.0", "http.METHODS.length")], listen=False)
for method in ("GET", "POST", "OPTIONS", "DELETE", "QUERY"):
    page.add(
        f"{method} 304 with length",
        [call("res.writeHead", 304, {"Content-Length": 5}), call("res.end", "abcde")],
        request(method, "/", *(["Content-Length: 0"] if method == "POST" else [])),
    )
page.add(
    "HEAD with strict length and reject",
    [
        put("res.strictContentLength", True),
        call("res.writeHead", 200, {"Content-Length": 5}),
        call("res.end"),
    ],
    HEAD,
    options={"rejectNonStandardBodyWrites": True},
)
page.add(
    "HEAD, write in a turn, end in another",
    [
        call("res.write", "a", cb("w")),
        get("res.headersSent"),
        later(call("res.write", "b", cb("w2")), later(call("res.end", "c", cb("e")))),
    ],
    HEAD,
)
page.add(
    "HEAD, cork", [call("res.cork"), call("res.write", "a", cb("w")), later(call("res.end", cb("e")))], HEAD
)
page.add(
    "204, flushHeaders",
    [put("res.statusCode", 204), call("res.flushHeaders"), wait("go", call("res.end", "x"))],
    send(GET),
    tell("go"),
    settle(),
)
page.add(
    "100-continue by hand",
    [get("res.shouldKeepAlive"), call("res.writeContinue"), call("res.end", "x"), get("res.shouldKeepAlive")],
    send(request("POST", "/", "Content-Length: 3", "Expect: 100-continue")),
    send("abc"),
    event="checkContinue",
)
page.add(
    "100-continue by writeInformation",
    [call("res.writeInformation", 100), call("res.end", "x"), get("res.shouldKeepAlive")],
    send(request("POST", "/", "Content-Length: 3", "Expect: 100-continue")),
    send("abc"),
    event="checkContinue",
)
page.add(
    "100-continue, Connection set",
    [call("res.setHeader", "Connection", "keep-alive"), call("res.end", "x"), get("res.shouldKeepAlive")],
    send(request("POST", "/", "Content-Length: 3", "Expect: 100-continue")),
    settle(),
    event="checkContinue",
)
page.add(
    "100-continue through an override",
    [call("res.end", "x")],
    send(request("POST", "/", "Content-Length: 3", "Expect: 100-continue")),
    send("abc"),
    options={
        "ServerResponse": {
            "$subclass": "ServerResponse",
            "methods": ["writeContinue", "writeInformation", "writeHead", "end", "setHeader"],
        }
    },
)
page.add(
    "417 through an override",
    [call("res.end", "x")],
    send(request("POST", "/", "Content-Length: 3", "Expect: other")),
    options={"ServerResponse": {"$subclass": "ServerResponse", "methods": ["writeHead", "end", "setHeader"]}},
)
page.add(
    "503 through an override",
    [call("res.end", "x")],
    send(GET + GET),
    settle(),
    server=[put("server.maxRequestsPerSocket", 1)],
    options={
        "ServerResponse": {"$subclass": "ServerResponse", "methods": ["writeHead", "end", "setHeader"]},
    },
    known="D31",
)

page.add(
    "socket corked, end, next",
    [
        route(
            a=[call("socket.cork"), call("res.end", "1")],
            b=[call("res.write", "x"), get("socket.writableLength"), wait("b", done)],
        )
    ],
    A,
    send(B),
    settle(),
    tell("b"),
    settle(),
)
page.add(
    "socket corked in the first of two",
    [
        route(
            a=[call("socket.cork"), wait("a", call("res.end", "1"))],
            b=[call("res.write", "x", cb("w")), wait("b", call("res.end", "y"))],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
    tell("b"),
    settle(),
)
page.add(
    "second corked while waiting",
    [
        route(
            a=[wait("a", call("res.end", "1"))],
            b=[
                call("res.cork"),
                call("res.write", "x", cb("w")),
                wait("b", call("res.uncork"), later(call("res.end", "y"))),
            ],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
    tell("b"),
    settle(),
)
page.add(
    "res.socket in 'socket'",
    [
        route(
            a=[wait("a", call("res.end", "1"))],
            b=[
                on("res.socket", same("res.socket", "arg0"), get("res.writableHighWaterMark")),
                call("res.end", "2"),
            ],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
)
page.add(
    "destroy in 'socket', bytes waiting",
    [
        route(
            a=[on("res.finish"), on("res.close"), wait("a", call("res.end", "1"))],
            b=[
                on("res.close"),
                on("res.finish"),
                on("res.socket", call("res.destroy")),
                call("res.end", "2"),
            ],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
)
page.add(
    "flushHeaders in 'socket'",
    [
        route(
            a=[wait("a", call("res.end", "1"))],
            b=[
                call("res.write", "x"),
                on(
                    "res.socket",
                    call("res.flushHeaders"),
                    call("res.write", "y"),
                ),
                wait("b", done),
            ],
        )
    ],
    send(A + B),
    tell("a"),
    settle(),
    tell("b"),
    settle(),
)

req11 = {"$request": {"method": "GET", "httpVersionMajor": 1, "httpVersionMinor": 1, "headers": {}}}
made = [
    new("r", "ServerResponse", req11),
    on("r.finish"),
    on("r.close"),
    on("r.error"),
    on("r.socket"),
    on("r.drain"),
    sink("w"),
    sink("v"),
]


def alone(name: str, *program: Instruction, known: str | None = None) -> None:
    page.add(
        name, None, settle(), server=[*made, *program], listen=False, **({"known": known} if known else {})
    )


W, V = ref("w"), ref("v")
alone(
    "by hand: destroy after detach",
    call("r.assignSocket", W),
    call("r.detachSocket", W),
    call("r.destroy"),
    get("r.destroyed", "r.closed", "w.destroyed"),
    later(get("r.closed")),
)
alone(
    "by hand: second socket, first closes",
    call("r.assignSocket", W),
    call("r.assignSocket", V),
    same("r.socket", "v"),
    call("r.write", "x"),
    later(call("w.emit", "close"), get("r.destroyed", "r.closed"), call("v.take")),
)
alone(
    "by hand: closes before end",
    call("r.assignSocket", W),
    call("r.write", "x", cb("w")),
    later(
        call("w.emit", "close"),
        call("r.write", "y", cb("w2")),
        call("r.end", "z", cb("e")),
        state("r", "finished", "headersSent", "destroyed", "closed", "writable", "writableLength"),
    ),
    known="D2",
)
alone(
    "by hand: destroyed, then assigned",
    call("r.write", "x"),
    call("r.destroy"),
    later(call("r.assignSocket", W), get("w.destroyed", "r.destroyed"), call("w.take")),
    known="D14",
)
alone(
    "by hand: ended and destroyed, then assigned",
    call("r.end", "x"),
    call("r.destroy"),
    later(call("r.assignSocket", W), get("w.destroyed", "r.destroyed"), call("w.take")),
    known="D14",
)
alone(
    "by hand: detach and assign the same",
    call("r.assignSocket", W),
    call("r.write", "a"),
    call("r.detachSocket", W),
    call("r.write", "b"),
    call("r.assignSocket", W),
    call("r.end", "c"),
    later(call("w.take")),
)
alone(
    "by hand: end in 'socket'",
    on("r.socket", call("r.end", "x", cb("e"))),
    call("r.assignSocket", W),
    later(call("w.take")),
)
alone(
    "by hand: write in 'socket', behind what waits",
    on("r.socket", call("r.write", "b")),
    call("r.write", "a"),
    call("r.assignSocket", W),
    call("r.end", "c"),
    later(call("w.take")),
)
alone(
    "by hand: detach in 'socket'",
    on("r.socket", call("r.detachSocket", W)),
    call("r.write", "a"),
    call("r.assignSocket", W),
    get("r.socket"),
    later(call("w.take")),
)
alone(
    "by hand: destroy in 'socket'",
    on("r.socket", call("r.destroy")),
    call("r.write", "a"),
    call("r.assignSocket", W),
    get("w.destroyed"),
    later(get("r.closed")),
)
alone(
    "by hand: socket set to null",
    call("r.assignSocket", W),
    put("r.socket", None),
    get("r.socket"),
    call("r.write", "a"),
    call("w.take"),
)
alone("by hand: connection set", put("r.connection", W), same("r.socket", "w"))
alone(
    "by hand: setTimeout with callback",
    call("r.assignSocket", W),
    call("r.setTimeout", 50, cb("t")),
    call("r.emit", "timeout", 1),
)
alone(
    "by hand: two corks, assigned, ended",
    call("r.cork"),
    call("r.cork"),
    call("r.write", "a"),
    call("r.assignSocket", W),
    call("r.end", "b"),
    get("r.writableCorked"),
    later(call("w.take")),
    known="D10",
)
alone(
    "by hand: HEAD of write",
    new(
        "h",
        "ServerResponse",
        {"$request": {"method": "HEAD", "httpVersionMajor": 1, "httpVersionMinor": 1, "headers": {}}},
    ),
    call("h.write", "a", cb("w")),
    call("h.assignSocket", W),
    call("w.take"),
    call("h.end", cb("e")),
    later(call("w.take")),
)
alone(
    "by hand: HTTP/2.0 and 0.9",
    *[
        i
        for n, (major, minor) in enumerate([(2, 0), (0, 9), (2, 1), (1, 0)])
        for i in (
            new(
                f"q{n}",
                "ServerResponse",
                {
                    "$request": {
                        "method": "GET",
                        "httpVersionMajor": major,
                        "httpVersionMinor": minor,
                        "headers": {"te": "chunked"},
                    }
                },
            ),
            state(f"q{n}", "shouldKeepAlive", "useChunkedEncodingByDefault"),
        )
    ],
)
alone(
    "by hand: options",
    new(
        "q",
        "ServerResponse",
        {"$request": {"method": "HEAD", "httpVersionMajor": 1, "httpVersionMinor": 1, "headers": {}}},
        {"highWaterMark": 10, "rejectNonStandardBodyWrites": True},
    ),
    get("q.writableHighWaterMark"),
    call("q.write", "x"),
    call("q.end", "x"),
    call("q.end"),
    get("q.finished"),
)
alone(
    "by hand: mark of 200",
    new("q", "ServerResponse", req11, {"highWaterMark": 200}),
    call("q.write", "x"),
    call("q.write", times("x", 60)),
    get("q.writableNeedDrain", "q.writableLength"),
    on("q.drain"),
    call("q.assignSocket", W),
)
alone(
    "OutgoingMessage: destroyed, then write",
    new("o", "OutgoingMessage"),
    on("o.close"),
    on("o.error"),
    call("o.destroy", error("mine", "MINE")),
    get("o.errored", "o.closed"),
    call("o.write", "x", cb("w")),
    call("o.end", cb("e")),
    later(get("o.closed", "o.finished")),
)
