"""The programs: what the client sends and what the handler does. No clocks: a delay is a turn of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .ledger import Account, Promise

GET = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
BIG = b"0123456789abcdef" * 16384


@dataclass(frozen=True)
class Program:
    """A handler, the bytes of its client, and how many answers they get when nothing fails."""

    name: str
    handler: Callable[[Any, Any, Account], Any]
    sends: bytes
    answers: int = 1
    fails: bool = False
    """The handler fails by design, so the log may speak."""
    unsure: bool = False
    """Its last answer is written just before a cut, and need not get through to a slow client."""
    methods: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


def promised(account: Account, what: str, res: Any) -> Promise:
    """Make a callback that counts its calls."""
    # Before its turn, corked, or behind the end of the socket no callback is due when all is lost (as in Node).
    gone = res.destroyed or res.socket is None or res.socket.destroyed or not res.socket.writable
    gone = gone or res.writable_corked > 0
    promise = Promise(what, queued=gone)
    account.promises.append(promise)
    return promise


def end(account: Account, res: Any, *data: Any) -> None:
    res.end(*data, promised(account, "end", res))


def write(account: Account, res: Any, data: bytes) -> bool:
    answer: bool = res.write(data, promised(account, "write", res))
    return answer


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def small(_req: Any, res: Any, account: Account) -> None:
    res.set_header("X-A", ["1", "2"])
    end(account, res, b"small")


def written(_req: Any, res: Any, account: Account) -> None:
    write(account, res, b"one")
    write(account, res, b"two")
    end(account, res, b"three")


async def later(_req: Any, res: Any, account: Account) -> None:
    await turns(5)
    end(account, res, b"later")


async def streamed(_req: Any, res: Any, account: Account) -> None:
    for number in range(6):
        write(account, res, b"line %d\n" % number)
        await turns(2)
    end(account, res)


async def drained(_req: Any, res: Any, account: Account) -> None:
    for _ in range(4):
        if not write(account, res, BIG[:100_000]):
            await res.drain()
    end(account, res)


def big(_req: Any, res: Any, account: Account) -> None:
    end(account, res, BIG)


async def waited(_req: Any, res: Any, account: Account) -> None:
    end(account, res, BIG)
    await res.wait_finished()


def read_by_data(req: Any, res: Any, account: Account) -> None:
    size = 0

    def count(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)

    req.on("data", count)
    req.on("end", lambda: end(account, res, b"%d" % size))


async def read_by_iteration(req: Any, res: Any, account: Account) -> None:
    size = 0
    async for chunk in req:
        size += len(chunk)
        await turns(1)
    end(account, res, b"%d" % size)


async def read_whole(req: Any, res: Any, account: Account) -> None:
    body = await req.bytes()
    end(account, res, body)


async def read_json(req: Any, res: Any, account: Account) -> None:
    end(account, res, str(await req.json(limit=1000)).encode())


def unread(_req: Any, res: Any, account: Account) -> None:
    end(account, res, b"not read")


def mixed(req: Any, res: Any, account: Account) -> Any:
    """The first is slow, the second is fast, the third streams."""
    if req.url == "/slow":
        return later(req, res, account)
    if req.url == "/stream":
        return streamed(req, res, account)
    written(req, res, account)
    return None


def hinted(_req: Any, res: Any, account: Account) -> None:
    res.write_early_hints({"link": "</a>; rel=preload"})
    res.write_information(103, {"X-B": "1"})
    res.set_header("Trailer", "X-T")
    write(account, res, b"body")
    res.add_trailers({"X-T": "v"})
    end(account, res)


def corked(_req: Any, res: Any, account: Account) -> None:
    res.cork()
    write(account, res, b"a")
    write(account, res, b"b")
    res.uncork()
    res.flush_headers()
    end(account, res, b"c")


def fails(_req: Any, _res: Any, _account: Account) -> None:
    raise RuntimeError("at once")


async def fails_later(_req: Any, res: Any, account: Account) -> None:
    write(account, res, b"half")
    await turns(3)
    raise RuntimeError("later")


def destroys(_req: Any, res: Any, account: Account) -> None:
    write(account, res, b"half")
    res.destroy()


def closes(_req: Any, res: Any, account: Account) -> None:
    res.set_header("Connection", "close")
    end(account, res, b"bye")


async def piped(req: Any, res: Any, _account: Account) -> None:
    from writehead import http

    await http.pipeline(req, res)


async def filed(_req: Any, res: Any, _account: Account) -> None:
    await res.send_file(__file__)


def ticking(_req: Any, res: Any, account: Account) -> None:
    res.set_timeout(60000, lambda _socket: None)
    res.on("timeout", lambda _socket: None)
    end(account, res, b"tick")


POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz"
CHUNKED = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n"
EXPECT = b"POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
JSON = b'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n{"a":1}'
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"

PROGRAMS = [
    Program("small", small, GET % b"/" * 2, 2),
    Program("written", written, GET % b"/" * 2, 2),
    Program("later", later, GET % b"/" * 2, 2),
    Program("streamed", streamed, GET % b"/"),
    Program("drained", drained, GET % b"/"),
    Program("big", big, GET % b"/" * 2, 2),
    Program("waited", waited, GET % b"/"),
    Program("head", big, HEAD + GET % b"/", 2, methods=["HEAD", "GET"]),
    Program("old", written, OLD),
    Program("read by data", read_by_data, POST + CHUNKED, 2),
    Program("read by iteration", read_by_iteration, POST + CHUNKED, 2),
    Program("read whole", read_whole, CHUNKED + POST, 2),
    Program("read json", read_json, JSON),
    Program("bad json", read_json, JSON.replace(b'":', b"::"), fails=True),
    Program("unread", unread, POST + CHUNKED + GET % b"/", 3),
    Program("expect", read_by_data, EXPECT + GET % b"/", 2),
    Program("pipeline", mixed, GET % b"/slow" + GET % b"/fast" + GET % b"/stream" + POST, 4),
    Program("hinted", hinted, GET % b"/"),
    Program("corked", corked, GET % b"/" * 2, 2),
    Program("fails", fails, GET % b"/" * 2, 2, fails=True),
    Program("fails later", fails_later, GET % b"/", 0, fails=True, unsure=True),
    Program("destroys", destroys, GET % b"/" * 2, 0),
    Program("closes", closes, GET % b"/" * 2, 1),
    Program("piped", piped, POST + CHUNKED, 2),
    Program("filed", filed, GET % b"/" * 2, 2),
    Program("declined upgrade", small, UPGRADE + GET % b"/", 2),
    Program("broken second", later, GET % b"/" + b"BAD\x00\r\n\r\n", 2, unsure=True),
    Program("ticking", ticking, GET % b"/" * 2, 2),
    Program("close after finish", written, GET % b"/" * 2, 2, options={"emit_close_after_finish": True}),
]
