"""The pair of sockets between the supervisor and a worker: lines of JSON, both ways, and descriptors with them.

Invariant: nothing here waits, but for `wait`, which a worker calls before its loop runs.
"""

from __future__ import annotations

import array
import json
import select
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

#: How many descriptors come with one message at most.
MOST_DESCRIPTORS = 64

#: The longest line, which a stack of many threads does not reach.
LONGEST = 8 * 1024 * 1024

_SPACE = (
    socket.CMSG_SPACE(MOST_DESCRIPTORS * array.array("i").itemsize) if hasattr(socket, "CMSG_SPACE") else 0
)


class Message(NamedTuple):
    """What has come: what it is about, its facts, and its descriptors, which belong to the receiver."""

    about: str
    facts: dict[str, Any]
    descriptors: list[int]


class Channel:
    """One end of the pair.

    Args:
        sock: the socket.
        on_full: called when something waits to be sent: call `flush` when the socket can be written to.
    """

    def __init__(self, sock: socket.socket, on_full: Callable[[], object] | None = None) -> None:
        sock.setblocking(False)
        self._sock = sock
        self.on_full = on_full
        self._data = bytearray()
        self._descriptors: deque[int] = deque()
        self._received: deque[Message] = deque()
        self._unsent: deque[tuple[bytes, list[int]]] = deque()
        self.ended = False  # whether the other side has gone

    def fileno(self) -> int:
        """Return the descriptor, for a loop."""
        return self._sock.fileno()

    # -- sending ---------------------------------------------------------------

    def send(self, about: str, descriptors: Sequence[int] = (), **facts: Any) -> None:
        """Send a message; what the other side does not take at once waits. Nothing is raised if it has gone.

        Args:
            about: what it is about.
            descriptors: descriptors to pass; the caller keeps its own.
            facts: what JSON can say.
        """
        assert len(descriptors) <= MOST_DESCRIPTORS
        facts["about"] = about
        if descriptors:
            facts["descriptors"] = len(descriptors)
        line = json.dumps(facts, separators=(",", ":")).encode() + b"\n"
        self._unsent.append((line, list(descriptors)))
        if not self.flush() and self.on_full is not None:
            self.on_full()

    def flush(self) -> bool:
        """Send what waits; return whether nothing is left."""
        while self._unsent:
            line, descriptors = self._unsent[0]
            try:
                if descriptors:
                    sent = socket.send_fds(self._sock, [line], descriptors)
                else:
                    sent = self._sock.send(line)
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:  # the other side has gone, and this one is told by reading
                self._unsent.clear()
                return True
            if sent == len(line):
                self._unsent.popleft()
            else:
                self._unsent[0] = (line[sent:], [])
        return True

    # -- receiving -------------------------------------------------------------

    def receive(self) -> list[Message]:
        """Return the messages that have come; `ended` says whether there will be more."""
        self._read()
        found = list(self._received)
        self._received.clear()
        return found

    def wait(self, about: str) -> Message | None:
        """Wait for a message about something, and keep what comes before it; None if the other side has gone."""
        while True:
            for each in self._received:
                if each.about == about:
                    self._received.remove(each)
                    return each
            if self.ended:
                return None
            self.flush()
            poll = select.poll()
            poll.register(self._sock, select.POLLIN | (select.POLLOUT if self._unsent else 0))
            poll.poll()
            self._read()

    @property
    def has_kept(self) -> bool:
        """Whether `wait` has kept messages, for which the socket does not become readable."""
        return bool(self._received)

    def _read(self) -> None:
        while not self.ended:
            try:
                data, ancillary, _, _ = self._sock.recvmsg(65536, _SPACE)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                data, ancillary = b"", []
            self._keep_descriptors(ancillary)
            self.ended = not data or len(self._data) > LONGEST
            self._data += data
            self._cut_lines()

    def _keep_descriptors(self, ancillary: Sequence[tuple[int, int, bytes]]) -> None:
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                found = array.array("i")
                found.frombytes(data[: len(data) - len(data) % found.itemsize])
                self._descriptors.extend(found)

    def _cut_lines(self) -> None:
        while (end := self._data.find(b"\n")) >= 0:
            facts = json.loads(bytes(self._data[:end]))
            del self._data[: end + 1]
            descriptors = [self._descriptors.popleft() for _ in range(facts.pop("descriptors", 0))]
            self._received.append(Message(facts.pop("about"), facts, descriptors))

    def close(self) -> None:
        """Close this end."""
        self.ended = True
        self._sock.close()
