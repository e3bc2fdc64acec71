"""The supervisor: real processes, real signals, real clients."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.kit.programs import command, free_port
from tests.kit.raw_client import read_all, read_until
from tests.kit.stage import GET
from tests.kit.supervised import APP, Supervised, supervised, wait_for
from writehead._supervisor.processes import STACK_SIGNAL

LOOPS = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


def later(served: Supervised, target: str) -> tuple[threading.Thread, list[str]]:
    """Ask in a thread; what is answered comes into the list."""
    got: list[str] = []
    thread = threading.Thread(target=lambda: got.append(served.get(target)))
    thread.start()
    return thread, got


# -- serving and stopping ------------------------------------------------------


@LOOPS
def test_workers_serve_and_term_ends_all_with_0(tmp_path: Path, loop: str) -> None:
    """The supervisor serves nothing itself; at TERM the workers end, and it ends with 0."""
    with supervised(tmp_path, WRITEHEAD_LOOP=loop) as served:
        workers = wait_for(lambda: len(found := served.workers()) == 2 and found)
        assert served.worker() in workers
        assert (
            re.match(
                rf"writehead \S+  main:app \(Node\)  2 workers  {loop}  Python \S+\nlistening on http://127.0.0.1:{served.port}\n",
                served.log(),
            )
            or "main:app (handler)" in served.log()
        )
        assert served.stop() == 0
        assert not any(map(alive, workers))
        with pytest.raises(ConnectionRefusedError):
            served.get()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_stop_waits_for_what_is_in_flight(tmp_path: Path) -> None:
    """Requests that were accepted get their responses."""
    with supervised(tmp_path) as served:
        threads = [later(served, "/?wait=0.5") for _ in range(4)]
        wait_for(lambda: served.get())
        assert served.stop() == 0
        for thread, got in threads:
            thread.join()
            assert got[0].startswith("one")


def test_a_second_signal_ends_it_by_that_signal(tmp_path: Path) -> None:
    """What is in flight is lost, no worker is left, and the exit is that of the signal."""
    with supervised(tmp_path) as served:
        workers = served.workers()
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.sendall(b"GET /?wait=60 HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: served.get())
            served.send(signal.SIGTERM)
            served.until("stopping")
            wait_for(lambda: [signal.SIGTERM, served.send(signal.SIGINT)] and served.program.process.poll())
        assert served.program.wait() == -signal.SIGINT
        assert not any(map(alive, workers))


def test_quit_ends_without_a_drain(tmp_path: Path) -> None:
    """QUIT waits for nothing, and the code is 0."""
    with supervised(tmp_path) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.sendall(b"GET /?wait=60 HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: served.get())
            assert served.stop(signal.SIGQUIT) == 0
            assert client.recv(100) == b""


def test_workers_end_when_the_supervisor_has_died(tmp_path: Path) -> None:
    """They finish what they have begun and end: nobody holds the port for ever."""
    with supervised(tmp_path) as served:
        workers = served.workers()
        thread, got = later(served, "/?wait=0.3")
        wait_for(lambda: served.get())
        served.send(signal.SIGKILL)
        thread.join()
        assert got[0].startswith("one")
        wait_for(lambda: not any(map(alive, workers)))


# -- starts that fail ----------------------------------------------------------


def test_a_program_that_cannot_be_imported(tmp_path: Path) -> None:
    """Exit code 3 with one traceback and one line, however many workers there are."""
    (tmp_path / "main.py").write_text("import missing_one")
    with command("--workers", "3", "--port", str(free_port()), "main:app", cwd=tmp_path) as program:
        assert program.wait() == 3
        errors = program.errors()
        assert errors.count("Traceback") == 1
        assert errors.endswith(
            "writehead: cannot import 'main': ModuleNotFoundError: No module named 'missing_one'\n"
        )


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """Two copies of writehead do not share a port."""
    with (
        supervised(tmp_path) as served,
        command("--workers", "2", "--port", str(served.port), "main:app", cwd=tmp_path) as program,
    ):
        assert program.wait() == 3
        assert program.errors() == (
            f"writehead: cannot listen on 127.0.0.1:{served.port}: address already in use\n"
        )


def test_a_program_that_exits_as_it_is_imported(tmp_path: Path) -> None:
    """That is a start that has failed, and its code is named."""
    (tmp_path / "main.py").write_text("raise SystemExit(7)")
    with command("--workers", "1", "--port", str(free_port()), "main:app", cwd=tmp_path) as program:
        assert program.wait() == 3
        assert program.errors() == "writehead: ended with exit code 7 before it was ready\n"


# -- deaths --------------------------------------------------------------------


@LOOPS
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, loop: str) -> None:
    """The log says how it died and what was lost; the other one serves on."""
    with supervised(tmp_path, WRITEHEAD_LOOP=loop) as served:
        before = set(served.workers())
        victim = served.worker()
        served.send(signal.SIGKILL, victim)
        served.until("ERROR", "worker ", f"(pid {victim}) was killed by SIGKILL after", "in flight")
        after = wait_for(lambda: len(now := set(served.workers())) == 2 and now - before)
        assert len(after) == 1
        assert served.stop() == 0


def test_a_worker_that_exits(tmp_path: Path) -> None:
    """Its code is named, and means nothing for the supervisor."""
    with supervised(tmp_path, workers=1) as served:
        pid = served.worker()
        served.get("/exit?code=3")
        served.until(f"worker 1 (pid {pid}) ended with exit code 3 after")
        assert served.worker() != pid
        assert served.stop() == 0


def test_a_child_of_the_program_is_its_own(tmp_path: Path) -> None:
    """Its exit code, 3 too, neither ends nor replaces anything."""
    app = APP.replace("import asyncio", "import subprocess, asyncio").replace(
        "    await asyncio.sleep",
        "    if url.path == '/child': subprocess.run(['sh', '-c', 'exit 3'])\n    await asyncio.sleep",
    )
    with supervised(tmp_path, app=app) as served:
        workers = served.workers()
        served.get("/child")
        served.get()
        assert served.workers() == workers
        assert served.stop() == 0


def test_a_worker_that_was_sent_term(tmp_path: Path) -> None:
    """It drains and is replaced; nothing of it is a warning."""
    with supervised(tmp_path, workers=1) as served:
        pid = served.worker()
        thread, got = later(served, "/?wait=0.5")
        wait_for(lambda: served.get())
        served.send(signal.SIGTERM, pid)
        served.until("worker 1 ", "is replaced")
        thread.join()
        assert got == [f"one {pid}"]
        assert served.worker() != pid
        wait_for(lambda: not alive(pid))
        assert "ERROR" not in served.log()
        assert "WARN" not in served.log()
        assert served.stop() == 0


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGUSR1", "SIGTTIN", "SIGTTOU", "SIGWINCH"])
def test_signals_of_a_group_do_nothing_to_a_worker(tmp_path: Path, name: str) -> None:
    """Ctrl-C and `pkill` reach the whole group; only the supervisor follows."""
    with supervised(tmp_path, workers=1) as served:
        pid = served.worker()
        served.send(getattr(signal, name), pid)
        assert served.get() == f"one {pid}"
        assert served.stop() == 0


# -- reload --------------------------------------------------------------------


@LOOPS
def test_hup_loads_new_code(tmp_path: Path, loop: str) -> None:
    """New workers serve new code; what the old ones had accepted is served."""
    with supervised(tmp_path, WRITEHEAD_LOOP=loop) as served:
        thread, got = later(served, "/?wait=1")
        wait_for(lambda: served.get())
        served.write(APP.replace('"one"', '"two"'))
        served.send(signal.SIGHUP)
        served.until("reloaded: 2 new workers")
        assert {served.version() for _ in range(8)} == {"two"}
        thread.join()
        assert got[0].startswith("one")
        wait_for(lambda: len(served.workers()) == 2)
        assert served.stop() == 0


def test_hup_with_broken_code_changes_nothing(tmp_path: Path) -> None:
    """The traceback is shown, and the old workers serve on."""
    with supervised(tmp_path) as served:
        workers = set(served.workers())
        served.write("import missing_one")
        served.send(signal.SIGHUP)
        served.until("reload stopped: the new worker 1 failed to start; 2 old workers serve on")
        assert "No module named 'missing_one'" in served.log()
        assert wait_for(lambda: set(served.workers()) == workers)
        assert served.version() == "one"
        served.write(APP.replace('"one"', '"two"'))
        served.send(signal.SIGHUP)
        served.until("reloaded")
        assert served.version() == "two"
        assert served.stop() == 0


def test_ttin_and_ttou_change_the_number_of_workers(tmp_path: Path) -> None:
    """One more, one less, and never none."""
    with supervised(tmp_path, workers=1) as served:
        served.send(signal.SIGTTIN)
        wait_for(lambda: len(served.workers()) == 2)
        served.until("worker 2", "is ready")
        served.send(signal.SIGTTOU)
        wait_for(lambda: len(served.workers()) == 1)
        served.send(signal.SIGTTOU)
        assert served.get()
        assert len(served.workers()) == 1
        assert served.stop() == 0


# -- drains --------------------------------------------------------------------


@LOOPS
def test_a_replaced_worker_serves_its_idle_connections(tmp_path: Path, loop: str) -> None:
    """R4. Nobody waits for it: a request that comes long after the reload is answered, and that is the last."""
    with supervised(tmp_path, workers=1, WRITEHEAD_LOOP=loop) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as idle:
            idle.sendall(GET)
            (before,) = served.workers()
            assert read_until(idle, str(before).encode())
            served.send(signal.SIGHUP)
            wait_for(lambda: served.worker() != before)
            time.sleep(0.7)  # longer than the grace of a stop
            idle.sendall(GET)
            answer = read_all(idle)
        assert b"Connection: close" in answer
        assert answer.endswith(str(before).encode())
        wait_for(lambda: before not in served.workers())


# -- recycling, and workers that do not turn -----------------------------------


def test_a_worker_that_has_served_enough_is_replaced(tmp_path: Path) -> None:
    """The new one is ready before the old one goes; no request fails, and nothing is an error."""
    with supervised(tmp_path, "--max-requests", "5", "--max-requests-jitter", "0", workers=1) as served:
        first = served.worker()
        wait_for(lambda: served.worker() != first)
        served.until(f"worker 1 (pid {first}) is replaced: its requests are served")
        assert "ERROR" not in served.log()
        assert served.stop() == 0


def test_the_stack_of_a_blocked_worker(tmp_path: Path) -> None:
    """The signal of the supervisor shows where the main thread is, and the worker lives on."""
    with supervised(tmp_path, workers=1) as served:
        pid = served.worker()
        thread, got = later(served, "/?block=1")
        wait_for(lambda: [served.send(STACK_SIGNAL, pid)] and "in app" in served.log())
        thread.join()
        assert got == [f"one {pid}"]
        assert served.stop() == 0


def test_a_worker_that_does_not_end_shows_its_stacks(tmp_path: Path) -> None:
    """A handler that blocks the loop holds up a stop no longer than the deadline and three seconds."""
    with supervised(tmp_path, "--shutdown-timeout", "0", workers=1) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.sendall(b"GET /?block=60 HTTP/1.1\r\nHost: a\r\n\r\n")
            pid = served.workers()[0]
            wait_for(lambda: [served.send(STACK_SIGNAL, pid)] and "in app" in served.log())
            assert served.stop() == 0
        served.until("has not ended in time: it is aborted")
        assert "Fatal Python error: Aborted" in served.log()
