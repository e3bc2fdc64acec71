"""Writing a body: write, the encodings of text, end."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

write = Group("write", "write: chunks, callbacks, states, answers")
encodings = Group("encodings", "Encodings of text chunks")
end = Group("end", "end: arguments, second calls, failures")
GROUPS = [write, encodings, end]

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
write.add("a large chunk", [quiet("res.write", times("x", 0xABCD)), quiet("res.write", "y"), done])
write.add(
    "small chunks are counted",
    [
        quiet("res.write", "a"),
        quiet("res.write", "bc"),
        quiet("res.write", "d" * 26),
        get("res.socket.bytesWritten", "res.writableLength"),
        quiet("res.write", times("x", 0xABCD)),
        quiet("res.write", "e"),
        get("res.socket.bytesWritten", "res.writableLength"),
        done,
    ],
)
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
    "looked at for bytes too",
    [
        call("res.write", b("ab"), "hex"),
        call("res.write", b("ab"), "nonsense"),
        call("res.end", b("ab"), "nonsense"),
    ],
    known="D8",
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
