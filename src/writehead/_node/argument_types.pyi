"""The types of what users give; for type checkers alone, nothing imports it at run time."""

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from typing import Protocol, TypeAlias

from _typeshed import HasFileno, ReadableBuffer

#: What can be written: text, or any object of bytes.
Chunk: TypeAlias = str | ReadableBuffer

#: A time: milliseconds, or a `timedelta`.
Duration: TypeAlias = float | timedelta

#: What a header may be set to: one value, or a list of them.
HeaderItem: TypeAlias = str | float | bytes | bytearray | memoryview
HeaderValue: TypeAlias = HeaderItem | Sequence[HeaderItem]

#: Headers: a mapping, a flat list of names and values, or a list of pairs.
HeaderFields: TypeAlias = (
    Mapping[str, HeaderValue] | Sequence[HeaderValue] | Sequence[tuple[str, HeaderValue]]
)

#: A file on disk: its path, or a file object that has a descriptor.
File: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes] | HasFileno

class Reads(Protocol):
    """A file object, whose methods may be coroutines."""

    @property
    def read(self) -> Callable[[int], object]: ...

#: What can be poured into a response.
Pourable: TypeAlias = AsyncIterable[Chunk] | Iterable[Chunk] | Reads

class Writable(Protocol):
    """What a source can be piped into."""

    @property
    def write(self) -> Callable[..., object]: ...
    @property
    def end(self) -> Callable[..., object]: ...
    @property
    def on(self) -> Callable[..., object]: ...
    @property
    def once(self) -> Callable[..., object]: ...
    @property
    def off(self) -> Callable[..., object]: ...
    @property
    def emit(self) -> Callable[..., object]: ...
