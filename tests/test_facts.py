"""What a socket is: addresses, counts, options, no TLS."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest

from tests.stage import GET, Stage, on_both_loops, silent
from writehead import http, testing

NAMES = [f"{side}_{name}" for side in ("remote", "local") for name in ("address", "family", "port")]
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


def owned(**options: Any) -> tuple[testing.Client, Any, list[Any]]:
    """Return a client, its socket while HTTP owns it, and the log of the stage."""
    stage = Stage(silent, **options)
    client = stage.send(GET)
    stage.log.clear()
    return client, client.socket, stage.log


def free(head: bytes = b"", **options: Any) -> tuple[testing.Client, Any, list[Any]]:
    """Return a client, its socket after an upgrade, and a log."""
    stage = Stage(silent, **options)
    stage.server.on("upgrade", lambda req, socket, head: None)
    client = stage.send(UPGRADE + head)
    return client, client.socket, stage.log


def test_what_was_counted_survives() -> None:
    """Bytes and addresses are known after the end."""
    client, socket, _ = owned()
    socket.write(b"xyz")
    client.reset()
    assert (socket.bytes_read, socket.bytes_written) == (len(GET), 3)
    assert (socket.remote_address, socket.remote_family, socket.local_port) == ("127.0.0.1", "IPv4", 80)
    assert socket.remote_port >= 49152
    assert socket.address() == {}


def test_options_return_the_socket() -> None:
    """For chains; where the transport has none they do nothing."""
    _, socket, _ = owned()
    assert socket.set_no_delay() is socket
    assert socket.set_no_delay(False) is socket
    assert socket.set_keep_alive(True, 1000) is socket
    assert socket.ref() is socket.unref() is socket


def test_what_is_not_tls_says_so() -> None:
    """None."""
    _, socket, _ = owned()
    assert (socket.encrypted, socket.authorized, socket.alpn_protocol) == (None, None, None)
    assert (socket.get_cipher(), socket.get_peer_certificate()) == (None, None)


def test_a_socket_knows_its_server_and_its_transport() -> None:
    """And is the one class that `http` names."""
    client, socket, _ = owned()
    assert isinstance(socket, http.Socket)
    assert socket.transport is client.transport
    assert isinstance(socket.server, http.Server)


@pytest.mark.parametrize("told", [False, True], ids=["untouched", "an option set"])
@on_both_loops
async def test_a_client_that_was_reset_before_it_was_accepted_has_facts(told: bool) -> None:
    """None, or what is known: never an exception, however late they are asked for, and whatever was done before."""
    asked: list[dict[str, Any]] = []
    answered = asyncio.Event()

    def look(sock: Any) -> None:
        asked.append({name: getattr(sock, name) for name in NAMES})
        assert sock.address() == {}
        sock.set_no_delay().set_keep_alive(True)

    async def handle(req: Any, res: Any) -> None:
        if told:  # uvloop keeps the socket that it was told for
            req.socket.set_no_delay()
        while not req.socket.destroyed:
            await asyncio.sleep(0)
        try:
            look(req.socket)
        finally:
            answered.set()

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = socket.create_connection(("127.0.0.1", server.address()["port"]))
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        await answered.wait()
    assert asked and asked[0]["remote_family"] in (None, "IPv4")
