"""Differences from Node that no other scenario shows, each once."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

shown = Group("differences", "Known differences that no other group shows")
GROUPS = [shown]

shown.add(
    "null for a value",
    [call("res.setHeader", "A", None), call("res.setHeader", "B", ["1", None]), call("res.end", "x")],
    send(GET),
    known="D4",
)
shown.add(
    "names that look like integers",
    [
        call("res.setHeader", "b", "1"),
        call("res.setHeader", "10", "2"),
        call("res.setHeader", "2", "3"),
        call("res.getHeaderNames"),
        call("res.end", "x"),
    ],
    send(GET),
    known="D5",
)
shown.add(
    "the callback of writeInformation as its second argument",
    [call("res.writeInformation", 103, cb("sent")), call("res.end", "x")],
    send(GET),
    known="D13",
)
shown.add(
    "blanks without end before a value",
    [call("res.end", "x")],
    split(request("GET", "/", "X:" + " " * 2000 + "a"), 300),
    options={"maxHeaderSize": 100},
    known="D29",
)
shown.add(
    "leaving the iteration over a large body",
    [route(a=[iterate("req", call("res.end", "a"), most=1)], b=[call("res.end", "b")])],
    send(post("x" * 9000, url="/a")[:-6000]),
    send("x" * 3000),
    send("x" * 3000),
    send(request("GET", "/b")),
    options={"highWaterMark": 1000},
    known="D34",
)
shown.add(
    "writableLength of text",
    [route(a=[wait("t", call("res.end"))], b=[call("res.write", "h\xe9" * 9), get("res.writableLength")])],
    send(request("GET", "/a") + request("GET", "/b")),
    known="D35",
)
