"""A worker: a process that a supervisor has started, and that serves. `python -m writehead._worker`."""
