"""The table of settings: complete, without doubles, and each kind reads its values."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from writehead._command import settings
from writehead._command.cpus import usable_cpus
from writehead._command.interfaces import Interface
from writehead._command.kinds import (
    Duration,
    File,
    FileOrOff,
    Folder,
    Kind,
    Number,
    Octal,
    Prefix,
    Secret,
    Several,
    Size,
    Standing,
    Switch,
    Text,
    UrlPath,
    Whole,
    Workers,
)
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
    """The default that is shown reads as the value that it is, unless it depends on the machine or on others."""
    if setting.shown and setting.shown not in DESCRIBED:
        assert setting.kind.read(setting.shown) == setting.default


DESCRIBED = (
    ".",
    "CPUs + 4",
    "10 %",
    "TARGET",
    "app-dir",
    "auto",
)  # APP_DIR's becomes absolute when it is used


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.name)
def test_a_value_is_shown_as_it_is_read_and_survives_as_plain_data(setting: Setting[Any]) -> None:
    """What is shown reads as the same value; what is sent to a worker as JSON is the same value there."""
    kind, value = setting.kind, setting.default
    if value is None or setting.secret:
        return
    assert kind.made(json.loads(json.dumps(kind.plain(value)))) == value
    if value not in ("", (), ".", "-"):
        assert kind.read(kind.show(value)) == value


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
    (Duration(bare="ms"), "5000", 5000),
    (Duration(least=60), "0", 0),
    (Duration(least=60), "1m", 60_000),
    (Size(), "0", 0),
    (Size(), "16384", 16384),
    (Size(), "16k", 16384),
    (Size(), "1G", 1024**3),
    (Size(least=32 * 1024**2, bare=1024**2), "64", 64 * 1024**2),
    (Octal(), "600", 0o600),
    (Octal(), "0022", 0o022),
    (Octal(), "0o77", 0o077),
    (Workers(), "512", 512),
    (Workers(), "auto", usable_cpus()),
    (Several(Text("T")), "a, b,", ("a", "b")),
    (Several(Text("T"), commas=False), "a, b", ("a, b",)),
    (Standing("x"), "on", "x"),
    (FileOrOff(), "off", False),
    (FileOrOff(), "/run/x", "/run/x"),
    (File("-"), "-", "-"),
    (File(), "/x/../y", "/x/../y"),
    (UrlPath(), "/healthz", "/healthz"),
    (Secret("S"), "env:HOME", os.environ.get("HOME", "")),
    (Secret("S"), "abc", "abc"),
    (settings.CERT_REQS.kind, "2", "required"),
    (settings.TLS_MIN.kind, "tls1.3", "TLSv1.3"),
    (settings.FORWARDED_HEADERS.kind, "Forwarded,X-Forwarded-Host", ("forwarded", "x-forwarded-host")),
    (settings.FORWARDED_ALLOW_IPS.kind, "10.0.0.0/8,::1,*,Unix", ("10.0.0.0/8", "::1", "*", "unix")),
    (settings.HEADER.kind, "X-A: b, c", (("X-A", "b, c"),)),
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
    (settings.INTERFACE.kind, "asgi3", Interface.ASGI),
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
    (Duration(least=60), "59", "is not 0 or 60 seconds or more"),
    (Duration(zero=False), "0", "is no time: it is more than 0"),
    (Number("requests"), "-1", "is not a whole number of requests, 0 or more"),
    (Size(), "1x", "is not a size (write 16384, 16k, 2m, 1g)"),
    (Size(least=1024, most=1024**2, zero=False), "0", "is not a size that is possible: 1k to 1m"),
    (Size(least=1024, most=1024**2, zero=False), "2m", "is not a size that is possible: 1k to 1m"),
    (settings.WORKER_MAX_RSS.kind, "31m", "is not a size that is possible: 0, or 32m or more"),
    (Octal(), "888", "is not a mode, in octal digits: 600, 022"),
    (Octal(), "0o", "is not a mode, in octal digits: 600, 022"),
    (Octal(), "1777", "is not a mode, 0 to 777"),
    (Workers(), "two", "is not a whole number of workers, 1 or more, or 'auto'"),
    (Workers(), "0", "is not a whole number of workers, 1 or more, or 'auto'"),
    (Workers(), "513", "are more workers than 512"),
    (Standing("x"), "off", "cannot be switched off by this name"),
    (UrlPath(), "healthz", "is not a path of a URL: it begins with /, and has no query"),
    (UrlPath(), "/a?b", "is not a path of a URL: it begins with /, and has no query"),
    (Secret("S", 16), "short", "is too short: a secret here has 16 characters or more"),
    (Secret("S"), "env:NO_SUCH_VARIABLE", "names a variable that is not set"),
    (settings.HEADER.kind, "X-A", "is not a field (write 'Name: value')"),
    (
        settings.FORWARDED_HEADERS.kind,
        "via",
        "is not one of x-forwarded-for, x-forwarded-proto, x-forwarded-host, x-forwarded-port, forwarded",
    ),
    (
        settings.FORWARDED_ALLOW_IPS.kind,
        "example.com",
        "is not an address, a network (10.0.0.0/8), unix or *",
    ),
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
