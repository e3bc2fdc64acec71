"""Checked by mypy and pyright, never run: what headers, bodies, times and files may be given as."""

from __future__ import annotations

import io
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, assert_type

from writehead import http, https


class Sink:
    """As little as a source can be piped into."""

    def write(self, chunk: bytes) -> bool:
        return True

    def end(self) -> None: ...
    def on(self, name: str, listener: Any) -> None: ...
    def once(self, name: str, listener: Any) -> None: ...
    def off(self, name: str, listener: Any) -> None: ...
    def emit(self, name: str, *args: Any) -> None: ...


def done(error: Exception | None) -> None: ...
def idle(socket: http.Socket) -> None: ...


async def fits(req: http.IncomingMessage, res: http.ServerResponse, lines: list[str | int]) -> None:
    res.set_header("A", 1).set_header("B", ["a", 1]).set_header("C", ("a",)).set_header("D", lines)
    res.append_header("E", True).appendHeader("F", b"g")
    res.set_headers({"A": "b", "C": ["d", "e"], "N": 3})
    res.add_trailers({"A": "b"})
    res.addTrailers([["a", "b"], ["c", "d"]])
    res.add_trailers([("a", "b"), ("c", ["d"])])
    headers = {"A": "b", "C": ["d", "e"]}
    assert_type(res.write_head(200, headers), http.ServerResponse)
    res.write_head(HTTPStatus.OK, "Fine", headers).writeHead(200, req.raw_headers).writeHead("200")
    res.write_information(103, {"link": "</a>"}, lambda: None)
    res.write_early_hints({"link": ["</a>", "</b>"]})
    assert_type(res.write(bytearray(b"a")), bool)
    assert_type(res.write(memoryview(b"a"), done), bool)
    assert_type(res.end(io.BytesIO().getbuffer()), http.ServerResponse)
    assert_type(res.status_code, int)
    assert_type(res.statusMessage, str | None)
    res.statusCode = "404"
    res.status_message = None
    assert_type(res.set_timeout(timedelta(seconds=2)).set_timeout(2.5), http.ServerResponse)
    req.set_timeout(timedelta(seconds=2), idle).socket.set_timeout(2000)
    assert_type(req.socket, http.Socket)
    assert_type(req.connection, http.Socket)
    assert_type(res.socket, http.Socket | None)
    await res.send_file(Path("a"))
    await res.send_file(b"a")
    await res.send_file(open("a", "rb"))
    await http.pipeline(open("a", "rb"), res)
    await http.pipeline(["a", b"b"], res)
    assert_type(req.pipe(res), http.ServerResponse)
    assert_type(req.pipe(Sink(), end=False), Sink)
    req.pipe(req.socket).end("a", "latin1", lambda: None)
    http.validate_header_value("A", req)


def servers(server: http.Server, secure: https.Server) -> None:
    assert_type(server.set_timeout(timedelta(minutes=1)).set_timeout(idle), http.Server)
    assert_type(secure.setTimeout(1000, idle), https.Server)


async def does_not_fit(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    res.set_header("A", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    res.set_header("A", ["b", None])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    res.setHeader("A", object())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    res.set_headers({"A": None})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    res.write_head(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    res.writeHead(200, {"A": None})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    res.status_code = None  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    res.write(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    res.write(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    res.end(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    res.set_timeout("2s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await res.send_file(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await res.send_file(io.StringIO)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await http.pipeline(3, res)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await http.pipeline(b"a", res)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    req.pipe(3)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    req.pipe(req)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    req.socket.write(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    req.socket.end(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
