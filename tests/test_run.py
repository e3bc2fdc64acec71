"""http.run(): which loop, what it waits for, how signals end it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kit.programs import Program, python
from tests.kit.raw_client import connect, read_all, read_until, request, talk
from tests.kit.stage import GET
from writehead import http
from writehead._loop.ticks import later
from writehead._process import run as _run
from writehead._server import registry as _open
from writehead.errors import InvalidArgTypeError, InvalidArgValueError, OutOfRangeError, SystemCallError


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    _open._open.clear()  # what other tests of this process have left on loops that are gone
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    left = [server.close() for server in _open.every_open_server()]
    http.run()
    assert not left
    assert [(number, signal.getsignal(number)) for number, _ in before] == before


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the library has logged, without ages."""
    lines = [record.getMessage() for record in caplog.records if record.name == "writehead"]
    return [re.sub(r"over [\d.]+ s", "over #", line) for line in lines]


def in_a_thread(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_it_returns_when_nothing_is_open() -> None:
    """Without a server there is nothing to wait for."""
    http.run()


def test_it_returns_when_the_server_has_closed() -> None:
    """A server that listens holds the loop; its 'close' lets it go."""
    seen = []
    server = http.create_server()
    server.on("close", lambda: seen.append("close"))
    server.listen(0, "127.0.0.1", lambda: (seen.append("listening"), server.close()))
    http.run()
    assert seen == ["listening", "close"]


def test_it_waits_for_every_server() -> None:
    """The last of several servers ends it."""
    seen = []
    first, second = http.create_server(), http.create_server()
    second.on("close", lambda: seen.append("second"))
    first.on("close", lambda: (seen.append("first"), second.close()))
    second.listen(0, "127.0.0.1")
    first.listen(0, "127.0.0.1", first.close)
    http.run()
    assert seen == ["first", "second"]


def test_it_waits_for_the_last_connection() -> None:
    """A closed server with a busy connection still holds the loop."""
    answers: list[bytes] = []

    async def handle(req: http.IncomingMessage, res: http.ServerResponse) -> None:
        server.close()
        await asyncio.sleep(0.01)
        res.end("late")

    server = http.create_server(handle)
    server.listen(0, "127.0.0.1", lambda: threads.append(in_a_thread(ask)))
    threads: list[threading.Thread] = []

    def ask() -> None:
        port = server.address()["port"]
        answers.append(talk(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))

    http.run()
    threads[0].join()
    assert answers == [
        b"HTTP/1.1 200 OK\r\nDate: <date>\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlate"
    ]


def test_a_server_that_is_not_counted_does_not_hold_it() -> None:
    """After `unref()` a server that listens is no reason to stay; it is closed when `run` returns."""
    server = http.create_server()
    server.listen(0, "127.0.0.1", server.unref)
    http.run()
    assert not server.listening


def test_it_waits_for_tasks() -> None:
    """A task that a listener began is not cut when the servers have closed."""
    seen = []

    async def work() -> None:
        await asyncio.sleep(0.01)
        seen.append("done")

    tasks = []
    server = http.create_server()
    server.on("close", lambda: tasks.append(asyncio.create_task(work())))
    server.listen(0, "127.0.0.1", server.close)
    http.run()
    assert seen == ["done"]


def test_it_waits_for_what_a_task_opens() -> None:
    """A server opened by a task after the others have closed counts too."""
    seen = []

    async def again() -> None:
        await asyncio.sleep(0)
        second.on("close", lambda: seen.append("second"))
        await second.listen(0, "127.0.0.1")
        later(second.close)

    tasks = []
    first, second = http.create_server(), http.create_server()
    first.on("close", lambda: tasks.append(asyncio.create_task(again())))
    first.listen(0, "127.0.0.1", first.close)
    http.run()
    assert seen == ["second"]


def test_an_async_listener_is_finished() -> None:
    """An `async def` listener that outlives the servers runs to its end."""
    seen = []
    server = http.create_server()

    @server.on("close")
    async def close() -> None:
        await asyncio.sleep(0.01)
        seen.append("done")

    server.listen(0, "127.0.0.1", server.close)
    http.run()
    assert seen == ["done"]


def test_an_error_that_nobody_heard_is_raised() -> None:
    """A `listen` that failed is an error of the program, unless somebody listens to 'error'."""
    taken = http.create_server()
    taken.listen(0)
    port = taken.address()["port"]
    other = http.create_server()
    other.listen(port)
    later(lambda: later(taken.close))
    with pytest.raises(SystemCallError, match=f"^listen EADDRINUSE: address already in use :::{port}$"):
        http.run()
    http.run()  # said once


def test_it_refuses_to_run_inside_a_loop() -> None:
    """Under a loop that runs, it says what to do instead."""

    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"await server\.listen"):
            http.run()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("30", InvalidArgValueError),
        ("soon", InvalidArgValueError),
        (None.__class__, InvalidArgTypeError),
        (True, InvalidArgTypeError),
        (-1, OutOfRangeError),
    ],
)
def test_a_wrong_timeout_is_refused_before_anything_runs(value: Any, error: type[Exception]) -> None:
    """`shutdown_timeout` is milliseconds, a timedelta or a text with a unit."""
    with pytest.raises(error):
        http.run(shutdown_timeout=value)
    for good in (timedelta(seconds=1), "30s", "500ms", "1.5m", "2h", " 1s "):
        http.run(shutdown_timeout=good)


