"""The table of settings: complete, without doubles, and each kind reads its values."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from writehead._command import settings
from writehead._command.kinds import Duration, Folder, Kind, Prefix, Switch, Text, Whole
from writehead._command.settings import SETTINGS, Setting, option, variable


def test_no_name_is_taken_twice() -> None:
    """Names and aliases are each of one setting."""
    names = [name for each in SETTINGS for name in each.names]
    assert len(set(names)) == len(names)


def test_every_setting_is_in_the_table() -> None:
    """Each setting of the module is in a group, so that it is an option, in the help and in the reference."""
    declared = {each for each in vars(settings).values() if isinstance(each, Setting)}
    assert declared == set(SETTINGS)


def test_the_names_of_a_setting() -> None:
    """The option and the variable are made of the name."""
    assert option("timeout-keep-alive") == "--timeout-keep-alive"
    assert variable("timeout-keep-alive") == "WRITEHEAD_TIMEOUT_KEEP_ALIVE"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.name)
def test_a_default_is_what_the_help_shows(setting: Setting[Any]) -> None:
    """The default that is shown reads as the value that it is; APP_DIR's becomes absolute when it is used."""
    if setting.shown and setting is not settings.APP_DIR:
        assert setting.kind.read(setting.shown) == setting.default


READ: list[tuple[Kind[Any], str, object]] = [
    (Duration(), "5", 5000),
    (Duration(), "0", 0),
    (Duration(), "0.5", 500),
    (Duration(), "500ms", 500),
    (Duration(), "30s", 30_000),
    (Duration(), "2m", 120_000),
    (Duration(), "1h", 3_600_000),
    (Whole("N", "a port", 0, 65535), "0", 0),
    (Whole("N", "a port", 0, 65535), "65535", 65535),
    (Switch(), "1", True),
    (Switch(), "Yes", True),
    (Switch(), "on", True),
    (Switch(), "true", True),
    (Switch(), "0", False),
    (Switch(), "no", False),
    (Switch(), "OFF", False),
    (Switch(), "false", False),
    (Text("T"), "a b", "a b"),
    (Prefix(), "", ""),
    (Prefix(), "/api/v1", "/api/v1"),
    (settings.LOG_LEVEL.kind, "DEBUG", logging.DEBUG),
    (settings.LOG_LEVEL.kind, "trace", 5),
    (settings.INTERFACE.kind, "auto", None),
    (settings.INTERFACE.kind, "asgi3", settings.Interface.ASGI),
]


@pytest.mark.parametrize(("kind", "text", "value"), READ)
def test_a_value_is_read(kind: Kind[Any], text: str, value: object) -> None:
    """Each kind reads the texts that it promises."""
    assert kind.read(text) == value


WRONG: list[tuple[Kind[Any], str, str]] = [
    (Duration(), "5x", "is not a duration (write 5, 500ms, 2m)"),
    (Duration(), "", "is not a duration (write 5, 500ms, 2m)"),
    (Duration(), "-1", "is not a duration (write 5, 500ms, 2m)"),
    (Duration(), "nan", "is not a duration (write 5, 500ms, 2m)"),
    (Whole("N", "a port", 0, 65535), "65536", "is not a port, 0 to 65535"),
    (Whole("N", "a port", 0, 65535), "-1", "is not a port, 0 to 65535"),
    (Whole("N", "a port", 0, 65535), "8e3", "is not a port, 0 to 65535"),
    (Whole("N", "a port", 0, 65535), "9" * 5000, "is not a port, 0 to 65535"),
    (Whole("N", "a port", 0, 65535), "٣", "is not a port, 0 to 65535"),
    (Switch(), "maybe", "is not a switch (write 1 or 0, true or false, yes or no, on or off)"),
    (Text("T"), "", "is not a text without null bytes"),
    (Prefix(), "api", "is not a prefix of paths: it begins with / and does not end with one"),
    (Prefix(), "/", "is not a prefix of paths: it begins with / and does not end with one"),
    (Prefix(), "/api/", "is not a prefix of paths: it begins with / and does not end with one"),
    (settings.LIFESPAN.kind, "maybe", "is not one of auto, on, off"),
    (settings.INTERFACE.kind, "cgi", "is not one of auto, asgi, wsgi, node, asgi3"),
    (Folder(), "nowhere", "is not a folder that exists"),
]


@pytest.mark.parametrize(("kind", "text", "reason"), WRONG)
def test_a_wrong_value_is_refused(kind: Kind[Any], text: str, reason: str) -> None:
    """The reason goes on behind the value."""
    with pytest.raises(ValueError) as raised:
        kind.read(text)
    assert str(raised.value) == reason


def test_a_folder_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program does with its working directory changes nothing."""
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Folder().read("app") == str(tmp_path / "app")
