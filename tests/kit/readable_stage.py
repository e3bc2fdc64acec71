"""The scenarios of test_readable.py, played on `Readable`; readable_peer.js plays them on Node's.

A scenario is {"mark": bytes, "supply": pieces pushed inside `_want`, "steps": [[op, ...], ...]}: the ops of
a step run in one turn, and all their later turns are over before the next step.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

from tests.kit.node import HERE, run_on_node
from writehead._loop.ticks import tick_queue
from writehead._streams.readable import Readable
from writehead.events import EventEmitter


def told(value: Any) -> str:
    """Write a value as readable_peer.js does."""
    if isinstance(value, bytes):
        return "b:" + value.decode("latin-1")
    if isinstance(value, str):
        return "s:" + value
    if isinstance(value, BaseException):
        return getattr(value, "code", None) or str(value)
    return str(value)


class Source(Readable):
    """A request without its connection: closes itself after 'end'."""

    def __init__(self, mark: int = 65536, supply: list[str | None] | None = None) -> None:
        self._high_water_mark = mark
        self.supply = supply
        self.wanted = 0
        self.set_max_listeners(0)

    def _want(self) -> None:
        self.wanted += 1
        if self.supply:
            piece = self.supply.pop(0)
            if piece is None:
                self._push_end()
            else:
                self._push(piece.encode("latin-1"))

    def _ended(self) -> None:
        self.destroy()


class Dest(EventEmitter):
    """A destination that says yes, no, or fails, as it was told to."""

    def __init__(self, id: str, answers: list[Any], log: list[str]) -> None:
        self.id = id
        self.answers = answers
        self.log = log
        self.set_max_listeners(0)
        self.on("pipe", lambda source: log.append(f"pipe {id}"))
        self.on("unpipe", lambda source: log.append(f"unpipe {id}"))
        self.on("error", lambda error: log.append(f"error {id} {told(error)}"))

    def write(self, chunk: Any) -> Any:
        self.log.append(f"write {self.id} {told(chunk)}")
        answer = self.answers.pop(0) if self.answers else True
        if answer == "throw":
            raise RuntimeError("failed")
        return answer

    def end(self) -> None:
        self.log.append(f"end {self.id}")
        self.emit("finish")

    def destroy(self, error: BaseException) -> None:
        self.log.append(f"destroy {self.id} {told(error)}")


class Stage:
    """One scenario in play, and its log."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self.log: list[str] = []
        self.source = Source(scenario["mark"], scenario.get("supply"))
        self.dests: dict[str, Dest] = {}
        self.listeners: dict[str, Any] = {}
        self.tasks: list[asyncio.Task[None]] = []
        self.source.on("error", lambda error: self.log.append(f"error {told(error)}"))
        self.source.on("close", lambda: self.log.append("close"))
        self.depth = 0
        self.fuel = 8  # some scenarios would go on for ever

    def listener(self, event: str, id: str, ops: list[Any]) -> Any:
        def listener(*values: Any) -> None:
            self.log.append(f"{event} @{id}" + (" " + told(values[0]) if event == "data" else ""))
            if self.depth < 4 and self.fuel > 0:
                self.fuel -= 1
                self.depth += 1
                self.play(ops)
                self.depth -= 1

        self.listeners[id] = listener
        return listener

    def play(self, ops: list[Any]) -> None:
        for verb, *args in ops:
            self.one(verb, args)

    def one(self, verb: str, args: list[Any]) -> None:
        source = self.source
        if verb in ("pipe", "unpipe", "tell") and args and args[0] not in self.dests:
            return  # the listener that makes it was not called
        if verb == "push":
            if not source._end_state:
                source._push(args[0].encode("latin-1"))
        elif verb == "end":
            source._push_end()
        elif verb in ("on", "once", "prependListener"):
            getattr(source, verb)(args[0], self.listener(*args))
        elif verb == "off":
            if args[1] in self.listeners:
                source.off(args[0], self.listeners[args[1]])
        elif verb == "removeAll":
            source.remove_all_listeners(*args)
        elif verb in ("pause", "resume"):
            getattr(source, verb)()
        elif verb == "read":
            self.log.append("read " + told(source.read(*args)))
        elif verb == "unshift":
            piece = args[0] if len(args) > 1 else args[0].encode("latin-1")
            self.log.append("unshift " + told(source.unshift(piece)))
        elif verb == "setEncoding":
            source.set_encoding(args[0])
        elif verb == "dest":
            self.dests[args[0]] = Dest(args[0], list(args[1]), self.log)
        elif verb == "pipe":
            source.pipe(self.dests[args[0]], end=args[1])
        elif verb == "unpipe":
            source.unpipe(*(self.dests[id] for id in args))
        elif verb == "tell":
            self.dests[args[0]].emit(args[1], *([RuntimeError("bad")] if args[1] == "error" else []))
        elif verb == "destroy":
            source.destroy(*(RuntimeError(text) for text in args))
        elif verb == "iterate":
            self.tasks.append(asyncio.get_running_loop().create_task(self.iterate(*args)))
        else:
            raise ValueError(verb)

    async def iterate(self, id: str, count: int) -> None:
        try:
            async for chunk in self.source:
                self.log.append(f"chunk {id} {told(chunk)}")
                count -= 1
                if count == 0:
                    break
            self.log.append(f"over {id}")
        except Exception as error:
            self.log.append(f"raised {id} {told(error)}")

    def state(self) -> str:
        s = self.source
        facts = (
            s.readable_flowing,
            s.is_paused(),
            s.readable_length,
            s.readable,
            s.readable_ended,
            s.destroyed,
        )
        facts += (s.readable_did_read, s.readable_aborted, s.closed, s.readable_encoding, s.errored)
        return " ".join(map(told, facts))


