"""The order of events in the life of a response, case by case, in both modes."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

order = Group("order of events", "finish, close, callbacks and the socket's events, case by case")
order_default = Group(
    "one ending", "The same with exactly one ending for each response, which is the default"
)
GROUPS = [order, order_default]

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
    "304 with data": (
        [put("res.statusCode", 304), call("res.write", "a", cb("w")), call("res.end", "b", cb("cb"))],
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
    "client gone by FIN while streaming": (
        [call("res.write", BIG, cb("w")), on("res.drain")],
        [*slow, fin(), go_on(), until_end()],
    ),
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
    timing = "timeout" in label or "half-close" in label or "big end" in label
    order.add(label, [*watch, *program], *client, timing=timing, **marked)
    order_default.add(label, [*endings, *rest, *program], *client, timing=timing, options=ONE, **marked)
for label, (program, client) in FALSE_FINISH.items():
    whole = {"cut": False} if label == "parse error, big end pending" else {}
    gone = hear("socket.close", signal("gone"))
    order.add(label, [*watch, gone, *program], *client, known="D2", timing=True, **whole)
    order_default.add(
        label, [*endings, *rest, gone, *program], *client, options=ONE, known="D2", timing=True, **whole
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
