"""Runs a program with one fault at one point and looks for what is left, lost or said twice."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import logging
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.kit.faulty_transport import HARMLESS, KINDS, TURNS_OF_A_DELAY, FaultyTransport, Plan
from tests.kit.response_reader import MalformedResponseError, read_responses
from writehead import http
from writehead._connection.http1 import Connection
from writehead._loop import listener_tasks as _tasks
from writehead._loop.ticks import ROUNDS

from .ledger import Ledger
from .programs import PROGRAMS, Program

MOST_ROUNDS = 4000


class _AtOnce(concurrent.futures.ThreadPoolExecutor):
    """Reads files inside the call: what takes turns of the loop, and not time, can be counted."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class _Log(logging.Handler):
    """Whatever the library says of its own failures."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@dataclass(slots=True)
class Run:
    """One run of one program."""

    received: bytes = b""
    operations: int = 0
    endings: list[list[str]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def points(program: Program, clean: Run) -> Iterator[tuple[str, int]]:
    """Yield every point: before each byte of the input and behind it, and at each operation of the output."""
    for at in range(len(program.sends) + 1):
        yield "in", at
    for at in range(1, clean.operations + 1):
        yield "out", at


async def play(program: Program, plan: Plan) -> Run:
    """Run `program` once and return what happened; complaints do not look at the bytes of the answers."""
    ledger = Ledger()
    log = _Log()
    logger = logging.getLogger("writehead")
    logger.addHandler(log)
    logger.propagate = False  # a record that somebody keeps would keep the frames of its traceback
    loop = asyncio.get_running_loop()
    surprises: list[str] = []
    loop.set_exception_handler(lambda _loop, context: surprises.append(str(context)))
    timers = _timers(loop)
    run = Run()
    try:
        server = http.create_server(
            lambda req, res: program.handler(req, res, ledger.open(req, res)), **program.options
        )
        server._ready(loop)
        wire = await _converse(server, program, plan)
        run.received, run.operations = bytes(wire.received), wire.operations
        if plan.kind not in ("stop", "cut"):
            run.complaints += await _serves_next(server, program)
        server.close()
        server.close_all_connections()
        await _quiet(wire)
        ledger.alive.append(weakref.ref(wire.get_protocol()))
        wire.set_protocol(asyncio.Protocol())
        del wire
    finally:
        logger.removeHandler(log)
        logger.propagate = True
        loop.set_exception_handler(None)
    run.endings = [account.endings for account in ledger.accounts]
    run.complaints += ledger.complaints(program.options.get("emit_close_after_finish", False))
    run.complaints += surprises
    if not program.fails:
        # A handler that waits for a client who has left hears of it by an error.
        run.complaints += [line for line in log.lines if "ConnectionLostError" not in line]
    else:
        run.complaints += [line for line in log.lines if "later tick failed" in line]
    run.complaints += _left_behind(server, ledger, _timers(loop) - timers)
    return run


async def _converse(server: Any, program: Program, plan: Plan) -> FaultyTransport:
    """Feed the program's bytes; let the fault happen at its point; wait until nothing moves."""
    wire = FaultyTransport(plan, lambda wire: _strike(wire, server))
    protocol = Connection(server._config)
    wire.set_protocol(protocol)
    protocol.connection_made(wire)
    data = program.sends
    at = plan.at if plan.side == "in" and plan.kind else len(data)
    await _feed(wire, data[:at])
    if plan.side == "in" and plan.kind:
        _strike(wire, server)
        if plan.kind == "delay":
            await _ticks(TURNS_OF_A_DELAY + 2)
    if plan.kind != "drop":
        size = 1 if plan.kind == "split" and plan.side == "in" else len(data)
        for position in range(at, len(data), size):
            await _feed(wire, data[position : position + size])
    await _quiet(wire)
    return wire


async def _feed(wire: FaultyTransport, data: bytes) -> None:
    for _ in range(MOST_ROUNDS):
        if wire.is_reading() or wire.is_closing():
            break
        await asyncio.sleep(0)
    wire.feed(data)
    await asyncio.sleep(0)


def _strike(wire: FaultyTransport, server: Any) -> None:
    loop = asyncio.get_running_loop()
    match wire.plan.kind:
        case "split":
            wire.set_room(4099)
        case "delay":
            wire.set_room(0)
            _after(TURNS_OF_A_DELAY, lambda: wire.set_room(1 << 20))
        case "reset":
            loop.call_soon(wire.reset)
        case "fin":
            loop.call_soon(wire.feed_eof)
        case "stall-reset":
            wire.set_room(0)
            _after(TURNS_OF_A_DELAY, wire.reset)
        case "stall":
            wire.set_room(0)
        case "stop":
            server.close()
        case "cut":
            server.close_all_connections()


