"""Where settings come from: the command line, the environment, files; who wins, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from writehead._command.addresses import Address
from writehead._command.arguments import read_line, split
from writehead._command.failures import USAGE, CommandError
from writehead._command.main import is_script
from writehead._command.reading import Sources, read_settings
from writehead._command.settings import (
    ACCESS_LOG,
    ADMIN,
    ADMIN_TOKEN,
    BIND,
    CERTFILE,
    CHDIR,
    CONTROL,
    FACTORY,
    FD,
    HEADER,
    HOST,
    INTERFACE,
    MAX_REQUESTS_JITTER,
    NAME,
    PORT,
    SETTINGS,
    SHUTDOWN_TIMEOUT,
    TIMEOUT_HEADERS,
    TIMEOUT_KEEP_ALIVE,
    UDS,
    WORKERS,
    variable,
)
from writehead._command.values import Values, addresses_of, place_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the command is started."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(line: str, folder: Path, **environment: str) -> Values:
    found = split(line.split(), is_script)
    return read_settings(Sources(read_line(found.own), found.target, environment, folder), is_script)


def test_the_command_line_wins(folder: Path) -> None:
    """Flag, then environment, then file, then default; each value knows its source."""
    (folder / "pyproject.toml").write_text(
        "[tool.writehead]\nport = 3\nhost = '::2'\nworkers = 4\ntarget = 'a:b'\n"
    )
    values = read("--port 1", folder, WRITEHEAD_PORT="2", WRITEHEAD_HOST="::1")
    assert (values[PORT], values[HOST], values[WORKERS], values[FACTORY]) == (1, "::1", 4, False)
    assert [values.source(each) for each in (PORT, HOST, WORKERS, FACTORY)] == [
        "--port",
        "WRITEHEAD_HOST",
        "pyproject.toml [tool.writehead] workers",
        None,
    ]
    assert values.target == "a:b"
    assert read("main:app", folder).target == "main:app"


@pytest.mark.parametrize(
    ("line", "environment", "file"),
    [
        ("--keep-alive 5", {}, ""),
        ("--timeout-keep-alive=5s", {}, ""),
        ("", {"WRITEHEAD_KEEP_ALIVE": "5"}, ""),
        ("", {"WRITEHEAD_TIMEOUT_KEEP_ALIVE": "5000ms", "WRITEHEAD_KEEP_ALIVE": ""}, ""),
        ("", {}, "keep_alive = 5"),
        ("", {}, "keep-alive = 5.0"),
        ("", {}, "timeout_keep_alive = '5s'"),
    ],
)
def test_an_alias_is_the_same_option(
    folder: Path, line: str, environment: Mapping[str, str], file: str
) -> None:
    """In all three sources; an empty variable gives nothing."""
    (folder / "pyproject.toml").write_text(f"[tool.writehead]\n{file}\n")
    assert read(line, folder, **environment)[TIMEOUT_KEEP_ALIVE] == 5000


def test_a_switch(folder: Path) -> None:
    """It has no value on the command line, a word in the environment, and true or false in a file."""
    assert read("--factory", folder)[FACTORY] is True
    assert read("", folder, WRITEHEAD_FACTORY="yes")[FACTORY] is True
    assert read("--no-factory", folder, WRITEHEAD_FACTORY="yes")[FACTORY] is False
    (folder / "pyproject.toml").write_text("[tool.writehead]\nfactory = true\ncontrol = false\n")
    assert read("", folder)[FACTORY] is True
    assert read("", folder)[CONTROL] is False
    assert read("", folder, WRITEHEAD_FACTORY="0")[FACTORY] is False


def test_the_last_of_an_option_given_twice_counts(folder: Path) -> None:
    """So that a default of a shell alias can be changed behind it; some may be given many times."""
    assert read("--port 1 --port 2", folder)[PORT] == 2
    values = read("-b :80 -b unix:a,fd://3", folder)
    assert values[BIND] == (Address("", 80), Address(path="a"), Address(fd=3))


def test_lists(folder: Path) -> None:
    """They have commas in the environment, and are lists in a file."""
    (folder / "pyproject.toml").write_text(
        "[tool.writehead]\nheader = ['A: b, c', 'D: e']\nbind = [':80', ':81']\n"
    )
    assert read("", folder)[HEADER] == (("A", "b, c"), ("D", "e"))
    assert read("", folder)[BIND] == (Address("", 80), Address("", 81))
    assert read("", folder, WRITEHEAD_BIND=":1, :2")[BIND] == (Address("", 1), Address("", 2))


def test_a_settings_file(folder: Path) -> None:
    """`--config` names one: its top level, or its table; without it `pyproject.toml` is read, if it speaks of writehead."""
    (folder / "a.toml").write_text("port = 1\n")
    (folder / "b.toml").write_text("[tool.writehead]\nport = 2\n")
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.other]\nport = 3\n")
    assert read("", folder)[PORT] == 8000
    assert read("--config a.toml", folder)[PORT] == 1
    assert read("-c b.toml", folder)[PORT] == 2
    assert read("", folder, WRITEHEAD_CONFIG="a.toml").source(PORT) == "a.toml port"
    (folder / "pyproject.toml").write_text("this is no TOML")
    assert read("", folder)[PORT] == 8000


def test_variables_of_platforms(folder: Path) -> None:
    """PORT is every address; writehead's own variables win, and so does another address."""
    values = read("", folder, PORT="5", WEB_CONCURRENCY="3", FORWARDED_ALLOW_IPS="*")
    assert (values[HOST], values[PORT], values[WORKERS]) == ("0.0.0.0", 5, 3)  # noqa: S104
    assert values.source(HOST) == values.source(PORT) == "PORT"
    values = read("--host ::1", folder, PORT="5")
    assert (values[HOST], values[PORT]) == ("::1", 5)
    values = read("--port 6", folder, PORT="5")
    assert (values[PORT], values.source(PORT)) == (6, "--port")
    assert read("", folder, PORT="5", WRITEHEAD_PORT="6")[HOST] == "127.0.0.1"
    assert addresses_of(read("", folder, PORT="5", WRITEHEAD_UDS="a")) == (Address(path="a"),)
    assert addresses_of(read("-b :80", folder, PORT="5")) == (Address("", 80),)
    assert read("", folder, WEB_CONCURRENCY="3", WRITEHEAD_WORKERS="2")[WORKERS] == 2


