"""The kinds of values that settings have: each reads a text, shows a value, and says what would have been right.

read(text) -> the value, or ValueError whose text goes on after the value: "is not a port, 0 to 65535"
plain(value) -> the same as plain data, for a worker;  made(data) -> the value again
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from writehead._command.cpus import usable_cpus
from writehead._node.validators import duration
from writehead.errors import InvalidArgValueError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

#: A switch that is on, and one that is off, in the environment or a file.
ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")


class Kind(Generic[T_co]):
    """A kind of values."""

    #: What stands for the value in the help; empty for a switch, which takes none.
    metavar: str = ""

    #: Whether an option may be given many times, and a text has values between commas.
    several = False

    #: Whether no error shows the text.
    hidden = False

    def read(self, text: str) -> T_co:
        """Return the value that `text` is; raise ValueError with what is wrong with it."""
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """Return a text that reads as `value`."""
        return str(value)

    def plain(self, value: Any) -> Any:
        """Return a value as JSON can have it."""
        return value

    def made(self, data: Any) -> Any:
        """Return the value that `plain` has made `data` of."""
        return data


class Text(Kind[str]):
    """Any text that is not empty."""

    def __init__(self, metavar: str) -> None:
        self.metavar = metavar

    def read(self, text: str) -> str:
        if not text or "\0" in text:
            raise ValueError("is not a text without null bytes")
        return text


class Switch(Kind[bool]):
    """On or off: an option without a value, or a word of the environment.

    Args:
        metavar: what stands for a value in the help, of an option that has to have one.
    """

    _WORDS = {**dict.fromkeys(ON, True), **dict.fromkeys(OFF, False)}

    def __init__(self, metavar: str = "") -> None:
        self.metavar = metavar

    def read(self, text: str) -> bool:
        found = self._WORDS.get(text.lower())
        if found is None:
            raise ValueError("is not a switch (write 1 or 0, true or false, yes or no, on or off)")
        return found

    def show(self, value: Any) -> str:
        return "on" if value else "off"


class Standing(Kind[T]):
    """A switch that stands for a value: `--metrics` for an address."""

    def __init__(self, value: T) -> None:
        self.value = value

    def read(self, text: str) -> T:
        if not Switch().read(text):
            raise ValueError("cannot be switched off by this name")
        return self.value


class Choice(Kind[T]):
    """One of some words, each of which stands for a value; the first word for a value is its name."""

    def __init__(self, metavar: str, words: Mapping[str, T]) -> None:
        self.metavar = metavar
        self.words = words

    def read(self, text: str) -> T:
        try:
            return self.words[text.lower()]
        except KeyError:
            raise ValueError(f"is not one of {', '.join(self.words)}") from None

    def show(self, value: Any) -> str:
        return next(word for word, each in self.words.items() if each == value)

    plain = show

    def made(self, data: Any) -> Any:
        return self.words[data]


class Duration(Kind[float]):
    """Seconds, or a number with a unit; the value is in milliseconds.

    Args:
        least: the shortest that is not 0, in seconds.
        zero: whether it may be 0.
        bare: the unit of a number without one.
    """

    metavar = "TIME"

    def __init__(self, *, least: float = 0, zero: bool = True, bare: Literal["s", "ms"] = "s") -> None:
        self._least = least
        self._zero = zero
        self._bare = bare

    def read(self, text: str) -> float:
        try:
            found = duration(text if text[-1:].isalpha() else f"{text}{self._bare}", "duration")
        except InvalidArgValueError:
            raise ValueError("is not a duration (write 5, 500ms, 2m)") from None
        if found == 0 and not self._zero:
            raise ValueError("is no time: it is more than 0")
        if 0 < found < self._least * 1000:
            raise ValueError(f"is not {'0 or ' if self._zero else ''}{self._least:g} seconds or more")
        return found

    def show(self, value: Any) -> str:
        return f"{value / 1000:g}s" if value % 1000 == 0 or value >= 1000 else f"{value:g}ms"


class Whole(Kind[int]):
    """A whole number from `least` to `most`."""

    def __init__(self, metavar: str, what: str, least: int, most: int) -> None:
        self.metavar = metavar
        self._what = what
        self._range = range(least, most + 1)

    def read(self, text: str) -> int:
        if not (text.isascii() and text.isdigit()) or int(text[:20]) not in self._range:
            raise ValueError(f"is not {self._what}, {self._range[0]} to {self._range[-1]}")
        return int(text)


class Number(Whole):
    """A whole number, 0 or more, of something."""

    def __init__(self, what: str) -> None:
        super().__init__("N", f"a whole number of {what}", 0, 2**53)

    def read(self, text: str) -> int:
        try:
            return super().read(text)
        except ValueError:
            raise ValueError(f"is not {self._what}, 0 or more") from None


class Workers(Kind[int]):
    """A number of workers; `auto` is that of the CPUs."""

    metavar = "N"
    _MOST = 512

    def read(self, text: str) -> int:
        if text.lower() == "auto":
            return min(usable_cpus(), self._MOST)
        if not (text.isascii() and text.isdigit()) or int(text[:20]) < 1:
            raise ValueError("is not a whole number of workers, 1 or more, or 'auto'")
        if int(text[:20]) > self._MOST:
            raise ValueError(f"are more workers than {self._MOST}")
        return int(text)


class Size(Kind[int]):
    """A number of bytes, or of the unit behind it.

    Args:
        least: the smallest that is allowed; 0 always is, if `zero`.
        most: the largest.
        zero: whether it may be 0.
        bare: what a number without a unit is multiplied by.
    """

    metavar = "SIZE"
    _UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}

    def __init__(self, *, least: int = 0, most: int = 2**53, zero: bool = True, bare: int = 1) -> None:
        self._least = least
        self._most = most
        self._zero = zero
        self._bare = bare

    def read(self, text: str) -> int:
        unit = self._UNITS.get(text[-1:].lower())
        digits = text if unit is None else text[:-1]
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError("is not a size (write 16384, 16k, 2m, 1g)")
        found = int(digits[:20]) * (unit or self._bare)
        if not (self._least <= found <= self._most or (found == 0 and self._zero)):
            zero = "0, or " if self._zero and self._least else ""
            most = f" to {self.show(self._most)}" if self._most < 2**53 else " or more"
            raise ValueError(f"is not a size that is possible: {zero}{self.show(self._least)}{most}")
        return found

    def show(self, value: Any) -> str:
        for letter, unit in reversed(self._UNITS.items()):
            if value and value % unit == 0:
                return f"{value // unit}{letter}"
        return str(value)


class Octal(Kind[int]):
    """Permissions, in octal digits."""

    metavar = "MODE"

    def read(self, text: str) -> int:
        if not text.removeprefix("0o") or len(text) > 5 or set(text.removeprefix("0o")) - set("01234567"):
            raise ValueError("is not a mode, in octal digits: 600, 022")
        found = int(text.removeprefix("0o"), 8)
        if found > 0o777:
            raise ValueError("is not a mode, 0 to 777")
        return found

    def show(self, value: Any) -> str:
        return f"{value:03o}"


class Folder(Kind[str]):
    """A folder that exists; the value is its absolute path."""

    metavar = "DIR"

    def read(self, text: str) -> str:
        if not Path(text).is_dir():
            raise ValueError("is not a folder that exists")
        return str(Path(text).resolve())


class File(Kind[str]):
    """The path of a file; the value is absolute, as the program may change its working directory.

    Args:
        words: texts that are no paths, and stay as they are: `-`.
    """

    metavar = "FILE"

    def __init__(self, *words: str) -> None:
        self._words = words

    def read(self, text: str) -> str:
        if not text or "\0" in text:
            raise ValueError("is not the path of a file")
        return text if text in self._words else str(Path.cwd() / text)


class FileOrOff(Kind["str | Literal[False] | None"]):
    """A path, or False for none at all."""

    metavar = "PATH"

    def read(self, text: str) -> str | Literal[False]:
        return False if text.lower() in OFF else File().read(text)

    def show(self, value: Any) -> str:
        return "off" if value is False else str(value)


class Prefix(Kind[str]):
    """A prefix of paths, or nothing."""

    metavar = "PATH"

    def read(self, text: str) -> str:
        if text and (not text.startswith("/") or text.endswith("/")):
            raise ValueError("is not a prefix of paths: it begins with / and does not end with one")
        return text


class UrlPath(Kind[str]):
    """The path of a URL."""

    metavar = "PATH"

    def read(self, text: str) -> str:
        if not text.startswith("/") or not text.isascii() or not text.isprintable() or set(text) & set(" ?#"):
            raise ValueError("is not a path of a URL: it begins with /, and has no query")
        return text


class Secret(Kind[str]):
    """A secret: itself, or where it is: `file:PATH`, `env:NAME`.

    Args:
        metavar: what stands for it in the help.
        least: how many characters it has to have.
    """

    hidden = True

    def __init__(self, metavar: str, least: int = 1) -> None:
        self.metavar = metavar
        self._least = least

    def read(self, text: str) -> str:
        found = self._found(text)
        if len(found) < self._least:
            raise ValueError(f"is too short: a secret here has {self._least} characters or more")
        return found

    def _found(self, text: str) -> str:
        place, colon, name = text.partition(":")
        if colon and place == "env":
            if name not in os.environ:
                raise ValueError("names a variable that is not set")
            return os.environ[name]
        if colon and place == "file":
            try:
                return Path(name).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"names a file that cannot be read: {error}") from None
        return text

    def show(self, value: Any) -> str:
        return "•••"


class Several(Kind["tuple[T, ...]"]):
    """Some values of another kind: an option given many times, or a text with commas.

    Args:
        kind: that of each.
        commas: whether a text of the command line is split at commas, too.
    """

    several = True

    def __init__(self, kind: Kind[T], *, commas: bool = True) -> None:
        self.kind = kind
        self.commas = commas
        self.metavar = kind.metavar

    def read(self, text: str) -> tuple[T, ...]:
        words = [each.strip() for each in text.split(",")] if self.commas else [text]
        return tuple(self.kind.read(each) for each in words if each or not self.commas)

    def show(self, value: Any) -> str:
        return ",".join(map(self.kind.show, value))

    def plain(self, value: Any) -> Any:
        return [self.kind.plain(each) for each in value]

    def made(self, data: Any) -> Any:
        return tuple(self.kind.made(each) for each in data)
