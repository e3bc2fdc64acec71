"""Settings files of other servers, which are programs: what to write in their place."""

from __future__ import annotations

import tomllib
from pathlib import Path

from writehead._command.gunicorn_file import NAMES, how_to_move
from writehead._command.settings import SETTINGS

PROGRAM = b"""
import multiprocessing
bind = "0.0.0.0:8000"
workers = multiprocessing.cpu_count() * 2 + 1
reload = True
forwarded_allow_ips = ["10.0.0.1", "10.0.0.2"]
preload_app = True
_private = 3
def on_starting(server): ...
raise SystemExit("it is not run")
"""


def test_what_a_program_assigns_is_written_as_toml() -> None:
    """It is parsed, not run; what is worked out, and what there is not, are comments."""
    text = how_to_move("--config", Path("gunicorn.conf.py"), PROGRAM)
    assert text == (
        "--config: 'gunicorn.conf.py' is a program, and settings are read from TOML; write\n"
        "\n"
        '  bind = "0.0.0.0:8000"\n'
        "  # workers = what workers is worked out as\n"
        "  reload = true\n"
        '  forwarded-allow-ips = ["10.0.0.1", "10.0.0.2"]\n'
        "  # preload_app: there is no such setting\n"
        "\n"
        "into writehead.toml"
    )
    lines = text.partition("write\n")[2].rpartition("into")[0]
    assert tomllib.loads(lines)["reload"] is True


def test_a_program_that_tells_nothing_gets_the_whole_table() -> None:
    """Their names, and ours."""
    for program in (b"from base import *", b"bind = = 1", b"\0"):
        text = how_to_move("-c", Path("x.py"), program)
        assert ["keepalive", "timeout-keep-alive"] in [line.split() for line in text.splitlines()]


def test_every_name_is_a_setting() -> None:
    """A name that is taken over is a setting's, or the target."""
    names = {name for each in SETTINGS for name in each.names}
    assert set(NAMES.values()) <= {*names, "target"}
