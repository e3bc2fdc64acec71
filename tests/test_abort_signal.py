"""AbortSignal: aborted once, and heard of."""

from __future__ import annotations

import pytest

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
