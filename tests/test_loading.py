"""Loading a target: what is found, and what is said if it is not there."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from writehead import http
from writehead._command.failures import NOT_STARTED, CommandError
from writehead._command.loading import is_awaitable, load, names_to_serve
from writehead._command.target_names import Reference, read_target


@pytest.fixture(autouse=True)
def _path_and_modules() -> Iterator[None]:
    """Undo what loading does to the path and to the modules."""
    path, known = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - known:
        del sys.modules[name]


MAIN = """
from collections import OrderedDict
from functools import partial
from writehead import http

class Holder:
    async def app(self, scope, receive, send): ...

holder = Holder()
server = http.create_server()
bound = partial(print)
answer = 42
_hidden = print

def handle(req, res): ...
def make(*args, **keywords):
    return args, keywords
async def make_later():
    return answer
def fail():
    raise LookupError("where?")
def needs(config): ...
"""


def target(text: str) -> Reference:
    found = read_target(text)
    assert isinstance(found, Reference)
    return found


def loaded(directory: Path, text: str, **more: Any) -> object:
    if not (directory / "wh_main.py").exists():
        (directory / "wh_main.py").write_text(MAIN)
    return load(target(text), str(directory), **more)


def complaint(directory: Path, text: str, **more: Any) -> CommandError:
    with pytest.raises(CommandError) as raised:
        loaded(directory, text, **more)
    assert raised.value.code == NOT_STARTED
    return raised.value


def test_an_attribute(tmp_path: Path) -> None:
    """Of a module, and of what is in it; the folder comes first on the path."""
    assert loaded(tmp_path, "wh_main:answer") == 42
    assert sys.path[0] == str(tmp_path)
    assert getattr(loaded(tmp_path, "wh_main:holder.app"), "__name__") == "app"


def test_an_attribute_of_a_file(tmp_path: Path) -> None:
    """Its folder comes first on the path, and the module is named by its stem."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "wh_file.py").write_text("import wh_beside\napp = __name__, wh_beside.word")
    (tmp_path / "in" / "wh_beside.py").write_text("word = 'beside'")
    assert loaded(tmp_path, f"{tmp_path}/in/wh_file.py:app") == ("wh_file", "beside")
    assert sys.path[:2] == [str(tmp_path / "in"), str(tmp_path)]
    assert "wh_file" in sys.modules


@pytest.mark.parametrize(
    ("names", "found"),
    [("server app application", "application"), ("server app", "app"), ("server", "server")],
)
def test_the_usual_names_of_a_module(tmp_path: Path, names: str, found: str) -> None:
    """`application`, else `app`, else `server`."""
    (tmp_path / "wh_usual.py").write_text("".join(f"{name} = {name!r}\n" for name in names.split()))
    assert loaded(tmp_path, "wh_usual") == found


def test_a_package_whose_submodule_is_called_app(tmp_path: Path) -> None:
    """A module is no application."""
    (tmp_path / "wh_package").mkdir()
    (tmp_path / "wh_package" / "__init__.py").write_text("from wh_package import app\nserver = 1")
    (tmp_path / "wh_package" / "app.py").touch()
    assert loaded(tmp_path, "wh_package") == 1


