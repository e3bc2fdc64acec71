"""Accepting beside other processes: one connection a turn, and no more than a fair share."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from writehead import http
from writehead._server import polite
from writehead._server.neighbours import Neighbours
from writehead._shared.block import Block, State


def rows(*connections: int) -> tuple[Block, list[Any]]:
    """Return a block with a worker that is ready for each number of connections."""
    block = Block.create(rows=8)
    made: list[Any] = []
    for count in connections:
        row = block.take()
        assert row is not None
        row.state, row.beat, row.connections = State.READY, time.monotonic(), count
        made.append(row)
    return block, made


@pytest.mark.parametrize(("connections", "share"), [((0,), 1), ((5, 5), 6), ((1, 2), 3), ((10, 0, 0), 5)])
def test_a_fair_share_is_the_mean_and_one(connections: tuple[int, ...], share: int) -> None:
    """Rounded up, so that somebody always takes what comes."""
    block, made = rows(*connections)
    assert Neighbours(block, made[0]).fair_share() == share
    block.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [("state", State.DRAINING), ("state", State.STARTING), ("full", 1), ("beat", 0.0)],
)
def test_who_takes_none_does_not_count(name: str, value: float) -> None:
    """A worker that starts, drains, is full or blocked leaves its connections to the others."""
    block, made = rows(10, 0)
    setattr(made[1], name, value)
    assert Neighbours(block, made[0]).fair_share() == 11
    block.close()


def test_alone_everything_is_ours() -> None:
    """If nobody else is ready, not even our own row, connections are taken all the same."""
    block, made = rows()
    row = block.take()
    assert row is not None
    assert Neighbours(block, row).fair_share() == 1
    block.close()


class Share(Neighbours):
    """Neighbours that leave us as much as the test says."""

    def __init__(self, share: int) -> None:
        self.share = share
        self.looks = 0

    def publish(self) -> int:
        self.looks += 1
        return 0

    def fair_share(self) -> int:
        return self.share


class Stage:
    """A server with a polite acceptor, and clients."""

    def __init__(self, share: int) -> None:
        self.neighbours = Share(share)
        self.seen: list[object] = []
        self.clients: list[socket.socket] = []

    async def __aenter__(self) -> Stage:
        polite.join(self.neighbours)
        self.server = http.create_server(lambda req, res: res.end("served"))
        self.server.on("connection", self.seen.append)
        await self.server.listen(0, "127.0.0.1")
        found = self.server._acceptor
        assert isinstance(found, polite.PoliteAcceptor)
        self.acceptor = found
        return self

    async def __aexit__(self, *_: object) -> None:
        polite._neighbours = None
        for each in self.clients:
            each.close()
        self.server.close_all_connections()
        await self.server.close()

    def connect(self, count: int = 1) -> None:
        address = self.server.address()
        assert isinstance(address, dict)
        for _ in range(count):
            self.clients.append(socket.create_connection(("127.0.0.1", address["port"])))

    async def until(self, done: Callable[[], object]) -> None:
        while not done():
            await asyncio.sleep(0.001)


@on_both_loops
async def test_one_connection_a_turn() -> None:
    """Each is taken in a turn of its own, so that others get theirs."""
    async with Stage(share=100) as stage:
        stage.connect(5)
        await stage.until(lambda: len(stage.seen) == 5)
        assert stage.neighbours.looks == 5


@on_both_loops
async def test_what_is_anothers_share_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at again and again, and taken when the others have more."""
    monkeypatch.setattr(polite, "WAITED", 1000)
    async with Stage(share=0) as stage:
        stage.connect()
        await stage.until(lambda: stage.neighbours.looks >= 4)
        assert stage.seen == []
        stage.neighbours.share = 1
        await stage.until(lambda: stage.seen)


@on_both_loops
async def test_what_nobody_takes_is_taken() -> None:
    """After some milliseconds manners end, for each that waits."""
    async with Stage(share=0) as stage:
        stage.connect(3)
        await stage.until(lambda: len(stage.seen) == 3)
        assert stage.neighbours.looks > 3


@on_both_loops
async def test_a_queue_that_another_has_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that it was left alone counts anew."""
    monkeypatch.setattr(polite, "WAITED", 1000)
    async with Stage(share=0) as stage:
        stage.connect()
        await stage.until(lambda: stage.neighbours.looks)
        assert stage.acceptor._left_at is not None
        listening = stage.server._listening_socket
        assert listening is not None
        listening.accept()[0].close()
        await stage.until(lambda: stage.acceptor._left_at is None)


@on_both_loops
async def test_short_connections_are_accepted_the_quick_way() -> None:
    """While most live short, there are no manners; when they stay, there are again."""
    async with Stage(share=1000) as stage:
        for _ in range(polite.FEW + 4):
            stage.connect()
            await stage.until(lambda: len(stage.seen) == len(stage.clients))
            stage.clients[-1].close()
        await stage.until(lambda: stage.acceptor._quick)
        stage.connect(4)
        await stage.until(lambda: len(stage.seen) == len(stage.clients))
        await stage.until(lambda: not stage.acceptor._quick)
        looks = stage.neighbours.looks
        stage.connect()
        await stage.until(lambda: stage.neighbours.looks > looks)


@on_both_loops
async def test_a_stop_takes_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was left to others is accepted before the socket is closed."""
    monkeypatch.setattr(polite, "WAITED", 1000)
    async with Stage(share=0) as stage:
        stage.connect(2)
        await stage.until(lambda: stage.neighbours.looks)
        assert len(stage.acceptor.take_waiting()) == 2
        await stage.until(lambda: len(stage.seen) == 2)
