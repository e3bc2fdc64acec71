"""Each request has a context of its own: nobody's code sees a context variable of another's.

Law: a request, an upgrade and a CONNECT run in a copy of the context of the `listen()` call, and so does everything
that is called for them; connections and servers have theirs.
"""

from __future__ import annotations

import asyncio
import os
from contextvars import ContextVar

import pytest

from tests.kit.exchanges import Life, Link, Program, Stage, draw, play, shrunk, stop
from tests.kit.loops import loop_factory

COUNT = int(os.environ.get("WRITEHEAD_CONTEXT_PROGRAMS", "150"))
BATCH = 50
MANY = 2000

who: ContextVar[str] = ContextVar("who", default="nobody")
place: ContextVar[str] = ContextVar("place", default="nowhere")


class Watch(Stage):
    """Notes who sees what."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.looks = 0
        self.wrong: list[str] = []

    def mark(self, life: Life) -> None:
        """Set the variable to the request's own name."""
        self._look(f"{life.name}: before it is set", {"nobody"})
        who.set(life.name)
        life.marked = True

    def at(self, whose: Life | Link | None, where: str) -> None:
        """A request sees its own name from the moment it is set; a connection its own; the server none."""
        if isinstance(whose, Life):
            name = whose.name
            self._look(f"{name} ({whose.ask.kind}), {where}", {name if whose.marked else "nobody"})
        elif whose is None:
            self._look(where, {"nobody"})
        elif where == "'connection'":
            self._look(f"{whose.name}, {where}", {"nobody"})
            who.set(whose.name)
        else:
            self._look(f"{whose.name}, {where}", self._of(whose))

    def on_socket(self, life: Life, where: str) -> None:
        """What a request has asked the connection for sees its own, or the connection's."""
        assert life.link is not None
        self._look(f"{life.name} ({life.ask.kind}), {where}", self._of(life.link) | {life.name})

    @staticmethod
    def _of(link: Link) -> set[str]:
        """A socket is its connection's, and after an upgrade the request's that has taken it."""
        return {"nobody", link.name} | ({link.taken_by} if link.taken_by else set())

    def _look(self, where: str, allowed: set[str]) -> None:
        self.looks += 1
        if who.get() not in allowed:
            self.wrong.append(f"{where}: {who.get()!r}, not {' or '.join(sorted(allowed))}")
        if place.get() != "where it listens":
            self.wrong.append(f"{where}: not in the context of listen(), but {place.get()}")


async def watched(program: Program) -> list[str]:
    """Run a program, and return what was seen that is another's."""
    stage = Watch(program)
    place.set("where it listens")
    await stage.listen()
    place.set("the test")
    who.set("the test")
    wrong = await play(stage) + await stop(stage)
    assert stage.looks, "nothing has happened"
    return stage.wrong + wrong


def run(program: Program, loop_name: str) -> list[str]:
    """Run a program on a fresh loop, in a context of its own."""
    with asyncio.Runner(loop_factory=loop_factory(loop_name)) as runner:
        return runner.run(watched(program))


def hold(seeds: range, loop_name: str) -> None:
    """Fail with the smallest program found that a seed of these leads to."""
    for seed in seeds:
        wrong = run(draw(seed), loop_name)
        if wrong:
            least = shrunk(draw(seed), lambda program: run(program, loop_name))
            seen = run(least, loop_name) or wrong
            pytest.fail(f"seed {seed}: {least}\n" + "\n".join(seen[:20]))


@pytest.mark.parametrize("loop_name", ["uvloop", "asyncio"])
@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_nobody_sees_a_context_variable_of_another(first: int, loop_name: str) -> None:
    """Whatever is called for a request sees what its handler has set, and never what another has."""
    hold(range(first, min(first + BATCH, COUNT)), loop_name)


@pytest.mark.slow
@pytest.mark.parametrize("loop_name", ["uvloop", "asyncio"])
@pytest.mark.parametrize("first", range(0, MANY, 100))
def test_nobody_sees_a_context_variable_of_another_in_many_programs(first: int, loop_name: str) -> None:
    """As above, with other seeds."""
    hold(range(10_000 + first, 10_000 + first + 100), loop_name)
