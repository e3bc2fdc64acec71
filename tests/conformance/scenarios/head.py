"""The head on the wire: order, spelling, values, characters."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

head = Group("head", "Status line and header lines: order, spelling, values, characters")
GROUPS = [head]

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
