"""Whatever listener or callback of the user's raises, or removes all others: what is waited for ends, and nothing stays.

Law: a failure of one piece of user code takes nothing from another's, nor from the library's own bookkeeping.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from typing import Any

import pytest

from tests.kit.exchanges import Life, Link, Planned, Program, Stage, draw, play, shrunk, stop
from tests.kit.loops import loop_factory
from writehead._loop import listener_tasks as _tasks

COUNT = int(os.environ.get("WRITEHEAD_RAISING_PROGRAMS", "100"))
BATCH = 25
MANY = 2000
RAISES = 0.12
REMOVES = 0.03


class Unruly(Stage):
    """Raises, or removes listeners, at points that depend on the seed and on nothing else."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.seen: Counter[str] = Counter()
        self.did: list[str] = []

    def at(self, whose: Life | Link | None, where: str) -> None:
        """Throw the dice of this place and time."""
        place = f"{'server' if whose is None else whose.name}, {where}"
        self.seen[place] += 1
        dice = random.Random(f"{self.program.seed} {place} {self.seen[place]}").random()
        if dice < RAISES:
            self.did.append(f"raised: {place}")
            raise Planned(place)
        if dice < RAISES + REMOVES and isinstance(whose, Life) and whose.req is not None:
            self.did.append(f"removed: {place}")
            self._remove(whose, dice)

    def on_socket(self, life: Life, where: str) -> None:
        """The same."""
        self.at(life, where)

    @staticmethod
    def _remove(life: Life, dice: float) -> None:
        """Remove all listeners of the request, the response or the socket."""
        which = int(dice * 1e6) % 3
        if which == 2 and life.link is not None and life.req.socket is not None:
            life.link.deaf = True
            life.req.socket.remove_all_listeners()
            return
        life.deaf = True
        (life.req if which == 0 or life.res is None else life.res).remove_all_listeners()


def ends(stage: Stage) -> list[str]:
    """Return what was said too often, or not at all."""
    found = []
    for life in stage.lives.values():
        if life.req is None:
            continue
        said = Counter(life.said)
        name = f"{life.name} ({life.ask.kind})"
        found += [f"{name}: {what!r} {count} times" for what, count in said.items() if count > 1]
        if life.deaf or life.res is None:
            continue
        finished, closed = said["res finish"], said["res close"]
        both = stage.program.close_after_finish
        if not (finished or closed) or (finished and closed and not both) or (both and not closed):
            found.append(f"{name}: {life.said}")
        # Node: once the socket is taken, requests read before are not told of its end; their responses are.
        taken = life.link is not None and life.link.taken_by
        if not (finished or taken) and said["req close"] != 1:
            found.append(f"{name}: not answered, and {life.said}")
    links = set(stage.links.values())
    found += [
        f"{link.name}: {link.closes} times 'close'" for link in links if link.closes != 1 and not link.deaf
    ]
    return found


def left(server: Any) -> list[str]:
    """Return what the server still holds."""
    groups = {
        seconds: group.members for seconds, group in server._config.timers._groups.items() if group.members
    }
    held = {
        "connections": server._connections,
        "handshakes": getattr(server, "_handshakes", None),
        "timers": groups,
        "running listeners": _tasks.running,
        "tasks": asyncio.all_tasks() - {asyncio.current_task()},
    }
    return [f"{name} left: {what}" for name, what in held.items() if what]


async def endured(program: Program) -> list[str]:
    """Run a program, and return what went wrong."""
    surprises: list[str] = []

    def surprised(_loop: Any, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), Planned) or "protocol" in context:
            surprises.append(f"the loop was told: {context}")

    asyncio.get_running_loop().set_exception_handler(surprised)
    stage = Unruly(program)
    await stage.listen()
    found = await play(stage) + await stop(stage)
    found += ends(stage) + left(stage.server) + surprises
    return found + ([f"after: {did}" for did in stage.did] if found else [])


def run(program: Program, loop_name: str) -> list[str]:
    """Run a program on a fresh loop."""
    with asyncio.Runner(loop_factory=loop_factory(loop_name)) as runner:
        return runner.run(endured(program))


def hold(seeds: range, loop_name: str) -> None:
    """Fail with the smallest program found that a seed of these leads to."""
    for seed in seeds:
        wrong = run(draw(seed), loop_name)
        if wrong:
            least = shrunk(draw(seed), lambda program: run(program, loop_name))
            seen = run(least, loop_name) or wrong
            pytest.fail(f"seed {seed}: {least}\n" + "\n".join(seen[:30]))


@pytest.mark.parametrize("loop_name", ["uvloop", "asyncio"])
@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_user_code_may_raise_anywhere(first: int, loop_name: str) -> None:
    """Every wait ends, every ending is told once, and the server holds nothing at the end."""
    hold(range(first, min(first + BATCH, COUNT)), loop_name)


@pytest.mark.slow
@pytest.mark.parametrize("loop_name", ["uvloop", "asyncio"])
@pytest.mark.parametrize("first", range(0, MANY, 100))
def test_user_code_may_raise_anywhere_in_many_programs(first: int, loop_name: str) -> None:
    """As above, with other seeds."""
    hold(range(10_000 + first, 10_000 + first + 100), loop_name)
