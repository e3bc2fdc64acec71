"""What a TLS connection knows of itself and of its client, in the shape of Node's documents."""

from __future__ import annotations

import hashlib
import re
import ssl
from typing import Any

# X.520 names as `ssl` spells them, and as certificates are read aloud.
_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "domainComponent": "DC",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "stateOrProvinceName": "ST",
}

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
    """Return the name that IANA's registry has for OpenSSL's name of a cipher suite."""
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
    """Return whether the client has shown a certificate that one of our authorities vouches for."""
    return bool(_decoded(ssl_object))


def verification_error(ssl_object: ssl.SSLObject) -> str | None:
    """Return why the client is not authorized, in OpenSSL's word; None if it is, or was not asked."""
    if ssl_object.context.verify_mode == ssl.CERT_NONE or is_verified(ssl_object):
        return None
    return "UNABLE_TO_GET_ISSUER_CERT"  # Node: what no certificate at all is called


def certificate_of(ssl_object: ssl.SSLObject) -> dict[str, Any]:
    """Return the client's certificate; empty if it has shown none.

    `subject` and `issuer` are mappings ("CN", "O", …); `subjectaltname` is text
    ("DNS:a, IP Address:…"); `valid_from` and `valid_to` are times as OpenSSL writes them;
    `serial_number` and the fingerprints are hexadecimal; `raw` is the certificate (DER).

    Source: https://nodejs.org/api/tls.html#certificate-object
    """
    decoded = _decoded(ssl_object)
    raw = ssl_object.getpeercert(binary_form=True) if decoded else None
    if not decoded or raw is None:
        return {}
    return {
        "subject": _name(decoded.get("subject", ())),
        "issuer": _name(decoded.get("issuer", ())),
        "subjectaltname": ", ".join(f"{kind}:{text}" for kind, text in decoded.get("subjectAltName", ())),
        "valid_from": decoded["notBefore"],
        "valid_to": decoded["notAfter"],
        "serial_number": decoded["serialNumber"],
        "fingerprint": _fingerprint(raw, "sha1"),
        "fingerprint256": _fingerprint(raw, "sha256"),
        "fingerprint512": _fingerprint(raw, "sha512"),
        "raw": raw,
    }


def _decoded(ssl_object: ssl.SSLObject) -> Any:
    try:
        return ssl_object.getpeercert()
    except ValueError:  # the handshake is not done
        return None


def _name(parts: Any) -> dict[str, Any]:
    """Return a distinguished name as a mapping; what comes more than once as a list."""
    found: dict[str, Any] = {}
    for part in parts:
        for long, value in part:
            key = _SHORT.get(long, long)
            if key not in found:
                found[key] = value
            elif isinstance(found[key], list):
                found[key].append(value)
            else:
                found[key] = [found[key], value]
    return found


def _fingerprint(raw: bytes, algorithm: str) -> str:
    return hashlib.new(algorithm, raw, usedforsecurity=False).digest().hex(":").upper()
