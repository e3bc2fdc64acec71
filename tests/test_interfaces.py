"""What the command takes an object for: ASGI, WSGI, a handler, a server, or an error that says why not."""

from __future__ import annotations

import functools
import types
from typing import Any

import pytest

from writehead import http
from writehead._command.failures import NOT_STARTED, CommandError
from writehead._command.interfaces import Interface, judge


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


class ASGIInstance:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class ASGIEndpoint:
    """An application of one request, as Starlette's endpoints are."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def __await__(self) -> Any: ...


class OwnCall:
    """Its `__call__` is of the instance, as in some middleware."""

    __slots__ = ("__call__",)

    def __init__(self) -> None:
        self.__call__ = asgi


def wsgi(environ: Any, start_response: Any) -> Any: ...


def wsgi_env(env: Any, start_response: Any) -> Any: ...


class Framework:
    """An application with `wsgi_app`, as Flask's."""

    def wsgi_app(self, a: Any, b: Any) -> Any: ...

    def __call__(self, a: Any, b: Any) -> Any: ...


class WSGIClass:
    def __init__(self, environ: Any, start_response: Any) -> None: ...


class WSGIMethods:
    def serve(self, environ: Any, start_response: Any) -> Any: ...


def wrapped(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **keywords: Any) -> Any: ...

    return wrapper


@pytest.mark.parametrize(
    "app", [asgi, ASGIInstance(), ASGIEndpoint, OwnCall(), wrapped(asgi), lambda a, b, c, d=1: 0]
)
def test_three_parameters_are_asgi(app: Any) -> None:
    """Three positional parameters have to be given: ASGI 3, whatever they are called."""
    assert judge(app, "main:app").interface is Interface.ASGI


@pytest.mark.parametrize("app", [wsgi, wsgi_env, Framework(), WSGIClass, WSGIMethods().serve, wrapped(wsgi)])
def test_wsgi_is_told_by_its_names(app: Any) -> None:
    """`environ` or `env`, and `start_response`; or a callable `wsgi_app`."""
    assert judge(app, "main:app").interface is Interface.WSGI


async def two(a: Any, b: Any) -> None: ...


class Handlers:
    async def handle(self, a: Any, b: Any) -> None: ...


class AsyncHandler:
    async def __call__(self, a: Any, b: Any) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [
        two,
        Handlers().handle,
        AsyncHandler(),
        lambda req, b: 0,
        lambda request, b: 0,
        lambda a, res: 0,
        lambda a, response: 0,
        lambda req, res, more=None: 0,
        functools.partial(two),
    ],
)
def test_a_handler_is_async_or_has_the_names(handler: Any) -> None:
    """Two positional parameters: an `async def`, or a name that handlers have."""
    found = judge(handler, "main:handle")
    assert (found.interface, found.kind, found.is_server) == (Interface.NODE, "handler", False)


def test_a_server_is_served_as_it_is() -> None:
    """It comes first: a server may be callable, too."""

    class Callable(http.Server):
        def __call__(self, environ: Any, start_response: Any) -> Any: ...

    server = Callable()
    found = judge(server, "main:server")
    assert (found.object, found.kind, found.is_server) == (server, "server", True)


class Scope2:
    def __init__(self, scope: Any) -> None: ...


WRONG: list[tuple[object, str]] = [
    (
        lambda: 0,
        "main:app takes no arguments; if it makes the application, add --factory or write main:app()",
    ),
    (
        Scope2,
        "main:app is an ASGI 2 application (it takes only a scope); serve it through asgiref's guarantee_single_callable",
    ),
    (
        lambda a, b: 0,
        "cannot tell whether main:app is a WSGI application or a handler: add --interface wsgi or --interface node",
    ),
    (3, "main:app is an int, not an application, a handler or a Server"),
    ("x", "main:app is a str, not an application, a handler or a Server"),
    (None, "main:app is None, not an application, a handler or a Server"),
    (types.ModuleType("inner"), "'main:app' is a module: say what of it to serve, for example inner:app"),
    (
        lambda *args, **more: 0,
        "cannot tell what main:app is by its parameters (*args, **more): add --interface asgi, wsgi or node",
    ),
    (
        lambda a, *, b: 0,
        "cannot tell what main:app is by its parameters (a, *, b): add --interface asgi, wsgi or node",
    ),
    (
        lambda a=1, b=2: 0,
        "cannot tell what main:app is by its parameters (a, b): add --interface asgi, wsgi or node",
    ),
    (dict, "cannot tell what main:app is: add --interface asgi, wsgi or node"),
]


@pytest.mark.parametrize(("app", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_cannot_be_served(app: object, text: str) -> None:
    """What it is, and what would have been right; exit code 3."""
    with pytest.raises(CommandError) as raised:
        judge(app, "main:app")
    assert (str(raised.value), raised.value.code) == (text, NOT_STARTED)


@pytest.mark.parametrize("asked", Interface)
def test_the_operator_may_say_it(asked: Interface) -> None:
    """With --interface nothing is guessed."""
    assert judge(lambda *args: 0, "main:app", asked).interface is asked


def test_a_server_is_no_application() -> None:
    """With the interface of an application, a server is an error."""
    with pytest.raises(CommandError, match="is a server, not an application of WSGI"):
        judge(http.create_server(), "main:server", Interface.WSGI)
