"""Chromium, led by its own protocol over a WebSocket."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kit.loops import TIMEOUT
from tests.kit.programs import Program

#: Where Chromium is, if it is here.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """A browser without a window, with one page.

    Source: https://chromedevtools.github.io/devtools-protocol/
    """

    def __init__(self) -> None:
        assert CHROMIUM is not None
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._program = Program(
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            "--no-first-run",
            "--disable-background-networking",
            "--remote-debugging-port=0",
            f"--user-data-dir={self._folder.name}",
            "about:blank",
            limit=600,
        )
        self._count = 0
        self._connect(self._port())

    def _port(self) -> int:
        """Return the port that the browser has chosen, and written into a file."""
        path = Path(self._folder.name) / "DevToolsActivePort"
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            if path.exists() and (match := re.match(r"(\d+)\n", path.read_text())):
                return int(match[1])
            assert self._program.process.poll() is None, self._program.errors()
            time.sleep(0.05)
        raise AssertionError(self._program.errors())

    def _connect(self, port: int) -> None:
        import httpx
        from websockets.sync.client import connect

        pages = httpx.get(f"http://127.0.0.1:{port}/json/list", trust_env=False).json()
        url = next(each["webSocketDebuggerUrl"] for each in pages if each["type"] == "page")
        self._opening = connect(url, proxy=None, max_size=None)
        self._socket = self._opening.__enter__()

    def _call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the protocol, and return its result."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(TIMEOUT))
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message["result"]

    def visit(self, url: str) -> None:
        """Open a page, so that what is run is of its origin."""
        self._call("Page.navigate", url=url)
        origin = re.match(r"\w+://[^/]+", url)
        assert origin is not None
        while self.run("async () => [location.origin, document.readyState]") != [origin[0], "complete"]:
            time.sleep(0.02)

    def run(self, function: str) -> Any:
        """Return what an asynchronous function returns in the page."""
        result = self._call(
            "Runtime.evaluate",
            expression=f"({function})()",
            awaitPromise=True,
            returnByValue=True,
            timeout=TIMEOUT * 1000,
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()
        self._opening.__exit__(None, None, None)
        self._program.__exit__(kind, error, traceback)
        self._folder.cleanup()
