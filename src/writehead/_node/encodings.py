"""Node's encodings: text of a response to bytes, bytes of a request to text.

A Python string is read as JavaScript would: as UTF-16 units, where an encoding
works by units (latin1, utf16le).
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from typing import Any, Protocol

from writehead.errors import InvalidArgTypeError, UnknownEncodingError

_NAMES = {
    "": "utf8",
    "buffer": "utf8",
    "utf8": "utf8",
    "utf-8": "utf8",
    "latin1": "latin1",
    "binary": "latin1",
    "ascii": "ascii",
    "hex": "hex",
    "base64": "base64",
    "base64url": "base64url",
    "ucs2": "utf16le",
    "ucs-2": "utf16le",
    "utf16le": "utf16le",
    "utf-16le": "utf16le",
}
_HEX_PAIRS = re.compile(rb"(?:[0-9A-Fa-f]{2})*")
_BASE64_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64_DIGITS))
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")  # both alphabets are taken in both
_LOW_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))


def normalize(encoding: str | None) -> str:
    """Return Node's name of an encoding in any spelling; `None`, "" and "buffer" are utf8.

    Raises UnknownEncodingError.
    """
    if encoding is None:
        return "utf8"
    if not isinstance(encoding, str):
        raise UnknownEncodingError(encoding)
    try:
        return _NAMES[encoding.lower()]
    except KeyError:
        raise UnknownEncodingError(encoding) from None


def encode(text: str, encoding: str | None = None) -> bytes:
    """Return the bytes of `text`; what an encoding has no bytes for is dropped or replaced as in Node.

    Raises UnknownEncodingError.
    """
    name = "utf8" if encoding is None else normalize(encoding)
    if name == "utf8":
        try:
            return text.encode()
        except UnicodeEncodeError:
            return _units(text).decode("utf-16-le", "replace").encode()
    if name == "utf16le":
        return _units(text)
    data = _low_bytes(text)  # Node looks at no more of a character, be it a digit
    if name == "hex":
        return _from_hex(data)
    return _from_base64(data) if name in ("base64", "base64url") else data


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _low_bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return _units(text)[::2]


def _from_hex(data: bytes) -> bytes:
    pairs = _HEX_PAIRS.match(data)
    assert pairs is not None  # it matches nothing at all, too
    return binascii.unhexlify(pairs[0])


def _from_base64(data: bytes) -> bytes:
    digits = data.partition(b"=")[0].translate(_TO_BASE64, _NOT_BASE64)
    if len(digits) % 4 == 1:  # six bits are no byte
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


class _Decoding(Protocol):
    def decode(self, data: bytes, final: bool = False) -> str: ...


class Decoder:
    """Bytes that come in pieces to text; what is split between two pieces waits for the rest.

    `encoding` is the canonical name. Raises UnknownEncodingError, for "buffer" too.
    """

    __slots__ = ("_decoding", "encoding")

    def __init__(self, encoding: str | None = None) -> None:
        if isinstance(encoding, str) and encoding.lower() == "buffer":
            raise UnknownEncodingError(encoding)
        self.encoding = normalize(encoding)
        self._decoding = _decoding(self.encoding)

    def decode(self, data: bytes) -> str:
        """Return the text that is complete with `data`, perhaps none."""
        return self._decoding.decode(data)

    def flush(self) -> str:
        """Return what waited for a rest that does not come, and be as new."""
        return self._decoding.decode(b"", True)


def as_decoded(chunk: Any, encoding: str | None, decoder: Decoder | None) -> bytes | str:
    """Return a chunk in the form in which `decoder` gives out others; without one as bytes.

    Raises:
        InvalidArgTypeError: it is neither `str`, which is taken in `encoding`, nor bytes-like.
        UnknownEncodingError
    """
    if isinstance(chunk, str):
        if decoder is not None and decoder.encoding == normalize(encoding):
            return chunk
        data = encode(chunk, encoding)
    elif isinstance(chunk, bytes | bytearray | memoryview):
        data = bytes(chunk)
    else:
        raise InvalidArgTypeError("chunk", "a str or a bytes-like object", chunk)
    if decoder is None:
        return data
    whole = Decoder(decoder.encoding)
    return whole.decode(data) + whole.flush()


def _decoding(name: str) -> _Decoding:
    if name == "utf8":
        return codecs.getincrementaldecoder("utf-8")("replace")
    return _UTF16() if name == "utf16le" else _BASE64(name) if name.startswith("base64") else _Bytewise(name)


class _Bytewise:
    """latin1, ascii and hex: no byte waits for another."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def decode(self, data: bytes, final: bool = False) -> str:
        if self._name == "hex":
            return data.hex()
        return (data.translate(_LOW_SEVEN_BITS) if self._name == "ascii" else data).decode("latin-1")


class _UTF16:
    """Two bytes a unit, two units a surrogate pair; a lone surrogate stays one, as in JavaScript."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def decode(self, data: bytes, final: bool = False) -> str:
        data = self._rest + data
        cut = len(data) & ~1
        if not final and cut and 0xD8 <= data[cut - 1] <= 0xDB:
            cut -= 2
        self._rest = b"" if final else data[cut:]
        return data[:cut].decode("utf-16-le", "surrogatepass")


class _BASE64:
    """Three bytes are four digits; the padded rest comes at the end."""

    __slots__ = ("_rest", "_url")

    def __init__(self, name: str) -> None:
        self._rest = b""
        self._url = name == "base64url"

    def decode(self, data: bytes, final: bool = False) -> str:
        data = self._rest + data
        cut = len(data) if final else len(data) - len(data) % 3
        self._rest = data[cut:]
        if self._url:
            return base64.urlsafe_b64encode(data[:cut]).decode("ascii").rstrip("=")
        return base64.b64encode(data[:cut]).decode("ascii")