def test_the_loop_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvloop where it is installed; the environment or an argument chooses otherwise."""
    monkeypatch.delenv("WRITEHEAD_LOOP", raising=False)
    uvloop = pytest.importorskip("uvloop")
    assert _run.best_loop() is uvloop.new_event_loop
    monkeypatch.setitem(__import__("sys").modules, "uvloop", None)  # as if it were not installed
    assert _run.best_loop() is None
    monkeypatch.undo()
    monkeypatch.setenv("WRITEHEAD_LOOP", "asyncio")
    assert _run.best_loop() is None


def test_a_loop_of_ones_own() -> None:
    """`loop_factory` makes the loop that runs."""
    made = []

    def make() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[0]

    seen = []
    server = http.create_server()
    server.listen(0, "127.0.0.1", lambda: (seen.append(asyncio.get_running_loop()), server.close()))
    http.run(loop_factory=make)
    assert seen == made


def test_it_runs_in_any_thread() -> None:
    """Outside the main thread signals are not its business; all else is the same."""
    errors = []

    def work() -> None:
        try:
            server = http.create_server()
            server.listen(0, "127.0.0.1", server.close)
            http.run()
        except BaseException as error:
            errors.append(error)

    in_a_thread(work).join(10)
    assert errors == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_servers_in_order(number: signal.Signals) -> None:
    """SIGINT and SIGTERM close all servers, first come first served, and `run` returns."""
    seen = []
    first, second = http.create_server(), http.create_server()
    first.on("close", lambda: seen.append("first"))
    second.on("close", lambda: seen.append("second"))
    first.listen(0, "127.0.0.1")
    second.listen(0, "127.0.0.1", lambda: os.kill(os.getpid(), number))
    http.run()
    assert seen == ["first", "second"]


def test_a_program_can_look_whether_it_should_exit() -> None:
    """The object behind the signal handler says it, as sse-starlette looks for it."""
    seen = []
    server = http.create_server()

    def listening() -> None:
        program = signal.getsignal(signal.SIGTERM).__self__  # type: ignore[union-attr]  # a bound method
        seen.append(program.should_exit)
        server.on("close", lambda: seen.append(program.should_exit))
        os.kill(os.getpid(), signal.SIGTERM)

    server.listen(0, "127.0.0.1", listening)
    http.run()
    assert seen == [False, True]


def test_a_signal_ends_the_tasks_of_the_program() -> None:
    """Told to stop, a program need not wait for a task that never ends; the task is cancelled."""
    seen = []

    async def tick() -> None:
        try:
            while True:
                await asyncio.sleep(0.001)
        finally:
            seen.append("cancelled")

    tasks = []

    def begin() -> None:
        tasks.append(asyncio.create_task(tick()))
        os.kill(os.getpid(), signal.SIGTERM)

    server = http.create_server()
    server.listen(0, "127.0.0.1", begin)
    http.run()
    assert seen == ["cancelled"]


def test_signals_that_the_program_handles_are_left_alone() -> None:
    """A handler of the program's own stays, during and after."""
    seen = []
    server = http.create_server()

    def mine(*_: object) -> None:
        seen.append(signal.getsignal(signal.SIGTERM))
        server.close()

    before = signal.signal(signal.SIGTERM, mine)
    try:
        server.listen(0, "127.0.0.1", lambda: os.kill(os.getpid(), signal.SIGTERM))
        http.run()
        assert seen == [mine]
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_handler_set_meanwhile_stays() -> None:
    """What the program sets while it runs is not undone."""

    def mine(*_: object) -> None:
        pass

    server = http.create_server()
    server.listen(0, "127.0.0.1", lambda: (signal.signal(signal.SIGTERM, mine), server.close()))
    http.run()
    assert signal.getsignal(signal.SIGTERM) is mine
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_the_deadline_cuts_and_says_how_many(caplog: pytest.LogCaptureFixture) -> None:
    """Connections that are busy at the deadline are cut, counted and logged."""
    threads = []

    def handle(req: http.IncomingMessage, res: http.ServerResponse) -> None:
        asked.append(res)
        if len(asked) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    def ask() -> None:
        answers.append(talk(server.address()["port"], request("/")))

    asked: list[http.ServerResponse] = []
    answers: list[bytes] = []
    server = http.create_server(handle)
    server.listen(0, "127.0.0.1", lambda: threads.extend(in_a_thread(ask) for _ in range(2)))
    http.run(shutdown_timeout=50)
    for thread in threads:
        thread.join(10)
    assert answers == [b"", b""]
    assert logged(caplog) == [
        "2 connections cut 0.05 s after the drain began: GET / (over #), GET / (over #)"
    ]


