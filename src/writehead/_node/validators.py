"""Options as users spell them to options as the library keeps them: spellings, durations, defaults, checks."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from writehead._node import option_names
from writehead._node.spelling import snake
from writehead.errors import InvalidArgTypeError, InvalidArgValueError, OutOfRangeError

#: Milliseconds, or a `timedelta`; None is as if it was not given.
Duration = float | timedelta | None

_MILLISECOND = timedelta(milliseconds=1)
_MOST = 2**53 - 1  # the largest whole number of JavaScript
_HIGH_WATER_MARK = 65536
_LONGEST_DELAY = 32767  # seconds before a first TCP keep-alive probe, in Linux


def milliseconds(value: object, argument: str) -> float:
    """Return a duration in milliseconds, given so or as a timedelta.

    Raises InvalidArgTypeError for anything else (a bool too), OutOfRangeError
    if it is negative, infinite or not a number. One that is longer than loops can
    follow (285,000 years) is cut to that.
    """
    number = _number(value, argument)
    if not 0 <= number < math.inf:
        raise OutOfRangeError(argument, "a non-negative finite number", value)
    return _bounded(number)


_TEXT = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def duration(value: object, argument: str) -> float:
    """Return a duration in milliseconds, given as for `milliseconds`, or as a text: "500ms", "30s", "1m", "2h".

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
    """Return a number that a float and the clock of a loop can hold; the infinities stay."""
    return number if -_MOST <= number <= _MOST or not _is_finite(number) else _MOST if number > 0 else -_MOST


def _is_finite(number: float) -> bool:
    return isinstance(number, int) or math.isfinite(number)  # an int may be too large for a float


def _whole_if_possible(number: float) -> float:
    return int(number) if number.is_integer() else number


def _whole_milliseconds(value: object, argument: str) -> int:
    return _integer(value / _MILLISECOND if isinstance(value, timedelta) else value, argument)


