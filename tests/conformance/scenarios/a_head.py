"""The head on the wire: order, values, characters (properties, header store, write_head)."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

properties = Group("properties", "Values of a response's properties at the start, on the way and at the end")
head = Group("head", "Status line and header lines: order, spelling, values, characters")
store = Group("header store", "setHeader and its family, before and after the head")
write_head = Group("writeHead", "writeHead: forms, checks and their order, both states of the store")
GROUPS = [properties, head, store, write_head]

# --- properties

ALL = (
    "statusCode",
    "statusMessage",
    "sendDate",
    "shouldKeepAlive",
    "useChunkedEncodingByDefault",
    "chunkedEncoding",
    "strictContentLength",
    "finished",
    "writableEnded",
    "headersSent",
    "writableFinished",
    "writableLength",
    "writableHighWaterMark",
    "writableNeedDrain",
    "writableCorked",
    "writableObjectMode",
    "writable",
    "destroyed",
    "closed",
    "errored",
    "socket",
    "connection",
    "req",
)
FLAGS = (
    "finished",
    "writableEnded",
    "headersSent",
    "writableFinished",
    "destroyed",
    "closed",
    "errored",
    "writableNeedDrain",
    "writableLength",
    "socket",
)


def flags() -> Instruction:
    return state("res", *FLAGS)


for label, text in {
    "GET": GET,
    "GET close": GET_CLOSE,
    "HEAD": HEAD,
    "HTTP/1.0": GET10,
    "HTTP/1.0 keep-alive": GET10_KEEP,
    "HTTP/1.0 TE": GET10_TE,
    "POST": post("abc"),
}.items():
    properties.add(f"start, {label}", [state("res", *ALL), quiet("res.end")], text)

properties.add("at the end of the handler", [quiet("res.end", "x"), state("res", *ALL)])
properties.add(
    "after writeHead", [quiet("res.writeHead", 201), flags(), get("res.statusMessage"), quiet("res.end")]
)
properties.add("after flushHeaders", [quiet("res.flushHeaders"), flags(), quiet("res.end")])
properties.add(
    "after write", [quiet("res.write", "abc"), flags(), get("res.chunkedEncoding"), quiet("res.end")]
)
properties.add("in finish", [on("res.finish", state("res", *ALL)), quiet("res.end", "x")])
properties.add("in the callback of end", [quiet("res.end", "x", cb("done", state("res", *ALL)))])
properties.add("after finish", [quiet("res.end", "x"), later(state("res", *ALL))])
properties.add("after close", [on("res.close", state("res", *ALL)), wait("go")], send(GET), leave())
properties.add(
    "big end, bytes pending",
    [quiet("res.end", times("x", 6_000_000)), state("res", *FLAGS[:-2]), on("res.finish", flags())],
    connect(rcvbuf=4096),
    stall(),
    send(GET),
    settle(),
    go_on(),
    until_bytes(6_000_000),
)
properties.add(
    "big write, drain owed",
    [call("res.write", times("x", 70000)), flags(), on("res.drain", flags(), quiet("res.end"))],
)
properties.add(
    "corked",
    [
        call("res.cork"),
        call("res.cork"),
        get("res.writableCorked"),
        call("res.uncork"),
        get("res.writableCorked"),
        quiet("res.end", "x"),
        get("res.writableCorked"),
    ],
)
properties.add(
    "statusMessage filled with the phrase",
    [
        put("res.statusCode", 404),
        get("res.statusMessage"),
        quiet("res.flushHeaders"),
        get("res.statusMessage"),
        quiet("res.end"),
    ],
)
properties.add(
    "statusCode given as text",
    [
        put("res.statusCode", "404"),
        get("res.statusCode"),
        quiet("res.flushHeaders"),
        get("res.statusCode", "res.statusMessage"),
        quiet("res.end"),
    ],
)
properties.add(
    "statusCode changed after the head",
    [quiet("res.flushHeaders"), put("res.statusCode", 500), get("res.statusCode"), quiet("res.end")],
)
properties.add(
    "shouldKeepAlive off", [put("res.shouldKeepAlive", False), quiet("res.end", "x")], send(GET), until_end()
)
properties.add("sendDate off", [put("res.sendDate", False), quiet("res.end", "x")])
properties.add(
    "useChunkedEncodingByDefault off",
    [put("res.useChunkedEncodingByDefault", False), quiet("res.write", "a"), quiet("res.end", "x")],
    send(GET),
    until_end(),
)
properties.add(
    "useChunkedEncodingByDefault off, length known",
    [put("res.useChunkedEncodingByDefault", False), quiet("res.end", "x")],
    send(GET),
    until_end(),
)
properties.add(
    "socket is the request's",
    [
        same("res.socket", "req.socket"),
        same("res.connection", "req.connection"),
        same("res.req", "req"),
        quiet("res.end"),
    ],
)
properties.add(
    "high water mark of the server",
    [
        get("res.writableHighWaterMark", "req.readableHighWaterMark", "res.socket.writableHighWaterMark"),
        quiet("res.end"),
    ],
    options={"highWaterMark": 1000},
)
properties.add(
    "return values",
    [
        call("res.setHeader", "a", "b"),
        call("res.appendHeader", "a", "c"),
        call("res.removeHeader", "a"),
        call("res.hasHeader", "a"),
        call("res.cork"),
        call("res.uncork"),
        call("res.addTrailers", {"x": "y"}),
        call("res.writeContinue"),
        call("res.writeProcessing"),
        call("res.setTimeout", 0),
        call("res.writeHead", 200),
        call("res.flushHeaders"),
        call("res.write", "x"),
        call("res.end"),
        call("res.destroy"),
    ],
)
properties.add("writeHeader is writeHead", [call("res.writeHeader", 202, {"a": "b"}), call("res.end")])

# --- head


def answer(*before: Instruction, body: str = "x") -> Program:
    return [*before, quiet("res.end", body)]


def header(name: str, value: Any) -> Instruction:
    return quiet("res.setHeader", name, value)


for code in (
    200,
    201,
    205,
    206,
    299,
    301,
    400,
    404,
    413,
    414,
    416,
    418,
    422,
    425,
    451,
    499,
    500,
    509,
    511,
    599,
    999,
):
    head.add(f"status {code}", answer(put("res.statusCode", code)))
for code in (100, 101, 102, 103, 150, 199, 204, 304):
    head.add(f"status {code} without body", answer(put("res.statusCode", code)))
head.add("empty phrase of writeHead", answer(quiet("res.writeHead", 200, "")))
head.add("empty statusMessage", answer(put("res.statusMessage", "")))
head.add("own statusMessage", answer(put("res.statusMessage", "So So")))
head.add("statusMessage latin-1", answer(put("res.statusMessage", "caf\xe9")), known="D3")
head.add("statusMessage a number", answer(put("res.statusMessage", 12)))
for label, text in {
    "CR LF": "a\r\nb",
    "NUL": "a\0",
    "beyond": "\u0141",
    "DEL": "a\x7f",
    "TAB": "a\tb",
}.items():
    head.add(
        f"statusMessage with {label}",
        [
            put("res.statusMessage", text),
            call("res.end", "x"),
            put("res.statusMessage", "ok"),
            call("res.end", "x"),
        ],
    )

head.add("order of the lines", answer(header("B", "1"), header("A", "2"), header("c", "3")))
head.add("own Date", answer(header("date", "today"), header("z", "1")))
head.add("own Content-Length first", answer(header("content-LENGTH", 1), header("z", "1")))
head.add("own Transfer-Encoding first", answer(header("transfer-ENCODING", "chunked"), header("z", "1")))
head.add("own Connection first", answer(header("CONNECTION", "keep-alive"), header("z", "1")))
head.add("own Keep-Alive first", answer(header("KEEP-alive", "timeout=9"), header("z", "1")))
head.add(
    "all automatic names set",
    answer(
        header("Transfer-Encoding", "chunked"),
        header("Keep-Alive", "x"),
        header("Connection", "keep-alive"),
        header("Date", "d"),
    ),
)
head.add("removed Date", answer(quiet("res.removeHeader", "DATE")))
head.add("removed Date then set", answer(quiet("res.removeHeader", "Date"), header("Date", "x")))

VALUES: dict[str, Any] = {
    "text": "v",
    "empty": "",
    "blanks": "  v\t ",
    "int": 5,
    "zero": 0,
    "negative": -7,
    "large int": 123456789012,
    "float": 1.5,
    "whole float": 5.0,
    "tiny float": 0.000001,
    "NaN": NAN,
    "infinite": INFINITY,
    "true": True,
    "false": False,
    "list": ["a", "b"],
    "list of one": ["a"],
    "empty list": [],
    "list of numbers": [1, 2.5, True],
    "nested list": [["a", "b"], "c"],
}
for label, value in VALUES.items():
    head.add(
        f"value {label}", answer(header("X-V", value), get("res.headersSent"), call("res.getHeader", "x-v"))
    )
    head.add(f"value {label} by writeHead", answer(call("res.writeHead", 200, {"X-V": value})))
head.add("value undefined", [call("res.setHeader", "X", UNDEFINED), call("res.end", "x")])
head.add("value undefined by writeHead", [call("res.writeHead", 200, {"X": UNDEFINED}), call("res.end", "x")])
head.add(
    "value with an absent item by writeHead",
    [call("res.writeHead", 200, {"X": ["a", UNDEFINED]}), call("res.end", "x")],
)
for name in (
    "Set-Cookie",
    "cookie",
    "Vary",
    "Link",
    "WWW-Authenticate",
    "X-Any",
    "Connection",
    "Content-Type",
):
    head.add(f"list of {name}", answer(header(name, ["a=1", "b=2"])))
head.add(
    "unique headers",
    answer(header("X-A", ["1", "2"]), header("x-b", ["1", "2"])),
    options={"uniqueHeaders": ["x-a"]},
)
head.add("unique headers, empty list", answer(header("X-A", [])), options={"uniqueHeaders": ["X-A"]})
head.add(
    "unique headers by flat list",
    answer(quiet("res.writeHead", 200, ["X-A", "1", "X-A", "2"])),
    options={"uniqueHeaders": ["x-a"]},
)

for label, name in {
    "token characters": "!#$%&'*+-.^_`|~09Az",
    "blank": "a b",
    "empty": "",
    "colon": "a:",
    "parenthesis": "a(b",
    "control": "a\x01",
    "CR": "a\r",
    "LF at the end": "a\n",
    "non-ASCII": "caf\xe9",
    "number": 5,
    "undefined": UNDEFINED,
    "null": None,
    "bool": True,
}.items():
    head.add(f"name {label}", [call("res.setHeader", name, "v"), call("res.end", "x")])
for label, value in {
    "TAB": "a\tb",
    "NUL": "a\0b",
    "CR": "a\rb",
    "LF": "a\nb",
    "LF at the end": "a\n",
    "DEL": "a\x7fb",
    "control": "a\x1fb",
    "high": "a\u0141b",
    "emoji": "\U0001f600",
}.items():
    head.add(f"value characters {label}", [call("res.setHeader", "X", value), call("res.end", "x")])
    head.add(
        f"item characters {label}",
        [call("res.setHeader", "X", ["ok", value]), call("res.getHeader", "X"), call("res.end", "x")],
    )
for label, value in {"latin-1": "caf\xe9", "0x80": "\x80", "0xff": "\xff"}.items():
    head.add(f"value {label}, body of bytes", [call("res.setHeader", "X", value), call("res.end", b("x"))])
    head.add(
        f"value {label}, chunked",
        [call("res.setHeader", "X", value), call("res.write", "x"), call("res.end")],
        known="D3",
    )
    head.add(f"value {label}, no body", [call("res.setHeader", "X", value), call("res.end")])
    head.add(
        f"value {label}, body of text", [call("res.setHeader", "X", value), call("res.end", "x")], known="D3"
    )
head.add(
    "lenient values",
    [
        call("res.setHeader", "X", "a\x01b\x7f"),
        call("res.setHeader", "Y", "a\0"),
        call("res.setHeader", "Z", "a\nb"),
        call("res.end"),
    ],
    options={"insecureHTTPParser": True},
)

for label, text in {
    "GET": GET,
    "close": GET_CLOSE,
    "1.0": GET10,
    "1.0 keep": GET10_KEEP,
    "1.0 TE": GET10_TE,
    "HEAD": HEAD,
}.items():
    head.add(f"empty body, {label}", [quiet("res.end")], text)
    head.add(f"write of nothing, {label}", [call("res.write", ""), flags(), call("res.end")], text)

# --- header store

names = [call("res.getHeaderNames"), call("res.getRawHeaderNames"), call("res.getHeaders")]
store.add("empty", [*names, call("res.getHeader", "x"), call("res.hasHeader", "x"), quiet("res.end")])
store.add("set", [header("Content-Type", "a"), header("X-Two", 2), *names, quiet("res.end")])
store.add(
    "set again keeps place, takes spelling",
    [header("A-a", "1"), header("B", "2"), header("a-A", "3"), *names, quiet("res.end")],
)
store.add(
    "removed and set goes last",
    [
        header("A", "1"),
        header("B", "2"),
        quiet("res.removeHeader", "a"),
        header("A", "3"),
        *names,
        quiet("res.end"),
    ],
)
store.add("append to nothing", [call("res.appendHeader", "X", "1"), *names, quiet("res.end")])
store.add("append to text", [header("X", "1"), call("res.appendHeader", "x", "2"), *names, quiet("res.end")])
store.add("append to number", [header("X", 1), call("res.appendHeader", "x", 2), *names, quiet("res.end")])
store.add(
    "append list to text",
    [header("X", "1"), call("res.appendHeader", "x", ["2", "3"]), *names, quiet("res.end")],
)
store.add(
    "append list to list",
    [header("X", ["0", "1"]), call("res.appendHeader", "x", ["2", "3"]), *names, quiet("res.end")],
)
store.add(
    "append empty list", [header("X", "0"), call("res.appendHeader", "x", []), *names, quiet("res.end")]
)
store.add(
    "append bad",
    [
        header("X", "0"),
        call("res.appendHeader", "x", "a\n"),
        call("res.appendHeader", "b d", "a"),
        call("res.appendHeader", "x", UNDEFINED),
        *names,
        quiet("res.end"),
    ],
)
store.add(
    "setHeaders of a Map",
    [call("res.setHeaders", mapping(["A", "1"], ["b", ["2", "3"]])), *names, quiet("res.end")],
)
store.add(
    "setHeaders set-cookie replaced",
    [
        header("Set-Cookie", "old"),
        call("res.setHeaders", mapping(["set-cookie", ["a", "b"]], ["x", "1"])),
        *names,
        quiet("res.end"),
    ],
)
store.add(
    "setHeaders bad pair",
    [call("res.setHeaders", mapping(["A", "1"], ["b d", "2"], ["c", "3"])), *names, quiet("res.end")],
)
for label, value in {
    "list": ["a", "b"],
    "text": "a",
    "number": 5,
    "null": None,
    "undefined": UNDEFINED,
}.items():
    store.add(f"setHeaders of {label}", [call("res.setHeaders", value), quiet("res.end")])
for label, value in {"number": 5, "undefined": UNDEFINED, "null": None, "list": ["a"], "bool": False}.items():
    store.add(
        f"name a {label}",
        [
            call("res.getHeader", value),
            call("res.hasHeader", value),
            call("res.removeHeader", value),
            call("res.setHeader", value, "x"),
            call("res.appendHeader", value, "x"),
            quiet("res.end"),
        ],
    )
store.add(
    "bad token is absent",
    [
        call("res.getHeader", "a b"),
        call("res.hasHeader", ""),
        call("res.removeHeader", "a\n"),
        quiet("res.end"),
    ],
)
store.add(
    "falsy values are there",
    [
        header("A", ""),
        header("B", 0),
        header("C", False),
        header("D", []),
        *[call("res.hasHeader", n) for n in "ABCD"],
        *names,
        quiet("res.end"),
    ],
)
store.add(
    "names like JavaScript's",
    [
        header("__proto__", "1"),
        header("constructor", "2"),
        header("toString", "3"),
        call("res.hasHeader", "hasOwnProperty"),
        *names,
        quiet("res.end"),
    ],
)
store.add(
    "getHeaders is a copy",
    [header("A", "1"), call("res.getHeaders", save="copy"), header("B", "2"), get("copy"), quiet("res.end")],
)
store.add(
    "Set-Cookie list read back",
    [header("Set-Cookie", ["a", "b"]), call("res.getHeader", "set-cookie"), quiet("res.end")],
)
store.add("Content-Length not a number", answer(header("Content-Length", "abc")))
store.add("Content-Length text", answer(header("Content-Length", "1")))
after_head = [
    call("res.setHeader", "A", "2"),
    call("res.appendHeader", "A", "2"),
    call("res.removeHeader", "A"),
    call("res.setHeaders", mapping(["A", "2"])),
    call("res.getHeader", "A"),
    call("res.hasHeader", "A"),
    *names,
]
for label, step in {
    "flushHeaders": quiet("res.flushHeaders"),
    "write": quiet("res.write", "x"),
    "end": quiet("res.end"),
    "writeHead": quiet("res.writeHead", 200),
}.items():
    store.add(f"after {label}", [header("A", "1"), step, *after_head, quiet("res.end")])
store.add(
    "order of checks",
    [
        quiet("res.flushHeaders"),
        call("res.setHeader", "b d", UNDEFINED),
        call("res.appendHeader", "b d", "\n"),
        call("res.setHeaders", 5),
        call("res.removeHeader", 5),
        quiet("res.end"),
    ],
)
store.add(
    "name before value",
    [
        call("res.setHeader", "b d", UNDEFINED),
        call("res.setHeader", "b", UNDEFINED),
        call("res.setHeader", "b", "\n"),
        quiet("res.end"),
    ],
)
store.add("after finish", [header("A", "1"), quiet("res.end"), later(*after_head)])
for name in ("Connection", "Content-Length", "Transfer-Encoding", "Date"):
    store.add(
        f"{name} removed though never set", [quiet("res.removeHeader", name), *names, quiet("res.end", "x")]
    )
    store.add(
        f"{name} removed and set again",
        [
            quiet("res.removeHeader", name),
            header(name, {"Content-Length": "1", "Transfer-Encoding": "chunked"}.get(name, "x")),
            *names,
            quiet("res.end", "x"),
        ],
    )

# --- writeHead

for label, value in {
    "text": "404",
    "text with blanks": " 200 ",
    "float": 200.9,
    "lowest": 100,
    "highest": 999,
    "too low": 99,
    "too high": 1000,
    "negative": -1,
    "zero": 0,
    "NaN": NAN,
    "infinite": INFINITY,
    "undefined": UNDEFINED,
    "null": None,
    "true": True,
    "letters": "abc",
    "mixed": "200OK",
    "object": {},
    "empty text": "",
}.items():
    write_head.add(
        f"status {label}",
        [
            call("res.writeHead", value),
            get("res.statusCode", "res.statusMessage", "res.headersSent"),
            call("res.end", "x"),
        ],
    )
    write_head.add(
        f"statusCode {label}",
        [
            put("res.statusCode", value),
            call("res.end", "x"),
            get("res.finished", "res.headersSent"),
            put("res.statusCode", 201),
            call("res.end", "y"),
        ],
    )
write_head.add("only status", [call("res.writeHead", 404), call("res.end", "x")])
write_head.add(
    "status and message", [call("res.writeHead", 404, "Lost"), get("res.statusMessage"), call("res.end", "x")]
)
write_head.add(
    "status, message, headers", [call("res.writeHead", 404, "Lost", {"A": "1"}), call("res.end", "x")]
)
write_head.add("status, headers", [call("res.writeHead", 404, {"A": "1"}), call("res.end", "x")])
write_head.add(
    "status, undefined, headers", [call("res.writeHead", 404, UNDEFINED, {"A": "1"}), call("res.end", "x")]
)
write_head.add("status, null", [call("res.writeHead", 404, None), call("res.end", "x")])
write_head.add(
    "status, two headers arguments",
    [call("res.writeHead", 404, {"A": "1"}, {"B": "1"}), call("res.end", "x")],
)
write_head.add(
    "message overwritten by statusMessage",
    [put("res.statusMessage", "Mine"), call("res.writeHead", 200), call("res.end", "x")],
)
write_head.add(
    "message over statusMessage",
    [
        put("res.statusMessage", "Mine"),
        call("res.writeHead", 200, "Yours"),
        get("res.statusMessage"),
        call("res.end", "x"),
    ],
)
write_head.add(
    "twice",
    [
        call("res.writeHead", 200),
        call("res.writeHead", 201),
        call("res.writeHead", "bad"),
        call("res.end", "x"),
    ],
)
write_head.add("after end", [call("res.end", "x"), call("res.writeHead", 201)])
write_head.add(
    "after flushHeaders", [call("res.flushHeaders"), call("res.writeHead", 201), call("res.end", "x")]
)
write_head.add("then end is chunked", [call("res.writeHead", 200), call("res.end", "abc")])
write_head.add("with length", [call("res.writeHead", 200, {"Content-Length": 3}), call("res.end", "abc")])
write_head.add(
    "sends nothing by itself",
    [call("res.writeHead", 200), wait("go", call("res.end"))],
    send(GET),
    tell("go"),
    settle(),
)
write_head.add(
    "Expect header sends at once",
    [call("res.writeHead", 200, {"Expect": "x"}), wait("go", call("res.end"))],
    send(GET),
    tell("go"),
    settle(),
)
write_head.add(
    "flushHeaders then",
    [
        call("res.writeHead", 200),
        call("res.flushHeaders"),
        call("res.flushHeaders"),
        wait("go", call("res.end")),
    ],
    send(GET),
    tell("go"),
    settle(),
)

FORMS: dict[str, Any] = {
    "mapping": {"A": "1", "b": ["2", "3"], "Content-Type": "t"},
    "flat": ["A", "1", "b", "2", "b", "3", "A", "4"],
    "pairs": [["A", "1"], ["b", "2"], ["b", "3"], ["A", "4"]],
    "flat with list": ["A", ["1", "2"], "b", "3"],
    "odd flat": ["A", "1", "b"],
    "empty mapping": {},
    "empty list": [],
    "empty name": {"": "1"},
    "bad name": {"A": "1", "b d": "2"},
    "bad value": {"A": "1", "b": "\n"},
    "flat bad name": ["A", "1", "b d", "2"],
    "flat bad value": ["A", "1", "b", "\n"],
    "pairs bad value": [["A", "1"], ["b", "\n"]],
    "undefined value": {"A": UNDEFINED},
    "date and length": {"date": "x", "content-length": "1"},
    "connection close": {"connection": "close"},
    "chunked": {"transfer-encoding": "chunked"},
    "set-cookie list": {"Set-Cookie": ["a", "b"]},
    "number value": {"A": 5},
}
for label, form in FORMS.items():
    write_head.add(
        f"{label}, store unused",
        [
            call("res.writeHead", 201, form),
            get("res.headersSent", "res.statusCode"),
            *names,
            call("res.end", "x"),
        ],
    )
    write_head.add(
        f"{label}, store used",
        [
            header("Z", "0"),
            header("a", "old"),
            call("res.writeHead", 201, form),
            get("res.headersSent", "res.statusCode"),
            *names,
            call("res.end", "x"),
        ],
        **({"known": "D6"} if "pairs" in label else {}),
    )
    write_head.add(
        f"{label}, store used and emptied",
        [
            header("Z", "0"),
            quiet("res.removeHeader", "z"),
            call("res.writeHead", 201, form),
            *names,
            call("res.end", "x"),
        ],
        **({"known": "D6"} if "pairs" in label else {}),
    )
write_head.add(
    "removeHeader alone is no use of the store",
    [quiet("res.removeHeader", "x"), call("res.writeHead", 200, {"A": "1"}), *names, call("res.end")],
)
write_head.add(
    "failed headers, then another answer",
    [
        call("res.writeHead", 404, "Lost", {"A": "\n"}),
        get("res.headersSent", "res.statusCode", "res.statusMessage"),
        call("res.writeHead", 200, "Fine"),
        call("res.end", "x"),
    ],
)
write_head.add(
    "failed message",
    [
        call("res.writeHead", 200, "a\nb"),
        get("res.headersSent", "res.statusMessage"),
        call("res.writeHead", 200, "ok"),
        call("res.end", "x"),
    ],
)
write_head.add(
    "message and headers both bad, store unused",
    [call("res.writeHead", 200, "a\nb", {"b d": "1"}), call("res.end")],
)
write_head.add(
    "message and headers both bad, store used",
    [
        header("Z", "1"),
        call("res.writeHead", 200, "a\nb", {"b d": "1"}),
        put("res.statusMessage", "ok"),
        call("res.end"),
    ],
)
for code in (101, 204, 304):
    write_head.add(
        f"{code} with length header",
        [call("res.writeHead", code, {"Content-Length": 3}), call("res.end", "abc")],
    )
write_head.add(
    "implicit head through an override",
    [quiet("res.end", "x")],
    options={
        "ServerResponse": {
            "$subclass": "ServerResponse",
            "methods": ["writeHead", "setHeader", "end", "write"],
        }
    },
)
