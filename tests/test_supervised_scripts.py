"""Scripts under --workers: `listen` gets its socket from the supervisor, as in Node's cluster."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.programs import command, free_port
from tests.kit.raw_client import request, talk
from tests.kit.supervised import Supervised, wait_for

SCRIPT = """
import os, sys
from writehead import http
server = http.create_server(lambda req, res: res.end(f"{sys.argv[1:]} {os.getpid()}"))
server.listen(PORT, "127.0.0.1", lambda: print("port", server.address()["port"]))
"""


@contextmanager
def scripted(folder: Path, text: str, *options: str, port: int = 0) -> Iterator[Supervised]:
    (folder / "app.py").write_text(text.replace("PORT", str(port)))
    words = ["--workers", "2", "--log-level", "debug", *options, str(folder / "app.py"), "an argument"]
    with command(*words, cwd=folder) as program:
        yield Supervised(program, port, folder)


def test_workers_share_the_port_of_a_script(tmp_path: Path) -> None:
    """Each listens at the same port, which is bound once; arguments are the script's, and there is no banner."""
    port = free_port()
    with scripted(tmp_path, SCRIPT, port=port) as served:
        for slot in (1, 2):
            served.until(f"worker {slot} ", "is ready")
        found = {served.get() for _ in range(4)} | {
            wait_for(lambda: (got := served.get()) not in found and got) for found in [{served.get()}]
        }
        assert {each.rpartition(" ")[0] for each in found} == {"['an argument']"}
        assert len(found) == 2
        assert "listening on" not in served.log()
        assert served.stop() == 0


def test_port_0_is_the_same_for_all(tmp_path: Path) -> None:
    """The first worker that asks gets a port of the system, and the others get that one."""
    with scripted(tmp_path, SCRIPT) as served:
        ports = {served.program.port(), served.program.port()}
        assert len(ports) == 1
        assert b"an argument" in talk(ports.pop(), request("/"))
        assert served.stop() == 0


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """The error is that of a single process, and the start has failed."""
    port = free_port()
    with scripted(tmp_path, SCRIPT, port=port) as served:
        served.until("worker 1 ", "is ready")
        with scripted(tmp_path, SCRIPT, port=port) as second:
            assert second.program.wait() == 3
            assert f"listen EADDRINUSE: address already in use 127.0.0.1:{port}" in second.log()
        assert served.stop() == 0


def test_two_servers_at_one_port(tmp_path: Path) -> None:
    """The second one fails, as it does without workers."""
    again = "\nhttp.create_server().listen(PORT, '127.0.0.1').on('error', lambda e: print('code', e.code, 1))"
    with scripted(tmp_path, SCRIPT + again, port=free_port()) as served:
        served.until("worker 1 ", "is ready")
        lines = {served.program.line().split()[0] for _ in range(4)}
        assert lines == {"port", "code"}
        assert served.stop() == 0


def test_an_exclusive_socket_is_the_workers_own(tmp_path: Path) -> None:
    """With `exclusive` each worker binds for itself: other ports for port 0."""
    text = SCRIPT.replace('PORT, "127.0.0.1",', 'PORT, "127.0.0.1", exclusive=True, callback=').replace(
        "callback= lambda", "callback=lambda"
    )
    with scripted(tmp_path, text) as served:
        assert served.program.port() != served.program.port()
        assert served.stop() == 0


def test_a_script_is_loaded_anew_at_hup(tmp_path: Path) -> None:
    """The port stays bound meanwhile."""
    port = free_port()
    with scripted(tmp_path, SCRIPT, port=port) as served:
        for slot in (1, 2):
            served.until(f"worker {slot} ", "is ready")
        (tmp_path / "app.py").write_text(SCRIPT.replace("PORT", str(port)).replace('f"{', 'f"new {'))
        served.send(signal.SIGHUP)
        served.until("reloaded")
        assert served.get().startswith("new")
        assert served.stop() == 0
