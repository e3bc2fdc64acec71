"""What the log says of applications: what they raise, and what they leave undone.

Invariant: a line names the request, in printable ASCII; a client that leaves causes none above DEBUG.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from writehead._node.failure_log import beside, chain, forget_handled_by_us, printable, users_part
from writehead.errors import ConnectionLostError

logger = logging.getLogger("writehead")

#: How many of the calls that delay a stop are named.
MOST_SHOWN = 5


def _fields(call: Any) -> dict[str, str | None]:
    client = call.place.client
    address = None
    if client is not None:
        host = printable(client[0])
        address = f"[{host}]:{client[1]}" if ":" in host else f"{host}:{client[1]}"
    return {
        "method": printable(call.method),
        "target": printable(call.target.decode("latin-1")),
        "client": address,
    }


def _where(fields: dict[str, str | None]) -> str:
    client = fields["client"]
    return f"{fields['method']} {fields['target']}" + ("" if client is None else f" from {client}")


@beside()
def log_raised(call: Any, error: BaseException) -> None:
    """Log what an application has raised."""
    fields = _fields(call)
    if isinstance(error, asyncio.CancelledError) and error.__traceback__ is None:
        logger.warning("%s: the ASGI application was cancelled", _where(fields), extra=fields)
        return
    forget_handled_by_us(error)
    trace = users_part(error.__traceback__)
    what = (type(error), error, trace)
    logger.error("%s: the ASGI application failed", _where(fields), exc_info=what, extra=fields)


@beside()
def log_loss(call: Any, error: BaseException) -> None:
    """Log, at DEBUG, that an application has ended with its client."""
    fields = _fields(call)
    reason = f"{type(error).__name__}: {printable(error)}"
    logger.debug("%s: the ASGI application ended with its client: %s", _where(fields), reason, extra=fields)


def log_end(call: Any, error: BaseException, lost: bool, over: bool) -> None:
    """Log what an application has raised.

    Args:
        call: the run of the application.
        error: what it has raised.
        lost: whether its client has left: what follows from that is no failure.
        over: whether nothing was expected of it any more: a cancellation is no failure then.
    """
    if lost and is_of_the_loss(error):
        log_loss(call, error)
    elif not (
        isinstance(error, KeyboardInterrupt | SystemExit)  # the loop has raised it
        or (over and isinstance(error, asyncio.CancelledError))
    ):
        log_raised(call, error)


@beside()
def log_unfinished(call: Any, nothing_sent: bool) -> None:
    """Log that an application has returned without a complete response."""
    fields = _fields(call)
    what = "without a response" if nothing_sent else "before its response was complete"
    logger.error("%s: the ASGI application returned %s", _where(fields), what, extra=fields)


@beside()
def warn_of_more(call: Any, kind: str) -> None:
    """Warn of a message behind the end of a response."""
    fields = _fields(call)
    logger.warning(
        "%s: the ASGI application sent %s after its response was complete: it is ignored",
        _where(fields),
        printable(kind),
        extra=fields,
    )


@beside()
def warn_of_reason(call: Any, size: int) -> None:
    """Warn of the reason of a close frame that is too long."""
    fields = _fields(call)
    logger.warning(
        "%s: the ASGI application closed with a reason of %d bytes, which is cut to 123",
        _where(fields),
        size,
        extra=fields,
    )


@beside()
def warn_of_cancelled(calls: Sequence[Any], seconds: float) -> None:
    """Warn of calls that still run when the server stops, and are cancelled."""
    shown = ", ".join(
        f"{each.method} {printable(each.target.decode('latin-1'))}" for each in calls[:MOST_SHOWN]
    )
    logger.warning(
        "%d %s of the ASGI application cancelled: still running %g s after the connections were closed (%s)",
        len(calls),
        "call" if len(calls) == 1 else "calls",
        seconds,
        shown + (", ..." if len(calls) > MOST_SHOWN else ""),
    )


@beside()
def warn_of_result(call: Any, result: object) -> None:
    """Warn of what an application has returned."""
    fields = _fields(call)
    logger.warning(
        "%s: the ASGI application returned %s, which is ignored: messages are sent by send()",
        _where(fields),
        type(result).__name__,
        extra=fields,
    )


def is_of_the_loss(error: BaseException) -> bool:
    """Tell whether `error` follows from the client's leaving: it is what `send` raises, or was raised for that."""
    if isinstance(error, BaseExceptionGroup):
        others = [each for each in error.exceptions if not isinstance(each, asyncio.CancelledError)]
        return bool(others) and all(is_of_the_loss(each) for each in others)
    return any(isinstance(each, ConnectionLostError) for each in chain(error))