def test_a_variable_that_is_probably_wrong_is_told(folder: Path) -> None:
    """It may be of something else, so it is a note; one that is like none is not."""
    values = read(
        "", folder, WRITEHEAD_MAX_REQUEST="5", WRITEHEAD_NATIVE="0", WRITEHEAD_XYZ="1", WRITEHEAD_HTTP="h11"
    )
    assert values.notes == (
        "WRITEHEAD_HTTP has no effect: there is one parser",
        "WRITEHEAD_MAX_REQUEST: no such setting; do you mean WRITEHEAD_MAX_REQUESTS?",
    )


WRONG: list[tuple[str, dict[str, str], str, str]] = [
    ("--port two", {}, "", "--port: 'two' is not a port, 0 to 65535"),
    ("--workers two", {}, "", "--workers: 'two' is not a whole number of workers, 1 or more, or 'auto'"),
    (
        "",
        {"WRITEHEAD_TIMEOUT_KEEP_ALIVE": "5x"},
        "",
        "WRITEHEAD_TIMEOUT_KEEP_ALIVE: '5x' is not a duration (write 5, 500ms, 2m)",
    ),
    ("", {"PORT": "x"}, "", "PORT: 'x' is not a port, 0 to 65535"),
    (
        "",
        {"WRITEHEAD_CERTFILE": "a", "WRITEHEAD_SSL_CERTFILE": "a"},
        "",
        "WRITEHEAD_CERTFILE and WRITEHEAD_SSL_CERTFILE are the same option",
    ),
    ("--admin-token short", {}, "", "--admin-token: is too short: a secret here has 16 characters or more"),
    ("--keyfile k.pem", {}, "", "--keyfile: there is no certificate; give --certfile, too"),
    (
        "--cert-reqs required --certfile a",
        {},
        "",
        "--cert-reqs: there is nothing to check certificates by; give --ca-certs, too",
    ),
    (
        "--timeout-headers 60 --timeout-request 30",
        {},
        "",
        "--timeout-headers: the head of a request cannot take longer than the whole, which --timeout-request limits to 30s",
    ),
    ("--uds a --port 1", {}, "", "--uds and --port both say where to listen"),
    ("--bind :1 --port 1", {}, "", "--bind and --port both say where to listen"),
    ("--fd 3 --uds a", {}, "", "--uds and --fd both say where to listen"),
    (
        "",
        {"WRITEHEAD_FD": "3", "WRITEHEAD_HOST": "::"},
        "",
        "WRITEHEAD_FD and WRITEHEAD_HOST both say where to listen",
    ),
    ("--chdir nowhere", {}, "", "--chdir: '{folder}/nowhere' is not a folder that exists"),
    ("--config no.toml", {}, "", "--config: '{folder}/no.toml' cannot be read: No such file or directory"),
    (
        "--config bad.toml",
        {},
        "",
        "--config: '{folder}/bad.toml' is not TOML: Expected '=' after a key in a key/value pair (at line 1, column 6)",
    ),
    (
        "--config pyproject.toml",
        {},
        "[project]",
        "--config: '{folder}/pyproject.toml' has no [tool.writehead]",
    ),
    (
        "",
        {},
        "[tool.writehead]\nmax-request = 5",
        "pyproject.toml [tool.writehead] max-request: no such setting; do you mean max-requests?",
    ),
    ("", {}, "[tool.writehead]\nzzz = 5", "pyproject.toml [tool.writehead] zzz: no such setting"),
    (
        "",
        {},
        "[tool.writehead]\nconfig = 'x'",
        "pyproject.toml [tool.writehead] config: a settings file names no other",
    ),
    (
        "",
        {},
        "[tool.writehead]\nport = 'x'",
        "pyproject.toml [tool.writehead] port: 'x' is not a port, 0 to 65535",
    ),
    (
        "",
        {},
        "[tool.writehead]\nport = []",
        "pyproject.toml [tool.writehead] port: an empty list is no value",
    ),
    (
        "",
        {},
        "[tool.writehead]\nworkers = true",
        "pyproject.toml [tool.writehead] workers: 'true' is not a whole number of workers, 1 or more, or 'auto'",
    ),
    (
        "",
        {},
        "[tool.writehead.port]\na = 1",
        "pyproject.toml [tool.writehead] port: it is not a text, a number, true or false, or a list of these",
    ),
    (
        "",
        {},
        "[tool.writehead]\ntarget = 1",
        'pyproject.toml [tool.writehead] target: 1 is not a target (write "main:app")',
    ),
    (
        "",
        {},
        "[tool.writehead]\nkeep-alive = 1\ntimeout-keep-alive = 1",
        "pyproject.toml [tool.writehead] keep-alive and pyproject.toml [tool.writehead] timeout-keep-alive are the same option",
    ),
    (
        "",
        {},
        "[tool.writehead]\nkeep-alive = 1\nkeep_alive = 1",
        "pyproject.toml [tool.writehead] keep-alive and pyproject.toml [tool.writehead] keep_alive are the same option",
    ),
    (
        "",
        {},
        "[tool.writehead]\ndaemon = true",
        "pyproject.toml [tool.writehead] daemon: it stays in the foreground: let systemd, a container or nohup keep it running",
    ),
    (
        "",
        {},
        "[tool.writehead",
        "pyproject.toml is not TOML: Expected ']' at the end of a table declaration (at end of document)",
    ),
]


