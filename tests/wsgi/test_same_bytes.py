"""A WSGI app and the same program in Node's style give the same bytes, whatever the response is."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import dial, hosted
from writehead import http
from writehead.http import STATUS_CODES

NAMES = ["A", "b-c", "X-Long-Name", "Content-Type", "ETag", "Date", "Set-Cookie", "Location", "Server"]
VALUES = ["", "x", "text/plain; charset=utf-8", "\xe5\xff", "a\tb", '"etag"', "0", "y" * 300]
STATUSES = [200, 201, 204, 206, 299, 301, 304, 404, 500, 599]


@dataclass
class Program:
    """A response: how it is made, and what for."""

    method: str
    version: str
    persistence: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    pieces: list[bytes]
    whole: bool  # the pieces are a list, and so are known before the head

    @classmethod
    def draw(cls, chance: random.Random) -> Program:
        """Make one up."""
        status = chance.choice(STATUSES)
        names = chance.sample(NAMES, chance.randint(0, 4))
        pieces = [
            chance.choice([b"", b"a", b"bc", b"d" * 500, b"e" * 20_000]) for _ in range(chance.randint(0, 4))
        ]
        headers = [(name, chance.choice(VALUES)) for name in names]
        whole = chance.random() < 0.5
        version = chance.choice(["1.1", "1.1", "1.1", "1.0"])
        if chance.random() < 0.4 or (
            (whole or not any(pieces)) and version == "1.0"
        ):  # Node announces no length there by itself
            length = "Content-Length", str(sum(map(len, pieces)))
            if status != 204:  # which Node sends
                headers.insert(chance.randint(0, len(headers)), length)
        reason = chance.choice([STATUS_CODES.get(status, "None"), "Other", "\xe5"])
        persistence = chance.choice(["", "Connection: close\r\n", "Connection: keep-alive\r\n"])
        return cls(
            chance.choice(["GET", "GET", "HEAD"]),
            version,
            persistence,
            status,
            reason,
            headers,
            pieces,
            whole,
        )

    def app(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Respond as a WSGI app."""
        start_response(f"{self.status} {self.reason}", self.headers)
        return self.pieces if self.whole else iter(self.pieces)

    def listener(self, req: Any, res: Any) -> None:
        """Respond as a listener of 'request'."""
        res.status_code = self.status
        res.status_message = self.reason
        for name, value in self.headers:
            res.set_header(name, value)
        if self.whole:
            res.end(b"".join(self.pieces))
            return
        for piece in filter(None, self.pieces):
            res.write(piece)
        res.end()

    @property
    def request(self) -> bytes:
        return f"{self.method} / HTTP/{self.version}\r\nHost: a\r\n{self.persistence}\r\n".encode()


async def ask(server: http.Server, program: Program) -> bytes:
    """Return the response, and what the connection does then: another request shows whether it stays."""
    client = await dial(server)
    client.send(program.request)
    client.send(b"BAD\r\n\r\n")
    return await client.rest()


@on_both_loops
async def test_the_bytes_are_the_same() -> None:
    """Head, body and whether the connection stays."""
    chance = random.Random(3333)
    current: list[Program] = []
    node = http.create_server(lambda req, res: current[0].listener(req, res))
    async with hosted(lambda environ, start: current[0].app(environ, start)) as server, node:
        await node.listen(0, "127.0.0.1")
        for _ in range(250):
            current[:] = [Program.draw(chance)]
            assert await ask(server, current[0]) == await ask(node, current[0]), current[0]
