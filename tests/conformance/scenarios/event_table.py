"""The table of event orders: each of its rows with every listener there is, in both modes of the ending."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

table = Group(
    "table of orders", "Every event of request, response and socket, in every case of a request's life"
)
GROUPS = [table]

ok = quiet("res.end", "x")
returns = log("the handler returns")
response = [on("res.finish"), on("res.close"), on("res.error")]
socket = [on("socket.end"), on("socket.finish"), on("socket.error"), on("socket.close")]
silent = [on(f"req.{name}") for name in ("pause", "resume", "aborted", "close")]
quietly = [*silent, *response, *socket]  # neither starts a flow nor hears 'end' and 'error'
unread = [*quietly, on("req.end"), on("req.error")]
reading = [*unread, on("req.data")]
answering = [*quietly, on("req.error"), on("req.data"), on("req.end", ok)]
pulling = [on("req.readable", call("req.read")), on("req.end", ok)]
complaining = [on("server.clientError", call("arg1.destroy", ref("arg0")))]

HEAD_ONLY = post("abcdef")[:-6]
PART = post("abcdef")[:-3]

Case = tuple[Program, list[Any], dict[str, Any]]


def case(program: Program, *client: Any, **more: Any) -> Case:
    return [*program, returns], list(client) or [send(GET)], more


ROWS: dict[str, Case] = {
    "GET, answered, untouched": case([*unread, ok]),
    "GET, answered, nobody listens to it": case([*response, *socket, ok]),
    "GET, 'data' and 'end'": case(answering),
    "GET, 'end' alone": case([*unread, wait("go", ok)], send(GET), tell("go"), settle()),
    "GET, 'readable'": case([*quietly, on("req.error"), *pulling]),
    "GET, iterated": case([*quietly, iterate("req", log("the loop ends"), ok)]),
    "POST in the packet, 'data'": case(answering, post("abc")),
    "POST in chunks in the packet, 'data'": case(answering, chunked("a", "bc", trailers="X: 1\r\n")),
    "POST in later packets, 'data'": case(answering, send(HEAD_ONLY), send("abc"), send("def")),
    "POST, 'readable'": case([*quietly, on("req.error"), *pulling], post("abc")),
    "POST in later packets, 'readable'": case(
        [*quietly, on("req.error"), *pulling], send(HEAD_ONLY), send("abc"), send("def")
    ),
    "POST, iterated": case([*quietly, iterate("req", log("the loop ends"), ok)], post("abc")),
    "POST in later packets, iterated": case(
        [*quietly, iterate("req", log("the loop ends"), ok, each=[log("piece")])],
        send(HEAD_ONLY),
        send("abc"),
        send("def"),
    ),
    "POST, never read, answered in the handler": case([*unread, ok], post("abc")),
    "POST, never read, answered in the handler, body later": case(
        [*unread, ok], send(HEAD_ONLY), send("abc"), send("def")
    ),
    "POST, never read, answered later": case(
        [*unread, wait("go", ok)], send(post("abc")), tell("go"), settle()
    ),
    "POST, never read, answered in mid-body": case(
        [*unread, wait("go", ok)], send(PART), tell("go"), send("def")
    ),
    "POST, answered before it is read": case([*reading, ok], send(HEAD_ONLY), send("abc"), send("def")),
    "paused in 'data', resumed later": case(
        [
            *unread,
            on("req.data", call("req.pause"), wait("go", call("req.resume")), how="once"),
            on("req.data"),
            hear("req.end", ok),
        ],
        send(chunked("a", "b", "c")),
        tell("go"),
        settle(),
    ),
    "Expect, no listener": case(
        answering, send(request("POST", "/", "Expect: 100-continue", "Content-Length: 3")), send("abc")
    ),
    "Expect, 'checkContinue'": case(
        [],
        send(request("POST", "/", "Expect: 100-continue", "Content-Length: 3")),
        send("abc"),
        handlers={"checkContinue": [call("res.writeContinue"), *answering]},
    ),
    "upgrade, read": case(
        [],
        send(request("GET", "/", "Connection: upgrade", "Upgrade: x")),
        handlers={"upgrade": [on("req.end"), on("req.close"), on("req.data"), get("req.complete")]},
    ),
    "upgrade, not read": case(
        [],
        send(request("GET", "/", "Connection: upgrade", "Upgrade: x")),
        handlers={"upgrade": [on("req.end"), on("req.close"), get("req.complete")]},
    ),
    "CONNECT, read": case(
        [],
        send("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
        handlers={"connect": [on("req.end"), on("req.close"), on("req.data"), get("req.complete")]},
    ),
    "destroyed in the handler": case([*unread, call("req.destroy")], send(GET), until_end()),
    "destroyed in the handler, POST": case([*unread, call("req.destroy")], send(post("abc")), until_end()),
    "destroyed in the handler, in mid-body": case([*unread, call("req.destroy")], send(PART), until_end()),
    "destroyed with an error": case([*unread, call("req.destroy", error("x", "X"))], send(GET), until_end()),
    "destroyed with an error, nobody hears": case(
        [*quietly, call("req.destroy", error("x", "X"))], send(GET), until_end()
    ),
    "destroyed in 'end'": case(
        [*quietly, on("req.data"), on("req.end", call("req.destroy"), later(ok))], send(post("abc")), GET
    ),
    "destroyed behind 'end'": case(
        [*quietly, on("req.data"), on("req.end", later(call("req.destroy"), ok))], send(post("abc")), GET
    ),
    "a parse error in the body": case(reading, send(chunked("a", end=False)), send("z\r\n"), until_end()),
    "a parse error in the body, unread": case(
        unread, send(chunked("a", end=False)), send("z\r\n"), until_end()
    ),
    "a parse error in the body, iterated": case(
        [*quietly, iterate("req", log("the loop ends"))],
        send(chunked("a", end=False)),
        send("z\r\n"),
        until_end(),
    ),
    "a parse error in the body, 'clientError'": case(
        reading, send(chunked("a", end=False)), send("z\r\n"), until_end(), server=complaining
    ),
    "408": case(
        reading,
        send(PART),
        until_end(),
        options={"requestTimeout": 200, "headersTimeout": 150, "connectionsCheckingInterval": 20},
        timing=True,
    ),
}
GONE: dict[str, tuple[Program, str]] = {
    "in mid-body, 'data'": (reading, PART),
    "in mid-body, unread": (unread, PART),
    "in mid-body, no 'error' listener": (quietly, PART),
    "in mid-body, iterated": ([*quietly, iterate("req", log("the loop ends"))], PART),
    "complete but not read": (unread, post("abc")),
    "complete but not read, GET": (unread, GET),
    "complete but not read, no 'error' listener": (quietly, GET),
    "read to the end": (reading, post("abc")),
    "read to the end, GET": ([*unread, call("req.resume")], GET),
    "behind the answer, body incomplete": ([*reading, ok], PART),
    "behind the answer, body incomplete, unread": ([*unread, ok], PART),
    "behind the answer": ([*unread, ok], post("abc")),
    "in a streamed answer": ([*unread, call("res.write", "a")], GET),
}
for label, (program, text) in GONE.items():
    for how, steps in {"FIN": [fin(), until_end()], "RST": [rst()]}.items():
        ROWS[f"client gone {label}, {how}"] = case(program, send(text), *steps)
        if "mid-body" in label:
            ROWS[f"client gone {label}, 'clientError', {how}"] = case(
                program, send(text), *steps, server=complaining
            )
for label, (program, client, more) in ROWS.items():
    for mode, option in {"one ending": False, "both": True}.items():
        given = {"emitCloseAfterFinish": option, **more.get("options", {})}
        table.add(f"{label}: {mode}", program, *client, **{**more, "options": given})
