"""What differs from run to run, masked, so that expected bytes can stand in the tests."""

from __future__ import annotations

import re


def dateless(data: bytes) -> bytes:
    """Return `data` with `D` for each date."""
    return re.sub(rb"Date: [^\r\n]+ GMT\r\n", b"Date: D\r\n", data)


def masked(data: bytes) -> bytes:
    """Return `data` with `<date>` for each date, as the pages of the documentation show it."""
    return re.sub(rb"(?m)^Date: [^\r\n]+", b"Date: <date>", data)
