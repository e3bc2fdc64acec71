"""The workloads on granian, as ASGI with one worker."""

from __future__ import annotations

import os
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

from benchmarks.servers.asgi_app import APPLICATIONS
from benchmarks.servers.payload import arguments

app = APPLICATIONS[os.environ.get("BENCHMARK_WORKLOAD", "plain")]

if __name__ == "__main__":
    workload, port, certificate, key = arguments()
    os.environ["BENCHMARK_WORKLOAD"] = workload  # the worker is another process
    Granian(
        "benchmarks.servers.granian_server:app",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGINL,
        workers=1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        backlog=16384,
        log_enabled=False,
        ssl_cert=Path(certificate) if certificate else None,
        ssl_key=Path(key) if key else None,
    ).serve()
