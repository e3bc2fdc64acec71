"""What is destroyed tells its error, then its close, once."""

from __future__ import annotations

from typing import Any

from writehead._loop import ticks as _ticks
from writehead._streams.destroyable import Destroyable


def test_destroy_is_told_at_once_and_emitted_later() -> None:
    """The first error counts; a second destroy is nothing."""
    thing, error, log = Destroyable(), LookupError(), []
    thing.on("error", log.append).on("close", lambda: log.append("close"))
    assert thing.destroy(error).destroy(ValueError()) is thing
    assert (thing.destroyed, thing.errored, thing.closed, log) == (True, error, False, [])
    _ticks.run_pending()
    assert (thing.closed, log) == (True, [error, "close"])


def test_an_error_that_was_known_before_stays() -> None:
    """What ended it first is what `errored` tells."""
    thing, first = Destroyable(), LookupError()
    thing._errored = first
    thing.destroy(ValueError())
    assert thing.errored is first


def test_an_unheard_error_is_no_failure() -> None:
    """'close' comes all the same, and only once."""
    thing = Destroyable()
    log: list[Any] = []
    thing.on("close", lambda: log.append("close")).destroy(LookupError())
    thing._finish_destroy(None)
    _ticks.run_pending()
    assert log == ["close"]
