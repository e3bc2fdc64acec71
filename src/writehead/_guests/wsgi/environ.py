"""The environ of a request (PEP 3333, environ Variables; RFC 3875, 4.1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from writehead._message.incoming import IncomingMessage
from writehead._net.socket import Socket
from writehead._semantics.exchange import RequestHead
from writehead._semantics.forwarded import Trust
from writehead._semantics.targets import authority_of, split_target

Environ = dict[str, Any]

_PERCENT = ord("%")

#: The keys of names of fields, as spelled; "" for one that is left out. Emptied when full, as clients fill it.
_keys: dict[str, str] = {}
_MOST_KEYS = 1024


def native(text: str) -> str:
    """Return a text as the "native string" of its UTF-8 bytes: one character of latin-1 for each byte."""
    return text.encode().decode("latin-1")


def path_info(path: bytes, prefix: str) -> str:
    """Return the path of a target behind a prefix, decoded to bytes, as a native string.

    Args:
        path: as sent.
        prefix: a native string that the decoded path begins with; "" is every path.
    """
    if _PERCENT in path:
        path = unquote_to_bytes(path)
    rest = path.decode("latin-1")[len(prefix) :]
    return rest if rest != "*" else ""  # of OPTIONS, the whole server


def of_fields(head: RequestHead) -> Environ:
    """Return the keys of the fields: `HTTP_…`, `CONTENT_TYPE` and `CONTENT_LENGTH`."""
    found: Environ = {}
    fields = iter(head.text())
    for name, value in zip(fields, fields, strict=True):
        key = _keys.get(name)
        if key is None:
            key = _key_of(name)
        if key not in found:
            found[key] = value
        elif key.startswith("HTTP_"):
            found[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
    found.pop("", None)
    return found


def _key_of(name: str) -> str:
    """Return the key of a field, and keep it; "" if the field is left out.

    A name with `_` could pass for one with `-`, and HTTP_PROXY for the variable by which programs find a proxy.
    """
    key = "HTTP_" + name.upper().replace("-", "_")
    if "_" in name or key == "HTTP_PROXY":
        key = ""
    elif key in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
        key = key[5:]
    if len(_keys) >= _MOST_KEYS:
        _keys.clear()
    if len(name) <= 64:
        _keys[name] = key
    return key


def of_request(
    request: IncomingMessage, constant: Environ, prefix: str, trust: Trust | None = None
) -> Environ:
    """Return the environ of a request.

    Args:
        request: the request.
        constant: what is the same for all requests of the connection, and is copied.
        prefix: the path of the mount as a native string.
        trust: what proxies are believed to say; None if the peer is none.
    """
    head = request._head
    assert head is not None  # a server has made it
    target = head.target
    path, query = split_target(target)
    environ = constant | of_fields(head)
    environ["REQUEST_METHOD"] = head.method
    environ["PATH_INFO"] = path_info(path, prefix)
    environ["QUERY_STRING"] = query.decode("latin-1")
    environ["RAW_URI"] = environ["REQUEST_URI"] = head.url
    environ["SERVER_PROTOCOL"] = "HTTP/" + request.http_version
    authority = authority_of(target)
    if authority is not None:  # RFC 9112, 3.2.2
        environ["HTTP_HOST"] = authority.decode("latin-1")
    if trust is not None:
        _add_forwarded(environ, trust)
    if "SERVER_NAME" not in environ:
        name_by_host(environ)
    return environ


def _add_forwarded(environ: Environ, trust: Trust) -> None:
    """Put what a proxy says of the client into an environ; its fields stay."""
    address, port, scheme, _ = trust.read(lambda name: environ.get(f"HTTP_{name.upper().replace('-', '_')}"))
    if address is not None:
        environ["REMOTE_ADDR"] = address
        environ.pop("REMOTE_PORT", None)
        if port is not None:
            environ["REMOTE_PORT"] = str(port)
    if scheme is not None:
        environ["wsgi.url_scheme"] = scheme
        environ.pop("HTTPS", None)
        if scheme == "https":
            environ["HTTPS"] = "on"


def note_decoded(environ: Environ, size: int) -> None:
    """Describe a chunked body that has come whole as one of a known length (RFC 9112, 7.1.3).

    Django reads no body without a length, and Bottle would decode the chunks once more.
    """
    environ["CONTENT_LENGTH"] = str(size)
    codings = [each.strip() for each in environ.pop("HTTP_TRANSFER_ENCODING").split(",")]
    others = [each for each in codings if each.lower() != "chunked"]
    if others:
        environ["HTTP_TRANSFER_ENCODING"] = ", ".join(others)


def of_connection(socket: Socket) -> Environ:
    """Return the keys that are the same for all requests of a connection."""
    encrypted = bool(socket.encrypted)
    found: Environ = {"wsgi.url_scheme": "https" if encrypted else "http"}
    if encrypted:
        found["HTTPS"] = "on"
    if socket.local_address is not None:
        found["SERVER_NAME"] = as_ipv4(socket.local_address)
        found["SERVER_PORT"] = str(socket.local_port)
    found["REMOTE_ADDR"] = as_ipv4(socket.remote_address or "")
    if socket.remote_port is not None:
        found["REMOTE_PORT"] = str(socket.remote_port)
    return found


def as_ipv4(address: str) -> str:
    """Return an IPv4 address that a socket of both families shows as `::ffff:192.0.2.1` as IPv4."""
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def name_by_host(environ: Environ) -> None:
    """Set the server's name and port by the Host field, where the connection has none: a Unix socket."""
    host = environ.get("HTTP_HOST", "")
    name, colon, port = host.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()):  # an IPv6 address without a port has colons, too
        name, port = host.rstrip(":"), ""
    environ["SERVER_NAME"] = name or "localhost"  # PEP 3333: never empty
    environ["SERVER_PORT"] = port or ("443" if environ["wsgi.url_scheme"] == "https" else "80")
