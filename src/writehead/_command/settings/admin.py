"""The settings of what an operator looks at: metrics, health, control."""

from __future__ import annotations

from typing import Literal

from writehead._command.addresses import Address, Place
from writehead._command.kinds import FileOrOff, Secret, Several, Standing, Text, UrlPath
from writehead._command.setting import Setting, WithScript

SAME = WithScript.SAME

ADMIN: Setting[Address | None] = Setting(
    "admin",
    Place("ADDRESS", descriptors=False),
    None,
    "address of metrics and health",
    "Where metrics, health and the state of the server are served: `HOST:PORT` or `unix:PATH`. (`--metrics` is `127.0.0.1:9090`.)",
    alone={"metrics": Standing(Address("127.0.0.1", 9090))},
    with_script=SAME,
)
ADMIN_TOKEN: Setting[str | None] = Setting(
    "admin-token",
    Secret("SECRET", 16),
    None,
    "its token; file:PATH, env:NAME",
    "The token that may do more than look, 16 characters or more: itself, or better where it is, `file:PATH` or `env:NAME`.",
    secret=True,
    with_script=SAME,
)
ADMIN_HOST: Setting[tuple[str, ...]] = Setting(
    "admin-host",
    Several(Text("NAME")),
    (),
    "its names, besides localhost",
    "A name that the admin address is asked by, besides `localhost` and addresses; may be given many times.",
    with_script=SAME,
)
CONTROL: Setting[str | Literal[False] | None] = Setting(
    "control",
    FileOrOff(),
    None,
    "socket of writehead ctl",
    "The path of the Unix socket that `writehead ctl` talks to; by default in `$XDG_RUNTIME_DIR/writehead`, else `/tmp/writehead-UID`, and with a "
    "supervisor alone. `--no-control`: none.",
    aliases=("control-socket",),
    shown="auto",
    with_script=SAME,
)
HEALTH_PATH: Setting[str | None] = Setting(
    "health-path",
    UrlPath(),
    None,
    "path that says that it runs",
    "A path of the server itself that is answered with 200 as long as it runs.",
    reload=True,
    with_script=SAME,
)
READY_PATH: Setting[str | None] = Setting(
    "ready-path",
    UrlPath(),
    None,
    "path that says that it is ready",
    "A path of the server itself that is answered with 200 while it is ready, else with 503.",
    reload=True,
    with_script=SAME,
)
GROUP = (ADMIN, ADMIN_TOKEN, ADMIN_HOST, CONTROL, HEALTH_PATH, READY_PATH)
