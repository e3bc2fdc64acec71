"""One request that a WSGI app serves, on the event loop: its body on the way in, its response on the way out.

    taken -> its body comes -> it has a thread, or waits for one -> what the thread asks for -> released

Invariant: only the loop calls what is here; a thread asks for it by `LoopCalls`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from writehead._guests.wsgi.call import Call
from writehead._guests.wsgi.environ import Environ, note_decoded
from writehead._guests.wsgi.loop_calls import Gate
from writehead._guests.wsgi.request_body import NO_BODY, RequestBody
from writehead._guests.wsgi.response_head import AppHead
from writehead._loop.ticks import later, tick_queue
from writehead._message.file_body import FileRange
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._message.writable_watch import Watch
from writehead._node.failure_log import log_failure, name_request, request_fields
from writehead._semantics.status import STATUS_CODES, body_allowed
from writehead._streams.stages import ENDED, FLUSHED
from writehead.errors import ConnectionLostError, ContentLengthMismatchError, WSGIStateError

logger = logging.getLogger("writehead")


#: The reasons of statuses that an ordinary response has.
ORDINARY = {code: reason for code, reason in STATUS_CODES.items() if body_allowed(False, code)}


class Host(Protocol):
    """The mount that a request came to."""

    def ask_for_thread(self, served: Served, body: RequestBody) -> None:
        """Call the app for `served` when a thread is free, or refuse it."""
        ...

    def withdraw(self, served: Served) -> None:
        """Forget `served`, whose client has left, if it still waits for a thread."""
        ...

    def release(self, served: Served) -> None:
        """Note that the thread of `served` is free."""
        ...

    def ask_of_loop(self, function: Callable[..., object], *args: object) -> None:
        """Have the loop call `function(*args)`; for threads."""
        ...


class Served:
    """A request and its response, between their connection and a thread."""

    def __init__(
        self, host: Host, request: IncomingMessage, response: ServerResponse, environ: Environ
    ) -> None:
        self.request = request
        self.response = response
        self.environ = environ
        self.call: Call | None = None
        self._host = host
        self._watched = False
        self._has_thread = False
        self._reads = False  # the body is read as the thread asks for it
        self._reader: Gate[bytes] | None = None  # the thread waits for more of the body,
        self._wanted: int | None = None  # at the most so many bytes
        self._writer: Gate[int] | None = None  # or until what it has written is sent
        self._sender: asyncio.Task[None] | None = None

    # -- the body ------------------------------------------------------------------

    def begin(self) -> None:
        """Ask for a thread at once, or, if there is a body, when what has come of it is parsed."""
        if "CONTENT_LENGTH" in self.environ or "HTTP_TRANSFER_ENCODING" in self.environ:
            later(self._look_at_body)
        else:
            self._host.ask_for_thread(self, NO_BODY)

    def _look_at_body(self) -> None:
        request = self.request
        if request.complete:
            self._go_on_with_all()
        elif not request.destroyed:
            self._reads = True
            request.on("readable", self._on_readable)
            request.on("close", self._on_request_close)
            self._go_on_if_due()

    def _go_on_with_all(self) -> None:
        """Ask for a thread for a request that has come whole."""
        body = self.request.read() or b""
        self._end_body()
        if "HTTP_TRANSFER_ENCODING" in self.environ:
            note_decoded(self.environ, len(body))
        self._ask_for_thread(RequestBody(body) if body else NO_BODY)

    def _go_on_if_due(self) -> None:
        """Ask for a thread if the body is whole, or can come no further without being read."""
        request = self.request
        if request.complete:
            self._go_on_with_all()
        elif request.readable_length >= request.readable_high_water_mark or self.response._awaits_continue:
            self._ask_for_thread(RequestBody(b"", self.read_for_thread))

    def _ask_for_thread(self, body: RequestBody) -> None:
        self._has_thread = True
        self._host.ask_for_thread(self, body)

    def _on_readable(self) -> None:
        if not self._has_thread:
            self._go_on_if_due()
        elif self._reader is not None:
            gate, self._reader = self._reader, None
            self.give_body(gate, self._wanted)

    def _on_request_close(self) -> None:
        """The client has left, or the body is broken, or was cut off by a time limit."""
        if self._reader is not None and not self.request.complete:
            gate, self._reader = self._reader, None
            gate.fail(ConnectionLostError())

    def read_for_thread(self, size: int | None) -> bytes:
        """Wait for more of the body; called in the thread.

        Raises:
            ConnectionLostError: the rest does not come.
        """
        if self.call is None or self.call.lost:
            raise ConnectionLostError
        gate: Gate[bytes] = Gate()
        self._host.ask_of_loop(self.give_body, gate, size)
        return gate.wait()

    def give_body(self, gate: Gate[bytes], size: int | None) -> None:
        """Open `gate` with up to `size` bytes of the body, or all that is there; b"" at the end."""
        request = self.request
        there = request.readable_length
        if self._reader is not None:
            gate.fail(WSGIStateError("read", "was called while another thread of the app reads"))
        elif not self._reads or (request.destroyed and not request.complete):
            gate.fail(ConnectionLostError())
        elif there:
            gate.open(request.read(None if size is None or size > there else size))
        elif request.complete:
            gate.open(b"")
        else:
            self._reader, self._wanted = gate, size
            if self.response._awaits_continue and not request.readable_did_read:
                self.response.write_continue()

    def _end_body(self) -> None:
        """Read no more; what still comes is dropped."""
        if self._reads:
            self._reads = False
            self.request.remove_all_listeners()
            self.request.resume()
            if self._reader is not None:
                gate, self._reader = self._reader, None
                gate.fail(ConnectionLostError())

    # -- the response: asked for by the thread -----------------------------------------

    def finish(self, head: AppHead | None, length: int | None, data: bytes) -> None:
        """Send the head, unless it was sent, and the last piece."""
        if self._reads:
            self._end_body()
        response = self.response
        if response._fate or response._writing:
            return
        if head is not None:
            announced = head.length
            if (
                head.plain
                and not response._general
                and head.reason == ORDINARY.get(head.status)
                and (announced is None or announced == len(data))
                # The fast path of `ServerResponse.end`.
                and response._exchange.respond(head.status, head.fields, data, announced is None)
            ):
                response._rendered = True
                response._writing = ENDED
                return
            self._write_head(head, length)
        response.end(data)

    def finish_and_release(self, head: AppHead | None, length: int | None, data: bytes) -> None:
        """Do both in one step, so that a client which has its response finds the thread free."""
        self.finish(head, length, data)
        self.release()

    def write(self, head: AppHead | None, length: int | None, data: bytes) -> None:
        """Send the head, unless it was sent, and a piece."""
        self.watch()
        response = self.response
        if not (response.destroyed or response.finished):
            if head is not None:
                self._write_head(head, length)
            response.write(data)

    def _write_head(self, head: AppHead, length: int | None, announce: bool = False) -> None:
        """Fix the head; `length` is that of the body, if it is known; `announce` it in response to HEAD, too."""
        response = self.response
        if head.closes:
            response.should_keep_alive = False
        if response._expects_continue and self.request.complete:
            response._expects_continue = False  # the body has come all the same
        response._status_code = head.status
        response._status_message = head.reason
        response._given = head.fields  # they are checked
        response._known_length = length
        response._announces = length is not None and (announce or self.request.method != "HEAD")
        try:
            response._render(None)
        finally:
            response._known_length = None
            response._announces = False

    def report_room(self, gate: Gate[int]) -> None:
        """Open `gate` when less than the mark waits to be sent, with how much that is."""
        response = self.response
        if self.is_lost:
            gate.fail(ConnectionLostError())
        elif response.writable_need_drain:
            self._writer = gate
            response._own_waiters().call_at("drain", self._on_drain)
        else:
            gate.open(response.writable_length)

    def _on_drain(self) -> None:
        if self._writer is not None:
            gate, self._writer = self._writer, None
            gate.open(0)

    def send_file(self, head: AppHead, piece: FileRange, missing: int) -> None:
        """Send the head and a file; abort after it if bytes are missing."""
        self._sender = asyncio.get_running_loop().create_task(self._send_file(head, piece, missing))

    async def _send_file(self, head: AppHead, piece: FileRange, missing: int) -> None:
        response = self.response
        try:
            with piece:
                if not (response.destroyed or response.finished):
                    self._write_head(head, piece.count + missing, announce=True)
                    async with Watch(response):
                        await response._send_range(piece)
            if missing:
                raise ContentLengthMismatchError(piece.count, piece.count + missing)
            if not response.finished:
                response.end()
        except Exception as error:
            self.fail(error, complete=False)
        finally:
            self._end_body()
            self._sender = None

    def fail(self, error: BaseException, complete: bool) -> None:
        """Log what the app has raised, and respond with 500, or abort; not if its response is complete."""
        self._end_body()
        response = self.response
        log_failure(error, "WSGI app", response, self.request, response=response)
        if complete or response.finished:
            return
        if response.headers_sent:  # what was given before is passed on before the connection is cut
            tick_queue().next_round(lambda: response._fail(error))
        else:
            response._fail(error)

    def refuse(self, seconds: int) -> None:
        """Respond with 503: no thread is free, and too many requests wait."""
        self._end_body()
        response = self.response
        response.status_code = 503
        response.set_headers(
            {"Content-Type": "text/plain", "Retry-After": str(seconds), "Connection": "close"}
        )
        response.end("Service Unavailable\n")

    def log_surplus(self, length: int) -> None:
        """Log that the app gives more bytes than it has announced."""
        self._log_error(f"the WSGI app gives more than the {length} bytes of its Content-Length")

    def log_unclosed(self, error: BaseException) -> None:
        """Log what `close()` of an iterable has raised."""
        log_failure(error, "WSGI app", self.response, self.request)

    def _log_error(self, text: str) -> None:
        fields = request_fields(self.request)
        logger.error("%s: %s", name_request(self.request), text, extra=fields)

    def release(self) -> None:
        """Note that the thread is free."""
        if self._reads:
            self._end_body()
        self.call = None  # it refers to this
        self._host.release(self)

    # -- the client ----------------------------------------------------------------------

    @property
    def is_lost(self) -> bool:
        """Whether the client has left before the response was sent."""
        response = self.response
        return response.destroyed and response._writing is not FLUSHED

    def watch(self) -> None:
        """Tell the thread, or give up waiting for one, when the client leaves."""
        if not self._watched:
            self._watched = True
            self.response._own_waiters().watch(self.on_lost)
            if self.is_lost:
                self.on_lost()

    def on_lost(self) -> None:
        """Let go of a thread that waits: the client has left, or the server leaves the thread behind."""
        if self.call is not None:
            self.call.lost = True
        gates = self._writer, self._reader
        self._writer = self._reader = None
        for gate in gates:
            if gate is not None:
                gate.fail(ConnectionLostError())
        self._host.withdraw(self)
