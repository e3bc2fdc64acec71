"""Log lines for failures of listeners and callbacks.

Invariant: a line names the request or the client that it is about, in printable ASCII of a bounded length: what
a client sends can neither forge a line of the log nor control a terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import traceback
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

from writehead.errors.client import is_client_error

logger = logging.getLogger("writehead")

#: How many characters of a target or a method a log line shows, counted before they are escaped.
LONGEST_NAME = 100

#: How many characters of the text of an error without a traceback.
LONGEST_REASON = 1000


@contextlib.contextmanager
def beside() -> Iterator[None]:
    """Catch what a handler or filter of the log raises, or the `__str__` of an error, and print it to stderr.

    The caller must go on, as a client may wait; `logging.Handler.handleError` prints the same way.
    """
    try:
        yield
    except Exception:
        if logging.raiseExceptions and sys.stderr is not None:
            with contextlib.suppress(OSError):
                traceback.print_exc()


@beside()
def log_failure(
    error: BaseException,
    event: object,
    emitter: object,
    request: Any = None,
    socket: Any = None,
    response: Any = None,
) -> None:
    """Log what a listener of `event` raised; at DEBUG if a client caused it.

    Args:
        error: what was raised.
        event: the name of the event; "callback" for a callback of `write`, `end` and the like; "WSGI app".
        emitter: the emitter of the event, named if it is about neither a request nor a client.
        request: the request that it is about, if any.
        socket: the connection that it is about; by default that of the request.
        response: the response to `request`, if known.
    """
    fields = _fields(event, request, socket)
    what = f"{_where(fields, emitter)}: {_listener_of(event)}"
    cancelled = isinstance(error, asyncio.CancelledError)
    if socket is None:
        socket = _fact(request, "socket")
    if (is_client_error(error) and not _is_owed(response, socket)) or (
        cancelled and (_is_over(response) or _is_stopped(response, socket))
    ):
        reason = f"{type(error).__name__}: {printable(error)}"
        logger.debug("%s ended with its client: %s", what, reason, extra=fields)
    elif cancelled and error.__traceback__ is None:  # cancelled from outside: a traceback would show no fault
        logger.warning("%s was cancelled", what, extra=fields)
    else:
        forget_handled_by_us(error)
        trace = users_part(error.__traceback__)
        logger.error("%s failed", what, exc_info=(type(error), error, trace), extra=fields)


def _is_owed(response: Any, socket: Any) -> bool:
    """Tell whether a client still waits for the response, and so did not end it."""
    return response is not None and not (
        _fact(response, "headers_sent") or _fact(response, "destroyed") or _fact(socket, "destroyed")
    )


def _is_over(response: Any) -> bool:
    return response is not None and bool(_fact(response, "writable_ended") or _fact(response, "destroyed"))


def _is_stopped(response: Any, socket: Any) -> bool:
    """Tell whether a listener without a response, as of 'upgrade', ends with its server."""
    return response is None and bool(_fact(_fact(_fact(socket, "server"), "_config"), "closing"))


@beside()
def log_returned(result: Any, event: object, request: Any, listener: Any, warned: set[object]) -> None:
    """Log, once for each listener, that it returned what it probably meant as the body.

    Args:
        result: what it returned.
        event: the name of the event.
        request: the request that it was called with.
        listener: the function, or its coroutine.
        warned: the listeners for which this was logged; this one is added.
    """
    listener = _fact(listener, "listener") or listener  # of `_Once` or `Fewer`
    code = _fact(listener, "__code__") or _fact(listener, "cr_code")
    key = code or type(listener)
    if key in warned:
        return
    warned.add(key)
    name = _fact(listener, "__qualname__") or type(listener).__name__
    place = "" if code is None else f" ({code.co_filename}:{code.co_firstlineno})"
    fields = _fields(event, request, None)
    logger.warning(
        "%s: %r listener %s%s returned %s: a returned value is not sent, res.end(...) sends a body",
        _where(fields, request),
        event,
        name,
        place,
        type(result).__name__,
        extra=fields,
    )


@beside()
def log_unheard(error: BaseException, kind: str, request: Any, socket: Any) -> None:
    """Log an 'error' of a response or a socket that has no listener; at DEBUG if a client caused it.

    Args:
        error: the argument of 'error'.
        kind: what failed: "response" or "socket".
        request: the request that it is about, if any.
        socket: the connection; None is that of the request.
    """
    fields = _fields("error", request, socket)
    level = logging.DEBUG if is_client_error(error) else logging.ERROR
    logger.log(
        level,
        "%s: the %s failed, and its 'error' has no listener: %s: %s",
        _where(fields, socket),
        kind,
        type(error).__name__,
        printable(error, LONGEST_REASON),
        extra=fields,
    )


def users_place() -> str | None:
    """Return the program's file and line that called the library; None if there is no such frame."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_ours(frame.f_globals.get("__name__")):
        frame = frame.f_back
    return None if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


