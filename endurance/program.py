"""The program under test, a script for the `writehead` command; PORT and OPTIONS come by the environment.

/hello a small answer, /echo the length of the body, /stream chunks, /big?bytes heeding back-pressure,
/error and /async-error handlers that fail, /late an answer after a while, /stats what this process holds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
from typing import Any

from writehead import http

_BLOCK = b"x" * 65536


def handle(req: Any, res: Any) -> Any:
    """Answer by path."""
    path, _, query = req.url.partition("?")
    route = ROUTES.get(path)
    if route is None:
        res.status_code = 404
        res.end("no such page\n")
        return None
    return route(req, res, query)


def hello(_req: Any, res: Any, _query: str) -> None:
    res.set_header("Content-Type", "text/plain")
    res.end("Hello, world!")


def echo(req: Any, res: Any, _query: str) -> None:
    size = 0

    def count(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)

    req.on("data", count)
    req.on("end", lambda: res.end(str(size)))


def stream(_req: Any, res: Any, _query: str) -> None:
    for number in range(20):
        res.write(f"line {number}\n")
    res.end()


async def big(_req: Any, res: Any, query: str) -> None:
    left = int(query or 8 << 20)
    while left > 0 and not res.destroyed:
        block = _BLOCK[:left]
        left -= len(block)
        if not res.write(block):
            await res.drain()
    res.end()


def error(_req: Any, res: Any, _query: str) -> None:
    res.set_header("X-Left", "behind")
    raise RuntimeError("a handler that fails")


async def async_error(_req: Any, _res: Any, query: str) -> None:
    if query == "half":
        _res.write("half an answer")
    await asyncio.sleep(0)
    raise RuntimeError("a handler that fails later")


async def late(_req: Any, res: Any, query: str) -> None:
    await asyncio.sleep(int(query or 50) / 1000)
    res.end("late")


def stats(_req: Any, res: Any, _query: str) -> None:
    res.end(json.dumps(figures()))


ROUTES = {
    "/hello": hello,
    "/echo": echo,
    "/stream": stream,
    "/big": big,
    "/error": error,
    "/async-error": async_error,
    "/late": late,
    "/stats": stats,
}


def figures() -> dict[str, int]:
    """Count what must not grow: resident memory, descriptors, tasks, timers, objects of the library."""
    gc.collect()
    kinds: dict[str, int] = {}
    objects = gc.get_objects()
    for one in objects:
        kind = type(one)
        if str(kind.__module__).startswith("writehead") or kind.__name__ == "TimerHandle":
            kinds[kind.__name__] = kinds.get(kind.__name__, 0) + 1
    return {
        "rss_kib": resident_kib(),
        "descriptors": len(os.listdir("/dev/fd")),
        "tasks": len(asyncio.all_tasks()),
        "timers": kinds.pop("TimerHandle", 0),
        "objects": len(objects),
        "connections": kinds.get("Socket", 0),
        "requests": kinds.get("IncomingMessage", 0),
        "responses": kinds.get("ServerResponse", 0),
    }


def resident_kib() -> int:
    """Return the resident memory of this process; its highest so far where only that is known."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


server = http.create_server(handle, **json.loads(os.environ.get("OPTIONS", "{}")))
server.listen(
    int(os.environ.get("PORT", "0")),
    "127.0.0.1",
    lambda: print(server.address()["port"], flush=True),
)
