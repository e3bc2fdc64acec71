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
