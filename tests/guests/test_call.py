"""One run of an application: its client leaves, it ends, it goes on behind its response; its context and its task."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from contextvars import ContextVar
from typing import Any

import pytest

from tests.kit.apps import (
    DISCONNECT,
    FAILURE,
    GET,
    KEPT,
    LAST,
    START,
    AppStage,
    body,
    hello,
    raised_by,
    read_body,
    rounds,
    start,
)
from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from writehead import asgi
from writehead.errors import ConnectionLostError, ContentLengthMismatchError

OK = b"HTTP/1.1 200 OK\r\n" + KEPT + b"Content-Length: 2\r\n\r\nok"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"

variable: ContextVar[str] = ContextVar("variable", default="none")


def levels(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records if record.name == "writehead"]


# -- the client leaves ------------------------------------------------------------


async def test_receive_hears_of_the_loss_before_send_raises() -> None:
    """So that a listener can end the work in its own way before the error comes."""
    log: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

        async def listen() -> None:
            assert await receive() == DISCONNECT
            log.append("disconnect")

        async def stream() -> None:
            error = await raised_by(send(body(bytes(5000), True)))
            log.append(type(error).__name__)

        await send(START)
        async with asyncio.TaskGroup() as group:
            group.create_task(stream())
            group.create_task(listen())

    stage = AppStage(app, high_water_mark=1000)
    client = stage.connect()
    client.stall()
    client.send(GET)
    await rounds()
    client.reset()
    await stage.ended()
    assert log == ["disconnect", "ConnectionLostError"]
    await stage.close()


async def test_a_later_send_yields_twice_and_raises() -> None:
    """An `OSError`, with nothing logged."""
    turns: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        assert await receive() == DISCONNECT
        for message in (START, LAST, {"type": "nonsense"}):
            count = asyncio.ensure_future(counting())
            error = await raised_by(send(message))
            count.cancel()
            assert isinstance(error, ConnectionLostError)
            assert isinstance(error, OSError)
            assert error.code == "ECONNRESET"

    async def counting() -> None:
        turns.append(0)
        while True:
            turns[-1] += 1
            await asyncio.sleep(0)

    stage = AppStage(app)
    client = stage.send(GET)
    await rounds()
    client.reset()
    await stage.ended()
    assert turns == [2, 2, 2]
    await stage.close()


async def test_a_send_that_waits_for_drain_wakes(caplog: pytest.LogCaptureFixture) -> None:
    """When the connection is lost (Kludex/uvicorn#336); nothing above DEBUG is logged (Kludex/uvicorn#2271)."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(bytes(100_000), True))

    caplog.set_level(logging.DEBUG, "writehead")
    stage = AppStage(app)
    client = stage.connect()
    client.stall()
    client.send(GET)
    await rounds()
    client.reset()
    await stage.ended()
    assert stage.done.is_set()
    assert levels(caplog) == ["DEBUG"]
    assert caplog.messages[-1].startswith("GET / from 127.0.0.1:")
    assert "the ASGI application ended with its client: ConnectionLostError" in caplog.messages[-1]
    await stage.close()


class OurDisconnect(Exception):
    """What Starlette raises in the place of our error."""


@pytest.mark.parametrize(
    "how", ["ours", "cause", "context", "group", "group with a cancellation", "its own", "mixed group"]
)
async def test_only_an_error_of_its_own_is_logged_as_one(how: str, caplog: pytest.LogCaptureFixture) -> None:
    """What follows from the loss is logged at DEBUG."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        await receive()
        try:
            await send(START)
        except OSError as error:
            if how == "ours":
                raise
            if how == "cause":
                raise OurDisconnect from error
            if how == "context":
                raise OurDisconnect  # noqa: B904
            group: list[BaseException] = [error]
            if how == "group with a cancellation":
                group.append(asyncio.CancelledError())
            if how == "mixed group":
                group.append(ValueError())
            if how != "its own":
                raise BaseExceptionGroup("several", group) from None
        raise ValueError

    caplog.set_level(logging.DEBUG, "writehead")
    stage = AppStage(app)
    client = stage.send(GET)
    await rounds()
    client.reset()
    await stage.ended()
    assert levels(caplog) == (["ERROR"] if how in ("its own", "mixed group") else ["DEBUG"])
    await stage.close()


async def test_an_application_without_a_response_after_the_loss_is_no_error(caplog: Any) -> None:
    """It may return."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while await receive() != DISCONNECT:
            pass

    stage = AppStage(app)
    client = stage.send(GET)
    await rounds()
    client.reset()
    await stage.ended()
    assert levels(caplog) == []
    await stage.close()


async def test_the_task_is_not_cancelled() -> None:
    """Broken pools of database connections come of that (benoitc/gunicorn#3484)."""
    gate = asyncio.Event()
    stage = AppStage(lambda scope, receive, send: gate.wait())
    client = stage.send(GET)
    await rounds()
    client.reset()
    await rounds(50)
    assert not stage.done.is_set()
    gate.set()
    await stage.ended()
    await stage.close()


async def test_the_task_is_cancelled_if_that_is_wanted() -> None:
    """Once; what it does with the cancellation is its affair."""
    log: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(2):
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                log.append("cancelled")
        log.append("over")

    stage = AppStage(app, cancel_after_disconnect=1)
    client = stage.send(GET)
    await rounds()
    client.reset()
    await asyncio.wait_for(stage.done.wait(), 5)
    assert log == ["cancelled", "over"]
    await stage.close()


async def test_a_cancellation_after_the_loss_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """And one that is no longer due does not come."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/":
            await asyncio.Event().wait()
        assert await read_body(receive) == b""
        await receive()

    stage = AppStage(app, cancel_after_disconnect=1)
    slow, quick = stage.send(GET), stage.send(GET.replace(b"/", b"/quick", 1))
    await rounds()
    slow.reset()
    quick.reset()
    await asyncio.wait_for(stage.done.wait(), 5)
    while stage.mount.calls:
        await asyncio.sleep(0.001)
    assert levels(caplog) == []
    await stage.close()


async def test_a_queued_response_is_lost_with_the_others() -> None:
    """It waits behind another."""
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        heard.append((scope["path"], await receive()))

    stage = AppStage(app)
    client = stage.send(GET.replace(b"/", b"/1", 1) + GET.replace(b"/", b"/2", 1))
    await rounds()
    client.reset()
    await stage.ended()
    assert sorted(heard, key=str) == [("/1", DISCONNECT), ("/2", DISCONNECT)]
    await stage.close()


@on_both_loops
async def test_after_a_reset_nothing_is_kept_alive() -> None:
    """Neither scope nor task nor transport (Soju06/codex-lb#2041)."""
    kept: list[Any] = []
    begun = asyncio.Event()

    class Mark:
        pass

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["mark"] = Mark()
        kept.append(weakref.ref(scope["mark"]))
        kept.append(weakref.ref(asyncio.current_task()))
        begun.set()
        await send(START)
        while True:
            await send(body(bytes(10_000), True))

    server = asgi.create_server(app, lifespan="off")
    await server.listen(0)
    client = await dial(server)
    client.send(GET)
    await begun.wait()
    (connection,) = server._connections
    kept.append(weakref.ref(connection))
    del connection
    client.abort()
    mount: Any = server._guests._attached[0]  # type: ignore[union-attr]
    while mount.calls or server._connection_count:
        await asyncio.sleep(0.01)
    await rounds()
    gc.collect()
    assert [each() for each in kept] == [None] * 3
    await server.close()


async def test_the_disconnect_comes_while_the_application_works() -> None:
    """And generators run their `finally` (emmett-framework/granian#286, #412)."""
    log: list[str] = []

    async def events() -> Any:
        try:
            while True:
                yield b"data"
                await asyncio.sleep(0)
        finally:
            log.append("finally")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def stream() -> None:
            source = events()
            try:
                async for event in source:
                    await send(body(event, True))
            finally:
                await source.aclose()

        await read_body(receive)
        await send(START)
        task = asyncio.ensure_future(stream())
        assert await receive() == DISCONNECT
        log.append("disconnect")
        task.cancel()
        await asyncio.wait([task])

    stage = AppStage(app)
    client = stage.send(GET)
    await rounds()
    client.reset()
    await stage.ended()
    assert sorted(log) == ["disconnect", "finally"]
    await stage.close()


# -- the application ends -----------------------------------------------------------


async def test_a_return_without_a_response_is_500(caplog: pytest.LogCaptureFixture) -> None:
    """And an error in the log."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    stage = AppStage(app)
    assert await stage.exchange(GET) == FAILURE % KEPT
    assert levels(caplog) == ["ERROR"]
    assert caplog.messages[0].endswith("the ASGI application returned without a response")
    await stage.close()


@pytest.mark.parametrize("kind", ["HEAD", "1.0"])
async def test_a_failure_is_that_of_the_core(kind: str) -> None:
    """Of HEAD without a body, of HTTP/1.0 with its end."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    data = GET.replace(b"GET", b"HEAD") if kind == "HEAD" else b"GET / HTTP/1.0\r\n\r\n"
    stage = AppStage(app)
    received = await stage.exchange(data)
    line = b"HTTP/1.1 500 Internal Server Error\r\n"
    if kind == "HEAD":
        assert received == line + KEPT + b"\r\n"
    else:
        assert received == line + b"Date: D\r\nConnection: close\r\n\r\nInternal Server Error"
    await stage.close()


@pytest.mark.parametrize("raises", [True, False])
async def test_an_end_behind_the_head_cuts_the_response(
    raises: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """There is never a last chunk, nor an error page inside a body that has begun (benoitc/gunicorn#3410)."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"a", True))
        await rounds()
        if raises:
            raise ValueError("reason")

    stage = AppStage(app)
    client = stage.send(GET)
    await stage.ended()
    assert dateless(client.received).endswith(b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    assert client.closed
    assert levels(caplog) == ["ERROR"]
    if raises:
        assert caplog.messages[0].endswith("the ASGI application failed")
        assert caplog.records[0].exc_info is not None
        assert isinstance(caplog.records[0].exc_info[1], ValueError)
    else:
        assert caplog.messages[0].endswith("the ASGI application returned before its response was complete")
    await stage.close()


async def test_the_traceback_begins_with_the_application(caplog: pytest.LogCaptureFixture) -> None:
    """No frame of the library stands before it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    stage = AppStage(app)
    await stage.exchange(GET)
    info: Any = caplog.records[0].exc_info
    assert info[2].tb_frame.f_code.co_filename.endswith("apps.py")
    assert caplog.records[0].method == "GET"  # type: ignore[attr-defined]
    assert caplog.records[0].target == "/"  # type: ignore[attr-defined]
    await stage.close()


async def test_an_error_behind_the_response_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The connection lives."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        raise ValueError

    stage = AppStage(app)
    assert await stage.exchange(GET + GET) == OK + OK
    assert levels(caplog) == ["ERROR", "ERROR"]
    await stage.close()


@pytest.mark.parametrize(("how", "logged"), [("nothing", 1), ("head", 1), ("done", 0)])
async def test_a_cancellation_by_itself_is_as_an_error(
    how: str, logged: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Before the end of the response; behind it, it is quiet."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if how != "nothing":
            await send(START)
            await send(body(b"ok", how == "head"))
            await rounds()
        raise asyncio.CancelledError

    stage = AppStage(app)
    client = stage.send(GET)
    await stage.ended()
    assert levels(caplog) == ["ERROR"] * logged
    if how == "nothing":
        assert dateless(client.received) == FAILURE % KEPT
    elif how == "head":
        assert client.closed
    else:
        assert dateless(client.received) == OK
    await stage.close()


async def test_a_task_that_is_cancelled_before_its_first_step_responds(caplog: Any) -> None:
    """With 500, as one that is cancelled later."""
    stage = AppStage(hello)
    await stage.exchange(GET)
    client = stage.send(GET)
    calls = list(stage.mount.calls)
    if calls:  # it has not begun: its first step comes in a later turn
        assert calls[0].task is not None
        calls[0].task.cancel()
        await stage.ended()
        assert dateless(client.received) == FAILURE % KEPT
        assert levels(caplog) == ["WARNING"]
        assert caplog.messages[0].endswith("the ASGI application was cancelled")
    await stage.close()


async def test_a_broken_body_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """With the error that was raised, if the application lets it out; else not at all."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"3")))
        if scope["path"] == "/quiet":
            await raised_by(send(LAST))
        else:
            await send(LAST)

    stage = AppStage(app)
    assert await stage.exchange(GET + GET.replace(b"/", b"/quiet", 1)) == 2 * (FAILURE % KEPT)
    assert levels(caplog) == ["ERROR"]
    info: Any = caplog.records[0].exc_info
    assert isinstance(info[1], ContentLengthMismatchError)
    await stage.close()


async def test_a_returned_value_is_ignored_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """What is sent is sent by `send`."""

    async def app(scope: Any, receive: Any, send: Any) -> str:
        await hello(scope, receive, send)
        return "body"

    stage = AppStage(app)
    assert await stage.exchange(GET) == OK
    assert levels(caplog) == ["WARNING"]
    assert caplog.messages[0].endswith(
        "the ASGI application returned str, which is ignored: messages are sent by send()"
    )
    await stage.close()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_an_exit_reaches_the_loop(error: type[BaseException]) -> None:
    """When the client has its 500."""
    received: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    async def main() -> None:
        stage = AppStage(app)
        client = stage.connect()
        client.transport.on_change = lambda: received.append(client.received)
        client.send(GET)
        await asyncio.sleep(10)

    with pytest.raises(error):
        asyncio.run(main())
    assert dateless(received[-1]) == FAILURE % KEPT
    gc.collect()  # asyncio logs the task, whose exception nobody can have retrieved


# -- behind the response --------------------------------------------------------------


async def test_an_application_may_go_on_behind_its_response() -> None:
    """The next request is served meanwhile, with its own task, in order (benoitc/gunicorn#3727)."""
    gate = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        await gate.wait()

    stage = AppStage(app)
    client = stage.send(GET, GET + GET)
    await rounds()
    assert dateless(client.received) == OK * 3
    assert len(stage.mount.calls) == 3
    gate.set()
    await stage.ended()
    await stage.close()


async def test_the_client_may_leave_without_harm() -> None:
    """`receive` says so; the task is not cancelled (Kludex/starlette#1438)."""
    heard: list[Any] = []
    gate = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        await gate.wait()
        heard.append(await receive())

    stage = AppStage(app, cancel_after_disconnect=0)
    client = stage.send(GET)
    await rounds()
    client.reset()
    await rounds(50)
    gate.set()
    await stage.ended()
    assert heard == [DISCONNECT]
    await stage.close()


async def test_closing_waits_for_background_work(caplog: pytest.LogCaptureFixture) -> None:
    """And for every call: then comes 'close'."""
    gate = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        await gate.wait()

    stage = AppStage(app)
    client = stage.send(GET)
    await rounds()
    closing = asyncio.ensure_future(stage.close())
    await rounds(50)
    assert client.closed
    assert not closing.done()
    gate.set()
    await closing
    assert levels(caplog) == []


async def test_a_plain_close_tells_nobody() -> None:
    """Running applications go on; a head that is not fixed says `Connection: close`."""
    gate = asyncio.Event()
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        listening = asyncio.ensure_future(receive())
        await gate.wait()
        heard.append(listening.done())
        await hello(scope, receive, send)

    stage = AppStage(app)
    client = stage.send(GET)
    await rounds()
    closing = stage.server.close()
    await rounds()
    gate.set()
    await closing
    assert heard == [False]
    assert dateless(client.received) == (
        b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    )


async def test_nothing_is_served_behind_connection_close() -> None:
    """Of the client (Kludex/uvicorn#2238)."""
    stage = AppStage(hello)
    client = stage.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + GET)
    await stage.ended()
    assert client.received.count(b"HTTP/1.1 200") == 1
    assert client.closed
    assert len(stage.scopes) == 1
    await stage.close()


async def test_an_early_request_stops_the_keep_alive_clock() -> None:
    """By its first byte (Kludex/uvicorn#824, #2097)."""
    stage = AppStage(hello)
    client = stage.send(GET)
    await stage.ended()
    stage.clock.advance(4000)
    client.send(GET[:5])
    stage.clock.advance(4000)
    client.send(GET[5:])
    await stage.ended()
    assert dateless(client.received) == OK + OK
    stage.clock.advance(7000)
    assert client.closed
    await stage.close()


# -- context and task -----------------------------------------------------------------


async def test_the_task_is_the_current_one() -> None:
    """A new one for each call; anyio cancels it."""
    tasks: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        tasks.append(asyncio.current_task())
        await asyncio.sleep(0)
        assert asyncio.current_task() is tasks[-1]
        await hello(scope, receive, send)

    stage = AppStage(app)
    await stage.exchange(GET)
    await stage.exchange(GET)
    assert len(set(tasks)) == 2
    assert all(isinstance(each, asyncio.Task) for each in tasks)
    await stage.close()


async def test_a_request_runs_in_a_copy_of_the_context_of_listen() -> None:
    """Without a lifespan: what was set before `listen` is seen, what another request has set is not."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(variable.get())
        variable.set(scope["path"])
        await read_body(receive)
        assert variable.get() == scope["path"]
        await hello(scope, receive, send)

    variable.set("set before")
    stage = AppStage(app)
    variable.set("set behind")
    await stage.exchange(GET + GET)
    await stage.exchange(GET)
    assert seen == ["set before"] * 3
    await stage.close()


async def test_a_request_sees_what_the_lifespan_has_set() -> None:
    """pgjones/hypercorn#74, litestar-org/litestar#3781."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            variable.set("of the lifespan")
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            assert variable.get() == "of the lifespan"
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen.append(variable.get())
        variable.set("of a request")
        await hello(scope, receive, send)

    server = asgi.create_server(app, lifespan="on")
    await server.listen(0)
    client = await dial(server)
    client.send(GET + GET)
    await client.until(b"ok" + b"HTTP")
    client.close()
    await server.close()
    assert seen == ["of the lifespan"] * 2
    assert variable.get() != "of the lifespan"


@on_both_loops
async def test_a_hundred_requests_see_only_their_own_variables() -> None:
    """With large bodies, whose pieces come in callbacks of the transport (Kludex/uvicorn#2167)."""
    wrong: list[str] = []
    size = 300_000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if variable.get() != "none":
            wrong.append(variable.get())
        variable.set(scope["path"])
        got = 0
        while True:
            message = await receive()
            got += len(message["body"])
            if variable.get() != scope["path"]:
                wrong.append(variable.get())
            if not message["more_body"]:
                break
        await send(START)
        await send(body(b"%d" % got))

    async def one(number: int) -> None:
        client = await dial(server)
        client.send(b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (number, size))
        client.send(bytes(size))
        await client.until(b"\r\n\r\n%d" % size)
        client.close()

    server = asgi.create_server(app, lifespan="off")
    await server.listen(0)
    for start_at in range(0, 100, 25):
        await asyncio.gather(*map(one, range(start_at, start_at + 25)))
    await server.close()
    assert wrong == []


async def test_the_state_of_one_request_is_not_seen_by_another() -> None:
    """Kludex/uvicorn#1902."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["state"] == {}
        scope["state"]["x"] = 1
        await hello(scope, receive, send)

    stage = AppStage(app)
    assert await stage.exchange(GET + GET) == OK + OK
    await stage.close()


async def test_a_request_that_was_left_before_the_start_runs_no_application() -> None:
    """Its client is gone when the guests have started."""
    stage = AppStage(hello, held=True)
    client = stage.send(GET)
    client.reset()
    await stage.ended()
    assert stage.scopes == []
    await stage.close()
