"""An ASGI application whose paths each do one thing; the probes ask for it."""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import tempfile
from typing import Any
from urllib.parse import parse_qs

WORD: contextvars.ContextVar[str] = contextvars.ContextVar("word", default="unset")
PAGES: dict[str, Any] = {}
LIMIT = 10.0

FILE = tempfile.NamedTemporaryFile()
FILE.write(b"0123456789" * 1000)
FILE.flush()

notes: dict[str, list[Any]] = {}
noted: dict[str, asyncio.Event] = {}


def note(key: str, *values: Any) -> None:
    """Keep values for the client that asks for them."""
    notes.setdefault(key, []).extend(values)
    noted.setdefault(key, asyncio.Event()).set()


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(scope, receive, send)
        return
    name = scope["path"].removeprefix(scope.get("root_path", "")).split("/")[1]
    await PAGES[name](scope, receive, send)


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    how = os.environ.get("PROBE_STARTUP", "")
    if how == "slow":
        await asyncio.sleep(1)
    if how == "failed":
        await send({"type": "lifespan.startup.failed"})
        return
    if how == "tell":
        open(os.environ["PROBE_FILE"], "w").close()
    WORD.set("set at startup")
    if "state" in scope:
        scope["state"]["list"] = []
        scope["state"]["word"] = "kept"
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if path := os.environ.get("PROBE_FILE"):
        with open(path, "a") as file:
            file.write("shutdown")
    await send({"type": "lifespan.shutdown.complete"})


def page(function: Any) -> Any:
    """Serve a function under its name."""
    PAGES[function.__name__] = function
    return function


def key_of(scope: Any) -> str:
    return parse_qs(scope["query_string"].decode())["key"][0]


async def respond(
    send: Any, body: bytes = b"", status: int = 200, headers: Any = (), more: bool = False
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def read(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


# -- what the client is told -----------------------------------------------------


@page
async def seen(scope: Any, receive: Any, send: Any) -> None:
    """Return what was noted under a key, when it is there."""
    key = key_of(scope)
    try:
        async with asyncio.timeout(LIMIT):
            await noted.setdefault(key, asyncio.Event()).wait()
    except TimeoutError:
        note(key, "nothing")
    await respond(send, json.dumps(notes[key]).encode())


@page
async def tell(scope: Any, receive: Any, send: Any) -> None:
    note(key_of(scope), "told")
    await respond(send)


@page
async def hello(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, b"hello", headers=[(b"content-type", b"text/plain")])


@page
async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Return the scope."""
    shown = {
        name: value.decode("latin-1") if isinstance(value, bytes) else value
        for name, value in scope.items()
        if isinstance(value, str | bytes | int | tuple | list) and name != "headers"
    }
    shown["headers"] = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    shown["extensions"] = sorted(scope.get("extensions") or {})
    shown["has_state"] = "state" in scope
    await respond(send, json.dumps(shown).encode())


@page
async def state(scope: Any, receive: Any, send: Any) -> None:
    """Change the state, and return it."""
    kept = scope.get("state", {})
    before = kept.get("mine")
    kept["mine"] = "leaks"
    await respond(send, json.dumps([kept.get("word"), before]).encode())


@page
async def context(scope: Any, receive: Any, send: Any) -> None:
    word = WORD.get()
    WORD.set("set by a request")
    await respond(send, word.encode())


# -- receive ----------------------------------------------------------------------


@page
async def upload(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, b"%d" % len(await read(receive)))


@page
async def unread(scope: Any, receive: Any, send: Any) -> None:
    """Read nothing until told."""
    key = key_of(scope)
    note(key, "waits")
    await noted.setdefault(key + "go", asyncio.Event()).wait()
    await respond(send)


@page
async def ignore(scope: Any, receive: Any, send: Any) -> None:
    """Respond without a look at the body."""
    await respond(send, b"ignored")


@page
async def cut_body(scope: Any, receive: Any, send: Any) -> None:
    """Note each message that comes of the body."""
    said = []
    while True:
        message = await receive()
        said.append(f"{message['type']} {len(message.get('body', b''))} {message.get('more_body')}")
        if message["type"] == "http.disconnect" or not message["more_body"]:
            break
    note(key_of(scope), *said)


@page
async def leave(scope: Any, receive: Any, send: Any) -> None:
    """Wait for the client to leave, twice."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x", "more_body": True})
    types = []
    while len(types) < 2:
        message = await receive()
        if message["type"] == "http.disconnect":
            types.append("http.disconnect")
    note(key_of(scope), *types)


@page
async def after(scope: Any, receive: Any, send: Any) -> None:
    """Receive after the response is complete."""
    await read(receive)
    await respond(send, b"done")
    try:
        async with asyncio.timeout(2):
            note(key_of(scope), (await receive())["type"])
    except TimeoutError:
        note(key_of(scope), "waits")


# -- send --------------------------------------------------------------------------


