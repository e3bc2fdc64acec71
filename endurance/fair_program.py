"""The server that `endurance.fair` attacks: `python -m endurance.fair_program LOOP`; OPTIONS come by the environment.

It measures itself: `longest_ms` is the processor time of the longest callback of the loop (asyncio's loop only), and
`late_ms` how late a timer of two milliseconds came at worst, which on any loop is the longest iteration;
`collect_ms` is the longest garbage collection, which is part of both.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from typing import Any

from writehead import http

BEAT = 0.002


class Probe:
    """The longest callback and the latest timer since the last reset."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.what = ""
        self.late = 0.0
        self.collect = 0.0
        self._due = 0.0
        self._began = 0.0

    def reset(self) -> None:
        """Forget what was, and do not count the callback that runs now."""
        self.longest = self.late = self.collect = 0.0
        self.what = ""
        self._due = time.perf_counter() + BEAT

    def start(self) -> None:
        """Watch the loop that runs now."""
        self._due = time.perf_counter() + BEAT
        asyncio.get_running_loop().call_later(BEAT, self._beat)

    def watch_collections(self) -> None:
        """Measure every garbage collection."""

        def measure(phase: str, info: dict[str, int]) -> None:
            if phase == "start":
                self._began = time.thread_time()
            else:
                self.collect = max(self.collect, time.thread_time() - self._began)

        gc.callbacks.append(measure)

    def _beat(self) -> None:
        self.late = max(self.late, time.perf_counter() - self._due)
        self.start()

    def watch_callbacks(self) -> None:
        """Measure every callback of asyncio's own loop; processor time, which other processes do not lengthen."""
        run = asyncio.Handle._run  # type: ignore[attr-defined]

        def measured(handle: Any) -> None:
            begun = time.thread_time()
            run(handle)
            spent = time.thread_time() - begun
            if spent > self.longest:
                self.longest = spent
                self.what = repr(handle)[:200]

        asyncio.Handle._run = measured  # type: ignore[attr-defined]

    def figures(self) -> dict[str, Any]:
        """What was found."""
        return {
            "late_ms": round(self.late * 1000, 1),
            "longest_ms": round(self.longest * 1000, 1),
            "longest": self.what,
            "collect_ms": round(self.collect * 1000, 1),
        }


probe = Probe()


async def handle(req: Any, res: Any) -> None:
    """Answer by path: /bytes, /iter and /unread are ways to read a body, without `data`, which is plain."""
    if req.url == "/bytes":
        res.end(str(len(await req.bytes(limit=10_000_000))))
    elif req.url == "/iter":
        size = 0
        async for chunk in req:
            size += len(chunk)
        res.end(str(size))
    elif req.url == "/unread":
        await asyncio.sleep(1.5)
        res.end("unread")


def listen(req: Any, res: Any) -> Any:
    """Answer by path, without a task where none is needed."""
    if req.url == "/hello":
        return res.end("Hello, world!")
    if req.url == "/data":
        sizes: list[int] = []
        req.on("data", lambda chunk: sizes.append(len(chunk)))
        return req.on("end", lambda: res.end(str(sum(sizes))))
    if req.url.startswith("/probe"):
        res.end(json.dumps(probe.figures()))
        return probe.reset() if req.url.endswith("reset") else None
    return handle(req, res)


async def serve() -> None:
    """Serve until the process is killed."""
    server = http.create_server(listen, **json.loads(os.environ.get("OPTIONS", "{}")))
    await server.listen(0, "127.0.0.1", 4096)
    probe.start()
    probe.watch_collections()
    print(server.address()["port"], flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve on the loop that is named."""
    if sys.argv[1] == "asyncio":
        probe.watch_callbacks()
        asyncio.run(serve())
    else:
        import uvloop

        uvloop.run(serve())


if __name__ == "__main__":
    main()
