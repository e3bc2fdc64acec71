"""TARGET of the command line: told by its spelling alone."""

from __future__ import annotations

import pytest

from writehead._command.failures import USAGE, CommandError
from writehead._command.target_names import Call, Reference, Script, read_target


@pytest.mark.parametrize(
    "text",
    ["ping.py", "./ping.py", "./ping", "/srv/app/ping.py", "a-b", "dir/", "../x.y", "ping.txt.py", "1st"],
)
def test_a_path_without_a_colon_is_a_script(text: str) -> None:
    """Whatever cannot be the name of a module, or ends with .py, is the path of a script."""
    assert read_target(text) == Script(text)


@pytest.mark.parametrize("text", ["main", "pkg.mod", "_private.x1", "café"])
def test_a_name_is_a_module(text: str) -> None:
    """A name, or names with dots between, is a module of which the usual attribute is served."""
    assert read_target(text) == Reference(text, text)


@pytest.mark.parametrize(
    ("text", "module", "attribute"),
    [
        ("main:app", "main", "app"),
        ("pkg.mod:a.b", "pkg.mod", "a.b"),
        ("dir/file.py:app", "dir/file.py", "app"),
        ("file.py:app", "file.py", "app"),
        ("/srv/a:b/file.py:app", "/srv/a:b/file.py", "app"),
    ],
)
def test_an_attribute_of_a_module_or_a_file(text: str, module: str, attribute: str) -> None:
    """The attribute stands behind the last colon; a path may have more of them."""
    found = read_target(text)
    assert found == Reference(text, module, attribute)
    assert isinstance(found, Reference)
    assert found.is_file == module.endswith(".py")
    assert found.name == text


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("main:make()", Call((), {})),
        ('main:make("x", 3, debug=True)', Call(("x", 3), {"debug": True})),
        ("main:make({'a': [1, -2.5, None]})", Call(({"a": [1, -2.5, None]},), {})),
        ('main:make("a:b()")', Call(("a:b()",), {})),
    ],
)
def test_a_call_with_literals(text: str, call: Call) -> None:
    """The arguments are read without running anything."""
    assert read_target(text) == Reference(text, "main", "make", call)


@pytest.mark.parametrize(
    "text",
    ["main:make(x)", "main:make(**{})", "main:make(*[])", "main:make(1)(2)", "main:make(1,", "main:f(g())"],
)
def test_a_call_with_anything_else(text: str) -> None:
    """What would have to be run is refused, and it is said what is meant."""
    with pytest.raises(CommandError, match="is no target") as raised:
        read_target(text)
    assert raised.value.code == USAGE


@pytest.mark.parametrize("text", ["main:", ":app", "main:1", "main:a-b", "ma in:app", "a-b:app", "http://x"])
def test_what_is_no_target(text: str) -> None:
    """A colon without a module before it and an attribute behind it is a wrong use."""
    with pytest.raises(CommandError, match="is no target") as raised:
        read_target(text)
    assert raised.value.code == USAGE
    assert repr(text) in str(raised.value)
