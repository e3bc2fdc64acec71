"""The threads of one mount, and the calls that wait for one of them.

    submit -> ... the loop has read what there is -> one thread is woken, or started
    a thread takes a job -> if there are more, it wakes the next thread -> runs the job -> takes the next, or rests

So the jobs of one round cost one change of threads and back, unless the app waits for something: then the next
thread runs. To wake a thread for each job would change threads twice for each, as uvloop lets go of the GIL behind
each callback: 25 us.

Invariant: jobs begin in the order in which they came. Threads are daemons: an app that never returns does not
hold the process.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from _thread import allocate_lock
from collections import deque
from contextvars import copy_context
from typing import Protocol

logger = logging.getLogger("writehead")


class Job(Protocol):
    """What a thread runs."""

    def run(self) -> None:
        """Do the work; never raises."""
        ...


class Pool:
    """Up to `size` threads, started when they are needed.

    Its methods are called on the event loop. `deque` and `list` are changed by single calls, which threads may make
    at the same time.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._jobs: deque[Job | None] = deque()  # None ends the thread that takes it
        self._resting: list[_Worker] = []  # the last one is woken first: its memory is in the caches
        self._workers: list[_Worker] = []
        self._due = False  # `_wake` is scheduled
        self.waking = False  # a thread was woken, and has not looked for a job yet

    def submit(self, job: Job) -> None:
        """Let a thread run `job`.

        Raises:
            RuntimeError: the system gives no thread, and there is none yet.
        """
        self._jobs.append(job)
        if len(self._jobs) > len(self._resting) and len(self._workers) < self.size:
            self._start_one(job)
        if not self._due:
            self._due = True
            self._loop.call_soon(self._wake, context=self._context)

    def _wake(self) -> None:
        self._due = False
        self.wake_next()

    def wake_next(self) -> None:
        """Wake a thread if there are jobs, unless one wakes already; also called in threads."""
        if self._jobs and not self.waking:
            try:
                worker = self._resting.pop()
            except IndexError:  # all are busy
                return
            self.waking = True
            worker.wake()

    def withdraw(self, job: Job) -> bool:
        """Take back a job that no thread has begun; False if one has."""
        try:
            self._jobs.remove(job)
        except ValueError:
            return False
        return True

    def busy(self) -> list[tuple[str, Job]]:
        """Return the names of the threads that run a job, and the jobs."""
        return [(each.name, each.job) for each in self._workers if each.job is not None]

    def _start_one(self, job: Job) -> None:
        worker = _Worker(self, f"wsgi-{len(self._workers)}")
        try:
            worker.start()
        except RuntimeError:  # the limit of the system or of its container
            if not self._workers:
                self.withdraw(job)
                raise
            logger.warning("no thread can be started: requests wait for one of %d", len(self._workers))
        else:
            self._workers.append(worker)

    def stop(self) -> None:
        """End the threads, each when it has done what it is doing."""
        self._jobs.extend([None] * len(self._workers))
        self._workers = []
        self.wake_next()


class _Worker(threading.Thread):
    """A thread that runs jobs, and rests when there is none."""

    job: Job | None = None  # the one that it runs

    def __init__(self, pool: Pool, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._pool = pool
        self._rest = allocate_lock()
        self._rest.acquire()

    def wake(self) -> None:
        """End the rest of a thread that was taken from those that rest."""
        self._rest.release()

    def run(self) -> None:
        """Run job after job."""
        pool = self._pool
        jobs = pool._jobs
        while True:
            try:
                job = jobs.popleft()
            except IndexError:
                self._wait_for_jobs()
                continue
            if jobs:
                pool.wake_next()
            if job is None:
                return
            self.job = job
            job.run()
            self.job = job = None  # while the thread rests, nothing of a request is kept

    def _wait_for_jobs(self) -> None:
        pool = self._pool
        pool._resting.append(self)
        if pool._jobs and self._leave_resting():
            return  # one came before this thread could be found
        self._rest.acquire()
        pool.waking = False

    def _leave_resting(self) -> bool:
        """Stop being found; False if it was found already, and is woken."""
        try:
            self._pool._resting.remove(self)
        except ValueError:
            return False
        return True
