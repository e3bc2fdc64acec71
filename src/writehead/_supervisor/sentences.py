"""What the log says of workers that end."""

from __future__ import annotations

import signal

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def ending(status: int) -> str:
    """Return how a process ended, by the code that `Popen.returncode` has for it."""
    if status < 0:
        return f"was killed by {signal_name(-status)}"
    return f"ended with exit code {status}" if status else "ended"


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def span(seconds: float) -> str:
    """Return a time as one number: "3 h", "12 s"."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def count(number: int, one: str) -> str:
    """Return a number and its noun: "1 request", "2 requests"."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
