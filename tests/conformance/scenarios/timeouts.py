"""The clocks of response, request, server and connection."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

timeouts = Group("response timeouts", "setTimeout on response, request and server", timing=True)
GROUPS = [timeouts]

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

SHORT = 80
#: Where something has to come before the clock runs out, however busy the machine is.
LONG = 400
A, B = request("GET", "/a"), request("GET", "/b")
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
timeouts.add("server.timeout", [*watch], send(GET), until_end(), server=[put("server.timeout", LONG)])
timeouts.add(
    "server.setTimeout with callback",
    [signal("on")],
    send(GET),
    until_end(),
    server=[call("server.setTimeout", LONG, cb("t", call("arg0.destroy")))],
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
    options={"keepAliveTimeout": LONG, "keepAliveTimeoutBuffer": 0},
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
    [route(a=[quiet("res.end", "x")], b=[timer(600, quiet("res.end", "y"))])],
    A,
    send(B),
    until("y"),
    options={"keepAliveTimeout": LONG, "keepAliveTimeoutBuffer": 0},
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
        known="D27" if text else None,
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
    [timer(600, quiet("res.end", "x"))],
    send(GET),
    until("\r\n\r\nx"),
    options={"requestTimeout": 300, "headersTimeout": 300, "connectionsCheckingInterval": 10},
)
timeouts.add(
    "no timeouts",
    [quiet("res.end", "x")],
    send("GET / HTTP/1.1\r\n"),
    pass_time(60),
    send("Host: a\r\n\r\n"),
    options={"requestTimeout": 0, "headersTimeout": 0, "connectionsCheckingInterval": 10},
)
timeouts.add(
    "headersTimeout begins anew at the first byte",
    [quiet("res.end", "x")],
    connect(),
    pass_time(300),
    send("GET / HTTP/1.1\r\n"),
    pass_time(250),
    send("Host: a\r\n\r\n"),
    until("x"),
    options={"headersTimeout": 450, "requestTimeout": 0, "connectionsCheckingInterval": 20},
)
timeouts.add(
    "empty lines are no first byte",
    [],
    connect(),
    pass_time(200),
    send("\r\n\r\n"),
    until_end(),
    options={"headersTimeout": 300, "requestTimeout": 0, "connectionsCheckingInterval": 20},
)
timeouts.add(
    "requestTimeout begins anew at the first byte",
    [on("req.aborted"), hear("req.data"), hear("req.end", quiet("res.end", "x"))],
    connect(),
    pass_time(300),
    send(post("abc")[:-1]),
    pass_time(250),
    send("c"),
    until("x"),
    options={"headersTimeout": 450, "requestTimeout": 450, "connectionsCheckingInterval": 20},
)
timeouts.add(
    "fires once, until something comes",
    [on("socket.timeout")],
    send(GET),
    pass_time(300),
    send("G"),
    pass_time(200),
    server=[put("server.timeout", SHORT), on("server.timeout")],
)
timeouts.add(
    "fires once, until something is written",
    [on("socket.timeout"), wait("go", quiet("res.write", "x"))],
    send(GET),
    pass_time(300),
    tell("go"),
    pass_time(200),
    server=[put("server.timeout", SHORT), on("server.timeout")],
)
timeouts.add(
    "upgraded, nobody listens",
    None,
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x")),
    pass_time(250),
    send("x"),
    server=[put("server.timeout", SHORT), on("server.timeout")],
    handlers={"upgrade": [get("socket.timeout"), hear("socket.data", log("data", ref("arg0")))]},
)
timeouts.add(
    "upgraded, a listener",
    None,
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x")),
    awaiting("t"),
    server=[put("server.timeout", SHORT), on("server.timeout")],
    handlers={"upgrade": [on("socket.timeout", get("socket.destroyed"), signal("t"))]},
)
timeouts.add(
    "writing keeps it alive",
    [
        on("res.timeout"),
        call("res.setTimeout", 400),
        timer(150, quiet("res.write", "a")),
        timer(300, quiet("res.write", "b")),
        timer(450, quiet("res.write", "c")),
        timer(600, quiet("res.end", "d")),
    ],
    send(GET),
    until("d"),
)
timeouts.add(
    "reading keeps it alive",
    [on("req.timeout"), hear("req.data"), call("req.setTimeout", 400), on("req.end", call("res.end", "x"))],
    send(post("abc")[:-3]),
    pass_time(200),
    send("a"),
    pass_time(200),
    send("b"),
    pass_time(200),
    send("c"),
    until("x"),
)
timeouts.add(
    "a client that reads nothing",
    [on("res.timeout"), on("res.finish"), on("res.close"), quiet("res.end", many("x", 8_000_000))],
    connect(rcvbuf=4096),
    stall(),
    send(GET),
    pass_time(400),
    server=[put("server.timeout", SHORT)],
    known="D2",
)
timeouts.add(
    "set in 'connection', before a byte",
    [],
    connect(),
    until_end(),
    server=[hear("server.connection", call("arg0.setTimeout", SHORT), on("arg0.timeout"), on("arg0.close"))],
)
timeouts.add(
    "set in 'connection', the keep-alive wait replaces it",
    [quiet("res.end", "x"), later(get("socket.timeout"))],
    send(GET),
    server=[hear("server.connection", call("arg0.setTimeout", 5000))],
)
timeouts.add(
    "408 once for a listener that does nothing",
    [hear("req.data"), on("req.aborted")],
    send(post("abc")[:-1]),
    pass_time(600),
    server=[on("server.clientError", get("arg0.code", "arg0.message"))],
    options={"requestTimeout": 200, "headersTimeout": 150, "connectionsCheckingInterval": 20},
    known="D27",
)
timeouts.add(
    "408 of the second request of a connection",
    [quiet("res.end", "x")],
    send(GET),
    send("GET /b HT"),
    until_end(),
    options={"headersTimeout": 150, "requestTimeout": 0, "connectionsCheckingInterval": 20},
)
timeouts.add(
    "408 behind an answer that waits",
    [quiet("res.write", "x"), wait("go", quiet("res.end", "y"))],
    send(GET),
    send("GET /b HT"),
    pass_time(400),
    tell("go"),
    until_end(),
    options={"headersTimeout": 150, "requestTimeout": 0, "connectionsCheckingInterval": 20},
    known="D20",
)
timeouts.add(
    "408 behind a handler that works",
    [on("req.close"), on("res.close"), on("req.aborted"), wait("go", quiet("res.end", "y"))],
    send(GET),
    send("GET /b HT"),
    pass_time(400),
    tell("go"),
    until_end(),
    options={"headersTimeout": 150, "requestTimeout": 0, "connectionsCheckingInterval": 20},
    known="D20",
)
timeouts.add(
    "swapped by assignment",
    [hear("req.data")],
    connect("head"),
    connect("body"),
    send("GET / HT", conn="head"),
    send(post("abc")[:-1], conn="body"),
    until_end("head"),
    until_end("body"),
    options={"connectionsCheckingInterval": 20},
    server=[put("server.headersTimeout", 400), put("server.requestTimeout", 200)],
)
for label, value in {"text": "x", "negative": -1, "NaN": NAN, "zero": 0}.items():
    timeouts.add(
        f"keepAliveTimeoutBuffer assigned {label}",
        [quiet("res.end", "x"), later(get("socket.timeout"))],
        send(GET),
        server=[put("server.keepAliveTimeoutBuffer", value)],
    )
timeouts.add(
    "keepAliveTimeout assigned 0",
    [quiet("res.end", "x"), later(get("socket.timeout"))],
    send(GET),
    server=[put("server.keepAliveTimeout", 0)],
)
