"""The settings of logs."""

from __future__ import annotations

import logging
from typing import Any, Literal

from writehead._command.kinds import Choice, File, Switch, Text
from writehead._command.log_output import TRACE
from writehead._command.setting import Setting, WithScript

SAME = WithScript.SAME

LOG_LEVEL = Setting(
    "log-level",
    Choice(
        "LEVEL",
        {
            "critical": logging.CRITICAL,
            "error": logging.ERROR,
            "warning": logging.WARNING,
            "info": logging.INFO,
            "debug": logging.DEBUG,
            "trace": TRACE,
        },
    ),
    logging.INFO,
    "from which level on to log",
    "The level of the logger `writehead`: `critical`, `error`, `warning`, `info`, `debug` or `trace`. Its records go to stderr, unless the "
    "program gives the root logger a handler.",
    shown="info",
    reload=True,
    with_script=WithScript.DEFAULT,
)
LOG_FORMAT: Setting[Literal["text", "json"]] = Setting(
    "log-format",
    Choice("FORMAT", {"text": "text", "json": "json"}),
    "text",
    "text, json",
    "How the lines of the log are written: as `text`, or each as an object of `json`.",
    shown="text",
    reload=True,
    with_script=SAME,
)
LOG_FILE = Setting(
    "log-file",
    File("-"),
    "-",
    "file of the log; -: stderr",
    "The file that the log goes to; `-` is stderr. It has no effect yet, and a warning says so.",
    aliases=("error-logfile",),
    shown="-",
    reload=True,
    with_script=SAME,
)
CAPTURE_OUTPUT = Setting(
    "capture-output",
    Switch(),
    False,
    "print() of workers goes to the log",
    "Whether what workers write to stdout and stderr becomes lines of the log. It has no effect yet, and a warning says so.",
    reload=True,
    with_script=SAME,
)
LOG_CONFIG: Setting[str | None] = Setting(
    "log-config",
    File(),
    None,
    "configuration of logging",
    "A file for `logging.config`, as TOML, JSON or ini. It replaces all other settings of logs. It has no effect yet, and a warning says so.",
    reload=True,
    with_script=SAME,
)


def _access_log(values: Any) -> bool:
    """On for targets, and where a file for it is named."""
    return not values.is_script or values.source(ACCESS_LOGFILE) is not None


ACCESS_LOG = Setting(
    "access-log",
    Switch(),
    True,
    "a line for each request",
    "Whether each request gets a line when it is over. On for targets, off for scripts; `--access-logfile` switches it on. It has no effect yet, and a warning says so.",
    shown="on",
    work_out=_access_log,
    reload=True,
    with_script=SAME,
)
ACCESS_LOGFILE = Setting(
    "access-logfile",
    File("-"),
    "-",
    "file of these lines; -: stdout",
    "The file that the access log goes to; `-` is stdout. It has no effect yet, and a warning says so.",
    shown="-",
    reload=True,
    with_script=SAME,
)
ACCESS_LOG_FORMAT = Setting(
    "access-log-format",
    Text("FORMAT"),
    "short",
    "short, common, combined, json, or a format",
    "How such a line is written: `short`, `common`, `combined`, `json`, or a format of gunicorn's. It has no effect yet, and a warning says so.",
    aliases=("access-logformat", "access-log-fmt"),
    shown="short",
    reload=True,
    with_script=SAME,
)
USE_COLORS: Setting[bool | None] = Setting(
    "use-colors",
    Switch(),
    None,
    "colours in the log",
    "Whether the log has colours. By default in a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` is for everywhere. It has no effect yet, and a warning says so.",
    shown="auto",
    reload=True,
    with_script=SAME,
)
GROUP = (
    LOG_LEVEL,
    LOG_FORMAT,
    LOG_FILE,
    CAPTURE_OUTPUT,
    LOG_CONFIG,
    ACCESS_LOG,
    ACCESS_LOGFILE,
    ACCESS_LOG_FORMAT,
    USE_COLORS,
)

#: Those that are read, and have no effect yet: a warning says so where one is given.
NOT_YET: tuple[Setting[Any], ...] = (
    LOG_FILE,
    CAPTURE_OUTPUT,
    LOG_CONFIG,
    ACCESS_LOG,
    ACCESS_LOGFILE,
    ACCESS_LOG_FORMAT,
    USE_COLORS,
)
