"""Chunks that a program writes, as bytes."""

from __future__ import annotations

from typing import Any

from writehead._node import encodings
from writehead.errors import InvalidArgTypeError, StreamNullValuesError


def as_bytes(data: Any, encoding: str | None) -> bytes:
    """Return a chunk as bytes.

    Raises:
        StreamNullValuesError, InvalidArgTypeError, UnknownEncodingError.
    """
    kind = type(data)
    if encoding is not None and kind is not str:
        encodings.normalize(encoding)  # Node checks it for bytes, too
    if kind is bytes:
        return data  # type: ignore[no-any-return]  # known by the line above
    if kind is str:
        if encoding is None:
            try:
                return data.encode()  # type: ignore[no-any-return]  # known by the line above
            except UnicodeEncodeError:
                pass
        return encodings.encode(data, encoding)
    if data is None:
        raise StreamNullValuesError
    if isinstance(data, str):
        return encodings.encode(str.__str__(data), encoding)  # the text itself, not what a subclass says
    try:
        return bytes(memoryview(data))  # not bytes(data), which calls `__bytes__` of a subclass
    except TypeError:
        raise InvalidArgTypeError("chunk", "a str or a bytes-like object", data) from None
