"""One call of the app, in a thread: `start_response`, `write`, and what the app returns.

    app called -> start_response -> the first piece, or the end: the head leaves -> complete -> closed

Invariant: everything of the app runs in one thread and one context; what it gives goes to the event loop in
order, each piece before the next one is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from enum import IntEnum
from typing import Any, Protocol

from writehead._guests.wsgi.environ import Environ
from writehead._guests.wsgi.error_stream import ERRORS
from writehead._guests.wsgi.file_wrapper import FileWrapper, range_of
from writehead._guests.wsgi.loop_calls import Gate, LoopCalls
from writehead._guests.wsgi.response_head import AppHead, Dropped, read_head
from writehead._message.file_body import FileRange
from writehead._semantics.status import body_allowed
from writehead.errors import (
    ConnectionLostError,
    ContentLengthMismatchError,
    InvalidArgTypeError,
    WSGIStateError,
)

#: What a piece takes in memory besides its bytes, so that small ones are bounded, too.
OVERHEAD = 128


class Stage(IntEnum):
    """How much of a response has left the thread."""

    HELD = 0
    HEAD_LEFT = 1
    COMPLETE = 2


HELD, HEAD_LEFT, COMPLETE = Stage


class Responder(Protocol):
    """What the event loop does for a call; each is asked for by `LoopCalls.post`."""

    def finish(self, head: AppHead | None, length: int | None, data: bytes) -> None:
        """Send the head, unless it was sent, and the last piece."""
        ...

    def finish_and_release(self, head: AppHead | None, length: int | None, data: bytes) -> None:
        """Do both in one step, so that a client which has its response finds the thread free."""
        ...

    def write(self, head: AppHead | None, length: int | None, data: bytes) -> None:
        """Send the head, unless it was sent, and a piece."""
        ...

    def send_file(self, head: AppHead, piece: FileRange, missing: int) -> None:
        """Send the head and a file; abort after it if bytes are missing."""
        ...

    def report_room(self, gate: Gate[int]) -> None:
        """Open `gate` when less than the mark waits to be sent, with how much that is."""
        ...

    def fail(self, error: BaseException, complete: bool) -> None:
        """Log what the app has raised, and respond with 500, or abort; not if its response is complete."""
        ...

    def log_surplus(self, length: int) -> None:
        """Log that the app gives more bytes than it has announced."""
        ...

    def log_unclosed(self, error: BaseException) -> None:
        """Log what `close()` of an iterable has raised."""
        ...

    def release(self) -> None:
        """Note that the thread is free."""
        ...


class Call:
    """One call of an app.

    Args:
        app: the WSGI application.
        environ: its first argument.
        for_head: whether the method is HEAD.
        context: what it runs in.
        responder: does on the loop what this asks for.
        calls: the way to the loop.
        mark: how many bytes may be on their way before the thread waits.
        dropped: see `read_head`.
    """

    lost = False  # the client has left; set by the loop

    def __init__(
        self,
        app: Callable[..., Any],
        environ: Environ,
        for_head: bool,
        context: Context,
        responder: Responder,
        calls: LoopCalls,
        mark: int,
        dropped: Dropped | None,
    ) -> None:
        self.environ = environ
        self._app = app
        self._for_head = for_head
        self._context = context
        self._responder = responder
        self._post = calls.post
        self._mark = mark
        self._dropped = dropped
        self._head: AppHead | None = None
        self._stage: int = HELD
        self._has_body = True
        self._length: int | None = None  # of the body, announced or known
        self._sent = 0
        self._ahead = 0  # bytes that are on their way, and `OVERHEAD` for each piece
        self._surplus = False
        self._over = False
        self._is_last = False  # nothing of the app runs behind the piece that is sent now
        self._rest: tuple[AppHead | None, int | None, bytes] | None = (
            None  # what the thread sends as it is free
        )

    def run(self) -> None:
        """Call the app, and send what it gives."""
        try:
            if not self.lost:
                self._context.run(self._run)
        except BaseException as error:  # a bug here; the thread goes on
            self._post(self._responder.fail, error, False)
        if self._rest is None:
            self._post(self._responder.release)
        else:
            self._post(self._responder.finish_and_release, *self._rest)

    def _run(self) -> None:
        iterable = None
        try:
            iterable = self._app(self.environ, self.start_response)
            self._send(iterable)
        except BaseException as error:  # SystemExit ends a process, not a thread of a server
            self._post(self._responder.fail, error, self._stage == COMPLETE)
        self._over = True
        try:
            close = getattr(iterable, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._post(self._responder.log_unclosed, error)
        if ERRORS.begun:
            ERRORS.flush()

    # -- called by the app -------------------------------------------------------

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """Take the head of the response, which leaves with the first piece of the body.

        Args:
            status: such as "200 OK".
            headers: tuples of name and value.
            exc_info: of the error that is handled; needed to replace a head that was given before.

        Raises:
            WSGIStateError: a head was given before.
            TypeError, ValueError: see `read_head`.
            The error in `exc_info`: the head has left.
        """
        try:
            if exc_info:
                if self._stage:
                    raise exc_info[1].with_traceback(exc_info[2])
            elif self._head is not None:
                raise WSGIStateError("start_response", "was called before: to replace a head, give exc_info")
            self._head = head = read_head(status, headers, self._dropped)
            self._length = head.length
        finally:
            exc_info = None  # PEP 3333: it would be a cycle with this frame
        return self.write

    def write(self, data: bytes, /) -> None:
        """Send a piece of the body, before what the app returns.

        Raises:
            ConnectionLostError: the client has left.
            InvalidArgTypeError: `data` is not bytes.
            WSGIStateError: the call is over.
        """
        _check_piece(data)
        if self._over:
            raise WSGIStateError("write", "was called after the response")
        if data and not self._put(data):
            raise ConnectionLostError

    # -- what the app returns ------------------------------------------------------

    def _send(self, iterable: Any) -> None:
        if type(iterable) is list or type(iterable) is tuple:
            self._send_sequence(iterable)
        elif type(iterable) is not FileWrapper or not self._send_file(iterable):
            self._iterate(iterable)

    def _send_sequence(self, pieces: Sequence[bytes]) -> None:
        """Send pieces that are all there: their length is known."""
        for piece in pieces:
            if type(piece) is not bytes:
                _check_piece(piece)
        if self._stage == HELD:
            if len(pieces) != 1 and sum(map(len, pieces)) <= self._mark:
                pieces = (b"".join(pieces),)
            if self._length is None:
                self._length = sum(map(len, pieces))
        for piece in pieces[:-1]:
            if piece and not self._put(piece):
                return
        self._is_last = True
        if pieces and pieces[-1] and not self._put(pieces[-1]):
            return
        self._end()

    def _iterate(self, iterable: Iterable[bytes]) -> None:
        try:
            pieces = iter(iterable)
        except TypeError:
            raise InvalidArgTypeError("result of the app", "an iterable of bytes", iterable) from None
        single = self._stage == HELD and _has_one(iterable)
        if self._wants_no_more:
            return
        for piece in pieces:
            if type(piece) is not bytes:
                _check_piece(piece)
            if single:
                single = False
                if self._length is None and self._stage == HELD:
                    self._length = len(piece)
            if (piece and not self._put(piece)) or self._wants_no_more:
                return
        self._end()

    @property
    def _wants_no_more(self) -> bool:
        """Whether nothing more would be sent: the client has left, or it is HEAD, or there were too many bytes."""
        return self.lost or self._surplus or (self._stage == COMPLETE and not self._has_body)

    def _send_file(self, wrapper: FileWrapper) -> bool:
        """Let the loop send a file; False if it has to be read in blocks."""
        if self._stage or self._head is None:
            return False
        piece = range_of(wrapper.filelike)
        if piece is None:
            return False
        head = self._head
        missing = 0
        if head.length is not None:
            missing = max(head.length - piece.count, 0)
            piece.count = min(head.length, piece.count)
        self._stage = COMPLETE
        self._post(self._responder.send_file, head, piece, missing)
        return True

    # -- pieces --------------------------------------------------------------------

    def _put(self, data: bytes) -> bool:
        """Send a piece that is not empty, after the head if it is the first; False if the client has left."""
        if self.lost:
            return False
        if self._stage == COMPLETE:
            if self._has_body:
                self._note_surplus()
            return True
        head = self._take_head()
        if not self._has_body:
            return self._complete(head, b"")
        length = self._length
        self._sent += len(data)
        if length is not None and self._sent >= length:
            if self._sent > length:
                self._note_surplus()
                data = data[: length - self._sent]
            return self._complete(head, data)
        self._post(self._responder.write, head, length, data)
        return self._count(len(data))

    def _end(self) -> None:
        """Complete the response after its last piece."""
        if self._stage == COMPLETE:
            return
        head = self._take_head()
        if head is not None and self._length is None:
            self._length = 0
        if self._has_body and self._length is not None and self._sent < self._length:
            raise ContentLengthMismatchError(self._sent, self._length)
        self._complete(head, b"")

    def _take_head(self) -> AppHead | None:
        """Return the head if it leaves now.

        Raises:
            WSGIStateError: there is none.
        """
        if self._stage:
            return None
        head = self._head
        if head is None:
            raise WSGIStateError("start_response", "must be called before the body is sent")
        self._stage = HEAD_LEFT
        self._has_body = body_allowed(self._for_head, head.status)
        return head

    def _complete(self, head: AppHead | None, data: bytes) -> bool:
        """Send the last piece; the thread goes on when no more than the mark waits."""
        self._stage = COMPLETE
        if self._ahead + len(data) > self._mark:
            self._post(self._responder.write, head, self._length, data)
            if not self._count(len(data)):
                return False
            head, data = None, b""
        if self._is_last:
            self._rest = head, self._length, data
        else:
            self._post(self._responder.finish, head, self._length, data)
        return True

    def _count(self, size: int) -> bool:
        """Count what is on its way, and wait while that is the mark or more; False if the client has left."""
        self._ahead += size + OVERHEAD
        if self._ahead < self._mark:
            return True
        gate: Gate[int] = Gate()
        self._post(self._responder.report_room, gate)
        try:
            self._ahead = gate.wait()
        except ConnectionLostError:
            return False
        return True

    def _note_surplus(self) -> None:
        if not self._surplus:
            self._surplus = True
            assert self._length is not None
            self._post(self._responder.log_surplus, self._length)


def _check_piece(piece: Any) -> None:
    if not isinstance(piece, bytes):
        raise InvalidArgTypeError("piece of the body", "of type bytes", piece)


def _has_one(iterable: Any) -> bool:
    """Tell whether an iterable says that it has one piece (PEP 3333, Handling the Content-Length Header)."""
    try:
        return len(iterable) == 1
    except TypeError:
        return False
