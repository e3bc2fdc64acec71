"""What the system knows of another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

#: Asks a worker for the stack of its main thread.
STACK_SIGNAL = signal.SIGRTMIN + 3 if hasattr(signal, "SIGRTMIN") else getattr(signal, "SIGUSR2", 0)


_HAS_PROC = sys.platform == "linux"


def processor_time(pid: int) -> float:
    """Return the seconds of processor time that a process has used; 0 if that is unknown."""
    return _from_proc(pid) if _HAS_PROC else _from_ps(pid)


def _from_proc(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime: proc_pid_stat(5)


def _from_ps(pid: int) -> float:
    """Ask `ps`, which every system of POSIX has: [[days-]hours:]minutes:seconds."""
    found = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=False)
    days, _, rest = found.stdout.strip().rpartition("-")
    seconds = 0.0
    try:
        for part in rest.split(":"):
            seconds = seconds * 60 + float(part)
        return seconds + int(days or 0) * 86400
    except ValueError:
        return 0.0
