"""The start of a worker: it takes over what the supervisor passes, then serves as a single process would."""

from __future__ import annotations

import os
import socket
import stat
import sys

from writehead._command.failures import NOT_STARTED, CommandError
from writehead._command.script import run_script, set_defaults
from writehead._command.serving import serve
from writehead._command.settings import (
    ENV_FILE,
    IDLE_GRACE,
    MAX_REQUESTS,
    MAX_REQUESTS_JITTER,
    WORKER_LIFETIME,
    WORKER_MAX_RSS,
)
from writehead._command.target_names import Script, read_target
from writehead._command.values import Values
from writehead._command.variables import set_variables
from writehead._process.deadline import end_in_spite_of_threads
from writehead._shared.channel import Channel
from writehead._worker.passed import Passed
from writehead._worker.recycling import Recycling
from writehead._worker.signals import take_signals
from writehead._worker.worker import Worker


def main() -> int:
    """Serve until the supervisor, or its end, says so; return the exit code."""
    if not stat.S_ISSOCK(os.fstat(0).st_mode):
        sys.stderr.write("writehead: a worker is started by its supervisor: writehead --workers 2 main:app\n")
        return 2
    channel = Channel(socket.socket(fileno=os.dup(0)))
    take_signals()
    hello = channel.wait("hello")
    if hello is None:
        return 0
    passed = Passed(hello)
    worker = Worker(channel, passed)
    try:
        return _serve(worker, passed)
    except CommandError as error:
        worker.tell_failure(error)
    finally:
        worker.end()
    end_in_spite_of_threads(NOT_STARTED)
    return NOT_STARTED


def _serve(worker: Worker, passed: Passed) -> int:
    values = Values.from_data(passed.facts["settings"])
    target = read_target(passed.facts["target"])
    if values[ENV_FILE]:
        set_variables(values.source(ENV_FILE) or "", values[ENV_FILE])
    worker.has_idle_grace = values.source(IDLE_GRACE) is not None
    worker.limits = lambda now: Recycling(
        values[MAX_REQUESTS],
        values[MAX_REQUESTS_JITTER],
        values[WORKER_LIFETIME] / 1000,
        values[WORKER_MAX_RSS],
        now,
    )
    worker.operate(values)
    if isinstance(target, Script):
        set_defaults(values)
        worker.begin_with_loop()
        return run_script(target.path, passed.facts["rest"])
    return serve(target, values, worker)
