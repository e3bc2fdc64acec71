"""The `tls` extension of a scope: the certificates and the cipher of a connection.

Source: https://asgi.readthedocs.io/en/latest/specs/tls.html
"""

from __future__ import annotations

import ssl
from typing import Any

from writehead._tls.context import certificate_shown
from writehead._tls.x509 import Certificate

_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}

# The numbers of cipher suites by OpenSSL's names of them.
_suites: dict[str, int] = {}


def tls_of(encrypted: ssl.SSLObject) -> dict[str, Any]:
    """Return what the extension says of a connection whose handshake is done."""
    chain = _client_chain(encrypted)
    return {
        "server_cert": certificate_shown(encrypted.context),
        "client_cert_chain": tuple(ssl.DER_cert_to_PEM_cert(each) for each in chain),
        "client_cert_name": _name_of(chain[0]) if chain else None,
        "client_cert_error": None,  # one that cannot be verified ends the handshake, even if none is required
        "tls_version": _VERSIONS.get(encrypted.version() or ""),
        "cipher_suite": _suite_of(encrypted),
    }


def _client_chain(encrypted: ssl.SSLObject) -> list[bytes]:
    """Return the client's certificates in DER, its own first; before Python 3.13 that one alone."""
    if encrypted.context.verify_mode == ssl.CERT_NONE:
        return []
    own = encrypted.getpeercert(binary_form=True)
    if own is None:
        return []
    verified: Any = getattr(encrypted, "get_verified_chain", None)
    return list(verified()) if verified is not None else [own]


def _name_of(certificate: bytes) -> str | None:
    try:
        return Certificate(certificate).subject_text()
    except ValueError:  # a name that OpenSSL could not read either
        return None


def _suite_of(encrypted: ssl.SSLObject) -> int | None:
    cipher = encrypted.cipher()
    if cipher is None:
        return None
    name = cipher[0]
    if name not in _suites:
        # The low 16 bits of OpenSSL's number are IANA's.
        _suites.update((each["name"], each["id"] & 0xFFFF) for each in encrypted.context.get_ciphers())
    return _suites.get(name)
