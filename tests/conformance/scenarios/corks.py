"""What goes on around a body: corks and drain, lengths, trailers, informational answers."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

cork = Group("cork and drain", "cork, uncork, back-pressure and 'drain'")
strict = Group("strict length", "strictContentLength")
trailers = Group("trailers", "addTrailers")
information = Group("informational", "100, 102, 103 and others before the answer")
GROUPS = [cork, strict, trailers, information]

done = quiet("res.end")
errors = on("res.error")

# --- cork and drain
cork.add(
    "chunked, three writes",
    [
        quiet("res.flushHeaders"),
        call("res.cork"),
        call("res.write", "a"),
        call("res.write", "bc"),
        call("res.uncork"),
        quiet("res.write", "d"),
        done,
    ],
)
cork.add(
    "first chunk inside",
    [
        call("res.cork"),
        call("res.write", "a"),
        call("res.write", "b"),
        call("res.write", "cc"),
        call("res.uncork"),
        call("res.write", "d"),
        done,
    ],
)
cork.add(
    "nothing is sent while corked",
    [
        quiet("res.flushHeaders"),
        call("res.cork"),
        call("res.write", "a"),
        wait("go", call("res.uncork"), done),
    ],
    send(GET),
    tell("go"),
    settle(),
)
cork.add(
    "raw framing",
    [
        quiet("res.setHeader", "Content-Length", 3),
        call("res.cork"),
        call("res.write", "a"),
        call("res.write", "bc"),
        wait("go", call("res.uncork"), done),
    ],
    send(GET),
    tell("go"),
    settle(),
)
cork.add(
    "nested",
    [
        quiet("res.flushHeaders"),
        call("res.cork"),
        call("res.cork"),
        call("res.write", "a"),
        call("res.uncork"),
        call("res.write", "b"),
        get("res.writableCorked"),
        call("res.uncork"),
        get("res.writableCorked"),
        done,
    ],
)
cork.add(
    "callbacks come after uncork",
    [
        quiet("res.flushHeaders"),
        call("res.cork"),
        call("res.write", "a", cb("1")),
        call("res.write", "b", cb("2")),
        later(log("later"), call("res.uncork"), later(done)),
    ],
)
cork.add(
    "end undoes it",
    [
        quiet("res.flushHeaders"),
        call("res.cork"),
        call("res.write", "a"),
        call("res.end", "b"),
        get("res.writableCorked"),
    ],
    known="D10",
)
cork.add(
    "end without data undoes it",
    [
        quiet("res.flushHeaders"),
        call("res.cork"),
        call("res.write", "a"),
        call("res.end"),
        get("res.writableCorked"),
    ],
    known="D10",
)
cork.add(
    "end undoes it, raw",
    [
        quiet("res.setHeader", "Content-Length", 2),
        call("res.cork"),
        call("res.write", "a"),
        call("res.end", "b"),
    ],
)
cork.add("end undoes it, length known by end", [call("res.cork"), call("res.end", "b")])
cork.add(
    "uncork below zero",
    [
        quiet("res.flushHeaders"),
        call("res.uncork"),
        get("res.writableCorked"),
        call("res.write", "a"),
        call("res.write", "b"),
        done,
    ],
    known="D10",
)
cork.add("uncork of nothing", [call("res.cork"), call("res.uncork"), done])
cork.add(
    "empty write inside",
    [
        quiet("res.flushHeaders"),
        call("res.cork"),
        call("res.write", ""),
        call("res.write", "a"),
        call("res.uncork"),
        done,
    ],
)
cork.add(
    "answer of write while corked",
    [
        quiet("res.flushHeaders"),
        later(
            call("res.cork"),
            call("res.write", times("x", 65000)),
            call("res.write", times("x", 600)),
            on("res.drain"),
            call("res.uncork"),
            later(done),
        ),
    ],
    send(GET),
    until("0\r\n\r\n"),
)
cork.add("HEAD", [call("res.cork"), call("res.write", "a"), call("res.uncork"), done], HEAD)
cork.add(
    "across turns",
    [
        quiet("res.flushHeaders"),
        call("res.cork"),
        call("res.write", "a"),
        later(call("res.write", "b"), later(call("res.uncork"), done)),
    ],
)
cork.add(
    "of the socket",
    [call("socket.cork"), call("res.write", "a"), get("socket.writableLength"), call("socket.uncork"), done],
)

cork.add(
    "drain after a large write",
    [
        call("res.write", times("x", 70000), cb("w")),
        on("res.drain", get("res.writableLength", "res.writableNeedDrain"), done),
    ],
    send(GET),
    until("0\r\n\r\n"),
)
cork.add(
    "no drain when ended",
    [call("res.write", times("x", 70000)), on("res.drain"), on("res.finish"), done],
    send(GET),
    until("0\r\n\r\n"),
)
cork.add("no drain below the mark", [call("res.write", times("x", 1000)), on("res.drain"), later(done)])
cork.add(
    "fill, drain, fill",
    [fill("res", times("x", 30000), 10), hear("res.drain", get("res.writableNeedDrain"), done)],
    send(GET),
    until("0\r\n\r\n"),
)
cork.add(
    "once per fill",
    [
        on("res.drain", fill("res", times("y", 40000), 9), hear("res.drain", done, how="once"), how="once"),
        fill("res", times("x", 40000), 9),
    ],
    send(GET),
    until("0\r\n\r\n"),
)
cork.add(
    "slow client",
    [on("res.drain", done), fill("res", times("x", 100_000), 200)],
    connect(rcvbuf=4096),
    stall(),
    send(GET),
    settle(),
    go_on(),
    until("0\r\n\r\n"),
)
cork.add(
    "client leaves with drain owed",
    [
        on("res.drain"),
        on("res.close"),
        on("res.finish"),
        on("req.aborted"),
        fill("res", times("x", 1_000_000), 20),
    ],
    connect(rcvbuf=4096),
    stall(),
    send(GET),
    leave(),
)
cork.add(
    "piped into",
    [
        hear("req.end", log("end")),
        on("res.pipe"),
        on("res.unpipe"),
        on("res.finish"),
        call("req.pipe", ref("res")),
    ],
    chunked("abc", "de"),
)
cork.add(
    "piped into, in pieces",
    [call("req.pipe", ref("res"))],
    *[send(piece) for piece in (chunked("x" * 3000, end=False), "5\r\nabcde\r\n", "0\r\n\r\n")],
)

# --- strict length
on_strict = put("res.strictContentLength", True)


def length(n: Any) -> Instruction:
    return quiet("res.setHeader", "Content-Length", n)


strict.add("right", [on_strict, length(3), call("res.write", "ab"), call("res.end", "c")])
strict.add(
    "end too long",
    [
        on_strict,
        length(1),
        call("res.end", "abc"),
        get("res.finished", "res.headersSent"),
        call("res.end", "a"),
    ],
    known="D11",
)
strict.add(
    "end too short",
    [
        on_strict,
        length(5),
        call("res.end", "abc"),
        get("res.finished", "res.headersSent"),
        call("res.end", "abcde"),
    ],
    known="D11",
)
strict.add(
    "end too short after write",
    [
        on_strict,
        length(5),
        call("res.write", "ab"),
        call("res.end", "c"),
        get("res.finished"),
        call("res.end", "cde"),
    ],
)
strict.add(
    "end without data, short",
    [
        on_strict,
        length(3),
        call("res.write", "ab"),
        call("res.end"),
        get("res.finished"),
        call("res.write", "c"),
        call("res.end"),
    ],
)
strict.add(
    "second write too long",
    [
        on_strict,
        length(3),
        call("res.write", "ab"),
        call("res.write", "cd"),
        call("res.write", "c"),
        call("res.end"),
    ],
)
strict.add("length counts bytes", [on_strict, length(3), call("res.end", "\u20ac")])
strict.add("text length", [on_strict, length("3"), call("res.end", "abc")])
strict.add(
    "length by writeHead",
    [
        on_strict,
        call("res.writeHead", 200, {"content-length": 3}),
        call("res.end", "ab"),
        call("res.end", "abc"),
    ],
)
strict.add(
    "end without a body",
    [on_strict, length(3), call("res.end"), get("res.finished", "res.headersSent"), call("res.end", "abc")],
)
strict.add("length zero", [on_strict, length(0), call("res.end")])
for label, prepare, text in (
    ("HEAD", [], HEAD),
    ("204", [put("res.statusCode", 204)], GET),
    ("304", [put("res.statusCode", 304)], GET),
):
    strict.add(
        f"never for {label}",
        [on_strict, *prepare, length(5), call("res.write", "a"), call("res.end", "b")],
        text,
    )
strict.add(
    "never when chunked",
    [
        on_strict,
        length(1),
        quiet("res.setHeader", "Transfer-Encoding", "chunked"),
        call("res.write", "abc"),
        call("res.end"),
    ],
)
strict.add("never without length", [on_strict, call("res.write", "abc"), call("res.end")])
strict.add(
    "switched on after the head",
    [length(3), call("res.write", "ab"), on_strict, call("res.write", "cd"), call("res.end", "c")],
    known="D11",
)
strict.add("off", [length(1), call("res.write", "abc"), call("res.end", "d")])


# --- trailers
def add(value: Any) -> Instruction:
    return call("res.addTrailers", value)


start = quiet("res.write", "a")
trailers.add("mapping", [start, add({"X-T": "1", "x-u": "2"}), done])
trailers.add("pairs", [start, add([["X-T", "1"], ["x-u", "a"], ["x-u", "b"]]), done])
trailers.add("list value", [start, add({"X-T": "1", "x-u": ["a", "b"]}), done])
trailers.add(
    "list value of a unique name", [start, add({"x-u": ["a", "b"]}), done], options={"uniqueHeaders": ["x-u"]}
)
trailers.add("number and bool", [start, add({"a": 1, "b": True}), done])
trailers.add("replaced", [start, add({"a": "1"}), add({"b": "2"}), done])
trailers.add("emptied", [start, add({"a": "1"}), add({}), done])
trailers.add("before the head", [add({"a": "1"}), start, done])
trailers.add("with data in end", [start, add({"a": "1"}), quiet("res.end", "b")])
trailers.add("lost with a known length", [add({"a": "1"}), call("res.end", "x")])
trailers.add(
    "Trailer header keeps it chunked",
    [quiet("res.setHeader", "Trailer", "a"), add({"a": "1"}), call("res.end", "x")],
)
trailers.add("Trailer header, nothing added", [quiet("res.setHeader", "Trailer", "a"), call("res.end", "x")])
trailers.add("after end", [start, done, add({"a": "1"})])
trailers.add("lost on HEAD", [add({"a": "1"}), call("res.write", "x"), done], HEAD)
trailers.add("lost on 1.0", [add({"a": "1"}), call("res.write", "x"), done], GET10)
trailers.add(
    "lost with a set length",
    [quiet("res.setHeader", "Content-Length", 1), add({"a": "1"}), call("res.end", "x")],
)
trailers.add("Content-Length as trailer", [start, add({"Content-Length": "5"}), done])
for label, value in {
    "bad name": {"b d": "1"},
    "empty name": {"": "1"},
    "bad value": {"a": "x\n"},
    "bad item": {"a": ["x", "\r"]},
    "value of high characters": {"a": "\u0141"},
}.items():
    trailers.add(label, [start, add(value), done], **({"known": "D12"} if label == "bad item" else {}))
trailers.add("error after a good one", [start, add([["a", "1"], ["b", "\n"]]), done], known="D12")
trailers.add(
    "Trailer refused, removed, repeated",
    [
        quiet("res.setHeader", "Trailer", "a"),
        quiet("res.setHeader", "Content-Length", 1),
        call("res.end", "x"),
        get("res.headersSent", "res.finished"),
        quiet("res.removeHeader", "Trailer"),
        call("res.end", "x"),
    ],
)
for label, text in {"HEAD": HEAD, "1.0": GET10}.items():
    trailers.add(
        f"Trailer refused on {label}",
        [
            quiet("res.setHeader", "Trailer", "a"),
            call("res.write", "x"),
            get("res.headersSent"),
            quiet("res.removeHeader", "Trailer"),
            call("res.end"),
        ],
        text,
    )
trailers.add(
    "Trailer by writeHead with length",
    [
        call("res.writeHead", 200, {"Trailer": "a", "Content-Length": 1}),
        get("res.headersSent"),
        call("res.end", "x"),
    ],
)

# --- informational
information.add("continue", [call("res.writeContinue", cb("c")), call("res.end", "x")])
information.add("processing", [call("res.writeProcessing", cb("c")), call("res.end", "x")])
information.add(
    "processing repeated, over turns",
    [call("res.writeProcessing"), later(call("res.writeProcessing"), call("res.end", "x"))],
)
information.add(
    "early hints",
    [call("res.writeEarlyHints", {"link": "</a>; rel=preload", "X-A": "1"}, cb("c")), call("res.end", "x")],
)
information.add(
    "early hints list",
    [call("res.writeEarlyHints", {"link": ["</a>; rel=preload", "<b>"]}), call("res.end", "x")],
)
information.add(
    "early hints, link not first",
    [call("res.writeEarlyHints", {"X-A": "1", "link": "<a>", "x-b": "2"}), call("res.end", "x")],
)
for label, hints in {
    "no link": {"x": "1"},
    "absent link": {"link": UNDEFINED},
    "empty list": {"link": []},
    "capital Link": {"Link": "<a>"},
    "text": "x",
    "list": ["a"],
    "null": None,
    "undefined": UNDEFINED,
    "number link": {"link": 5},
    "list of numbers": {"link": [5]},
    "bad field": {"link": "<a>", "b d": "1"},
    "bad value": {"link": "<a>", "b": "\n"},
}.items():
    information.add(
        f"early hints: {label}",
        [call("res.writeEarlyHints", hints, cb("c")), call("res.end", "x")],
        **({"known": "D39"} if label in ("no link", "absent link", "empty list", "capital Link") else {}),
    )
LINKS = (
    "</s.css>; rel=preload; as=style", "<a>", "<>", '<a>; x="y"', "<a>; crossorigin", "<a> ; a=b ; c",
    "", "bad", " <a>", "<a>;", '<a>; x="y', '<a>; title="a b"', "<a>,<b>", "<a>\n", "<a>; a=b=c", "<a\n>", "<a>; x=\u0141", '<a>;b="c";d',
)  # fmt: skip
for link in LINKS:
    information.add(f"link {link!r}", [call("res.writeEarlyHints", {"link": link}), call("res.end", "x")])
for code in (100, 102, 103, 104, 150, 199):
    information.add(f"writeInformation {code}", [call("res.writeInformation", code), call("res.end", "x")])
for label, code in {
    "101": 101,
    "99": 99,
    "200": 200,
    "text": "103",
    "float": 103.5,
    "NaN": NAN,
    "undefined": UNDEFINED,
    "null": None,
    "true": True,
}.items():
    information.add(
        f"writeInformation {label} refused", [call("res.writeInformation", code), call("res.end", "x")]
    )
for label, fields in {
    "mapping": {"A": "1", "b": ["2", "3"]},
    "flat": ["A", "1", "b", "2"],
    "pairs": [["A", "1"], ["b", "2"]],
    "odd": ["A"],
    "empty": {},
    "bad name": {"b d": "1"},
    "bad value": {"b": "\n"},
    "absent value": {"b": UNDEFINED},
    "text": "abc",
    "number": 5,
    "null": None,
    "undefined": UNDEFINED,
}.items():
    information.add(
        f"writeInformation fields {label}",
        [call("res.writeInformation", 103, fields, cb("c")), call("res.end", "x")],
    )
for name, args in {
    "writeContinue": [],
    "writeProcessing": [],
    "writeEarlyHints": [{"link": "<a>"}],
    "writeInformation": [103],
}.items():
    information.add(f"{name} after the head", [quiet("res.flushHeaders"), call(f"res.{name}", *args), done])
    information.add(
        f"{name} after writeHead", [quiet("res.writeHead", 200), call(f"res.{name}", *args), done]
    )
    information.add(
        f"{name} when destroyed",
        [quiet("res.destroy"), call(f"res.{name}", *args), later(call(f"res.{name}", *args))],
        send(GET),
        until_end(),
    )
    information.add(
        f"{name} on HTTP/1.0", [call(f"res.{name}", *args), call("res.end", "x")], GET10, known="D17"
    )
    information.add(
        f"{name} leaves at once",
        [call(f"res.{name}", *args), get("res.headersSent"), wait("go", call("res.end", "x"))],
        send(GET),
        tell("go"),
        settle(),
    )
    information.add(
        f"{name} waiting its turn",
        [route(a=[wait("a", quiet("res.end", "1"))], b=[call(f"res.{name}", *args), call("res.end", "2")])],
        send(request("GET", "/a") + request("GET", "/b")),
        tell("a"),
        settle(),
    )
information.add(
    "is not held back",
    [call("res.writeProcessing"), get("res.writableLength", "socket.writableLength"), call("res.end", "x")],
)
information.add(
    "stored headers are not included",
    [quiet("res.setHeader", "A", "1"), call("res.writeInformation", 103, {"B": "2"}), call("res.end", "x")],
)
information.add(
    "through writeInformation",
    [
        call("res.writeContinue"),
        call("res.writeProcessing"),
        call("res.writeEarlyHints", {"link": "<a>"}),
        call("res.end", "x"),
    ],
    options={"ServerResponse": {"$subclass": "ServerResponse", "methods": ["writeInformation", "writeHead"]}},
)
