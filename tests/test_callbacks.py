"""Callbacks: called with as much as they take."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from writehead._callbacks import call_back, optional_callback, takes_argument


class Ear:
    def none(self) -> None: ...

    def one(self, error: Any) -> None: ...

    @classmethod
    def of_class(cls) -> None: ...

    def __call__(self, error: Any) -> None: ...


class Deaf:
    def __call__(self) -> None: ...


def wrapped(error: Any) -> None: ...


@functools.wraps(wrapped)
def wrapper(*args: Any) -> None: ...


@pytest.mark.parametrize(
    ("callback", "takes"),
    [
        (lambda: None, False),
        (lambda error: None, True),
        (lambda error=None: None, True),
        (lambda *errors: None, True),
        (lambda **named: None, False),
        (lambda *, named=None: None, False),
        (Ear().none, False),
        (Ear().one, True),
        (Ear.of_class, False),
        (Ear(), True),
        (Deaf(), False),
        (functools.partial(lambda error: None), True),
        (functools.partial(lambda error: None, 1), False),
        (wrapper, True),
        (print, True),
        ([].append, True),
        (dict, True),
    ],
)
def test_who_takes_an_argument(callback: Any, takes: bool) -> None:
    """One that takes a positional argument gets it, one that takes none is called without."""
    assert takes_argument(callback) is takes


def test_a_callback_that_takes_nothing_is_called_so() -> None:
    """And another gets the error, or None."""
    heard: list[Any] = []
    call_back(lambda: heard.append("nothing"), ValueError())
    call_back(heard.append, None)
    assert heard == ["nothing", None]


def test_a_bound_method_does_not_count_itself() -> None:
    """`self` is no argument of the caller's."""

    class Log:
        called = 0

        def note(self) -> None:
            self.called += 1

    log = Log()
    call_back(log.note, None)
    assert log.called == 1


@pytest.mark.parametrize("value", [None, 0, "x", {}])
def test_what_cannot_be_called_is_no_callback(value: Any) -> None:
    """Node ignores it."""
    assert optional_callback(value) is None


def test_what_can_be_called_is_one() -> None:
    """Whatever it is."""
    assert optional_callback(print) is print
