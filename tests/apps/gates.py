"""Gates: what a test and an application tell each other. Each has a name, is opened once with a word, and is waited for."""

from __future__ import annotations

import asyncio
import threading

#: Seconds after which nobody waits for a gate any longer.
LIMIT = 20.0


class AsyncGates:
    """Gates of an application on an event loop."""

    def __init__(self) -> None:
        self._opened: dict[str, asyncio.Event] = {}
        self._words: dict[str, str] = {}

    async def wait(self, name: str) -> str:
        """Return the word of a gate when it is open."""
        async with asyncio.timeout(LIMIT):
            await self._opened.setdefault(name, asyncio.Event()).wait()
        return self._words[name]

    def open(self, name: str, word: str = "open") -> None:
        """Open a gate."""
        self._words[name] = word
        self._opened.setdefault(name, asyncio.Event()).set()


class Gates:
    """Gates of an application in threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._words: dict[str, str] = {}

    def wait(self, name: str) -> str:
        """Return the word of a gate when it is open."""
        with self._changed:
            if not self._changed.wait_for(lambda: name in self._words, LIMIT):
                raise TimeoutError(name)
            return self._words[name]

    def is_open(self, name: str, seconds: float) -> bool:
        """Tell whether a gate is open, or opens within some seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: name in self._words, seconds)

    def open(self, name: str, word: str = "open") -> None:
        """Open a gate."""
        with self._changed:
            self._words[name] = word
            self._changed.notify_all()
