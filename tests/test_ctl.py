"""`writehead ctl`: what it sends to a running server, what it prints, and its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kit.operated import Noted
from writehead._admin.control_socket import make_path
from writehead._admin.listener import listen
from writehead._admin.operated import RefusedError
from writehead._command.ctl import COMMANDS, control
from writehead._command.failures import CommandError


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The environment of an operator with no other server."""
    monkeypatch.setattr("writehead._admin.control_socket._of_all_users", lambda: iter(()))
    monkeypatch.setattr(
        "writehead._admin.control_socket.folders",
        lambda environ, user: [Path(environ["XDG_RUNTIME_DIR"], "writehead")],
    )
    return {"XDG_RUNTIME_DIR": str(tmp_path)}


@asynccontextmanager
async def serving(
    environ: Mapping[str, str], pid: int | None = None, name: str = "main:app"
) -> AsyncIterator[Noted]:
    """What serves, with a control socket at its default path."""
    operated = Noted()
    status = operated.status
    operated.status = lambda: {**status(), "name": name}  # type: ignore[method-assign, misc]
    server = await listen(str(make_path(environ, pid or os.getpid())), operated)
    try:
        yield operated
    finally:
        await server.close()


async def run(environ: Mapping[str, str], *words: str) -> int:
    return await asyncio.to_thread(control, words, environ)


async def failed(environ: Mapping[str, str], *words: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        await run(environ, *words)
    return caught.value.code, str(caught.value).removeprefix("ctl: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["drain", "2"], ("drain", 2)),
        (["restart", "1"], ("restart", 1)),
        (["reload"], ("reload",)),
        (["scale", "3"], ("scale", 3)),
        (["loglevel", "debug"], ("loglevel", "debug", "writehead")),
        (["loglevel", "info", "app"], ("loglevel", "info", "app")),
        (["reopen"], ("reopen",)),
        (["stacks", "1"], ("stacks", 1)),
        (["stop"], ("stop",)),
    ],
)
async def test_orders(
    words: list[str], told: tuple[object, ...], environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is given once, and what came of it is printed; as JSON with --json."""
    async with serving(environ) as operated:
        assert await run(environ, *words) == 0
        assert operated.told == [told]
        message = " ".join(map(str, told)) + ": done"
        assert capsys.readouterr().out == message + "\n"
        assert await run(environ, "--json", *words) == 0
        assert json.loads(capsys.readouterr().out) == {"message": message}


STATUS = """\
main:app  writehead 1.0  Python 3.11.2  uvloop  pid 4021  up 1 m 30 s  ready
listening on http://127.0.0.1:8000
slot  pid   state  age      requests  in flight  connections  memory    cpu     lag
1     4022  ready  1 h 1 m  812       4          41           32.0 MiB  1.25 s  1.2 ms
2     4023  ready  2 h 3 m  812       4          41           32.0 MiB  1.25 s  1.2 ms
"""


async def test_what_is_shown(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Tables for people, JSON for programs."""
    async with serving(environ) as operated:
        shown = {}
        for name in ("status", "workers", "slow", "config"):
            assert await run(environ, name) == 0
            shown[name] = capsys.readouterr().out
        assert shown["status"] == STATUS
        assert shown["workers"] == "".join(STATUS.splitlines(keepends=True)[2:])
        assert (
            shown["slow"]
            == "worker  age     method  path     client\n2       31.5 s  GET     /report  10.0.0.1\n"
        )
        assert shown["config"] == "option  value  source\nport    8000   --port\n"
        assert await run(environ, "status", "--json") == 0
        assert json.loads(capsys.readouterr().out) == operated.status()


async def test_what_clients_send_is_no_code_of_the_terminal(
    environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A path with control characters is shown as text (R15)."""
    async with serving(environ) as operated:

        async def slow() -> Any:
            return [{"worker": 1, "method": "GET", "path": "/\x1b[31m\n\x9b", "age": 0.5, "client": "a"}]

        operated.slow = slow  # type: ignore[method-assign]
        # `slow` was looked up when the API was made
        server = await listen(str(make_path(environ, os.getppid())), operated)
        assert await run(environ, "--pid", str(os.getppid()), "slow") == 0
        assert "/\\x1b[31m\\x0a\\x9b" in capsys.readouterr().out
        await server.close()


async def test_refusals(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and the reason."""
    async with serving(environ) as operated:
        assert await failed(environ, "drain", "12") == (1, "there is no worker 12")
        operated.refusal = RefusedError("a reload is under way")
        assert await failed(environ, "reload") == (1, "a reload is under way")
        assert await run(environ, "reload", "--json") == 1
        assert json.loads(capsys.readouterr().out) == {"error": "a reload is under way"}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], f"no command; there are: {', '.join(COMMANDS)}"),
        (["fly"], f"no command 'fly'; there are: {', '.join(COMMANDS)}"),
        (["drain"], "usage: writehead ctl drain SLOT"),
        (["drain", "x"], "'x' is not a number of a worker, 1 or more"),
        (["scale", "0"], "'0' is not a number of workers, 1 or more"),
        (["reload", "1"], "usage: writehead ctl reload"),
        (["wait-ready", "1"], "usage: writehead ctl wait-ready [--timeout TIME]"),
        (["wait-ready", "--timeout", "soon"], "--timeout: 'soon' is not a duration (write 5, 500ms, 2m)"),
        (["status", "--timeout", "1"], "--timeout is an option of wait-ready"),
        (["status", "--pid", "x"], "argument --pid: invalid int value: 'x'"),
        (["status", "--js"], "unrecognized arguments: --js"),
    ],
)
async def test_usage(words: list[str], text: str, environ: Mapping[str, str]) -> None:
    """Exit code 2."""
    async with serving(environ):
        assert await failed(environ, *words) == (2, text)