def _after(count: int, call: Any) -> None:
    loop = asyncio.get_running_loop()
    if count:
        loop.call_soon(_after, count - 1, call)
    else:
        call()


async def _quiet(wire: FaultyTransport) -> None:
    """Let the loop turn until neither bytes nor tasks move any more."""
    still = 0
    enough = (
        ROUNDS if wire.plan.kind == "fin" else TURNS_OF_A_DELAY
    )  # tasks have these to answer behind a FIN
    before: tuple[int, ...] = ()
    for _ in range(MOST_ROUNDS):
        await asyncio.sleep(0)
        now = (len(wire.received), wire.operations, wire.lost, len(asyncio.all_tasks()))
        still = still + 1 if now == before else 0
        before = now
        if still > enough + 6:
            return


async def _ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def _serves_next(server: Any, program: Program) -> list[str]:
    """Whatever happened to one client, the next one is served."""
    plan = Plan()
    wire = await _converse(server, program, plan)
    wire.reset()
    await _quiet(wire)
    try:
        answers, _ = read_responses(bytes(wire.received), program.methods, True)
    except MalformedResponseError as error:
        return [f"the next client got {error}"]
    final = [answer for answer in answers if not answer.informational]
    return [] if len(final) >= program.answers else [f"the next client got {len(final)} answers"]


def _timers(loop: Any) -> int:
    """Count what the loop is to do later (asyncio's own loop)."""
    return sum(not handle.cancelled() for handle in getattr(loop, "_scheduled", ()))


def _left_behind(server: Any, ledger: Ledger, timers: int) -> list[str]:
    found = []
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        found.append(f"tasks left: {tasks}")
    if _tasks.running:
        found.append(f"listeners still running: {_tasks.running}")
    if timers > 0:
        found.append(f"{timers} timers left")
    if server._connection_count:
        found.append(f"{server._connection_count} connections counted")
    gc.collect()
    alive = [ref() for ref in ledger.alive if ref() is not None]
    if alive:
        names = sorted({type(one).__name__ for one in alive})
        holders = [_describe(holder) for holder in gc.get_referrers(alive[0]) if holder is not alive]
        found.append(f"alive: {names}, held by {holders[:4]}")
    return found


def _describe(holder: Any) -> str:
    return f"{type(holder).__name__} {re.sub(r' at 0x[0-9a-f]+', '', repr(holder))[:90]}"


_DATE = re.compile(rb"\r\nDate: [^\r]*")


def compare(program: Program, plan: Plan, run: Run, clean: Run) -> list[str]:
    """Judge the bytes: the same where the fault was harmless, readable in every other case."""
    if plan.kind in HARMLESS:
        got, wanted = _body_view(run.received, program), _body_view(clean.received, program)
        if got == wanted or (program.unsure and got[:-1] == wanted[: len(got) - 1]):
            return []
        return [f"other bytes: {run.received[-80:]!r} for {clean.received[-80:]!r}"]
    try:
        read_responses(run.received, program.methods, True)
    except MalformedResponseError as error:
        return [str(error)]
    return []


def _body_view(data: bytes, program: Program) -> list[Any]:
    """What a client makes of the bytes; how chunks are cut may differ with the timing."""
    answers, rest = read_responses(_DATE.sub(b"", data), program.methods, True)
    return [(a.status, a.reason, a.fields, a.body, a.trailers) for a in answers] + [rest]


async def sweep(program: Program, kinds: tuple[str, ...] = KINDS, stride: int = 1) -> tuple[int, list[str]]:
    """Run `program` with each fault at every `stride`-th point; return how many runs, and the violations."""
    asyncio.get_running_loop().set_default_executor(_AtOnce())
    gc.collect()
    gc.freeze()  # the collections below need not look at what was there before
    try:
        return await _sweep(program, kinds, stride)
    finally:
        gc.unfreeze()


async def _sweep(program: Program, kinds: tuple[str, ...], stride: int) -> tuple[int, list[str]]:
    clean = await play(program, Plan())
    violations = [f"{program.name}, no fault: {text}" for text in clean.complaints]
    answers, _ = read_responses(clean.received, program.methods, True)
    count = sum(not answer.informational for answer in answers)
    if count != program.answers:
        violations.append(
            f"{program.name}, no fault: {count} answers, not {program.answers}: {clean.received[:200]!r}"
        )
    runs = 1
    for kind in kinds:
        for number, (side, at) in enumerate(points(program, clean)):
            if number % stride:
                continue
            plan = Plan(kind, side, at)
            run = await play(program, plan)
            runs += 1
            problems = run.complaints + compare(program, plan, run, clean)
            violations += [f"{program.name}, {kind} {side} {at}: {text}" for text in problems]
    return runs, violations


def by_name(name: str) -> Program:
    """Return the program of that name."""
    return next(program for program in PROGRAMS if program.name == name)
