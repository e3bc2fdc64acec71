"""The command line: what is an option, what is the target, and what is wrong."""

from __future__ import annotations

import pytest

from writehead._command.arguments import Asked, read_line, split
from writehead._command.failures import USAGE, CommandError


def read(*own: str) -> Asked:
    return read_line(own)


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
        ("-w 2 main:app -b :80", "main:app", "-w 2 -b :80", ""),
        ("-w2 main:app", "main:app", "-w2", ""),
        ("--no-access-log main:app", "main:app", "--no-access-log", ""),
        ("--metrics main:app", "main:app", "--metrics", ""),
        ("--runtime-threads 2 main:app", "main:app", "--runtime-threads 2", ""),
        ("-k uvicorn.workers.UvicornWorker main:app", "main:app", "-k uvicorn.workers.UvicornWorker", ""),
        ("-D main:app", "main:app", "-D", ""),
    ],
)
def test_the_target_is_told_from_the_options(line: str, target: str | None, own: str, rest: str) -> None:
    """The first word that is no option and no value is the target; all behind a script is the script's."""
    found = split(line.split(), is_script)
    assert (found.target, found.own, found.rest) == (target, own.split(), rest.split())


@pytest.mark.parametrize(
    ("line", "command", "target", "own", "rest"),
    [
        ("check main:app --strict", "check", "main:app", "--strict", ""),
        ("--port 80 check --format json main:app", "check", "main:app", "--port 80 --format json", ""),
        ("check x.py --strict", "check", "x.py", "", "--strict"),
        ("check", "check", None, "", ""),
        ("check check", "check", "check", "", ""),
        ("./check", "", "./check", "", ""),
        ("check:app", "", "check:app", "", ""),
        ("main:app check", "", "main:app", "check", ""),
        ("ctl status --json", "ctl", None, "", "status --json"),
    ],
)
def test_a_subcommand(line: str, command: str, target: str | None, own: str, rest: str) -> None:
    """The first word that is no option and no value, if it is one; all behind `ctl` is its own."""
    found = split(line.split(), is_script)
    assert (found.command, found.target, found.own, found.rest) == (
        command,
        target,
        own.split(),
        rest.split(),
    )


def test_the_texts_of_an_option() -> None:
    """Each knows the option that gave it; one that is given twice has both."""
    options = "--port 1 -b :80 -b :81 --factory --no-access-log --metrics"
    found = read(*options.split()).texts
    assert {name: (each.source, each.name, each.texts) for name, each in found.items()} == {
        "port": ("--port", "port", ("1",)),
        "bind": ("-b", "bind", (":80", ":81")),
        "factory": ("--factory", "factory", ("on",)),
        "access-log": ("--no-access-log", "access-log", ("off",)),
        "admin": ("--metrics", "metrics", ("on",)),
    }


def test_the_last_counts() -> None:
    """Also if it is written by its letter, or switches off."""
    found = read(*["-w", "1", "--workers", "2", "--no-access-log", "--access-log"]).texts
    assert (found["workers"].source, found["workers"].texts) == ("--workers", ("1", "2"))
    assert (found["access-log"].source, found["access-log"].texts) == ("--access-log", ("off", "on"))


WRONG: list[tuple[list[str], str]] = [
    (
        ["--keep-alive", "5", "--timeout-keep-alive", "5"],
        "--keep-alive and --timeout-keep-alive are the same option",
    ),
    (["--prot", "1"], "--prot: no such option; do you mean --port?"),
    (["--por=1"], "--por: no such option; do you mean --port?"),
    (["--zzz"], "--zzz: no such option"),
    (["-z"], "-z: no such option"),
    (["--strict"], "--strict: it is an option of writehead check"),
    (["other:app"], "'other:app' is a second target, and one is served"),
    (["--port"], "--port: expected one argument"),
    (["--factory=1"], "--factory: ignored explicit argument '1'"),
    (["--ws", "none"], "--ws: 'none' is not one of auto, websockets, wsproto"),
    (
        ["-k", "gevent"],
        "-k: there is one kind of worker: leave it out; --threads says how many threads a WSGI application has",
    ),
    (
        ["--worker-class=gevent"],
        "--worker-class: there is one kind of worker: leave it out; --threads says how many threads a WSGI application has",
    ),
    (["-D"], "-D: it stays in the foreground: let systemd, a container or nohup keep it running"),
    (["--daemon"], "--daemon: it stays in the foreground: let systemd, a container or nohup keep it running"),
    (["--statsd-host", "a:1"], "--statsd-host: there is no StatsD: --admin serves metrics for Prometheus"),
    (
        ["--static-path-mount", "a"],
        "--static-path-mount: files are not served: let the proxy do that, or the program",
    ),
]


@pytest.mark.parametrize(("own", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_is_wrong_is_named_with_its_option(own: list[str], text: str) -> None:
    """Exit code 2, and nothing was started; what other servers have is told what to use instead."""
    with pytest.raises(CommandError) as raised:
        read(*own)
    assert (str(raised.value), raised.value.code) == (text, USAGE)


def test_options_without_effect_are_told() -> None:
    """Those of other servers that cannot mean anything here are taken; each is a note."""
    found = read(
        "--http", "h11", "--ws=wsproto", "--runtime-threads", "2", "--runtime-mode=mt", "--task-impl", "rust"
    )
    assert found.texts == {}
    assert found.notes == (
        "--http has no effect: there is one parser",
        "--ws has no effect: there is one implementation of WebSockets",
        "--runtime-threads has no effect: the loop runs in one thread; see --workers and --threads",
        "--runtime-mode has no effect: the loop runs in one thread; see --workers and --threads",
        "--task-impl has no effect: tasks are those of asyncio",
    )
    assert read("--http", "1").texts["http"].texts == ("1",)


def test_help_and_versions() -> None:
    """A group is a word behind --help if there is one of that name."""
    assert (read("--help", "TLS").help, read("-h").help, read("--version").version) == ("TLS", "", True)
    found = read_line(["--strict", "--no-import", "--format=json"], check=True)
    assert (found.strict, found.no_import, found.format) == (True, True, "json")
