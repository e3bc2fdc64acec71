"""Extensions of HTTP responses: early hints, trailers, files, and what tests are told.

Source: https://asgi.readthedocs.io/en/latest/extensions.html
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any

from writehead._guests.asgi.app_types import Message
from writehead._guests.asgi.files import SendingFiles
from writehead._guests.asgi.response_start import read_fields, read_pair
from writehead._guests.asgi.scope import DEBUG, KeepDebug, Place
from writehead._guests.asgi.sending import DONE, HEAD_GONE, IDLE, STARTED, TRAILERS, as_body
from writehead.errors import ASGIMessageError

_BAD_BYTE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

#: Fields that decide how a message is framed, routed or read, and so must not come behind its body (RFC 9110, 6.5.1).
REFUSED_TRAILERS = frozenset(
    (
        b"authorization",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"host",
        b"set-cookie",
        b"trailer",
        b"transfer-encoding",
    )
)

_FILES = ("http.response.pathsend", "http.response.zerocopysend")
_ONLY_1_1 = ("http.response.early_hint", "http.response.trailers")


class SendingMore(SendingFiles):
    """The part of a call that sends what the extensions allow."""

    place: Place
    connection: Any
    _trailers: list[tuple[str, str]] | None = None
    _has_debug = False

    async def _send_other(self, message: Message, kind: Any) -> None:
        if kind in _FILES:
            lock = self._lock
            if lock is None:
                lock = self._lock = asyncio.Lock()
                self._is_hindered = True
            async with lock:
                await self._send_file(message, kind)
        elif kind == "http.response.body":  # behind a file
            assert self._lock is not None
            async with self._lock:
                await self._send_body(message, kind)
        elif kind in _ONLY_1_1 and self.version != "1.0":
            if kind == "http.response.early_hint":
                self._send_hints(message, kind)
            elif not self._take_trailers(message, kind):
                await self._wait_for_client()
        elif kind == DEBUG and self.place.keep_debug is not None:
            self._keep_debug(message, self.place.keep_debug)
        else:
            raise ASGIMessageError(str(kind), "type", "is not known here")

    async def _send_body(self, message: Message, kind: str) -> None:
        if self._is_lost:
            await self._refuse()
        if not self._take_body(as_body(message.get("body", b""), kind), bool(message.get("more_body"))):
            await self._wait_for_client()

    async def _send_file(self, message: Message, kind: str) -> None:
        if self._is_lost:
            await self._refuse()
        if kind == "http.response.pathsend":
            await self._send_path(message, kind)
        else:
            await self._send_zero_copy(message, kind)

    def _send_hints(self, message: Message, kind: str) -> None:
        """Send 103 Early Hints, while the head has not left (RFC 8297)."""
        links = _links(message.get("links", ()), kind)
        if self._state > HEAD_GONE:
            self._misfit(kind)
        elif links and self._state <= STARTED:
            self._exchange.inform(103, [("Link", each) for each in links], None)

    def _take_trailers(self, message: Message, kind: str) -> bool:
        """Take fields that follow the body; False if the caller is to wait for the client."""
        trailers = _trailers(message.get("headers", ()), kind)
        if self._state != TRAILERS:
            self._misfit(kind)
            return True
        if self._trailers is None:
            self._trailers = []
        self._trailers += trailers
        if message.get("more_trailers"):
            return True
        sent = self._trailers if self._sends_trailers else ()
        self._finish()
        self._exchange.end(None, sent)
        return self._has_room()

    def _keep_debug(self, message: Message, keep: KeepDebug) -> None:
        """Give a test client what the application tells of its response, once, before the start."""
        info = message.get("info")
        if not isinstance(info, Mapping):
            raise ASGIMessageError(DEBUG, "info", "must be a dict", info)
        if self._state != IDLE or self._has_debug:
            self._misfit(DEBUG)
            return
        self._has_debug = True
        keep(self.connection.exchanges().index(self._exchange), info)

    def _end_untrailed(self) -> bool:
        """End a response whose trailers never came, if its body does not need them; return whether it did."""
        if self._state != TRAILERS or self._exchange.chunked:
            return False
        self._finish()
        self._exchange.end(None, ())
        return self._state == DONE


def _links(links: Any, kind: str) -> list[str]:
    if isinstance(links, str | bytes | Mapping) or not isinstance(links, Iterable):
        raise ASGIMessageError(kind, "links", "must be an iterable of bytes", links)
    checked = []
    for link in links:
        if not isinstance(link, bytes):
            raise ASGIMessageError(kind, "links", "must be an iterable of bytes", link)
        if _BAD_BYTE.search(link) is not None:
            raise ASGIMessageError(kind, "links", "has a control character", link)
        checked.append(link.decode("latin-1"))
    return checked


def _trailers(headers: Any, kind: str) -> list[tuple[str, str]]:
    fields = []
    for pair in read_fields(headers, kind):
        name, value = read_pair(pair, kind)
        if name.lower() in REFUSED_TRAILERS:
            raise ASGIMessageError(
                kind, "headers", f"must not have {name!r}, which has to come before the body"
            )
        fields.append((name.decode("latin-1"), value.decode("latin-1")))
    return fields
