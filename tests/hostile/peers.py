"""The servers that the cases are played against: writehead, and Node for checking the runner itself."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.kit.node import node_path

HERE = Path(__file__).parent


@contextlib.asynccontextmanager
async def node_peer(program: Path = HERE / "node_peer.js") -> AsyncIterator[int]:
    """Run the handler on Node; yield its port."""
    node = node_path()
    assert node is not None, "no Node.js for this platform"
    process = await asyncio.create_subprocess_exec(node, program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def writehead_peer(**options: Any) -> AsyncIterator[int]:
    """Run the handler on writehead, in this very loop; yield its port."""
    from writehead import http

    server = http.create_server(handle, **options)
    await server.listen(0, "127.0.0.1")
    try:
        yield server.address()["port"]
    finally:
        server.close()
        server.close_all_connections()


FIELDS = {
    "content-disposition": "Content-Disposition",
    "trailer-field": "Trailer",
    "connection-value": "Connection",
    "content-length-value": "Content-Length",
}
PEERS = {"writehead": writehead_peer, "node": node_peer}


def handle(req: Any, res: Any) -> None:
    """Read the whole body and answer with what was seen; or reflect, for URLs that ask for it."""
    if req.url.startswith("/reflect/"):
        _, _, where, text = req.url.split("/")
        reflect(res, where, bytes.fromhex(text).decode("utf-8"))
        return
    digest = hashlib.sha1()
    size = 0

    def take(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)
        digest.update(chunk)

    def answer() -> None:
        report = {
            "method": req.method,
            "url": req.url,
            "body_len": size,
            "body_sha1": digest.hexdigest(),
            "headers": req.raw_headers,
        }
        res.set_header("Content-Type", "application/json")
        res.end(json.dumps(report))

    req.on("data", take)
    req.on("end", answer)


def reflect(res: Any, where: str, text: str) -> None:
    """Put untrusted text where `where` says, through every call that takes any."""
    match where:
        case "status-message":
            res.status_message = text
        case "write-head-reason":
            res.write_head(200, text)
        case "header-value":
            res.set_header("X-Reflect", text)
        case "header-list":
            res.set_header("X-Reflect", ["ok", text])
        case "header-name":
            res.set_header(text, "v")
        case "append-header":
            res.append_header("X-Reflect", "ok")
            res.append_header("X-Reflect", text)
        case "append-name":
            res.append_header(text, "v")
        case "set-headers":
            res.set_headers({"X-Reflect": text})
        case "set-headers-name":
            res.set_headers({text: "v"})
        case "write-head-value":
            res.write_head(200, {"X-Reflect": text})
        case "write-head-name":
            res.write_head(200, {text: "v"})
        case "write-head-flat":
            res.write_head(200, ["X-Reflect", text])
        case "write-head-merged":
            res.set_header("X-Other", "1")
            res.write_head(200, {"X-Reflect": text})
        case "trailer-value" | "trailer-name":
            pairs = {"X-Reflect": text} if where == "trailer-value" else {text: "v"}
            res.write("body")
            res.add_trailers(pairs)
        case "hint-link":
            res.write_early_hints({"link": text})
        case "hint-links":
            res.write_early_hints({"link": ["</a>; rel=preload", text]})
        case "hint-value":
            res.write_early_hints({"link": "</a>; rel=preload", "X-Reflect": text})
        case "hint-name":
            res.write_early_hints({"link": "</a>; rel=preload", text: "v"})
        case "info-value":
            res.write_information(103, {"X-Reflect": text})
        case "info-name":
            res.write_information(103, {text: "v"})
        case "held-list":
            res.set_header("X-Reflect", ["ok"])
            res.get_header("X-Reflect").append(text)
        case "held-headers":
            res.set_header("X-Reflect", ["ok"])
            res.get_headers()["x-reflect"].append(text)
        case "write-head-list":
            res.write_head(200, {"X-Reflect": ["ok", text]})
        case "trailer-list":
            res.write("body")
            res.add_trailers({"X-Reflect": ["ok", text]})
        case "trailer-pairs":
            res.write("body")
            res.add_trailers([["X-Reflect", text]])
        case "hint-list":
            res.write_early_hints({"link": "</a>; rel=preload", "X-Reflect": ["ok", text]})
        case "info-list":
            res.write_information(103, {"X-Reflect": ["ok", text]})
        case "cookie-list":
            res.set_header("Set-Cookie", ["a=b", text])
        case "content-disposition" | "trailer-field" | "connection-value" | "content-length-value":
            res.set_header(FIELDS[where], text)
        case "body":
            res.write(text)
    res.end()


def silence() -> None:
    """Keep the tracebacks of handlers that are meant to fail out of the report."""
    import logging

    logging.getLogger("writehead").setLevel(sys.maxsize)
