"""How many arguments a callable takes."""

from __future__ import annotations

import functools
import math
from typing import Any
from unittest import mock

import pytest

from writehead._node.signatures import most_arguments, required_keywords


class ReadWaiter:
    def none(self) -> None: ...

    def one(self, error: Any) -> None: ...

    @classmethod
    def of_class(cls) -> None: ...

    def __call__(self, error: Any) -> None: ...


class Deaf:
    def __call__(self) -> None: ...


class Made:
    def __init__(self, one: Any, other: Any) -> None: ...


def of_one(error: Any) -> None: ...


@functools.wraps(of_one)
def any_number(*args: Any) -> None: ...


@functools.wraps(of_one)
def of_two(one: Any, other: Any) -> None: ...


async def later(one: Any, /, other: Any = None) -> None: ...


@pytest.mark.parametrize(
    ("function", "most"),
    [
        (lambda: None, 0),
        (lambda error: None, 1),
        (lambda error=None: None, 1),
        (lambda *errors: None, math.inf),
        (lambda one, *errors: None, math.inf),
        (lambda **named: None, 0),
        (lambda *, named=None: None, 0),
        (ReadWaiter().none, 0),
        (ReadWaiter().one, 1),
        (ReadWaiter.one, 2),
        (ReadWaiter.of_class, 0),
        (ReadWaiter(), 1),
        (Deaf(), 0),
        (Made, 2),
        (functools.partial(lambda error: None), 1),
        (functools.partial(lambda error: None, 1), 0),
        (functools.partialmethod(of_one).__get__(ReadWaiter()), 0),
        (any_number, 1),
        (of_two, 2),
        (later, 2),
        (print, math.inf),
        ([].append, 1),
        (dict, math.inf),
        (mock.Mock(), math.inf),
    ],
)
def test_so_many_positional_arguments_are_taken(function: Any, most: float) -> None:
    """A decorator's own `*args` are for what it wraps."""
    assert most_arguments(function) == most


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda: None, []),
        (lambda *, named=None: None, []),
        (lambda *, named: None, ["named"]),
        (lambda one, *, a, b=1, c: None, ["a", "c"]),
        (functools.partial(lambda *, named: None, named=1), []),
        (ReadWaiter().one, []),
        (print, []),
        (dict, []),
    ],
)
def test_keywords_that_must_be_given(function: Any, names: list[str]) -> None:
    """Nobody can call it without."""
    assert required_keywords(function) == names
