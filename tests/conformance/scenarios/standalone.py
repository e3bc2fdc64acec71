"""Responses made by hand, subclasses, OutgoingMessage."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

standalone = Group("standalone", "Responses made by hand, subclasses, OutgoingMessage")
GROUPS = [standalone]

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


def replaced(name: str, methods: tuple[str, ...], program: Program) -> None:
    """Replace methods on the one response, as middleware does: each logs and calls the one before."""
    before = []
    for method in methods:
        passed_on = call(
            f"res.before_{method}", *(ref(f"arg{n}") for n in range(1 if method == "writeHead" else 2))
        )
        before.append(put(f"res.before_{method}", ref(f"res.{method}")))
        before.append(put(f"res.{method}", cb(method, passed_on)))
    standalone.add(f"replaced on the response: {name}", [*before, *program])


replaced("writeHead, end", ("writeHead",), [call("res.end", "x")])
replaced("writeHead, write", ("writeHead",), [call("res.write", "x"), call("res.end")])
replaced("writeHead, flushHeaders", ("writeHead",), [call("res.flushHeaders"), call("res.end")])
replaced("writeHead, called", ("writeHead",), [call("res.writeHead", 201), call("res.end", "x")])
replaced("write, end", ("write",), [call("res.write", "x", "latin1"), call("res.end", "y")])
replaced(
    "the store, mapping",
    ("setHeader", "appendHeader"),
    [call("res.setHeader", "Z", "1"), call("res.writeHead", 200, {"A": "1"}), call("res.end")],
)
replaced(
    "the store, list",
    ("setHeader", "appendHeader"),
    [call("res.setHeader", "Z", "1"), call("res.writeHead", 200, ["A", "1", "a", "2"]), call("res.end")],
)
replaced(
    "setHeaders",
    ("setHeader",),
    [call("res.setHeaders", mapping(["A", "1"], ["set-cookie", "b"])), call("res.end")],
)
replaced(
    "informational",
    ("writeInformation",),
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
