"""Leaving HTTP by upgrade or CONNECT, and the client's half-close."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

upgrade = Group("upgrade", "upgrade and CONNECT, taken and declined")
half_close = Group("half-close", "The client's FIN at every moment")
GROUPS = [upgrade, half_close]

H = "\r\nHost: a\r\n\r\n"
R = "GET / HTTP/1.1\r\nHost: a\r\n"
G = R + "\r\n"
P = "POST / HTTP/1.1\r\nHost: a\r\n"
C = P + "Transfer-Encoding: chunked\r\n\r\n"

served = [call("res.end", "x")]
tell_all = [
    get("req.method", "req.url", "req.httpVersion", "req.rawHeaders", "req.headers"),
    hear("req.data", log("data", ref("arg0"))),
    hear("req.end", get("req.rawTrailers"), quiet("res.end", "x")),
]

# --- upgrade
UP = request("GET", "/up", "Connection: Upgrade", "Upgrade: x")
taking = {
    "upgrade": [
        log("head", ref("head")),
        same("req.socket", "socket"),
        get("req.complete", "req.headers.upgrade"),
        hear("socket.data", log("data", ref("arg0"))),
        on("socket.end"),
        on("socket.close"),
        on("socket.error"),
        call("socket.write", "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    ]
}
upgrade.add("taken", served, send(UP), send("hello"), handlers=taking)
upgrade.add("taken, bytes in the packet", served, send(UP + "first"), send("second"), handlers=taking)
upgrade.add(
    "taken, ended by the client",
    served,
    send(UP),
    fin(),
    handlers={"upgrade": [*taking["upgrade"], hear("socket.end", call("socket.end", "bye"))]},
)
upgrade.add(
    "taken, ended by us",
    served,
    send(UP),
    until_end(),
    handlers={"upgrade": [*taking["upgrade"], call("socket.end", "bye")]},
)
upgrade.add(
    "taken, destroyed",
    served,
    send(UP),
    until_end(),
    handlers={"upgrade": [*taking["upgrade"], call("socket.destroy")]},
)
upgrade.add("taken, reset", served, send(UP), rst(), handlers=taking)
upgrade.add(
    "taken, request events",
    served,
    send(UP),
    handlers={
        "upgrade": [
            on("req.end"),
            on("req.close"),
            on("req.data"),
            call("req.resume"),
            call("socket.write", "HTTP/1.1 101 X\r\n\r\n"),
        ]
    },
)
upgrade.add(
    "taken, with a length",
    served,
    send(request("POST", "/", "Connection: upgrade", "Upgrade: x", "Content-Length: 3", body="abcdef")),
    handlers=taking,
)
upgrade.add(
    "taken on 1.0",
    served,
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x", version="1.0")),
    handlers=taking,
)
upgrade.add(
    "taken without Host",
    served,
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x", host=False)),
    handlers=taking,
)
upgrade.add(
    "taken with Expect",
    served,
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x", "Expect: 100-continue")),
    handlers=taking,
)
upgrade.add("taken after another", served, send(GET), send(UP), send("hello"), handlers=taking)
upgrade.add("taken behind a pipelined one", served, send(GET + UP + "hello"), handlers=taking)
upgrade.add(
    "taken behind a slow one",
    [wait("go", call("res.end", "x"))],
    send(GET + UP),
    tell("go"),
    settle(),
    handlers=taking,
)
upgrade.add(
    "half-open after the end",
    served,
    send(UP),
    fin(),
    tell("late"),
    settle(),
    handlers={
        "upgrade": [
            *taking["upgrade"],
            wait("late", get("socket.writable", "socket.readyState"), call("socket.end", "late")),
        ]
    },
)
upgrade.add(
    "paused data waits",
    served,
    send(UP),
    send("hello"),
    tell("go"),
    settle(),
    handlers={
        "upgrade": [call("socket.write", "x"), wait("go", hear("socket.data", log("data", ref("arg0"))))]
    },
)
upgrade.add(
    "getConnections counts it",
    served,
    send(UP),
    handlers={"upgrade": [call("server.getConnections", cb("count")), call("socket.write", "x")]},
)
upgrade.add(
    "closeAllConnections spares it",
    served,
    send(UP),
    handlers={
        "upgrade": [call("server.closeAllConnections"), call("socket.write", "x"), get("socket.destroyed")]
    },
)
upgrade.add("no listener", [get("req.headers.upgrade"), *served], send(UP), send(GET))
upgrade.add(
    "no listener, body",
    tell_all,
    send(request("POST", "/", "Connection: upgrade", "Upgrade: x", "Content-Length: 3", body="abc")),
    send(GET),
)
upgrade.add(
    "no listener, more in the packet",
    [call("res.end", ref("req.url"))],
    send(UP + request("GET", "/next")),
    known="D30",
)
upgrade.add(
    "callback says no",
    [*served],
    send(UP),
    options={"shouldUpgradeCallback": {"$answer": False}},
    handlers=taking,
)
upgrade.add(
    "callback says yes",
    [*served],
    send(UP),
    options={"shouldUpgradeCallback": {"$answer": True}},
    handlers=taking,
)
upgrade.add(
    "callback says yes, no listener",
    [*served],
    send(UP),
    until_end(),
    options={"shouldUpgradeCallback": {"$answer": True}},
)
upgrade.add(
    "callback is not asked for CONNECT",
    [*served],
    send("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    until_end(),
    options={"shouldUpgradeCallback": {"$answer": True}},
)
upgrade.add("Upgrade without Connection", [*served], send(request("GET", "/", "Upgrade: x")), handlers=taking)
upgrade.add(
    "Connection without Upgrade", [*served], send(request("GET", "/", "Connection: upgrade")), handlers=taking
)
CONNECT = "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"
connecting = {"connect": [get("req.url", "req.method"), *taking["upgrade"]]}
upgrade.add("CONNECT", served, send(CONNECT), send("hello"), handlers=connecting)
upgrade.add("CONNECT with bytes", served, send(CONNECT + "hello"), handlers=connecting)
upgrade.add("CONNECT without listener", served, send(CONNECT), until_end())
upgrade.add(
    "CONNECT with a length",
    served,
    send("CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
    handlers=connecting,
)
upgrade.add(
    "CONNECT / and absolute", served, send("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"), handlers=connecting
)
upgrade.add("CONNECT 1.0", served, send("CONNECT a:80 HTTP/1.0\r\n\r\n"), handlers=connecting)
upgrade.add("head by bytes", served, split(UP, 7), send("x"), handlers=taking)

# --- given by hand
ESTABLISHED = "HTTP/1.1 200 OK\r\n\r\n"
give = call("server.emit", "connection", ref("socket"))
giving = [call("socket.write", ESTABLISHED), call("socket.unshift", ref("head")), give]
giving_apart = [call("socket.write", ESTABLISHED), give]
FACTS = get("socket.bytesRead", "socket.bytesWritten", "socket.destroyed", "socket.timeout")


def given(
    name: str, *client: Step | str, program: Program = served, how: Program = giving, **more: Any
) -> None:
    """Add a program whose server takes back, by hand, what CONNECT or an upgrade has opened."""
    handlers = {"connect": how, "upgrade": how}
    upgrade.add(f"given by hand: {name}", program, *client, handlers=handlers, **more)


given("in one packet", send(CONNECT + GET), send(GET))
given("apart", send(CONNECT), send(GET), send(GET_CLOSE), until_end(), how=giving_apart)
given("cut", send(CONNECT + GET + GET[:5]), send(GET[5:] + GET_CLOSE), until_end())
given("cut in the head", send(CONNECT + GET[:5]), send(GET[5:]))
given("of an upgrade", send(UP + GET), send(GET))
given("behind a request", send(GET), send(CONNECT + GET), send(GET_CLOSE), until_end())
given("twice", send(CONNECT), send(CONNECT), send(GET_CLOSE), until_end(), how=giving_apart)
given(
    "a body", send(CONNECT), send(post("abc")), send(chunked("def", "gh")), how=giving_apart, program=tell_all
)
given("a body in the packet", send(CONNECT + post("abc") + GET), program=tell_all)
given("a pipeline", send(CONNECT + GET * 5), send(GET * 3))
given("facts", send(CONNECT + GET), send(GET), program=[same("socket.server", "server"), FACTS, *served])
given(
    "facts apart",
    send(CONNECT),
    send(GET),
    program=[same("socket.server", "server"), FACTS, *served],
    how=giving_apart,
)
given("what is no request", send(CONNECT + "what?\r\n\r\n"), until_end())
given(
    "what is no request, heard",
    send(CONNECT + "what?\r\n\r\n"),
    until_end(),
    server=[on("server.clientError", call("arg1.end", "bye"))],
)
given("ended behind a request", send(CONNECT), send(GET), fin(), until_end(), how=giving_apart)
given("ended", send(CONNECT), fin(), until_end(), how=giving_apart)
given("reset", send(CONNECT), rst(), how=giving_apart)
given("told", send(CONNECT + GET), server=[hear("server.connection", log("connection"))])
given("never kept", send(CONNECT + GET), until_end(), options={"keepAliveTimeout": 1})
given(
    "events of its socket",
    send(CONNECT),
    send(GET_CLOSE),
    until_end(),
    how=[on("socket.end"), on("socket.finish"), on("socket.close"), on("socket.error"), *giving_apart],
)
given(
    "events of its socket, ended",
    send(CONNECT),
    send(GET),
    fin(),
    until_end(),
    how=[on("socket.end"), on("socket.finish"), on("socket.close"), on("socket.error"), *giving_apart],
)
given(
    "cut by all",
    send(CONNECT),
    send(GET),
    until_end(),
    program=[call("server.closeAllConnections")],
    how=giving_apart,
)
given(
    "data of its socket",
    send(CONNECT),
    send(GET),
    how=[hear("socket.data", log("data", ref("arg0"))), *giving_apart],
    known="D45",
)
given(
    "behind a request that is due",
    send(GET),
    send(CONNECT + GET),
    tell("go"),
    program=[when("req.method", "GET", wait("go", *served))],
    known="D45",
)

# --- half-close
ends = [
    on("socket.end"),
    on("socket.finish"),
    on("socket.close"),
    on("res.finish"),
    on("res.close"),
    on("req.aborted"),
    on("req.close"),
]
noticing = [hear("server.connection", on("arg0.end"), on("arg0.finish"), on("arg0.close"), on("arg0.error"))]
for label, text in {"in the head": R, "in the body": post("abc")[:-1]}.items():
    half_close.add(
        f"{label}, clientError and 'end'",
        [*ends],
        send(text),
        fin(),
        until_end(),
        server=[*noticing, on("server.clientError", call("arg1.end", "bye"))],
    )
half_close.add("before a byte", served, connect(), fin(), until_end(), server=noticing)
half_close.add("after CRLFs", served, send("\r\n"), fin(), until_end(), server=noticing)
half_close.add("in the request line", served, send("GET /"), fin(), until_end(), server=noticing)
half_close.add("in the head", served, send(R), fin(), until_end(), server=noticing)
half_close.add("in the body", [*ends], send(post("abc")[:-1]), fin(), until_end())
half_close.add("in the chunks", [*ends], send(C + "3\r\nab"), fin(), until_end())
half_close.add("before the last CRLF", [*ends], send(C + "0\r\n"), fin(), until_end())
half_close.add("after an answered request", [*ends, *served], send(GET), fin(), until_end())
half_close.add(
    "after an answered request and CRLFs", [*ends, *served], send(GET), send("\r\n"), fin(), until_end()
)
half_close.add(
    "with the body read",
    [hear("req.data"), hear("req.end", log("end")), *ends, wait("go", call("res.end", "x"))],
    send(post("abc")),
    fin(),
    tell("go"),
    until_end(),
)
half_close.add(
    "while streaming",
    [*ends, quiet("res.write", "a"), wait("go", call("res.write", "b"), call("res.end"))],
    send(GET),
    fin(),
    tell("go"),
    until_end(),
)
half_close.add("0.9 request", served, send("GET /\n"), fin(), until_end())