def _integer(value: object, argument: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgTypeError(argument, "of type number", value)
    if isinstance(value, float) and not value.is_integer():
        raise OutOfRangeError(argument, "an integer", value)
    if not 0 <= value <= _MOST:
        raise OutOfRangeError(argument, f">= 0 && <= {_MOST}", value)
    return int(value)


def _boolean(value: object, argument: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgTypeError(argument, "of type bool", value)
    return value


def _truth(value: object, argument: str) -> bool:
    return bool(value)


def _count(value: object, argument: str) -> float:
    """Check a limit of which Node reads every number: negative, endless, and none at all."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgTypeError(argument, "of type number", value)
    return _bounded(value)


def _class(value: object, argument: str) -> Callable[..., object]:
    if not callable(value):
        raise InvalidArgTypeError(argument, "a class", value)
    return value


def _callback(value: object, argument: str) -> Callable[..., object]:
    if not callable(value):
        raise InvalidArgTypeError(argument, "of type function", value)
    return value


def _mark(value: object, argument: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgTypeError(argument, "a number of bytes", value)
    if not value >= 0:  # negative, or not a number
        return _HIGH_WATER_MARK
    return int(min(value, sys.maxsize))


def _whole_seconds(value: object, argument: str) -> int:
    return _seconds_of_probes(_bounded(_number(value, argument)) / 1000)


def _seconds_of_probes(seconds: float) -> int:
    return int(min(seconds, _LONGEST_DELAY)) if 0 <= seconds < math.inf else 0


def _names(value: object, argument: str) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset):
        return frozenset()  # Node: anything but a list is ignored
    for name in value:
        if not isinstance(name, str):
            raise InvalidArgTypeError(argument, "a list of str", name)
    return frozenset(name.lower() for name in value)


# Option: default, and what makes of a given value the kept one.
_SERVER: dict[str, tuple[Any, Callable[[Any, str], Any]]] = {
    "request_timeout": (300_000, _whole_milliseconds),
    "headers_timeout": (60_000, _whole_milliseconds),
    "keep_alive_timeout": (5_000, _whole_milliseconds),
    "keep_alive_timeout_buffer": (1_000, _whole_milliseconds),
    "connections_checking_interval": (30_000, _whole_milliseconds),
    "timeout": (0, milliseconds),
    "write_timeout": (0, milliseconds),
    "body_timeout": (0, milliseconds),
    "max_header_size": (None, _integer),
    "max_headers_count": (2000, _count),
    "max_requests_per_socket": (0, _count),
    "max_connections": (None, _count),
    "no_delay": (True, _truth),
    "keep_alive": (False, _truth),
    "keep_alive_initial_delay": (0, _whole_seconds),
    "high_water_mark": (_HIGH_WATER_MARK, _mark),
    "require_host_header": (True, _boolean),
    "join_duplicate_headers": (False, _boolean),
    "insecure_http_parser": (False, _boolean),
    "reject_non_standard_body_writes": (False, _boolean),
    "optimize_empty_requests": (False, _boolean),
    "http_allow_half_open": (False, _boolean),
    "emit_close_after_finish": (False, _boolean),
    "unique_headers": (frozenset(), _names),
    "should_upgrade_callback": (None, _callback),
    "IncomingMessage": (None, _class),
    "ServerResponse": (None, _class),
}


#: The options of an `http` server, in Python spelling.
NAMES = frozenset(_SERVER)


def _limit(value: object, argument: str) -> float:
    """Check a duration that is off where it is negative or no number, as in Node."""
    return _bounded(_number(value, argument))


def _keep_alive(value: object, argument: str) -> float:
    number = _limit(value, argument)
    if number == math.inf:
        raise OutOfRangeError(argument, "a finite number", value)  # it is told in whole seconds, in each head
    return number


def _buffer(value: object, argument: str) -> Any:
    """Take whatever comes, as Node does: what is no duration counts as 1000."""
    return _limit(value, argument) if _is_duration(value) else value


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float | timedelta) and not isinstance(value, bool)


def _delay(value: object, argument: str) -> int:
    if isinstance(value, timedelta):
        return _seconds_of_probes(value.total_seconds())
    return _seconds_of_probes(_count(value, argument))


def _or_none(check: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, argument: None if value is None else check(value, argument)


def _switch(value: object, argument: str) -> bool:
    return False if value is None else _boolean(value, argument)


# What is made of a value assigned later: more is taken than at first, as Node then checks nothing, but nothing
# that would fail when it is used, or that would quietly switch a limit off.
_ASSIGNED: dict[str, Callable[[Any, str], Any]] = {
    "request_timeout": _limit,
    "headers_timeout": _limit,
    "keep_alive_timeout": _or_none(_keep_alive),
    "keep_alive_timeout_buffer": _buffer,
    "connections_checking_interval": milliseconds,
    "timeout": _or_none(_limit),
    "write_timeout": milliseconds,
    "body_timeout": milliseconds,
    "max_header_size": _or_none(_integer),
    "max_headers_count": _or_none(_count),
    "max_requests_per_socket": _or_none(_count),
    "max_connections": _or_none(_count),
    "no_delay": _truth,
    "keep_alive": _truth,
    "keep_alive_initial_delay": _delay,  # in whole seconds
    "high_water_mark": _mark,
    "require_host_header": _switch,
    "join_duplicate_headers": _switch,
    "insecure_http_parser": _switch,
    "reject_non_standard_body_writes": _switch,
    "optimize_empty_requests": _switch,
    "http_allow_half_open": _switch,
    "emit_close_after_finish": _switch,
    "unique_headers": _names,
    "should_upgrade_callback": _or_none(_callback),
    "IncomingMessage": _or_none(_class),
    "ServerResponse": _or_none(_class),
}


def assigned(name: str, value: Any) -> Any:
    """Return what the attribute `name` of a server is when `value` is assigned to it.

    Raises InvalidArgTypeError, OutOfRangeError for a value that could not be worked with.
    """
    return _ASSIGNED[name](value, name)


def server_options(options: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of a server under its Python spelling, the given ones checked, the others by default.

    Keywords win over `options`. `None` means not given. Durations are
    milliseconds, but `keep_alive_initial_delay` is kept in whole seconds.

    Raises UnknownOptionError for a name that there is not, and what is wrong with a value.
    """
    if options is not None and not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping", options)
    given: dict[str, Any] = {}
    for names in (options or {}, keywords):
        for name, value in names.items():
            if not is_known(name):
                raise option_names.unknown("a server", name, _SERVER, option_names.NOT_OF_SERVERS)
            given[_spelled(name)] = value
    kept = {name: default for name, (default, _) in _SERVER.items()}
    for name, (_, check) in _SERVER.items():
        if given.get(name) is not None:
            kept[name] = check(given[name], name)
    _relate(kept, given.get("headers_timeout") is not None)
    return kept


def is_known(name: object) -> bool:
    """Tell whether a server has an option of this name, in either spelling."""
    return isinstance(name, str) and _spelled(name) in _SERVER


def _spelled(name: str) -> str:
    return name if name in _SERVER else snake(name)


def _relate(kept: dict[str, Any], given: bool) -> None:
    """Hold the time for a head within the time for a whole request."""
    head, request = kept["headers_timeout"], kept["request_timeout"]
    if not given:
        kept["headers_timeout"] = min(head, request)  # 0 switches off both, as in Node
    elif head > request > 0:
        raise OutOfRangeError("headers_timeout", "<= request_timeout", head)
