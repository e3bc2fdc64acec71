"""Node's encodings: text of a response to bytes, bytes of a request to text.

Where an encoding works by units (latin1, utf16le), a Python string is taken as
UTF-16 units, as in JavaScript.
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
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")  # base64 and base64url each accept both alphabets
_LOW_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))


def normalize(encoding: str | None) -> str:
    """Return Node's name of an encoding given in any spelling; `None`, "" and "buffer" are utf8.

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
    """Return the bytes of `text`; characters that the encoding lacks are dropped or replaced as in Node.

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
    data = _low_bytes(text)  # Node takes the low byte of each character, even for a digit
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
    assert pairs is not None  # the pattern matches the empty text, too
    return binascii.unhexlify(pairs[0])


def _from_base64(data: bytes) -> bytes:
    digits = data.partition(b"=")[0].translate(_TO_BASE64, _NOT_BASE64)
    if len(digits) % 4 == 1:  # six bits left: no whole byte
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


class _Decoding(Protocol):
    def decode(self, data: bytes, final: bool = False) -> str: ...


class Decoder:
    """Decodes bytes that arrive in pieces; a character split between two pieces waits for its rest.

    `encoding` is the canonical name. Raises UnknownEncodingError, for "buffer" too.
    """

    __slots__ = ("_decoding", "encoding")

    def __init__(self, encoding: str | None = None) -> None:
        if isinstance(encoding, str) and encoding.lower() == "buffer":
            raise UnknownEncodingError(encoding)
        self.encoding = normalize(encoding)
        self._decoding = _decoding(self.encoding)

    def decode(self, data: bytes) -> str:
        """Return the text that `data` completes, perhaps none."""
        return self._decoding.decode(data)

    def flush(self) -> str:
        """Return the text of an incomplete rest, and start anew."""
        return self._decoding.decode(b"", True)


def as_decoded(chunk: Any, encoding: str | None, decoder: Decoder | None) -> bytes | str:
    """Return a chunk in the encoding of `decoder`; as bytes if there is none.

    Raises:
        InvalidArgTypeError: the chunk is neither `str` (in `encoding`) nor bytes-like.
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
    """latin1, ascii and hex: each byte is complete."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def decode(self, data: bytes, final: bool = False) -> str:
        if self._name == "hex":
            return data.hex()
        return (data.translate(_LOW_SEVEN_BITS) if self._name == "ascii" else data).decode("latin-1")


class _UTF16:
    """utf16le: units of two bytes, surrogate pairs of two units; a lone surrogate stays one, as in JavaScript."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def decode(self, data: bytes, final: bool = False) -> str:
        data = self._rest + data
        whole = len(data) & ~1
        if not final and whole and 0xD8 <= data[whole - 1] <= 0xDB:
            whole -= 2
        self._rest = b"" if final else data[whole:]
        return data[:whole].decode("utf-16-le", "surrogatepass")


class _BASE64:
    """base64 and base64url: three bytes are four digits; the padded rest comes at the end."""

    __slots__ = ("_rest", "_url")

    def __init__(self, name: str) -> None:
        self._rest = b""
        self._url = name == "base64url"

    def decode(self, data: bytes, final: bool = False) -> str:
        data = self._rest + data
        whole = len(data) if final else len(data) - len(data) % 3
        self._rest = data[whole:]
        if self._url:
            return base64.urlsafe_b64encode(data[:whole]).decode("ascii").rstrip("=")
        return base64.b64encode(data[:whole]).decode("ascii")
