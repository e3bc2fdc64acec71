"""The kinds of server options: descriptors that check an assigned value and update what depends on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from writehead._node import validators

if TYPE_CHECKING:
    from writehead._server.options import Settings

#: The type of an option when it is read, and the types that may be assigned to it.
Read = TypeVar("Read")
Write = TypeVar("Write")


class Option(Generic[Read, Write]):
    """One option of a server, under both spellings of its name.

    Args:
        default: the value if the option is not given, or is None.
        check: checks and converts a value that the server is made with.
        assigned: the same for a value that is assigned later. It accepts more, as Node then checks
            nothing, but no value that would fail in use or silently switch a limit off.
        follows: updates what depends on the option; called after an assignment.
        doc: the meaning of the option.
    """

    #: The unit of its numbers.
    unit: str = ""

    def __init__(
        self,
        default: Read,
        check: Callable[[object, str], Read],
        assigned: Callable[[object, str], Read] | None = None,
        follows: Callable[[Settings], None] | None = None,
        *,
        doc: str,
    ) -> None:
        self.name: str = ""
        self.default = default
        self.check = check
        self.assigned: Callable[[object, str], Read] = assigned or check
        self.follows = follows
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        """Keep the Python name; the other name is Node's spelling of it."""
        self.name = self.name or name

    @overload
    def __get__(self, server: None, owner: type) -> Self: ...
    @overload
    def __get__(self, server: Settings, owner: type) -> Read: ...
    def __get__(self, server: Settings | None, owner: type) -> Self | Read:
        """Return the value."""
        if server is None:
            return self
        kept: Read = server.__dict__.get(self.name, self.default)
        return kept

    def __set__(self, server: Settings, value: Write) -> None:
        """Check a value, keep it, and update what depends on it.

        Raises InvalidArgTypeError, OutOfRangeError for a value that would fail in use.
        """
        server.__dict__[self.name] = self.assigned(value, self.name)
        if self.follows is not None and "_config" in server.__dict__:  # else the server is still being made
            self.follows(server)


class Milliseconds(Option[float, float | timedelta]):
    """A duration; a negative one or NaN switches the limit off."""

    unit = "ms"


class MillisecondsOrNone(Option[float | None, float | timedelta | None]):
    """A duration that None also switches off."""

    unit = "ms"


class MillisecondsOrAnything(Option[Any, Any]):
    """A duration; any other value is kept, and counts as the default."""

    unit = "ms"


class Seconds(Option[int, float | timedelta]):
    """A duration in whole seconds, when it is read or assigned; the server is made with milliseconds."""

    unit = "s"


class Bytes(Option[int, float]):
    """A number of bytes."""

    unit = "bytes"


class BytesOrNone(Option[int | None, float | None]):
    """A number of bytes; None means a default."""

    unit = "bytes"


class Count(Option[float | None, float | None]):
    """A maximum number of something."""

    def __init__(
        self, default: float | None, follows: Callable[[Settings], None] | None = None, *, doc: str
    ) -> None:
        super().__init__(default, validators.count, validators.or_none(validators.count), follows, doc=doc)


class Switch(Option[bool, bool | None]):
    """A bool, and nothing else; None is False."""

    def __init__(self, default: bool, follows: Callable[[Settings], None] | None = None, *, doc: str) -> None:
        super().__init__(default, validators.boolean, validators.switch, follows, doc=doc)


class Truth(Option[bool, bool | None]):
    """The truth of any value, as in Node."""

    def __init__(self, default: bool, follows: Callable[[Settings], None] | None = None, *, doc: str) -> None:
        super().__init__(default, validators.truth, follows=follows, doc=doc)
