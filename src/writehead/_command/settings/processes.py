"""The settings of processes: how many, how long they live, whose they are, and how they stop."""

from __future__ import annotations

from typing import Any

from writehead._command.kinds import (
    Duration,
    File,
    Folder,
    Number,
    Octal,
    Several,
    Size,
    Switch,
    Text,
    Workers,
)
from writehead._command.setting import Setting, WithScript
from writehead._command.settings.target import APP_DIR

SAME = WithScript.SAME

WORKERS: Setting[int | None] = Setting(
    "workers",
    Workers(),
    None,
    "worker processes; auto: one for each CPU",
    "How many processes serve, `1` to `512`, or `auto`: as many as there are CPUs that this process may use. With it, also with `1`, a supervisor "
    "starts them and replaces them; without it one process serves.",
    letter="w",
    reload=True,
    with_script=SAME,
)
MAX_REQUESTS = Setting(
    "max-requests",
    Number("requests"),
    0,
    "requests after which a worker is replaced",
    "After how many requests a worker is replaced; 0 is never.",
    aliases=("limit-max-requests",),
    shown="0",
    reload=True,
    with_script=SAME,
)
MAX_REQUESTS_JITTER = Setting(
    "max-requests-jitter",
    Number("requests"),
    0,
    "how many more, at random",
    "Up to how many more requests it serves; drawn for each worker, so that not all are replaced at once. By default a tenth of `--max-requests`.",
    aliases=("limit-max-requests-jitter",),
    shown="10 %",
    work_out=lambda values: values[MAX_REQUESTS] // 10,
    reload=True,
    with_script=SAME,
)
WORKER_LIFETIME = Setting(
    "worker-lifetime",
    Duration(least=60),
    0.0,
    "age at which a worker is replaced",
    "The age at which a worker is replaced, 60 seconds or more, and up to 10 % more at random; 0 is never.",
    aliases=("workers-lifetime",),
    shown="0",
    reload=True,
    with_script=SAME,
)
WORKER_MAX_RSS = Setting(
    "worker-max-rss",
    Size(least=32 * 1024**2, bare=1024**2),
    0,
    "memory at which a worker is replaced",
    "The memory (RSS) at which a worker is replaced: more in three samples, 10 seconds apart. At least `32m`; a bare number is in MiB; 0 is never.",
    aliases=("workers-max-rss",),
    shown="0",
    reload=True,
    with_script=SAME,
)
HANG_TIMEOUT = Setting(
    "hang-timeout",
    Duration(),
    0.0,
    "when a worker that does nothing is replaced",
    "How long a worker's loop may stand still, while it uses no CPU, before it is replaced; 0 is for ever.",
    aliases=("timeout", "timeout-worker-healthcheck"),
    letter="t",
    shown="0",
    reload=True,
    with_script=SAME,
)
STARTUP_TIMEOUT = Setting(
    "startup-timeout",
    Duration(),
    0.0,
    "how long a worker may start",
    "How long a worker may take to start; 0 is as long as it needs.",
    shown="0",
    reload=True,
    with_script=SAME,
)
PID: Setting[str | None] = Setting(
    "pid",
    File(),
    None,
    "file for the process id",
    "A file that has the process id, from when the addresses are taken until the end.",
    aliases=("pid-file",),
    letter="p",
    with_script=SAME,
)
UMASK: Setting[int | None] = Setting(
    "umask",
    Octal(),
    None,
    "mode that new files do not have",
    "The permissions, in octal digits, that files of the program do not get.",
    letter="m",
    with_script=SAME,
)
USER: Setting[str | None] = Setting(
    "user",
    Text("USER"),
    None,
    "user to become, if root",
    "The user, by name or number, that the processes become when the addresses are taken and the certificates are read. Needs root.",
    letter="u",
    with_script=SAME,
)
GROUP_ID: Setting[str | None] = Setting(
    "group",
    Text("GROUP"),
    None,
    "group to become, if root",
    "The group, by name or number; by default that of the user.",
    letter="g",
    with_script=SAME,
)
NAME = Setting(
    "name",
    Text("NAME"),
    "",
    "name in logs and lists of processes",
    "The name of what runs, in logs, lists of processes and metrics; by default the target.",
    aliases=("process-name",),
    letter="n",
    shown="TARGET",
    work_out=lambda values: values.target or "",
    with_script=SAME,
)
RELOAD = Setting(
    "reload",
    Switch(),
    False,
    "start anew when a file changes",
    "For development: start the program anew when one of its files changes.",
    with_script=SAME,
)


