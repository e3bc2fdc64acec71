"""A WSGI application whose paths each do one thing; the probes ask for it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

PAGES: dict[str, Any] = {}
LIMIT = 10.0

notes: dict[str, list[Any]] = {}
changed = threading.Condition()


def note(key: str, *values: Any) -> None:
    """Keep values for the client that asks for them."""
    with changed:
        notes.setdefault(key, []).extend(values)
        changed.notify_all()


def wait(key: str, limit: float = LIMIT) -> list[Any]:
    """Return what was noted under a key, when it is there."""
    with changed:
        return notes[key] if changed.wait_for(lambda: key in notes, limit) else ["nothing"]


def page(function: Any) -> Any:
    """Serve a function under its name."""
    PAGES[function.__name__] = function
    return function


def app(environ: Any, start_response: Any) -> Any:
    name = environ["PATH_INFO"].split("/")[1]
    return PAGES[name](environ, start_response)


def key_of(environ: Any) -> str:
    return parse_qs(environ["QUERY_STRING"])["key"][0]


def respond(start_response: Any, *body: bytes, status: str = "200 OK", headers: Any = ()) -> list[bytes]:
    start_response(status, list(headers))
    return list(body)


@page
def seen(environ: Any, start_response: Any) -> Any:
    return respond(start_response, json.dumps(wait(key_of(environ))).encode())


@page
def tell(environ: Any, start_response: Any) -> Any:
    note(key_of(environ), "told")
    return respond(start_response, b"")


@page
def hello(environ: Any, start_response: Any) -> Any:
    return respond(start_response, b"hello", headers=[("Content-Type", "text/plain")])


@page
def echo(environ: Any, start_response: Any) -> Any:
    shown = {name: value for name, value in environ.items() if isinstance(value, str | bool | int)}
    return respond(start_response, json.dumps(shown).encode())


@page
def upload(environ: Any, start_response: Any) -> Any:
    """Read the body to its end, as an application does that trusts `wsgi.input_terminated`."""
    if not environ.get("wsgi.input_terminated") and "CONTENT_LENGTH" not in environ:
        return respond(start_response, b"no length, and wsgi.input_terminated is not set")
    size = 0
    while piece := environ["wsgi.input"].read(1000):
        size += len(piece)
    return respond(start_response, b"%d" % size)


@page
def cut_body(environ: Any, start_response: Any) -> Any:
    key = key_of(environ)
    try:
        data = environ["wsgi.input"].read()
    except OSError:
        note(key, "OSError")
        raise
    except Exception as error:
        note(key, type(error).__name__)
        raise
    note(key, f"{len(data)} bytes")
    return respond(start_response, b"")


@page
def pieces(environ: Any, start_response: Any) -> Iterator[bytes]:
    """The second piece is made when the client has got the first."""
    start_response("200 OK", [])
    yield b"first"
    wait(key_of(environ))
    yield b"second"


class Closing:
    """An endless iterable that notes how often it is closed."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"x" * 10_000

    def close(self) -> None:
        self.closed += 1
        note(self.key, self.closed)


@page
def endless(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    return Closing(key_of(environ))


@page
def late_start(environ: Any, start_response: Any) -> Iterator[bytes]:
    """A generator: `start_response` is called in its first step."""
    start_response("201 Created", [("X-Own", "1")])
    yield b"body"


@page
def replaced(environ: Any, start_response: Any) -> Any:
    """An error is found before anything has left: the head is replaced."""
    start_response("200 OK", [("Content-Length", "1")])
    try:
        raise LookupError("replaced")
    except LookupError:
        start_response("503 Busy", [("Content-Length", "4")], sys.exc_info())
    return [b"busy"]


@page
def too_late(environ: Any, start_response: Any) -> Iterator[bytes]:
    """An error is found when the head has left: `start_response` raises it again."""
    start_response("200 OK", [])
    yield b"part"
    try:
        raise LookupError("too late")
    except LookupError:
        try:
            start_response("500 Error", [], sys.exc_info())
        except LookupError:
            note(key_of(environ), "raised again")
            raise
        note(key_of(environ), "nothing raised")


@page
def hop_by_hop(environ: Any, start_response: Any) -> Any:
    return respond(
        start_response, b"hello", headers=[("Connection", "keep-alive, x"), ("Transfer-Encoding", "gzip")]
    )


@page
def injection(environ: Any, start_response: Any) -> Any:
    return respond(start_response, b"x", headers=[("X-Name", "a\r\nSet-Cookie: evil=1")])


@page
def head(environ: Any, start_response: Any) -> Any:
    return respond(start_response, b"hello", headers=[("Content-Length", "5")])


@page
def too_few(environ: Any, start_response: Any) -> Any:
    return respond(start_response, b"01234", headers=[("Content-Length", "10")])


@page
def too_many(environ: Any, start_response: Any) -> Any:
    return respond(start_response, b"0123456789", headers=[("Content-Length", "5")])


@page
def lists(environ: Any, start_response: Any) -> Any:
    """A list, without a length."""
    return respond(start_response, b"one", b"two")


@page
def file(environ: Any, start_response: Any) -> Any:
    """A file from its position on, by the server's own wrapper."""
    made = tempfile.TemporaryFile()
    made.write(b"0123456789" * 1000)
    made.seek(5000)
    start_response("200 OK", [])
    return environ["wsgi.file_wrapper"](made)


@page
def writes(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [])
    write(b"written ")
    return [b"returned"]


@page
def text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    return ["a str"]


@page
def fail(environ: Any, start_response: Any) -> Any:
    raise LookupError("fail")


@page
def fail_after(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b"part"
    raise LookupError("after")


@page
def leave(environ: Any, start_response: Any) -> Any:
    """An exit is an exception of the application."""
    raise SystemExit(3)


@page
def late(environ: Any, start_response: Any) -> Any:
    wait("never", 0.7)
    return respond(start_response, b"late")


@page
def process(environ: Any, start_response: Any) -> Any:
    return respond(start_response, b"%d" % os.getpid())
