"""Failures of listeners, as the log tells them."""

from __future__ import annotations

import logging

import pytest

from writehead._failures import log_failure
from writehead.errors import ConnectionLostError


def test_a_failure_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """By the name of the event and of whoever emitted it."""
    try:
        raise ValueError("no")
    except ValueError as error:
        log_failure(error, "data", object())
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("writehead", logging.ERROR)
    assert record.getMessage() == "a listener of 'data' on object failed"
    assert record.exc_text is not None
    assert "ValueError: no" in record.exc_text


def test_a_client_that_left_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """It is told to who asks for it, without a traceback."""
    caplog.set_level(logging.DEBUG, "writehead")
    log_failure(ConnectionLostError(), "request", object())
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.exc_info is None
