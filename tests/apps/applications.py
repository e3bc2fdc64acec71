"""The applications that are tried, and the servers that serve them.

--asgi-server "uvicorn {target} --port {port}"    another server for the same tests; {target}, {port}, {python}
--wsgi-server "gunicorn {target} -b :{port}"
--all-apps                                        an application whose packages are missing is a failure
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.kit.loops import TIMEOUT
from tests.kit.programs import Program, free_port

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Application:
    """An application, and what its framework can do.

    `slow`: it reads a body in pieces, so that its client has to wait; `ranges`: parts of files; `echo`: WebSockets;
    `close code`: it is told with which code a client has closed; `background`: tasks behind the response; `state`: what is
    made at the start is there in requests.
    """

    name: str
    target: str
    needs: tuple[str, ...]
    has: frozenset[str]
    interface: str = "asgi"


_HTTP = frozenset({"hello", "url", "stream", "events", "upload", "file", "boom"})
_ASGI = _HTTP | {"echo", "close code"}

APPLICATIONS = {
    each.name: each
    for each in (
        Application(
            "starlette",
            "starlette_app:app",
            ("starlette",),
            _ASGI | {"slow", "ranges", "background", "state"},
        ),
        Application(
            "fastapi",
            "fastapi_app:app",
            ("fastapi", "multipart"),
            _ASGI | {"slow", "ranges", "background", "state", "form"},
        ),
        Application("django-asgi", "django_asgi:app", ("django",), _HTTP | {"form"}),
        Application("django-wsgi", "django_wsgi:app", ("django",), _HTTP | {"form", "slow"}, "wsgi"),
        Application("flask", "flask_app:app", ("flask",), _HTTP | {"form", "slow", "ranges"}, "wsgi"),
        Application("litestar", "litestar_app:app", ("litestar",), _ASGI | {"slow", "background", "state"}),
        Application(
            "quart",
            "quart_app:app",
            ("quart",),
            _HTTP | {"echo", "ranges", "background", "state"},
        ),
        Application("channels", "channels_app:app", ("channels",), _ASGI | {"form"}),
        Application("sse-starlette", "sse_starlette_app:app", ("sse_starlette",), frozenset()),
        Application("mcp", "mcp_app:app", ("mcp",), frozenset()),
        Application("socketio", "socketio_app:app", ("socketio",), frozenset()),
        Application("strawberry", "strawberry_app:app", ("strawberry",), frozenset()),
    )
}


def that_have(feature: str) -> list[Application]:
    """Return the applications whose framework has a feature."""
    return [each for each in APPLICATIONS.values() if feature in each.has]


class Served:
    """An application that a server serves, in a process of its own."""

    def __init__(self, application: Application, command: str, **environment: str) -> None:
        self.application = application
        self.command = command
        self.port = free_port()
        words = [
            word.format(python=sys.executable, target=application.target, port=self.port)
            for word in shlex.split(command)
        ]
        own = Path(sys.executable).parent / words[0]
        if own.exists():  # a server of this environment
            words[0] = str(own)
        self.program = Program(*words, cwd=HERE, PYTHONDONTWRITEBYTECODE="1", limit=600, **environment)
        self.url = f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        """Return when it listens."""
        import httpx

        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            try:
                httpx.get(self.url, trust_env=False)
                return
            except httpx.TransportError:
                assert self.program.process.poll() is None, self.program.errors()
                time.sleep(0.02)
        raise AssertionError(self.program.errors())

    def client(self, **more: Any) -> Any:
        """Return a client of httpx for its address."""
        import httpx

        return httpx.Client(base_url=self.url, trust_env=False, timeout=TIMEOUT, **more)

    def open(self, gate: str) -> None:
        """Open a gate of the application."""
        with self.client() as client:
            assert client.post("/open", params={"name": gate}).status_code == 200

    def wait(self, gate: str) -> str:
        """Return the word of a gate when the application has opened it."""
        with self.client() as client:
            answer = client.get("/wait", params={"name": gate})
            assert answer.status_code == 200, answer.text
            return str(answer.text)

    def tracebacks(self) -> list[str]:
        """Return the last lines of the tracebacks in what was logged: the errors."""
        text = self.program.errors()
        lines = re.sub(
            r"(?m)^\d{4}-\S+Z ERROR +", "", text
        )  # what WSGI applications say is logged line by line
        return re.findall(r"(?m)^(?:\w+\.)*\w*(?:Error|Exception|Cancelled|Disconnect)\b.*$", lines)

    def stop(self) -> int:
        """End it as an operator does, and return its exit code."""
        return self.program.stop()


def missing(application: Application) -> str | None:
    """Return what the application needs and is not installed."""
    needed = ("httpx", *application.needs)
    found = [name for name in needed if importlib.util.find_spec(name) is None]
    return ", ".join(found) or None


def skip_or_fail(request: pytest.FixtureRequest, application: Application) -> None:
    """Leave a test out whose packages are missing; where all applications were asked for, fail."""
    lost = missing(application)
    if lost is not None and request.config.getoption("--all-apps"):
        pytest.fail(f"{application.name} needs {lost}")
    if lost is not None:
        pytest.skip(f"{application.name} needs {lost}: make test-apps")


def command_for(request: pytest.FixtureRequest, application: Application) -> str:
    """Return the command of the server that is tried."""
    return str(request.config.getoption(f"--{application.interface}-server"))
