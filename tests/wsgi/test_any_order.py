"""Many clients at once, that send, read and leave as they like: every thread comes back, and nobody gets another's bytes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Iterator
from typing import Any

from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import dial, hosted, mount_of, until


def app(environ: Any, start_response: Any) -> Iterable[bytes]:
    """Do what the target says: read so much, wait, answer in so many pieces of such a size, or fail."""
    name, read, pieces, size, way = environ["PATH_INFO"][1:].split("-")
    body = environ["wsgi.input"].read(int(read))
    assert body == name.encode()[:1] * len(body)
    if way == "sleep":
        time.sleep(0.002)
    if way == "raise":
        raise ValueError(name)
    headers = [("X-Name", name)]
    if way == "write":
        write = start_response("200 OK", headers)
        for _ in range(int(pieces)):
            write(name.encode()[:1] * int(size))
        return []
    start_response("200 OK", headers)
    given = [name.encode()[:1] * int(size)] * int(pieces)
    if way == "list":
        return given
    return Pieces(given, way == "late")


class Pieces:
    """An iterable that is closed, and may fail at its end."""

    def __init__(self, pieces: list[bytes], fails: bool) -> None:
        self.pieces = pieces
        self.fails = fails

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.fails:
            raise ValueError("late")

    def close(self) -> None:
        if self.fails:
            raise ValueError("closing")


async def visit(server: Any, chance: random.Random, name: str) -> None:
    """Send a request, all of it or a part, read all of the response or a part, and leave."""
    size = chance.choice([0, 0, 3, 1000, 100_000])
    target = "-".join(
        map(
            str,
            (
                name,
                chance.choice([0, 10, 1_000_000]),
                chance.choice([0, 1, 5]),
                chance.choice([1, 1000, 50_000]),
                chance.choice(["list", "list", "pieces", "write", "sleep", "raise", "late"]),
            ),
        )
    )
    head = f"POST /{target} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    data = head.encode() + name.encode()[:1] * size
    client = await dial(server)
    try:
        if chance.random() < 0.3:
            data = data[: chance.randint(1, len(data))]
        client.send(data[: len(data) // 2])
        await asyncio.sleep(0)
        client.send(data[len(data) // 2 :])
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() / 200)
            return
        got = await asyncio.wait_for(client.rest(), 0.1)
        if b"X-Name" in got:
            assert b"X-Name: " + name.encode() in got
            body = got.partition(b"\r\n\r\n")[2]
            assert not set(body) - set(name.encode()[:1] + b"0123456789abcdef\r\n<reset>")
    except (TimeoutError, ConnectionError):
        return
    finally:
        if not client.writer.is_closing():
            client.abort()


@on_both_loops
async def test_every_thread_comes_back() -> None:
    """Whatever the clients and the app do, and the limits hold."""
    chance = random.Random(42)
    async with hosted(app, threads=4, max_waiting=20) as server:
        mount = mount_of(server)
        names = [f"{letter}{number}" for number in range(12) for letter in "ghijklmnopqrstuvwxyz"]
        for at in range(0, len(names), 30):
            await asyncio.gather(*(visit(server, chance, name) for name in names[at : at + 30]))
            assert mount.waiting <= 20
        await until(lambda: not (mount.running or mount.waiting))
        await until(lambda: not server._connection_count)
        dispatcher: Any = mount._dispatcher
        await until(lambda: len(dispatcher._pool._resting) == len(dispatcher._pool._workers) <= 4)
        assert not dispatcher._pool._jobs
