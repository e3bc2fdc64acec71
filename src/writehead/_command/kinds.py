"""The kinds of values that settings have: each reads a text, shows a value, and says what would have been right.

read(text) -> the value, or ValueError whose text goes on after the value: "is not a port, 0 to 65535"
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from writehead._node.validators import duration
from writehead.errors import InvalidArgValueError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Kind(Protocol[T_co]):
    """A kind of values."""

    #: What stands for the value in the help; empty for a switch, which takes none.
    metavar: str

    def read(self, text: str) -> T_co:
        """Return the value that `text` is; raise ValueError with what is wrong with it."""


class Text:
    """Any text that is not empty."""

    def __init__(self, metavar: str) -> None:
        self.metavar = metavar

    def read(self, text: str) -> str:
        if not text or "\0" in text:
            raise ValueError("is not a text without null bytes")
        return text


class Switch:
    """On or off: an option without a value, or a word of the environment."""

    metavar = ""
    _WORDS = {
        word: position % 2 == 0
        for position, word in enumerate(("1", "0", "true", "false", "yes", "no", "on", "off"))
    }

    def read(self, text: str) -> bool:
        found = self._WORDS.get(text.lower())
        if found is None:
            raise ValueError("is not a switch (write 1 or 0, true or false, yes or no, on or off)")
        return found


class Choice(Generic[T]):
    """One of some words, each of which stands for a value."""

    def __init__(self, metavar: str, words: Mapping[str, T]) -> None:
        self.metavar = metavar
        self.words = words

    def read(self, text: str) -> T:
        try:
            return self.words[text.lower()]
        except KeyError:
            raise ValueError(f"is not one of {', '.join(self.words)}") from None


class Duration:
    """Seconds, or a number with a unit; the value is in milliseconds."""

    metavar = "TIME"

    def read(self, text: str) -> float:
        try:
            return duration(text if text[-1:].isalpha() else f"{text}s", "duration")
        except InvalidArgValueError:
            raise ValueError("is not a duration (write 5, 500ms, 2m)") from None


class Whole:
    """A whole number from `least` to `most`."""

    def __init__(self, metavar: str, what: str, least: int, most: int) -> None:
        self.metavar = metavar
        self._what = what
        self._range = range(least, most + 1)

    def read(self, text: str) -> int:
        if not (text.isascii() and text.isdigit()) or int(text[:20]) not in self._range:
            raise ValueError(f"is not {self._what}, {self._range[0]} to {self._range[-1]}")
        return int(text)


class Folder:
    """A folder that exists; the value is its absolute path."""

    metavar = "DIR"

    def read(self, text: str) -> str:
        if not Path(text).is_dir():
            raise ValueError("is not a folder that exists")
        return str(Path(text).resolve())


class Prefix:
    """A prefix of paths, or nothing."""

    metavar = "PATH"

    def read(self, text: str) -> str:
        if text and (not text.startswith("/") or text.endswith("/")):
            raise ValueError("is not a prefix of paths: it begins with / and does not end with one")
        return text
