"""The lifespan of an application: its startup before the first request, its shutdown behind the last."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.kit.apps import GET, hello, raised_by, rounds
from tests.kit.loops import on_both_loops
from tests.kit.programs import python
from tests.kit.raw_client import dial
from writehead import asgi, http, testing
from writehead.errors import ASGIMessageError, ASGIStateError, LifespanError

COMPLETE = {"type": "lifespan.startup.complete"}
STOPPED = {"type": "lifespan.shutdown.complete"}


def levels(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records if record.name == "writehead"]


class Lives:
    """An application with a lifespan, which notes what it goes through."""

    def __init__(self, name: str = "app", log: list[Any] | None = None) -> None:
        self.name = name
        self.log: list[Any] = [] if log is None else log
        self.scopes: list[Any] = []
        self.gate: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            self.scopes.append(scope)
            await hello(scope, receive, send)
            return
        self.lifespan = scope
        self.send = send
        self.receive = receive
        await self.live(scope, receive, send)

    async def live(self, scope: Any, receive: Any, send: Any) -> None:
        assert await receive() == {"type": "lifespan.startup"}
        self.log.append(f"{self.name} starts")
        if self.gate is not None:
            await self.gate.wait()
        await send(COMPLETE)
        assert await receive() == {"type": "lifespan.shutdown"}
        self.log.append(f"{self.name} stops")
        await send(STOPPED)


def app_of(live: Any) -> Any:
    """Return an application with this lifespan, which responds to requests."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(scope, receive, send)
        else:
            await hello(scope, receive, send)

    return app


async def serves(server: Any) -> bool:
    """Tell whether a request is answered by the application."""
    client = await dial(server)
    client.send(GET)
    received = await client.until(b"\r\n\r\n")
    client.close()
    return received.startswith(b"HTTP/1.1 200 OK")


# -- order -------------------------------------------------------------------------


@on_both_loops
async def test_applications_start_in_order_and_stop_in_reverse() -> None:
    """Before 'listening', and before 'close'."""
    log: list[Any] = []
    server = http.create_server()
    server.on("listening", lambda: log.append("listening"))
    server.on("close", lambda: log.append("close"))
    for name in ("first", "second"):
        asgi.attach(server, Lives(name, log), path="/" + name)
    await server.listen(0)
    assert log == ["first starts", "second starts", "listening"]
    await server.close()
    assert log[3:] == ["second stops", "first stops", "close"]


@on_both_loops
async def test_the_scope_of_a_lifespan() -> None:
    """Its keys, and a namespace that each request gets a shallow copy of."""
    app = Lives()
    server = asgi.create_server(app)
    await server.listen(0)
    assert app.lifespan == {
        "type": "lifespan",
        "asgi": {"version": "3.0", "spec_version": "2.0"},
        "state": {},
    }
    shared: list[int] = []
    app.lifespan["state"]["pool"] = shared
    mount: Any = server._guests._attached[0]  # type: ignore[union-attr]
    assert mount.state is app.lifespan["state"]
    await serves(server)
    await serves(server)
    first, second = (scope["state"] for scope in app.scopes)
    assert first == second == {"pool": shared}
    assert first["pool"] is shared
    assert first is not second
    first["x"] = 1
    assert mount.state == {"pool": shared}
    await server.close()


@on_both_loops
async def test_shutdown_waits_for_the_last_task() -> None:
    """Not only for the last connection."""
    gate = asyncio.Event()
    log: list[Any] = []

    class Slow(Lives):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await super().__call__(scope, receive, send)
            if scope["type"] == "http":
                await gate.wait()
                log.append("background done")

    server = asgi.create_server(Slow(log=log))
    await server.listen(0)
    await serves(server)
    closing = asyncio.ensure_future(_close(server))
    await asyncio.sleep(0.02)
    assert log == ["app starts"]
    gate.set()
    await closing
    assert log == ["app starts", "background done", "app stops"]


async def _close(server: Any) -> None:
    await server.close()


