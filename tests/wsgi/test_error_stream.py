"""`wsgi.errors`: lines of the app in the log."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import ask
from writehead._guests.wsgi.error_stream import ErrorStream


@on_both_loops
async def test_lines_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Of the logger `writehead.wsgi`, at error level; a line that was begun ends with the request."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        errors = environ["wsgi.errors"]
        assert errors.write("one\ntw") == 6
        print("o", file=errors)
        errors.writelines(["three\n", "fo", "ur\n"])
        errors.write("five")
        errors.flush()
        errors.flush()
        errors.write("six")
        start_response("200 OK", [])
        return []

    await ask(app)
    assert caplog.messages == ["one", "two", "three", "four", "five", "six"]
    assert {(each.name, each.levelno) for each in caplog.records} == {("writehead.wsgi", logging.ERROR)}


def test_a_traceback_is_a_line_of_the_log_each(caplog: pytest.LogCaptureFixture) -> None:
    """As `traceback.print_exc` writes it; a `%` in it is text."""
    stream = ErrorStream()
    try:
        raise ValueError("100 %s")
    except ValueError:
        traceback.print_exc(file=stream)
    assert caplog.messages[0] == "Traceback (most recent call last):"
    assert caplog.messages[-1] == "ValueError: 100 %s"


def test_each_thread_has_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """Two requests do not mix."""
    stream = ErrorStream()
    stream.write("mine ")
    thread = threading.Thread(target=lambda: stream.write("other\n"))
    thread.start()
    thread.join()
    stream.write("line\n")
    assert caplog.messages == ["other", "mine line"]


def test_a_handler_that_writes_to_it_is_not_asked_for_ever(capsys: pytest.CaptureFixture[str]) -> None:
    """What it writes goes to stderr."""
    stream = ErrorStream()
    handler = logging.StreamHandler(stream)  # type: ignore[type-var]  # it has `write` and `flush`
    logger = logging.getLogger("writehead.wsgi")
    logger.addHandler(handler)
    before, sys.__stderr__ = sys.__stderr__, sys.stderr  # type: ignore[misc]  # what is captured
    try:
        stream.write("once\n")
    finally:
        sys.__stderr__ = before  # type: ignore[misc]
        logger.removeHandler(handler)
    assert capsys.readouterr().err == "once\n"
