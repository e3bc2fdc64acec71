"""Random exchanges over real sockets: several clients, their requests interleaved, and handlers of every kind.

Law: all that user code does begins with `Stage.at(life, where)`; a test says there what it looks at, or what
fails. A `Life` is one request; None stands for the server, a `Link` for a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.kit.certificates import authority
from writehead import http, https
from writehead.events import EventEmitter

PIECE = b"0123456789abcdef" * 64
LONG = 400_000
PATIENCE = 8.0
QUIET = 30

BODILESS = [
    "at_once",
    "later",
    "written",
    "big",
    "drained",
    "waited",
    "task",
    "tick",
    "timed",
    "held",
    "failing",
    "failing_later",
    "released",
    "destroyed",
    "hinted",
    "generated",
    "listed",
    "informed",
]
WITH_BODY = [
    "data",
    "data_paused",
    "readable",
    "iterated",
    "whole",
    "text",
    "unread",
    "piped",
    "piped_away",
    "poured",
    "expecting",
    "broken_off",
]
LAST = ["upgraded", "connected"]


@dataclass(frozen=True)
class Ask:
    """One request: the kind of its handler, the size of its body, and how its handler listens."""

    kind: str
    body: int = 0
    chunked: bool = False
    listens: str = "early"


@dataclass(frozen=True)
class Client:
    """The requests of one connection and its fate: read all, read late, or leave in the middle."""

    asks: tuple[Ask, ...]
    fate: str = "read"


@dataclass(frozen=True)
class Program:
    """What happens; `seed` decides the cuts and the order of the packets."""

    seed: int
    clients: tuple[Client, ...]
    tls: bool = False
    close_after_finish: bool = False


def draw(seed: int) -> Program:
    """Return the program of a seed."""
    chance = random.Random(seed)

    def ask(last: bool) -> Ask:
        listens = chance.choice(("early", "early", "late", "never"))
        if last and chance.random() < 0.3:
            return Ask(chance.choice(LAST), listens=listens)
        if chance.random() < 0.5:
            return Ask(chance.choice(BODILESS), listens=listens)
        size = chance.choice((0, 1, 5, 700, 5000, 5000, 150_000))
        return Ask(chance.choice(WITH_BODY), size, chance.random() < 0.5, listens)

    def client() -> Client:
        count = chance.randint(1, 4)
        fate = chance.choice(("read", "read", "read", "late", "reset", "fin"))
        return Client(tuple(ask(number == count - 1) for number in range(count)), fate)

    clients = tuple(client() for _ in range(chance.randint(2, 4)))
    return Program(seed, clients, chance.random() < 0.15, chance.random() < 0.15)


def smaller(program: Program) -> list[Program]:
    """Return what is left when one client or one request is taken away."""
    found = []
    for at in range(len(program.clients)):
        rest = program.clients[:at] + program.clients[at + 1 :]
        if rest:
            found.append(replace(program, clients=rest))
        client = program.clients[at]
        for number in range(len(client.asks)):
            if len(client.asks) > 1:
                fewer = replace(client, asks=client.asks[:number] + client.asks[number + 1 :])
                found.append(replace(program, clients=(*program.clients[:at], fewer, *rest[at:])))
    return found + ([replace(program, tls=False)] if program.tls else [])


def shrunk(program: Program, fails: Callable[[Program], object], seconds: float = 20.0) -> Program:
    """Return a smaller program that still fails, as small as is found in so many seconds."""
    candidates = smaller(program)
    end = time.monotonic() + seconds
    while candidates and time.monotonic() < end:
        candidate = candidates.pop(0)
        if fails(candidate):
            program, candidates = candidate, smaller(candidate)
    return program


def request_bytes(name: str, ask: Ask, last: bool, chance: random.Random) -> bytes:
    """Return the request; its target names it."""
    method = "CONNECT" if ask.kind == "connected" else "POST" if ask.kind in WITH_BODY else "GET"
    target = f"{name}:80" if method == "CONNECT" else f"/{name}"
    lines = [f"{method} {target} HTTP/1.1", "Host: a"]
    body = b""
    if ask.kind == "upgraded":
        lines += ["Connection: upgrade", "Upgrade: x"]
    elif last:
        lines.append("Connection: close")
    if ask.kind == "expecting":
        lines.append("Expect: 100-continue")
    if method == "POST":
        content = (PIECE * (ask.body // len(PIECE) + 1))[: ask.body]
        if ask.chunked:
            lines.append("Transfer-Encoding: chunked")
            body = _in_chunks(content, chance) + b"0\r\nX-Trailer: y\r\n\r\n"
        else:
            lines.append(f"Content-Length: {len(content)}")
            body = content
    return "\r\n".join([*lines, "", ""]).encode() + body


def _in_chunks(content: bytes, chance: random.Random) -> bytes:
    out, at = [], 0
    while at < len(content):
        size = chance.choice((1, 10, 1000, 60_000))
        part = content[at : at + size]
        out.append(b"%x\r\n%s\r\n" % (len(part), part))
        at += size
    return b"".join(out)


@dataclass(eq=False)
class Link:
    """A connection, as the server's listeners know it; `taken_by` the upgrade or CONNECT that has it."""

    name: str
    taken_by: str = ""
    closes: int = 0
    deaf: bool = False


