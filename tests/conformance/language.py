"""The words of a scenario: functions that return the plain data both interpreters understand.

A scenario is a dict: `options` of the server, a `server` program that runs before it listens,
`handlers` (event of the server -> program) and the steps of the `client`. A program is a list of
instructions; an instruction is a list that starts with its name. Programs name things by paths
("res.socket.destroyed"); every return value, error code and event goes into a log.
"""

from __future__ import annotations

import re
from typing import Any

Instruction = list[Any]
Program = list[Instruction]
Step = list[Any]

# --- values

UNDEFINED = {"$undef": True}
NAN = {"$nan": True}
INFINITY = {"$inf": 1}
FUNCTION = {"$function": True}


def b(text: str) -> dict[str, Any]:
    """Bytes, given as latin-1 text."""
    return {"$bytes": text}


def ref(path: str) -> dict[str, Any]:
    """What a path leads to."""
    return {"$ref": path}


def cb(label: str, *do: Instruction) -> dict[str, Any]:
    """A callback that logs its label and arguments and runs a program."""
    return {"$cb": label, "do": list(do)}


def times(text: str, count: int) -> dict[str, Any]:
    """A long text."""
    return {"$repeat": text, "times": count}


def many(text: str, count: int) -> dict[str, Any]:
    """Many bytes."""
    return {"$repeatbytes": text, "times": count}


def error(text: str, code: str | None = None) -> dict[str, Any]:
    """An error of the program's own."""
    return {"$error": text, "code": code}


def mapping(*pairs: list[Any]) -> dict[str, Any]:
    """A Map, in Python a dict."""
    return {"$map": list(pairs)}


# --- instructions


def call(path: str, *args: Any, save: str | None = None) -> Instruction:
    """Call a method and log what it returns or raises."""
    target, _, method = path.rpartition(".")
    return ["call", target, method, list(args), save]


def quiet(path: str, *args: Any) -> Instruction:
    """Call a method; log only what it raises."""
    target, _, method = path.rpartition(".")
    return ["quiet", target, method, list(args)]


def put(path: str, value: Any) -> Instruction:
    """Assign to a property; log only a refusal."""
    target, _, name = path.rpartition(".")
    return ["set", target, name, value]


def get(*paths: str) -> Instruction:
    """Log the values of properties."""
    return ["get", list(paths)]


def state(target: str, *names: str) -> Instruction:
    """Log several properties of one thing in one line."""
    return ["state", target, list(names)]


def on(path: str, *do: Instruction, how: str = "on") -> Instruction:
    """Listen: log each event with its arguments, then run a program (arguments are arg0, arg1, …)."""
    target, _, name = path.rpartition(".")
    return ["on", target, name, list(do), how]


def hear(path: str, *do: Instruction, how: str = "on") -> Instruction:
    """Listen without a line in the log."""
    target, _, name = path.rpartition(".")
    return ["on", target, name, list(do), how, True]


def off(path: str, what: str = "last") -> Instruction:
    """Remove a listener: the last one added, or one that was saved."""
    target, _, name = path.rpartition(".")
    return ["off", target, name, what]


def log(label: str, *values: Any) -> Instruction:
    return ["log", label, *values]


def save(name: str, value: Any) -> Instruction:
    return ["save", name, value]


def new(name: str, kind: str, *args: Any) -> Instruction:
    """Make an object of a class of `http` (or an EventEmitter)."""
    return ["new", name, kind, list(args)]


def sink(name: str, **settings: Any) -> Instruction:
    """Make a writable for assignSocket()."""
    return ["sink", name, settings]


def same(one: str, other: str) -> Instruction:
    """Log whether two paths lead to the same object."""
    return ["same", one, other]


def later(*do: Instruction) -> Instruction:
    """Run a program some turns of the loop later, when what was caused before has happened."""
    return ["later", list(do)]


def timer(ms: int, *do: Instruction) -> Instruction:
    return ["timer", ms, list(do)]


def wait(name: str, *do: Instruction) -> Instruction:
    """Run a program when the client tells `name`."""
    return ["wait", name, list(do)]


def signal(name: str) -> Instruction:
    """Let the client's `awaiting` go on."""
    return ["signal", name]


def route(**routes: Program) -> Instruction:
    """Choose a program by the URL: route(a=…) is for /a; `other` is for the rest."""
    return ["route", {("*" if key == "other" else "/" + key): value for key, value in routes.items()}]


def when(path: str, value: Any, *do: Instruction) -> Instruction:
    """Run a program if a property has a value."""
    return ["when", path, value, list(do)]


def repeat(count: int, *do: Instruction) -> Instruction:
    return ["repeat", count, list(do)]


def fill(path: str, chunk: Any, most: int, *do: Instruction) -> Instruction:
    """Write until write() answers false, then run a program."""
    return ["fill", path, chunk, most, list(do)]


def fail(text: str = "boom") -> Instruction:
    """Let the listener fail, as an async function does."""
    return ["fail", text]


def fail_later(text: str = "boom") -> Instruction:
    return ["failLater", text]


def iterate(path: str, *after: Instruction, most: int = -1, each: Program | None = None) -> Instruction:
    """Read by `for await`, at most so many chunks; then run a program."""
    return ["iterate", path, most, each or [], list(after)]


# --- steps of the client


def send(text: str, conn: str = "c", **how: Any) -> Step:
    """Send latin-1 text and let the server settle."""
    return ["send", text, {"conn": conn, **how}]


