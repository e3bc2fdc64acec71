"""Sends one case in one of three cuts and gathers what comes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

from tests.kit.raw_client import SocketClient, dial_socket, reset_on_close
from tests.kit.response_reader import MalformedResponseError, read_responses

from .judge import PROBE_URL, Case, Outcome

DELIVERIES = ("whole", "bytes", "random")
PATIENCE = 8.0
"""Seconds to wait for something that must come."""
QUIET = 0.3
"""Seconds of silence after which a server that may wait for ever counts as waiting."""
_PROBE = f"GET {PROBE_URL} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
_FINE = 600
"""Bytes at either end of a long piece that are cut finely; its middle goes in large cuts."""


async def run_case(case: Case, port: int, delivery: str) -> Outcome:
    """Play `case` against the server on `port` and return the outcome."""
    link = _Link(case, port)
    await link.open()
    try:
        await link.send_all(delivery)
        if case.get("abort"):
            await link.reset()
            return Outcome([], others=await _innocent(port))
        if case.get("fin"):
            link.half_close()
        await link.settle()
        outcome = link.outcome()
        if outcome.end != "closed" and not case.get("fin") and not outcome.malformed:
            await link.probe()
            probed = link.outcome()
            if outcome.end == "waits" and probed.answers and probed.answers[-1].status >= 400:
                return probed  # it was slow, not silent: this is the refusal, and not of the probe
            probed.end, probed.probed = outcome.end, True
            return probed
        return outcome
    finally:
        await link.close()


async def _innocent(port: int) -> str:
    """Return what a client on another connection has to complain of."""
    bystander: Case = {
        "raw": "GET /bystander HTTP/1.1\r\nHost: a\r\n\r\n",
        "expect": "accept",
        "requests": [{}],
    }
    link = _Link(bystander, port)
    await link.open()
    try:
        await link.send_all("whole")
        await link.settle()
        answers = link.outcome().answers
        return "" if answers and answers[0].status == 200 else "the next client was not served"
    finally:
        await link.close()


class _Link:
    """One client connection: every cut really becomes a segment, and what comes is taken at once."""

    _client: SocketClient

    def __init__(self, case: Case, port: int) -> None:
        self._case = case
        self._port = port
        self._data = bytearray()
        self._closed = False
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._methods = [request.get("method", "GET") for request in case["requests"]]

    async def open(self) -> None:
        self._client = await dial_socket(self._port)
        self._reader = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            while data := await self._client.receive(262144):
                self._data += data
                self._news.set()
        except OSError:
            pass
        self._closed = True
        self._news.set()

    async def send_all(self, delivery: str) -> None:
        """Send the case; a server that closes early ends the sending, which is no error."""
        try:
            for delay, piece in _pieces(self._case):
                if delay:
                    await asyncio.sleep(delay / 1000)
                for cut in _cuts(piece, delivery, self._case.get("id", "")):
                    if self._closed:
                        return
                    await self._client.send(cut)
                    if delivery != "whole":
                        # Two turns: the server, when it shares the loop, reads this cut by itself.
                        await asyncio.sleep(0)
                        await asyncio.sleep(0)
        except OSError:
            pass

    async def settle(self) -> None:
        """Wait until what must come has come, or until nothing more does."""
        certain = self._case["expect"] != "either" or self._case.get("fin")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not self._closed and not self._is_done():
            wait = deadline - loop.time()
            if not await self._hear(wait if certain or self._is_refused() else min(wait, QUIET)):
                return

    def _is_refused(self) -> bool:
        """Tell whether a refusal has come: the end must follow, on a busy machine too."""
        answers = self.outcome().answers
        return bool(answers) and answers[-1].status >= 400

    def _is_done(self) -> bool:
        """Tell whether every answer that could come to these requests is here."""
        outcome = self.outcome()
        if outcome.malformed:
            return True
        final = [answer for answer in outcome.answers if not answer.informational]
        if any(answer.status >= 300 for answer in final):
            stays = self._case.get("after") in ("any", "open") and self._case["expect"] != "accept"
            return stays and len(final) > self._case.get("need", 0)
        if self._case["expect"] == "reject" or self._case.get("after") == "close" or self._case.get("fin"):
            return False
        return len(final) >= len(self._case["requests"]) > 0

    async def probe(self) -> None:
        """Ask one more thing of a connection that is still open."""
        try:
            await self._client.send(_PROBE)
        except OSError:
            pass  # the reader is about to see why
        certain = self._case["expect"] == "accept"
        while not self._closed and await self._hear(PATIENCE if certain or self._is_refused() else QUIET):
            pass

    async def _hear(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            if not self._news.is_set():  # on a busy machine both may be true
                return False
        self._news.clear()
        return True

    def outcome(self) -> Outcome:
        end = "closed" if self._closed else "open" if self._data else "waits"
        try:
            answers, rest = read_responses(bytes(self._data), self._methods, self._closed)
        except MalformedResponseError as error:
            return Outcome([], end=end, malformed=str(error))
        return Outcome(answers, rest, end)

    def half_close(self) -> None:
        try:
            self._client.end()
        except OSError:
            pass

    async def reset(self) -> None:
        reset_on_close(self._client.sock)
        await self.close()

    async def close(self) -> None:
        """Close; the reader has to leave the loop's selector first."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
            self._reader = None
        self._client.close()


def _pieces(case: Case) -> Iterator[tuple[int, bytes]]:
    raw = case["raw"]
    if isinstance(raw, str):
        yield 0, raw.encode("latin-1")
        return
    for delay, text, *times in raw:
        yield delay, text.encode("latin-1") * (times[0] if times else 1)


def _cuts(piece: bytes, delivery: str, seed: str) -> Iterator[bytes]:
    if delivery == "whole":
        yield piece
        return
    chance = random.Random(f"{seed}/{len(piece)}")
    position = 0
    while position < len(piece):
        fine = position < _FINE or position >= len(piece) - _FINE
        if not fine:
            size = min(65536, len(piece) - _FINE - position)
        elif delivery == "bytes":
            size = 1
        else:
            size = chance.randint(1, 40)
        yield piece[position : position + size]
        position += size
