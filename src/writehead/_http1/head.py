"""A head as raw bytes, read only when and as far as somebody asks.

Law: `raw` is one whole head that llhttp has accepted without leniencies, from the method
on; nothing but empty lines follows it. So every line ends with CRLF, no line is folded,
and no CR or LF stands in a value: cutting at CRLF finds exactly the fields llhttp saw.
"""

from __future__ import annotations


def fields_of(raw: bytes) -> list[bytes]:
    """Return the fields, flat: name, value, name, value, …; white space around values is off."""
    fields: list[bytes] = []
    lines = raw.split(b"\r\n")
    for line in lines[1 : lines.index(b"")]:
        name, _, value = line.partition(b":")
        fields.append(name)
        fields.append(value.strip(b" \t"))
    return fields


def values_of(raw: bytes, name: bytes) -> list[bytes]:
    """Return the values of the fields called `name` (lower case), in order.

    For the one or two fields that a server needs of every request, quicker than all of them.
    """
    lowered = raw.lower()
    mark = b"\n" + name + b":"
    values: list[bytes] = []
    at = lowered.find(mark)
    while at >= 0:
        stop = raw.index(b"\r", at)
        values.append(raw[at + len(mark) : stop].strip(b" \t"))
        at = lowered.find(mark, stop)
    return values
