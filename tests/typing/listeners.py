"""Checked by mypy and pyright, never run: listeners by the name of their event, in both spellings."""

from __future__ import annotations

import asyncio
import socket as system
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Any, assert_type

from writehead import errors, events, http, https


def both(req: http.IncomingMessage, res: http.ServerResponse) -> None: ...
def one(req: http.IncomingMessage) -> object: ...
def none() -> None: ...
async def later(req: http.IncomingMessage, res: http.ServerResponse) -> None: ...
def wider(req: object, res: http.OutgoingMessage) -> None: ...
def more(
    req: http.IncomingMessage, res: http.ServerResponse | None = None, then: int = 0, *, name: str = ""
) -> None: ...
def any_number(*args: object) -> None: ...
def of_any(*args: Any) -> Any: ...


class Request(http.IncomingMessage):
    user: str = ""


class Response(http.ServerResponse):
    pass


def of_own_classes(req: Request, res: Response) -> None: ...


class Handler:
    def __call__(self, req: http.IncomingMessage, res: http.ServerResponse) -> None: ...
    def method(self, req: http.IncomingMessage, res: http.ServerResponse) -> None: ...


server = http.create_server()
secure = https.create_server()

# -- what fits

assert_type(server.on("request", both), http.Server)
assert_type(server.on("request", one), http.Server)
assert_type(server.on("request", none), http.Server)
assert_type(server.on("request", later), http.Server)
assert_type(server.on("request", wider), http.Server)
assert_type(server.on("request", more), http.Server)
assert_type(server.on("request", any_number), http.Server)
assert_type(server.on("request", print), http.Server)
assert_type(server.on("request", lambda: None), http.Server)
assert_type(server.on("request", of_own_classes), http.Server)
assert_type(server.on("request", Handler()), http.Server)
assert_type(server.on("request", Handler().method), http.Server)
assert_type(server.on("request", partial(more, then=1)), http.Server)
server.on("request", of_any)
server.on("request", lambda req: req.resume())
server.on("request", lambda req, res: res.end(req.url))
server.on("request", lambda *_: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
server.on(name="request", listener=both)

assert_type(server.add_listener("checkContinue", both), http.Server)
assert_type(server.addListener("checkExpectation", both), http.Server)
assert_type(server.once("request", both), http.Server)
assert_type(server.prepend_listener("request", both), http.Server)
assert_type(server.prependListener("request", both), http.Server)
assert_type(server.prepend_once_listener("request", both), http.Server)
assert_type(server.prependOnceListener("request", both), http.Server)
assert_type(server.off("request", both), http.Server)
assert_type(server.remove_listener("request", both), http.Server)
assert_type(server.removeListener("request", both), http.Server)
assert_type(secure.on("request", both).once("close", none), https.Server)


def connected(socket: http.Socket) -> None: ...
def upgraded(req: http.IncomingMessage, socket: http.Socket, head: bytes) -> None: ...
def refused(error: errors.HTTPError, socket: http.Socket) -> None: ...
def failed(error: Exception) -> None: ...
def dropped(info: dict[str, Any] | None) -> None: ...
def added(name: Hashable, listener: Callable[..., Any]) -> None: ...


server.on("connection", connected).on("timeout", connected).on("upgrade", upgraded).on("connect", upgraded)
server.on("clientError", refused).on("error", failed).on("listening", none).on("close", none)
server.on("drop", dropped)
server.on("newListener", added)
secure.on("secureConnection", connected).on("tlsClientError", refused)
server.on("clientError", lambda error, socket: socket.end(error.code))
server.on("dropRequest", lambda req, socket: socket.write(req.url))


def chunk_of_bytes(chunk: bytes) -> None: ...
def chunk_of_text(chunk: str) -> None: ...
def chunk_of_either(chunk: bytes | str) -> None: ...
async def closed(had_error: bool) -> None: ...


def streams(req: http.IncomingMessage, res: http.ServerResponse, socket: http.Socket) -> None:
    assert_type(req.on("data", chunk_of_bytes), http.IncomingMessage)
    req.on("data", chunk_of_text).on("data", chunk_of_either).on("end", none).on("error", failed)
    req.on("close", none).on("aborted", none).on("readable", none).on("pause", none).on("resume", none)
    req.on("timeout", connected)
    assert_type(res.on("finish", none), http.ServerResponse)
    res.once("drain", none).on("close", none).on("error", failed).on("socket", connected).on(
        "timeout", connected
    )
    res.on("pipe", lambda source: source.pause())
    assert_type(socket.on("data", chunk_of_bytes), http.Socket)
    socket.on("close", closed).on("close", none).on("timeout", none).on("drain", none).on("finish", none)
    assert_type(socket.off("close", closed), http.Socket)
    req.signal.once("abort", lambda signal: signal.throw_if_aborted())


@server.on("request")
def decorated(req: http.IncomingMessage, res: http.ServerResponse) -> int:
    return 1


@server.once("request")
@server.addListener("checkContinue")
async def decorated_twice(req: http.IncomingMessage) -> None: ...


@server.on("request")
def decorated_of_own(req: Request, res: Response) -> int:
    return 1


@secure.on("tlsClientError")
def on_refused(error: errors.HTTPError) -> None: ...


still_itself: Callable[[http.IncomingMessage, http.ServerResponse], int] = decorated
still_async: Callable[[http.IncomingMessage], Awaitable[None]] = decorated_twice
still_of_own: Callable[[Request, Response], int] = decorated_of_own


def emissions(
    req: http.IncomingMessage, res: http.ServerResponse, socket: http.Socket, given: system.socket
) -> None:
    assert_type(server.emit("request", req, res), bool)
    server.emit("connection", socket)
    server.emit("connection", given)
    secure.emit("secureConnection", given)
    server.emit("error", asyncio.CancelledError())
    server.emit("listening")
    req.emit("data", b"")
    req.emit("data", "")
    res.emit("drain")
    socket.emit("close", True)


# -- events of the program's own, and names that are not known before the program runs

OWN = object()


def told(count: int, *, loud: bool = False) -> None: ...
def listen(emitter: http.Server, name: Hashable, listener: Callable[..., object]) -> None:
    emitter.on(name, listener).emit(name, 1, 2)


assert_type(server.on("told", told), http.Server)
assert_type(server.on(OWN, told).on(("told", 1), told).off("told", told), http.Server)
assert_type(server.emit("told", 1), bool)
assert_type(server.emit(OWN, 1, 2), bool)


@server.on("told")
def told_too(count: int) -> None: ...


def by_names(names: list[str], anything: Any, res: http.ServerResponse) -> None:
    for name in names:
        server.on(name, told)
    for name in ("finish", "close"):
        res.on(name, none)
    server.on("request", anything)
    server.emit("request", anything, res)


class Door(events.EventEmitter):
    pass


assert_type(Door().on("request", told).emit("request", 1), bool)


class Loud(http.Server):
    def emit(self, name: Hashable, *args: Any) -> bool:
        return super().emit(name, *args)


# -- what does not fit


def of_int(req: int) -> None: ...
def of_more(req: http.IncomingMessage, res: http.ServerResponse, more: int) -> None: ...
def of_other_default(req: http.IncomingMessage, res: int = 0) -> None: ...
def of_keyword(req: http.IncomingMessage, *, name: str) -> None: ...
def of_ints(*args: int) -> None: ...


server.on("request", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.on("request", of_more)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.on("request", of_other_default)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.on("request", of_keyword)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.on("request", of_ints)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.on("request", chunk_of_bytes)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.on("request", 3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
server.add_listener("request", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.addListener("request", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.once("request", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.prepend_listener("request", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.prependListener("request", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.prepend_once_listener("request", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.prependOnceListener("request", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.on("close", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.on("request", of_int).on("close", none)  # type: ignore[attr-defined]  # pyright: ignore[reportDeprecated]
secure.on("tlsClientError", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
server.off("request", of_int)  # pyright: ignore[reportDeprecated]
server.remove_listener("request", of_int)  # pyright: ignore[reportDeprecated]
server.removeListener("request", of_int)  # pyright: ignore[reportDeprecated]
server.emit("request")  # pyright: ignore[reportDeprecated]
server.emit("request", 1, 2)  # pyright: ignore[reportDeprecated]
server.emit("listening", 1)  # pyright: ignore[reportDeprecated]
server.emit("connection", "socket")  # pyright: ignore[reportDeprecated]
secure.emit("secureConnection", "socket")  # pyright: ignore[reportDeprecated]


@server.on("request")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUntypedFunctionDecorator]
def wrong(req: int) -> None: ...


@secure.once("close")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportUntypedFunctionDecorator]
def wrong_too(had_error: bool) -> None: ...


def wrong_streams(req: http.IncomingMessage, res: http.ServerResponse, socket: http.Socket) -> None:
    req.on("data", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
    req.on("close", closed)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
    req.emit("end", 1)  # pyright: ignore[reportDeprecated]
    res.on("finish", of_int)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
    res.off("finish", of_int)  # pyright: ignore[reportDeprecated]
    res.emit("drain", 1)  # pyright: ignore[reportDeprecated]
    socket.on("timeout", connected)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
    socket.on("data", chunk_of_text)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
    socket.emit("close")  # pyright: ignore[reportDeprecated]
    req.signal.on("abort", failed)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
