"""The checks of options that are lists: peers, names of fields, fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from writehead._semantics import fields as _fields
from writehead._semantics import forwarded
from writehead.errors import InvalidArgTypeError, InvalidArgValueError


def peers(value: object, argument: str) -> tuple[str, ...]:
    """Check peers that are trusted."""
    found = _texts(value, argument)
    try:
        forwarded.Trust(found)
    except ValueError as error:
        raise InvalidArgValueError(argument, value, str(error)) from None
    return found


def believed(value: object, argument: str) -> tuple[str, ...]:
    """Check names of fields that proxies add."""
    names = tuple(each.lower() for each in _texts(value, argument))
    if not set(names) <= set(forwarded.FIELDS):
        raise InvalidArgValueError(argument, value, f"must be of {', '.join(forwarded.FIELDS)}")
    return names


def header_fields(value: object, argument: str) -> tuple[tuple[str, str], ...]:
    """Check fields: a mapping, or pairs."""
    pairs = value.items() if isinstance(value, Mapping) else value
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise InvalidArgTypeError(argument, "a mapping, or pairs of names and values", value)
    found = []
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InvalidArgTypeError(argument, "a mapping, or pairs of names and values", value)
        name, text = pair
        _fields.validate_header_name(name)
        _fields.validate_header_value(name, text)
        found.append((name, _fields.text(text)))
    return tuple(found)


def _texts(value: object, argument: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Collection):
        raise InvalidArgTypeError(argument, "a collection of str", value)
    for each in value:
        if not isinstance(each, str):
            raise InvalidArgTypeError(argument, "a collection of str", each)
    return tuple(value)
