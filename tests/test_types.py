"""What type checkers know of the library; see `tests/typing/` for what they accept and refuse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"


def test_the_type_of_every_public_name_is_known(tmp_path: Path) -> None:
    """pyright finds the whole of the public surface typed, as users have it installed."""
    pytest.importorskip("pyright")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "writehead", "--ignoreexternal"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Type completeness score: 100%" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
