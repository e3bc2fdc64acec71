"""Certificates for tests.

Law: every certificate is made anew by an authority of this run; nothing of it is on disk
but what a test writes.
"""

from __future__ import annotations

import functools
import ssl
from pathlib import Path
from typing import Any

import trustme


class Authority:
    """An authority, and the certificates it gave out."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.pem = self.ca.cert_pem.bytes().decode()

    @functools.cache
    def issue(self, *names: str) -> tuple[str, str]:
        """Return key and certificate of a server, or of a client, as PEM."""
        made = self.ca.issue_cert(*names)
        chain = b"".join(blob.bytes() for blob in made.cert_chain_pems)
        return made.private_key_pem.bytes().decode(), chain.decode()

    def options(self, *names: str) -> dict[str, Any]:
        """Return the options `key` and `cert` of a server."""
        key, cert = self.issue(*(names or ("localhost",)))
        return {"key": key, "cert": cert}

    def write(self, directory: Path) -> tuple[str, str]:
        """Write certificate and key of `localhost` into files, and return their paths."""
        key, cert = self.issue("localhost")
        paths = directory / "cert.pem", directory / "key.pem"
        for path, text in zip(paths, (cert, key), strict=True):
            path.write_text(text)
        return str(paths[0]), str(paths[1])

    def context(self, *client_names: str) -> ssl.SSLContext:
        """Return the context of a client that trusts this authority; with names, it has a certificate."""
        context = ssl.create_default_context(cadata=self.pem)
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # set before Python 3.11.4
        if client_names:
            self.ca.issue_cert(*client_names).configure_cert(context)
        return context


@functools.cache
def authority() -> Authority:
    """Return the authority of this run."""
    return Authority()
