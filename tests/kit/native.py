"""The functions of `_native` in both languages, for tests that hold them to the same promises."""

from __future__ import annotations

from typing import Any

import pytest

from writehead._native import choice, fields, heads

HEADS: list[Any] = [pytest.param(heads, id="python")]
FIELDS: list[Any] = [pytest.param(fields, id="python")]

if choice.NATIVE:
    from writehead._native import _fields, _heads

    HEADS.append(pytest.param(_heads, id="c"))
    FIELDS.append(pytest.param(_fields, id="c"))

in_c = pytest.mark.skipif(not choice.NATIVE, reason="the functions in C are not used")
