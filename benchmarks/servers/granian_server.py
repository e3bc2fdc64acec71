"""The workloads on granian, as ASGI, or WSGI, with one worker."""

from __future__ import annotations

import os
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

from benchmarks.servers.asgi_app import application
from benchmarks.servers.payload import arguments
from benchmarks.servers.wsgi_app import THREADS
from benchmarks.servers.wsgi_app import app as wsgi_app

WORKLOAD = os.environ.get("BENCHMARK_WORKLOAD", "plain")
app = wsgi_app if WORKLOAD == "wsgi" else application(WORKLOAD)

if __name__ == "__main__":
    workload, port, certificate, key = arguments()
    os.environ["BENCHMARK_WORKLOAD"] = workload  # the worker is another process
    Granian(
        "benchmarks.servers.granian_server:app",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI if workload == "wsgi" else Interfaces.ASGINL,
        blocking_threads=THREADS if workload == "wsgi" else None,
        workers=1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        backlog=16384,
        log_enabled=False,
        ssl_cert=Path(certificate) if certificate else None,
        ssl_key=Path(key) if key else None,
    ).serve()
