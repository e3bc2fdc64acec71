"""`wsgi.errors`: a text stream whose lines go to the log."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable

logger = logging.getLogger("writehead.wsgi")


class ErrorStream(threading.local):
    """A text stream; each whole line becomes a line of the logger `writehead.wsgi`, at level error.

    What a thread has written of a line waits for its rest, for `flush`, or for the end of the request.
    """

    def __init__(self) -> None:
        self.begun = ""
        self._logging = False

    def write(self, text: str, /) -> int:
        """Write text; return its length."""
        *lines, self.begun = (self.begun + text).split("\n")
        for line in lines:
            self._log(line)
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Log a line that was begun."""
        if self.begun:
            line, self.begun = self.begun, ""
            self._log(line)

    def _log(self, line: str) -> None:
        if self._logging:  # a handler of the log writes here: it must not be asked again
            if sys.__stderr__ is not None:
                sys.__stderr__.write(f"{line}\n")
            return
        self._logging = True
        try:
            logger.error("%s", line)
        finally:
            self._logging = False


#: The stream of all apps: what each thread has begun is its own.
ERRORS = ErrorStream()
