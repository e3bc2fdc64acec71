"""The settings of proxies in front of a server, and of the fields that a server adds."""

from __future__ import annotations

from writehead._command.header_lines import HeaderLine
from writehead._command.kinds import Several, Switch
from writehead._command.proxy_kinds import Believed, Peer
from writehead._command.setting import Setting, WithScript

DEFAULT = WithScript.DEFAULT

PROXY_HEADERS = Setting(
    "proxy-headers",
    Switch(),
    True,
    "believe proxies that are allowed",
    "Whether fields of proxies are believed: the address of the client, the scheme, the host. They stay in the headers.",
    shown="on",
    reload=True,
    with_script=DEFAULT,
)
FORWARDED_HEADERS: Setting[tuple[str, ...]] = Setting(
    "forwarded-headers",
    Several(Believed()),
    ("x-forwarded-for", "x-forwarded-proto"),
    "which of their fields",
    "The fields that are believed: `x-forwarded-for`, `x-forwarded-proto`, `x-forwarded-host`, `x-forwarded-port`, `forwarded`. Name those alone that "
    "your proxy sets itself: it passes others on as clients send them.",
    shown="x-forwarded-for,x-forwarded-proto",
    reload=True,
    with_script=DEFAULT,
)
FORWARDED_ALLOW_IPS: Setting[tuple[str, ...]] = Setting(
    "forwarded-allow-ips",
    Several(Peer()),
    ("127.0.0.1", "::1", "unix"),
    "which proxies",
    "The proxies that are believed: addresses, networks (`10.0.0.0/8`), `unix` for Unix sockets, `*` for everyone, whose word then counts, also a "
    "client's own.",
    shown="127.0.0.1,::1,unix",
    reload=True,
    with_script=DEFAULT,
)
SERVER_HEADER = Setting(
    "server-header",
    Switch(),
    False,
    "add Server: writehead",
    "Whether responses say `Server: writehead`, without a version.",
    shown="off",
    reload=True,
    with_script=DEFAULT,
)
DATE_HEADER = Setting(
    "date-header",
    Switch(),
    True,
    "add Date",
    "Whether responses have a `Date`.",
    shown="on",
    reload=True,
    with_script=DEFAULT,
)
HEADER: Setting[tuple[tuple[str, str], ...]] = Setting(
    "header",
    Several(HeaderLine(), commas=False),
    (),
    "field for every response",
    "A field that every response has, unless the program sets one of that name: `Name: value`; may be given many times.",
    reload=True,
    with_script=DEFAULT,
)
GROUP = (PROXY_HEADERS, FORWARDED_HEADERS, FORWARDED_ALLOW_IPS, SERVER_HEADER, DATE_HEADER, HEADER)
