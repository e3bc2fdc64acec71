"""The workloads `wsgi` and `fastapi` on gunicorn: one worker, of the class gthread or asgi."""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication

from benchmarks.servers.asgi_app import application
from benchmarks.servers.payload import IDLE_TIMEOUT, arguments
from benchmarks.servers.wsgi_app import THREADS, app


class Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """An application that is given in the program, not by name."""

    def load_config(self) -> None:
        """Set the options."""
        workload, port, _, _ = arguments()
        options = {
            "bind": f"127.0.0.1:{port}",
            "worker_class": "asgi" if workload == "fastapi" else "gthread",
            "workers": 1,
            "threads": THREADS,
            "backlog": 2048,
            "worker_connections": 20_000,
            "keepalive": IDLE_TIMEOUT if workload == "idle" else 5,
            "loglevel": "error",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the app."""
        return application("fastapi") if arguments()[0] == "fastapi" else app


if __name__ == "__main__":
    Application().run()
