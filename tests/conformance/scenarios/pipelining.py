"""Several requests on their way, and handlers that fail."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

pipelining = Group("pipelining", "Several requests on their way")
failures = Group("failing handlers", "Async listeners that fail")
GROUPS = [pipelining, failures]

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
