"""Whose doing an error is: a client's that left, sent what was refused or was too slow, or the program's.

Law: what failed beside the end of a client, be it while that was handled, is a failure of the program.
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
    WriteTimeoutError,
)

#: How a connection ends by what its client, or the way to it, did.
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

#: For what a client did its request was refused, or its connection cut.
_CLIENT_ERRORS = (
    ConnectionLostError,
    HandshakeTimeoutError,
    ParseError,
    PayloadTooLargeError,
    RequestTimeoutError,
    WriteTimeoutError,
)

#: What the library raises of a stream that is gone, whoever ended it.
_AFTERMATH = (AbortError, PrematureCloseError, StreamDestroyedError, StreamWriteAfterEndError)

_RAISE = dis.opmap["RAISE_VARARGS"]


def is_client_error(error: BaseException) -> bool:
    """Tell whether `error` says nothing but that a client left, or is at fault.

    So does a group of nothing else (what it cancelled for that is no failure either), and what a program
    raised for it: `from` it, or by a `raise` in the handler that caught it.
    """
    return _is_client_error(error, frozenset())


def _is_client_error(error: BaseException, above: frozenset[int]) -> bool:
    seen = set(above)  # a program may tie causes into a ring
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        if isinstance(one, _CLIENT_ERRORS):
            return True
        if isinstance(one, SystemCallError) and one.syscall in ("read", "write", "shutdown"):
            return one.code in LOSSES
        if isinstance(one, BaseExceptionGroup):
            failures = [each for each in one.exceptions if not _is_cancelled(each)]
            return bool(failures) and all(_is_client_error(each, frozenset(seen)) for each in failures)
        one = _reason_of(one)
    return False


def _reason_of(error: BaseException) -> BaseException | None:
    """Return the error that `error` was raised for; None if it is a failure in its own right."""
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
    """Tell whether `error` was raised by a `raise` of the function that had caught `context`.

    A fault in what a handler calls, or a name that it misspells, is raised otherwise: that is a failure.
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
