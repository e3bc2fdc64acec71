"""An application of Django for ASGI, with asynchronous views."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import django_views
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from gates import AsyncGates

gates = AsyncGates()


async def stream(request: HttpRequest, key: str) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[str]:
        yield "first\n"
        await gates.wait(f"go {key}")
        yield "second\n"

    return StreamingHttpResponse(pieces(), content_type="text/plain")


async def events(request: HttpRequest, key: str) -> StreamingHttpResponse:
    async def each() -> AsyncIterator[str]:
        try:
            yield "data: 0\n\n"
            await asyncio.Event().wait()
        finally:
            gates.open(f"left {key}")

    return StreamingHttpResponse(each(), content_type="text/event-stream")


async def open_gate(request: HttpRequest) -> HttpResponse:
    gates.open(request.GET["name"])
    return HttpResponse("")


async def wait_gate(request: HttpRequest) -> HttpResponse:
    return HttpResponse(await gates.wait(request.GET["name"]), content_type="text/plain")


urlpatterns = [
    *django_views.urlpatterns,
    path("stream/<key>", stream),
    path("events/<key>", events),
    path("open", open_gate),
    path("wait", wait_gate),
]

django_views.configure(__name__)
app = get_asgi_application()
