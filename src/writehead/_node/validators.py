"""Checks of arguments and options: each returns the converted value, or raises an error.

check(value, argument) -> the value to keep, or InvalidArgTypeError, InvalidArgValueError, OutOfRangeError
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from writehead.errors import InvalidArgTypeError, InvalidArgValueError, OutOfRangeError

T = TypeVar("T")

#: Milliseconds, or a `timedelta`; None means not given.
Duration = float | timedelta | None

#: A list of names; other iterables are ignored.
Names = list[str] | tuple[str, ...] | set[str] | frozenset[str]

_MILLISECOND = timedelta(milliseconds=1)
_MOST = 2**53 - 1  # the largest whole number of JavaScript

#: Bytes from which `write` returns False, by default.
HIGH_WATER_MARK = 65536

_LONGEST_DELAY = 32767  # seconds before a first TCP keep-alive probe, in Linux


def milliseconds(value: object, argument: str) -> float:
    """Return a duration in milliseconds, given as a number or as a timedelta.

    Raises InvalidArgTypeError for anything else (a bool too), OutOfRangeError
    if it is negative, infinite or not a number. It is limited to what the clock of
    a loop can hold (285,000 years).
    """
    number = _number(value, argument)
    if not 0 <= number < math.inf:
        raise OutOfRangeError(argument, "a non-negative finite number", value)
    return _bounded(number)


_TEXT = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def duration(value: object, argument: str) -> float:
    """Return a duration in milliseconds, given as for `milliseconds` or as a text: "500ms", "30s", "1m", "2h".

    Raises InvalidArgTypeError, OutOfRangeError as `milliseconds` does, InvalidArgValueError for another text.
    """
    if not isinstance(value, str):
        return milliseconds(value, argument)
    match = _TEXT.fullmatch(value.strip())
    if match is None:
        raise InvalidArgValueError(
            argument, value, 'must be a number of milliseconds, or a text such as "500ms" or "30s"'
        )
    return _whole_if_possible(float(match[1]) * _UNITS[match[2]])


def _number(value: object, argument: str) -> float:
    if isinstance(value, timedelta):
        return _whole_if_possible(value / _MILLISECOND)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgTypeError(argument, "a number of milliseconds or a timedelta", value)
    return value


def _bounded(number: float) -> float:
    """Return `number`, limited to what a float and the clock of a loop can hold; infinities stay."""
    return number if -_MOST <= number <= _MOST or not _is_finite(number) else _MOST if number > 0 else -_MOST


def _is_finite(number: float) -> bool:
    return isinstance(number, int) or math.isfinite(number)  # an int may be too large for a float


def _whole_if_possible(number: float) -> float:
    return int(number) if number.is_integer() else number


def whole_milliseconds(value: object, argument: str) -> int:
    """Check a duration in whole milliseconds."""
    return integer(value / _MILLISECOND if isinstance(value, timedelta) else value, argument)


def integer(value: object, argument: str) -> int:
    """Check a whole number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgTypeError(argument, "of type number", value)
    if isinstance(value, float) and not value.is_integer():
        raise OutOfRangeError(argument, "an integer", value)
    if not 0 <= value <= _MOST:
        raise OutOfRangeError(argument, f">= 0 && <= {_MOST}", value)
    return int(value)


def boolean(value: object, argument: str) -> bool:
    """Check a `bool`; anything else is an error."""
    if not isinstance(value, bool):
        raise InvalidArgTypeError(argument, "of type bool", value)
    return value


def truth(value: object, argument: str) -> bool:
    """Return the truth of any value."""
    return bool(value)


def count(value: object, argument: str) -> float:
    """Check a limit, which as in Node may be any number, also negative, infinite or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgTypeError(argument, "of type number", value)
    return _bounded(value)


def class_(value: object, argument: str) -> Callable[..., Any]:
    """Check a class, or a callable that is used like one."""
    if not callable(value):
        raise InvalidArgTypeError(argument, "a class", value)
    return value


def callback(value: object, argument: str) -> Callable[..., Any]:
    """Check a function."""
    if not callable(value):
        raise InvalidArgTypeError(argument, "of type function", value)
    return value


def mark(value: object, argument: str) -> int:
    """Check a high-water mark; a negative one or NaN means the default."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgTypeError(argument, "a number of bytes", value)
    if not value >= 0:  # negative, or NaN
        return HIGH_WATER_MARK
    return int(min(value, sys.maxsize))


def whole_seconds(value: object, argument: str) -> int:
    """Return a duration in milliseconds as whole seconds, limited to the longest delay of a TCP probe."""
    return _seconds_of_probes(_bounded(_number(value, argument)) / 1000)


def _seconds_of_probes(seconds: float) -> int:
    return int(min(seconds, _LONGEST_DELAY)) if 0 <= seconds < math.inf else 0


def names(value: object, argument: str) -> frozenset[str]:
    """Check a list of names, and return them in lower case."""
    if not isinstance(value, list | tuple | set | frozenset):
        return frozenset()  # Node: anything but a list is ignored
    for name in value:
        if not isinstance(name, str):
            raise InvalidArgTypeError(argument, "a list of str", name)
    return frozenset(name.lower() for name in value)


def limit(value: object, argument: str) -> float:
    """Check a duration; a negative one or NaN switches the limit off, as in Node."""
    return _bounded(_number(value, argument))


def keep_alive(value: object, argument: str) -> float:
    """Check a `limit` that is announced to clients."""
    number = limit(value, argument)
    if number == math.inf:
        raise OutOfRangeError(argument, "a finite number", value)  # each head has it in whole seconds
    return number


def buffer(value: object, argument: str) -> Any:
    """Accept any value, as Node does: one that is no duration counts as 1000."""
    return limit(value, argument) if _is_duration(value) else value


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float | timedelta) and not isinstance(value, bool)


def delay(value: object, argument: str) -> int:
    """Return a `timedelta` or a number of seconds as whole seconds, limited to the longest delay of a TCP probe."""
    if isinstance(value, timedelta):
        return _seconds_of_probes(value.total_seconds())
    return _seconds_of_probes(count(value, argument))


def or_none(check: Callable[[object, str], T]) -> Callable[[object, str], T | None]:
    """Return a check that also accepts None."""
    return lambda value, argument: None if value is None else check(value, argument)


def switch(value: object, argument: str) -> bool:
    """Check a `bool`; None is False."""
    return False if value is None else boolean(value, argument)
