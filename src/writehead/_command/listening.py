"""Listening where the settings say, at one address or more."""

from __future__ import annotations

import os
import socket as system

from writehead import http, https
from writehead._command.addresses import Address, host_and_port
from writehead._command.failures import CommandError
from writehead._command.identity import settle
from writehead._command.settings import BACKLOG, HOST, IPV6_ONLY, PORT, UDS_PERMISSIONS
from writehead._command.values import Values, addresses_of, place_of
from writehead._net.addresses import address_text, is_ipv6
from writehead._server.bind import address_of, bind
from writehead._server.doors import Door
from writehead._server.listen_target import Target
from writehead.errors import HTTPError, LifespanError, SystemCallError


async def listen(server: http.Server, name: str, values: Values) -> None:
    """Let `server` listen where the settings say, unless its program has let it listen already.

    Raises:
        CommandError: it cannot listen there, or its application does not start.
    """
    if server._waiter is not None:
        _check_own_address(name, values)
        await _until_listening(server, "its own address")
        return
    addresses = addresses_of(values)
    doors = bind_all(values)
    settle(values)
    where = str(addresses[0]) if len(addresses) == 1 else ", ".join(map(str, addresses))
    try:
        server._listen_on(doors)
    except SystemCallError as error:
        raise CommandError(f"cannot listen on {where}: {error.strerror}") from None
    await _until_listening(server, where)


def _check_own_address(name: str, values: Values) -> None:
    place = place_of(values)
    for each in (HOST, PORT) if place is HOST else (place,):
        if values.source(each):
            raise CommandError(
                f"{name} listens already, at an address of its own: leave {values.source(each)} out"
            )


async def _until_listening(server: http.Server, where: str) -> None:
    try:
        await server
    except SystemCallError as error:
        raise CommandError(f"cannot listen on {where}: {error.strerror}") from None
    except LifespanError as error:
        raise CommandError(str(error), cause=error.__cause__) from None
    except HTTPError as error:
        raise CommandError(f"cannot listen on {where}: {error}") from None


def bind_all(values: Values) -> list[Door]:
    """Return the sockets of all addresses that the settings name, bound; those of TCP do not listen yet.

    Raises:
        CommandError: one of them cannot be bound.
    """
    doors: list[Door] = []
    for address in addresses_of(values):
        try:
            doors.append(_bound(address, values))
        except SystemCallError as error:
            for each in doors:
                each.close()
            why = "no address of that name" if error.syscall == "getaddrinfo" else error.strerror
            raise CommandError(f"cannot listen on {address}: {why}") from None
    return doors


def _bound(address: Address, values: Values) -> Door:
    target = Target()
    target.backlog = values[BACKLOG]
    target.ipv6_only = values[IPV6_ONLY]
    target.deferred = True
    target.fd = address.fd
    if address.path is not None:
        return _bound_path(address.path, target, values[UDS_PERMISSIONS])
    if address.fd is not None:
        return Door(bind(target), None, target.backlog)
    target.port = address.port
    return Door(bind(target, _resolved(address.host) if address.host else None), None, target.backlog)


def _bound_path(path: str, target: Target, mode: int) -> Door:
    """Return the socket of a path, which has its mode from its first moment on."""
    target.path = f"\0{path[1:]}" if path.startswith("@") else path  # an abstract name has no file
    before = os.umask(0o777 & ~mode)
    try:
        return Door(bind(target), target.file, target.backlog)
    finally:
        os.umask(before)


def _resolved(host: str) -> str:
    """Return the first address of a host; a link-local one only if there is no other, as `listen` does.

    Raises:
        SystemCallError: it has none.
    """
    if is_ipv6(host):
        return host
    try:
        found = system.getaddrinfo(host, None, type=system.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SystemCallError("ENOTFOUND", "getaddrinfo", host) from None
    addresses = [address_text(each[4]) for each in found]
    return next((each for each in addresses if not each.startswith("fe80:")), addresses[0])


def urls_of(server: http.Server) -> list[str]:
    """Return where a server listens, as URLs."""
    scheme = "https" if isinstance(server, https.Server) else "http"
    return [url_of(sock, scheme) for sock in server._listening_sockets()]


def url_of(sock: system.socket, scheme: str) -> str:
    """Return the address of a listening socket, as a URL."""
    at = address_of(sock)
    if isinstance(at, str):
        return f"unix:{at}".replace("\0", "@")
    return f"{scheme}://{host_and_port(at['address'], at['port'])}"
