"""Status codes and methods."""

from __future__ import annotations

import pytest

from tests.kit.node import on_node
from writehead._semantics.status import METHODS, STATUS_CODES


def test_status_codes_are_worded_as_in_the_documents() -> None:
    """The phrases that differ between versions of Python are Node's, in every version."""
    assert len(STATUS_CODES) == 63
    assert [STATUS_CODES[code] for code in (200, 413, 414, 416, 418, 422, 509)] == [
        "OK",
        "Payload Too Large",
        "URI Too Long",
        "Range Not Satisfiable",
        "I'm a Teapot",
        "Unprocessable Entity",
        "Bandwidth Limit Exceeded",
    ]
    assert list(STATUS_CODES) == sorted(STATUS_CODES)


def test_methods_are_sorted_and_unique() -> None:
    """The 35 methods are listed once each, in alphabetical order."""
    assert len(METHODS) == 35
    assert sorted(set(METHODS)) == METHODS
    assert {"GET", "HEAD", "M-SEARCH", "QUERY", "CONNECT"} <= set(METHODS)


@pytest.mark.node
def test_both_tables_equal_node() -> None:
    """`http.STATUS_CODES` and `http.METHODS` are those of Node."""
    codes, methods = on_node("return [http.STATUS_CODES, http.METHODS]", None)
    assert {int(code): phrase for code, phrase in codes.items()} == STATUS_CODES
    assert methods == METHODS
