"""What an idle kept-alive connection weighs: resident memory before and after thousands of them."""

from __future__ import annotations

import resource
import socket
import time
from contextlib import ExitStack

from benchmarks.load import check_answer
from benchmarks.peers import Server
from benchmarks.process import HOST, running
from benchmarks.workloads import WORKLOADS

CONNECTIONS = 10_000
BATCH = 200
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def raise_descriptor_limit(wanted: int = CONNECTIONS + 1000) -> int:
    """Allow this process, and so its children, enough open files; return how many connections fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return min(CONNECTIONS, max(soft, limit) - 500)


def idle_memory(server: Server, connections: int) -> float:
    """KiB of the server's resident memory for each connection that has had one answer and is kept."""
    with running(server, "idle") as process, ExitStack() as held:
        for _ in range(50):
            check_answer(process, WORKLOADS["plain"])
        time.sleep(0.5)
        before = process.resident()
        for first in range(0, connections, BATCH):
            batch = [
                held.enter_context(socket.create_connection((HOST, process.port), timeout=30))
                for _ in range(min(BATCH, connections - first))
            ]
            for connection in batch:
                connection.sendall(REQUEST)
            for connection in batch:
                _read_answer(connection)
        time.sleep(1.0)
        return (process.resident() - before) / connections / 1024


def _read_answer(connection: socket.socket) -> None:
    answer = b""
    while not answer.endswith(b"Hello, World!"):
        more = connection.recv(4096)
        if not more:
            raise RuntimeError("the server closed a connection that should stay")
        answer += more
