"""What the mounts of applications have in common."""

from __future__ import annotations

from typing import Any

import pytest

from writehead import http
from writehead._guests.mount import Mount
from writehead.errors import InvalidArgTypeError, InvalidArgValueError


def mount(path: Any = "/", root_path: Any = "", server: Any = None) -> Mount[object]:
    return Mount(server or http.create_server(), object(), path, root_path)


@pytest.mark.parametrize(("given", "kept"), [("/", "/"), ("//", "/"), ("/api", "/api"), ("/api/", "/api")])
def test_a_path_ends_without_a_slash(given: str, kept: str) -> None:
    """Except for the root."""
    assert mount(given).path == kept


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("", "The argument 'path' must begin with '/', as in '/api'. Received ''"),
        ("api", "The argument 'path' must begin with '/', as in '/api'. Received 'api'"),
        ("/a?b", "The argument 'path' must be a decoded path without '?'. Received '/a?b'"),
        ("/a#b", "The argument 'path' must be a decoded path without '#'. Received '/a#b'"),
        ("/a%20", "The argument 'path' must be a decoded path without '%'. Received '/a%20'"),
    ],
)
def test_another_path_is_refused(given: str, text: str) -> None:
    """The error says what would be right."""
    with pytest.raises(InvalidArgValueError) as caught:
        mount(given)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("given", "kept"),
    [("", ""), ("/", ""), ("//", ""), ("api", "/api"), ("/api", "/api"), ("/api//", "/api")],
)
def test_a_root_path_begins_with_a_slash(given: str, kept: str) -> None:
    """And ends without; a slash alone means nothing."""
    assert mount(root_path=given).root_path == kept


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({"path": b"/"}, "path"), ({"root_path": None}, "root_path"), ({"server": object()}, "server")],
)
def test_arguments_of_other_types_are_refused(arguments: Any, name: str) -> None:
    """The error names the argument."""
    with pytest.raises(InvalidArgTypeError) as caught:
        mount(**arguments)
    assert caught.value.argument == name


async def test_what_is_not_attached_can_be_detached() -> None:
    """Nothing happens; and the bare base does nothing when it starts and stops."""
    one = mount()
    one.detach()
    await one.start()
    await one.drain()
    await one.stop()
    assert one.wants_websocket(http.IncomingMessage()) is False
    for method in (one.take, one.take_websocket):
        with pytest.raises(NotImplementedError):
            method(*[None] * (2 if method == one.take else 3))  # type: ignore[arg-type]