@pytest.mark.parametrize("timeout", [0, 50, 400])
@pytest.mark.parametrize("data", [b"", GET], ids=["silent", "idle"])
def test_who_is_only_connected_is_not_cut(
    data: bytes, timeout: int, caplog: pytest.LogCaptureFixture
) -> None:
    """However short the deadline is: nothing was under way, so nothing is told."""
    threads = []

    def ask() -> None:
        with connect(server.address()["port"]) as client:
            client.sendall(data)
            if data:
                read_until(client, b"\r\n\r\nok")
            else:
                accepted.wait(10)
            os.kill(os.getpid(), signal.SIGTERM)
            ends.append(read_all(client))

    accepted = threading.Event()
    ends: list[bytes] = []
    server = http.create_server(lambda req, res: res.end("ok"))
    server.on("connection", lambda socket: accepted.set())
    server.listen(0, "127.0.0.1", lambda: threads.append(in_a_thread(ask)))
    http.run(shutdown_timeout=timeout)
    threads[0].join(10)
    assert ends == [b""]
    assert [record.getMessage() for record in caplog.records if record.name == "writehead"] == []


@pytest.mark.parametrize("event", ["upgrade", "connection"])
def test_a_listener_that_ends_with_its_server_is_no_failure(
    event: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each upgraded connection would flood the log at every stop."""

    async def serve(*args: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)

    def ask() -> None:
        upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        talk(server.address()["port"], upgrade)

    server = http.create_server()
    server.on("upgrade", lambda *args: None)
    server.on(event, serve)
    server.listen(0, "127.0.0.1", lambda: threads.append(in_a_thread(ask)))
    threads: list[threading.Thread] = []
    http.run(shutdown_timeout=500)
    threads[0].join(10)
    assert logged(caplog) == ["1 connection cut 0.5 s after the drain began: GET / (over #)"]


UPGRADED = """
from writehead import http

server = http.create_server()
server.on("upgrade", lambda req, socket, head: socket.write("yours"))
server.listen(0, lambda: print("port", server.address()["port"], flush=True))
http.run(shutdown_timeout=50)
print("end", flush=True)
"""


def test_what_was_upgraded_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """A socket that was handed over is cut at the deadline, as what else is left."""
    path = tmp_path / "upgraded.py"
    path.write_text(UPGRADED)
    with python(str(path)) as program, connect(program.port()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        read_until(client, b"yours")
        program.signal(signal.SIGTERM)
        assert program.line() == "end"
        assert program.wait() == 0
        assert read_all(client) == b""


SLOW = """
import asyncio, os, signal
from writehead import http

async def handle(req, res):
    res.write("begun ")
    await asyncio.sleep(0.05)
    res.end("and done")
    await asyncio.sleep(0.05)
    print("all", flush=True)

server = http.create_server(handle)
server.listen(0, lambda: print("port", server.address()["port"], flush=True))
http.run()
print("end", flush=True)
"""


def slow(directory: Path) -> Program:
    path = directory / "slow.py"
    path.write_text(SLOW)
    return python(str(path))


def test_what_was_accepted_is_answered(tmp_path: Path) -> None:
    """SIGTERM in the middle of an answer: the answer is finished, and so is its handler."""
    with slow(tmp_path) as program:
        port = program.port()
        with connect(port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            read_until(client, b"6\r\nbegun \r\n")
            program.signal(signal.SIGTERM)
            assert read_all(client) == b"8\r\nand done\r\n0\r\n\r\n"
        assert program.rest() == ["all", "end"]
        assert program.wait() == 0


def test_who_waits_in_the_systems_queue_is_answered_too() -> None:
    """Connected and asking, but not yet accepted when the signal comes: nobody is cut without an answer."""
    clients: list[socket.socket] = []

    def handle(req: http.IncomingMessage, res: http.ServerResponse) -> None:
        if req.url == "/first":
            for _ in range(5):
                clients.append(connect(server.address()["port"]))
                clients[-1].sendall(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            os.kill(os.getpid(), signal.SIGTERM)
        res.end(req.url)

    def begin() -> None:
        clients.append(connect(server.address()["port"]))
        clients[0].sendall(request("/first"))

    server = http.create_server(handle)
    server.listen(0, "127.0.0.1", lambda: asyncio.get_running_loop().call_soon(begin))
    http.run()
    answers = [read_all(client) for client in clients]
    for client in clients:
        client.close()
    assert [answer.rpartition(b"\r\n\r\n")[2] for answer in answers] == [b"/first"] + [b"/late"] * 5
    assert all(b"\r\nConnection: close\r\n" in answer for answer in answers)


BUSY = """
import sys
from writehead import http

def handle(req, res):
    print("asked", flush=True)
    while True:
        pass

server = http.create_server(handle)
server.listen(0, lambda: print("port", server.address()["port"], flush=True))
http.run()
"""


def test_a_handler_that_never_returns_can_be_ended(tmp_path: Path) -> None:
    """Two signals end a process whose loop is stuck."""
    path = tmp_path / "busy.py"
    path.write_text(BUSY)
    with python(str(path)) as program, connect(program.port()) as client:
        client.sendall(request("/"))
        assert program.line() == "asked"
        program.signal(signal.SIGTERM)
        assert program.insist(signal.SIGINT) == -signal.SIGINT


def test_what_a_callback_of_the_loop_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A failure that is nobody's but the loop's own is told by the loop, as without `run`."""
    server = http.create_server()

    def begin() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        server.close()

    server.listen(0, "127.0.0.1", begin)
    http.run()
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_a_stop_before_anything_is_accepted(tmp_path: Path) -> None:
    """A signal that comes while the script still runs ends it as Python has it; no server is left behind."""
    path = tmp_path / "early.py"
    path.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)")
    with python(str(path)) as program:
        assert program.line() == "up"
        program.signal(signal.SIGTERM)
        assert program.wait() == -signal.SIGTERM