@on_both_loops
async def test_listening_again_is_a_new_lifespan() -> None:
    """With a new and empty state."""
    app = Lives()
    server = asgi.create_server(app)
    states = []
    for _ in range(2):
        await server.listen(0)
        assert app.lifespan["state"] == {}
        app.lifespan["state"]["x"] = 1
        states.append(app.lifespan["state"])
        await server.close()
    assert states[0] is not states[1]
    assert app.log == ["app starts", "app stops"] * 2


@on_both_loops
async def test_an_application_that_is_attached_late_starts_at_once() -> None:
    """It takes requests when its startup is complete."""
    server = http.create_server()
    await server.listen(0)
    app = Lives()
    app.gate = asyncio.Event()
    asgi.attach(server, app)
    await rounds()
    assert app.log == ["app starts"]
    assert not await serves(server)
    app.gate.set()
    await rounds()
    assert await serves(server)
    await server.close()
    assert app.log == ["app starts", "app stops"]


@on_both_loops
async def test_a_detached_application_is_shut_down_with_the_server() -> None:
    """It takes no new requests; nothing else."""
    app = Lives()
    server = http.create_server()
    mount = asgi.attach(server, app)
    await server.listen(0)
    assert await serves(server)
    mount.detach()
    assert not await serves(server)
    assert app.log == ["app starts"]
    await server.close()
    assert app.log == ["app starts", "app stops"]


async def test_in_memory_it_begins_with_the_first_connection() -> None:
    """And ends with `close`."""
    app = Lives()
    server = asgi.create_server(app)
    assert app.log == []
    client = testing.connect(server)
    assert (await client.request("GET", "/")).text == "ok"
    assert app.log == ["app starts"]
    await server.close()
    assert app.log == ["app starts", "app stops"]


def test_the_context_manager_and_run_wait_for_the_shutdown() -> None:
    """`async with`; and `http.run()`, see below."""
    app = Lives()

    async def main() -> None:
        async with asgi.create_server(app) as server:
            await server.listen(0)
        assert app.log == ["app starts", "app stops"]

    asyncio.run(main())


# -- the table of the startup --------------------------------------------------------


