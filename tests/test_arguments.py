"""The command line and the environment: what is an option, what is the target, who wins, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from writehead._command.arguments import Options, place_of, read_options, split
from writehead._command.failures import USAGE, CommandError
from writehead._command.settings import FACTORY, FD, HOST, LOG_LEVEL, PORT, TIMEOUT_KEEP_ALIVE, UDS


def read(*own: str, **environment: str) -> Options:
    return read_options(own, environment)


def is_script(text: str) -> bool:
    return text.endswith(".py")


@pytest.mark.parametrize(
    ("line", "target", "own", "rest"),
    [
        ("--port 80 main:app", "main:app", "--port 80", ""),
        ("--port=80 main:app --factory --host ::", "main:app", "--port=80 --factory --host ::", ""),
        ("--factory main:app", "main:app", "--factory", ""),
        ("--log-level debug x.py --port 80 y", "x.py", "--log-level debug", "--port 80 y"),
        ("x.py --help", "x.py", "", "--help"),
        ("main:app --help", "main:app", "--help", ""),
        ("--help TLS", None, "--help TLS", ""),
        ("-h main:app", "main:app", "-h", ""),
        ("-- x.py", "x.py", "--", ""),
        ("--port", None, "--port", ""),
        ("", None, "", ""),
    ],
)
def test_the_target_is_told_from_the_options(line: str, target: str | None, own: str, rest: str) -> None:
    """The first word that is no option and no value is the target; all behind a script is the script's."""
    found = split(line.split(), is_script)
    assert (found.target, found.own, found.rest) == (target, own.split(), rest.split())


def test_the_command_line_wins_over_the_environment() -> None:
    """Flag, then environment, then default; each value knows its source."""
    values = read("--port", "1", WRITEHEAD_PORT="2", WRITEHEAD_HOST="::1").values
    assert (values[PORT], values[HOST], values[FACTORY]) == (1, "::1", False)
    assert [values.source(each) for each in (PORT, HOST, FACTORY)] == ["--port", "WRITEHEAD_HOST", None]


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--keep-alive", "5"], {}),
        (["--timeout-keep-alive=5s"], {}),
        ([], {"WRITEHEAD_KEEP_ALIVE": "5"}),
        ([], {"WRITEHEAD_TIMEOUT_KEEP_ALIVE": "5000ms", "WRITEHEAD_KEEP_ALIVE": ""}),
    ],
)
def test_an_alias_is_the_same_option(arguments: list[str], environment: Mapping[str, str]) -> None:
    """On the command line and in the environment; an empty variable gives nothing."""
    assert read_options(arguments, environment).values[TIMEOUT_KEEP_ALIVE] == 5000


def test_a_switch_of_the_environment() -> None:
    """A switch has no value on the command line, and a word in the environment."""
    assert read("--factory").values[FACTORY] is True
    assert read(WRITEHEAD_FACTORY="yes").values[FACTORY] is True
    assert read(WRITEHEAD_FACTORY="0").values[FACTORY] is False


def test_the_last_of_an_option_given_twice_counts() -> None:
    """So that a default of a shell alias can be changed behind it."""
    assert read("--port", "1", "--port", "2").values[PORT] == 2


WRONG: list[tuple[list[str], dict[str, str], str]] = [
    (["--port", "two"], {}, "--port: 'two' is not a port, 0 to 65535"),
    (
        [],
        {"WRITEHEAD_TIMEOUT_KEEP_ALIVE": "5x"},
        "WRITEHEAD_TIMEOUT_KEEP_ALIVE: '5x' is not a duration (write 5, 500ms, 2m)",
    ),
    (
        ["--keep-alive", "5", "--timeout-keep-alive", "5"],
        {},
        "--keep-alive and --timeout-keep-alive are the same option",
    ),
    (
        [],
        {"WRITEHEAD_CERTFILE": "a", "WRITEHEAD_SSL_CERTFILE": "a"},
        "WRITEHEAD_CERTFILE and WRITEHEAD_SSL_CERTFILE are the same option",
    ),
    (["--prot", "1"], {}, "--prot: no such option; do you mean --port?"),
    (["--por=1"], {}, "--por: no such option; do you mean --port?"),
    (["--zzz"], {}, "--zzz: no such option"),
    (["other:app"], {}, "'other:app' is a second target, and one is served"),
    (["--port"], {}, "--port: expected one argument"),
    (["--factory=1"], {}, "--factory: ignored explicit argument '1'"),
    (["--keyfile", "k.pem"], {}, "--keyfile: there is no certificate; give --certfile, too"),
    (["--uds", "a", "--port", "1"], {}, "--uds and --port both say where to listen"),
    (["--fd", "3", "--uds", "a"], {}, "--uds and --fd both say where to listen"),
    (
        [],
        {"WRITEHEAD_FD": "3", "WRITEHEAD_HOST": "::"},
        "WRITEHEAD_FD and WRITEHEAD_HOST both say where to listen",
    ),
]


@pytest.mark.parametrize(("own", "environment", "text"), WRONG, ids=[text for *_, text in WRONG])
def test_what_is_wrong_is_named_with_its_source(
    own: list[str], environment: dict[str, str], text: str
) -> None:
    """Exit code 2, and nothing was started."""
    with pytest.raises(CommandError) as raised:
        read_options(own, environment)
    assert (str(raised.value), raised.value.code) == (text, USAGE)


def test_one_place_to_listen() -> None:
    """That of the command line, else of the environment, else host and port."""
    assert place_of(read().values) is HOST
    assert place_of(read(WRITEHEAD_UDS="a").values) is UDS
    assert place_of(read("--port", "1", WRITEHEAD_UDS="a").values) is HOST
    assert place_of(read("--fd", "3", WRITEHEAD_UDS="a", WRITEHEAD_FD="4").values) is FD


def test_help_needs_no_good_environment() -> None:
    """Who asks for help gets it."""
    found = read("--help", "TLS", WRITEHEAD_PORT="x")
    assert (found.help, found.version) == ("TLS", False)
    assert read("-h").help == ""
    assert read("--version", WRITEHEAD_LOG_LEVEL="x").version
    assert read("--log-level", "error").values[LOG_LEVEL] == 40
