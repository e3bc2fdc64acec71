"""Starting the program under test and asking it for its figures."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("program.py")


class Peer:
    """The server in its own process, started by the `writehead` command."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    async def ask(self, path: str) -> bytes:
        """Return the body of one answer, on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
        finally:
            writer.close()
        return answer.partition(b"\r\n\r\n")[2]

    async def figures(self) -> dict[str, int]:
        """Return what the server says that it holds."""
        found: dict[str, int] = json.loads(await self.ask("/stats"))
        return found

    def resident_kib(self) -> int:
        """Return the server's resident memory without asking it (Linux)."""
        with contextlib.suppress(OSError):
            pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE") // 1024
        return 0


@contextlib.asynccontextmanager
async def started(options: dict[str, Any], *flags: str) -> AsyncIterator[Peer]:
    """Run the program with these server options; kill it at the end if it is still there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "writehead",
        *flags,
        PROGRAM,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(os.environ, OPTIONS=json.dumps(options)),
    )
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        if not line:
            raise SystemExit(f"the server did not start: exit code {await process.wait()}")
        yield Peer(process, int(line))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def need_descriptors(count: int) -> None:
    """Raise the limit of open descriptors, for this process and those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