async def play(scenario: dict[str, Any]) -> list[str]:
    """Return the log of a scenario."""
    scenario = json.loads(json.dumps(scenario))  # its lists are used up
    stage = Stage(scenario)
    for step in scenario["steps"]:
        current = tick_queue()
        current.hold()  # as a connection does around a packet
        stage.play(step)
        stage.log.append("--")
        current.run()
        for _ in range(30):  # turns of tasks that wake each other
            await asyncio.sleep(0)
        stage.log.append("= " + stage.state())
    for task in stage.tasks:
        task.cancel()
    return stage.log


def play_on_node(scenarios: list[dict[str, Any]]) -> list[list[str]]:
    """Return the logs of Node."""
    logs: list[list[str]] = run_on_node(HERE / "readable_peer.js", given=scenarios)
    return logs


class Author:
    """Writes scenarios at random; the same for the same seed."""

    def __init__(self, seed: int, iterating: bool = False, supplying: bool = False) -> None:
        self.random = random.Random(seed)
        self.iterating = iterating
        self.supplying = supplying
        self.ids = 0
        self.listening: list[tuple[str, str]] = []
        self.dests: list[str] = []

    def scenario(self) -> dict[str, Any]:
        mark = self.random.choice((1, 4, 6, 65536))
        steps = [self.ops(self.random.randint(1, 4)) for _ in range(self.random.randint(2, 6))]
        if self.iterating:
            steps.insert(
                self.random.randrange(len(steps)), [["iterate", "i", self.random.choice((0, 1, 2, 9))]]
            )
        if self.random.random() < 0.7:
            steps += [[["end"]], [["resume"]], []]
        scenario = {"mark": mark, "steps": steps}
        if self.supplying:
            scenario["supply"] = self.random.choices(("a", "bc", "def", "ghijk"), k=self.random.randint(1, 6))
            scenario["supply"] += self.random.choice(([], [None]))
        return scenario

    def ops(self, count: int, depth: int = 0) -> list[Any]:
        return [self.op(depth) for _ in range(count)]

    def op(self, depth: int) -> list[Any]:
        pick = self.random.choice
        kind = self.random.choices(
            ("push", "listen", "mode", "read", "off", "pipe", "unshift", "encode", "end", "destroy", "all"),
            (30, 18, 20, 12, 6, 6, 4, 2, 4, 2, 1),
        )[0]
        if kind == "push":
            return ["push", pick(("a", "bc", "def", "ghijk", "\xc3\xa9", "\xc3"))]
        if kind == "listen":
            return self.listen(depth)
        if kind == "mode":
            return [pick(("pause", "resume", "resume"))]
        if kind == "read":
            return ["read", *pick(((), (), (0,), (1,), (3,), (9,)))]
        if kind == "off" and self.listening:
            return ["off", *pick(self.listening)]
        if kind == "pipe":
            return self.pipe()
        if kind == "unshift":
            return ["unshift", pick(("x", "yz")), "as text"]
        if kind == "encode":
            return ["setEncoding", pick(("utf8", "latin1", "hex"))]
        if kind == "end":
            return ["end"]
        if kind == "destroy":
            return ["destroy", *pick(((), ("broken",)))]
        return ["removeAll", pick(("data", "readable"))] if kind == "all" else ["read"]

    def listen(self, depth: int) -> list[Any]:
        event = self.random.choice(("data", "data", "readable", "readable", "end", "pause", "resume"))
        self.ids += 1
        id = f"{event}{self.ids}"
        self.listening.append((event, id))
        verb = self.random.choice(("on", "on", "on", "once", "prependListener"))
        ops = self.ops(self.random.randint(0, 2), depth + 1) if depth < 2 else []
        return [verb, event, id, ops]

    def pipe(self) -> list[Any]:
        if not self.dests or self.random.random() < 0.4:
            id = "d" + str(len(self.dests))
            self.dests.append(id)
            return ["dest", id, [self.random.choice((True, True, False)) for _ in range(4)]]
        dest = self.random.choice(self.dests)
        return self.random.choice(
            (
                ["pipe", dest, self.random.random() < 0.7],
                ["pipe", dest, True],
                ["unpipe", dest],
                ["unpipe"],
                ["tell", dest, "drain"],
                ["tell", dest, "close"],
            )
        )
