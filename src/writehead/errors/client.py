"""Whether an error was caused by a client, which left, sent a bad request or was too slow, or by the program.

Invariant: another error that was raised while one of a client was handled is a failure of the program.
"""

from __future__ import annotations

import asyncio
import dis
from collections.abc import Iterator
from types import TracebackType

from writehead.errors import (
    AbortError,
    ConnectionLostError,
    HandshakeTimeoutError,
    ParseError,
    PayloadTooLargeError,
    PrematureCloseError,
    RequestTimeoutError,
    StreamDestroyedError,
    StreamWriteAfterEndError,
    SystemCallError,
    WebSocketError,
    WriteTimeoutError,
)

#: System errors by which a client or the network ends a connection.
LOSSES = frozenset(
    {
        "ECANCELED",
        "ECONNABORTED",
        "ECONNRESET",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETRESET",
        "ENETUNREACH",
        "ENOTCONN",
        "EPIPE",
        "ESHUTDOWN",
        "ETIMEDOUT",
    }
)

#: Errors for which a request is refused, or a connection closed.
_CLIENT_ERRORS = (
    ConnectionLostError,
    HandshakeTimeoutError,
    ParseError,
    PayloadTooLargeError,
    RequestTimeoutError,
    WriteTimeoutError,
)

#: What the library raises for a stream that has ended, whether the client or the program ended it.
_AFTERMATH = (AbortError, PrematureCloseError, StreamDestroyedError, StreamWriteAfterEndError)

_RAISE = dis.opmap["RAISE_VARARGS"]


def is_client_error(error: BaseException) -> bool:
    """Tell whether a client alone caused `error`.

    That includes a group of only such errors (and of tasks cancelled for them), and what a program raised
    for one: `from` it, or by a `raise` in the handler that caught it.
    """
    return _is_client_error(error, frozenset())


def _is_client_error(error: BaseException, above: frozenset[int]) -> bool:
    seen = set(above)  # a chain of causes may be circular
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        if isinstance(one, _CLIENT_ERRORS):
            return True
        if isinstance(one, WebSocketError):
            return one.by_client
        if isinstance(one, SystemCallError) and one.syscall in ("read", "write", "shutdown"):
            return one.code in LOSSES
        if isinstance(one, BaseExceptionGroup):
            failures = [each for each in one.exceptions if not _is_cancelled(each)]
            return bool(failures) and all(_is_client_error(each, frozenset(seen)) for each in failures)
        one = _reason_of(one)
    return False


def _reason_of(error: BaseException) -> BaseException | None:
    """Return the error for which `error` was raised; None if it is a failure of its own."""
    if not isinstance(error, Exception):
        return None
    context = error.__context__
    if error.__cause__ is not None or context is None or error.__suppress_context__:
        return error.__cause__
    return context if isinstance(error, _AFTERMATH) or _stands_for(error, context) else None


def _is_cancelled(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_cancelled(each) for each in error.exceptions)
    return isinstance(error, asyncio.CancelledError)


def _stands_for(error: BaseException, context: BaseException) -> bool:
    """Tell whether `error` was raised by a `raise` statement of the function that had caught `context`.

    A failure in a function that the handler calls, or a NameError in it, does not count.
    """
    traces = list(_traces(error.__traceback__))
    if not traces:
        return False
    frame = traces[-1].tb_frame
    by_statement = frame.f_code.co_code[traces[-1].tb_lasti] == _RAISE
    return by_statement and any(trace.tb_frame is frame for trace in _traces(context.__traceback__))


def _traces(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
