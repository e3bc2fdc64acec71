"""What both applications of Django have: plain views."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import django
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.urls import path


def configure(urls: str) -> None:
    """Set Django up with the views of a module."""
    settings.configure(
        SECRET_KEY="of a test",
        ROOT_URLCONF=urls,
        ALLOWED_HOSTS=["*"],
        FILE_UPLOAD_MAX_MEMORY_SIZE=65536,
        CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup(set_prefix=False)


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello", content_type="text/plain")


def url(request: HttpRequest, rest: str) -> HttpResponse:
    meta = request.META
    return JsonResponse(
        {"path": request.path, "query": meta["QUERY_STRING"], "client": meta.get("REMOTE_ADDR")}
    )


def upload(request: HttpRequest) -> HttpResponse:
    digest, size = hashlib.sha256(), 0
    while piece := request.read(65536):
        digest.update(piece)
        size += len(piece)
    return JsonResponse({"size": size, "sha256": digest.hexdigest()})


def form(request: HttpRequest) -> HttpResponse:
    file = request.FILES["file"]
    data = file.read()
    return JsonResponse({"name": file.name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()})


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(os.environ["APPS_FILE"]).open("rb"), content_type="application/octet-stream")


def boom(request: HttpRequest) -> HttpResponse:
    raise LookupError("boom")


urlpatterns = [
    path("hello", hello),
    path("url/<path:rest>", url),
    path("upload", upload),
    path("form", form),
    path("file", file),
    path("boom", boom),
]
