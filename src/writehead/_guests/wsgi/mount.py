"""The mount of a WSGI app: its threads, what waits for them, and what is the same in each environ."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary
from wsgiref.types import WSGIApplication

from writehead._guests.mount import Mount
from writehead._guests.wsgi.call import Call
from writehead._guests.wsgi.environ import Environ, native, of_connection, of_request
from writehead._guests.wsgi.error_stream import ERRORS
from writehead._guests.wsgi.file_wrapper import FileWrapper
from writehead._guests.wsgi.loop_calls import LoopCalls
from writehead._guests.wsgi.pool import Pool
from writehead._guests.wsgi.request_body import RequestBody
from writehead._guests.wsgi.served import Served
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._net.socket import Socket
from writehead._node.failure_log import name_request
from writehead._server.server import Server
from writehead.errors import InvalidArgTypeError

logger = logging.getLogger("writehead")

#: Seconds after which threads whose clients are gone do not delay the end of a server.
LEFT_GRACE = 1.0


class WSGIMount(Mount[WSGIApplication]):
    """A WSGI application that a server hosts below a path; `wsgi.attach` makes it.

    Attributes:
        app: the application.
        path: the path below which it takes requests: "/" or, as in "/api", without a slash at its end.
        root_path: the prefix that a proxy has removed from the targets, without a slash at its end.
        server: the server.
        threads: how many requests the app may serve at the same time.
        max_waiting: how many more may wait for a thread.
        retry_after: what clients of requests past that are told to wait, in milliseconds.
        strict: whether hop-by-hop headers of the app are refused, not dropped.
        multiprocess: what `wsgi.multiprocess` says: whether other processes run the app, too.
    """

    multiprocess = False

    def __init__(
        self, server: Server, app: WSGIApplication, options: Mapping[str, Any], software: str
    ) -> None:
        given: Any = app
        if not callable(given) or inspect.iscoroutinefunction(given):
            raise InvalidArgTypeError("app", "a WSGI application: a plain function or callable", app)
        super().__init__(server, app, options["path"], options["root_path"])
        self.threads: int = options["threads"]
        self.max_waiting: int = options["max_waiting"]
        self.retry_after: float = options["retry_after"]
        self.strict: bool = options["strict"]
        self._prefix = "" if self.path == "/" else native(self.path)
        self._software = software
        self._dropped: set[str] = set()
        self._constants: WeakKeyDictionary[Socket, Environ] = WeakKeyDictionary()
        self._open: set[Served] = set()  # each has a thread, or waits for one

    # -- its state -----------------------------------------------------------------

    @property
    def running(self) -> int:
        """How many requests have a thread."""
        return min(len(self._open), self.threads)

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return max(len(self._open) - self.threads, 0)

    # -- called by the server --------------------------------------------------------

    async def start(self) -> None:
        """Get ready for requests."""
        self._calls = LoopCalls()
        self._changed = asyncio.Event()
        self._pool = Pool(self.threads)

    def take(self, request: IncomingMessage, response: ServerResponse) -> None:
        """Serve a request."""
        Served(self, request, response, self._environ(request)).begin()

    async def drain(self) -> None:
        """Wait for the threads; not for those whose clients are gone, after a second."""
        try:
            while self._open:
                self._changed.clear()
                try:
                    await asyncio.wait_for(self._changed.wait(), LEFT_GRACE)
                except TimeoutError:
                    if all(each.is_lost for each in self._open):
                        return
        finally:
            self._leave_behind()

    def _leave_behind(self) -> None:
        """Go on without the threads that still run."""
        if self._open:
            requests = {id(each.call): name_request(each.request) for each in self._open}
            busy = [f"{name} ({requests.get(id(job))})" for name, job in self._pool.busy()]
            logger.warning("threads that still run are left behind: %s", ", ".join(busy))
        for each in list(self._open):
            each.on_lost()
        self._open.clear()

    async def stop(self) -> None:
        """End the threads."""
        self._pool.stop()

    # -- its requests ------------------------------------------------------------------

    def _environ(self, request: IncomingMessage) -> Environ:
        constant = self._constants.get(request.socket)
        if constant is None:
            constant = self._constants[request.socket] = self._constant(request.socket)
        return of_request(request, constant, self._prefix)

    def _constant(self, socket: Socket) -> Environ:
        """Return what all requests of a connection have in their environ."""
        return {
            **of_connection(socket),
            "SCRIPT_NAME": native(self.root_path) + self._prefix,
            "SERVER_SOFTWARE": self._software,
            "wsgi.version": (1, 0),
            "wsgi.errors": ERRORS,
            "wsgi.input_terminated": True,
            "wsgi.multithread": self.threads > 1,
            "wsgi.multiprocess": self.multiprocess,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
        }

    def ask_for_thread(self, served: Served, body: RequestBody) -> None:
        """Call the app for `served` when a thread is free, or refuse it."""
        busy = len(self._open) >= self.threads
        if busy and self.waiting >= self.max_waiting:
            served.refuse(math.ceil(self.retry_after / 1000))
            return
        request = served.request
        context = request._listener_context
        assert context is not None  # of a request of a server
        served.environ["wsgi.input"] = body
        call = Call(
            self.app,
            served.environ,
            request.method == "HEAD",
            context,
            served,
            self._calls,
            served.response.writable_high_water_mark,
            None if self.strict else self._note_dropped,
        )
        served.call = call
        self._open.add(served)
        try:
            self._pool.submit(call)
        except RuntimeError as error:
            self._open.discard(served)
            served.fail(error, complete=False)
            return
        if busy:
            served.watch()

    def _note_dropped(self, name: str) -> None:
        """Warn, once for each name, of a header that the app must not send; called in threads."""
        key = name.lower()
        if key not in self._dropped:
            self._dropped.add(key)
            logger.warning(
                "the WSGI app at %s sends %s, which is the server's own: it is dropped", self.path, name
            )

    def withdraw(self, served: Served) -> None:
        """Forget `served`, whose client has left, if it still waits for a thread."""
        if served.call is not None and self._pool.withdraw(served.call):
            self.release(served)

    def release(self, served: Served) -> None:
        """Note that the thread of `served` is free."""
        self._open.discard(served)
        self._changed.set()

    def ask_of_loop(self, function: Callable[..., object], *args: object) -> None:
        """Have the loop call `function(*args)`; for threads."""
        self._calls.post(function, *args)