@pytest.mark.parametrize(("line", "environment", "file", "text"), WRONG, ids=[text for *_, text in WRONG])
def test_what_is_wrong_is_named_with_its_source(
    folder: Path, line: str, environment: dict[str, str], file: str, text: str
) -> None:
    """Exit code 2, and nothing was started."""
    (folder / "pyproject.toml").write_text(file)
    (folder / "bad.toml").write_text("port 80")
    with pytest.raises(CommandError) as raised:
        read(line, folder, **environment)
    assert (str(raised.value), raised.value.code) == (text.replace("{folder}", str(folder)), USAGE)


def test_one_place_to_listen(folder: Path) -> None:
    """That of the command line, else of the environment, else of the file, else host and port."""
    (folder / "pyproject.toml").write_text("[tool.writehead]\nuds = 'f'\n")
    assert place_of(read("", folder)) is UDS
    assert place_of(read("--fd 3", folder)) is FD
    assert place_of(read("", folder, WRITEHEAD_BIND=":1")) is BIND
    assert place_of(read("--port 1", folder, WRITEHEAD_UDS="a")) is HOST
    assert addresses_of(read("--port 1", folder)) == (Address("127.0.0.1", 1),)
    assert addresses_of(read("--fd 3", folder)) == (Address(fd=3),)


