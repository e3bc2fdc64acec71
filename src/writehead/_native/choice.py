"""The functions of this package that are used: those in C, or their twins in Python.

`WRITEHEAD_NATIVE=0` chooses the twins. With `WRITEHEAD_NATIVE=1` it is an error if those in C cannot be imported.
Only what is used is imported: the twins compile patterns.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from writehead._native.sizes import LARGE

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
        from writehead._native._fields import Chunks, check_field, check_pairs, frame_chunk, render_response
        from writehead._native._heads import Head, scan_head

        Chunks.total  # noqa: B018 - one that was built before has none
    except (ImportError, AttributeError):
        if _wish == "1":
            raise
    else:
        NATIVE = True

if not NATIVE:
    from writehead._native.fields import Chunks, check_field, check_pairs, frame_chunk, render_response
    from writehead._native.heads import Head, scan_head
