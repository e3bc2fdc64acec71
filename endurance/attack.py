"""Slow and absent clients in a process of their own: `python -m endurance.attack KIND COUNT PORT`.

Prints one JSON line when all are connected and one when the server has cut the last of them.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import Counter

_HEAD = b"GET /hello HTTP/1.1\r\nHost: a\r\nX-Slow: "
KINDS = {
    "trickle": _HEAD,
    "silent": b"",
    "deaf": b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n",
    "mute": b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"b" * 1000,
}
"""What each kind sends at first; then: a byte a second, nothing, no reading, no more body."""
BIG = 8 << 20
_DEAF = 90.0
"""Seconds after which those that do not read look at what they have got."""
_LONGEST = 180.0


class _Crowd:
    def __init__(self, kind: str, count: int, port: int) -> None:
        self.kind = kind
        self.ends: Counter[str] = Counter()
        self.first_cut = self.last_cut = 0.0
        self._watch = selectors.DefaultSelector()
        self._members: set[socket.socket] = set()
        for number in range(count):
            self._members.add(self._join(number, port))
        self.begun = time.monotonic()

    def _join(self, number: int, port: int) -> socket.socket:
        link = socket.socket()
        # Each source address has its own ports: one would run out of them after a few attacks.
        link.bind((f"127.0.{1 + number // 2000}.1", 0)) if sys.platform == "linux" else None
        if self.kind == "deaf":
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.connect(("127.0.0.1", port))
        link.setblocking(False)
        if KINDS[self.kind]:
            link.send(KINDS[self.kind])
        if self.kind != "deaf":
            self._watch.register(link, selectors.EVENT_READ)
        return link

    def live(self) -> None:
        """Behave badly until the last one has been cut."""
        tick = time.monotonic()
        while self._members and time.monotonic() < self.begun + _LONGEST:
            if self.kind == "deaf" and time.monotonic() - self.begun > _DEAF:
                self._wake_up()
            for key, _ in self._watch.select(0.2):
                self._hear(key.fileobj)  # type: ignore[arg-type]
            if self.kind == "trickle" and time.monotonic() - tick >= 1.0:
                tick = time.monotonic()
                self._trickle()

    def _trickle(self) -> None:
        for link in list(self._members):
            try:
                link.send(b"y")
            except BlockingIOError:
                pass
            except OSError as error:
                self._gone(link, type(error).__name__)

    def _wake_up(self) -> None:
        """Read at last: who was cut gets the beginning that lay in the system's buffers, and no more.

        Who does not read cannot hear of the end: it comes behind bytes that there is no room for.
        """
        for link in list(self._members):
            link.settimeout(2)
            size = 0
            try:
                while data := link.recv(262144):
                    size += len(data)
                how = "whole" if size >= BIG else "cut short"
            except TimeoutError:
                continue
            except OSError:
                how = "cut short"
            self._gone(link, how)

    def _hear(self, link: socket.socket) -> None:
        try:
            data = link.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b"reset"
        self._gone(link, data[9:12].decode() if data.startswith(b"HTTP/") else data.decode() or "closed")

    def _gone(self, link: socket.socket, how: str) -> None:
        if link not in self._members:
            return
        self._members.discard(link)
        if self.kind != "deaf":
            self._watch.unregister(link)
        link.close()
        self.ends[how] += 1
        self.last_cut = time.monotonic() - self.begun
        self.first_cut = self.first_cut or self.last_cut

    def report(self) -> dict[str, object]:
        return {
            "left": len(self._members),
            "ends": dict(self.ends),
            "first_cut": round(self.first_cut, 1),
            "last_cut": round(self.last_cut, 1),
        }


def main() -> None:
    kind, count, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    begun = time.monotonic()
    crowd = _Crowd(kind, count, port)
    print(json.dumps({"held": count, "seconds": round(time.monotonic() - begun, 1)}), flush=True)
    crowd.live()
    print(json.dumps(crowd.report()), flush=True)


if __name__ == "__main__":
    main()
