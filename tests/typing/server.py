"""Checked by mypy, never run: a program in Python's spelling, with what its parts are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, assert_type

from writehead import errors, events, http, https


def handle(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    assert_type(req.method, str)
    assert_type(req.url, str)
    assert_type(req.http_version, str)
    assert_type(req.http_version_major, int)
    assert_type(req.headers["host"], str)
    assert_type(req.headers.get("range"), str | None)
    assert_type(req.headers.get("content-length", 0), str | int)
    assert_type(req.headers["set-cookie"], list[str])
    assert_type(req.headers.get("set-cookie"), list[str] | None)
    assert_type(req.headers_distinct["accept"], list[str])
    assert_type(req.trailers.get("digest"), str | None)
    assert_type(req.complete, bool)
    assert_type(req.is_paused(), bool)
    assert_type(req.pause(), http.IncomingMessage)
    assert_type(res.write("chunk"), bool)
    assert_type(res.write(b"chunk", lambda: None), bool)
    assert_type(res.write("c3a9", "hex", lambda: None), bool)
    assert_type(res.end(), http.ServerResponse)
    assert_type(res.end(lambda: None), http.ServerResponse)
    assert_type(res.end("data", lambda: None), http.ServerResponse)
    assert_type(res.end("data", "latin1", lambda: None), http.ServerResponse)
    assert_type(res.write_head(200), http.ServerResponse)
    assert_type(res.write_head(200, {"A": "b", "C": ["d", "e"]}), http.ServerResponse)
    assert_type(res.write_head(200, "Fine", ["A", "b"]), http.ServerResponse)
    assert_type(res.set_header("A", ["b", "c"]).set_header("D", 1), http.ServerResponse)
    assert_type(res.has_header("a"), bool)
    assert_type(res.get_header_names(), list[str])
    assert_type(res.headers_sent, bool)
    assert_type(res.finished, bool)
    assert_type(res.writable_length, int)
    assert_type(res.cork(), None)
    res.status_code = 404
    res.status_message = "Not Here"
    res.add_trailers({"Digest": "x"})
    res.write_early_hints({"link": "</a>; rel=preload"})
    res.destroy().set_timeout(2000, lambda: None)
    res.set_timeout(timedelta(seconds=2))


async def handle_later(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    async for chunk in req:
        res.write(chunk)
    assert_type(await req.bytes(), bytes)
    assert_type(await req.text(limit=100), str)
    await req.json(limit=100)
    assert_type(await res.drain(), None)
    assert_type(await res.wait_finished(), None)
    assert_type(await res.send_file(Path("a"), offset=1, count=2), None)
    await http.pipeline(req, res)
    await http.pipeline(pieces(), res)
    await http.pipeline(later_pieces(), res)


def pieces() -> Iterator[bytes]:
    yield b"a"


async def later_pieces() -> AsyncIterator[str]:
    yield "a"


assert_type(http.create_server(), http.Server)
assert_type(http.create_server(handle), http.Server)
assert_type(
    http.create_server(handle_later, keep_alive_timeout=5000, emit_close_after_finish=True), http.Server
)
assert_type(http.create_server({"keepAliveTimeout": 5000}, handle), http.Server)
https.create_server(handle, key="key.pem", cert="cert.pem").listen(8443)

server = http.create_server()


@server.on("request")
def decorated(req: http.IncomingMessage, res: http.ServerResponse) -> int:
    return 1


# A decorated listener is still the function that it was.
decorator_result: Callable[[http.IncomingMessage, http.ServerResponse], int] = decorated
assert_type(server.on("close", lambda: None), http.Server)
assert_type(server.once("close", lambda: None).off("close", print), http.Server)
assert_type(server.emit("mine", 1, 2), bool)
assert_type(server.listener_count("request"), int)

assert_type(server.listen(3000), http.Server)
assert_type(server.listen(3000, "127.0.0.1", 511, lambda: None), http.Server)
assert_type(server.listen("/run/a.sock"), http.Server)
assert_type(server.listen({"port": 0, "ipv6_only": True}), http.Server)
assert_type(server.close(lambda error: None), http.Server)
assert_type(server.close_idle_connections(), None)
assert_type(server.get_connections(lambda error, count: None), http.Server)
assert_type(server.set_timeout(2000).ref().unref(), http.Server)
assert_type(server.listening, bool)
assert_type(http.run(shutdown_timeout=1000), None)
assert_type(http.METHODS, list[str])
assert_type(http.STATUS_CODES, dict[int, str])
assert_type(http.max_header_size, int)
assert_type(http.native, bool)


async def under_a_loop() -> None:
    async with http.create_server(handle) as server:
        assert_type(server, http.Server)
        await server.listen(0)
        address = server.address()
        assert_type(address, http.AddressInfo | str | None)
        server.address()["port"]  # type: ignore[index]  # pyright: ignore[reportOptionalSubscript, reportArgumentType]
        if isinstance(address, str):
            await asyncio.open_unix_connection(address)
        elif address is not None:
            assert_type(address["port"], int)
            assert_type(address["family"], Literal["IPv4", "IPv6"])
            await asyncio.open_connection(address["address"], address["port"])
        assert_type(await events.once(server, "close"), list[Any])
        await server.close()


def on_error(error: errors.HTTPError) -> None:
    assert_type(error.code, str)
    assert_type(error.status, int | None)


class Request(http.IncomingMessage):
    user: str = ""


class Response(http.ServerResponse):
    def json(self, text: str) -> None:
        self.set_header("Content-Type", "application/json").end(text)


http.create_server(IncomingMessage=Request, ServerResponse=Response)


async def by_name(name: str) -> https.SecureContextOptions:
    return {"key": f"{name}.pem"}


def options() -> None:
    http.create_server(handle, keep_alive_timeout=timedelta(seconds=5), max_connections=None)
    http.create_server({"keepAliveTimeout": 5000}, handle)
    mine: http.ServerOptions = {"body_timeout": 1000, "unique_headers": ["a", "b"]}
    http.create_server(handle, **mine)
    http.create_server(mine, handle)
    http.create_server({"keepAliveTimeout": timedelta(seconds=5), "no_delay": False, "uniqueHeaders": {"a"}})
    http.create_server({"keepAliveTimeot": 5}, handle)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    http.create_server({"keepAliveTimeout": "5s"}, handle)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    http.create_server({"key": "key.pem"}, handle)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    read: dict[str, Any] = {}
    http.create_server(handle, **read)
    http.create_server(handle, keep_alive_timeout="5s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    http.create_server(handle, keep_alive_timeot=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    secure: https.SecureServerOptions = {"key": "key.pem", "cert": [b"-----BEGIN"], "request_cert": True}
    https.create_server(handle, **secure)
    https.create_server(secure, handle)
    https.create_server({"key": "key.pem", "requestCert": True, "ALPNProtocols": ["x"], "timeout": 5}, handle)
    https.create_server({"ALPNprotocols": ["x"]}, handle)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    server = https.create_server(handle, key="key.pem", sni_callback=by_name)
    server.set_secure_context(key=Path("key.pem"), cert="cert.pem")
    server.set_secure_context({"key": Path("key.pem"), "minVersion": "TLSv1.3"})
    server.set_secure_context({"request_cert": True})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    server.add_context("a.test", {"cert": "cert.pem"})


def assigned() -> None:
    assert_type(server.request_timeout, float)
    assert_type(server.keep_alive_timeout, float | None)
    assert_type(server.max_connections, float | None)
    assert_type(server.unique_headers, frozenset[str])
    server.request_timeout = timedelta(seconds=5)
    server.timeout = None
    server.unique_headers = ["a"]
    server.IncomingMessage = Request
    server.ServerResponse = None
    server.request_timeout = "5s"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    server.no_delay = 2  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
