"""The names of options, and the error for an unknown one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from writehead._node.spelling import node_spelling, snake
from writehead.errors import UnknownOptionError
from writehead.errors.received import harmless

# What looks like a name; anything else may be a key or a certificate given by mistake, and is not shown.
_NAME = re.compile(r"[\w.-]{0,40}")

#: Options that only Node's `net.createServer` and `http.createServer`, or other libraries, have; what to do instead.
NOT_OF_SERVERS = {
    "allow_half_open": "http_allow_half_open=True lets handlers respond to a client that has ended its side",
    "http_validation": "every request is checked as the RFCs ask, unless insecure_http_parser=True",
    "pause_on_connect": "call `socket.pause()` in a listener of 'connection'",
    "block_list": "call `socket.destroy()` in a listener of 'connection'",
    "lookup": "give `listen` an address",
    "signal": "give it to `listen`",
    "host": "give it to `listen`",
    "port": "give it to `listen`",
    "path": "give it to `listen`",
    "fd": "give it to `listen`",
    "backlog": "give it to `listen`",
    "reuse_port": "give it to `listen`",
    "ipv6_only": "give it to `listen`",
    "agent": "it is for clients, and this is a server library",
    "ssl": "`https.create_server` makes a server over TLS",
    "tls": "`https.create_server` makes a server over TLS",
    "key": "`https.create_server` makes a server over TLS",
    "cert": "`https.create_server` makes a server over TLS",
    "ssl_context": "`https.create_server` makes a server over TLS",
    "request_listener": "give the handler without a name, or as `handler`",
    "on_request": "give the handler without a name, or as `handler`",
    "http1_options": "they are options of the server itself",
    "headers": "set them on each response",
}

#: Options that only Node's `tls.createServer` has.
NOT_OF_TLS = {
    "request_cert": "give it to `create_server`",
    "reject_unauthorized": "give it to `create_server`",
    "certificate_compression": "it is not supported",
    "enable_trace": "there is no trace of TLS; an ssl_context with a `keylog_filename` helps to record one",
    "session_timeout": "give an ssl_context that sets it",
    "session_id_context": "give an ssl_context that sets it",
    "psk_identity_hint": "give an ssl_context that sets it",
    "allow_partial_trust_chain": "give an ssl_context that sets it",
    "secure_context": "give an ssl_context",
    "check_server_identity": "it is for clients, and this is a server library",
    "servername": "it is for clients, and this is a server library",
    "request_ocsp": "OCSP is not supported",
    "server": "it is for clients, and this is a server library",
}

#: Options of Node or other libraries that `listen` does not have.
NOT_OF_LISTEN = {
    "address": "give it as `host`",
    "hostname": "give it as `host`",
    "sock": "give the socket without a name: listen(sock)",
    "socket": "give the socket without a name: listen(sock)",
    "uds": "give it as `path`",
    "ssl": "`https.create_server` makes a server over TLS",
    "reuse_address": "it is always on",
    "allow_half_open": "give `create_server` http_allow_half_open=True",
    "no_delay": "give it to `create_server`",
    "keep_alive": "give it to `create_server`",
    "keep_alive_initial_delay": "give it to `create_server`",
    "high_water_mark": "give it to `create_server`",
    "lookup": "give an address as `host`",
    "handle": "give `fd`, or an open socket",
    "family": "give an address as `host`",
    "pause_on_connect": "call `socket.pause()` in a listener of 'connection'",
    "block_list": "call `socket.destroy()` in a listener of 'connection'",
}

#: The same for servers over TLS.
NOT_OF_TLS_SERVERS = {
    name: instead
    for name, instead in {**NOT_OF_SERVERS, **NOT_OF_TLS}.items()
    if "https.create_server" not in instead
}


def unknown(
    owner: str, name: object, known: Collection[str], instead: Mapping[str, str] | None = None
) -> UnknownOptionError:
    """Return the error for an option that `owner` does not have.

    Args:
        owner: the function or object with the options, as named in the message.
        name: the name as given; a suggestion gets the same spelling.
        known: the existing names, in Python spelling.
        instead: what to do instead, by names that exist elsewhere.
    """
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        return UnknownOptionError(owner, harmless(name))
    spelled = snake(name)
    hint = (instead or {}).get(spelled)
    if hint is not None:
        return UnknownOptionError(owner, name, hint)
    near = _nearest(spelled, known)
    if near is None:
        return UnknownOptionError(owner, name)
    return UnknownOptionError(owner, name, f"did you mean {_as_spelled(near, name)!r}?")


def _nearest(name: str, known: Collection[str]) -> str | None:
    import difflib  # for errors alone

    flat = {each.replace("_", "").lower(): each for each in known}
    found = difflib.get_close_matches(name.replace("_", ""), flat, n=1, cutoff=0.7)
    return flat[found[0]] if found else None


def _as_spelled(known: str, name: str) -> str:
    """Spell `known` like `name`: Node's way if that has a capital and no underscore."""
    return node_spelling(known) if "_" not in name and name != name.lower() else known
