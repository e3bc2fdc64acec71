"""Files on their way out: a range of one, copied by the kernel where it can be."""

from __future__ import annotations

import asyncio
import io
import os
import stat
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from writehead.errors import (
    ConnectionLostError,
    FileChangedError,
    InvalidArgTypeError,
    OutOfRangeError,
    StreamWriteAfterEndError,
)

if TYPE_CHECKING:
    from writehead._response import ServerResponse

#: The size of a piece where the kernel cannot copy.
PIECE = 262_144


class FileRange:
    """A part of an open file; closes the file on leaving if it opened it.

    Args:
        file: a path, or a binary file object with `fileno()`.
        offset: the first byte.
        count: how many bytes; None is the rest.

    Raises:
        OSError, InvalidArgTypeError, OutOfRangeError.
    """

    def __init__(self, file: Any, offset: int, count: int | None) -> None:
        self._own: Any = None
        if isinstance(file, (str, bytes, os.PathLike)):
            self._own = open(file, "rb", buffering=0)  # noqa: SIM115  # closed in __exit__
            self.fd: int = self._own.fileno()
        else:
            self.fd = _descriptor(file)
        try:
            facts = os.fstat(self.fd)
            if not stat.S_ISREG(facts.st_mode):  # of a pipe nobody knows the length
                raise InvalidArgTypeError("file", "a path or a binary file on disk", file)
            size = facts.st_size
            self.offset = _within("offset", offset, size)
            self.count = size - self.offset if count is None else _within("count", count, size - self.offset)
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            self._own.close()

    def read(self, position: int, size: int) -> bytes:
        """Read at `position` from the start of the range."""
        return os.pread(self.fd, size, self.offset + position)


def _descriptor(file: Any) -> int:
    try:
        return int(file.fileno())
    except (AttributeError, io.UnsupportedOperation):  # BytesIO has none
        raise InvalidArgTypeError("file", "a path or a binary file on disk", file) from None


def _within(argument: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgTypeError(argument, "an int", value)
    if not 0 <= value <= most:
        raise OutOfRangeError(argument, f"0 to {most}, the size of the file", value)
    return value


async def send_range(response: ServerResponse, piece: FileRange, by_kernel: bool) -> None:
    """Send a range as the body of a response whose head is rendered; `by_kernel` if that can.

    Raises:
        FileChangedError: the file ended early.
        ConnectionLostError: the client has gone.
        StreamWriteAfterEndError: somebody ended the response meanwhile.
    """
    while response.writable_corked:
        response.uncork()
    socket = response.socket
    fd = _plain_fd(socket) if by_kernel else None
    if fd is None or response.chunked_encoding or response._strict or not hasattr(os, "sendfile"):
        await _copy(response, piece)
        return
    response.flush_headers()
    await socket.drain()
    sent = await _sendfile(response, socket, fd, piece)
    response._body_bytes += sent
    if sent < piece.count:
        raise FileChangedError(piece.count, sent)


def _plain_fd(socket: Any) -> int | None:
    """Return the descriptor of a socket that the kernel may write to, or None (TLS, memory)."""
    transport = getattr(socket, "transport", None)
    if transport is None or transport.get_extra_info("ssl_object") is not None:
        return None
    sock = transport.get_extra_info("socket")
    return None if sock is None else int(sock.fileno())


async def _sendfile(response: ServerResponse, socket: Any, fd: int, piece: FileRange) -> int:
    # A descriptor of its own: the loop will not watch one that a transport uses.
    own = os.dup(fd)
    try:
        sent = 0
        while sent < piece.count:
            if socket.destroyed:
                raise ConnectionLostError
            if response.finished:
                raise StreamWriteAfterEndError
            try:
                n = os.sendfile(own, piece.fd, piece.offset + sent, min(piece.count - sent, 1 << 30))
            except BlockingIOError:
                await _writable(socket, own)
                continue
            except OSError as exc:
                raise ConnectionLostError(exc.strerror or "aborted", "sendfile") from None
            if not n:
                break
            sent += n
            socket._on_sent_beside(n)
        return sent
    finally:
        os.close(own)


async def _writable(socket: Any, fd: int) -> None:
    """Wait until `fd` takes more, or the socket has closed."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def wake(*_: object) -> None:
        if not future.done():
            future.set_result(None)

    loop.add_writer(fd, wake)
    socket.on("close", wake)
    try:
        await future
    finally:
        loop.remove_writer(fd)
        socket.remove_listener("close", wake)


async def _copy(response: ServerResponse, piece: FileRange) -> None:
    position = 0
    while position < piece.count:
        data = await asyncio.to_thread(piece.read, position, min(PIECE, piece.count - position))
        if not data:
            raise FileChangedError(piece.count, position)
        position += len(data)
        if response.finished:
            raise StreamWriteAfterEndError
        if response.destroyed:
            raise response.errored or ConnectionLostError()
        if not response.write(data):
            await response.drain()
