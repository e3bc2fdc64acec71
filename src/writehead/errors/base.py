"""The base class of all errors; see `errors`."""

from __future__ import annotations

from typing import Any


class HTTPError(Exception):
    """The base of every error of the library; `code` tells them apart."""

    code: str = "ERR_HTTP"
    status: int | None = None

    @property
    def message(self) -> str:
        """The text, without the code."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # __init__ makes the text from its arguments: a copy must not pass the text to it.
        return restored, (type(self), self.args), self.__dict__


def restored(kind: type[HTTPError], args: tuple[object, ...]) -> HTTPError:
    """Rebuild an error that was pickled or copied."""
    error = kind.__new__(kind, *args)
    error.args = args  # OSError sets them only in __init__
    return error
