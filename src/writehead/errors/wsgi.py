"""Errors of hosted WSGI applications."""

from __future__ import annotations

from writehead.errors.base import HTTPError


class WSGIStateError(HTTPError, RuntimeError):
    """Call `start_response` once, before the body, and `write` before the response is over (PEP 3333).

    `call` is the function that was called at the wrong time, or not at all; `reason` says what is wrong.
    """

    code = "ERR_WSGI_STATE"

    def __init__(self, call: str, reason: str) -> None:
        super().__init__(f"{call}() {reason}")
        self.call = call
        self.reason = reason
