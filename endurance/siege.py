"""Clients that ask for more than their share, in a process of their own: `python -m endurance.siege KIND COUNT PORT`.

- `gets`, `posts`: each connection sends 20,000 requests, as fast as the server takes them, and never reads;
- `chunks/bytes`, `chunks/iter`, `chunks/data`, `chunks/unread`: one request with a body of COUNT chunks of a byte;
- `late`: half a head on each connection, until the server cuts it;
- `heads`: half a head on each connection, for three seconds.

Prints a JSON line when all are connected, and one when they are done or their time is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import sys
import time

REQUESTS = 20_000
LONGEST = 60.0
_PIPELINED = {
    "gets": b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
    "posts": b"POST /data HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
}
_HALF = b"GET /hello HTTP/1.1\r\nHost: a\r\nUser-Agent: slow\r\nX-Slow: "
_HOLD = 3.0


def connect(number: int, port: int, buffer: int = 0) -> socket.socket:
    """Return a connection; each 2,000 have a source address of their own, lest the ports run out."""
    link = socket.socket()
    if sys.platform == "linux":
        link.bind((f"127.0.{1 + number // 2000}.1", 0))
    if buffer:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    link.connect(("127.0.0.1", port))
    return link


def connected(**more: object) -> float:
    """Tell that all are there, and return the time."""
    print(json.dumps(more), flush=True)
    return time.monotonic()


def pipelined(kind: str, count: int, port: int) -> dict[str, object]:
    """Send and never read."""
    links = [connect(number, port, 4096) for number in range(count)]
    begun = connected(connections=count)
    stream = memoryview(_PIPELINED[kind] * REQUESTS)
    watch = selectors.DefaultSelector()
    for link in links:
        link.setblocking(False)
        watch.register(link, selectors.EVENT_WRITE, [0])
    cut = done = 0
    while watch.get_map() and time.monotonic() < begun + LONGEST:
        for key, _ in watch.select(0.2):
            try:
                key.data[0] += key.fileobj.send(stream[key.data[0] : key.data[0] + 65536])  # type: ignore[union-attr]
            except BlockingIOError:
                continue
            except OSError:
                cut += 1
                watch.unregister(key.fileobj)
                continue
            if key.data[0] == len(stream):
                done += 1
                watch.unregister(key.fileobj)
    sent = sum(key.data[0] for key in watch.get_map().values()) + done * len(stream)
    time.sleep(max(0.0, begun + LONGEST - time.monotonic()))  # who has sent all still does not read
    return {"sent": sent // len(_PIPELINED[kind]), "cut": cut}


def chunks(path: str, count: int, port: int) -> dict[str, object]:
    """Send one body in pieces of a byte."""
    link = connect(0, port)
    begun = connected(connections=1)
    link.settimeout(LONGEST)
    link.sendall(b"POST /%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" % path.encode())
    with contextlib.suppress(OSError):  # an answer to what nobody read may be the end of the connection
        link.sendall(b"1\r\nx\r\n" * count + b"0\r\n\r\n")
    answer = b""
    with contextlib.suppress(OSError):
        answer = link.recv(4096)
    return {"answer": answer.partition(b"\r\n")[0].decode(), "seconds": round(time.monotonic() - begun, 2)}


def half_heads(count: int, port: int, hold: float) -> dict[str, object]:
    """Send half a head on each connection, and stay until cut, or for so long."""
    links = [connect(number, port) for number in range(count)]
    for link in links:
        link.send(_HALF)
        link.setblocking(False)
    begun = connected(connections=count)
    watch = selectors.DefaultSelector()
    for link in links:
        watch.register(link, selectors.EVENT_READ)
    first = last = 0.0
    left = count
    while left and time.monotonic() < begun + hold:
        for key, _ in watch.select(0.2):
            last = time.monotonic() - begun
            first = first or last
            watch.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
            left -= 1
    return {"cut": count - left, "first_cut": round(first, 2), "last_cut": round(last, 2)}


def main() -> None:
    """Attack."""
    os.nice(5)  # the honest client shares the core, and is to measure the server and not this
    kind, count, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if kind in _PIPELINED:
        report = pipelined(kind, count, port)
    elif kind.startswith("chunks/"):
        report = chunks(kind.partition("/")[2], count, port)
    else:
        report = half_heads(count, port, LONGEST if kind == "late" else _HOLD)
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
