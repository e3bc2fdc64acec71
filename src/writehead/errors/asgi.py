"""Errors of hosted ASGI applications: what they send that is wrong, and a lifespan that fails."""

from __future__ import annotations

from writehead.errors.base import HTTPError
from writehead.errors.received import shown


class ASGIMessageError(HTTPError, ValueError, TypeError):
    """Send a message as the ASGI specification describes it; this one is malformed, and nothing of it was sent.

    `message_type` is its type, or None if it has none; `key` names what is wrong in it, and `reason` says why.
    """

    code = "ERR_ASGI_MESSAGE"

    def __init__(self, message_type: str | None, key: str | None, reason: str, value: object = ...) -> None:
        what = "An ASGI message" if message_type is None else f"The ASGI message {message_type!r}"
        at = "" if key is None else f": {key!r}"
        got = "" if value is ... else f". Received {shown(value)}"
        super().__init__(f"{what}{at} {reason}{got}")
        self.message_type = message_type
        self.key = key
        self.reason = reason


class ASGIStateError(HTTPError, RuntimeError):
    """Send another message first: this one does not fit now, and nothing of it was sent.

    `message_type` is its type, `state` says how far the response is, and `expected` which messages fit.
    """

    code = "ERR_ASGI_STATE"

    def __init__(self, message_type: str, state: str, expected: str) -> None:
        super().__init__(f"The ASGI message {message_type!r} does not fit: {state}; expected {expected}")
        self.message_type = message_type
        self.state = state
        self.expected = expected


class LifespanError(HTTPError, RuntimeError):
    """Look at the application's own error: its startup or shutdown failed.

    `phase` is "startup" or "shutdown", `message` the text that the application gave; `__cause__` is what it raised.
    """

    code = "ERR_ASGI_LIFESPAN"

    def __init__(self, phase: str, message: str) -> None:
        super().__init__(message)
        self.phase = phase