def test_a_call(tmp_path: Path) -> None:
    """With its literals, or as a factory with nothing; what is called is not called again."""
    assert loaded(tmp_path, 'wh_main:make("x", 3, debug=True)') == (("x", 3), {"debug": True})
    assert loaded(tmp_path, "wh_main:make", factory=True) == ((), {})
    assert loaded(tmp_path, "wh_main:make()", factory=True) == ((), {})
    later = loaded(tmp_path, "wh_main:make_later()")
    assert is_awaitable(later)
    later.close()  # type: ignore[attr-defined]  # a coroutine


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mian:app", "cannot import 'mian': no module of that name in {folder}"),
        ("mian.inner:app", "cannot import 'mian.inner': no module of that name in {folder}"),
        ("wh_main.inner:app", "cannot import 'wh_main.inner': no module of that name in {folder}"),
        (
            "wh_main:ap",
            "module 'wh_main' has no attribute 'ap'; it has: Holder, bound, fail, handle, make",
        ),
        ("wh_main:holder.ap", "wh_main:holder has no attribute 'ap'"),
        ("wh_empty:ap", "module 'wh_empty' has no attribute 'ap'; it has: nothing to serve"),
        ("wh_empty", "'wh_empty' is a module: say what of it to serve, for example wh_empty:app"),
        ("{folder}/no.py:app", "cannot open '{folder}/no.py': No such file or directory"),
        ("{folder}/:app", "cannot open '{folder}/': Is a directory"),
        ("{folder}/wh.txt:app", "cannot import '{folder}/wh.txt': a file of Python ends with .py"),
        (
            "{folder}/json.py:app",
            "cannot import '{folder}/json.py': a module 'json' is loaded already; give the file another name",
        ),
        ("wh_main:answer()", "wh_main:answer() cannot be called: it is of type int"),
        ("wh_main:needs()", "wh_main:needs() cannot be called: missing a required argument: 'config'"),
        ("wh_main:fail(1)", "wh_main:fail(1) cannot be called: too many positional arguments"),
    ],
)
def test_what_is_not_there(tmp_path: Path, text: str, said: str) -> None:
    """Which name, where, and what is there instead; no traceback, as no code of the program has failed."""
    (tmp_path / "wh_empty.py").touch()
    (tmp_path / "json.py").touch()
    (tmp_path / "wh.txt").touch()
    error = complaint(tmp_path, text.format(folder=tmp_path))
    assert str(error) == said.format(folder=tmp_path)
    assert error.cause is None


def test_an_application_is_no_factory(tmp_path: Path) -> None:
    """It takes arguments, and the text says to leave --factory out."""
    assert str(complaint(tmp_path, "wh_main:handle", factory=True)) == (
        "wh_main:handle cannot be called: it takes (req, res), so it is no factory; leave --factory out"
    )


@pytest.mark.parametrize(
    ("source", "kind", "last"),
    [
        ("import wh_missing", ModuleNotFoundError, "wh_broken.py"),
        ("import wh_broken.inner", ModuleNotFoundError, "wh_broken.py"),
        ("1 / 0", ZeroDivisionError, "wh_broken.py"),
        ("def __getattr__(name):\n    raise OSError(name)", OSError, "wh_broken.py"),
        ("import json\njson.loads('{')", ValueError, "decoder.py"),
    ],
)
def test_a_module_that_fails(tmp_path: Path, source: str, kind: type[Exception], last: str) -> None:
    """Its error is kept for the traceback, and the line says what was tried."""
    (tmp_path / "wh_broken.py").write_text(source)
    error = complaint(tmp_path, "wh_broken:app")
    assert isinstance(error.cause, kind)
    assert type(error.cause).__name__ in str(error)
    traceback = error.cause.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    assert traceback is not None
    assert traceback.tb_frame.f_code.co_filename.endswith(last)


def test_a_module_that_cannot_be_parsed(tmp_path: Path) -> None:
    """A syntax error is an error of the program."""
    (tmp_path / "wh_syntax.py").write_text("x = = 1")
    error = complaint(tmp_path, "wh_syntax:app")
    assert isinstance(error.cause, SyntaxError)


def test_a_factory_that_fails(tmp_path: Path) -> None:
    """Its error is kept, too."""
    error = complaint(tmp_path, "wh_main:fail()")
    assert str(error) == "wh_main:fail() failed: LookupError: where?"
    assert isinstance(error.cause, LookupError)


def test_the_names_that_could_be_meant() -> None:
    """Callables of the module and servers, not what it has imported."""
    module = types.ModuleType("wh_names")
    exec(MAIN, vars(module))
    module.other = http.create_server  # type: ignore[attr-defined]
    assert names_to_serve(module) == [
        "Holder", "bound", "fail", "handle", "make", "make_later", "needs", "server",
    ]  # fmt: skip