def split(text: str, size: int = 1, conn: str = "c") -> Step:
    """Send in pieces of `size` bytes, the server settling after each."""
    return ["split", text, size, conn]


def connect(conn: str = "c", **how: Any) -> Step:
    return ["connect", conn, how]


def fin(conn: str = "c") -> Step:
    return ["fin", conn]


def rst(conn: str = "c") -> Step:
    return ["rst", conn]


def leave(conn: str = "c") -> Step:
    """Close the client's socket both ways."""
    return ["leave", conn]


def stall(conn: str = "c") -> Step:
    """Stop reading."""
    return ["stall", conn]


def go_on(conn: str = "c") -> Step:
    return ["go_on", conn]


def until(text: str, conn: str = "c") -> Step:
    """Wait until the client has received this text."""
    return ["until", text, conn]


def until_bytes(count: int, conn: str = "c") -> Step:
    return ["until_bytes", count, conn]


def until_end(conn: str = "c") -> Step:
    """Wait until the server has ended the connection."""
    return ["until_end", conn]


def awaiting(name: str) -> Step:
    """Wait for a signal of the program."""
    return ["awaiting", name]


def tell(name: str) -> Step:
    """Let a `wait` of the program go on."""
    return ["tell", name]


def settle() -> Step:
    return ["settle"]


def pass_time(ms: int) -> Step:
    return ["pass_time", ms]


# --- requests


def request(
    method: str = "GET",
    url: str = "/",
    *fields: str,
    body: str = "",
    version: str = "1.1",
    host: bool = True,
) -> str:
    """The text of one request; a Host field comes first for HTTP/1.1."""
    lines = [f"{method} {url} HTTP/{version}"]
    if host and version == "1.1":
        lines.append("Host: a")
    lines += fields
    return "\r\n".join(lines) + "\r\n\r\n" + body


def post(body: str = "", *fields: str, url: str = "/", version: str = "1.1") -> str:
    """A POST with Content-Length."""
    return request("POST", url, f"Content-Length: {len(body)}", *fields, body=body, version=version)


def chunked(
    *chunks: str, trailers: str = "", end: bool = True, url: str = "/", fields: tuple[str, ...] = ()
) -> str:
    """A POST with a chunked body."""
    body = "".join(f"{len(chunk):x}\r\n{chunk}\r\n" for chunk in chunks)
    if end:
        body += f"0\r\n{trailers}\r\n"
    return request("POST", url, "Transfer-Encoding: chunked", *fields, body=body)


GET = request()
GET_CLOSE = request("GET", "/", "Connection: close")
HEAD = request("HEAD")
GET10 = request(version="1.0")
GET10_KEEP = request("GET", "/", "Connection: keep-alive", version="1.0")
GET10_TE = request("GET", "/", "Connection: keep-alive", "TE: chunked", version="1.0")


# --- scenarios

Scenario = dict[str, Any]


def needs_tcp(steps: list[Step], programs: str) -> bool:
    """Whether a scenario shows resets, buffers of the system or addresses.

    Any other goes over a Unix socket: there an end has arrived when close() returns, while the
    system may deliver one over TCP a moment later, when the log has been taken.
    """
    if len(repr(steps)) > 50_000 or re.search(r"\d{5}", programs):  # bytes enough to fill a buffer
        return True
    special = any(
        step[0] in ("rst", "stall", "leave") or (step[0] == "connect" and step[2]) for step in steps
    )
    return special or any(word in programs for word in ("ddress", "amily", "Port", "getConnections"))


class Group:
    """A named list of scenarios."""

    def __init__(self, name: str, about: str, *, timing: bool = False) -> None:
        self.name = name
        self.about = about
        self.timing = timing
        self.scenarios: list[Scenario] = []

    def add(
        self,
        name: str,
        program: Program | None = None,
        *client: Step | str,
        options: dict[str, Any] | None = None,
        server: Program | None = None,
        handlers: dict[str, Program] | None = None,
        event: str = "request",
        unix: bool = False,
        known: str | None = None,
        **more: Any,
    ) -> None:
        """Add a scenario; a text among the client's steps is sent, no step at all is one GET.

        A server whose responses' 'close' is listened to emits it after 'finish' as Node does, unless the
        options say otherwise. `known` is the id of the difference (known.py) that this scenario shows. `timing=True` says that
        a clock of the server is at work, so the steps at which bytes come are not compared.
        """
        handlers = dict(handlers or {})
        if program is not None:
            handlers[event] = program
        hears_close = "'res', 'close'" in repr(handlers)
        steps = [send(step) if isinstance(step, str) else step for step in client] or [send(GET)]
        verbs = {step[0] for step in steps}
        scenario = {
            "name": f"{self.name}: {name}",
            "options": {**({"emitCloseAfterFinish": True} if hears_close else {}), **(options or {})},
            "server": server or [],
            "handlers": handlers,
            "client": steps,
            **({"unix": True} if unix or not needs_tcp(steps, repr([server, handlers])) else {}),
            # How much the system takes while nobody reads, and in what pieces it brings it, is its own affair.
            **({"timing": True} if self.timing or "stall" in verbs else {}),
            **({"cut": True} if "stall" in verbs and (known or "go_on" not in verbs) else {}),
            **({"known": known} if known else {}),
            **more,
        }
        self.scenarios.append(scenario)