@dataclass(eq=False)
class Life:
    """One request on the server: whose it is, what was said of its end, and what it still waits for.

    `deaf`: somebody has removed the listeners that write down what was said.
    """

    name: str
    ask: Ask
    link: Link | None = None
    req: Any = None
    res: Any = None
    marked: bool = False
    deaf: bool = False
    said: list[str] = field(default_factory=list)
    waits: dict[str, int] = field(default_factory=dict)


class Destination(EventEmitter):
    """A writable of the user's, for `req.pipe`."""

    def __init__(self, stage: Stage, life: Life, res: Any) -> None:
        self._stage, self._life, self._res = stage, life, res

    def write(self, _chunk: bytes) -> bool:
        """Take a piece; every third time ask for patience."""
        self._stage.at(self._life, "destination.write")
        self._count = getattr(self, "_count", 0) + 1
        if self._count % 3:
            return True
        asyncio.get_running_loop().call_soon(self.emit, "drain")
        return False

    def end(self, *_: Any) -> None:
        """End the response."""
        self._stage.at(self._life, "destination.end")
        self._res.end("piped away")


class Stage:
    """The server of a program and its handlers."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lives: dict[str, Life] = {}
        self.held: list[Any] = []
        self.links: dict[Any, Link] = {}
        self._by_port: dict[int | None, Link] = {}
        options: dict[str, Any] = {"emit_close_after_finish": program.close_after_finish}
        self.server: Any = (
            https.create_server(authority().options() | options)
            if program.tls
            else http.create_server(options)
        )
        server = self.server
        server.on("connection", self._connected)
        server.on("secureConnection", self._secured)
        server.on("request", self._served)
        server.on("request", lambda req, res: self.at(self.life(req), "second listener"))
        server.on("checkContinue", self._expected)
        server.on("upgrade", self._taken)
        server.on("connect", self._taken)
        server.on("clientError", self._client_error)
        for name in ("listening", "close"):
            server.on(name, lambda name=name: self.at(None, f"server '{name}'"))
        server.on("timeout", self._timed_out)

    async def listen(self) -> None:
        """Listen on a port of the system's."""
        await self.server.listen(0, "127.0.0.1", lambda: self.at(None, "callback of listen"))

    # -- what a test says ------------------------------------------------------

    def at(self, whose: Life | Link | None, where: str) -> None:
        """User code begins to run: for a request, a connection, or the server."""

    def on_socket(self, life: Life, where: str) -> None:
        """A listener of the socket runs that the handler of a request has added."""

    def mark(self, life: Life) -> None:
        """The handler of a request begins."""

    async def wait(self, life: Life, what: str, awaitable: Awaitable[Any]) -> Any:
        """Wait for the library, and note that the wait has ended, however it did."""
        life.waits[what] = life.waits.get(what, 0) + 1
        try:
            return await awaitable
        finally:
            life.waits[what] -= 1

    # -- listeners of the server -----------------------------------------------

    def life(self, req: Any) -> Life:
        """Return the life of a request."""
        name = req.url.strip("/").partition(":")[0]
        return self.lives[name]

    def link(self, socket: Any) -> Link:
        """Return what stands for the connection of a socket."""
        if socket not in self.links:
            port = socket.remote_port  # a connection over TLS has two sockets
            found = self._by_port.setdefault(port, Link(f"connection {len(self.links)}"))
            self.links[socket] = found
        return self.links[socket]

    def _connected(self, socket: Any) -> None:
        link = self.link(socket)
        socket.set_max_listeners(0)
        socket.on("close", lambda *_: self._closed(link))
        for name in ("close", "drain", "end", "error", "timeout"):
            socket.on(name, lambda *_, name=name: self.at(link, f"socket '{name}'"))
        self.at(link, "'connection'")

    def _secured(self, socket: Any) -> None:
        self.at(self.link(socket), "'secureConnection'")

    @staticmethod
    def _closed(link: Link) -> None:
        link.closes += 1

    def _client_error(self, _error: Any, socket: Any) -> None:
        self.at(self.link(socket), "'clientError'")
        socket.destroy()

    def _timed_out(self, socket: Any) -> None:
        self.at(self.link(socket), "server 'timeout'")
        socket.destroy()

    def _expected(self, req: Any, res: Any) -> Any:
        self.at(self.life(req), "'checkContinue'")
        res.write_continue(lambda *_: self.at(self.life(req), "callback of write_continue"))
        return self._served(req, res)

    def _served(self, req: Any, res: Any) -> Any:
        life = self.life(req)
        life.link, life.req, life.res = self.link(req.socket), req, res
        self._record(life, req, res)
        if life.ask.listens == "early":
            self._listen(life, req, res)
        if self.held and life.ask.kind == "released":
            self.held.pop(0).end("released")
        handler = getattr(self, f"_{life.ask.kind}")
        if inspect.iscoroutinefunction(handler):
            return self._begun(handler, life, req, res)
        self._begin(life, req, res)
        return handler(life, req, res)

    async def _begun(self, handler: Any, life: Life, req: Any, res: Any) -> None:
        self._begin(life, req, res)
        await handler(life, req, res)

    def _begin(self, life: Life, req: Any, res: Any) -> None:
        self.mark(life)
        if life.ask.listens == "late":
            self._listen(life, req, res)
        self.at(life, "handler")

    @staticmethod
    def _record(life: Life, req: Any, res: Any) -> None:
        for name in ("finish", "close"):
            res.on(name, lambda name=name: life.said.append(f"res {name}"))
        for name in ("end", "aborted", "close"):
            req.on(name, lambda name=name: life.said.append(f"req {name}"))
        for emitter in (req, res):
            emitter.on("error", lambda *_: None)

    def _listen(self, life: Life, req: Any, res: Any) -> None:
        def add(emitter: Any, label: str, name: str) -> None:
            emitter.on(name, lambda *_: self.at(life, f"{label} '{name}'"))

        for name in ("aborted", "close", "end", "error", "pause", "resume"):
            add(req, "req", name)
        for name in ("close", "drain", "error", "finish", "pipe", "unpipe"):
            add(res, "res", name)
        req.signal.on("abort", lambda *_: self.at(life, "signal 'abort'"))
        for name in ("close", "drain", "end", "error"):
            req.socket.on(name, lambda *_, name=name: self.on_socket(life, f"its socket '{name}'"))

    def back(self, life: Life, what: str) -> Callable[..., None]:
        """Return a callback of the user's."""
        return lambda *_: self.at(life, f"callback of {what}")

    # -- handlers without a body -----------------------------------------------

    def _at_once(self, life: Life, _req: Any, res: Any) -> None:
        res.end("at once", self.back(life, "end"))

    _released = _at_once

    def _written(self, life: Life, _req: Any, res: Any) -> None:
        for _ in range(3):
            res.write(PIECE, self.back(life, "write"))
        res.end(self.back(life, "end"))

    def _big(self, life: Life, _req: Any, res: Any) -> None:
        left = 8

        def more(*_: Any) -> None:
            nonlocal left
            self.at(life, "writing on 'drain'")
            while left and not res.destroyed:
                left -= 1
                if not res.write(PIECE * (LONG // 8 // len(PIECE)), self.back(life, "large write")):
                    return
            res.end(self.back(life, "end"))

        res.on("drain", more)
        more()

    def _hinted(self, life: Life, _req: Any, res: Any) -> None:
        res.write_early_hints({"link": "</a>; rel=preload"}, self.back(life, "write_early_hints"))
        res.set_header("Trailer", "X-T")
        res.write(b"hinted", self.back(life, "write"))
        res.add_trailers({"X-T": "y"})
        res.end(self.back(life, "end"))

    def _informed(self, life: Life, _req: Any, res: Any) -> None:
        res.write_processing(self.back(life, "write_processing"))
        res.cork()
        res.write(b"a", self.back(life, "corked write"))
        res.uncork()
        res.end(b"b", self.back(life, "end"))

    async def _later(self, life: Life, _req: Any, res: Any) -> None:
        await asyncio.sleep(0)
        self.at(life, "after a turn")
        res.write(PIECE, self.back(life, "write"))
        await asyncio.sleep(0)
        res.end(self.back(life, "end"))

    async def _drained(self, life: Life, _req: Any, res: Any) -> None:
        for _ in range(8):
            if not res.write(PIECE * (LONG // 8 // len(PIECE)), self.back(life, "write")):
                await self.wait(life, "drain", res.drain())
            self.at(life, "after drain()")
        res.end(self.back(life, "end"))

    async def _waited(self, life: Life, _req: Any, res: Any) -> None:
        res.end(PIECE * (LONG // len(PIECE)))
        await self.wait(life, "wait_finished", res.wait_finished())
        self.at(life, "after wait_finished()")

    async def _task(self, life: Life, _req: Any, res: Any) -> None:
        async def child() -> None:
            await asyncio.sleep(0)
            self.at(life, "a task of the handler")
            res.write(PIECE, self.back(life, "write"))

        await asyncio.gather(child(), child())
        self.at(life, "after its tasks")
        res.end(self.back(life, "end"))

    def _tick(self, life: Life, _req: Any, res: Any) -> None:
        def tick() -> None:
            self.at(life, "call_soon of the handler")
            res.end("tick", self.back(life, "end"))

        asyncio.get_running_loop().call_soon(tick)

    def _timed(self, life: Life, _req: Any, res: Any) -> None:
        def late(*_: Any) -> None:
            res.set_timeout(0)
            res.end("late", self.back(life, "end"))
            self.at(life, "callback of set_timeout")

        res.set_timeout(5, late)

    def _held(self, _life: Life, _req: Any, res: Any) -> None:
        self.held.append(res)

    def _failing(self, _life: Life, _req: Any, res: Any) -> None:
        res.set_header("X-Left", "behind")
        raise Planned("a handler that fails")

    async def _failing_later(self, _life: Life, _req: Any, res: Any) -> None:
        res.write(PIECE)
        await asyncio.sleep(0)
        raise Planned("a handler that fails later")

    def _destroyed(self, life: Life, _req: Any, res: Any) -> None:
        res.write(PIECE, self.back(life, "write"))
        res.destroy()

    async def _generated(self, life: Life, _req: Any, res: Any) -> None:
        async def chunks() -> Any:
            for _ in range(10):
                await asyncio.sleep(0)
                self.at(life, "async generator")
                yield PIECE * 40

        await self.wait(life, "pipeline", http.pipeline(chunks(), res))
        self.at(life, "after pipeline()")

    async def _listed(self, life: Life, _req: Any, res: Any) -> None:
        def chunks() -> Any:
            for _ in range(10):
                self.at(life, "generator")
                yield PIECE * 40

        await self.wait(life, "pipeline", http.pipeline(chunks(), res))
        self.at(life, "after pipeline()")

    # -- handlers of a body ----------------------------------------------------

    def _data(self, life: Life, req: Any, res: Any) -> None:
        def end() -> None:
            self.at(life, "answering on 'end'")
            res.end("read", self.back(life, "end"))

        req.on("data", lambda _chunk: self.at(life, "req 'data'"))
        req.on("end", end)

    def _data_paused(self, life: Life, req: Any, res: Any) -> None:
        def data(_chunk: bytes) -> None:
            req.pause()
            asyncio.get_running_loop().call_soon(req.resume)
            self.at(life, "req 'data', pausing")

        req.on("data", data)
        req.on("end", lambda: res.end("paused", self.back(life, "end")))

    def _readable(self, life: Life, req: Any, res: Any) -> None:
        def readable() -> None:
            while req.read() is not None:
                pass
            self.at(life, "req 'readable'")

        req.on("readable", readable)
        req.on("end", lambda: res.end("readable", self.back(life, "end")))

    async def _iterated(self, life: Life, req: Any, res: Any) -> None:
        async def read() -> None:
            async for _ in req:
                self.at(life, "async for")
                await asyncio.sleep(0)

        await self.wait(life, "async for", read())
        res.end("iterated", self.back(life, "end"))

    async def _whole(self, life: Life, req: Any, res: Any) -> None:
        await self.wait(life, "bytes", req.bytes())
        self.at(life, "after bytes()")
        res.end("whole", self.back(life, "end"))

    _expecting = _data

    async def _text(self, life: Life, req: Any, res: Any) -> None:
        await self.wait(life, "text", req.text(limit=4000))
        self.at(life, "after text()")
        res.end("text", self.back(life, "end"))

    def _unread(self, life: Life, _req: Any, res: Any) -> None:
        res.end("unread", self.back(life, "end"))

    def _piped(self, life: Life, req: Any, res: Any) -> None:
        req.pipe(res)
        self.at(life, "piped")

    def _piped_away(self, life: Life, req: Any, res: Any) -> None:
        req.pipe(Destination(self, life, res))

    async def _poured(self, life: Life, req: Any, res: Any) -> None:
        await self.wait(life, "pipeline", http.pipeline(req, res))
        self.at(life, "after pipeline()")

    def _broken_off(self, life: Life, req: Any, res: Any) -> None:
        req.on("data", lambda _chunk: req.destroy())
        req.on("end", lambda: res.end("empty", self.back(life, "end")))

    # -- upgrade and CONNECT ---------------------------------------------------

    def _taken(self, req: Any, socket: Any, _head: bytes) -> Any:
        life = self.life(req)
        life.link, life.req = self.link(socket), req
        life.link.taken_by = life.name
        self.mark(life)
        for name in ("data", "end", "close", "drain", "finish", "error"):
            socket.on(name, lambda *_, name=name: self.on_socket(life, f"taken socket '{name}'"))
        socket.on("error", lambda *_: None)
        socket.on("end", socket.end)
        socket.write(
            b"HTTP/1.1 200 Taken\r\n\r\n", lambda *_: self.on_socket(life, "callback of socket.write")
        )
        return self._talk(life, socket)

    async def _talk(self, life: Life, socket: Any) -> None:
        self.at(life, "handler of 'upgrade'")
        socket.write(PIECE)
        await self.wait(life, "socket.drain", socket.drain())
        self.at(life, "after socket.drain()")
        socket.end(PIECE, lambda *_: self.on_socket(life, "callback of socket.end"))

    _upgraded = _connected_ = None


class Planned(Exception):
    """What user code raises by design."""


class Visitor:
    """A client: what it still has to send, and whether it reads."""

    def __init__(self, client: Client, number: int, stage: Stage, chance: random.Random) -> None:
        self._fate = client.fate
        self.lives: list[Life] = []
        self.read_so_far = 0
        data = b""
        for place, ask in enumerate(client.asks):
            name = f"c{number}r{place}"
            stage.lives[name] = life = Life(name, ask)
            self.lives.append(life)
            data += request_bytes(name, ask, place == len(client.asks) - 1, chance)
        self.pieces = _cut(data, chance)
        if client.fate in ("reset", "fin"):
            self.pieces = self.pieces[: chance.randint(1, len(self.pieces))]
        self._left = False

    async def connect(self, port: int, context: ssl.SSLContext | None) -> None:
        """Connect; read from now on, or not."""
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="localhost" if context else None, limit=1 << 12
        )
        self._reading: asyncio.Task[None] | None = None
        if self._fate != "late":
            self.read()

    def read(self) -> None:
        """Read to the end, in a task."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while data := await self.reader.read(1 << 16):
                self.read_so_far += len(data)
        except (OSError, ssl.SSLError):
            pass
        finally:
            self.writer.close()

    def send(self) -> bool:
        """Send the next piece; False when there is none."""
        if self.writer.transport.is_closing():
            return False
        if self.pieces:
            self.writer.write(self.pieces.pop(0))
            return True
        if not self._left and self._fate == "reset":
            self.writer.transport.abort()
        elif not self._left and self._fate == "fin":
            with contextlib.suppress(OSError):  # the server may have gone meanwhile
                self.writer.write_eof() if self.writer.can_write_eof() else self.writer.close()
        self._left = True
        return False

    @property
    def over(self) -> bool:
        """Whether the server has ended the connection."""
        self.read()
        assert self._reading is not None
        return self._reading.done()

    def leave(self) -> None:
        """Go away."""
        self.writer.transport.abort()


def _cut(data: bytes, chance: random.Random) -> list[bytes]:
    pieces, at = [], 0
    while at < len(data):
        size = chance.choice((1, 20, 300, 3000, 70_000, 70_000))
        pieces.append(data[at : at + size])
        at += size
    return pieces


async def play(stage: Stage) -> list[str]:
    """Run a program until nothing moves any more, and return what should have."""
    program = stage.program
    chance = random.Random(program.seed)
    port = stage.server.address()["port"]
    context = authority().context() if program.tls else None
    visitors = []
    for number, client in enumerate(program.clients):
        visitor = Visitor(client, number, stage, chance)
        with contextlib.suppress(OSError):  # a listener that fails at once may cut the handshake
            await visitor.connect(port, context)
            visitors.append(visitor)
    sending = list(visitors)
    while sending:
        visitor = chance.choice(sending)
        if not visitor.send():
            sending.remove(visitor)
        for _ in range(chance.choice((0, 0, 1, 2, 5))):
            await asyncio.sleep(0)
    await _quiet(stage, visitors)
    found = []
    for visitor in visitors:
        if not visitor.over:
            found += stuck(visitor.lives)
        visitor.leave()
    return found


async def _quiet(stage: Stage, visitors: list[Visitor]) -> None:
    """Wait until every connection is over, or nothing has moved for a while; not for ever."""
    end = time.monotonic() + PATIENCE
    still, before = 0, None
    while not all([visitor.over for visitor in visitors]) and time.monotonic() < end:
        release(stage)
        await asyncio.sleep(0.001)
        now = [visitor.read_so_far for visitor in visitors], [len(each.said) for each in stage.lives.values()]
        still, before = (still + 1, before) if now == before else (0, now)
        if still > QUIET:
            return


def stuck(lives: list[Life]) -> list[str]:
    """Return what a connection that does not go on waits for, if that is the library's fault."""
    for life in lives:
        if life.deaf or (life.link is not None and (life.link.deaf or life.link.taken_by)):
            return []
        if life.req is None:
            return [f"{life.name} ({life.ask.kind}) was never served"]
        if not any(said in life.said for said in ("res finish", "res close")):
            if life.res.writable_ended:
                return [f"{life.name} ({life.ask.kind}) was ended and never finished"]
            return []  # its handler has not ended it
    return ["nothing is left to do, and the connection stays"]


def release(stage: Stage) -> None:
    """End what handlers have left to others."""
    held, stage.held = stage.held, []
    for res in held:
        res.end("released at last")


async def stop(stage: Stage) -> list[str]:
    """Close the server, and return what did not end."""
    release(stage)
    server = stage.server
    try:
        async with asyncio.timeout(PATIENCE):
            closing = asyncio.ensure_future(_closed(stage))
            await asyncio.sleep(0)
            server.close_all_connections()
            await closing
            while server._connection_count or any(sum(life.waits.values()) for life in stage.lives.values()):
                await asyncio.sleep(0.001)
    except TimeoutError:
        left = [f"{life.name}: {life.waits}" for life in stage.lives.values() if any(life.waits.values())]
        return [f"not over: close() {closing.done()}, {server._connection_count} connections, {left}"]
    for _ in range(5):
        await asyncio.sleep(0)
    return []


async def _closed(stage: Stage) -> None:
    await stage.server.close(lambda *_: stage.at(None, "callback of close"))
