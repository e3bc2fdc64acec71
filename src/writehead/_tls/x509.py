"""Certificate: the names, times and numbers of a certificate (RFC 5280), read from its DER.

`ssl` returns them too, but raises for names that are not UTF-8, and leaves alternative names unquoted.

Invariant: OpenSSL has accepted the certificate; what OpenSSL could not read is left out, as in Node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# OpenSSL's short names of attribute types.
_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.16": "postalAddress",
    "2.5.4.17": "postalCode",
    "2.5.4.18": "postOfficeBox",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.54": "dmdName",
    "2.5.4.65": "pseudonym",
    "2.5.4.72": "role",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.3": "mail",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

_ALTERNATIVE_NAMES = "2.5.29.17"

# Kinds of string (X.680, 8.4) and how they are decoded.
_UTF8, _IA5, _BMP = 12, 22, 30
_CODECS = {
    _UTF8: "utf-8",
    18: "latin-1",
    19: "latin-1",
    20: "latin-1",  # T61String: read as Latin-1 by OpenSSL too
    _IA5: "latin-1",
    28: "utf-32-be",
    _BMP: "utf-16-be",
}

_CONSTRUCTED = 0x20
_DEEPEST = 5  # OpenSSL: ASN1_MAX_STRING_NEST
_LONGEST = 128  # bytes of an object identifier (RFC 2578, 3.5, has 128 numbers at most)

# GeneralName (RFC 5280, 4.2.1.6) by its context-specific tag, with the constructed bit if it has one.
_STRINGS = {0x81: "email", 0x82: "DNS", 0x86: "URI", 0x87: "IP Address"}
_UNSUPPORTED = {0xA3: "X400Name", 0xA5: "EdiPartyName"}
_OTHER, _DIRECTORY, _REGISTERED = 0xA0, 0xA4, 0x88

# Other names by their type: their label, and the kind of string that they must be.
_OTHERS = {
    "1.3.6.1.4.1.311.20.2.3": ("UPN", _UTF8),
    "1.3.6.1.5.5.7.8.5": ("XmppAddr", _UTF8),
    "1.3.6.1.5.5.7.8.7": ("SRVName", _IA5),
    "1.3.6.1.5.5.7.8.8": ("NAIRealm", _UTF8),
    "1.3.6.1.5.5.7.8.9": ("SmtpUTF8Mailbox", _UTF8),
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Value:
    """A value of DER: its tag, its content, and all its bytes; iterates over the values in its content."""

    __slots__ = ("content", "tag", "whole")

    def __init__(self, tag: int, content: bytes, whole: bytes) -> None:
        self.tag = tag
        self.content = content
        self.whole = whole

    def __iter__(self) -> Iterator[Value]:
        return values(self.content)


def values(data: bytes) -> Iterator[Value]:
    """Yield the values that follow each other in `data`.

    Raises:
        ValueError: it is not DER, or has tags past 30, which certificates do not have.
    """
    at = 0
    while at < len(data):
        start, tag = at, data[at]
        length = int.from_bytes(data[at + 1 : at + 2])
        at += 2
        if length == 128:
            raise ValueError("not DER")
        if length > 128:
            more = length & 127
            length = int.from_bytes(data[at : at + more])
            at += more
        if tag & 31 == 31 or at + length > len(data):
            raise ValueError("not DER")
        yield Value(tag, data[at : at + length], data[start : at + length])
        at += length


#: A distinguished name: for each part the types and values of its attributes.
Name = list[list[tuple[str, Value]]]


class Certificate:
    """The parts of a certificate that `get_peer_certificate` returns.

    Args:
        der: the certificate in DER.

    Raises:
        ValueError: it is not a certificate.
    """

    def __init__(self, der: bytes) -> None:
        signed, *_ = _only(values(der))
        parts = list(signed)
        if parts and parts[0].tag == 0xA0:  # the version; without one it is 1
            del parts[0]
        serial, _, issuer, validity, subject = parts[:5]
        self.serial_number = _serial(serial.content)
        self.issuer = _mapping(_name(issuer))
        self._subject = _name(subject)
        self.subject = _mapping(self._subject)
        self.valid_from, self.valid_to = map(_time, validity)
        self._extensions = next((part for part in parts if part.tag == 0xA3), None)

    def subject_text(self) -> str:
        """Return the subject as one text (RFC 4514): its last part first, types without a name of their own as numbers."""
        parts = ["+".join(_standard(*each) for each in part) for part in reversed(self._subject)]
        return ",".join(parts)

    def alternative_names(self) -> str | None:
        """Return the subject's alternative names as one text; None without any, or if one is malformed.

        A name that could be read as several, or as something else, is put in quotes with escapes as
        in JSON (CVE-2021-44532).
        """
        try:
            found = self._extension(_ALTERNATIVE_NAMES)
            return None if found is None else ", ".join(map(_general_name, _only(values(found))))
        except ValueError:
            return None

    def _extension(self, wanted: str) -> bytes | None:
        for extension in _only(self._extensions) if self._extensions is not None else ():
            kind, *_, value = extension
            if _dotted(kind.content) == wanted:
                return value.content
        return None


def _only(outer: Iterable[Value]) -> Value:
    """Return the only value of `outer`.

    Raises:
        ValueError: there are none, or several.
    """
    (one,) = outer
    return one


def _serial(content: bytes) -> str:
    """Return a serial number as OpenSSL writes it, with an even count of digits unless it is 0."""
    number = int.from_bytes(content, signed=True)
    digits = f"{abs(number):X}"
    if number and len(digits) % 2:
        digits = f"0{digits}"
    return f"-{digits}" if number < 0 else digits


def _time(value: Value) -> str:
    """Return a time as OpenSSL writes it ("Jan  2 03:04:05 2020 GMT")."""
    text = value.content.decode("latin-1").removesuffix("Z")
    if value.tag == 23:  # UTCTime: from 1950 to 2049 (RFC 5280, 4.1.2.5.1)
        text = ("19" if text[:2] >= "50" else "20") + text
    year, month, day, seconds = text[:4], text[4:6], text[6:8], text[12:]
    try:
        return f"{_MONTHS[int(month) - 1]} {int(day):2} {text[8:10]}:{text[10:12]}:{seconds} {int(year)} GMT"
    except (ValueError, IndexError):
        return "Bad time value"


# -- distinguished names -------------------------------------------------------


def _name(value: Value) -> Name:
    return [[_pair(attribute) for attribute in part] for part in value]


def _pair(attribute: Value) -> tuple[str, Value]:
    kind, value = attribute
    return _dotted(kind.content), value


def _mapping(name: Name) -> dict[str, str | list[str]]:
    """Return a distinguished name as a mapping; values of a repeated type as a list."""
    found: dict[str, list[str]] = {}
    for part in name:
        for kind, value in part:
            found.setdefault(_SHORT.get(kind, kind), []).append(_text(value))
    return {key: texts[0] if len(texts) == 1 else texts for key, texts in found.items()}


def _text(value: Value) -> str:
    """Return the text of a value; if it is not a string, its DER in hexadecimal.

    Raises:
        ValueError: it is not valid in its encoding.
    """
    codec = _CODECS.get(value.tag)
    if codec is None:
        return _dump(value)
    text = value.content.decode(codec)
    if value.tag == _BMP and 2 * len(text) != len(value.content):
        raise ValueError("surrogates in a BMPString")
    return text


def _dump(value: Value) -> str:
    return f"#{value.whole.hex().upper()}"  # RFC 4514, 2.4


def _written(name: Name) -> str:
    """Return a distinguished name as one text, the last part first (RFC 2253, 2)."""
    return ",".join("+".join(_attribute(*each) for each in reversed(part)) for part in reversed(name))


def _attribute(kind: str, value: Value) -> str:
    if kind not in _SHORT or value.tag not in _CODECS:
        return f"{_SHORT.get(kind, kind)}={_dump(value)}"
    text = "".join(f"\\{char}" if char in ',+"\\<>;' else char for char in _text(value))
    if text.endswith(" "):
        text = f"{text[:-1]}\\ "
    if text.startswith(("#", " ")):
        text = f"\\{text}"
    return f"{_SHORT[kind]}={text}"


# The types that have a name (RFC 4514, 3).
_NAMED = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}


def _standard(kind: str, value: Value) -> str:
    """Return an attribute as in RFC 4514, 2.3 and 2.4."""
    if kind not in _NAMED or value.tag not in _CODECS:
        return f"{_NAMED.get(kind, kind)}={_dump(value)}"
    text = "".join(f"\\{char}" if char in ',+"\\<>;' else char for char in _text(value)).replace("\0", "\\00")
    if text.endswith(" ") and text != " ":
        text = f"{text[:-1]}\\ "
    if text.startswith(("#", " ")):
        text = f"\\{text}"
    return f"{_NAMED[kind]}={text}"


def _dotted(content: bytes) -> str:
    """Return an object identifier with dots (X.690, 8.19); one that is too long in hexadecimal.

    Raises:
        ValueError: it is not an object identifier.
    """
    if not content or content[-1] > 127:
        raise ValueError("not an object identifier")
    if len(content) > _LONGEST:
        return f"#{content.hex().upper()}"
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 127
        if byte < 128:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


# -- alternative names ---------------------------------------------------------


def _general_name(value: Value) -> str:
    """Return a name as Node writes it: its kind, a colon, and its text.

    Source: https://nodejs.org/en/blog/vulnerability/jan-2022-security-releases
    """
    tag = value.tag
    kind = _STRINGS.get(tag & ~_CONSTRUCTED)
    if kind is not None:
        text = _string(value)
        return f"{kind}:{_address(text) if kind == 'IP Address' else _quoted(text)}"
    if tag == _DIRECTORY:
        written = _written(_name(_only(value))).encode()
        return f"DirName:{_quoted(written, unicode=True)}"
    if tag == _REGISTERED:
        return f"Registered ID:{_dotted(value.content)}"
    if tag == _OTHER:
        return f"othername:{_other(value)}"
    if tag in _UNSUPPORTED:
        return f"{_UNSUPPORTED[tag]}:<unsupported>"
    raise ValueError("not a GeneralName")


def _string(value: Value, depth: int = 0) -> bytes:
    """Return the bytes of a string, which may be constructed of pieces.

    Raises:
        ValueError: the pieces are nested more deeply than OpenSSL follows them.
    """
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if value.tag & _CONSTRUCTED:
        return b"".join(_string(piece, depth + 1) for piece in value)
    return value.content


def _other(value: Value) -> str:
    kind, wrapped = value
    prefix, wanted = _OTHERS.get(_dotted(kind.content), ("", 0))
    text = _only(wrapped)
    if text.tag != wanted:
        return "<unsupported>"
    return _quoted(text.content, prefix, unicode=wanted == _UTF8)


def _address(content: bytes) -> str:
    if len(content) == 4:
        return ".".join(map(str, content))
    if len(content) == 16:
        return ":".join(f"{int.from_bytes(content[at : at + 2]):X}" for at in range(0, 16, 2))
    return f"<invalid length={len(content)}>"


def _quoted(name: bytes, prefix: str = "", *, unicode: bool = False) -> str:
    """Return a name, in quotes if it could be read as more than one."""
    if prefix:
        prefix = f"{prefix}:"
    if all(_is_plain(byte, unicode) and byte not in b"\"\\,'" for byte in name):
        return prefix + name.decode("utf-8", "replace")
    inner = b"".join(_escaped(byte, unicode) for byte in name)
    return f'"{prefix}{inner.decode("utf-8", "replace")}"'


def _is_plain(byte: int, unicode: bool) -> bool:
    return 32 <= byte < 127 or (unicode and byte > 127)


def _escaped(byte: int, unicode: bool) -> bytes:
    char = bytes((byte,))
    if byte in b'\\"':
        return b"\\" + char
    if byte != ord(",") and _is_plain(byte, unicode):
        return char
    return b"\\u%04x" % byte
