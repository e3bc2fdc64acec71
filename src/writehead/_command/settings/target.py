"""The settings of what is served, and of where settings come from."""

from __future__ import annotations

import os
from typing import Literal

from writehead._command.interfaces import Interface
from writehead._command.kinds import Choice, File, Folder, Prefix, Several, Switch, Whole
from writehead._command.setting import Setting, WithScript

INTERFACE: Setting[Interface | None] = Setting(
    "interface",
    Choice(
        "KIND",
        {
            "auto": None,
            "asgi": Interface.ASGI,
            "wsgi": Interface.WSGI,
            "node": Interface.NODE,
            "asgi3": Interface.ASGI,
        },
    ),
    None,
    "asgi, wsgi, node; auto guesses",
    "What the target is: `asgi` (`asgi3` too), `wsgi`, or `node`, a handler of `(req, res)` or a server. `auto` tells by its class and its "
    "parameters.",
    shown="auto",
    reload=True,
)
FACTORY = Setting(
    "factory",
    Switch(),
    False,
    "the target makes the application",
    "The target makes what is served: it is called without arguments, and may be `async def`. `main:make()` does the same.",
    reload=True,
)
APP_DIR = Setting(
    "app-dir",
    Folder(),
    ".",
    "where modules are looked for first",
    "The folder that comes first on the path. One that is not absolute is looked for in the folder of `--chdir`.",
    aliases=("pythonpath",),
    shown=".",
    reload=True,
)
CHDIR: Setting[str | None] = Setting(
    "chdir",
    Folder(),
    None,
    "working directory",
    "The working directory, which is changed to before anything is imported or opened. The settings file is found before that.",
    aliases=("working-dir",),
    with_script=WithScript.SAME,
    reload=True,
)
LIFESPAN: Setting[Literal["auto", "on", "off"]] = Setting(
    "lifespan",
    Choice("WHEN", {"auto": "auto", "on": "on", "off": "off"}),
    "auto",
    "on, off, or auto: as it can",
    "Whether an ASGI application is told of the start and the end of its server. With `on`, one that does not support that does not start; with "
    "`off` it is not asked; `auto` goes on without.",
    shown="auto",
    reload=True,
)
LOOP: Setting[Literal["auto", "uvloop", "asyncio"]] = Setting(
    "loop",
    Choice("LOOP", {"auto": "auto", "uvloop": "uvloop", "asyncio": "asyncio"}),
    "auto",
    "uvloop, asyncio; auto: uvloop if it is there",
    "The event loop: uvloop's, where it is installed, or that of asyncio.",
    shown="auto",
    with_script=WithScript.SAME,
    reload=True,
)
ROOT_PATH = Setting(
    "root-path",
    Prefix(),
    "",
    "prefix that a proxy has removed",
    "A prefix of the path that a proxy has removed: `root_path` of ASGI, `SCRIPT_NAME` of WSGI. It begins with `/`, and does not end with one.",
    aliases=("url-path-prefix",),
    reload=True,
)
THREADS = Setting(
    "threads",
    Whole("N", "a number of threads", 1, 1024),
    min(32, (os.cpu_count() or 1) + 4),
    "threads of a WSGI application",
    "How many requests a WSGI application may serve at the same time, per worker; by default 4 more than there are CPUs, and 32 at most.",
    aliases=("blocking-threads",),
    shown="CPUs + 4",
    reload=True,
)
CONFIG: Setting[str | None] = Setting(
    "config",
    File(),
    None,
    "settings file, TOML",
    "A file of settings in TOML: at its top level, or in `[tool.writehead]`. Without it, `[tool.writehead]` of `./pyproject.toml` is read.",
    letter="c",
    with_script=WithScript.SAME,
)
ENV_FILE: Setting[tuple[str, ...]] = Setting(
    "env-file",
    Several(File(), commas=False),
    (),
    "variables for the program",
    "A file of variables for the environment of the program, which is read before it is imported; it may be given many times. It replaces no "
    "variable that is set, and gives no setting of writehead. Needs `pip install writehead[env]`.",
    aliases=("env-files",),
    with_script=WithScript.SAME,
    reload=True,
)
GROUP = (INTERFACE, FACTORY, APP_DIR, CHDIR, LIFESPAN, LOOP, ROOT_PATH, THREADS, CONFIG, ENV_FILE)