# -- the request or client of a line


def printable(text: object, longest: int = LONGEST_NAME) -> str:
    """Return `text` on one line of printable ASCII, truncated to `longest` characters."""
    whole = str(text)
    return ascii(whole[:longest])[1:-1] + ("..." if len(whole) > longest else "")


def name_request(request: Any) -> str:
    """Return the method and the target of a request, for the log."""
    return f"{printable(_fact(request, 'method'))} {printable(_fact(request, 'url'))}"


def name_client(socket: Any) -> str | None:
    """Return the address and port of the client of `socket`; None if they are unknown."""
    address = _fact(socket, "remote_address")
    if address is None:
        return None
    host = printable(address)
    return (
        f"[{host}]:{_fact(socket, 'remote_port')}"
        if ":" in host
        else f"{host}:{_fact(socket, 'remote_port')}"
    )


def request_fields(request: Any, socket: Any = None) -> dict[str, str | None]:
    """Return the fields of a log line about a request or a connection, each as in its text."""
    if request is not None and socket is None:
        socket = _fact(request, "_socket") or _fact(_fact(request, "_source"), "socket")
    return {
        "method": None if request is None else printable(_fact(request, "method")),
        "target": None if request is None else printable(_fact(request, "url")),
        "client": name_client(socket),
    }


def _fields(event: object, request: Any, socket: Any) -> dict[str, str | None]:
    return {"event": str(event), **request_fields(request, socket)}


def _where(fields: dict[str, str | None], emitter: object) -> str:
    client = fields["client"]
    if fields["method"] is not None:
        return f"{fields['method']} {fields['target']}" + ("" if client is None else f" from {client}")
    return client or type(emitter).__name__


def _listener_of(event: object) -> str:
    if event == "WSGI app":
        return "the WSGI app"
    return "callback" if event == "callback" else f"{event!r} listener"


def _fact(of: Any, name: str) -> Any:
    """Return an attribute of an object that may be the program's own; None if reading it fails."""
    try:
        return getattr(of, name, None)
    except Exception:
        return None


# -- tracebacks


def is_ours(module: object) -> bool:
    """Tell whether a module name is one of the library."""
    return isinstance(module, str) and (module == "writehead" or module.startswith("writehead."))


def users_part(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame of the program on; all of it if there is none."""
    at = trace
    while at is not None and is_ours(at.tb_frame.f_globals.get("__name__")):
        at = at.tb_next
    return trace if at is None else at


def forget_handled_by_us(error: BaseException) -> None:
    """Remove from `error` the context that the library was handling when it called the program's code.

    A traceback begins at the frame that caught the exception.
    """
    for each in chain(error):
        context = each.__context__
        if (
            context is not None
            and context.__traceback__ is not None
            and is_ours(context.__traceback__.tb_frame.f_globals.get("__name__"))
        ):
            each.__context__ = None


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions that a traceback of `error` would show, each once."""
    seen: set[int] = set()
    due: list[BaseException | None] = [error]
    while due:
        each = due.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        due += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            due += each.exceptions
