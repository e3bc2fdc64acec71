"""The cipher and the client certificate of a TLS connection, as Node documents them."""

from __future__ import annotations

import re
import ssl
from typing import Any

from writehead._tls.x509 import Certificate

_CIPHER = re.compile(
    r"""(?:(?P<exchange>[A-Z-]*?(?:RSA|DSS|ECDSA|PSK|ADH|AECDH))-)?
    (?P<cipher>NULL|DES-CBC3|(?:AES|CAMELLIA|ARIA)(?P<bits>128|256)|CHACHA20-POLY1305|SEED|IDEA)
    (?:-(?P<mode>GCM|CCM8|CCM|CBC))?
    (?:-(?P<hash>MD5|SHA|SHA256|SHA384))?$""",
    re.VERBOSE,
)
_EXCHANGES = {
    "": "RSA",
    "ADH": "DH_anon",
    "AECDH": "ECDH_anon",
}


def cipher_of(ssl_object: ssl.SSLObject) -> dict[str, str]:
    """Return the cipher's `name` (OpenSSL's), `standard_name` (IANA's) and `version`.

    Source: https://nodejs.org/api/tls.html#tlssocketgetcipher
    """
    cipher = ssl_object.cipher()
    if cipher is None:
        return {}
    name, version, _ = cipher
    return {"name": name, "standard_name": standard_name(name), "version": version}


def standard_name(name: str) -> str:
    """Return IANA's name for OpenSSL's name of a cipher suite."""
    match = _CIPHER.match(name)
    if name.startswith("TLS_") or match is None:
        return name
    exchange = match["exchange"] or ""
    bits, mode, digest = match["bits"], match["mode"], match["hash"]
    cipher = match["cipher"].replace("-", "_").replace("DES_CBC3", "3DES_EDE_CBC")
    words = ["TLS", _EXCHANGES.get(exchange, exchange.replace("-", "_")), "WITH"]
    if bits:
        cipher = f"{cipher.removesuffix(bits)}_{bits}_{(mode or 'CBC').replace('CCM8', 'CCM_8')}"
    words.append(cipher)
    if digest or cipher == "CHACHA20_POLY1305":
        words.append(digest or "SHA256")
    return "_".join(words)


def is_verified(ssl_object: ssl.SSLObject) -> bool:
    """Return whether the client has sent a certificate that was verified."""
    return _shown(ssl_object) is not None


def verification_error(ssl_object: ssl.SSLObject) -> str | None:
    """Return why the client is not authorized, by OpenSSL's name; None if it is, or was not asked."""
    if ssl_object.context.verify_mode == ssl.CERT_NONE or is_verified(ssl_object):
        return None
    return "UNABLE_TO_GET_ISSUER_CERT"  # Node's error for a client without a certificate


def certificate_of(ssl_object: ssl.SSLObject) -> dict[str, Any]:
    """Return the client's certificate; empty if it has sent none.

    `subject` and `issuer` are mappings ("CN", "O", …); `subjectaltname` is text
    ("DNS:a, IP Address:…", a name in quotes if it would read as two; None without any);
    `valid_from` and `valid_to` are times as OpenSSL writes them; `serial_number` and the
    fingerprints are hexadecimal; `raw` is the certificate (DER).

    Source: https://nodejs.org/api/tls.html#certificate-object
    """
    raw = _shown(ssl_object)
    return {} if raw is None else described(raw)


def described(raw: bytes) -> dict[str, Any]:
    """Return a certificate in DER as a mapping; see `certificate_of`."""
    certificate = Certificate(raw)
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "subjectaltname": certificate.alternative_names(),
        "valid_from": certificate.valid_from,
        "valid_to": certificate.valid_to,
        "serial_number": certificate.serial_number,
        "fingerprint": _fingerprint(raw, "sha1"),
        "fingerprint256": _fingerprint(raw, "sha256"),
        "fingerprint512": _fingerprint(raw, "sha512"),
        "raw": raw,
    }


def _shown(ssl_object: ssl.SSLObject) -> bytes | None:
    """Return the client's certificate in DER, which OpenSSL has verified; None if there is none."""
    if ssl_object.context.verify_mode == ssl.CERT_NONE:
        return None
    try:
        return ssl_object.getpeercert(binary_form=True)
    except ValueError:  # the handshake is not done
        return None


def _fingerprint(raw: bytes, algorithm: str) -> str:
    import hashlib  # for programs that ask for certificates

    return hashlib.new(algorithm, raw, usedforsecurity=False).digest().hex(":").upper()
