"""Loading what TARGET names: the module is imported, the attribute is looked up, what is to be called is called.

The code of the program runs here, so what it raises comes with its traceback.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from writehead._command.failures import CommandError, frames_of_program
from writehead._command.interfaces import required_of, signature_of, signature_text
from writehead._command.target_names import Call, Reference
from writehead.http import Server

#: What a module is asked for if the target names no attribute of it.
USUAL_NAMES = ("application", "app", "server")

#: How many attributes are named if the one that was asked for is missing.
MOST_NAMED = 5


def load(target: Reference, app_dir: str, *, factory: bool = False) -> object:
    """Return the object that `target` names; an `async def` factory has returned an awaitable.

    Args:
        target: what to load.
        app_dir: where modules are looked for first.
        factory: whether the object makes what is to be served.

    Raises:
        CommandError: it is not there, or code of the program raised.
    """
    folder = str(Path(app_dir).resolve())
    sys.path.insert(0, folder)
    module = _import_file(target.module) if target.is_file else _import(target.module, folder)
    found = _attribute(module, target) if target.attribute else _usual(module, target)
    if target.call is not None:
        return call(found, target.text, target.call)
    return call(found, target.name, Call((), {})) if factory else found


@contextmanager
def _code_of_program(line: str) -> Iterator[None]:
    """Let what the program raises end the command, with its traceback and `line`."""
    try:
        yield
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(f"{line}: {type(error).__name__}: {error}", cause=error) from None


def _import(name: str, folder: str) -> ModuleType:
    with _code_of_program(f"cannot import {name!r}"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = error.name is not None and f"{name}.".startswith(f"{error.name}.")
            if missing and frames_of_program(error) is None:
                raise CommandError(f"cannot import {name!r}: no module of that name in {folder}") from None
            raise


def _import_file(path: str) -> ModuleType:
    """Import a file as a module that is named by its stem; its folder comes first on the path."""
    file = Path(path)
    if not file.is_file():
        why = "Is a directory" if file.is_dir() else "No such file or directory"
        raise CommandError(f"cannot open {path!r}: {why}")
    name = file.stem
    if name in sys.modules:
        raise CommandError(
            f"cannot import {path!r}: a module {name!r} is loaded already; give the file another name"
        )
    sys.path.insert(0, str(file.resolve().parent))
    spec = importlib.util.spec_from_file_location(name, file.resolve())
    if spec is None or spec.loader is None:
        raise CommandError(f"cannot import {path!r}: a file of Python ends with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _code_of_program(f"cannot import {path!r}"):
        spec.loader.exec_module(module)
    return module


def _usual(module: ModuleType, target: Reference) -> object:
    with _code_of_program(f"cannot import {target.module!r}"):
        for name in USUAL_NAMES:
            found = getattr(module, name, None)
            if found is not None and not isinstance(found, ModuleType):
                return found
    raise CommandError(
        f"{target.module!r} is a module: say what of it to serve, for example {target.module}:app"
    )


def _attribute(module: ModuleType, target: Reference) -> object:
    found: object = module
    passed = ""
    for name in target.attribute.split("."):
        with _code_of_program(f"cannot read {target.name}"):
            inner = getattr(found, name, _missing)
        if inner is _missing:
            raise CommandError(_what_it_has(found, name, target, passed))
        found = inner
        passed = f"{passed}.{name}" if passed else name
    return found


_missing = object()


def _what_it_has(found: object, name: str, target: Reference, passed: str) -> str:
    if not isinstance(found, ModuleType):
        return f"{target.module}:{passed} has no attribute {name!r}"
    named = ", ".join(names_to_serve(found)[:MOST_NAMED])
    return f"module {target.module!r} has no attribute {name!r}; it has: {named or 'nothing to serve'}"


def names_to_serve(module: ModuleType) -> list[str]:
    """Return the public names of a module that could be meant: callables and servers, but no class it has imported."""
    return [
        name
        for name, each in sorted(vars(module).items())
        if not name.startswith("_")
        and (callable(each) or isinstance(each, Server))
        and getattr(each, "__module__", module.__name__) in (module.__name__, type(each).__module__)
    ]


def call(found: object, name: str, arguments: Call) -> object:
    """Call what makes the application.

    Raises:
        CommandError: it cannot be called so, or it raised.
    """
    if not callable(found):
        raise CommandError(f"{name} cannot be called: it is of type {type(found).__name__}")
    _check_call(found, name, arguments)
    with _code_of_program(f"{name} failed"):
        made: object = found(*arguments.positional, **arguments.keywords)
    return made


def _check_call(found: Callable[..., Any], name: str, arguments: Call) -> None:
    signature = signature_of(found)
    if signature is None:
        return
    try:
        signature.bind(*arguments.positional, **arguments.keywords)
    except TypeError as error:
        if len(required_of(signature)) > 1 and not arguments.positional:  # an application itself
            reason = f"it takes {signature_text(signature)}, so it is no factory; leave --factory out"
        else:
            reason = str(error)
        raise CommandError(f"{name} cannot be called: {reason}") from None


async def made(awaitable: Any, name: str) -> object:
    """Return what an `async def` factory makes."""
    with _code_of_program(f"{name} failed"):
        result: object = await awaitable
    return result


def is_awaitable(found: object) -> bool:
    """Tell what an `async def` factory has returned from an application."""
    return inspect.iscoroutine(found) or inspect.isawaitable(found)
