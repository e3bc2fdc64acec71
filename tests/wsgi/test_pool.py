"""The threads of a mount: when they start and run, who waits for them, and who is refused."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tests.kit.loops import TIMEOUT, on_both_loops
from tests.kit.wsgi_stage import (
    CLOSED,
    FAILED,
    Signal,
    answering,
    dial,
    hosted,
    mount_of,
    request,
    say,
    until,
)
from writehead import http, wsgi
from writehead._guests.wsgi import pool as pool_module
from writehead._guests.wsgi.pool import Pool


class Held:
    """An app whose calls wait until they are let go, and are noted in their order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.threads: set[str] = set()
        self.go_on = Signal()

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        self.begun.append(environ["PATH_INFO"])
        self.threads.add(threading.current_thread().name)
        self.go_on.wait()
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]


BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: %d\r\nConnection: close\r\n"
    b"Date: D\r\nContent-Length: 20\r\n\r\nService Unavailable\n"
)


async def send_each(server: http.Server, *targets: str) -> list[Any]:
    """Send a request for each target, each on a connection of its own, one after another."""
    mount = mount_of(server)
    clients = []
    for target in targets:
        count = mount.running + mount.waiting
        client = await dial(server)
        client.send(request(target))
        clients.append(client)
        await until(lambda count=count: mount.running + mount.waiting > count)  # type: ignore[misc]
    return clients


@on_both_loops
async def test_requests_that_find_all_threads_busy_wait() -> None:
    """And are served in the order in which they came."""
    app = Held()
    targets = [f"/{number}" for number in range(6)]
    async with hosted(app, threads=2) as server:
        mount = mount_of(server)
        assert (mount.running, mount.waiting) == (0, 0)
        clients = await send_each(server, *targets)
        assert (mount.running, mount.waiting) == (2, 4)
        app.go_on.set()
        for client, target in zip(clients, targets, strict=True):
            assert (await client.rest()).endswith(target.encode())
        await until(lambda: not mount.running)
    assert app.begun[:2] in (targets[:2], targets[1::-1])
    assert sorted(app.begun[2:]) == targets[2:]
    assert app.threads == {"wsgi-0", "wsgi-1"}


@on_both_loops
async def test_one_thread_serves_in_order() -> None:
    """First come, first served."""
    app = Held()
    targets = [f"/{number}" for number in range(5)]
    async with hosted(app, threads=1) as server:
        clients = await send_each(server, *targets)
        app.go_on.set()
        for client in clients:
            await client.rest()
    assert app.begun == targets


@on_both_loops
async def test_the_loop_goes_on_while_all_threads_are_busy() -> None:
    """Listeners and other mounts are not slowed."""
    app = Held()
    async with hosted(app, threads=1, path="/slow") as server:
        wsgi.attach(server, answering([b"quick"]), path="/quick")
        server.on("request", lambda req, res: res.end("node"))
        clients = await send_each(server, "/slow", "/slow/er")
        assert (await say(server, request("/"))).endswith(b"node")
        assert (await say(server, request("/quick"))).endswith(b"quick")
        app.go_on.set()
        for client in clients:
            await client.rest()


@on_both_loops
async def test_one_more_than_may_wait_gets_503() -> None:
    """At once, with Retry-After in whole seconds, and the connection closes."""
    app = Held()
    async with hosted(app, threads=1, max_waiting=1, retry_after=1001) as server:
        clients = await send_each(server, "/a", "/b")
        refused = await dial(server)
        refused.send(b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        assert await refused.rest() == BUSY % 2
        assert mount_of(server).waiting == 1
        app.go_on.set()
        for client in clients:
            assert (await client.rest()).startswith(CLOSED)
    assert app.begun == ["/a", "/b"]


@on_both_loops
async def test_none_may_wait() -> None:
    """With `max_waiting=0` a request needs a thread that is free."""
    app = Held()
    async with hosted(app, threads=1, max_waiting=0) as server:
        clients = await send_each(server, "/a")
        assert await say(server, request("/b")) == BUSY % 1
        app.go_on.set()
        await clients[0].rest()
        for _ in range(20):
            assert (await say(server, request("/c"))).endswith(b"/c")


@on_both_loops
async def test_a_waiting_request_whose_client_leaves_is_dropped() -> None:
    """It is never called, and its place is free at once."""
    app = Held()
    async with hosted(app, threads=1) as server:
        mount = mount_of(server)
        first, second, third = await send_each(server, "/a", "/b", "/c")
        second.abort()
        await until(lambda: mount.waiting == 1)
        app.go_on.set()
        await first.rest()
        await third.rest()
    assert app.begun == ["/a", "/c"]


@on_both_loops
async def test_threads_start_when_they_are_needed() -> None:
    """No request, no thread; they are daemons, so that a stuck app never holds the process."""
    app = Held()
    async with hosted(app, threads=8) as server:
        dispatcher: Any = mount_of(server)._dispatcher
        assert not dispatcher._pool._workers
        before = set(threading.enumerate())
        clients = await send_each(server, "/a", "/b")
        await until(lambda: len(app.begun) == 2)
        mine = set(threading.enumerate()) - before
        assert {each.name for each in mine} == app.threads == {"wsgi-0", "wsgi-1"}
        assert all(each.daemon for each in mine)
        app.go_on.set()
        for client in clients:
            await client.rest()
        for _ in range(20):
            await say(server, request("/more"))
        assert app.threads <= {"wsgi-0", "wsgi-1", "wsgi-2"}


@on_both_loops
async def test_a_burst_is_served_by_all_threads() -> None:
    """Requests that came in one read of the loop do not wait for each other."""
    together = threading.Barrier(4)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        together.wait(TIMEOUT)
        start_response("200 OK", [])
        return []

    async with hosted(app, threads=4) as server:
        for _ in range(3):
            client = await dial(server)
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + request("/"))
            assert (await client.rest()).count(b"HTTP/1.1 200 OK") == 4