async def complete(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(COMPLETE)
    await receive()
    await send(STOPPED)


async def failed(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def failed_without_message(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed"})


async def failed_and_raises(scope: Any, receive: Any, send: Any) -> None:
    await failed(scope, receive, send)
    raise ValueError("of the database")


async def raises_at_once(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError


async def raises_late(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    scope["state"]["left"] = 1
    raise ValueError("in the middle")


async def returns(scope: Any, receive: Any, send: Any) -> None:
    scope["state"]["left"] = 1


@pytest.mark.parametrize(
    ("mode", "live", "outcome", "logged"),
    [
        ("auto", complete, None, []),
        ("on", complete, None, []),
        ("off", failed, None, []),
        ("auto", failed, "no database", []),
        ("on", failed, "no database", []),
        (
            "auto",
            failed_without_message,
            "the ASGI application sent 'lifespan.startup.failed', without a message",
            [],
        ),
        (
            "on",
            failed_without_message,
            "the ASGI application sent 'lifespan.startup.failed', without a message",
            [],
        ),
        ("auto", failed_and_raises, "no database", []),
        ("auto", raises_at_once, None, ["DEBUG"]),
        ("on", raises_at_once, "the ASGI application raised ValueError", []),
        ("auto", raises_late, None, ["WARNING"]),
        ("on", raises_late, "the ASGI application raised ValueError: in the middle", []),
        ("auto", returns, None, ["DEBUG"]),
        ("on", returns, "the ASGI application returned before it sent 'lifespan.startup.complete'", []),
    ],
)
async def test_what_becomes_of_a_startup(
    mode: Any, live: Any, outcome: str | None, logged: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It goes on, or fails with the text of the application, its cause kept."""
    caplog.set_level(logging.DEBUG, "writehead")
    server = asgi.create_server(app_of(live), lifespan=mode)
    mount: Any = server._guests._attached[0]  # type: ignore[union-attr]
    error = await raised_by(_listen(server))
    assert levels(caplog) == logged
    if outcome is None:
        assert error is None
        assert mount.state == {}
        assert await serves(server)
        await server.close()
        return
    assert isinstance(error, LifespanError)
    assert isinstance(error, RuntimeError)
    assert (error.phase, error.code) == ("startup", "ERR_ASGI_LIFESPAN")
    assert str(error) == error.message == outcome
    raises = live in (raises_at_once, raises_late, failed_and_raises)
    assert isinstance(error.__cause__, ValueError) == raises
    assert not server.listening


async def _listen(server: Any) -> None:
    await server.listen(0)


async def test_a_failed_startup_shuts_down_those_before_it() -> None:
    """In reverse."""
    log: list[Any] = []
    server = http.create_server()
    errors: list[Any] = []
    server.on("error", errors.append)
    for name in ("first", "second"):
        asgi.attach(server, Lives(name, log), path="/" + name)
    asgi.attach(server, app_of(failed))
    error = await raised_by(_listen(server))
    assert log == ["first starts", "second starts", "second stops", "first stops"]
    assert errors == [error]


async def test_a_startup_may_take_as_long_as_it_likes() -> None:
    """There is no hidden limit (pgjones/hypercorn#28); with one, the task is cancelled and `listen` fails."""
    ended: list[str] = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    server = asgi.create_server(app_of(slow))
    assert server._guests._attached[0]._startup_timeout == 0  # type: ignore[union-attr, attr-defined]
    server = asgi.create_server(app_of(slow), lifespan_startup_timeout=20)
    error = await raised_by(_listen(server))
    assert str(error) == "the startup of the ASGI application was not complete within 20 ms"
    assert ended == ["cancelled"]


@on_both_loops
async def test_a_close_during_the_startup_cancels_it() -> None:
    """Waits for it, and then closes; nothing is logged."""
    log: list[str] = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        log.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append("cancelled")

    server = asgi.create_server(app_of(slow))
    server.on("close", lambda: log.append("close"))
    server.listen(0)
    while not log:
        await asyncio.sleep(0)
    await server.close()
    assert log == ["begun", "cancelled", "close"]


# -- while it serves -------------------------------------------------------------------


@pytest.mark.parametrize("raises", [True, False])
async def test_an_end_while_serving_is_logged_at_once(raises: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The server goes on; no shutdown message comes."""
    gate = asyncio.Event()

    async def short(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(COMPLETE)
        await gate.wait()
        if raises:
            raise ValueError

    server = asgi.create_server(app_of(short), lifespan="on")
    await server.listen(0)
    assert levels(caplog) == []
    gate.set()
    await rounds()
    assert levels(caplog) == ["ERROR"]
    what = "failed in" if raises else "returned from"
    assert caplog.messages == [f"the ASGI application {what} its lifespan while the server runs"]
    assert await serves(server)
    await server.close()
    assert levels(caplog) == ["ERROR"]


# -- the shutdown ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"message": "no flush"}, "no flush"),
        ({}, "the ASGI application sent 'lifespan.shutdown.failed', without a message"),
        (None, "the ASGI application raised ValueError: in the shutdown"),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "on"])
async def test_a_shutdown_that_fails_is_logged(
    mode: Any, message: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With `on`, closing raises it; the rest of the closing goes on."""
    closed: list[str] = []

    async def live(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(COMPLETE)
        await receive()
        if message is None:
            raise ValueError("in the shutdown")
        await send({"type": "lifespan.shutdown.failed", **message})

    server = asgi.create_server(app_of(live), lifespan=mode)
    server.on("close", lambda: closed.append("close"))
    await server.listen(0)
    error = await raised_by(_close(server))
    assert levels(caplog) == ["ERROR"]
    assert caplog.messages == [f"the shutdown of the ASGI application failed: {text}"]
    assert closed == ["close"]
    if mode == "auto":
        assert error is None
    else:
        assert isinstance(error, LifespanError)
        assert (error.phase, str(error)) == ("shutdown", text)
        assert isinstance(error.__cause__, ValueError) == (message is None)


async def test_a_shutdown_has_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    """Then the task is cancelled."""
    ended: list[str] = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(COMPLETE)
        await receive()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    server = asgi.create_server(app_of(slow), lifespan_shutdown_timeout=20)
    await server.listen(0)
    await server.close()
    assert ended == ["cancelled"]
    assert caplog.messages == [
        (
            "the shutdown of the ASGI application failed: "
            "the shutdown of the ASGI application was not complete within 20 ms"
        )
    ]


async def test_the_end_of_the_task_ends_the_shutdown(caplog: pytest.LogCaptureFixture) -> None:
    """Also without a message."""

    async def live(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(COMPLETE)
        await receive()

    server = asgi.create_server(app_of(live), lifespan="on")
    await server.listen(0)
    await server.close()
    assert levels(caplog) == []


async def test_receive_behind_the_shutdown_waits_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """Until it is cancelled, and that is quiet (pgjones/hypercorn#50, #258)."""
    ended: list[str] = []

    async def live(scope: Any, receive: Any, send: Any) -> None:
        try:
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
        finally:
            ended.append("over")

    server = asgi.create_server(app_of(live), lifespan="on")
    await server.listen(0)
    await asyncio.wait_for(_close(server), 0.9)  # no grace is waited for
    assert ended == ["over"]
    assert levels(caplog) == []


async def test_what_stands_behind_the_last_message_is_run() -> None:
    """The task comes to its end before 'close'."""
    log: list[str] = []

    async def live(scope: Any, receive: Any, send: Any) -> None:
        await complete(scope, receive, send)
        await asyncio.sleep(0.01)
        log.append("end")

    server = asgi.create_server(app_of(live))
    server.on("close", lambda: log.append("close"))
    await server.listen(0)
    await server.close()
    assert log == ["end", "close"]


# -- misuse --------------------------------------------------------------------------------


async def test_messages_that_do_not_fit_are_refused() -> None:
    """Unknown types and malformed messages too."""
    errors: list[Any] = []

    async def live(scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            errors.append(await raised_by(send(message)))

        await note(STOPPED)
        await note({"type": "http.response.start"})
        await note({})
        await note({"type": "lifespan.startup.failed", "message": 5})
        await receive()
        await send(COMPLETE)
        await note(COMPLETE)
        await note({"type": "lifespan.startup.failed"})
        await note(STOPPED)
        await receive()
        await note(COMPLETE)
        await send(STOPPED)
        await note(STOPPED)

    server = asgi.create_server(app_of(live), lifespan="on")
    await server.listen(0)
    await server.close()
    assert [type(each) for each in errors] == [
        ASGIStateError,
        ASGIMessageError,
        ASGIMessageError,
        ASGIMessageError,
        ASGIStateError,
        ASGIStateError,
        ASGIStateError,
        ASGIStateError,
        ASGIStateError,
    ]
    assert str(errors[0]) == (
        "The ASGI message 'lifespan.shutdown.complete' does not fit: the startup is not complete; "
        "expected 'lifespan.startup.complete'"
    )


# -- the program -----------------------------------------------------------------------------

PROGRAM = """
import asyncio, sys
from writehead import asgi, http

async def app(scope, receive, send):
    assert scope["type"] == "lifespan"
    await receive()
    {startup}
    await send({{"type": "lifespan.startup.complete"}})
    print("started", flush=True)
    await receive()
    await asyncio.sleep(0.01)
    print("stopped", flush=True)
    await send({{"type": "lifespan.shutdown.complete"}})

server = asgi.create_server(app)
server.listen(0, "127.0.0.1")
http.run()
"""


def test_run_waits_for_the_shutdown() -> None:
    """After a signal; nothing is logged (pgjones/hypercorn#50)."""
    with python("-c", PROGRAM.format(startup="pass")) as program:
        assert program.line() == "started"
        assert program.stop() == 0
        assert program.rest() == ["stopped"]
        assert program.errors() == ""


def test_run_raises_what_fails_the_startup() -> None:
    """Without a hang (emmett-framework/granian#147)."""
    failing = "await send({'type': 'lifespan.startup.failed'}); return"
    with python("-c", PROGRAM.format(startup=failing)) as program:
        assert program.wait() == 1
        assert (
            program.errors()
            .strip()
            .endswith("LifespanError: the ASGI application sent 'lifespan.startup.failed', without a message")
        )


def test_a_signal_during_the_startup_ends_it() -> None:
    """At once."""
    slow = "print('starting', flush=True); await asyncio.Event().wait()"
    with python("-c", PROGRAM.format(startup=slow)) as program:
        assert program.line() == "starting"
        assert program.stop() == 0
        assert program.errors() == ""
