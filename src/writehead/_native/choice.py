"""The functions of this package that are used: those in C, or their twins in Python.

`WRITEHEAD_NATIVE=0` chooses the twins. With `WRITEHEAD_NATIVE=1` it is an error if those in C cannot be imported.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from writehead._native.fields import check_field, frame_chunk
from writehead._native.heads import Head, scan_head

__all__ = ["NATIVE", "Head", "check_field", "frame_chunk", "scan_head"]

#: Whether the functions in C are used.
NATIVE: bool = False

if not TYPE_CHECKING and (wish := os.environ.get("WRITEHEAD_NATIVE")) != "0":
    try:
        from writehead._native._fields import check_field, frame_chunk
        from writehead._native._heads import Head, scan_head

        NATIVE = True
    except ImportError:
        if wish == "1":
            raise
