"""The header store, and writeHead over it."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

store = Group("header store", "setHeader and its family, before and after the head")
write_head = Group("writeHead", "writeHead: forms, checks and their order, both states of the store")
GROUPS = [store, write_head]


def answer(*before: Instruction, body: str = "x") -> Program:
    return [*before, quiet("res.end", body)]


def header(name: str, value: Any) -> Instruction:
    return quiet("res.setHeader", name, value)


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
