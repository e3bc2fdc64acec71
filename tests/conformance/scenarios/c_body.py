"""Body of a response: write, encodings, end, cork, drain, lengths, trailers, informational answers."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

write = Group("write", "write: chunks, callbacks, states, answers")
encodings = Group("encodings", "Encodings of text chunks")
end = Group("end", "end: arguments, second calls, failures")
cork = Group("cork and drain", "cork, uncork, back-pressure and 'drain'")
strict = Group("strict length", "strictContentLength")
trailers = Group("trailers", "addTrailers")
information = Group("informational", "100, 102, 103 and others before the answer")
GROUPS = [write, encodings, end, cork, strict, trailers, information]

done = quiet("res.end")
errors = on("res.error")

# --- write

CHUNKS: dict[str, Any] = {
    "text": "abc",
    "bytes": b("a\x00\xff"),
    "empty text": "",
    "empty bytes": b(""),
    "null": None,
    "undefined": UNDEFINED,
    "number": 5,
    "zero": 0,
    "true": True,
    "false": False,
    "list": ["a"],
    "object": {"a": 1},
    "function": FUNCTION,
}
for label, chunk in CHUNKS.items():
    if label == "undefined":
        continue  # in Python None is null
    if label != "function":
        write.add(f"{label}", [errors, call("res.write", chunk), get("res.headersSent"), done])
        write.add(f"{label} with callback", [errors, call("res.write", chunk, cb("w")), done])
    write.add(f"{label} after end", [errors, done, call("res.write", chunk)])
write.add("callback second", [call("res.write", "a", cb("w")), done])
write.add("callback third", [call("res.write", "a", "utf8", cb("w")), done])
write.add("callback after undefined", [call("res.write", "a", UNDEFINED, cb("w")), done])
write.add("callback not callable", [call("res.write", "a", "utf8", 5), done])
write.add(
    "callback is never synchronous",
    [call("res.write", "a", cb("w")), log("after"), later(log("later"), done)],
)
write.add(
    "callbacks in order",
    [
        call("res.write", "a", cb("1")),
        call("res.write", "b", cb("2")),
        call("res.write", "", cb("3")),
        call("res.end", "c", cb("e")),
    ],
)
write.add(
    "callbacks and finish",
    [on("res.finish"), on("res.close"), call("res.write", "a", cb("w")), call("res.end", "b", cb("e"))],
)
write.add("after end, not finished", [errors, quiet("res.end", "x"), call("res.write", "y", cb("w"))])
write.add("after end, empty", [errors, quiet("res.end", "x"), call("res.write", "", cb("w"))])
write.add("after finish", [errors, quiet("res.end", "x"), on("res.finish", call("res.write", "y", cb("w")))])
write.add("after close", [errors, quiet("res.end", "x"), later(call("res.write", "y", cb("w")))])
write.add(
    "after the client left",
    [
        errors,
        on(
            "res.close",
            call("res.write", "y", cb("w")),
            call("res.end", "z", cb("e")),
            get("res.finished", "res.headersSent"),
        ),
    ],
    send(GET),
    leave(),
)
write.add(
    "after destroy",
    [
        errors,
        call("res.destroy"),
        call("res.write", "y", cb("w")),
        get("res.headersSent"),
        call("res.end", "z", cb("e")),
        get("res.finished"),
    ],
    send(GET),
    until_end(),
)
write.add(
    "after the socket's destroy",
    [
        errors,
        call("socket.destroy"),
        get("res.destroyed"),
        call("res.write", "y", cb("w")),
        get("res.headersSent"),
    ],
    send(GET),
    until_end(),
)
for label, prepare, text in (
    ("HEAD", [], HEAD),
    ("204", [put("res.statusCode", 204)], GET),
    ("304", [put("res.statusCode", 304)], GET),
    ("150", [put("res.statusCode", 150)], GET),
):
    write.add(
        f"body not allowed, {label}",
        [
            *prepare,
            call("res.write", "abc", cb("w")),
            get("res.headersSent"),
            wait("go", call("res.end", "def", cb("e"))),
        ],
        send(text),
        tell("go"),
        settle(),
    )
    write.add(
        f"body not allowed, {label}, refused",
        [
            *prepare,
            call("res.write", "abc", cb("w")),
            get("res.headersSent"),
            call("res.write", ""),
            call("res.end", "x"),
            get("res.finished"),
            call("res.end", ""),
            get("res.finished"),
        ],
        text,
        options={"rejectNonStandardBodyWrites": True},
    )
    write.add(
        f"body not allowed, {label}, end of bytes refused",
        [*prepare, call("res.end", b("")), get("res.finished"), call("res.end")],
        text,
        options={"rejectNonStandardBodyWrites": True},
    )
write.add(
    "large text",
    [call("res.write", times("x", 65535)), call("res.write", "y"), get("res.writableNeedDrain"), done],
    send(GET),
    until("0\r\n\r\n"),
)
write.add(
    "mark 1000, length known",
    [
        quiet("res.setHeader", "Content-Length", 1000),
        quiet("res.flushHeaders"),
        later(call("res.write", times("x", 999)), call("res.write", "y"), on("res.drain", done)),
    ],
    options={"highWaterMark": 1000},
)
write.add(
    "mark 1000, chunked",
    [
        quiet("res.flushHeaders"),
        later(
            call("res.write", times("x", 990)),
            call("res.write", "y"),
            call("res.write", "y"),
            call("res.write", "y"),
            on("res.drain", done),
        ),
    ],
    options={"highWaterMark": 1000},
)
write.add(
    "pipelined, waiting",
    [
        route(
            a=[wait("a", quiet("res.end", "1"))],
            b=[
                call("res.write", "x", cb("w")),
                call("res.write", times("y", 70000)),
                on("res.drain"),
                on("res.socket"),
                state("res", "writableLength", "writableNeedDrain", "socket"),
                call("res.end", "", cb("e")),
            ],
        )
    ],
    send(request("GET", "/a") + request("GET", "/b")),
    tell("a"),
    until("0\r\n\r\n"),
)
write.add(
    "writableLength",
    [
        get("res.writableLength"),
        quiet("res.write", "abc"),
        get("res.writableLength"),
        quiet("res.write", b("defg")),
        get("res.writableLength"),
        later(get("res.writableLength"), done),
    ],
)
write.add("writableLength of the end", [quiet("res.end", "abc"), get("res.writableLength")])

# --- encodings

NAMES = (
    "utf8",
    "utf-8",
    "UTF-8",
    "latin1",
    "binary",
    "ascii",
    "hex",
    "base64",
    "base64url",
    "ucs2",
    "ucs-2",
    "utf16le",
    "UTF-16LE",
    "Hex",
)
TEXTS = {"ascii": "abcd", "accents": "h\xe9llo", "hex": "68656c6c6f", "base64": "aGVsbG8="}
for name in NAMES:
    kind = name.lower()
    text = (
        TEXTS["hex"] if kind == "hex" else TEXTS["base64"] if kind.startswith("base64") else TEXTS["accents"]
    )
    encodings.add(f"write {name}", [call("res.write", text, name), done])
    encodings.add(f"end {name}", [call("res.end", text, name)])
for name in ("utf8", "latin1", "ascii", "ucs2"):
    encodings.add(f"{name} beyond latin-1", [call("res.write", "\u0141\u20ac\U0001f600", name), done])
encodings.add(
    "base64 both alphabets",
    [call("res.write", "aGk-_w", "base64"), call("res.write", "aGk+/w==", "base64url"), done],
)
encodings.add("base64 blanks", [call("res.write", "aG\nk= ", "base64"), done], known="D8")
encodings.add("hex with a bad pair", [call("res.write", "68zz70", "hex"), done], known="D8")
for name in ("", None, UNDEFINED, "buffer"):
    encodings.add(f"default by {name}", [call("res.write", "h\xe9", name), call("res.end", "h\xe9", name)])
encodings.add(
    "ignored for bytes",
    [
        call("res.write", b("ab"), "hex"),
        call("res.write", b("ab"), "nonsense"),
        call("res.end", b("ab"), "nonsense"),
    ],
)
encodings.add(
    "unknown in write", [errors, call("res.write", "a", "nonsense"), get("res.headersSent"), done], known="D8"
)
encodings.add(
    "unknown in end", [errors, call("res.end", "a", "nonsense"), get("res.finished"), done], known="D8"
)
encodings.add(
    "unknown with length",
    [errors, quiet("res.setHeader", "Content-Length", 1), call("res.write", "a", "nonsense"), done],
    known="D8",
)
encodings.add("length of end counts bytes", [call("res.end", "h\xe9llo \u20ac")])
encodings.add("length of end in hex", [call("res.end", "68656c6c6f", "hex")])
encodings.add("length of end in ucs2", [call("res.end", "hello", "ucs2")])
encodings.add("lone surrogate", [call("res.end", "a\ud800b")])

# --- end

for label, data in CHUNKS.items():
    falsy = {"known": "D9"} if label in ("zero", "false") else {}
    if label == "function":
        end.add("no callback but a function", [call("res.end", FUNCTION)])
    else:
        end.add(
            f"{label}",
            [
                call("res.end", data),
                get("res.finished", "res.headersSent"),
                later(when("res.finished", False, call("res.end", "y"))),
            ],
            **falsy,
        )
        end.add(
            f"{label} after write",
            [
                call("res.write", "a"),
                call("res.end", data),
                get("res.finished"),
                later(when("res.finished", False, call("res.end", "y"))),
            ],
            **falsy,
        )
end.add("callback only", [on("res.finish"), call("res.end", cb("e"))])
end.add("data and callback", [on("res.finish"), call("res.end", "a", cb("e")), on("res.finish")])
end.add("data, encoding, callback", [call("res.end", "6162", "hex", cb("e"))])
end.add("null and callback", [call("res.end", None, cb("e"))])
end.add("undefined, undefined, callback", [call("res.end", UNDEFINED, UNDEFINED, cb("e"))])
end.add("callback not callable", [call("res.end", "a", "utf8", 5)])
end.add(
    "callback comes last of those registered",
    [on("res.finish"), call("res.end", "x", cb("e")), hear("res.finish", log("late"))],
)
end.add("finish is never synchronous", [on("res.finish"), call("res.end", "x", cb("e")), log("after")])
SECOND: dict[str, list[Any]] = {
    "nothing": [],
    "callback": [cb("second")],
    "data": ["y"],
    "data and callback": ["y", cb("second")],
    "empty text": [""],
    "empty bytes": [b("")],
    "null and callback": [None, cb("second")],
}
for label, args in SECOND.items():
    again = [call("res.end", *args), log("after")]
    end.add(
        f"second with {label}, at once",
        [errors, on("res.finish"), quiet("res.end", "x", cb("first")), *again],
    )
    end.add(
        f"second with {label}, in finish",
        [errors, quiet("res.end", "x", cb("first")), on("res.finish", *again)],
    )
    end.add(f"second with {label}, later", [errors, quiet("res.end", "x", cb("first")), later(*again)])
    end.add(
        f"second with {label}, bytes pending",
        [errors, on("res.finish"), quiet("res.end", times("x", 6_000_000), cb("first")), *again],
        connect(rcvbuf=4096),
        stall(),
        send(GET),
        go_on(),
        until_bytes(6_000_000),
    )
    end.add(
        f"{label} after destroy",
        [
            errors,
            on("res.finish"),
            on("res.close"),
            quiet("res.destroy"),
            *again,
            get("res.finished", "res.headersSent"),
        ],
        send(GET),
        until_end(),
    )
    end.add(
        f"{label} after the client left",
        [errors, on("res.finish"), on("res.close", *again, get("res.finished", "res.headersSent"))],
        send(GET),
        leave(),
    )
end.add(
    "third call", [errors, quiet("res.end", "x"), call("res.end", cb("second")), call("res.end", cb("third"))]
)
end.add(
    "bad status, then repeated",
    [
        put("res.statusCode", 1),
        call("res.end", "x"),
        get("res.finished", "res.headersSent"),
        put("res.statusCode", 200),
        call("res.end", "x"),
    ],
)
end.add(
    "bad status, repeated by write",
    [
        put("res.statusCode", 1),
        call("res.end", "abc"),
        put("res.statusCode", 200),
        call("res.write", "z"),
        done,
    ],
    known="D7",
)
end.add("write then end in two turns", [quiet("res.write", "a"), later(call("res.end", "b", cb("e")))])
end.add(
    "from a timer", [on("res.finish"), on("res.close"), timer(5, call("res.end", "x", cb("e")), log("after"))]
)
end.add("in the listener of end", [hear("req.end", call("res.end", "x")), quiet("req.resume")])
end.add("never", [on("res.finish"), on("res.close")])
end.add("never, HEAD", [quiet("res.flushHeaders"), on("res.close")], HEAD)

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
    known="D10",
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
        f"early hints: {label}", [call("res.writeEarlyHints", hints, cb("c")), call("res.end", "x")]
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
