"""One process without a supervisor: what it tells, and what it is told to do."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from writehead import http
from writehead._admin import one_process
from writehead._admin.one_process import OneProcess
from writehead._admin.operated import RefusedError
from writehead._metrics.render import PROMETHEUS, render
from writehead._server import registry

BUILD = {"version": "1.0", "python": "3.11.2", "loop": "uvloop"}
GET = b"GET /x?y HTTP/1.1\r\nHost: a\r\n\r\n"


@asynccontextmanager
async def operated() -> AsyncIterator[OneProcess]:
    process = OneProcess(
        "main:app",
        BUILD,
        addresses=lambda: ["http://127.0.0.1:1"],
        settings=lambda: [{"name": "a", "value": "b", "source": "c"}],
    )
    process.start()
    registry.on_open(process.watch)
    try:
        yield process
    finally:
        registry.forget_on_open(process.watch)
        process.close()


@on_both_loops
async def test_from_start_to_stop() -> None:
    """It is ready while a server listens and no stop has begun."""
    async with operated() as process:
        assert process.readiness() == "starting"
        server = http.create_server(lambda req, res: res.end("x"))
        await server.listen(0, "127.0.0.1")
        assert process.readiness() == "ready"
        assert not process.watch(server), "it is watched already"
        process.note_stop()
        assert process.readiness() == "draining"
        await server.close()


@on_both_loops
async def test_a_server_that_closes() -> None:
    """It is not ready any more; it is, when it listens again."""
    async with operated() as process:
        server = http.create_server(lambda req, res: res.end("x"))
        for _ in range(2):
            await server.listen(0, "127.0.0.1")
            assert process.readiness() == "ready"
            await server.close()
            assert process.readiness() == "draining"


@on_both_loops
async def test_status_and_metrics() -> None:
    """As of now: requests, connections, and what the process takes."""
    waiting: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        waiting.append(res)
        if len(waiting) < 3:
            res.end("x")

    async with operated() as process:
        server = http.create_server(handle)
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        for _ in range(2):
            client.send(GET)
            await client.until(b"\r\n\r\nx")
        client.send(GET)
        while len(waiting) < 3:
            await _turn()
        status = process.status()
        assert (
            status["name"] == "main:app" and status["readiness"] == "ready" and status["pid"] == os.getpid()
        )
        assert status["addresses"] == ["http://127.0.0.1:1"] and status["version"] == "1.0"
        (worker,) = status["workers"]
        assert (worker["slot"], worker["pid"], worker["state"]) == (1, os.getpid(), "ready")
        assert (worker["requests"], worker["in_flight"], worker["connections"]) == (2, 1, 1)
        assert worker["processor"] > 0
        if sys.platform == "linux":
            assert worker["resident"] > 2**20
        text = render(process.metrics(), PROMETHEUS).decode()
        assert 'writehead_connections_accepted_total{worker="1"} 1\n' in text
        assert 'writehead_workers{state="ready"} 1\n' in text
        assert 'writehead_build_info{version="1.0",python="3.11.2",loop="uvloop"} 1\n' in text
        (slow,) = await process.slow()
        assert (slow["worker"], slow["method"], slow["path"], slow["client"]) == (1, "GET", "/x", "127.0.0.1")
        waiting[2].end()
        client.close()
        await server.close()


async def _turn() -> None:
    import asyncio

    await asyncio.sleep(0.001)


async def test_what_needs_a_supervisor() -> None:
    """It is refused, and says how to get one."""
    async with operated() as process:
        assert not process.supervised
        for refused in (process.restart(1), process.reload(), process.scale(2)):
            with pytest.raises(RefusedError, match="start it with --workers"):
                await refused
        with pytest.raises(RefusedError, match="`stop` drains it"):
            await process.drain(1)


async def test_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that one process can carry out."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(one_process.os, "kill", lambda pid, number: sent.append((pid, number)))
    async with operated() as process:
        assert process.stop() == "stopping" and sent == [(os.getpid(), signal.SIGTERM)]
        with pytest.raises(RefusedError, match="no log file"):
            await process.reopen()
        assert "in test_orders" in await process.stacks(1)
        with pytest.raises(RefusedError, match="there is no worker 2"):
            await process.stacks(2)
        assert "is at level debug" in await process.set_log_level("debug", "writehead.test")
        assert list(process.config()) == [{"name": "a", "value": "b", "source": "c"}]


@on_both_loops
async def test_it_looks_at_its_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """How late the loop is."""
    monkeypatch.setattr(one_process, "BEAT", 0.001)
    async with operated() as process:
        import time

        time.sleep(0.05)
        while not process.status()["workers"][0]["lag"]:
            await _turn()
