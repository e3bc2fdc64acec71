"""The raw client: plays the steps of a scenario and notes every byte and every end it sees."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from tests.kit.raw_client import reset_on_close

PATIENCE = 4.0  # seconds that a step waits for what should come at once
READ = 1 << 18
AT_A_TIME = 32  # reads, then others have their turn


class Connection:
    """One socket of the client; reads whenever it is not stalled."""

    def __init__(self, sock: socket.socket, step: Callable[[], int]) -> None:
        self.sock = sock
        self.step = step
        self.pieces: list[list[Any]] = []
        self.received = bytearray()
        self.ended = "open"
        self.reading = False
        self.loop = asyncio.get_running_loop()
        self.news = asyncio.Event()
        self.start()

    def start(self) -> None:
        if not self.reading and self.ended == "open":
            self.loop.add_reader(self.sock, self.drain)
            self.reading = True

    def stop(self) -> None:
        if self.reading:
            self.loop.remove_reader(self.sock)
            self.reading = False

    def drain(self) -> bool:
        """Read what is there; say whether there was anything."""
        some = False
        for _ in range(AT_A_TIME):
            if self.ended != "open" or not self.reading:
                break
            try:
                data = self.sock.recv(READ)
            except (BlockingIOError, InterruptedError):
                return some
            except OSError:
                self.end("rst")
                return True
            some = True
            if not data:
                self.end("fin")
            else:
                self.keep(data)
        return some

    def keep(self, data: bytes) -> None:
        self.received += data
        step = self.step()
        if self.pieces and self.pieces[-1][0] == step:
            self.pieces[-1][1] += data
        else:
            self.pieces.append([step, data])
        self.news.set()

    def end(self, how: str) -> None:
        self.stop()
        self.ended = how
        self.news.set()

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            await asyncio.wait_for(self.loop.sock_sendall(self.sock, data), PATIENCE)

    async def until(self, seen: Callable[[], bool]) -> bool:
        """Wait until something has been received; False when it does not come."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not seen():
                    if self.ended != "open":
                        return False
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return False
        return True

    def close(self, *, reset: bool = False) -> None:
        self.stop()
        if reset:
            reset_on_close(self.sock)
        self.sock.close()


class Client:
    """Plays the steps of one scenario against the server at `address`."""

    def __init__(self, address: str | int | None, settle: Callable[[], Awaitable[None]]) -> None:
        self.address = address
        self.ask_settle = settle
        self.connections: dict[str, Connection] = {}
        self.left: set[str] = set()
        self.step = 0
        self.lines: list[str] = []
        self.sending: list[asyncio.Task[None]] = []

    async def play(self, steps: list[list[Any]], hooks: dict[str, Callable[[str], Awaitable[Any]]]) -> None:
        if self.address is not None and (not steps or steps[0][0] != "connect"):
            await self.do_connect("c", {})
        for self.step, (name, *args) in enumerate(steps, 1):
            if name in hooks:
                if await hooks[name](*args) is False:
                    self.lines.append(f"{self.step} {name} {args}: in vain")
                await self.settle()
            else:
                await getattr(self, f"do_{name}")(*args)
        self.step += 1
        await self.settle()

    async def settle(self) -> None:
        """Let the server come to rest, and read all it has sent."""
        again = True
        while again:
            await self.ask_settle()
            again = False
            for conn in self.connections.values():
                again |= conn.drain() or conn.news.is_set()
                conn.news.clear()

    async def do_connect(self, conn: str, how: dict[str, Any]) -> None:
        unix = isinstance(self.address, str)
        sock = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        if "rcvbuf" in how:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, how["rcvbuf"])
        if not unix:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        target: Any = self.address if unix else ("127.0.0.1", self.address)
        await asyncio.get_running_loop().sock_connect(sock, target)
        self.connections[conn] = Connection(sock, lambda: self.step)
        await self.settle()

    async def do_send(self, text: str, how: dict[str, Any]) -> None:
        conn = self.connections[how.get("conn", "c")]
        data = text.encode("latin-1") * how.get("times", 1)
        settles = how.get("settle", True)
        if not settles:
            self.step += (
                1  # what comes before the next step has settled is that step's, however fast it comes
            )
        if how.get("background"):
            self.sending.append(asyncio.ensure_future(conn.send(data)))
            await asyncio.sleep(0)
        else:
            await conn.send(data)
        if settles:
            await self.settle()

    async def do_split(self, text: str, size: int, conn: str) -> None:
        for start in range(0, len(text), size):
            await self.connections[conn].send(text[start : start + size].encode("latin-1"))
            await self.settle()

    async def do_fin(self, conn: str) -> None:
        with contextlib.suppress(OSError):
            self.connections[conn].sock.shutdown(socket.SHUT_WR)
        await self.settle()

    async def do_rst(self, conn: str) -> None:
        self.connections[conn].close(reset=True)
        self.left.add(conn)
        await self.settle()

    async def do_leave(self, conn: str) -> None:
        self.connections[conn].close()
        self.left.add(conn)
        await self.settle()

    async def do_stall(self, conn: str) -> None:
        self.connections[conn].stop()

    async def do_go_on(self, conn: str) -> None:
        # A small window has kept the server's bytes back; let the rest come quickly.
        self.connections[conn].sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.connections[conn].start()
        await self.settle()

    async def do_until(self, text: str, conn: str) -> None:
        there, wanted = self.connections[conn], text.encode("latin-1")
        self.judge(await there.until(lambda: wanted in there.received), f"until {text!r}")
        await self.settle()

    async def do_until_bytes(self, count: int, conn: str) -> None:
        there = self.connections[conn]
        self.judge(await there.until(lambda: len(there.received) >= count), f"until {count} bytes")
        await self.settle()

    async def do_until_end(self, conn: str) -> None:
        there = self.connections[conn]
        await there.until(lambda: there.ended != "open")
        self.judge(there.ended != "open", "until the end")
        await self.settle()

    def judge(self, came: bool, what: str) -> None:
        if not came:
            self.lines.append(f"{self.step} {what}: in vain")

    async def do_settle(self) -> None:
        await self.settle()

    async def do_pass_time(self, ms: float) -> None:
        await asyncio.sleep(ms / 1000)
        await self.settle()

    async def finish(self) -> dict[str, str]:
        """Note how each connection stands, then close them all."""
        ends = {name: "left" if name in self.left else conn.ended for name, conn in self.connections.items()}
        for task in self.sending:
            task.cancel()
        for name, conn in self.connections.items():
            if name not in self.left:
                conn.close()
        self.connections = {name: conn for name, conn in self.connections.items()}
        await self.ask_settle()
        return ends
