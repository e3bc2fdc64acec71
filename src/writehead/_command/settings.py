"""The settings of the command, each declared once, in one table.

The options of the command line, the names in the environment, `--help` and the page of the reference are made of it.

Invariant: a setting is here only if it does something.
"""

from __future__ import annotations

import enum
import logging
from typing import Any, Generic, Literal, TypeVar

from writehead._command.interfaces import Interface
from writehead._command.kinds import (
    Choice,
    Duration,
    Folder,
    Kind,
    Prefix,
    Switch,
    Text,
    Whole,
)
from writehead._command.log_output import TRACE

T_co = TypeVar("T_co", covariant=True)


class WithScript(enum.Enum):
    """What a setting does when a script is run; the value is the word that the reference has for it.

    REFUSED: it is an error on the command line, and does nothing in the environment.
    PLACE: the same, but in the environment it is what a `listen()` without a port takes.
    DEFAULT: it is a default, which the script's own options override.
    """

    REFUSED = "error"
    PLACE = "`listen()`"
    DEFAULT = "default"


class Setting(Generic[T_co]):
    """One setting.

    Args:
        name: its name, of which the option `--name` and the variable `WRITEHEAD_NAME` are made.
        kind: how its values are read.
        default: its value if it is given nowhere.
        help: what it does, in a few words, for a line of the help.
        doc: the same in sentences, for the reference.
        aliases: names that other servers have for it.
        shown: its default in the help.
        with_script: what it does when a script is run.
    """

    def __init__(
        self,
        name: str,
        kind: Kind[T_co],
        default: T_co,
        help: str,
        doc: str,
        *,
        aliases: tuple[str, ...] = (),
        shown: str = "",
        with_script: WithScript = WithScript.REFUSED,
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.help = help
        self.doc = doc
        self.aliases = aliases
        self.shown = shown
        self.with_script = with_script

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and its aliases."""
        return (self.name, *self.aliases)

    @property
    def is_switch(self) -> bool:
        """Whether its option takes no value."""
        return not self.kind.metavar


def option(name: str) -> str:
    """Return the option of the command line for a name of a setting."""
    return f"--{name}"


def variable(name: str) -> str:
    """Return the variable of the environment for a name of a setting."""
    return f"WRITEHEAD_{name.upper().replace('-', '_')}"


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
)
FACTORY = Setting(
    "factory",
    Switch(),
    False,
    "the target makes the application",
    "The target makes what is served: it is called without arguments, and may be `async def`. `main:make()` does the same.",
)
APP_DIR = Setting(
    "app-dir",
    Folder(),
    ".",
    "where modules are looked for first",
    "The folder that comes first on the path.",
    aliases=("pythonpath",),
    shown=".",
)
LIFESPAN: Setting[Literal["auto", "on", "off"]] = Setting(
    "lifespan",
    Choice("WHEN", {"auto": "auto", "on": "on", "off": "off"}),
    "auto",
    "on, off, or auto: as it can",
    "Whether an ASGI application is told of the start and the end of its server. With `on`, one that does not support that does not start; with "
    "`off` it is not asked; `auto` goes on without.",
    shown="auto",
)
ROOT_PATH = Setting(
    "root-path",
    Prefix(),
    "",
    "prefix that a proxy has removed",
    "A prefix of the path that a proxy has removed: `root_path` of ASGI, `SCRIPT_NAME` of WSGI. It begins with `/`, and does not end with one.",
    aliases=("url-path-prefix",),
)
HOST = Setting(
    "host",
    Text("HOST"),
    "127.0.0.1",
    "address to listen on",
    "The address to listen on; `0.0.0.0` is every IPv4 address, `::` every address of both kinds.",
    shown="127.0.0.1",
    with_script=WithScript.PLACE,
)
PORT = Setting(
    "port",
    Whole("PORT", "a port", 0, 65535),
    8000,
    "port to listen on; 0: any that is free",
    "The port to listen on; 0 is any that is free, and the banner says which.",
    shown="8000",
    with_script=WithScript.PLACE,
)
UDS: Setting[str | None] = Setting(
    "uds",
    Text("PATH"),
    None,
    "Unix socket to listen on",
    "The path of a Unix socket to listen on, or `@` and an abstract name. Its owner alone may use it (mode 600); the file of a process that "
    "has ended is replaced.",
    with_script=WithScript.PLACE,
)
FD: Setting[int | None] = Setting(
    "fd",
    Whole("N", "a descriptor", 0, 2**31 - 1),
    None,
    "descriptor of a socket to listen on",
    "The descriptor of a socket to listen on, which systemd or a parent process has bound; systemd's first is 3.",
    with_script=WithScript.PLACE,
)
SHUTDOWN_TIMEOUT = Setting(
    "shutdown-timeout",
    Duration(),
    30_000.0,
    "then what is unfinished is aborted",
    "How long after the first signal unfinished work is aborted. (For `http.run()` a bare number is milliseconds.)",
    aliases=("timeout-graceful-shutdown", "graceful-timeout", "workers-kill-timeout"),
    shown="30s",
    with_script=WithScript.DEFAULT,
)
TIMEOUT_KEEP_ALIVE = Setting(
    "timeout-keep-alive",
    Duration(),
    75_000.0,
    "how long idle connections stay",
    "How long an idle connection is kept after a response; 0 is no limit. It is longer than the 60 seconds of nginx, so that the proxy "
    "closes first. Servers of scripts keep the 5 seconds of the library.",
    aliases=("keep-alive",),
    shown="75s",
    with_script=WithScript.DEFAULT,
)
CERTFILE: Setting[str | None] = Setting(
    "certfile",
    Text("FILE"),
    None,
    "certificate, PEM: serve TLS",
    "The certificate, or its chain with the server's own first, as PEM. With it TLS is served.",
    aliases=("ssl-certfile", "ssl-certificate"),
    with_script=WithScript.DEFAULT,
)
KEYFILE: Setting[str | None] = Setting(
    "keyfile",
    Text("FILE"),
    None,
    "its private key, PEM",
    "The private key of the certificate, as PEM. Without it the file of the certificate has the key.",
    aliases=("ssl-keyfile",),
    with_script=WithScript.DEFAULT,
)
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
    with_script=WithScript.DEFAULT,
)

#: The settings, in groups, as the help and the reference show them.
GROUPS: dict[str, tuple[Setting[Any], ...]] = {
    "Target": (INTERFACE, FACTORY, APP_DIR, LIFESPAN, ROOT_PATH),
    "Listening": (HOST, PORT, UDS, FD),
    "Stopping": (SHUTDOWN_TIMEOUT,),
    "Limits": (TIMEOUT_KEEP_ALIVE,),
    "TLS": (CERTFILE, KEYFILE),
    "Logs": (LOG_LEVEL,),
}

SETTINGS: tuple[Setting[Any], ...] = tuple(each for group in GROUPS.values() for each in group)
