"""The life of a response: order of events, pipelining, failures of handlers, timeouts, use by hand."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

order = Group("order of events", "finish, close, callbacks and the socket's events, case by case")
order_default = Group(
    "one ending", "The same with exactly one ending for each response, which is the default"
)
pipelining = Group("pipelining", "Several requests on their way")
failures = Group("failing handlers", "Async listeners that fail")
timeouts = Group("response timeouts", "setTimeout on response, request and server", timing=True)
standalone = Group("standalone", "Responses made by hand, subclasses, OutgoingMessage")
GROUPS = [order, order_default, pipelining, failures, timeouts, standalone]

ONE = {"emitCloseAfterFinish": False}
endings = [on("res.finish"), on("res.close")]
states = ("finished", "writableFinished", "destroyed", "closed", "errored")
rest = [
    on("res.error"),
    on("req.aborted"),
    on("req.error"),
    on("req.close"),
    on("req.end"),
    on("socket.error"),
    on("socket.end"),
    on("socket.finish"),
    on("socket.close"),
]
watch = [on("res.finish"), on("res.close", state("res", *states)), *rest]
BIG = times("x", 6_000_000)
slow = [connect(rcvbuf=4096), stall(), send(GET)]

CASES: dict[str, tuple[Program, list[Any]]] = {
    "end in the handler": ([call("res.end", "x", cb("cb")), log("returns")], [GET]),
    "write and end": (
        [call("res.write", "a", cb("w")), call("res.end", "b", cb("cb")), log("returns")],
        [GET],
    ),
    "end from a turn": ([later(call("res.end", "x", cb("cb")), log("after"))], [GET]),
    "end from a timer": ([timer(3, call("res.end", "x", cb("cb")), log("after"))], [GET]),
    "HEAD with data": ([call("res.write", "a", cb("w")), call("res.end", "b", cb("cb"))], [HEAD]),
    "204 with data": (
        [put("res.statusCode", 204), call("res.write", "a", cb("w")), call("res.end", "b", cb("cb"))],
        [GET],
    ),
    "closing": (
        [quiet("res.setHeader", "Connection", "close"), call("res.end", "x", cb("cb"))],
        [send(GET), until_end()],
    ),
    "closing by the client": ([call("res.end", "x", cb("cb"))], [send(GET_CLOSE), until_end()]),
    "1.0": ([call("res.end", "x", cb("cb"))], [send(GET10), until_end()]),
    "big end, slow client": ([call("res.end", BIG, cb("cb"))], [*slow, go_on(), until_bytes(6_000_000)]),
    "client gone by FIN before end": ([], [send(GET), fin(), until_end()]),
    "client gone by RST before end": ([], [send(GET), rst()]),
    "client gone, then late calls": (
        [on("res.close", call("res.write", "x", cb("w")), call("res.end", "y", cb("cb")))],
        [send(GET), rst()],
    ),
    "client gone while streaming": ([fill("res", times("x", 500_000), 30)], [*slow, rst()]),
    "client gone after a small write": ([call("res.write", "x", cb("w"))], [send(GET), rst()]),
    "destroy before end": (
        [call("res.destroy"), log("after"), get("res.destroyed", "res.closed")],
        [send(GET), until_end()],
    ),
    "destroy after flushHeaders": (
        [quiet("res.flushHeaders"), later(call("res.destroy"))],
        [send(GET), until_end()],
    ),
    "destroy after write": ([quiet("res.write", "abc"), call("res.destroy")], [send(GET), until_end()]),
    "destroy after end in the turn": (
        [call("res.end", "x", cb("cb")), call("res.destroy"), log("after")],
        [send(GET), until_end()],
    ),
    "destroy in finish": ([on("res.finish", call("res.destroy")), call("res.end", "x")], [GET]),
    "destroy after close": ([call("res.end", "x"), later(call("res.destroy"), get("res.destroyed"))], [GET]),
    "destroy twice": ([call("res.destroy"), call("res.destroy")], [send(GET), until_end()]),
    "socket destroyed before end": ([call("socket.destroy"), get("res.destroyed")], [send(GET), until_end()]),
    "socket ended, then end": (
        [call("socket.end"), call("res.end", "x", cb("cb"))],
        [send(GET), until_end()],
    ),
    "half-close, end in the handler": (
        [call("res.end", "x", cb("cb"))],
        [send(GET, settle=False), fin(), until_end()],
    ),
    "half-close, end later": (
        [wait("go", call("res.end", "x", cb("cb")))],
        [send(GET), fin(), tell("go"), until_end()],
    ),
    "half-close after a write": (
        [quiet("res.write", "abc"), wait("go", call("res.end", "x", cb("cb")))],
        [send(GET), fin(), tell("go"), until_end()],
    ),
    "half-close, big end": ([call("res.end", BIG, cb("cb"))], [*slow, fin(), go_on(), until_end()]),
    "idle timeout, nobody listens": ([quiet("res.setTimeout", 30)], [send(GET), until_end()]),
    "idle timeout, listener ends": (
        [quiet("res.setTimeout", 30), on("res.timeout", call("res.end", "late"))],
        [send(GET), until("late")],
    ),
    "parse error in the body, head not sent": (
        [],
        [send(chunked("abc", end=False)), send("zz\r\n"), until_end()],
    ),
    "parse error in the body, head sent": (
        [quiet("res.flushHeaders")],
        [send(chunked("abc", end=False)), send("zz\r\n"), until_end()],
    ),
    "parse error in the next request": (
        [call("res.end", "x", cb("cb"))],
        [send(GET), send("BAD\r\n\r\n"), until_end()],
    ),
    "parse error while answering": ([quiet("res.write", "a")], [send(GET), send("BAD\r\n\r\n")]),
    "POST read": ([hear("req.data"), hear("req.end", call("res.end", "x", cb("cb")))], [post("abc")]),
    "POST unread": ([call("res.end", "x", cb("cb"))], [post("abc")]),
    "POST unread, body later": ([call("res.end", "x", cb("cb"))], [send(post("abc")[:-3]), send("abc")]),
    "POST unread, body never, client gone": (
        [call("res.end", "x", cb("cb"))],
        [send(post("abc")[:-3]), rst()],
    ),
    "POST closing, body later": (
        [quiet("res.setHeader", "Connection", "close"), call("res.end", "x", cb("cb"))],
        [send(post("abc")[:-3]), until_end()],
    ),
    "two on one connection": ([call("res.end", "x", cb("cb"))], [GET, GET]),
    "pipe() is refused": ([call("res.pipe", ref("socket")), call("res.end", "x")], [GET]),
    "request destroyed in the handler": ([call("req.destroy"), log("after")], [send(GET), until_end()]),
    "request destroyed with an error": (
        [call("req.destroy", error("mine", "MINE")), log("after")],
        [send(GET), until_end()],
    ),
    "response destroyed with an error": (
        [call("res.destroy", error("mine", "MINE")), get("res.errored"), log("after")],
        [send(GET), until_end()],
    ),
    "socket destroyed with an error": (
        [call("socket.destroy", error("mine", "MINE")), log("after")],
        [send(GET), until_end()],
    ),
    "socket.destroySoon after write": (
        [quiet("res.write", "abc"), call("socket.destroySoon")],
        [send(GET), until_end()],
    ),
}
FALSE_FINISH: dict[str, tuple[Program, list[Any]]] = {
    "client gone after end, bytes pending": ([call("res.end", BIG, cb("cb"))], [*slow, rst()]),
    "big end, then destroy": (
        [call("res.end", BIG, cb("cb")), call("res.destroy")],
        [*slow, go_on(), until_end()],
    ),
    "big end, then the socket's destroy": (
        [call("res.end", BIG, cb("cb")), call("socket.destroy")],
        [*slow, go_on(), until_end()],
    ),
    "idle timeout, big end pending": (
        [quiet("res.setTimeout", 60), call("res.end", BIG, cb("cb"))],
        [*slow, awaiting("gone"), go_on()],
    ),
    "parse error, big end pending": (
        [call("res.end", BIG, cb("cb"))],
        [*slow, send("BAD\r\n\r\n"), go_on(), until_end()],
    ),
}
for label, (program, client) in CASES.items():
    marked = {"known": "D20"} if label == "parse error while answering" else {}
    timing = "timeout" in label or "half-close" in label
    order.add(label, [*watch, *program], *client, timing=timing, **marked)
    order_default.add(label, [*endings, *rest, *program], *client, timing=timing, options=ONE, **marked)
for label, (program, client) in FALSE_FINISH.items():
    timing = "timeout" in label
    gone = hear("socket.close", signal("gone"))
    order.add(label, [*watch, gone, *program], *client, known="D2", timing=timing)
    order_default.add(
        label, [*endings, *rest, gone, *program], *client, options=ONE, known="D2", timing=timing
    )
order.add(
    "clientError sees a destroy with error",
    [*watch, call("res.destroy", error("mine", "MINE"))],
    send(GET),
    until_end(),
    server=[on("server.clientError", get("arg1.destroyed", "arg1.writable"), call("arg1.destroy"))],
)
for event in ("finish", "close"):
    order.add(f"listener added late for {event}", [quiet("res.end", "x"), later(on(f"res.{event}"))])

# --- pipelining

A, B, C = request("GET", "/a"), request("GET", "/b"), request("GET", "/c")
both = [
    on("res.finish"),
    on("res.close"),
    on("res.socket", get("res.writableLength")),
    on("req.aborted"),
    on("req.close"),
]


def turns_of(*programs: Program) -> Program:
    return [*both, route(**dict(zip("abc", programs, strict=False)))]


pipelining.add("all at once", [call("res.end", ref("req.url"))], send(A + B + C))
pipelining.add(
    "first slow",
    turns_of(
        [wait("a", call("res.end", "1"))], [call("res.end", "2", cb("e2"))], [call("res.end", "3", cb("e3"))]
    ),
    send(A + B + C),
    tell("a"),
    settle(),
)
pipelining.add(
    "first slow, default endings",
    turns_of([wait("a", call("res.end", "1"))], [call("res.end", "2", cb("e2"))]),
    send(A + B),
    tell("a"),
    settle(),
    options=ONE,
)
pipelining.add(
    "state while waiting",
    turns_of(
        [wait("a", call("res.end", "1"))],
        [
            same("req.socket", "socket"),
            state("res", "socket", "headersSent", "finished", "writableFinished", "writableLength"),
            call("res.write", "x", cb("w")),
            call("res.end", "y"),
            state("res", "socket", "headersSent", "finished", "writableFinished", "writableLength"),
        ],
    ),
    send(A + B),
    tell("a"),
    settle(),
)
pipelining.add(
    "second streams while waiting",
    turns_of(
        [wait("a", call("res.end", "1"))],
        [
            call("res.write", "x", cb("w1")),
            later(call("res.write", "y", cb("w2")), wait("b", call("res.end", "z"))),
        ],
    ),
    send(A + B),
    tell("a"),
    settle(),
    tell("b"),
    settle(),
)
pipelining.add(
    "second ends after its turn",
    turns_of([wait("a", call("res.end", "1"))], [wait("b", call("res.end", "2"))]),
    send(A + B),
    tell("a"),
    settle(),
    tell("b"),
    settle(),
)
pipelining.add(
    "ends in reverse",
    turns_of(
        [wait("a", call("res.end", "1"))],
        [wait("b", call("res.end", "2"))],
        [wait("c", call("res.end", "3"))],
    ),
    send(A + B + C),
    tell("c"),
    settle(),
    tell("b"),
    settle(),
    tell("a"),
    settle(),
)
pipelining.add("connection lost", turns_of([], [call("res.end", "2", cb("e2"))], []), send(A + B + C), rst())
pipelining.add(
    "connection ended by the client",
    turns_of([], [call("res.end", "2", cb("e2"))]),
    send(A + B),
    fin(),
    until_end(),
)
pipelining.add(
    "first closes",
    turns_of(
        [quiet("res.setHeader", "Connection", "close"), wait("a", call("res.end", "1"))],
        [call("res.end", "2", cb("e2"))],
    ),
    send(A + B),
    tell("a"),
    until_end(),
)
pipelining.add(
    "second destroyed while waiting",
    turns_of(
        [wait("a", call("res.end", "1"))], [call("res.write", "2"), call("res.destroy"), get("res.destroyed")]
    ),
    send(A + B),
    tell("a"),
    settle(),
    known="D14",
)
pipelining.add(
    "first destroyed",
    turns_of([wait("a", call("res.destroy"))], [call("res.end", "2")]),
    send(A + B),
    tell("a"),
    until_end(),
)
pipelining.add(
    "close in the middle of the packet",
    [quiet("res.end", "x")],
    send(A + request("GET", "/b", "Connection: close")),
    until_end(),
)
pipelining.add(
    "garbage after good ones", [call("res.end", "x")], send(A + B + "BAD\r\n\r\n"), until_end(), known="D20"
)
pipelining.add(
    "garbage after a slow one",
    [*both, wait("a", call("res.end", "x"))],
    send(A + "BAD\r\n\r\n"),
    tell("a"),
    until_end(),
    known="D20",
)
pipelining.add(
    "garbage later",
    [*both, wait("a", call("res.end", "x"))],
    send(A),
    send("BAD\r\n\r\n"),
    tell("a"),
    until_end(),
    known="D20",
)
pipelining.add(
    "data after close",
    [*both, wait("a", call("res.end", "x"))],
    send(request("GET", "/a", "Connection: close")),
    send(B),
    tell("a"),
    until_end(),
    known="D20",
)
pipelining.add(
    "with bodies",
    [hear("req.data"), hear("req.end", call("res.end", ref("req.url")))],
    send(post("abc", url="/1") + post("defg", url="/2") + chunked("x", "y", url="/3")),
)
pipelining.add(
    "bodies unread", [call("res.end", ref("req.url"))], send(post("abc", url="/1") + post("defg", url="/2"))
)
pipelining.add("HEAD among them", [call("res.end", "x")], send(HEAD + A + HEAD + B))
pipelining.add("split anywhere", [call("res.end", ref("req.url"))], split(A + B + C, 11))
pipelining.add(
    "split by bytes",
    [hear("req.data"), hear("req.end", call("res.end", ref("req.url")))],
    split(post("abc", url="/1") + B, 1),
)
pipelining.add("CRLF between", [call("res.end", "x")], send(A + "\r\n\r\n" + B + "\r\n"))
pipelining.add(
    "many", [call("res.end", ref("req.url"))], send("".join(request("GET", f"/{n}") for n in range(40)))
)
pipelining.add("many, written by turns", [quiet("res.write", "x"), later(quiet("res.end"))], send(A * 12))
pipelining.add(
    "setTimeout while waiting",
    turns_of(
        [wait("a", call("res.end", "1"))], [call("res.setTimeout", 40, cb("timeout", call("res.end", "2")))]
    ),
    send(A + B),
    tell("a"),
    until("2"),
)
pipelining.add(
    "cork while waiting",
    turns_of(
        [wait("a", call("res.end", "1"))],
        [
            quiet("res.flushHeaders"),
            call("res.cork"),
            call("res.write", "x"),
            call("res.write", "y"),
            get("res.writableCorked"),
            wait("b", call("res.uncork"), call("res.end")),
        ],
    ),
    send(A + B),
    tell("a"),
    settle(),
    tell("b"),
    settle(),
    known="D10",
)
pipelining.add(
    "drain owed while waiting",
    turns_of(
        [wait("a", call("res.end", "1"))],
        [on("res.drain", call("res.end")), fill("res", times("x", 30000), 5)],
    ),
    send(A + B),
    tell("a"),
    until("0\r\n\r\n"),
)
pipelining.add(
    "100 then answer, in order",
    [call("res.end", ref("req.url"))],
    send(A + request("POST", "/b", "Expect: 100-continue", "Content-Length: 2", body="hi")),
)
pipelining.add(
    "end during the finish of the one before",
    turns_of([hear("res.finish", signal("x")), call("res.end", "1")], [later(call("res.end", "2"))]),
    send(A + B),
)

# --- failing handlers

failures.add("nothing done", [fail()])
failures.add("later", [fail_later()])
failures.add("headers set", [quiet("res.setHeader", "A", "1"), put("res.statusCode", 201), fail()])
failures.add("HEAD", [fail()], HEAD)
failures.add("1.0", [fail()], send(GET10), until_end())
failures.add("POST unread", [on("req.end"), on("req.close"), fail()], post("abc"))
failures.add("head flushed", [*watch, quiet("res.flushHeaders"), fail()], send(GET), until_end())
failures.add("head rendered only", [*watch, quiet("res.writeHead", 201), fail()], send(GET), until_end())
failures.add("written", [*watch, quiet("res.write", "abc"), fail_later()], send(GET), until_end())
failures.add("ended", [*watch, quiet("res.end", "abc"), fail()], GET)
failures.add("ended and finished", [*watch, quiet("res.end", "abc"), fail_later()], GET)
failures.add("statusMessage set", [put("res.statusMessage", "Mine"), fail()], known="D15")
failures.add(
    "Date removed",
    [
        quiet("res.removeHeader", "Date"),
        quiet("res.removeHeader", "Connection"),
        quiet("res.removeHeader", "Content-Length"),
        fail(),
    ],
    known="D15",
)
failures.add("next request is served", [route(a=[fail()], b=[call("res.end", "b")])], A, B)

# --- timeouts

SHORT = 80
timeouts.add(
    "response, listener",
    [call("res.setTimeout", SHORT, cb("t", call("res.end", "x")))],
    send(GET),
    until("x"),
)
timeouts.add(
    "response, two callbacks",
    [call("res.setTimeout", SHORT, cb("t1")), call("res.setTimeout", SHORT, cb("t2", call("res.end", "x")))],
    send(GET),
    until("\r\n\r\nx"),
)
timeouts.add(
    "response, on timeout",
    [on("res.timeout", call("res.end", "x")), call("res.setTimeout", SHORT)],
    send(GET),
    until("\r\n\r\nx"),
)
timeouts.add(
    "response, nobody", [*watch, on("socket.timeout"), call("res.setTimeout", SHORT)], send(GET), until_end()
)
timeouts.add(
    "request complete, callback not called",
    [*watch, call("req.setTimeout", SHORT, cb("t"))],
    send(GET),
    until_end(),
)
timeouts.add(
    "request incomplete",
    [call("req.setTimeout", SHORT, cb("t", call("res.end", "x")))],
    send(post("abc")[:-1]),
    until("\r\n\r\nx"),
)
timeouts.add(
    "socket listener alone", [*watch, call("socket.setTimeout", SHORT, cb("t"))], send(GET), until_end()
)
timeouts.add(
    "all listen",
    [
        on("req.timeout"),
        on("res.timeout"),
        on("socket.timeout", call("res.end", "x")),
        call("res.setTimeout", SHORT),
    ],
    send(post("abc")[:-1]),
    until("\r\n\r\nx"),
    server=[on("server.timeout")],
)
timeouts.add("server.timeout", [*watch], send(GET), until_end(), server=[put("server.timeout", SHORT)])
timeouts.add(
    "server.setTimeout with callback",
    [signal("on")],
    send(GET),
    until_end(),
    server=[call("server.setTimeout", SHORT, cb("t", call("arg0.destroy")))],
)
timeouts.add(
    "server.setTimeout 0",
    [call("res.end", "x")],
    server=[call("server.setTimeout", 0), get("server.timeout")],
)
timeouts.add(
    "switched off",
    [call("res.setTimeout", 20, cb("t")), call("res.setTimeout", 0), timer(60, call("res.end", "x"))],
)
timeouts.add(
    "server.timeout, silent client", [], connect(), until_end(), server=[put("server.timeout", SHORT)]
)
timeouts.add(
    "server 'timeout' keeps the silent client",
    [],
    connect(),
    awaiting("t"),
    settle(),
    server=[put("server.timeout", SHORT), hear("server.timeout", signal("t"))],
)
timeouts.add(
    "keep-alive wait ends",
    [quiet("res.end", "x"), on("socket.timeout"), on("socket.close")],
    send(GET),
    until_end(),
    options={"keepAliveTimeout": SHORT, "keepAliveTimeoutBuffer": 0},
)
timeouts.add(
    "keep-alive wait, half a head sent",
    [quiet("res.end", "x")],
    send(GET),
    send("GET / HT"),
    until_end(),
    options={"keepAliveTimeout": SHORT, "keepAliveTimeoutBuffer": 0},
)
timeouts.add(
    "keep-alive wait, server 'timeout' listener",
    [quiet("res.end", "x")],
    send(GET),
    awaiting("t"),
    server=[hear("server.timeout", signal("t"))],
    options={"keepAliveTimeout": SHORT, "keepAliveTimeoutBuffer": 0},
)
timeouts.add(
    "keep-alive wait, the next request cancels it",
    [route(a=[quiet("res.end", "x")], b=[timer(200, quiet("res.end", "y"))])],
    A,
    send(B),
    until("y"),
    options={"keepAliveTimeout": SHORT, "keepAliveTimeoutBuffer": 0},
)
timeouts.add(
    "handler's timeout replaced at keep-alive",
    [call("res.setTimeout", 5000), quiet("res.end", "x")],
    send(GET),
    until_end(),
    options={"keepAliveTimeout": SHORT, "keepAliveTimeoutBuffer": 0},
)
for label, value in {
    "text": "a",
    "undefined": UNDEFINED,
    "null": None,
    "negative": -1,
    "NaN": NAN,
    "infinite": INFINITY,
    "true": True,
}.items():
    timeouts.add(
        f"bad time {label}",
        [
            call("res.setTimeout", value),
            call("req.setTimeout", value),
            call("socket.setTimeout", value),
            call("res.end", "x"),
        ],
    )
timeouts.add(
    "bad callback",
    [call("res.setTimeout", 1000, 5), call("socket.setTimeout", 1000, "x"), call("res.end", "x")],
)
timeouts.add("on a finished response", [quiet("res.end", "x"), later(call("res.setTimeout", 10, cb("t")))])
timeouts.add(
    "return and attribute",
    [
        call("res.setTimeout", 5000),
        get("socket.timeout"),
        call("socket.setTimeout", 0),
        get("socket.timeout"),
        call("res.end", "x"),
    ],
)
for label, text in {"no byte": "", "half a head": "GET / HTTP/1.1\r\nHo"}.items():
    timeouts.add(
        f"headersTimeout, {label}",
        [],
        *([send(text)] if text else [connect()]),
        until_end(),
        options={"headersTimeout": 150, "requestTimeout": 0, "connectionsCheckingInterval": 20},
        server=[on("server.clientError", call("arg1.end", "late"))],
        known="D27",
    )
    timeouts.add(
        f"headersTimeout, {label}, default answer",
        [],
        *([send(text)] if text else [connect()]),
        until_end(),
        options={"headersTimeout": 150, "requestTimeout": 0, "connectionsCheckingInterval": 20},
    )
timeouts.add(
    "requestTimeout in the body",
    [*watch, hear("req.data")],
    send(post("abc")[:-1]),
    until_end(),
    options={"requestTimeout": 200, "headersTimeout": 150, "connectionsCheckingInterval": 20},
)
timeouts.add(
    "requestTimeout in the body, head sent",
    [*watch, quiet("res.flushHeaders")],
    send(post("abc")[:-1]),
    until_end(),
    options={"requestTimeout": 200, "headersTimeout": 150, "connectionsCheckingInterval": 20},
)
timeouts.add(
    "requestTimeout after the answer",
    [quiet("res.end", "x")],
    send(post("abc")[:-1]),
    until_end(),
    options={"requestTimeout": 200, "headersTimeout": 150, "connectionsCheckingInterval": 20},
)
timeouts.add(
    "requestTimeout not while handling",
    [timer(80, quiet("res.end", "x"))],
    send(GET),
    until("\r\n\r\nx"),
    options={"requestTimeout": 20, "headersTimeout": 20, "connectionsCheckingInterval": 10},
)
timeouts.add(
    "no timeouts",
    [quiet("res.end", "x")],
    send("GET / HTTP/1.1\r\n"),
    pass_time(60),
    send("Host: a\r\n\r\n"),
    options={"requestTimeout": 0, "headersTimeout": 0, "connectionsCheckingInterval": 10},
)

# --- standalone

req11 = {"$request": {"method": "GET", "httpVersionMajor": 1, "httpVersionMinor": 1, "headers": {}}}
req10 = {"$request": {"method": "GET", "httpVersionMajor": 1, "httpVersionMinor": 0, "headers": {}}}
head_req = {"$request": {"method": "HEAD", "httpVersionMajor": 1, "httpVersionMinor": 1, "headers": {}}}


def alone(name: str, *program: Instruction, known: str | None = None) -> None:
    standalone.add(
        name, None, settle(), server=list(program), listen=False, **({"known": known} if known else {})
    )


made = [new("r", "ServerResponse", req11), on("r.finish"), on("r.close"), on("r.socket"), sink("w")]
alone(
    "start",
    new("r", "ServerResponse", req11),
    state(
        "r",
        "statusCode",
        "sendDate",
        "shouldKeepAlive",
        "useChunkedEncodingByDefault",
        "headersSent",
        "finished",
        "socket",
        "writableHighWaterMark",
        "writable",
    ),
)
alone(
    "start on 1.0",
    new("r", "ServerResponse", req10),
    state("r", "shouldKeepAlive", "useChunkedEncodingByDefault"),
)
alone(
    "end, then assigned",
    *made,
    call("r.end", "x", cb("e")),
    state("r", "finished", "headersSent", "writableFinished", "writableLength"),
    call("r.assignSocket", ref("w")),
    call("w.take"),
    later(call("w.take"), state("r", "writableFinished", "socket")),
    known="D16",
)
alone(
    "assigned, then end",
    *made,
    call("r.assignSocket", ref("w")),
    same("r.socket", "w"),
    call("r.end", "x", cb("e")),
    later(call("w.take")),
)
alone(
    "chunked",
    *made,
    call("r.assignSocket", ref("w")),
    call("r.write", "a", cb("w1")),
    call("r.write", "b"),
    call("r.end", "c"),
    later(call("w.take")),
)
alone(
    "HEAD",
    new("r", "ServerResponse", head_req),
    sink("w"),
    call("r.assignSocket", ref("w")),
    call("r.write", "a"),
    call("r.end", "c"),
    later(call("w.take")),
)
alone(
    "1.0",
    new("r", "ServerResponse", req10),
    sink("w"),
    call("r.assignSocket", ref("w")),
    call("r.write", "a"),
    call("r.end", "c"),
    later(call("w.take")),
)
alone(
    "queue has its mark",
    new("r", "ServerResponse", req11),
    call("r.write", times("x", 60000)),
    call("r.write", times("x", 6000)),
    get("r.writableNeedDrain"),
    on("r.drain"),
    sink("w"),
    call("r.assignSocket", ref("w")),
    get("r.writableNeedDrain"),
)
alone("assigned twice", *made, call("r.assignSocket", ref("w")), call("r.assignSocket", ref("w")))
alone(
    "socket already taken",
    *made,
    new("q", "ServerResponse", req11),
    call("r.assignSocket", ref("w")),
    call("q.assignSocket", ref("w")),
)
alone(
    "detached",
    *made,
    call("r.assignSocket", ref("w")),
    call("r.detachSocket", ref("w")),
    get("r.socket"),
    call("r.write", "x"),
    call("w.take"),
    sink("v"),
    call("r.assignSocket", ref("v")),
    call("v.take"),
    call("r.end"),
    later(call("v.take"), call("w.take")),
)
alone("detach of a strange socket", *made, call("r.detachSocket", ref("w")))
alone(
    "socket freed for the next",
    *made,
    new("q", "ServerResponse", req11),
    call("r.assignSocket", ref("w")),
    call("r.end", "1"),
    later(
        call("r.detachSocket", ref("w")),
        call("q.assignSocket", ref("w")),
        call("q.end", "2"),
        later(call("w.take")),
    ),
)
alone(
    "destroy without socket", *made, call("r.destroy"), get("r.destroyed", "r.closed"), later(get("r.closed"))
)
alone(
    "destroy with socket",
    *made,
    call("r.assignSocket", ref("w")),
    call("r.destroy"),
    get("r.destroyed", "w.destroyed"),
)
alone(
    "the writable closes",
    *made,
    call("r.assignSocket", ref("w")),
    call("r.write", "x"),
    later(call("w.emit", "close"), get("r.destroyed", "r.closed")),
)
alone(
    "the writable closes after finish",
    *made,
    call("r.assignSocket", ref("w")),
    call("r.end", "x"),
    later(call("w.emit", "close"), get("r.destroyed", "r.closed")),
    known="D16",
)
alone(
    "the writable says no",
    *made[:-1],
    sink("w", answer=False),
    call("r.assignSocket", ref("w")),
    call("r.write", "x"),
    get("r.writableNeedDrain"),
)
alone("setTimeout", *made, call("r.assignSocket", ref("w")), call("r.setTimeout", 50))
alone("setTimeout before the socket", *made, call("r.setTimeout", 50), call("r.assignSocket", ref("w")))
alone(
    "cork before the socket",
    *made,
    call("r.cork"),
    get("r.writableCorked"),
    call("r.assignSocket", ref("w")),
    get("r.writableCorked"),
    call("r.uncork"),
    get("r.writableCorked"),
)
alone(
    "finish does not end the writable",
    *made,
    call("r.assignSocket", ref("w")),
    call("r.end", "x"),
    later(same("r.socket", "w"), get("w.destroyed")),
)
alone(
    "informational without socket",
    *made,
    call("r.writeProcessing", cb("p")),
    call("r.end", "x"),
    call("r.assignSocket", ref("w")),
    later(call("w.take")),
)

out = new("o", "OutgoingMessage")
alone(
    "OutgoingMessage, start",
    out,
    state(
        "o",
        "sendDate",
        "shouldKeepAlive",
        "useChunkedEncodingByDefault",
        "headersSent",
        "finished",
        "socket",
        "writableLength",
        "writableHighWaterMark",
        "destroyed",
    ),
)
alone(
    "OutgoingMessage, headers",
    out,
    call("o.setHeader", "A", "1"),
    call("o.appendHeader", "A", "2"),
    call("o.getHeaders"),
    call("o.hasHeader", "a"),
    call("o.removeHeader", "A"),
    call("o.getHeaderNames"),
    call("o.setHeader", "b d", "1"),
)
alone(
    "OutgoingMessage, no head to render",
    out,
    call("o.write", "x"),
    call("o.end", "x"),
    call("o.flushHeaders"),
    get("o.finished", "o.headersSent"),
)
alone(
    "OutgoingMessage, the rest",
    out,
    on("o.close"),
    on("o.error"),
    call("o.cork"),
    get("o.writableCorked"),
    call("o.uncork"),
    call("o.addTrailers", {"a": "b"}),
    call("o.setTimeout", 5),
    call("o.destroy"),
    get("o.destroyed"),
    call("o.write", 5),
)
alone("OutgoingMessage, pipe", out, on("o.error"), sink("w"), call("o.pipe", ref("w")))

METHODS = [
    "writeHead",
    "setHeader",
    "appendHeader",
    "removeHeader",
    "write",
    "end",
    "flushHeaders",
    "writeInformation",
]


def subclass(name: str, program: Program, **options: Any) -> None:
    cls = {
        "$subclass": "ServerResponse",
        "methods": METHODS,
        "constructed": ["socket", "statusCode", "finished"],
    }
    standalone.add(f"subclass: {name}", program, options={"ServerResponse": cls, **options})


subclass("end", [call("res.end", "x")])
subclass("write", [call("res.write", "x"), call("res.end")])
subclass("flushHeaders", [call("res.flushHeaders"), call("res.end")])
subclass(
    "writeHead with a used store",
    [call("res.setHeader", "Z", "1"), call("res.writeHead", 200, {"A": "1", "B": "2"}), call("res.end")],
)
subclass(
    "writeHead with a used store, list",
    [
        call("res.setHeader", "Z", "1"),
        call("res.writeHead", 200, ["A", "1", "a", "2", "Z", "3"]),
        call("res.end"),
    ],
)
subclass("writeHead with an unused store", [call("res.writeHead", 200, {"A": "1"}), call("res.end")])
subclass("setHeaders", [call("res.setHeaders", mapping(["A", "1"], ["set-cookie", "b"])), call("res.end")])
subclass(
    "appendHeader", [call("res.appendHeader", "A", "1"), call("res.appendHeader", "A", "2"), call("res.end")]
)
subclass(
    "continue",
    [
        call("res.writeContinue"),
        call("res.writeProcessing"),
        call("res.writeEarlyHints", {"link": "<a>"}),
        call("res.end"),
    ],
)
standalone.add(
    "subclass of the request",
    [get("req.url", "req.method"), call("res.end", "x")],
    options={
        "IncomingMessage": {
            "$subclass": "IncomingMessage",
            "constructed": ["method", "url", "httpVersion", "complete"],
        }
    },
)
for args in (["a"], ["b d"], [""], ["a\n"], [5], [UNDEFINED], ["b d", "Label"]):
    standalone.add(
        f"validateHeaderName {args}",
        None,
        settle(),
        server=[call("http.validateHeaderName", *args)],
        listen=False,
    )
for args in (["a", "b"], ["a", UNDEFINED], ["a", "\n"], ["a", "\u0141"], ["a", 5], ["a", ""], ["a", ["x"]]):
    standalone.add(
        f"validateHeaderValue {args}",
        None,
        settle(),
        server=[call("http.validateHeaderValue", *args)],
        listen=False,
    )
standalone.add(
    "STATUS_CODES",
    None,
    settle(),
    server=[
        *[
            get(f"http.STATUS_CODES.{code}")
            for code in (100, 200, 203, 302, 413, 414, 416, 418, 422, 425, 509, 511, 600)
        ]
    ],
    listen=False,
)
standalone.add("METHODS", None, settle(), server=[get("http.METHODS", "http.maxHeaderSize")], listen=False)
