"""The threads of one mount, and the calls that wait for one of them.

    submit -> a thread that rests is woken, or one is started, or all are busy: the call waits

Invariant: calls begin in the order in which they came. Threads are daemons: an app that never returns does not
hold the process.
"""

from __future__ import annotations

import logging
import threading
from _thread import allocate_lock
from collections import deque
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
        self._jobs: deque[Job | None] = deque()  # None ends the thread that takes it
        self._resting: list[_Worker] = []  # the last one is woken first: its memory is in the caches
        self._workers: list[_Worker] = []

    def submit(self, job: Job) -> None:
        """Let a thread run `job`.

        Raises:
            RuntimeError: the system gives no thread, and there is none yet.
        """
        self._jobs.append(job)
        if self._resting:
            self._resting.pop().wake()
        elif len(self._workers) < self.size:
            self._start_one(job)

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
        workers, self._workers = self._workers, []
        self._jobs.extend([None] * len(workers))
        for worker in workers:
            worker.wake_if_resting()


class _Worker(threading.Thread):
    """A thread that runs jobs, and rests when there is none."""

    job: Job | None = None  # the one that it runs

    def __init__(self, pool: Pool, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._jobs = pool._jobs
        self._resting = pool._resting
        self._rest = allocate_lock()
        self._rest.acquire()

    def wake(self) -> None:
        """End the rest of a thread that was taken from those that rest."""
        self._rest.release()

    def wake_if_resting(self) -> None:
        """End its rest, if it rests."""
        if self._leave_resting():
            self._rest.release()

    def run(self) -> None:
        """Run job after job."""
        jobs = self._jobs
        while True:
            try:
                job = jobs.popleft()
            except IndexError:
                self._wait_for_jobs()
                continue
            if job is None:
                return
            self.job = job
            job.run()
            self.job = job = None  # while the thread rests, nothing of a request is kept

    def _wait_for_jobs(self) -> None:
        self._resting.append(self)
        if self._jobs and self._leave_resting():
            return  # one came before this thread could be found
        self._rest.acquire()

    def _leave_resting(self) -> bool:
        """Stop being found; False if the loop has found it already, and wakes it."""
        try:
            self._resting.remove(self)
        except ValueError:
            return False
        return True
