"""The workloads on uvicorn, with httptools and uvloop."""

from __future__ import annotations

import uvicorn

from benchmarks.servers.asgi_app import application
from benchmarks.servers.payload import IDLE_TIMEOUT, arguments

if __name__ == "__main__":
    workload, port, certificate, key = arguments()
    uvicorn.run(
        application(workload),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="error",
        server_header=False,
        timeout_keep_alive=IDLE_TIMEOUT if workload == "idle" else 5,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
