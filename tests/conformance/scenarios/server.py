"""The server: listening, accepting, keep-alive, closing."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

listen = Group("listen and close", "listen, address, close, the errors of both")
accepting = Group("accepting", "'connection', maxConnections, 'drop', getConnections")
keeping = Group("keep-alive", "Which connections stay, and what becomes of unread bodies")
closing = Group("closing", "close, closeIdleConnections, closeAllConnections with every kind of connection")
GROUPS = [listen, accepting, keeping, closing]

ok = call("res.end", "x")


def server_only(
    group: Group, name: str, *program: Instruction, known: str | None = None, **more: Any
) -> None:
    group.add(
        name,
        None,
        settle(),
        server=list(program),
        listen=False,
        **({"known": known} if known else {}),
        **more,
    )


# --- listen


def listens(name: str, *program: Instruction, known: str | None = None, **more: Any) -> None:
    server_only(
        listen,
        name,
        on("server.listening", get("server.listening")),
        on("server.close"),
        on("server.error", get("arg0.syscall", "arg0.code")),
        *program,
        known=known,
        **more,
    )


shut = hear("server.listening", call("server.close", cb("closed")))
local = {"port": 0, "host": "127.0.0.1"}
listens("port and host", shut, quiet("server.listen", 0, "127.0.0.1"), get("server.listening"))
listens(
    "port only is bound at once", shut, quiet("server.listen", 0), get("server.listening", "server.listening")
)
listens("nothing", shut, quiet("server.listen"))
listens("callback", shut, quiet("server.listen", 0, cb("up")))
listens("host and callback", shut, quiet("server.listen", 0, "127.0.0.1", cb("up")))
listens("backlog and callback", shut, quiet("server.listen", 0, 10, cb("up")))
listens("host, backlog, callback", shut, quiet("server.listen", 0, "127.0.0.1", 10, cb("up")))
listens("mapping and callback", shut, quiet("server.listen", local, cb("up")))
listens("text port", shut, quiet("server.listen", "0"))
listens(
    "family of an IPv4 address",
    hear("server.listening", quiet("server.address"), call("server.close")),
    quiet("server.listen", local),
)
listens(
    "address before and after",
    call("server.address"),
    hear("server.close", call("server.address")),
    shut,
    quiet("server.listen", local),
)
for label, value in {
    "too high": 65536,
    "negative": -1,
    "fraction": 1.5,
    "NaN": NAN,
    "true": True,
    "object": {},
    "list": [],
    "port null": {"port": None, "host": "127.0.0.1"},
    "bad port in mapping": {"port": "x"},
    "port false": {"port": False},
}.items():
    if label != "port null":
        listens(f"bad {label}", call("server.listen", value), get("server.listening"))
listens("address not ours", call("server.listen", 0, "192.0.2.1"))
listens("missing directory", call("server.listen", "/nonexistent/dir/sock"))
listens(
    "twice",
    quiet("server.listen", local),
    hear("server.listening", call("server.listen", local), call("server.close")),
)
listens(
    "again after close",
    hear("server.listening", call("server.close"), how="once"),
    hear("server.close", shut, quiet("server.listen", local), how="once"),
    quiet("server.listen", local),
)
listens(
    "close before 'listening'",
    quiet("server.listen", 0),
    call("server.close", cb("closed")),
    get("server.listening"),
)
listens("close without listening", call("server.close"))
listens("close without listening, callback", call("server.close", cb("closed")))
listens(
    "close twice",
    hear("server.listening", call("server.close", cb("one")), call("server.close", cb("two"))),
    quiet("server.listen", local),
)
again = [
    call("http.createServer", save="other"),
    hear("other.error", get("arg0.code", "arg0.syscall", "arg0.address"), call("server.close")),
    on("other.listening", call("other.close"), call("server.close")),
]
listens(
    "address of IPv4",
    hear("server.listening", call("server.address"), call("server.close")),
    quiet("server.listen", local),
)
listens(
    "address without a host",
    hear("server.listening", call("server.address"), call("server.close")),
    quiet("server.listen", 0),
)
listens(
    "host 0.0.0.0",
    hear("server.listening", call("server.address"), call("server.close")),
    quiet("server.listen", 0, "0.0.0.0"),
)
listens(
    "a name for a host",
    hear("server.listening", get("server.listening"), call("server.close")),
    quiet("server.listen", 0, "localhost"),
)
listens(
    "a second time while the name of the first is looked up",
    shut,
    quiet("server.listen", 0, "localhost", cb("first")),
    get("server.listening"),
    quiet("server.listen", 0, "127.0.0.1", cb("second")),
)
listens(
    "closed while the name is looked up",
    quiet("server.listen", 0, "localhost", cb("up")),
    call("server.close", cb("closed")),
)
listens(
    "port is taken",
    *again,
    hear(
        "server.listening",
        call("server.address", save="a"),
        quiet("other.listen", ref("a.port"), "127.0.0.1"),
        get("other.listening"),
    ),
    quiet("server.listen", 0, "127.0.0.1"),
)
listens(
    "port is taken, both by reusePort",
    *again,
    hear(
        "server.listening",
        call("server.address", save="a"),
        quiet("other.listen", {"port": ref("a.port"), "host": "127.0.0.1", "reusePort": True}),
    ),
    quiet("server.listen", {"port": 0, "host": "127.0.0.1", "reusePort": True}),
)
listens(
    "port is taken, callback of the failed one",
    again[0],
    hear("other.error", quiet("other.listen", 0, "127.0.0.1", cb("second"))),
    hear("other.listening", call("other.close"), call("server.close")),
    hear(
        "server.listening",
        call("server.address", save="a"),
        quiet("other.listen", ref("a.port"), "127.0.0.1", cb("first")),
    ),
    quiet("server.listen", 0, "127.0.0.1"),
    known="D19",
)
listens(
    "port is free again after close",
    *again[:1],
    on("other.listening", call("other.close")),
    hear(
        "server.listening",
        call("server.address", save="a"),
        hear("server.close", quiet("other.listen", ref("a.port"), "127.0.0.1"), how="once"),
        call("server.close"),
    ),
    quiet("server.listen", 0, "127.0.0.1"),
)
listens("backlog 0", shut, quiet("server.listen", {"port": 0, "host": "127.0.0.1", "backlog": 0}))
listens(
    "ipv6Only",
    hear("server.listening", call("server.address"), call("server.close")),
    quiet("server.listen", {"port": 0, "host": "::", "ipv6Only": True}),
)
listen.add(
    "unix socket", [get("socket.remoteAddress", "socket.localAddress"), call("socket.address"), ok], unix=True
)
listen.add("served after 'listening'", [ok], GET, server=[on("server.listening", get("server.listening"))])

# --- accepting

accepting.add(
    "connection event", [ok], GET, server=[on("server.connection", get("arg0.readyState", "arg0.bytesRead"))]
)
accepting.add(
    "connection listener before the request",
    [same("socket", "seen"), ok],
    GET,
    server=[hear("server.connection", log("connection"))],
)
accepting.add(
    "maxConnections 1",
    [wait("go", ok)],
    send(GET),
    connect("d"),
    until_end("d"),
    tell("go"),
    settle(),
    server=[put("server.maxConnections", 1), hear("server.drop", log("drop"))],
)
accepting.add(
    "maxConnections 0",
    None,
    connect(),
    until_end(),
    server=[put("server.maxConnections", 0), hear("server.drop", log("drop"))],
)
accepting.add(
    "room again",
    [ok],
    send(GET_CLOSE),
    until_end(),
    connect("d"),
    send(GET, conn="d"),
    server=[put("server.maxConnections", 1), on("server.drop")],
)
accepting.add("getConnections", [call("server.getConnections", cb("count", ok))], GET)
accepting.add(
    "getConnections of two",
    [ok, later(call("server.getConnections", cb("count")))],
    connect(),
    connect("d"),
    send(GET),
    send(GET, conn="d"),
)
accepting.add(
    "destroyed in 'connection'",
    None,
    connect(),
    until_end(),
    server=[hear("server.connection", call("arg0.destroy"), on("arg0.close"))],
)
accepting.add(
    "written to in 'connection'",
    [ok],
    GET,
    server=[hear("server.connection", call("arg0.write", "hello\r\n"))],
)
accepting.add(
    "never a byte",
    [ok],
    connect(),
    leave(),
    server=[hear("server.connection", on("arg0.end"), on("arg0.close"), on("arg0.error"))],
)
accepting.add(
    "several connections",
    [ok],
    connect("a"),
    connect("b"),
    connect("d"),
    send(GET, conn="b"),
    send(GET, conn="a"),
    send(GET, conn="d"),
)

accepting.add(
    "drop tells where",
    None,
    connect(),
    until_end(),
    server=[
        put("server.maxConnections", 0),
        hear("server.drop", get("arg0.localAddress", "arg0.remoteAddress", "arg0.localFamily")),
    ],
)

accepting.add(
    "drop on a Unix socket",
    None,
    connect(),
    until_end(),
    server=[put("server.maxConnections", 0), on("server.drop")],
    unix=True,
)

# --- keep-alive

rest = [on("req.data"), on("req.end"), on("req.close"), on("req.aborted"), on("res.finish")]
keeping.add("ten requests", [call("res.end", ref("req.url"))], *[request("GET", f"/{n}") for n in range(10)])
keeping.add("asked to close", [ok], send(GET_CLOSE), until_end())
keeping.add(
    "asked to close, kept by the handler",
    [quiet("res.setHeader", "Connection", "keep-alive"), ok],
    send(GET_CLOSE),
)
keeping.add(
    "asked to close, kept, next byte",
    [quiet("res.setHeader", "Connection", "keep-alive"), ok],
    send(GET_CLOSE),
    send("G"),
    settle(),
    known="D20",
)
keeping.add(
    "1.0 kept with a length", [quiet("res.setHeader", "Content-Length", 1), ok], GET10_KEEP, GET10_KEEP
)
keeping.add("1.0 TE chunked kept", [ok], GET10_TE, GET10_TE)
keeping.add("1.0 not kept", [ok], send(GET10_KEEP), until_end())
keeping.add("removed Connection, 1.1", [quiet("res.removeHeader", "Connection"), ok], GET, GET)
keeping.add(
    "removed Connection, close asked",
    [quiet("res.removeHeader", "Connection"), ok],
    send(GET_CLOSE),
    until_end(),
)
keeping.add("body unread, in the packet", [*rest[1:], ok], post("abc"), GET)
keeping.add("body unread, later", [*rest[1:], ok], send(post("abc")[:-2]), send("bc"), send(GET))
keeping.add(
    "body unread, chunked, later",
    [*rest[1:], ok],
    send(chunked("abc", end=False)),
    send("2\r\nde\r\n"),
    send("0\r\n\r\n"),
    send(GET),
)
keeping.add("body unread, large", [*rest[1:], ok], send(post("a" * 300_000)), send(GET))
keeping.add(
    "body flowing, goes on after finish",
    [*rest, ok],
    send(post("abcdef")[:-4]),
    send("cd"),
    send("ef"),
    send(GET),
)
keeping.add(
    "body touched and paused",
    [*rest[1:], quiet("req.pause"), ok],
    send(post("abcdef")[:-4]),
    send("cdef"),
    send(GET),
)
keeping.add(
    "body read in part, paused",
    [hear("req.data", call("req.pause")), *rest[1:], later(ok)],
    send(post("abcdef")[:-4]),
    send("cdef"),
    send(GET),
)
keeping.add(
    "body read in part, paused, the rest larger than the buffer in one packet",
    [hear("req.data", call("req.pause")), *rest[1:], later(ok)],
    send(post("ab" + 100 * "c")[:-100]),
    send(100 * "c"),
    send(GET),
    options={"highWaterMark": 64},
)
keeping.add(
    "body read in part, paused, the rest larger than the buffer",
    [hear("req.data", call("req.pause")), *rest[1:], later(ok)],
    send(post("ab" + 100 * "c")[:-100]),
    send(90 * "c"),
    send(10 * "c"),
    send(GET),
    options={"highWaterMark": 64},
    known="D22",
)
keeping.add(
    "closing answer, body still coming",
    [*rest[1:], quiet("res.setHeader", "Connection", "close"), ok],
    send(post("abc")[:-2]),
    until_end(),
)
keeping.add(
    "request after the last allowed",
    [ok],
    GET,
    GET,
    GET,
    server=[put("server.maxRequestsPerSocket", 2), on("server.dropRequest")],
    known="D31",
)
keeping.add(
    "last allowed, pipelined",
    [ok],
    send(GET * 3),
    server=[put("server.maxRequestsPerSocket", 2), on("server.dropRequest")],
    known="D31",
)
keeping.add("Proxy-Connection", [ok], send(request("GET", "/", "Proxy-Connection: close")), until_end())
for n in (1, 2, 5):
    keeping.add(f"{n} then close", [ok], *[send(GET)] * n, send(GET_CLOSE), until_end())

# --- closing

quick = {"keepAliveTimeout": 1, "keepAliveTimeoutBuffer": 0}
seen = [on("res.finish"), on("res.close"), on("req.aborted"), on("req.close"), on("socket.close")]
shutting = [on("server.close")]
closing.add(
    "close in the handler, then end",
    [*seen, call("server.close", cb("closed")), wait("go", ok)],
    send(GET),
    tell("go"),
    until_end(),
    server=shutting,
    options=quick,
    known="D23",
)
closing.add(
    "close after the answer",
    [*seen, ok, later(call("server.close", cb("closed")))],
    send(GET),
    until_end(),
    server=shutting,
)
closing.add(
    "close with an idle and a busy one",
    [
        route(
            a=[ok],
            b=[
                *seen,
                call("server.close", cb("closed")),
                wait("go", quiet("res.setHeader", "Connection", "close"), ok),
            ],
        )
    ],
    connect("a"),
    connect("b"),
    send(A := request("GET", "/a"), conn="a"),
    send(request("GET", "/b"), conn="b"),
    until_end("a"),
    tell("go"),
    until_end("b"),
    server=shutting,
)
closing.add(
    "closeAllConnections",
    [*seen, call("server.closeAllConnections"), get("server.listening")],
    send(GET),
    until_end(),
    server=shutting,
)
closing.add(
    "closeAllConnections, streaming",
    [*seen, quiet("res.write", "abc"), later(call("server.closeAllConnections"))],
    send(GET),
    until_end(),
)
closing.add(
    "closeIdleConnections leaves the busy",
    [call("server.closeIdleConnections"), wait("go", ok)],
    send(GET),
    tell("go"),
    settle(),
)
closing.add(
    "closeIdleConnections ends the idle",
    [route(a=[*seen, ok], b=[call("server.closeIdleConnections"), ok])],
    connect("a"),
    connect("b"),
    send(request("GET", "/a"), conn="a"),
    send(request("GET", "/b"), conn="b"),
    until_end("a"),
)
closing.add(
    "closeIdleConnections and half a head",
    [route(a=[ok], b=[call("server.closeIdleConnections"), ok])],
    connect("a"),
    connect("b"),
    send(request("GET", "/a"), conn="a"),
    send("GET / HT", conn="a"),
    send(request("GET", "/b"), conn="b"),
)
closing.add(
    "closeIdleConnections and one never used",
    [call("server.closeIdleConnections"), ok],
    connect("a"),
    connect("b"),
    send(GET, conn="b"),
)
closing.add(
    "closeIdleConnections and CRLFs",
    [route(a=[ok], b=[call("server.closeIdleConnections"), ok])],
    connect("a"),
    connect("b"),
    send(request("GET", "/a"), conn="a"),
    send("\r\n\r\n", conn="a"),
    send(request("GET", "/b"), conn="b"),
    until_end("a"),
)
closing.add(
    "closeIdleConnections and an unfinished body",
    [route(a=[ok], b=[call("server.closeIdleConnections"), ok])],
    connect("a"),
    connect("b"),
    send(post("abc", url="/a")[:-1], conn="a"),
    send(request("GET", "/b"), conn="b"),
)
closing.add(
    "close then destroy the busy one",
    [*seen, call("server.close", cb("closed")), later(call("socket.destroy"))],
    send(GET),
    until_end(),
    server=shutting,
)
closing.add(
    "close with one never used",
    [call("server.close", cb("closed")), quiet("res.setHeader", "Connection", "close"), ok],
    connect("a"),
    connect("b"),
    send(GET, conn="b"),
    server=shutting,
    known="D23",
)
closing.add(
    "close twice with a busy one",
    [
        call("server.close", cb("one")),
        call("server.close", cb("two")),
        quiet("res.setHeader", "Connection", "close"),
        wait("go", ok),
    ],
    send(GET),
    tell("go"),
    until_end(),
    server=[*shutting, hear("server.connection", on("arg0.close"))],
)
closing.add(
    "close, listen and close again with a busy one",
    [
        call("server.close", cb("one")),
        hear("server.listening", call("server.close", cb("two"))),
        quiet("server.listen", local),
        quiet("res.setHeader", "Connection", "close"),
        wait("go", ok),
    ],
    send(GET),
    tell("go"),
    until_end(),
    server=shutting,
)
closing.add(
    "close with a busy one, listen again",
    [
        call("server.close", cb("one")),
        quiet("server.listen", local),
        quiet("res.setHeader", "Connection", "close"),
        wait("go", ok),
        wait("end", call("server.close", cb("two"))),
    ],
    send(GET),
    tell("go"),
    until_end(),
    tell("end"),
    settle(),
    server=shutting,
)
closing.add(
    "close with an upgraded one",
    [],
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x")),
    tell("close"),
    send("hello"),
    leave(),
    handlers={
        "upgrade": [
            call("socket.write", "101"),
            hear("socket.data", log("data", ref("arg0"))),
            on("socket.close"),
            on("socket.end", call("socket.end")),
            wait(
                "close",
                call("server.close", cb("closed")),
                call("server.closeIdleConnections"),
                call("server.getConnections", cb("count")),
            ),
        ]
    },
    server=shutting,
)
closing.add(
    "close with half a head",
    [*seen, quiet("res.setHeader", "Connection", "close"), ok],
    connect("half"),
    connect("c"),
    send("GET / HTTP/1.1\r\nHo", conn="half"),
    send(GET),
    tell("close"),
    send("st: a\r\n\r\n", conn="half"),
    until_end("half"),
    server=[*shutting, wait("close", call("server.close", cb("closed")))],
)
closing.add(
    "closeAllConnections with half a head and half a body",
    [*seen, on("req.error"), hear("req.data")],
    connect("half"),
    connect("body"),
    connect("silent"),
    send("GET / HTTP/1.1\r\nHo", conn="half"),
    send(post("abc")[:-1], conn="body"),
    tell("close"),
    until_end("half"),
    until_end("body"),
    until_end("silent"),
    server=[*shutting, wait("close", call("server.closeAllConnections"), get("server.listening"))],
)
closing.add(
    "close with a pipeline",
    [route(a=[wait("a", ok)], b=[wait("b", ok)])],
    send(request("GET", "/a") + request("GET", "/b")),
    tell("close"),
    tell("a"),
    tell("b"),
    until_end(),
    server=[*shutting, wait("close", call("server.close", cb("closed")))],
    options=quick,
    known="D23",
)
closing.add(
    "close with a streamed answer",
    [*seen, call("res.write", "a"), wait("go", call("res.end", "b"))],
    send(GET),
    tell("close"),
    tell("go"),
    until_end(),
    server=[*shutting, wait("close", call("server.close", cb("closed")))],
    options=quick,
)


# --- half-close

half = Group("half-close", "httpAllowHalfOpen: a FIN while responses are under way")
GROUPS.append(half)

GET_1 = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
CUT_SHORT = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"
watch = [
    on("req.close"),
    on("res.finish"),
    on("res.close"),
    on("socket.end"),
    on("socket.close", get("arg0")),
]
late = [*watch, wait("go", call("res.end", "x", cb("cb")))]
for allowed in (False, True):
    allow = [put("server.httpAllowHalfOpen", allowed), get("server.httpAllowHalfOpen")]
    said = "allowed" if allowed else "not allowed"
    for name, (program, steps) in {
        "end later": (late, [send(GET_1), fin(), tell("go"), until_end()]),
        "write, end later": (
            [*watch, quiet("res.write", "abc"), wait("go", call("res.end", "x", cb("cb")))],
            [send(GET_1), fin(), tell("go"), until_end()],
        ),
        "end in the handler": (
            [*watch, call("res.end", "x")],
            [send(GET_1, settle=False), fin(), until_end()],
        ),
        "between requests": ([*watch, call("res.end", "x")], [send(GET_1), fin(), until_end()]),
        "before a request": (watch, [connect(), fin(), until_end()]),
        "in a body": (late, [send(CUT_SHORT), fin(), until_end()]),
        "two, end later": (late, [send(GET_1 + GET_1), fin(), tell("go"), until_end()]),
    }.items():
        half.add(f"{said}, {name}", program, *steps, server=allow)
