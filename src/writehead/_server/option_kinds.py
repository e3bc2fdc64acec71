"""What an option of a server is: a descriptor that checks what is assigned, and has worked out what follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from writehead._node import validators

if TYPE_CHECKING:
    from writehead._server.options import Settings

#: What an option is when it is read, and what may be assigned to it.
Read = TypeVar("Read")
Write = TypeVar("Write")


class Option(Generic[Read, Write]):
    """One option of a server, under both spellings of its name.

    Args:
        default: what it is when it is not given, or given as None.
        check: makes what is kept of a value that the server is made with.
        assigned: the same for a value that is assigned later, of which more is taken, as Node then checks
            nothing: but nothing that would fail when it is used, or that would quietly switch a limit off.
        follows: works out what follows from the option; called after an assignment.
        doc: what it is for.
    """

    #: Of its numbers.
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
        """Take the first name; the second is Node's spelling of it."""
        self.name = self.name or name

    @overload
    def __get__(self, server: None, owner: type) -> Self: ...
    @overload
    def __get__(self, server: Settings, owner: type) -> Read: ...
    def __get__(self, server: Settings | None, owner: type) -> Self | Read:
        """Return the value that is kept."""
        if server is None:
            return self
        kept: Read = server.__dict__.get(self.name, self.default)
        return kept

    def __set__(self, server: Settings, value: Write) -> None:
        """Check a value, keep it, and work out what follows.

        Raises InvalidArgTypeError, OutOfRangeError for one that could not be worked with.
        """
        server.__dict__[self.name] = self.assigned(value, self.name)
        if self.follows is not None and "_config" in server.__dict__:  # else it is not made yet
            self.follows(server)


class Milliseconds(Option[float, float | timedelta]):
    """A duration; one that is negative or no number is off."""

    unit = "ms"


class MillisecondsOrNone(Option[float | None, float | timedelta | None]):
    """A duration that None switches off, too."""

    unit = "ms"


class MillisecondsOrAnything(Option[Any, Any]):
    """A duration; whatever else is assigned is kept, and counts as the default."""

    unit = "ms"


class Seconds(Option[int, float | timedelta]):
    """A duration in whole seconds, when it is read or assigned; the server is made with milliseconds."""

    unit = "s"


class Bytes(Option[int, float]):
    """A number of bytes."""

    unit = "bytes"


class BytesOrNone(Option[int | None, float | None]):
    """A number of bytes, for which None is a default."""

    unit = "bytes"


class Count(Option[float | None, float | None]):
    """The most that there may be of something."""

    def __init__(
        self, default: float | None, follows: Callable[[Settings], None] | None = None, *, doc: str
    ) -> None:
        super().__init__(default, validators.count, validators.or_none(validators.count), follows, doc=doc)


class Switch(Option[bool, bool | None]):
    """What is on or off, and nothing else; None is off."""

    def __init__(self, default: bool, follows: Callable[[Settings], None] | None = None, *, doc: str) -> None:
        super().__init__(default, validators.boolean, validators.switch, follows, doc=doc)


class Truth(Option[bool, bool | None]):
    """What is on for any value that Python takes for true, as in Node."""

    def __init__(self, default: bool, follows: Callable[[Settings], None] | None = None, *, doc: str) -> None:
        super().__init__(default, validators.truth, follows=follows, doc=doc)
