"""The deadline of a stop: what may hold a process, and how the log names it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.kit.programs import python
from tests.kit.raw_client import connect, request

HOLDS = """
import asyncio, threading, time
from writehead import http

async def shield():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def handle(req, res):
    print("asked", flush=True)
    if req.url == "/thread":
        await asyncio.to_thread(time.sleep, 60)
    elif req.url == "/own":
        threading.Thread(target=time.sleep, args=(60,), name="mine").start()
    elif req.url == "/sync":
        time.sleep(60)
    elif req.url == "/shield":
        await shield()
    elif req.url == "/task":
        await asyncio.sleep(60)

server = http.create_server(handle)
server.listen(0, "127.0.0.1", lambda: print("port", server.address()["port"], flush=True))
http.run(shutdown_timeout="100ms")
print("run returned", flush=True)
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize(
    ("url", "code", "line", "returns"),
    [
        ("/task", 0, None, True),
        ("/thread", 0, " was in sleep", True),
        ("/own", 0, "although thread mine was in ", True),
        ("/sync", 128 + signal.SIGTERM, "although the event loop was blocked in handle (", False),
        ("/shield", 128 + signal.SIGTERM, "although tasks were still running: handle", False),
    ],
)
def test_the_process_ends_at_the_deadline(
    tmp_path: Path, loop: str, url: str, code: int, line: str | None, returns: bool
) -> None:
    """Whatever holds it; the log says what that was, and code behind `run()` has its turn where that returns."""
    path = tmp_path / "holds.py"
    path.write_text(HOLDS)
    with python(str(path), WRITEHEAD_LOOP=loop) as program:
        with connect(program.port()) as link:
            link.sendall(request(url))
            assert program.line() == "asked"
            program.signal(signal.SIGTERM)
            assert program.rest() == ["run returned"] * returns
            assert program.wait() == code
        errors = program.errors().splitlines()
        ended = [
            each for each in errors if each.startswith("ended 0.1 s after the signal to stop, although ")
        ]
        assert len(ended) == (line is not None)
        assert line is None or line in ended[0]


def test_who_pressed_ctrl_c_is_told_what_is_waited_for(tmp_path: Path) -> None:
    """A stream of events holds the stop up: the request is named, and a second Ctrl-C ends the process."""
    path = tmp_path / "holds.py"
    logging = 'import logging, sys; logging.basicConfig(stream=sys.stdout, format="%(message)s")\n'
    path.write_text(logging + HOLDS.replace("100ms", "30s"))
    with python(str(path)) as program, connect(program.port()) as link:
        link.sendall(request("/task"))
        assert program.line() == "asked"
        program.signal(signal.SIGINT)
        assert program.line() == "waiting for 1 connection (GET /task); press Ctrl-C again to quit"
        assert program.insist(signal.SIGINT) == -signal.SIGINT


NEVER_RUN: dict[str, tuple[str, Any]] = {
    "a port": ("server.listen(0)", "was never served"),
    "a host": ("server.listen(0, 'localhost')", "was never served"),
    "two": ("server.listen(0); http.create_server().listen(0)", "2 servers"),
    "run": ("server.listen(0, server.close); http.run()", None),
    "closed": ("server.listen(0); server.close()", None),
    "a loop": (
        "import asyncio\nasync def main():\n    await server.listen(0)\nasyncio.run(main())",
        None,
    ),
    "in memory": ("from writehead import testing; testing.listen(server)", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize("name", NEVER_RUN)
def test_a_server_that_nothing_ran_is_told_of_at_the_exit(tmp_path: Path, name: str) -> None:
    """The program ends at once, and would say nothing: the log names `http.run()`."""
    code, said = NEVER_RUN[name]
    path = tmp_path / "never.py"
    path.write_text(f"from writehead import http\nserver = http.create_server()\n{code}\n")
    with python(str(path)) as program:
        assert program.wait() == 0
        errors = program.errors()
        if said is None:
            assert "told to listen" not in errors
        else:
            assert said in errors and "http.run()" in errors