def _app_dir(values: Any) -> tuple[str, ...]:
    return (values[APP_DIR],)


RELOAD_DIR: Setting[tuple[str, ...]] = Setting(
    "reload-dir",
    Several(Folder()),
    (),
    "folder to watch",
    "A folder that `--reload` watches; may be given many times. By default that of `--app-dir`.",
    aliases=("reload-paths",),
    shown="app-dir",
    work_out=_app_dir,
    with_script=SAME,
)
RELOAD_INCLUDE: Setting[tuple[str, ...]] = Setting(
    "reload-include",
    Several(Text("GLOB")),
    ("*.py",),
    "files that are watched",
    "Which files are watched; may be given many times.",
    shown="*.py",
    with_script=SAME,
)
RELOAD_EXCLUDE: Setting[tuple[str, ...]] = Setting(
    "reload-exclude",
    Several(Text("GLOB")),
    (".*", "__pycache__", "*.pyc", "~*"),
    "files and folders that are not",
    "Which files and folders are not watched; may be given many times.",
    shown=".*,__pycache__,*.pyc,~*",
    with_script=SAME,
)
RELOAD_DELAY = Setting(
    "reload-delay",
    Duration(zero=False),
    250.0,
    "how often they are looked at",
    "The time between two looks at the files, where watchfiles is not installed, and for which changes are gathered.",
    shown="250ms",
    with_script=SAME,
)
SHUTDOWN_TIMEOUT = Setting(
    "shutdown-timeout",
    Duration(),
    30_000.0,
    "then what is unfinished is aborted",
    "How long after the server has stopped accepting unfinished work is aborted; 1 second by default with `--reload`. (For `http.run()` a bare number "
    "is milliseconds.)",
    aliases=("timeout-graceful-shutdown", "graceful-timeout", "workers-kill-timeout"),
    shown="30s",
    work_out=lambda values: 1000.0 if values[RELOAD] else 30_000.0,
    reload=True,
    with_script=WithScript.DEFAULT,
)
SHUTDOWN_DELAY = Setting(
    "shutdown-delay",
    Duration(),
    0.0,
    "how long it still accepts before",
    "How long the server goes on to accept connections after a signal to stop, so that balancers notice; `--shutdown-timeout` comes after it.",
    shown="0",
    reload=True,
    with_script=WithScript.DEFAULT,
)
IDLE_GRACE = Setting(
    "idle-grace",
    Duration(),
    500.0,
    "how long idle connections stay",
    "How long idle connections are kept when the server stops: a request may be on its way.",
    shown="500ms",
    reload=True,
    with_script=WithScript.DEFAULT,
)
GROUP = (
    WORKERS,
    MAX_REQUESTS,
    MAX_REQUESTS_JITTER,
    WORKER_LIFETIME,
    WORKER_MAX_RSS,
    HANG_TIMEOUT,
    STARTUP_TIMEOUT,
    PID,
    UMASK,
    USER,
    GROUP_ID,
    NAME,
    RELOAD,
    RELOAD_DIR,
    RELOAD_INCLUDE,
    RELOAD_EXCLUDE,
    RELOAD_DELAY,
)
STOPPING = (SHUTDOWN_TIMEOUT, SHUTDOWN_DELAY, IDLE_GRACE)