async def test_nobody_is_there(environ: Mapping[str, str], tmp_path: Path) -> None:
    """Exit code 4, and where was looked."""
    code, text = await failed(environ, "status")
    assert code == 4 and f"{tmp_path}/writehead" in text and "--control" in text
    assert (await failed(environ, "status", "--pid", "1"))[0] == 4
    assert (await failed(environ, "status", "--name", "x"))[0] == 4
    nowhere = str(tmp_path / "x.sock")
    assert await failed(environ, "status", "--control", nowhere) == (4, f"no server is at {nowhere}")
    with socket.socket(socket.AF_UNIX) as sock:  # of a process that has gone
        sock.bind(str(make_path(environ, os.getpid())))
    assert (await failed(environ, "status"))[0] == 4


async def test_several_servers(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and a list; --pid, --name and --control say which."""
    own, other = sorted([os.getpid(), os.getppid()], key=str)
    async with serving(environ, own, "a:app") as first, serving(environ, other, "b:app") as second:
        code, text = await failed(environ, "stop")
        assert code == 2
        assert text == f"there are several servers; say which:\n  --pid {own}  a:app\n  --pid {other}  b:app"
        assert await run(environ, "--pid", str(own), "stop") == 0
        assert await run(environ, "stop", "--name", "b:app") == 0
        path = Path(environ["XDG_RUNTIME_DIR"], "writehead", f"{other}.sock")
        assert await run(environ, "reload", "--control", str(path)) == 0
        assert first.told == [("stop",)] and second.told == [("stop",), ("reload",)]
    capsys.readouterr()


async def test_waiting_until_ready(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """0 as soon as it is, 1 with its state if it is not in time, 4 if nobody is there."""
    assert await run(environ, "wait-ready", "--timeout", "0") == 4
    waiting = asyncio.create_task(run(environ, "wait-ready"))
    await asyncio.sleep(0)
    async with serving(environ) as operated:
        assert await waiting == 0
        assert capsys.readouterr().out == "ready\n"
        operated.ready = "draining"
        assert await run(environ, "wait-ready", "--timeout", "0") == 1
        assert capsys.readouterr().err == "writehead: ctl: draining\n"
        assert await run(environ, "wait-ready", "--timeout", "0", "--json") == 1
        assert json.loads(capsys.readouterr().out) == {"error": "draining"}
    async with serving(environ, os.getpid()), serving(environ, os.getppid()):
        assert (await failed(environ, "wait-ready", "--timeout", "0"))[0] == 2


async def test_somebody_else_is_there(environ: Mapping[str, str], tmp_path: Path) -> None:
    """What speaks no HTTP, or no JSON, is told in one line."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop())
        writer.close()

    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"hello\r\n\r\n", b""]
    path = str(tmp_path / "other.sock")
    server = await asyncio.start_unix_server(talk, path)
    async with server:
        for text in (
            f"cannot ask the server at {path}: it does not speak HTTP (RemoteDisconnected)",
            f"cannot ask the server at {path}: it does not speak HTTP (BadStatusLine)",
            "the server has sent what is no JSON",
        ):
            assert await failed(environ, "status", "--control", path) == (1, text)


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """It lists every command, in at most 100 columns."""
    with pytest.raises(SystemExit) as caught:
        control(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert max(map(len, shown.splitlines())) <= 100
