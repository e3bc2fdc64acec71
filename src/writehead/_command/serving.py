"""Serving a target: it is loaded, a server is made for it, the server listens, and the banner says where.

load (the loop is made, and does not run) -> judge -> make -> listen (lifespan) -> banner -> until a signal
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypedDict

from writehead import __version__, http, https
from writehead._command.arguments import Values, place_of
from writehead._command.failures import FAILED, NOT_STARTED, CommandError, print_traceback
from writehead._command.interfaces import Found, Interface, judge
from writehead._command.loading import is_awaitable, load, made
from writehead._command.log_output import log_to_stderr
from writehead._command.settings import (
    APP_DIR,
    CERTFILE,
    FACTORY,
    FD,
    HOST,
    INTERFACE,
    KEYFILE,
    LIFESPAN,
    LOG_LEVEL,
    PORT,
    ROOT_PATH,
    SHUTDOWN_TIMEOUT,
    TIMEOUT_KEEP_ALIVE,
    UDS,
    Setting,
)
from writehead._command.target_names import Reference
from writehead._process import run as _run
from writehead.errors import HTTPError, InvalidArgTypeError, LifespanError, SystemCallError, TLSError

logger = logging.getLogger("writehead")

#: How many connections may wait to be accepted.
BACKLOG = 2048

#: The settings that one interface has no use for.
_OF_ASGI = (LIFESPAN,)
_OF_APPLICATIONS = (ROOT_PATH,)


class Role:
    """What a process does when its server is made: a single one listens by itself, and says where."""

    def begin(self) -> None:
        """Called when the loop runs, before anything is made."""

    async def listen(self, server: http.Server, name: str, values: Values) -> None:
        """Let the server listen."""
        await _listening(server, name, values)

    def announce(self, server: http.Server, facts: dict[str, str]) -> None:
        """Tell that the server accepts connections."""
        print_banner(facts, [_url(server)])


def serve(target: Reference, values: Values, role: Role | None = None) -> int:
    """Serve `target` until a signal, and return the exit code.

    The module is imported with the loop made and set, but not running: `asyncio.run` at import works as well as
    `asyncio.get_event_loop`, and a program that refuses to block a running loop (Django) is not in one.

    Raises:
        CommandError: the start failed.
    """
    log_to_stderr(values[LOG_LEVEL])
    loop = (_run.best_loop() or asyncio.new_event_loop)()
    asyncio.set_event_loop(loop)
    try:
        found = load(target, values[APP_DIR], factory=values[FACTORY])
    except BaseException:
        loop.close()
        raise
    failures: list[CommandError] = []
    # In the context of the import: what it has set is seen by requests.
    loop.create_task(_start(found, target.name, values, failures, role or Role()), context=copy_context())
    try:
        _run.run(shutdown_timeout=values[SHUTDOWN_TIMEOUT], loop_factory=lambda: loop)
    except SystemExit:
        if failures:
            raise failures[0] from None
        raise
    except Exception as error:
        print_traceback(error)
        return FAILED
    return 0


async def _start(found: object, name: str, values: Values, failures: list[CommandError], role: Role) -> None:
    """Listen, or end the loop with what went wrong among the failures."""
    role.begin()
    try:
        if is_awaitable(found):
            found = await made(found, name)
        judged = judge(found, name, values[INTERFACE])
        server = _server_for(judged, name, values)
        await role.listen(server, name, values)
    except CommandError as error:
        failures.append(error)
        raise SystemExit(error.code) from None
    except Exception as error:  # of the library: a start that fails in any way ends the process
        failures.append(CommandError(f"cannot serve {name}: {type(error).__name__}: {error}", cause=error))
        raise SystemExit(NOT_STARTED) from None
    if values[LOG_LEVEL] <= logging.INFO:
        role.announce(server, {"what": f"{name} ({judged.kind})", "loop": _loop_name()})


# -- the server ----------------------------------------------------------------


class _Certificate(TypedDict, total=False):
    cert: str
    key: str


def _server_for(found: Found, name: str, values: Values) -> http.Server:
    """Return the server of what was found: itself, or one that is made for it."""
    _warn_of_what_has_no_effect(found, values)
    with _certificate_errors(values):
        try:
            return _adapted(found.object, name, values) if found.is_server else _made_for(found, name, values)
        except InvalidArgTypeError as error:  # of an application whose interface was said, and is another
            raise CommandError(f"{name}: {error}") from None


def _made_for(found: Found, name: str, values: Values) -> http.Server:
    keep_alive = values[TIMEOUT_KEEP_ALIVE]
    certificate = _certificate(values)
    if found.interface is Interface.ASGI:
        from writehead import asgi

        return asgi.create_server(
            found.object,
            root_path=values[ROOT_PATH],
            lifespan=values[LIFESPAN],
            keep_alive_timeout=keep_alive,
            **certificate,
        )
    if found.interface is Interface.WSGI:
        from writehead import wsgi

        return wsgi.create_server(
            found.object, root_path=values[ROOT_PATH], keep_alive_timeout=keep_alive, **certificate
        )
    if certificate:
        return https.create_server(found.object, keep_alive_timeout=keep_alive, **certificate)
    return http.create_server(found.object, keep_alive_timeout=keep_alive)


def _adapted(server: http.Server, name: str, values: Values) -> http.Server:
    """Return a server of the program; what was given replaces its own options."""
    if values.source(TIMEOUT_KEEP_ALIVE):
        server.keep_alive_timeout = values[TIMEOUT_KEEP_ALIVE]
    if certificate := _certificate(values):
        if not isinstance(server, https.Server):
            raise CommandError(
                f"{name} is a server of http, and {values.source(CERTFILE)} needs one of https"
            )
        server.set_secure_context(**certificate)
    return server


def _certificate(values: Values) -> _Certificate:
    cert, key = values[CERTFILE], values[KEYFILE]
    found: _Certificate = {}
    if cert is not None:
        found["cert"] = cert
    if key is not None:
        found["key"] = key
    return found


@contextmanager
def _certificate_errors(values: Values) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # the path of one of the two
        file = error.filename or values[CERTFILE]
        raise CommandError(f"cannot use the certificate {file!r}: {error.strerror}") from None
    except TLSError as error:
        raise CommandError(f"cannot use the certificate {values[CERTFILE]!r}: {error}") from None


def _warn_of_what_has_no_effect(found: Found, values: Values) -> None:
    idle: tuple[Setting[Any], ...] = ()
    if found.interface is Interface.WSGI:
        idle = _OF_ASGI
    elif found.interface is Interface.NODE:
        idle = (*_OF_ASGI, *_OF_APPLICATIONS)
    for each in idle:
        if values.source(each):
            logger.warning("%s has no effect on a %s", values.source(each), found.kind)


# -- listening -----------------------------------------------------------------


async def _listening(server: http.Server, name: str, values: Values) -> None:
    """Let `server` listen where the settings say, unless its program has let it listen already."""
    place = place_of(values)
    if server._waiter is not None:
        for each in (HOST, PORT) if place is HOST else (place,):
            if values.source(each):
                raise CommandError(
                    f"{name} listens already, at an address of its own: leave {values.source(each)} out"
                )
        where, listening = "its own address", server
    else:
        where, listening = _listen(server, place, values)
    try:
        await listening
    except SystemCallError as error:
        raise CommandError(f"cannot listen on {where}: {error.strerror}") from None
    except LifespanError as error:
        raise CommandError(str(error), cause=error.__cause__) from None
    except HTTPError as error:
        raise CommandError(f"cannot listen on {where}: {error}") from None


def _listen(server: http.Server, place: Setting[Any], values: Values) -> tuple[str, http.Server]:
    """Let `server` begin to listen, and return the name of the place."""
    host, port, path, fd = values[HOST], values[PORT], values[UDS], values[FD]
    if place is UDS and path is not None:
        return f"unix:{path}", _listen_on_path(server, path)
    if place is FD and fd is not None:
        return f"descriptor {fd}", server.listen(fd=fd, backlog=BACKLOG)
    return address(host, port), server.listen(port, host, BACKLOG)


def _listen_on_path(server: http.Server, path: str) -> http.Server:
    """Listen on a Unix socket that its owner alone may use, from its first moment on."""
    if path.startswith("@"):  # an abstract name, which has no file
        return server.listen(path="\0" + path[1:], backlog=BACKLOG)
    before = os.umask(0o177)
    try:
        return server.listen(path=path, backlog=BACKLOG)
    finally:
        os.umask(before)


# -- the banner ----------------------------------------------------------------


def _loop_name() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


def print_banner(facts: Mapping[str, str], urls: Sequence[str]) -> None:
    """Say what is served, and where; tools wait for the lines "listening on"."""
    words = [f"writehead {__version__}", facts["what"], facts.get("workers", ""), facts["loop"]]
    print(*filter(None, words), f"Python {platform.python_version()}", sep="  ", file=sys.stderr)
    for url in urls:
        print(f"listening on {url}", file=sys.stderr, flush=True)


def _url(server: http.Server) -> str:
    at = server.address()
    if at is None or isinstance(at, str):
        return f"unix:{at}".replace("\0", "@")
    scheme = "https" if isinstance(server, https.Server) else "http"
    return f"{scheme}://{address(at['address'], at['port'])}"


def address(host: str, port: int) -> str:
    """Return an address as a URL has it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
