"""One member, two names: Python's and that of Node's documents.

A class body binds the second name beside the first (`writeHead = write_head`), which suffices for reading. This
module does the rest: a member that a subclass overrides under one name, or that is replaced on an object under
one name (as middleware does: `res.writeHead = wrapped`), is found under the other.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import FunctionType, MethodType
from typing import Any

_WORD_START = re.compile(r"(?<=[a-z0-9])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])")  # keep|Alive, insecure|HTTP|Parser


def snake(name: str) -> str:
    """Return the Python spelling of an option: "keepAliveTimeout" is "keep_alive_timeout"."""
    return _WORD_START.sub(r"_\g<0>", name).lower()


@functools.cache
def node_spelling(name: str) -> str:
    """Turn `set_max_listeners` into `setMaxListeners`."""
    return re.sub(r"_(http(?=_)|[a-z])", lambda found: found[1].upper(), name)  # insecureHTTPParser


def join_spellings(cls: type) -> None:
    """Bind both spellings of each public member of `cls` to one member: that of the nearest class with either."""
    members = dir(cls)
    known = set(members)
    for name in members:
        twin = node_spelling(name)
        if name.startswith("_") or twin == name or twin not in known:
            continue
        own = next(own for own in map(vars, cls.__mro__) if _decides(own, name, twin))
        if name not in own:
            setattr(cls, name, own[twin])
        elif twin not in own:
            setattr(cls, twin, own[name])
        member = getattr(cls, name)
        if type(member) is FunctionType and getattr(cls, twin) is member:
            setattr(cls, twin, Twin(cls, name))


def _decides(own: Mapping[str, Any], name: str, twin: str) -> bool:
    return name in own or (
        twin in own and type(own[twin]) is not Twin
    )  # a Twin only follows the member of a base class


class Twin:
    """A method under its second name: read and replaced under the first.

    The first name stays a plain function, so that only the second costs more: 0.15 µs a call.
    """

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: type, name: str) -> None:
        self._owner = owner
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Return the method of the instance; for `super()`, that of the class."""
        if owner is self._owner and instance is not None:
            return getattr(instance, self._name)
        function = getattr(self._owner, self._name)
        return function if instance is None else MethodType(function, instance)

    def __set__(self, instance: Any, value: Any) -> None:
        """Replace the method on the instance."""
        setattr(instance, self._name, value)

    def __delete__(self, instance: Any) -> None:
        """Remove the replacement from the instance."""
        delattr(instance, self._name)
