"""A supervisor that is operated: real workers, asked and told by `writehead ctl` and over the admin port."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.kit.loops import TIMEOUT
from tests.kit.programs import SOURCE, free_port
from tests.kit.supervised import APP, Supervised, children_of, supervised, wait_for


class Operated:
    """A supervisor with a control socket of its own folder."""

    def __init__(self, running: Supervised, admin: int, runtime: Path) -> None:
        self.running = running
        self.admin = admin
        self.runtime = runtime

    def ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "writehead", "ctl", "--pid", str(self.running.pid), *words],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env={**os.environ, "PYTHONPATH": SOURCE, "XDG_RUNTIME_DIR": str(self.runtime)},
        )

    def told(self, *words: str) -> str:
        found = self.ctl(*words)
        assert found.returncode == 0, found.stderr
        return found.stdout

    def pids(self) -> dict[int, int]:
        """Return the pids of the workers that are ready, by slot."""
        status = json.loads(self.told("status", "--json"))
        return {each["slot"]: each["pid"] for each in status["workers"] if each["state"] == "ready"}

    def samples(self) -> dict[str, float]:
        """Return all samples, by name and labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=TIMEOUT) as response:
            text = response.read().decode()
        return {
            sample.name
            + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def requests(self) -> float:
        return sum(
            value
            for name, value in self.samples().items()
            if name.startswith("http_server_request_duration_seconds_count")
        )


@contextmanager
def operated(
    folder: Path, *options: str, workers: int = 2, app: str = APP, **environment: str
) -> Iterator[Operated]:
    runtime = folder / "runtime"
    runtime.mkdir(exist_ok=True)
    admin = free_port()
    more = ("--admin", f"127.0.0.1:{admin}", *options)
    environment["XDG_RUNTIME_DIR"] = str(runtime)
    with supervised(folder, *more, workers=workers, app=app, **environment) as running:
        yield Operated(running, admin, runtime)


def test_what_is_shown(tmp_path: Path) -> None:
    """All workers, where they listen, and what they take; the banner says where to ask."""
    with operated(tmp_path) as server:
        running = server.running
        path = server.runtime / "writehead" / f"{running.pid}.sock"
        assert f"admin on http://127.0.0.1:{server.admin}  control {path}" in running.log()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not list(tmp_path.glob("*.sock")), "it is not in the working folder (R11)"
        assert server.told("wait-ready") == "ready\n"
        for _ in range(3):
            running.get()
        wait_for(lambda: server.requests() == 3, running.log)
        status = json.loads(server.told("status", "--json"))
        assert status["name"] == "main:app" and status["readiness"] == "ready"
        assert status["addresses"] == [f"http://127.0.0.1:{running.port}"]
        assert sorted(each["pid"] for each in status["workers"]) == sorted(running.workers())
        assert all(each["resident"] > 2**20 or sys.platform != "linux" for each in status["workers"])
        assert server.told("workers").count("ready") == 2
        assert re.search(r"^port +\d+ +--port$", server.told("config"), re.MULTILINE)
        assert running.stop() == 0
        assert not path.exists()


def test_a_worker_is_drained(tmp_path: Path) -> None:
    """It ends, which is waited for, and another one has its place."""
    with operated(tmp_path) as server:
        before = server.pids()
        assert re.match(
            rf"worker 1 \(pid {before[1]}\) has drained and ended after ", server.told("drain", "1")
        )
        wait_for(lambda: len(server.pids()) == 2, server.running.log)
        after = server.pids()
        assert after[1] != before[1] and after[2] == before[2]
        refused = server.ctl("drain", "3")
        assert (refused.returncode, refused.stderr) == (
            1,
            "writehead: ctl: there is no worker 3; there are 2\n",
        )
        assert server.samples()["writehead_worker_restarts_total reason=signal"] == 1


def test_a_worker_is_restarted(tmp_path: Path) -> None:
    """The new one is ready before the old one goes; one that does not start leaves the old one alone."""
    with operated(tmp_path) as server:
        before = server.pids()
        said = server.told("restart", "2")
        after = server.pids()
        assert after[2] != before[2] and after[1] == before[1]
        assert (
            said
            == f"worker 2 (pid {after[2]}) serves in the place of worker 2 (pid {before[2]}), which has ended\n"
        )
        server.running.write("raise LookupError")
        refused = server.ctl("restart", "1")
        assert refused.returncode == 1 and f"worker 1 (pid {before[1]}) serves on" in refused.stderr
        assert server.pids() == after


def test_a_reload_is_waited_for(tmp_path: Path) -> None:
    """And how it went is told."""
    with operated(tmp_path) as server:
        server.running.write(APP.replace('"one"', '"two"'))
        assert server.told("reload") == "reloaded: 2 workers\n"
        assert server.running.version() == "two"
        server.running.write("raise LookupError")
        refused = server.ctl("reload")
        assert (
            refused.returncode == 1 and "reload stopped: the new worker 1 failed to start" in refused.stderr
        )
        samples = server.samples()
        assert (
            samples["writehead_reloads_total result=ok"]
            == samples["writehead_reloads_total result=failed"]
            == 1
        )
        assert samples["writehead_worker_restarts_total reason=reload"] == 3


def test_more_and_fewer_workers(tmp_path: Path) -> None:
    """As many as there are to be."""
    with operated(tmp_path, workers=1) as server:
        assert server.told("scale", "3") == "3 workers from now on\n"
        wait_for(lambda: set(server.pids()) == {1, 2, 3}, server.running.log)
        assert server.told("scale", "1") == "1 workers from now on\n"
        wait_for(lambda: set(server.pids()) == {1}, server.running.log)


def test_what_workers_do(tmp_path: Path) -> None:
    """Their slowest requests, their stacks, and their loggers."""
    with operated(tmp_path, workers=1) as server:
        running = server.running
        request = b"GET /?wait=20 HTTP/1.1\r\nHost: a\r\n\r\n"
        import socket

        with socket.create_connection(("127.0.0.1", running.port)) as client:
            client.sendall(request)
            found = wait_for(lambda: json.loads(server.told("slow", "--json")), running.log)
            assert found[0]["path"] == "/" and found[0]["worker"] == 1  # type: ignore[index]
            stacks = server.told("stacks", "1")
            assert "thread MainThread" in stacks and "in app" in stacks
        assert "is at level error in every process" in server.told("loglevel", "error")
        assert server.ctl("loglevel", "loud").returncode == 1
        assert server.ctl("reopen").returncode == 1, "there is no log file yet"
        assert server.told("stop") == "stopping\n"
        assert running.program.wait() == 0


def test_a_blocked_worker_does_not_answer(tmp_path: Path) -> None:
    """Its stack goes to the log; the others, and the admin port, answer."""
    with operated(tmp_path, workers=1) as server:
        import socket

        with socket.create_connection(("127.0.0.1", server.running.port)) as client:
            client.sendall(b"GET /?block=8 HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: server.samples(), server.running.log)
            time.sleep(0.2)  # the worker has begun to sleep
            said = server.told("stacks", "1")
            assert "does not answer: the stack of its main thread is in its log" in said
            assert 'File "' in server.running.until("in app")
            assert server.told("wait-ready") == "ready\n"


def test_totals_are_those_of_the_clients(tmp_path: Path) -> None:
    """Over workers, a reload, a drain and a recycle; and they never fall, also when a worker is killed (R14)."""
    with operated(tmp_path, workers=2) as server:
        running = server.running
        sent = 0
        seen = 0.0

        def load(count: int) -> None:
            nonlocal sent, seen
            for _ in range(count):
                running.get()
            sent += count
            now = server.requests()
            assert now >= seen
            seen = now

        load(20)
        server.told("reload")
        load(20)
        server.told("drain", "1")
        load(20)
        wait_for(lambda: server.requests() == sent, lambda: (server.requests(), sent, running.log()))
        samples = server.samples()
        assert sum(value for name, value in samples.items() if "connections_accepted" in name) == sent
        time.sleep(0.5)  # two flushes, so that nothing is lost
        running.send(signal.SIGKILL, server.pids()[1])
        wait_for(lambda: server.samples()["writehead_worker_restarts_total reason=crash"] == 1, running.log)
        load(20)
        wait_for(lambda: server.requests() == sent, lambda: (server.requests(), sent, running.log()))
        assert not list(tmp_path.rglob("*.db")), "no file is left behind"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_control_socket_leaks_no_descriptor_and_starts_no_thread(tmp_path: Path) -> None:
    """Over reloads and many questions; it is not passed to workers (R11)."""
    with operated(tmp_path, workers=1) as server:
        pid = server.running.pid

        def open_ones() -> list[str]:
            return sorted(os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir())

        def one_worker() -> bool:
            return len(children_of(pid)) == 1

        server.told("reload")
        wait_for(one_worker, server.running.log)
        before = open_ones()
        for _ in range(5):
            server.told("reload")
        wait_for(lambda: one_worker() and len(open_ones()) == len(before), lambda: (before, open_ones()))
        assert len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
        inodes = {each for each in open_ones() if each.startswith("socket:")}
        (worker,) = children_of(pid)
        passed = {os.readlink(each) for each in Path(f"/proc/{worker}/fd").iterdir()}
        assert len(inodes & passed) == 1, "the listening socket of the program alone"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_supervisor_is_small(tmp_path: Path) -> None:
    """With an admin port that was asked it takes 32 MiB at most."""
    # The measurement of coverage takes memory itself.
    with operated(tmp_path, workers=1, COVERAGE_PROCESS_CONFIG="") as server:
        server.samples()
        server.told("status")
        status = Path(f"/proc/{server.running.pid}/status").read_text()
        assert int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) <= 32 * 1024  # type: ignore[index]


def test_health_on_the_port_of_the_program(tmp_path: Path) -> None:
    """Any worker answers for all; one that drains in a reload answers that others are ready."""
    with operated(tmp_path, "--ready-path", "/ready", "--health-path", "/health") as server:
        assert server.running.get("/ready") == "ready\n" and server.running.get("/health") == "ok\n"
        assert server.requests() == 0


def test_no_control(tmp_path: Path) -> None:
    """--no-control: no socket; and without an admin port nothing of it is loaded."""
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    with supervised(tmp_path, "--no-control", workers=1, XDG_RUNTIME_DIR=str(runtime)) as running:
        assert list(runtime.iterdir()) == []
        assert "control" not in running.log()


def test_a_control_socket_that_cannot_be_made(tmp_path: Path) -> None:
    """A warning, and it serves (R11: a read-only disk)."""
    path = str(tmp_path / "nowhere" / "c.sock")
    with supervised(tmp_path, "--control", path, workers=1) as running:
        assert "there is no control socket: " in running.log()
        assert running.get().startswith("one ")
