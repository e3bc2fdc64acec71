"""What an object is that the command is to serve: an application of ASGI or WSGI, a handler, or a server.

Pure: nothing is called, nothing is changed. `inspect.signature` tells the parameters.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from writehead._command.failures import CommandError
from writehead.http import Server


class Interface(enum.Enum):
    """What a server and what it serves have agreed on; the value is the name that is shown."""

    ASGI = "ASGI"
    WSGI = "WSGI"
    NODE = "Node"


class Found(NamedTuple):
    """An object that can be served, and how."""

    interface: Interface
    object: Any

    @property
    def is_server(self) -> bool:
        """Whether it is a server already."""
        return isinstance(self.object, Server)

    @property
    def kind(self) -> str:
        """What it is, for the banner."""
        if self.interface is not Interface.NODE:
            return str(self.interface.value)
        return "server" if self.is_server else "handler"


def judge(found: object, name: str, asked: Interface | None = None) -> Found:
    """Return what `found` is.

    Args:
        found: the object.
        name: how the command line names it: "main:app".
        asked: its interface, if the operator says it.

    Raises:
        CommandError: it cannot be served, or it cannot be told how.
    """
    if isinstance(found, Server):
        if asked in (Interface.ASGI, Interface.WSGI):
            raise CommandError(
                f"{name} is a server, not an application of {asked.value}: leave --interface out"
            )
        return Found(Interface.NODE, found)
    if isinstance(found, ModuleType):
        raise CommandError(f"{name!r} is a module: say what of it to serve, for example {found.__name__}:app")
    if not callable(found):
        what = "None" if found is None else a(type(found))
        raise CommandError(f"{name} is {what}, not an application, a handler or a Server")
    return Found(asked or _guess(found, name), found)


def _guess(found: Callable[..., object], name: str) -> Interface:
    """Return the interface that the parameters of a callable are of."""
    signature = signature_of(found)
    if signature is None:
        raise CommandError(f"cannot tell what {name} is{_ADD_INTERFACE}")
    required = required_of(signature)
    if len(required) == 3:
        return Interface.ASGI
    if callable(getattr(found, "wsgi_app", None)) or _is_wsgi(signature):
        return Interface.WSGI
    if len(required) == 2:
        if _is_handler(found, required):
            return Interface.NODE
        raise CommandError(
            f"cannot tell whether {name} is a WSGI application or a handler: "
            "add --interface wsgi or --interface node"
        )
    raise CommandError(_why_not(found, name, signature, required))


_ADD_INTERFACE = ": add --interface asgi, wsgi or node"


def signature_of(found: Any) -> inspect.Signature | None:
    """Return the parameters of a callable, or None where Python does not know them."""
    tried: list[Any] = [found]
    if not isinstance(found, type):  # of a class it is the method of its instances
        tried.append(found.__call__)
    for each in tried:
        try:
            return inspect.signature(each)
        except (TypeError, ValueError):
            continue
    return None


def required_of(signature: inspect.Signature) -> list[str]:
    """Return the names of the positional parameters that have to be given."""
    return [
        each.name
        for each in signature.parameters.values()
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) and each.default is each.empty
    ]


def _is_wsgi(signature: inspect.Signature) -> bool:
    names = signature.parameters.keys()
    return "start_response" in names and bool(names & {"environ", "env"})


def _is_handler(found: Callable[..., object], names: list[str]) -> bool:
    return (
        inspect.iscoroutinefunction(found)
        or inspect.iscoroutinefunction(getattr(found, "__call__", None))  # noqa: B004 - of an instance
        or names[0] in ("req", "request")
        or names[1] in ("res", "response")
    )


def _why_not(found: object, name: str, signature: inspect.Signature, required: list[str]) -> str:
    """Say why a callable with neither two nor three required parameters cannot be served."""
    if not signature.parameters:
        return f"{name} takes no arguments; if it makes the application, add --factory or write {name}()"
    if required == ["scope"]:
        return (
            f"{name} is an ASGI 2 application (it takes only a scope); "
            "serve it through asgiref's guarantee_single_callable"
        )
    return f"cannot tell what {name} is by its parameters {signature_text(signature)}{_ADD_INTERFACE}"


def signature_text(signature: inspect.Signature) -> str:
    """Return the names of the parameters, without their types and defaults."""
    parameters = [
        each.replace(annotation=each.empty, default=each.empty) for each in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters))


def a(kind: type) -> str:
    """Return the name of a class with its article: "an int"."""
    return f"{'an' if kind.__name__[0] in 'aeiouAEIOU' else 'a'} {kind.__name__}"
