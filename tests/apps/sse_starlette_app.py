"""Event streams of sse-starlette, which pings, and ends its streams when its server is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from gates import AsyncGates
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

gates = AsyncGates()


async def events(request: Request) -> Response:
    key = request.path_params["key"]

    async def each() -> AsyncIterator[dict[str, str]]:
        try:
            yield {"data": "0", "id": "1"}
            yield {"data": "1", "id": "2"}
            await asyncio.Event().wait()
        finally:
            gates.open(f"left {key}")

    return EventSourceResponse(each(), ping=1)


async def page(request: Request) -> Response:
    return PlainTextResponse("a page")


async def open_gate(request: Request) -> Response:
    gates.open(request.query_params["name"])
    return PlainTextResponse("")


async def wait_gate(request: Request) -> Response:
    return PlainTextResponse(await gates.wait(request.query_params["name"]))


app = Starlette(
    routes=[
        Route("/", page),
        Route("/events/{key}", events),
        Route("/open", open_gate, methods=["POST"]),
        Route("/wait", wait_gate),
    ]
)
