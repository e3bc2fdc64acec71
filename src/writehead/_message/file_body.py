"""Files as bodies: opens a range of a file and sends it, by `sendfile` where possible."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import stat
from types import TracebackType
from typing import Any, Protocol, Self

from writehead._loop.waiters import Waiters
from writehead._net.channel import Channel
from writehead._net.socket import Socket, channel_of
from writehead.errors import (
    ConnectionLostError,
    FileChangedError,
    InvalidArgTypeError,
    InvalidArgValueError,
    OutOfRangeError,
    StreamWriteAfterEndError,
)

#: The size in bytes of the pieces in which a file is read.
PIECE = 262_144

#: How many bytes one `sendfile` may copy: with a fast client, a whole cached file would block the loop.
SLICE = 1 << 20

# O_NONBLOCK: opening a named pipe would wait for its writer. O_NOCTTY: a terminal must not control this process.
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

#: The errors of `sendfile` where a file system does not support it (Linux, sendfile(2)).
_NO_KERNEL_COPY = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)

#: Its errors that are about the file, and not the connection.
_FILE_ERRORS = (errno.EIO, errno.ESTALE)


class FileRange:
    """A part of a regular file, with its own descriptor, which is closed at the end of `with`.

    Args:
        fd: the descriptor, which this object closes.
    """

    offset = 0
    count = 0

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor; a second call does nothing."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    __del__ = close  # if a thread has opened it for a task that was cancelled

    def read(self, position: int, size: int) -> bytes:
        """Read at `position` from the start of the range."""
        return os.pread(self.fd, size, self.offset + position)

    def limit(self, file: Any, offset: int, count: int | None) -> Self:
        """Check the file, and set the range: `count` bytes from `offset` on; errors name `file`.

        Raises:
            OSError: it is a directory, or not open for reading.
            InvalidArgTypeError: it is no regular file, or its size is not that of its content.
            OutOfRangeError: the range is not within the file.
        """
        info = os.fstat(self.fd)
        _check_kind(info.st_mode, file)
        os.pread(self.fd, 0, 0)  # fails if it was opened only for writing
        size = info.st_size
        if not self._holds(info):
            raise InvalidArgTypeError(
                "file", "a regular file of a known size, not one of /proc or /sys", file
            )
        self.offset = _within("offset", offset, size)
        self.count = size - self.offset if count is None else _within("count", count, size - self.offset)
        return self

    def _holds(self, info: os.stat_result) -> bool:
        """Return whether as much can be read as the size says, which is not so in /proc and /sys."""
        size = info.st_size
        try:
            if not size:
                return not os.pread(self.fd, 1, 0)
            return bool(getattr(info, "st_blocks", 1) or os.pread(self.fd, 1, size - 1))
        except OSError:  # a regular file that cannot be read at an offset, such as /proc/kmsg
            return False


def _check_kind(mode: int, file: Any) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), file)
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    raise InvalidArgTypeError("file", f"a path or a binary file on disk; this is {kind}", file)


def _within(argument: str, value: int, most: int) -> int:
    if not 0 <= value <= most:
        raise OutOfRangeError(argument, f"0 to {most}, the size of the file", value)
    return value


def _check_int(argument: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgTypeError(argument, "an int", value)


async def open_range(file: Any, offset: int, count: int | None) -> FileRange:
    """Open a part of a file in a thread, as a disk may be slow.

    Args:
        file: a path, or a binary file object with `fileno()`, which may be closed meanwhile.
        offset: the first byte.
        count: how many bytes; None is the rest.

    Raises:
        OSError, InvalidArgTypeError, InvalidArgValueError, OutOfRangeError.
    """
    _check_int("offset", offset)
    if count is not None:
        _check_int("count", count)
    if isinstance(file, (str, bytes, os.PathLike)):
        return await asyncio.to_thread(_open_path, file, offset, count)
    return await asyncio.to_thread(_limit, FileRange(os.dup(_descriptor(file))), file, offset, count)


def _open_path(path: Any, offset: int, count: int | None) -> FileRange:
    try:
        opened = FileRange(os.open(path, _FLAGS))
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            _check_kind(os.stat(path).st_mode, path)
        raise
    except ValueError:  # raised by Python: a null byte would end the name
        reason = "must be a path without null bytes, in characters that the system knows"
        raise InvalidArgValueError("file", path, reason) from None
    return _limit(opened, path, offset, count)


def _limit(opened: FileRange, file: Any, offset: int, count: int | None) -> FileRange:
    try:
        return opened.limit(file, offset, count)
    except BaseException:
        opened.close()
        raise


def _descriptor(file: Any) -> int:
    try:
        return int(file.fileno())
    except (AttributeError, io.UnsupportedOperation):  # BytesIO has none
        raise InvalidArgTypeError("file", "a path or a binary file on disk", file) from None


class FileResponse(Protocol):
    """What is needed of a response to send a file as its body: a `ServerResponse`, or what stands for one."""

    _exchange: Any
    _strict: bool
    _body_bytes: int

    @property
    def writable_corked(self) -> int: ...
    @property
    def socket(self) -> Any: ...
    @property
    def finished(self) -> bool: ...
    @property
    def destroyed(self) -> bool: ...
    @property
    def errored(self) -> BaseException | None: ...
    def uncork(self) -> None: ...
    def flush_headers(self) -> None: ...
    def write(self, chunk: Any) -> bool: ...
    async def drain(self) -> None: ...
    def _own_waiters(self) -> Waiters: ...


async def send_range(response: FileResponse, piece: FileRange, by_kernel: bool) -> None:
    """Send a range as the body of a response whose head is rendered; `by_kernel` allows `sendfile`.

    Raises:
        FileChangedError: the file ended early.
        ConnectionLostError: the client has disconnected.
        StreamWriteAfterEndError: the program ended the response meanwhile.
    """
    while response.writable_corked:
        response.uncork()
    socket: Any = response.socket
    fd = _plain_fd(socket) if by_kernel else None
    sent = 0
    if fd is not None and response._exchange.plain and not response._strict and hasattr(os, "sendfile"):
        response.flush_headers()
        if socket.destroyed:  # `drain` would not raise
            raise ConnectionLostError
        await socket.drain()
        sent = await _sendfile(response, socket, fd, piece)
        response._body_bytes += sent
    await _copy(response, piece, sent)


def _plain_fd(socket: Any) -> int | None:
    """Return the descriptor of a socket that the kernel may write to, or None (TLS, memory)."""
    transport = getattr(socket, "transport", None)
    if (
        not isinstance(socket, Socket)
        or transport is None
        or transport.get_extra_info("ssl_object") is not None
    ):
        return None
    sock = transport.get_extra_info("socket")
    return None if sock is None else int(sock.fileno())


async def _sendfile(response: FileResponse, socket: Any, fd: int, piece: FileRange) -> int:
    """Send by `sendfile`; return how many bytes, fewer than all if it is not supported or the file ended."""
    # A descriptor of its own: the event loop does not watch one that a transport uses.
    own = os.dup(fd)
    channel = channel_of(socket)
    try:
        sent = 0
        while sent < piece.count:
            if socket.destroyed:
                raise ConnectionLostError
            if response.finished:
                raise StreamWriteAfterEndError
            try:
                n = os.sendfile(own, piece.fd, piece.offset + sent, min(piece.count - sent, SLICE))
            except BlockingIOError:
                await _writable(response, channel, own)
                continue
            except OSError as exc:
                if exc.errno in _NO_KERNEL_COPY:
                    break
                if exc.errno in _FILE_ERRORS:
                    raise
                raise ConnectionLostError(exc.strerror or "aborted", "sendfile") from None
            if not n:
                break
            sent += n
            channel.on_sent_beside(n)
            response._exchange.count_copied(n)
            await asyncio.sleep(0)  # let other connections be served, however fast this client reads
        return sent
    finally:
        os.close(own)


async def _writable(response: FileResponse, channel: Channel, fd: int) -> None:
    """Wait until `fd` is writable; raise when the response has closed."""
    loop = asyncio.get_running_loop()
    waiters = response._own_waiters()
    loop.add_writer(fd, waiters.wake, "writable")
    channel.sends_beside = True
    try:
        await waiters.first_of(("writable", "finish"))
    finally:
        channel.sends_beside = False
        loop.remove_writer(fd)


async def _copy(response: FileResponse, piece: FileRange, position: int) -> None:
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
