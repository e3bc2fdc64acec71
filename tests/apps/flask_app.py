"""An application of Flask."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, request, send_file
from gates import Gates

gates = Gates()
app = Flask(__name__)


@app.get("/hello")
def hello() -> Response:
    return Response("hello", mimetype="text/plain")


@app.get("/url/<path:rest>")
def url(rest: str) -> dict[str, str | None]:
    return {"path": request.path, "query": request.query_string.decode(), "client": request.remote_addr}


@app.get("/stream/<key>")
def stream(key: str) -> Response:
    def pieces() -> Iterator[str]:
        yield "first\n"
        gates.wait(f"go {key}")
        yield "second\n"

    return Response(pieces(), mimetype="text/plain")


@app.get("/events/<key>")
def events(key: str) -> Response:
    def each() -> Iterator[str]:
        try:
            yield "data: 0\n\n"
            while not gates.is_open("never", 0.05):
                yield ": still here\n\n"
        finally:
            gates.open(f"left {key}")

    return Response(each(), mimetype="text/event-stream")


@app.post("/upload")
def upload() -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    while piece := request.stream.read(65536):
        digest.update(piece)
        size += len(piece)
    return {"size": size, "sha256": digest.hexdigest()}


@app.post("/form")
def form() -> dict[str, Any]:
    file = request.files["file"]
    data = file.read()
    return {"name": file.filename, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@app.post("/slow/<key>")
def slow(key: str) -> dict[str, int]:
    size = len(request.stream.read(65536))
    gates.open(f"reading {key}")
    gates.wait(f"go {key}")
    while piece := request.stream.read(65536):
        size += len(piece)
    return {"size": size}


@app.get("/file")
def file() -> Response:
    return send_file(os.environ["APPS_FILE"], mimetype="application/octet-stream", conditional=True)


@app.get("/boom")
def boom() -> str:
    raise LookupError("boom")


@app.post("/open")
def open_gate() -> str:
    gates.open(request.args["name"])
    return ""


@app.get("/wait")
def wait_gate() -> Response:
    return Response(gates.wait(request.args["name"]), mimetype="text/plain")
