"""The `tls` extension: what a scope says of an encrypted connection."""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import Any

import pytest
from cryptography import x509

from tests.kit.apps import GET, LAST, START, hello
from tests.kit.certificates import Authority, authority
from tests.kit.loops import on_both_loops
from tests.kit.tls_client import shake_hands
from writehead import asgi
from writehead._guests.asgi.tls import tls_of
from writehead._tls.context import make_context

NOTHING = {"client_cert_chain": (), "client_cert_name": None, "client_cert_error": None}


def first(chain: str) -> str:
    """Return the first certificate of a chain of PEM."""
    return chain.partition("-----END CERTIFICATE-----\n")[0] + "-----END CERTIFICATE-----\n"


def shown(client: ssl.SSLContext | None = None, **options: Any) -> dict[str, Any]:
    """Return what the extension says after a handshake with a server that has `options`."""
    ask = options.pop("ask", None)
    server, _ = shake_hands(make_context({**authority().options(), **options}, ask), client)
    return tls_of(server)


@pytest.mark.parametrize(
    ("version", "number"), [(ssl.TLSVersion.TLSv1_2, 0x0303), (ssl.TLSVersion.TLSv1_3, 0x0304)]
)
def test_version_and_cipher_are_numbers(version: ssl.TLSVersion, number: int) -> None:
    """Of the registers of IANA."""
    client = authority().context()
    client.maximum_version = version
    if number == 0x0303:
        client.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256")
    said = shown(client)
    assert said["tls_version"] == number
    assert said["cipher_suite"] in ({0xC02B, 0xC02F} if number == 0x0303 else {0x1301, 0x1302, 0x1303})


def test_the_certificate_of_the_server_is_pem_without_its_chain() -> None:
    """A client without one has an empty chain, no name and no error."""
    said = shown()
    assert said["server_cert"] == first(authority().issue("localhost")[1])
    assert said["server_cert"].startswith("-----BEGIN CERTIFICATE-----\n")
    assert said["server_cert"].count("BEGIN") == 1
    assert {name: said[name] for name in NOTHING} == NOTHING


def test_the_certificate_of_a_ready_made_context_is_not_known() -> None:
    """`ssl` does not tell it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().ca.issue_cert("localhost").configure_cert(context)
    assert tls_of(shake_hands(context)[0])["server_cert"] is None


def test_a_client_with_a_certificate_is_named() -> None:
    """Its certificate is the first; the verified chain follows where Python tells it."""
    said = shown(authority().context("client.test"), ca=authority().pem, ask=ssl.CERT_REQUIRED)
    chain = said["client_cert_chain"]
    assert isinstance(chain, tuple)
    assert len(chain) == (2 if sys.version_info >= (3, 13) else 1)
    assert ssl.PEM_cert_to_DER_cert(chain[0]) != ssl.PEM_cert_to_DER_cert(said["server_cert"])
    name = x509.load_pem_x509_certificate(chain[0].encode()).subject
    assert said["client_cert_name"] == name.rfc4514_string()
    assert "Testing cert" in said["client_cert_name"]
    assert said["client_cert_error"] is None


def test_a_client_that_was_asked_and_has_none() -> None:
    """As if it had not been asked."""
    said = shown(ca=authority().pem, ask=ssl.CERT_OPTIONAL)
    assert {name: said[name] for name in NOTHING} == NOTHING


async def served(server: Any, context: ssl.SSLContext, name: str, requests: int = 1) -> bytes:
    """Return what a server says to requests over one connection."""
    port = server.address()["port"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    heard = b""
    for _ in range(requests):
        writer.write(GET)
        heard += await reader.readuntil(b"ok")
    writer.close()
    return heard


@on_both_loops
async def test_requests_over_tls_say_so() -> None:
    """The scheme is https; the extension is made once a connection, and each scope has its own dict."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        scope["extensions"]["tls"]["mine"] = len(scopes)
        await send(START)
        await send(LAST)

    async with asgi.create_server(app, lifespan="off", **authority().options("a.test")) as server:
        server.add_context("b.test", authority().options("b.test"))  # type: ignore[attr-defined]
        await server.listen(0, "127.0.0.1")
        await served(server, authority().context(), "a.test", 2)
        await served(server, authority().context(), "b.test")
    assert [scope["scheme"] for scope in scopes] == ["https"] * 3
    said = [scope["extensions"]["tls"] for scope in scopes]
    assert [each.pop("mine") for each in said] == [1, 2, 3]
    assert said[0] == said[1]
    assert said[0]["server_cert"] == first(authority().issue("a.test")[1])
    assert said[2]["server_cert"] == first(authority().issue("b.test")[1])
    assert said[0].keys() == {*NOTHING, "server_cert", "tls_version", "cipher_suite"}


@on_both_loops
async def test_a_certificate_that_cannot_be_verified_ends_the_handshake() -> None:
    """With `reject_unauthorized=False`, too, which lets in clients without a certificate."""
    options = authority().options() | {"ca": authority().pem}
    server = asgi.create_server(
        hello, lifespan="off", request_cert=True, reject_unauthorized=False, **options
    )
    async with server:
        await server.listen(0, "127.0.0.1")
        assert (await served(server, authority().context(), "localhost")).startswith(b"HTTP/1.1 200 OK")
        assert (await served(server, authority().context("c.test"), "localhost")).endswith(b"ok")
        stranger = ssl.create_default_context(cadata=authority().pem)
        Authority().ca.issue_cert("c.test").configure_cert(stranger)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await served(server, stranger, "localhost")
