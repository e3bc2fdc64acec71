"""What a TLS connection tells of itself: ciphers and certificates in Node's shape."""

from __future__ import annotations

import hashlib
import ssl

import pytest

from tests.kit.certificates import authority
from tests.kit.tls_client import shake_hands
from writehead._tls.peer_certificate import (
    certificate_of,
    cipher_of,
    is_verified,
    standard_name,
    verification_error,
)

# OpenSSL's name, IANA's (registry "TLS Cipher Suites").
NAMES = [
    ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
    ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ("DHE-RSA-AES256-SHA256", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    ("ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    ("ECDHE-ECDSA-AES128-CCM8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
    ("AES128-CCM", "TLS_RSA_WITH_AES_128_CCM"),
    ("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
    ("CAMELLIA256-SHA256", "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256"),
    ("DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    ("ADH-AES128-SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
    ("NULL-SHA256", "TLS_RSA_WITH_NULL_SHA256"),
    ("odd", "odd"),
]


@pytest.mark.parametrize(("name", "standard"), NAMES)
def test_a_cipher_has_its_standard_name(name: str, standard: str) -> None:
    """IANA's name is made of OpenSSL's; what is no suite keeps its own."""
    assert standard_name(name) == standard


def connection(*client_names: str, **verify: ssl.VerifyMode) -> ssl.SSLObject:
    """Return the server's side of a connection in memory."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().ca.issue_cert("localhost").configure_cert(server_context)
    server_context.load_verify_locations(cadata=authority().pem)
    server_context.verify_mode = verify.get("mode", ssl.CERT_NONE)
    return shake_hands(server_context, authority().context(*client_names))[0]


def test_a_client_certificate_reads_as_in_nodes_documents() -> None:
    """Names are mappings, alternative names a text, fingerprints pairs of hexadecimal digits."""
    server = connection("client@example.org", mode=ssl.CERT_REQUIRED)
    certificate = certificate_of(server)
    raw = server.getpeercert(binary_form=True)
    assert raw is not None
    assert certificate["raw"] == raw
    assert certificate["fingerprint"] == hashlib.sha1(raw).digest().hex(":").upper()
    assert certificate["fingerprint256"] == hashlib.sha256(raw).digest().hex(":").upper()
    assert certificate["fingerprint512"] == hashlib.sha512(raw).digest().hex(":").upper()
    assert certificate["subjectaltname"] == "email:client@example.org"
    assert certificate["issuer"]["O"].startswith("trustme")
    assert certificate["valid_to"].endswith("GMT")
    assert int(certificate["serial_number"], 16) > 0
    assert certificate["subject"].keys() >= {"O", "OU"}
    assert is_verified(server)
    assert verification_error(server) is None


def test_a_client_without_certificate_is_not_verified() -> None:
    """Asked and without one, it has Node's error; not asked, none."""
    asked = connection(mode=ssl.CERT_OPTIONAL)
    assert certificate_of(asked) == {}
    assert not is_verified(asked)
    assert verification_error(asked) == "UNABLE_TO_GET_ISSUER_CERT"
    assert verification_error(connection()) is None


def test_a_cipher_in_use() -> None:
    """Name, standard name and version of what was agreed on; nothing before the handshake."""
    name = connection().cipher()[0]  # type: ignore[index]
    assert cipher_of(connection()) == {"name": name, "standard_name": name, "version": "TLSv1.3"}
    fresh = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), True)
    assert cipher_of(fresh) == {}
    assert certificate_of(fresh) == {}
