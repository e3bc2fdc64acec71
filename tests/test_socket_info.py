"""What a socket is: addresses, counts, options, no TLS."""

from __future__ import annotations

import asyncio
import inspect
import math
import ssl
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.raw_client import connect, reset, reset_on_close
from tests.kit.stage import GET, Stage, silent
from writehead import http, https, testing

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
    assert socket.servername is None
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
        client = connect(server.address()["port"])
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        reset(client)
        await answered.wait()
    assert asked and asked[0]["remote_family"] in (None, "IPv4")


@on_both_loops
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("ending", ["destroyed", "left", "reset"])
async def test_every_fact_may_be_asked_for_at_any_time(
    secure: bool, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Before, inside 'close' and long after it: a value, or the socket, and never an exception (Node)."""
    asked: list[dict[str, Any]] = []
    closed = asyncio.Event()

    def handle(req: Any, res: Any) -> None:
        sock = req.socket
        asked.append(facts_of(sock))

        def close(*_: Any) -> None:
            asked.append(facts_of(sock))
            asyncio.get_running_loop().call_later(0.01, late)

        def late() -> None:
            asked.append(facts_of(sock))
            closed.set()

        sock.on("close", close)
        if ending == "destroyed":
            sock.destroy()
            asked.append(facts_of(sock))

    made = https.create_server(handle, **authority().options()) if secure else http.create_server(handle)
    async with made as server:
        await server.listen(0, "127.0.0.1")
        client: Any = connect(server.address()["port"])
        if secure:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client = await asyncio.to_thread(context.wrap_socket, client)
        client.sendall(GET)
        while not asked:
            await asyncio.sleep(0.001)
        if ending == "reset":
            reset_on_close(client)
        client.close()
        await closed.wait()
    first, *later = asked
    for facts in later:
        assert facts["ready_state"] == "closed"
        assert (facts["destroyed"], facts["readable"], facts["writable"]) == (True, False, False)
        for name in ("bytes_read", "encrypted", "authorized", "alpn_protocol", "servername", "get_cipher"):
            assert facts[name] == first[name], name
    assert not caplog.records


def facts_of(sock: Any) -> dict[str, Any]:
    """Ask for everything."""
    facts: dict[str, Any] = {}
    for name in dir(sock):
        if not name.startswith("_") and isinstance(inspect.getattr_static(sock, name, None), property):
            facts[name] = getattr(sock, name)
    for name in ("get_cipher", "get_peer_certificate", "address"):
        facts[name] = getattr(sock, name)()
    for call in (
        lambda: sock.set_no_delay(True),
        lambda: sock.set_keep_alive(True, 1000),
        lambda: sock.set_keep_alive(True, 10**400),
        lambda: sock.set_timeout(5000, print),
        lambda: sock.set_timeout(0, print),
        sock.ref,
        sock.unref,
    ):
        assert call() is sock
    return facts


@pytest.mark.parametrize("delay", ["5", -1, math.nan])
def test_a_wrong_delay_changes_no_option(delay: Any) -> None:
    """It is checked first."""
    _, sock, _ = owned()
    asked: list[Any] = []
    sock._set_option = lambda *args: asked.append(args)
    with pytest.raises((TypeError, ValueError)):
        sock.set_keep_alive(True, delay)
    assert not asked
