"""An `async def` listener runs in an ordinary task of the loop, whose first step is taken at once."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
import sniffio

from tests.kit.loops import loop_factory
from writehead import http
from writehead._loop import listener_tasks

Check = Callable[[Any, Any], Awaitable[object]]

_variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


async def _current_task(req: Any, res: Any) -> None:
    task = asyncio.current_task()
    assert task is not None
    assert task in asyncio.all_tasks()
    before = task
    await asyncio.sleep(0)
    assert asyncio.current_task() is before


async def _running_loop(req: Any, res: Any) -> None:
    loop = asyncio.get_running_loop()
    assert loop.call_soon.__self__ is loop  # the loop's own
    await asyncio.sleep(0)
    assert asyncio.get_running_loop() is loop


async def _timeout_at_once(req: Any, res: Any) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()


async def _timeout_in_time(req: Any, res: Any) -> None:
    async with asyncio.timeout(10):
        await asyncio.sleep(0)


async def _wait_for(req: Any, res: Any) -> None:
    assert await asyncio.wait_for(asyncio.sleep(0, "value"), 10) == "value"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.001)


async def _task_group(req: Any, res: Any) -> None:
    async with asyncio.TaskGroup() as group:
        one, two = group.create_task(asyncio.sleep(0, 1)), group.create_task(asyncio.sleep(0, 2))
    assert one.result() + two.result() == 3


async def _failing_task_group(req: Any, res: Any) -> None:
    async def fail() -> None:
        raise LookupError

    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await asyncio.Event().wait()


async def _anyio_task_group(req: Any, res: Any) -> None:
    seen = []

    async def note(value: int) -> None:
        await anyio.sleep(0)
        seen.append(value)

    async with anyio.create_task_group() as group:
        group.start_soon(note, 1)
        group.start_soon(note, 2)
    assert sorted(seen) == [1, 2]


async def _anyio_cancel_scope(req: Any, res: Any) -> None:
    with anyio.move_on_after(0.001) as scope:
        await anyio.sleep_forever()
    assert scope.cancelled_caught


async def _anyio_fail_after(req: Any, res: Any) -> None:
    with pytest.raises(TimeoutError):
        with anyio.fail_after(0.001):
            await anyio.Event().wait()


async def _anyio_thread(req: Any, res: Any) -> None:
    assert await anyio.to_thread.run_sync(lambda: 7) == 7
    assert anyio.get_current_task().id


async def _sniffio(req: Any, res: Any) -> None:
    assert sniffio.current_async_library() == "asyncio"


async def _context_at_once(req: Any, res: Any) -> None:
    assert _variable.get() == "listening"
    _variable.set(req.url)
    await asyncio.sleep(0)
    assert _variable.get() == req.url


async def _context_of_a_child(req: Any, res: Any) -> None:
    _variable.set("parent")

    async def child() -> str:
        _variable.set("child")
        return _variable.get()

    assert await asyncio.create_task(child()) == "child"
    assert _variable.get() == "parent"


async def _cancelled_by_itself(req: Any, res: Any) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    task.uncancel()
    assert not task.cancelling()


async def _shielded(req: Any, res: Any) -> None:
    inner = asyncio.ensure_future(asyncio.sleep(0.001, "done"))
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(inner), 0)
    assert await inner == "done"


async def _gather(req: Any, res: Any) -> None:
    assert await asyncio.gather(asyncio.sleep(0, 1), asyncio.to_thread(lambda: 2)) == [1, 2]


async def _lock(req: Any, res: Any) -> None:
    lock = asyncio.Lock()
    async with lock:
        other = asyncio.create_task(lock.acquire())
        await asyncio.sleep(0)
        assert not other.done()
    await other
    lock.release()


CHECKS: list[Check] = [
    _current_task,
    _running_loop,
    _timeout_at_once,
    _timeout_in_time,
    _wait_for,
    _task_group,
    _failing_task_group,
    _anyio_task_group,
    _anyio_cancel_scope,
    _anyio_fail_after,
    _anyio_thread,
    _sniffio,
    _context_at_once,
    _context_of_a_child,
    _cancelled_by_itself,
    _shielded,
    _gather,
    _lock,
]


async def _ask(port: int, targets: list[str]) -> list[bytes]:
    """Send GETs one after the other on one connection, and return the bodies."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    bodies = []
    for target in targets:
        writer.write(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
    writer.close()
    return bodies


def _serve(check: Check, loop: str, targets: list[str]) -> list[bytes]:
    """Run `check` as the listener of each request; the body is what it raised."""

    async def main() -> list[bytes]:
        async def listener(req: Any, res: Any) -> None:
            try:
                await check(req, res)
            except BaseException as error:
                res.end(repr(error))
                raise
            res.end("passed")

        _variable.set("listening")
        async with http.create_server(listener) as server:
            await server.listen(0, "127.0.0.1")
            return await _ask(server.address()["port"], targets)

    with asyncio.Runner(loop_factory=loop_factory(loop), debug=loop == "asyncio") as runner:
        return runner.run(main())


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.strip("_"))
def test_what_programs_do_in_tasks_works_in_a_listener(check: Check, loop: str) -> None:
    """Timeouts, groups, cancellation, contexts and the libraries that look for the current task."""
    assert _serve(check, loop, ["/1", "/2"]) == [b"passed", b"passed"]
    assert not listener_tasks.running


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_listener_begins_inside_a_task_of_the_program(loop: str) -> None:
    """The task that causes the event is the current one again afterwards, and its steps go on."""

    async def main() -> list[object]:
        emitter = http.create_server()
        seen: list[object] = []

        async def listener() -> None:
            seen.append(asyncio.current_task())
            await asyncio.sleep(0)
            seen.append(asyncio.current_task())

        outer = asyncio.current_task()
        emitter.on("x", listener).emit("x")
        assert asyncio.current_task() is outer
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(seen) == 2
        assert seen[0] is seen[1]
        assert seen[0] is not outer
        return seen

    with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
        runner.run(main())


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_task_that_is_done_is_not_kept(loop: str) -> None:
    """Neither the loop nor the set of running listeners refers to it."""
    tasks: list[weakref.ref[Any]] = []

    async def check(req: Any, res: Any) -> None:
        tasks.append(weakref.ref(asyncio.current_task()))

    assert _serve(check, loop, ["/"]) == [b"passed"]
    gc.collect()
    assert tasks[0]() is None


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_destructor_may_schedule_while_a_task_is_made(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it gives to `call_soon` at that moment runs, and is not taken for the first step."""
    called: list[str] = []

    async def listener() -> None:
        called.append("listener")

    class Noisy(asyncio.Task[Any]):
        def __init__(self, *args: Any, **keywords: Any) -> None:
            super().__init__(*args, **keywords)
            keywords["loop"].call_soon(called.append, "scheduled")

    async def main() -> None:
        monkeypatch.setattr(asyncio, "Task", Noisy)
        http.create_server().on("x", listener).emit("x")
        monkeypatch.undo()
        assert called[0] == "listener"
        await asyncio.sleep(0)
        assert called == ["listener", "scheduled"]

    with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
        runner.run(main())