@on_both_loops
async def test_pipelined_responses_keep_their_order() -> None:
    """Whichever thread is the first to answer."""
    late = Signal()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/0":
            late.wait()
        else:
            late.set()
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    async with hosted(app, threads=2) as server:
        client = await dial(server)
        client.send(b"GET /0 HTTP/1.1\r\nHost: a\r\n\r\n" + request("/1"))
        got = await client.rest()
    assert got.endswith(b"/1")
    assert b"\r\n\r\n/0HTTP/1.1" in got


async def test_without_any_thread_a_request_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The system gives none: 500, and the log says why."""

    def refuse(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    async with hosted(answering([b"x"])) as server:
        monkeypatch.setattr(pool_module._Worker, "start", refuse)
        assert await say(server, request("/")) == FAILED
        assert "can't start new thread" in caplog.text
        monkeypatch.undo()
        assert (await say(server, request("/"))).endswith(b"x")


async def test_with_fewer_threads_requests_wait(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One more thread cannot be started: those that run serve all."""
    app = Held()
    async with hosted(app, threads=3) as server:
        clients = await send_each(server, "/a")
        monkeypatch.setattr(pool_module._Worker, "start", lambda self: raises(RuntimeError("no more")))
        clients += await send_each(server, "/b")
        app.go_on.set()
        for client in clients:
            await client.rest()
    assert app.begun == ["/a", "/b"]
    assert "no thread can be started: requests wait for one of 1" in caplog.messages


def raises(error: BaseException) -> None:
    raise error


class Job:
    """Notes that it ran, when it may."""

    def __init__(self, log: list[int], number: int, gate: threading.Event | None = None) -> None:
        self.log = log
        self.number = number
        self.gate = gate

    def run(self) -> None:
        if self.gate is not None:
            assert self.gate.wait(TIMEOUT)
        self.log.append(self.number)


@on_both_loops
async def test_a_job_is_taken_back_before_it_begins() -> None:
    """And not behind that."""
    log: list[int] = []
    gate = threading.Event()
    pool = Pool(1)
    jobs = [Job(log, number, gate) for number in range(3)]
    for job in jobs:
        pool.submit(job)
    await until(lambda: [job for _, job in pool.busy()] == [jobs[0]])
    assert pool.withdraw(jobs[1])
    assert not pool.withdraw(jobs[1])
    assert not pool.withdraw(jobs[0])
    gate.set()
    await until(lambda: log == [0, 2])
    pool.stop()


@on_both_loops
async def test_stopped_threads_end() -> None:
    """Each behind what it does; what was submitted before is done."""
    log: list[int] = []
    pool = Pool(3)
    before = set(threading.enumerate())
    gate = threading.Event()
    for number in range(3):
        pool.submit(Job(log, number, gate))
    started = set(threading.enumerate()) - before
    assert len(started) == 3
    pool.submit(Job(log, 3))
    pool.stop()
    gate.set()
    await asyncio.to_thread(lambda: [each.join(TIMEOUT) for each in started])
    assert sorted(log) == [0, 1, 2, 3]
    assert not any(each.is_alive() for each in started)


@on_both_loops
async def test_no_job_is_left_behind() -> None:
    """Whatever threads rest and wake while jobs come."""
    log: list[int] = []
    pool = Pool(4)
    for number in range(3000):
        pool.submit(Job(log, number))
        if number % 7 == 0:
            await asyncio.sleep(0)
    await until(lambda: len(log) == 3000)
    assert sorted(log) == list(range(3000))
    await until(lambda: len(pool._resting) == len(pool._workers))
    pool.submit(Job(log, -1))
    await until(lambda: log[-1] == -1)
    pool.stop()


@on_both_loops
async def test_a_thread_that_is_about_to_rest_sees_a_job_that_has_come() -> None:
    """Whether it was found by the loop already, or not."""
    pool = Pool(1)
    worker = pool_module._Worker(pool, "never started")
    pool._jobs.append(Job([], 0))
    worker._wait_for_jobs()  # returns at once
    assert not pool._resting
    pool._jobs.clear()
    wakes = threading.Timer(0.01, lambda: (pool._jobs.append(Job([], 1)), pool.wake_next()))
    wakes.start()
    worker._wait_for_jobs()  # until it is woken
    assert not (pool._resting or pool.waking)
    worker.wake()  # it was taken from those that rest before it could look for jobs
    pool._resting = []
    found = [worker]

    class Found(list[Any]):
        def append(self, each: Any) -> None:
            assert each in found

    pool._resting = Found()
    worker._wait_for_jobs()
    wakes.join()