def test_defaults_that_follow_from_others(folder: Path) -> None:
    """A tenth of the requests; the target; less time to stop where files are watched; access logs of targets."""
    values = read("--max-requests 1000 main:app --reload", folder)
    assert values[MAX_REQUESTS_JITTER] == 100
    assert values[NAME] == "main:app"
    assert values[SHUTDOWN_TIMEOUT] == 1000
    assert values[ACCESS_LOG]
    assert not read("x.py", folder)[ACCESS_LOG]
    assert read("--access-logfile a x.py", folder)[ACCESS_LOG]
    assert not read("--access-logfile a --no-access-log x.py", folder)[ACCESS_LOG]


def test_another_unit_and_a_switch_for_a_value(folder: Path) -> None:
    """What another server counts in milliseconds, and what it has as a switch."""
    assert read("--http1-header-read-timeout 5000", folder)[TIMEOUT_HEADERS] == 5000
    assert read("--metrics", folder)[ADMIN] == Address("127.0.0.1", 9090)


def test_the_working_directory(folder: Path) -> None:
    """It is changed first: other paths stand in it; the settings file does not."""
    (folder / "app").mkdir()
    (folder / "s.toml").write_text("chdir = 'app'\ncertfile = 'c.pem'\n")
    values = read("-c s.toml", folder)
    assert Path.cwd() == folder / "app"
    assert values[CERTFILE] == str(folder / "app" / "c.pem")
    assert read("-c s.toml", folder)[CHDIR] == values[CHDIR]  # read again, from the new folder


def test_values_survive_as_plain_data(folder: Path) -> None:
    """A worker gets them as JSON, and reads and checks nothing again."""
    values = read(
        "-b :80 -b unix:a --header A:b --interface wsgi --admin 127.0.0.1:1 x.py",
        folder,
        WRITEHEAD_ADMIN_TOKEN="0123456789abcdef",
    )
    again = Values.from_data(json.loads(json.dumps(values.to_data())))
    assert values.changed(again) == []
    assert [again.source(each) for each in SETTINGS] == [values.source(each) for each in SETTINGS]
    assert (again.target, again.is_script) == ("x.py", True)
    assert [each.name for each in values.changed(read("-b :80 main:app", folder))] == [
        "interface",
        "bind",
        "name",
        "header",
        "access-log",
        "admin",
        "admin-token",
    ]


def test_a_value_is_shown_as_it_is_written(folder: Path) -> None:
    """Secrets are not."""
    values = read("--interface wsgi -b [::1]:80", folder, WRITEHEAD_ADMIN_TOKEN="0123456789abcdef")
    assert [
        values.shown(each) for each in (INTERFACE, BIND, TIMEOUT_KEEP_ALIVE, ADMIN_TOKEN, WORKERS, CONTROL)
    ] == [
        "wsgi",
        "[::1]:80",
        "75s",
        "•••",
        "none",
        "auto",
    ]


def test_every_setting_has_a_variable_and_a_key(folder: Path) -> None:
    """Whatever an option says, the environment and a file say as well."""
    for each in SETTINGS:
        if each.name == "config":
            continue
        for name in each.names:
            with pytest.raises(CommandError) as raised:
                read("", folder, **{variable(name): "\0" if not each.secret else "env:NO_SUCH"})
            assert str(raised.value).startswith(f"{variable(name)}: ")


def test_files_of_variables_give_settings_too(folder: Path) -> None:
    """They stand behind the environment, and errors name the file."""
    pytest.importorskip("dotenv")
    (folder / ".env").write_text("PORT=5\nWRITEHEAD_WORKERS=3\nWRITEHEAD_ENV_FILE=other\n")
    values = read("--env-file .env", folder, WRITEHEAD_WORKERS="2")
    assert (values[PORT], values[HOST], values[WORKERS]) == (5, "0.0.0.0", 2)  # noqa: S104
    assert values.source(PORT) == ".env PORT"
    (folder / ".env").write_text("WRITEHEAD_PORT=x\n")
    with pytest.raises(CommandError, match=r"^\.env WRITEHEAD_PORT: 'x' is not a port, 0 to 65535$"):
        read("", folder, WRITEHEAD_ENV_FILE=".env")
