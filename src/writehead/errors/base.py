"""What all errors of the library are; see `errors`."""

from __future__ import annotations

from typing import Any


class HTTPError(Exception):
    """Catch this to catch every error of the library; look at `code` to tell them apart."""

    code: str = "ERR_HTTP"
    status: int | None = None

    @property
    def message(self) -> str:
        """The sentence, without the code."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Facts go in, a sentence comes out: a copy must not run the sentence through __init__.
        return restored, (type(self), self.args), self.__dict__


def restored(kind: type[HTTPError], args: tuple[object, ...]) -> HTTPError:
    """Return an error that was pickled or copied."""
    error = kind.__new__(kind, *args)
    error.args = args  # an OSError sets them in __init__ alone
    return error
