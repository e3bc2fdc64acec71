"""What the interpreter for writehead makes of values, and the writable it hands to assign_socket()."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Coroutine, Generator
from typing import Any, Protocol

from writehead import http
from writehead._loop.ticks import later

LONG = 300  # characters that a log keeps of a text
DATE = re.compile(r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


class Log(Protocol):
    """What writes the lines of a log."""

    def write(self, label: str, values: list[Any]) -> None: ...


class StreamError(Exception):
    """An error of the program's own, with a code of its choice."""

    def __init__(self, text: str, code: str | None) -> None:
        super().__init__(text)
        if code:
            self.code = code


def mask(text: str) -> str:
    return DATE.sub("Date: <date>", text)


def shorten(text: str) -> str:
    if len(text) <= LONG:
        return text
    return f"{text[:40]}...{len(text)}:{zlib.crc32(text.encode('utf-8', 'replace'))}"


def code_of(error: object) -> str:
    code = getattr(error, "code", None)
    if code is not None:
        return str(code)
    if isinstance(error, (AttributeError, NameError, TypeError)):
        return f"{type(error).__name__}: {error}"
    return str(error)


def plain_number(value: float) -> int | float | str:
    """A float as JavaScript would show it."""
    if not math.isfinite(value):
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
    return int(value) if value.is_integer() else value


class Started:
    """A coroutine that has run up to its first wait, as a function of JavaScript's does when called."""

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.coroutine = coroutine
        self.done = False
        self.waits_for: Any = None
        try:
            self.waits_for = coroutine.send(None)
        except StopIteration:
            self.done = True

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self.waits_for
        while True:
            try:
                value = yield waits_for
            except BaseException as error:
                step, given = self.coroutine.throw, error
            else:
                step, given = self.coroutine.send, value
            try:
                waits_for = step(given)
            except StopIteration:
                return

    async def rest(self) -> None:
        """Run what is left."""
        await self


class Sink(http.EventEmitter):
    """A writable of the kind that assign_socket() takes, which keeps a log of what it is told."""

    def __init__(self, run: Log, name: str, settings: dict[str, Any]) -> None:
        self.run = run
        self.label = name
        self.writable = True
        self.writable_length = 0
        self.writable_high_water_mark = settings.get("mark", 16384)
        self.answer = settings.get("answer", True)
        self.destroyed = False
        self.text = ""

    def __setattr__(self, name: str, value: Any) -> None:
        names = {"writableLength": "writable_length", "writableHighWaterMark": "writable_high_water_mark"}
        super().__setattr__(names.get(name, name), value)

    def write(self, chunk: Any, encoding: Any = None, callback: Any = None) -> bool:
        if callable(encoding):
            encoding, callback = None, encoding
        if isinstance(chunk, str):
            chunk = chunk.encode(encoding or "utf-8")
        self.text += bytes(chunk).decode("latin-1")
        if callback:
            later(callback)  # as process.nextTick is in Node
        return bool(self.answer)

    def cork(self) -> None: ...
    def uncork(self) -> None: ...

    def set_timeout(self, ms: float, callback: Any = None) -> Sink:
        self.run.write(f"{self.label}.setTimeout", [ms])
        return self

    setTimeout = set_timeout

    def end(self) -> Sink:
        self.run.write(f"{self.label}.end", [])
        return self

    def destroy_soon(self) -> Sink:
        self.run.write(f"{self.label}.destroySoon", [])
        return self

    destroySoon = destroy_soon

    def destroy(self, error: Any = None) -> Sink:
        self.run.write(f"{self.label}.destroy", [])
        self.destroyed = True
        return self

    def take(self) -> str:
        text, self.text = self.text, ""
        return mask(text)
