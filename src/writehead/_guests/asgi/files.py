"""Files as bodies: `http.response.pathsend` and `http.response.zerocopysend`, by the core's way of sending a file.

Invariant: the bytes of one file leave together; other calls of `send` wait for it, in their order.
"""

from __future__ import annotations

import asyncio
import errno
import os
from typing import Any

from writehead._guests.asgi.app_types import Message
from writehead._guests.asgi.sending import DONE, HEAD_GONE, STARTED, Sending
from writehead._loop.waiters import Waiters
from writehead._message.file_body import FileRange, open_range, send_range
from writehead.errors import (
    ASGIMessageError,
    ConnectionLostError,
    InvalidArgTypeError,
    InvalidArgValueError,
    OutOfRangeError,
)


class FileTarget:
    """What `send_range` writes to: the response of one call."""

    writable_corked = 0
    errored: BaseException | None = None
    _strict = False
    _body_bytes = 0

    def __init__(self, call: SendingFiles) -> None:
        self._call = call
        self._exchange: Any = call._exchange

    @property
    def socket(self) -> Any:
        return self._exchange.socket

    @property
    def finished(self) -> bool:
        return False

    @property
    def destroyed(self) -> bool:
        return self._call._is_lost

    def uncork(self) -> None:
        """Do nothing: nothing is corked."""

    def flush_headers(self) -> None:
        self._exchange.flush()

    def write(self, data: bytes) -> bool:
        room: bool = self._exchange.write(data, None)
        return room

    async def drain(self) -> None:
        await self._call._wait_for_client()

    def _own_waiters(self) -> Waiters:
        call = self._call
        if call._waiters is None:
            call._waiters = Waiters()
        return call._waiters


class SendingFiles(Sending):
    """The part of a call that sends files."""

    _waiters: Waiters | None = None  # what waits until the kernel can take more of a file
    _holds_head = False  # a file is being opened: the head waits for its size

    async def _send_path(self, message: Message, kind: str) -> None:
        path = message.get("path")
        if not isinstance(path, str | bytes | os.PathLike):
            raise ASGIMessageError(kind, "path", "must be a path", path)
        if not (self._state == STARTED or (self._state == HEAD_GONE and self._head_alone)):
            self._misfit(kind)
            return
        if self._is_without_body:
            await self._send_nothing()
            return
        with await self._open(path, kind) as piece:
            self._check_length(piece.count, exact=True)
            await self._send_piece(piece, more=False)

    async def _open(self, path: Any, kind: str) -> FileRange:
        """Open a file while the head is held; after an error it goes its way."""
        self._holds_head = True
        piece = None
        try:
            piece = await open_range(path, 0, None)
        except InvalidArgTypeError as error:
            raise OSError(errno.EINVAL, "not a regular file", path) from error
        except InvalidArgValueError as error:
            raise ASGIMessageError(kind, "path", error.reason, path) from None
        finally:
            self._holds_head = False
            if piece is None:
                self.ticks.next_round(self._let_head_go)
        if self._is_lost:
            piece.close()
            await self._refuse()
        return piece

    async def _send_zero_copy(self, message: Message, kind: str) -> None:
        file, offset, count = message.get("file"), message.get("offset"), message.get("count")
        more = bool(message.get("more_body"))
        descriptor = _descriptor(file, kind)
        for key, value in (("offset", offset), ("count", count)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise ASGIMessageError(kind, key, "must be an int that is not negative", value)
        if self._state not in (STARTED, HEAD_GONE):
            self._misfit(kind)
            return
        if self._is_without_body:
            await self._send_nothing(more)
            return
        at = _position(file, descriptor, kind) if offset is None else offset
        piece = FileRange(os.dup(descriptor))
        with piece:
            try:
                piece.limit(file, at, count)
            except OutOfRangeError as error:
                raise ASGIMessageError(kind, error.argument, f"must be {error.range}", error.value) from None
            except InvalidArgTypeError as error:
                raise ASGIMessageError(kind, "file", "must be a regular file", file) from error
            self._check_length(piece.count, exact=not more)
            await self._send_piece(piece, more)
        if offset is None:
            _move(file, descriptor, at + piece.count)

    async def _send_piece(self, piece: FileRange, more: bool) -> None:
        """Send a part of a file behind the head; return when the system has all of it."""
        if self._state == STARTED:
            self._begin(None if more or self._has_trailers else piece.count)
        self._head_alone = False
        try:
            if piece.count:
                await send_range(FileTarget(self), piece, by_kernel=True)
                self._body_bytes += piece.count
            if more or self._has_trailers:
                await self._until_taken()
        except BaseException as error:
            self._cut()
            if isinstance(error, ConnectionLostError):
                await self._refuse()
            raise
        if not more:
            self._end(b"")
        if self._state == DONE:
            self._listeners = ()
            await self._wait_for_client()

    async def _until_taken(self) -> None:
        """Wait until the system has what was written."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._writers is None:
            self._writers = []
        self._writers.append(future)  # which a loss lets go on

        def done(error: BaseException | None) -> None:
            if not future.done():
                future.set_result(None)

        self._exchange.flush()
        self._exchange.write(b"", done)
        await future
        if self._is_lost:
            raise ConnectionLostError

    async def _send_nothing(self, more: bool = False) -> None:
        """Take a file in the place of which nothing is sent: it is not read."""
        if self._state == STARTED:
            self._begin(None)
        self._head_alone = False
        if more:
            self._exchange.flush()
        else:
            self._end(b"")


def _descriptor(file: Any, kind: str) -> int:
    if isinstance(file, int) and not isinstance(file, bool) and file >= 0:
        return file
    try:
        return int(file.fileno())
    except (AttributeError, OSError, ValueError):
        raise ASGIMessageError(
            kind, "file", "must be a file with a descriptor, or a descriptor", file
        ) from None


def _position(file: Any, descriptor: int, kind: str) -> int:
    """Return where reading of a file would go on."""
    tell = getattr(file, "tell", None)
    try:
        return int(tell()) if tell is not None else os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:  # of a pipe
        raise ASGIMessageError(kind, "file", "must be a regular file", file) from None


def _move(file: Any, descriptor: int, position: int) -> None:
    seek = getattr(file, "seek", None)
    if seek is not None:
        seek(position)
    else:
        os.lseek(descriptor, position, os.SEEK_SET)
