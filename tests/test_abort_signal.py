"""AbortSignal: aborted once, and heard of; that of a request tells who stopped waiting."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.stage import GET, Stage, answer
from writehead._message.abort_signal import AbortSignal
from writehead.errors import AbortError


def test_a_signal_at_first() -> None:
    """Not aborted, no reason, nothing thrown."""
    signal = AbortSignal()
    assert not signal.aborted
    assert signal.reason is None
    signal.throw_if_aborted()


def test_an_abort_is_told_once() -> None:
    """With the signal; its reason is an AbortError, and stays."""
    signal = AbortSignal()
    heard: list[AbortSignal] = []
    signal.on("abort", heard.append)
    signal._abort()
    reason = signal.reason
    signal._abort()
    assert heard == [signal]
    assert signal.aborted
    assert isinstance(reason, AbortError)
    assert reason.code == "ABORT_ERR"
    assert signal.reason is reason
    with pytest.raises(AbortError):
        signal.throw_if_aborted()


def test_the_web_spelling_of_listeners() -> None:
    """addEventListener and removeEventListener do as on and off."""
    signal = AbortSignal()
    heard: list[AbortSignal] = []
    signal.addEventListener("abort", heard.append)
    signal.removeEventListener("abort", heard.append)
    signal.addEventListener("abort", lambda signal: heard.append(signal))
    signal._abort()
    assert heard == [signal]


def test_the_signal_of_a_request() -> None:
    """One object, aborted when the client is lost."""
    req_held: list[Any] = []
    log: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        req_held.append(req)
        assert req.signal is req.signal
        req.signal.on("abort", lambda *_: log.append("abort"))

    client = Stage(handle).send(GET)
    signal = req_held[0].signal
    assert (signal.aborted, log) == (False, [])
    client.reset()
    assert (signal.aborted, log) == (True, ["abort"])
    assert signal.reason.code in ("ABORT_ERR", 20)
    assert str(signal.reason) == "This operation was aborted"


def test_a_signal_made_late_is_aborted_already() -> None:
    """If the client is lost."""
    req = None
    held: list[Any] = []
    client = Stage(lambda request, res: held.append(request)).send(GET)
    client.reset()
    req = held[0]
    assert req.signal.aborted


def test_the_signal_is_not_aborted_by_a_normal_end() -> None:
    """Neither when the body was read, nor when the response has finished, nor when the client then leaves."""
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.append((req, req.signal))
        req.resume()
        req.on("close", lambda: res.end("ok"))

    client = Stage(handle).send(GET)
    assert dateless(client.received) == answer(b"ok")
    client.end()
    req, signal = held[0]
    assert (req.destroyed, signal.aborted) == (True, False)


def test_the_signal_is_aborted_although_the_body_was_read() -> None:
    """The client left before the answer."""
    held: list[Any] = []
    client = Stage(lambda req, res: held.append(req.resume().signal)).send(GET)
    client.reset()
    assert held[0].aborted
