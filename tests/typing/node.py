"""Checked by mypy, never run: the same in Node's spelling."""

from __future__ import annotations

from typing import assert_type

from writehead import http


def handle(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    assert_type(req.isPaused(), bool)
    req.setEncoding("utf8")
    assert_type(req.readableEnded, bool)
    res.statusCode = 404
    res.statusMessage = "Not Here"
    assert_type(res.writeHead(200, {"A": "b"}), http.ServerResponse)
    assert_type(res.setHeader("A", "b"), http.ServerResponse)
    assert_type(res.hasHeader("a"), bool)
    assert_type(res.getHeaderNames(), list[str])
    assert_type(res.headersSent, bool)
    assert_type(res.writableEnded, bool)
    assert_type(res.writableLength, int)
    res.shouldKeepAlive = False
    res.sendDate = False
    res.flushHeaders()
    res.writeEarlyHints({"link": "</a>; rel=preload"})
    res.addTrailers({"Digest": "x"})


server = http.createServer({"keepAliveTimeout": 5000}, handle)
assert_type(server, http.Server)
assert_type(server.keepAliveTimeout, float | None)
server.keepAliveTimeout = 1000
assert_type(server.insecureHTTPParser, bool)
server.maxRequestsPerSocket = 10
server.headersTimeout = 10_000
assert_type(server.addListener("close", print), http.Server)
assert_type(server.prependOnceListener("close", print), http.Server)
assert_type(server.listenerCount("close"), int)
assert_type(server.closeAllConnections(), None)
http.validateHeaderName("A")
http.validateHeaderValue("A", "b")
