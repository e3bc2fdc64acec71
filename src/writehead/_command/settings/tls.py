"""The settings of TLS."""

from __future__ import annotations

from typing import Literal

from writehead._command.kinds import Choice, File, Secret, Text
from writehead._command.setting import Setting, WithScript

DEFAULT = WithScript.DEFAULT

CERTFILE: Setting[str | None] = Setting(
    "certfile",
    File(),
    None,
    "certificate, PEM: serve TLS",
    "The certificate, or its chain with the server's own first, as PEM. With it TLS is served.",
    aliases=("ssl-certfile", "ssl-certificate"),
    reload=True,
    with_script=DEFAULT,
)
KEYFILE: Setting[str | None] = Setting(
    "keyfile",
    File(),
    None,
    "its private key, PEM",
    "The private key of the certificate, as PEM. Without it the file of the certificate has the key.",
    aliases=("ssl-keyfile",),
    reload=True,
    with_script=DEFAULT,
)
KEYFILE_PASSWORD: Setting[str | None] = Setting(
    "keyfile-password",
    Secret("SECRET"),
    None,
    "its password; file:PATH, env:NAME",
    "The password of the private key: itself, or better where it is, `file:PATH` or `env:NAME`.",
    aliases=("ssl-keyfile-password",),
    reload=True,
    secret=True,
    with_script=DEFAULT,
)
CA_CERTS: Setting[str | None] = Setting(
    "ca-certs",
    File(),
    None,
    "who may sign clients' certificates",
    "The certificates, as PEM, of the authorities that clients' certificates are checked by.",
    aliases=("ssl-ca-certs", "ssl-ca"),
    reload=True,
    with_script=DEFAULT,
)
CRL: Setting[str | None] = Setting(
    "crl",
    File(),
    None,
    "revoked certificates of clients",
    "A list of revoked certificates, as PEM: clients that have one of them are refused.",
    aliases=("ssl-crl",),
    reload=True,
    with_script=DEFAULT,
)
CERT_REQS: Setting[Literal["none", "optional", "required"]] = Setting(
    "cert-reqs",
    Choice(
        "WHEN",
        {
            "none": "none",
            "optional": "optional",
            "required": "required",
            "0": "none",
            "1": "optional",
            "2": "required",
        },
    ),
    "none",
    "clients' certificates: optional, required",
    "Whether clients are asked for a certificate: `none`, `optional`, `required` (or 0, 1, 2). The latter two need `--ca-certs`.",
    aliases=("ssl-cert-reqs", "verify-mode"),
    shown="none",
    reload=True,
    with_script=DEFAULT,
)
CIPHERS: Setting[str | None] = Setting(
    "ciphers",
    Text("LIST"),
    None,
    "ciphers up to TLS 1.2",
    "The ciphers, as OpenSSL writes them, up to TLS 1.2; by default those of OpenSSL.",
    aliases=("ssl-ciphers",),
    reload=True,
    with_script=DEFAULT,
)
TLS_MIN: Setting[Literal["TLSv1.2", "TLSv1.3"]] = Setting(
    "tls-min",
    Choice("VERSION", {"1.2": "TLSv1.2", "1.3": "TLSv1.3", "tls1.2": "TLSv1.2", "tls1.3": "TLSv1.3"}),
    "TLSv1.2",
    "oldest version: 1.2, 1.3",
    "The oldest version of TLS that is spoken: `1.2` or `1.3`.",
    aliases=("ssl-protocol-min",),
    shown="1.2",
    reload=True,
    with_script=DEFAULT,
)
GROUP = (CERTFILE, KEYFILE, KEYFILE_PASSWORD, CA_CERTS, CRL, CERT_REQS, CIPHERS, TLS_MIN)
