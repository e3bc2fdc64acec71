"""The functions of this package that are used: those in C, or their twins in Python.

`WRITEHEAD_NATIVE=0` chooses the twins. With `WRITEHEAD_NATIVE=1` it is an error if those in C cannot be imported.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from writehead._native.fields import (
    LARGE,
    Chunks,
    check_field,
    check_pairs,
    frame_chunk,
    render_response,
)
from writehead._native.heads import Head, scan_head

__all__ = [
    "LARGE",
    "NATIVE",
    "Chunks",
    "Head",
    "check_field",
    "check_pairs",
    "frame_chunk",
    "render_response",
    "scan_head",
]

#: Whether the functions in C are used.
NATIVE: bool = False

if not TYPE_CHECKING and (_wish := os.environ.get("WRITEHEAD_NATIVE")) != "0":
    try:  # all of them or none: they may have been built of an older source
        from writehead._native import _fields as _in_c_fields
        from writehead._native import _heads as _in_c_heads

        _found = (
            _in_c_heads.Head,
            _in_c_heads.scan_head,
            _in_c_fields.Chunks,
            _in_c_fields.check_field,
            _in_c_fields.check_pairs,
            _in_c_fields.frame_chunk,
            _in_c_fields.render_response,
        )
        _in_c_fields.Chunks.total  # noqa: B018 - one that was built before has none
    except (ImportError, AttributeError):
        if _wish == "1":
            raise
    else:
        NATIVE = True
        Head, scan_head, Chunks, check_field, check_pairs, frame_chunk, render_response = _found
