"""Fields and chunks to be written, at random, and what must be true of each.

The oracles: `check_field` in C finds what its twin in Python finds, and what it accepts, the general checks accept
alike; a chunk says its size.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from writehead._native import fields as twin
from writehead._semantics import fields as _fields

NAMES = [
    "Content-Type", "content-length", "Set-Cookie", "X-A", "x-request-id", "!#$%&'*+-.^_`|~09azAZ", "A" * 300, "ETag", "WWW-Authenticate", "a", "",
]  # fmt: skip
VALUES = [
    "",
    "text/html; charset=utf-8",
    "a",
    "\t",
    "a\tb ",
    "\xe9\xff",
    "v" * 1000,
    "0123456",
    "01234567",
    "012345678",
]
CHARACTERS = [chr(each) for each in range(0x120)] + ["\u20ac", "\ud800", "\U0001f600"]


class _Text(str):
    """Another kind of text."""

    __slots__ = ()


class _Number(int):
    """Another kind of number."""


ODD = [
    None,
    True,
    1.5,
    b"a",
    _Text("a"),
    _Number(1),
    {"a"},
    object(),
    [[]],
    (1,),
    [b""],
    [_Text("a")],
    [None],
]


class Written:
    """An endless supply of names and values; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def _text(self, texts: list[str]) -> str:
        text = self._chance.choice(texts)
        if self._chance.random() < 0.5:
            at = self._chance.randrange(len(text) + 1)
            text = text[:at] + self._chance.choice(CHARACTERS) + text[at + self._chance.randrange(2) :]
        return text

    def name(self) -> Any:
        """Return a name, most often a token."""
        return self._chance.choice(ODD) if self._chance.random() < 0.02 else self._text(NAMES)

    def value(self) -> Any:
        """Return a value, most often text."""
        number = self._chance.random()
        if number < 0.1:
            return self._chance.choice(ODD)
        if number < 0.2:
            return self._chance.choice([0, 5, -1, 1 << 70])
        if number < 0.4:
            kind = self._chance.choice([list, tuple])
            return kind(self._text(VALUES) for _ in range(self._chance.randrange(4)))
        return self._text(VALUES)


def judge_field(check_field: Callable[..., Any], name: Any, value: Any) -> bool:
    """Return whether the field is plainly good.

    Raises:
        AssertionError: the twins differ, or the general checks do not agree.
    """
    key = check_field(name, value)
    assert key == twin.check_field(name, value), (name, value)
    if key is None:
        return False
    assert type(key) is str
    assert _fields.check_name(name) == key, (name, value)
    stored = _fields.check_value(name, value)
    assert stored == (list(value) if isinstance(value, tuple) else value), (name, value)
    return True


def run(check_field: Callable[..., Any], frame_chunk: Callable[[bytes], bytes], cases: int, seed: int) -> int:
    """Judge so many fields and a chunk for every hundred of them; return how many fields were good."""
    written = Written(seed)
    chance = random.Random(seed)
    good = 0
    for number in range(cases):
        good += judge_field(check_field, written.name(), written.value())
        if number % 100 == 0:
            data = chance.randbytes(int(2 ** (chance.random() * 17)) - 1)
            chunk = frame_chunk(data)
            line, _, rest = chunk.partition(b"\r\n")
            assert (int(line, 16), rest) == (len(data), data + b"\r\n")
            assert chunk == twin.frame_chunk(data)
    return good
