"""How the command fails: one line on stderr, the traceback of the program where its code raised, and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Final

#: A script that is missing or fails (Node's code); a process that fails while it serves.
FAILED: Final = 1

#: A wrong option, environment or target: nothing was started.
USAGE: Final = 2

#: The start failed: import, target, lifespan, port, certificate.
NOT_STARTED: Final = 3

_HERE = str(Path(__file__).parent)


class CommandError(Exception):
    """What ends the command: a line for stderr, an exit code, and the error of the program that caused it."""

    def __init__(self, line: str, code: int = NOT_STARTED, cause: BaseException | None = None) -> None:
        super().__init__(line)
        self.code = code
        self.cause = cause

    def tell(self) -> int:
        """Print the traceback of the program, if its code raised, and the line; return the exit code."""
        if self.cause is not None:
            print_traceback(self.cause)
        print(f"writehead: {self}", file=sys.stderr)
        return self.code


def print_traceback(error: BaseException) -> None:
    """Print `error` as the interpreter does, without the frames of the command and of importlib before the program's."""
    traceback = frames_of_program(error)
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)


def frames_of_program(error: BaseException) -> TracebackType | None:
    """Return the traceback of `error` from the first frame of the program on; None if it has none."""
    traceback = error.__traceback__
    while traceback is not None and _is_ours(traceback.tb_frame.f_code.co_filename):
        traceback = traceback.tb_next
    return traceback


def _is_ours(file: str) -> bool:
    return file.startswith((_HERE, "<frozen importlib")) or file.endswith("importlib/__init__.py")
