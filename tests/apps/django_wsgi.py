"""An application of Django for WSGI, with plain views."""

from __future__ import annotations

from collections.abc import Iterator

import django_views
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from gates import Gates

gates = Gates()


def stream(request: HttpRequest, key: str) -> StreamingHttpResponse:
    def pieces() -> Iterator[str]:
        yield "first\n"
        gates.wait(f"go {key}")
        yield "second\n"

    return StreamingHttpResponse(pieces(), content_type="text/plain")


def events(request: HttpRequest, key: str) -> StreamingHttpResponse:
    def each() -> Iterator[str]:
        try:
            yield "data: 0\n\n"
            while not gates.is_open("never", 0.05):
                yield ": still here\n\n"
        finally:
            gates.open(f"left {key}")

    return StreamingHttpResponse(each(), content_type="text/event-stream")


def slow(request: HttpRequest, key: str) -> HttpResponse:
    size = len(request.read(65536))
    gates.open(f"reading {key}")
    gates.wait(f"go {key}")
    while piece := request.read(65536):
        size += len(piece)
    return JsonResponse({"size": size})


def open_gate(request: HttpRequest) -> HttpResponse:
    gates.open(request.GET["name"])
    return HttpResponse("")


def wait_gate(request: HttpRequest) -> HttpResponse:
    return HttpResponse(gates.wait(request.GET["name"]), content_type="text/plain")


urlpatterns = [
    *django_views.urlpatterns,
    path("stream/<key>", stream),
    path("events/<key>", events),
    path("slow/<key>", slow),
    path("open", open_gate),
    path("wait", wait_gate),
]

django_views.configure(__name__)
app = get_wsgi_application()