@page
async def head_first(scope: Any, receive: Any, send: Any) -> None:
    """Send the head, and the body when told."""
    key = key_of(scope)
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await noted.setdefault(key, asyncio.Event()).wait()
    await send({"type": "http.response.body", "body": b"late"})


@page
async def too_many(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, b"0123456789", headers=[(b"content-length", b"5")])


@page
async def too_few(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, b"01234", headers=[(b"content-length", b"10")])


@page
async def injection(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, b"x", headers=[(b"x-name", b"a\r\nset-cookie: evil=1")])


@page
async def flood(scope: Any, receive: Any, send: Any) -> None:
    """Send without end, and note how much was taken while the client reads nothing."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    sent = 0
    try:
        async with asyncio.timeout(2):
            while sent < 200 << 20:
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
                sent += 65536
    except TimeoutError:
        pass
    note(key_of(scope), sent)


@page
async def send_on(scope: Any, receive: Any, send: Any) -> None:
    """Send after the client has left, and note what that raises."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
    try:
        for _ in range(20):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0.01)
    except Exception as error:
        note(key_of(scope), "OSError" if isinstance(error, OSError) else type(error).__name__)
    else:
        note(key_of(scope), "nothing raised")


@page
async def status(scope: Any, receive: Any, send: Any) -> None:
    """Respond with the status of the query, and a body that it must not have."""
    wanted = int(parse_qs(scope["query_string"].decode())["status"][0])
    await respond(send, b"a body", wanted, [(b"x-a", b"b")])


@page
async def head(scope: Any, receive: Any, send: Any) -> None:
    """Respond to HEAD as frameworks do: a length, and no body."""
    await respond(send, b"", headers=[(b"content-length", b"1234")])


@page
async def fail_before(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError("before")


@page
async def fail_between(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    raise LookupError("between")


@page
async def fail_after(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"part", "more_body": True})
    await asyncio.sleep(0.1)
    raise LookupError("after")


@page
async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Return without a response."""


@page
async def background(scope: Any, receive: Any, send: Any) -> None:
    """Work on behind the response until told."""
    await respond(send, b"done")
    await noted.setdefault(key_of(scope), asyncio.Event()).wait()


@page
async def lines(scope: Any, receive: Any, send: Any) -> None:
    """Three pieces."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in (b"one", b"", b"two"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"three"})


# -- extensions ----------------------------------------------------------------------


@page
async def hints(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]})
    await respond(send, b"x")


@page
async def trailers(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"trailer", b"x-sum")]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
    await send({"type": "http.response.body", "body": b"x"})
    await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"1")], "more_trailers": False})


@page
async def pathsend(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10000")]})
    await send({"type": "http.response.pathsend", "path": FILE.name})


@page
async def zerocopy(scope: Any, receive: Any, send: Any) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789" * 1000)
        file.flush()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.zerocopysend", "file": file, "offset": 5, "count": 10})


@page
async def tls(scope: Any, receive: Any, send: Any) -> None:
    found = scope["extensions"]["tls"]
    await respond(send, json.dumps([found["tls_version"], bool(found["server_cert"])]).encode())


# -- the end --------------------------------------------------------------------------


@page
async def events(scope: Any, receive: Any, send: Any) -> None:
    """An event stream that ends when it is told that its client has left."""
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"data: 0\n\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
    await send({"type": "http.response.body", "body": b"data: bye\n\n"})


@page
async def late(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0.7)
    await respond(send, b"late")


# -- WebSockets ------------------------------------------------------------------------


@page
async def ws(scope: Any, receive: Any, send: Any) -> None:
    """Echo; do what the texts say; note how it ended."""
    await receive()
    asked = scope["subprotocols"]
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": asked[0] if asked else None,
            "headers": [(b"x-own", b"1")],
        }
    )
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            note(key_of(scope), message.get("code"), message.get("reason"))
            return
        text = message.get("text")
        if text == "fail":
            raise LookupError("in a WebSocket")
        if text == "return":
            return
        if text is not None and text.startswith("close"):
            await send({"type": "websocket.close", "code": int(text[5:]), "reason": "as asked"})
            continue
        if text == "stop reading":
            await noted.setdefault(key_of(scope) + "go", asyncio.Event()).wait()
            continue
        if text == "after the end":
            while (await receive())["type"] != "websocket.disconnect":
                pass
            try:
                await send({"type": "websocket.send", "text": "x"})
            except Exception as error:
                note(key_of(scope), "OSError" if isinstance(error, OSError) else type(error).__name__)
            else:
                note(key_of(scope), "nothing raised")
            return
        if text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})


@page
async def ws_refuse(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4003})


@page
async def ws_deny(scope: Any, receive: Any, send: Any) -> None:
    """Refuse with a response of its own, where that is offered."""
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"x-why", b"teapot")]
    await send({"type": "websocket.http.response.start", "status": 418, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"short and stout"})
