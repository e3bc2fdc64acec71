"""What adding a listener gives back that does not fit its event; for type checkers, nothing imports it at run time."""

from collections.abc import Callable, Coroutine
from typing import Any, Final, Never, TypeVar

from typing_extensions import TypeAliasType

Emitter = TypeVar("Emitter")

#: Listeners that can be called with so many arguments, of whatever types.
Takes1 = Callable[[Any], object]
Takes2 = Callable[[Any, Any], object]
Takes3 = Callable[[Any, Any, Any], object]

class ListenerDoesNotFitTheEvent:
    """Named by mypy where a listener cannot be called with what its event gives."""

# Of overloads the first that fits is taken, and the last is for events of programs, with any name and listener. One
# that does not fit its event would fit there, so an overload in front takes it. It is marked as deprecated: pyright
# reports that in strict mode, with the reason; mypy only where it is asked to, but it does report a coroutine that is
# dropped. For pyright the result is the emitter, as ever: so it has nothing to say of an argument that is `Any`, for
# which it takes the first of overloads that have the same result.
MYPY: Final = False  # mypy takes it for True, whatever stands here

if MYPY:
    Misfit = Coroutine[ListenerDoesNotFitTheEvent, Never, Emitter]  # pyright: ignore[reportGeneralTypeIssues]
else:
    Misfit = TypeAliasType("Misfit", Emitter, type_params=(Emitter,))
