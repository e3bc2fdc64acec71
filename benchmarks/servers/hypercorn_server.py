"""The workloads on hypercorn, in this process, on uvloop."""

from __future__ import annotations

from typing import Any, cast

import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config

from benchmarks.servers.asgi_app import application
from benchmarks.servers.payload import IDLE_TIMEOUT, arguments

if __name__ == "__main__":
    workload, port, certificate, key = arguments()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.backlog = 2048
    config.include_server_header = False
    config.keep_alive_max_requests = 1 << 60
    config.loglevel = "ERROR"
    if workload == "idle":
        config.keep_alive_timeout = IDLE_TIMEOUT
    if certificate:
        config.certfile, config.keyfile = certificate, key
    uvloop.run(serve(cast(Any, application(workload)), config, mode="asgi"))
