"""Contexts: an `ssl.SSLContext` made from Node's options of TLS.

Invariants: a private key given as text never reaches a disk where the system can avoid it; where
it cannot, it is in a file that only its owner may read, for as long as OpenSSL reads it. And
no error has a secret in its text, its attributes, or in an error that it comes from.
"""

from __future__ import annotations

import errno
import os
import re
import ssl
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from writehead._node import option_names
from writehead._node.spelling import snake
from writehead.errors import (
    InvalidArgTypeError,
    InvalidArgValueError,
    InvalidProtocolVersionError,
    OutOfRangeError,
    TLSError,
)
from writehead.errors.received import Secret, harmless, word

#: The options that make a context; the other options of an `https` server are the server's.
CONTEXT = (
    "ssl_context",
    "key",
    "cert",
    "ca",
    "crl",
    "passphrase",
    "ciphers",
    "dhparam",
    "ecdh_curve",
    "honor_cipher_order",
    "min_version",
    "max_version",
    "secure_options",
)

#: Options of Node that Python's `ssl` cannot apply, with what to do instead. They are refused,
#: as a server without them would be less secure than the program expects.
REFUSED = {
    "pfx": "give key and cert as PEM",
    "secure_protocol": "give min_version and max_version",
    "psk_callback": "give an ssl_context that sets it",
    "alpn_callback": "give alpn_protocols",
    "sigalgs": "give an ssl_context that sets it",
    "ticket_keys": "leave tickets to OpenSSL",
    "client_cert_engine": "give an ssl_context that sets it",
    "private_key_engine": "give an ssl_context that sets it",
    "private_key_identifier": "give an ssl_context that sets it",
}

_VERSIONS = {
    "TLSv1": "TLSv1",
    "TLSv1.1": "TLSv1_1",
    "TLSv1.2": "TLSv1_2",
    "TLSv1.3": "TLSv1_3",
}

# The suites of TLS 1.3 that OpenSSL offers by default.
_SUITES = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"}

# A str with one of these is a path, and shown if it cannot be read; any other may be a key without PEM lines.
_SUFFIXES = {".pem", ".key", ".crt", ".cer", ".cert", ".crl", ".der", ".p12", ".pfx", ".txt"}

_CERTIFICATE = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

# The certificates of the contexts that were made of options, with the chains behind them.
_leaves: WeakKeyDictionary[ssl.SSLContext, bytes] = WeakKeyDictionary()

_LONGEST_PASSPHRASE = 1023  # bytes; `ssl` raises for more
_MAKERS = tuple(name for name in CONTEXT if name != "ssl_context")


def given(
    options: Mapping[str, Any] | ssl.SSLContext,
    keywords: Mapping[str, Any],
    more: Collection[str] = (),
) -> dict[str, Any]:
    """Return the options that are not None under their Python spelling; keywords win.

    Args:
        options: a mapping, or an `ssl.SSLContext`.
        keywords: options by keyword.
        more: names of options that are accepted besides those of a context.

    Raises:
        InvalidArgTypeError: `options` is neither a mapping nor an SSLContext.
        UnknownOptionError: an option does not exist.
        InvalidArgValueError: an option is not supported.
    """
    if isinstance(options, ssl.SSLContext):
        options = {"ssl_context": options}
    if not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping or an ssl.SSLContext", Secret(options))
    known = {*CONTEXT, *more}
    for name in (*options, *keywords):
        if snake(str(name)) not in known and snake(str(name)) not in REFUSED:
            raise option_names.unknown("a secure context", name, known, option_names.NOT_OF_TLS)
    spelled = {snake(name): value for name, value in options.items()}
    spelled.update((snake(name), value) for name, value in keywords.items())
    for name, instead in REFUSED.items():
        if spelled.get(name) is not None:
            raise InvalidArgValueError(name, Secret(spelled[name]), f"is not supported: {instead}")
    return {name: value for name, value in spelled.items() if value is not None}


_default_certificate: dict[str, Any] = {}


def set_default_certificate(options: Mapping[str, Any]) -> None:
    """Let servers that are made without a certificate have this one.

    Args:
        options: `cert`, and the other options of TLS that go with it.
    """
    _default_certificate.clear()
    _default_certificate.update(options)


def with_certificate(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a server, with the default certificate if they have none."""
    own = options.keys() & {"cert", "key", "ssl_context", "sni_callback"}
    return options if own else {**_default_certificate, **options}


def make_context(
    options: Mapping[str, Any], ask: ssl.VerifyMode | None = None, protocols: list[str] | None = None
) -> ssl.SSLContext:
    """Return the context for `options`, as `given` returns them.

    Args:
        options: those of `CONTEXT`; others are ignored.
        ask: whether clients are asked for a certificate; an `ssl_context` that asks for more is not changed.
        protocols: for ALPN, the preferred first; None leaves an `ssl_context` as it is.

    Raises:
        InvalidArgTypeError, InvalidArgValueError: an option is not valid.
        TLSError: OpenSSL refuses a key or certificate.
        FileNotFoundError, PermissionError: a path cannot be read.
    """
    context = _own_context(options)
    if context is None:
        context = _new_context(options)
        if ask is not None and ask != ssl.CERT_NONE and "ca" not in options:
            context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    if ask is not None and ask > context.verify_mode:
        context.verify_mode = ask
    if protocols is not None:
        context.set_alpn_protocols(protocols)
    return context


def _own_context(options: Mapping[str, Any]) -> ssl.SSLContext | None:
    context = options.get("ssl_context")
    if context is None:
        return None
    if not isinstance(context, ssl.SSLContext):
        raise InvalidArgTypeError("ssl_context", "an ssl.SSLContext", Secret(context))
    if context.protocol == ssl.PROTOCOL_TLS_CLIENT:
        raise InvalidArgValueError(
            "ssl_context", context, "is for clients: make it of ssl.PROTOCOL_TLS_SERVER"
        )
    if context.post_handshake_auth and context.verify_mode != ssl.CERT_NONE:
        # OpenSSL would serve clients before it has verified them.
        raise InvalidArgValueError(
            "ssl_context", context, "asks for certificates after the handshake: unset post_handshake_auth"
        )
    beside = [name for name in _MAKERS if name in options]
    if beside:
        raise InvalidArgValueError(
            "ssl_context", context, f"is complete: give either ssl_context, or {', '.join(beside)}"
        )
    return context


def check_demand(context: Any, ask: ssl.VerifyMode | None) -> None:
    """Refuse options that ask clients for less than the `ssl_context` beside them.

    Raises:
        InvalidArgValueError: they ask for less.
    """
    if isinstance(context, ssl.SSLContext) and ask is not None and ask < context.verify_mode:
        raise InvalidArgValueError(
            "ssl_context",
            context,
            f"has verify_mode {context.verify_mode.name}: request_cert and reject_unauthorized must not lower it",
        )


def _new_context(options: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.minimum_version = _version(options.get("min_version", "TLSv1.2"), "minimum")
    context.maximum_version = _version(options.get("max_version", "TLSv1.3"), "maximum")
    if "ciphers" in options:
        _set_ciphers(context, options["ciphers"])
    if "ecdh_curve" in options:
        _set_curve(context, options["ecdh_curve"])
    if "secure_options" in options:
        context.options |= _integer(options["secure_options"], "secure_options")
    if options.get("honor_cipher_order") is False:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    _load_authorities(context, options)
    _load_chains(context, options)
    if "dhparam" in options and options["dhparam"] != "auto":
        _load_parameters(context, options["dhparam"])
    return context


def _load_parameters(context: ssl.SSLContext, value: Any) -> None:
    with as_file(b"\n".join(pems(value, "dhparam"))) as path:
        try:
            context.load_dh_params(path)
        except ssl.SSLError as error:
            raise TLSError(
                "ERR_OSSL_PEM_NO_START_LINE", f"dhparam has no parameters that can be read: {error}"
            ) from None


def _version(value: Any, which: str) -> ssl.TLSVersion:
    if isinstance(value, ssl.TLSVersion):
        return value
    if not isinstance(value, str) or value not in _VERSIONS:
        raise InvalidProtocolVersionError(word(value), which)
    return ssl.TLSVersion[_VERSIONS[value]]


def _integer(value: Any, argument: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgTypeError(argument, "an integer", harmless(value))
    if not 0 <= value < 2**32:  # what every version of OpenSSL and of Python accepts
        raise OutOfRangeError(argument, "an integer >= 0 && < 2 ** 32", value)
    return value


def _set_ciphers(context: ssl.SSLContext, ciphers: Any) -> None:
    if not isinstance(ciphers, str):
        raise InvalidArgTypeError("ciphers", "of type str", harmless(ciphers))
    if "\0" in ciphers:
        raise InvalidArgValueError("ciphers", harmless(ciphers), "must be a str without null bytes")
    names = [name for name in ciphers.replace(",", ":").replace(" ", ":").split(":") if name]
    suites = [name for name in names if name.startswith("TLS_")]
    others = [name for name in names if not name.startswith("TLS_")]
    if suites and not _set_suites(context, suites):
        raise InvalidArgValueError(
            "ciphers",
            word(ciphers),
            "must name all suites of TLS 1.3 or none: this Python cannot choose among them",
        )
    if not others and suites:
        return
    if not _takes(context.set_ciphers, ":".join(others)):
        raise TLSError("ERR_SSL_NO_CIPHER_MATCH", f"no cipher matches {word(ciphers)!r}")


def _set_suites(context: ssl.SSLContext, suites: list[str]) -> bool:
    choose = getattr(context, "set_ciphersuites", None)  # Python 3.15
    if choose is not None:
        choose(":".join(suites))
        return True
    return set(suites) >= _SUITES


def _set_curve(context: ssl.SSLContext, curve: Any) -> None:
    if not isinstance(curve, str):
        raise InvalidArgTypeError("ecdh_curve", "of type str", harmless(curve))
    if curve == "auto":
        return
    name = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}.get(curve, curve)
    if not _takes(context.set_ecdh_curve, name):
        raise InvalidArgValueError("ecdh_curve", word(curve), 'must be "auto" or the name of one curve')


def _takes(setting: Callable[[str], object], words: str) -> bool:
    """Tell whether OpenSSL accepts the words; its own error would show them."""
    try:
        setting(words)
    except (ValueError, ssl.SSLError):
        return False
    return True


def _load_authorities(context: ssl.SSLContext, options: Mapping[str, Any]) -> None:
    for pem in pems(options.get("ca", ()), "ca"):
        try:
            context.load_verify_locations(cadata=pem.decode("ascii", "ignore"))
        except ssl.SSLError as error:
            raise TLSError("ERR_OSSL_PEM_NO_START_LINE", f"ca has no certificate: {error}") from None
    for pem in pems(options.get("crl", ()), "crl"):
        with as_file(pem) as path:
            try:
                context.load_verify_locations(path)
            except ssl.SSLError as error:
                raise TLSError("ERR_CRYPTO_OPERATION_FAILED", f"crl is no revocation list: {error}") from None
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _load_chains(context: ssl.SSLContext, options: Mapping[str, Any]) -> None:
    """Load each certificate with the key at its place in the list; without one its PEM must have its key."""
    chains = pems(options.get("cert", ()), "cert")
    keys = _keys(options.get("key", ()), options.get("passphrase"))
    if len(keys) > len(chains) > 0:
        raise InvalidArgValueError(
            "key", Secret(keys), f"has {len(keys)} keys for {len(chains)} certificate(s): give one for each"
        )
    if len(chains) == 1:  # of several, the client's ciphers decide which one is shown
        _leaves[context] = chains[0]
    for place, chain in enumerate(chains):
        key, passphrase = keys[place] if place < len(keys) else (None, options.get("passphrase"))
        _load_chain(context, chain, key, passphrase)


def certificate_shown(context: ssl.SSLContext) -> str | None:
    """Return the PEM of the certificate that a server with this context shows; None if that is not known."""
    found = _CERTIFICATE.search(_leaves.get(context, b""))
    return None if found is None else found[0].decode("ascii", "replace").replace("\r\n", "\n") + "\n"


def _keys(value: Any, passphrase: Any) -> list[tuple[bytes, Any]]:
    if isinstance(value, (list, tuple)):
        return [pair for each in value for pair in _keys(each, passphrase)]
    if isinstance(value, Mapping):  # Node: {pem, passphrase}
        return [(pem, value.get("passphrase", passphrase)) for pem in pems(value.get("pem", ()), "key")]
    return [(pem, passphrase) for pem in pems(value, "key")]


def _load_chain(context: ssl.SSLContext, chain: bytes, key: bytes | None, passphrase: Any) -> None:
    if passphrase is not None:
        passphrase = _as_bytes(passphrase)
    with ExitStack() as files:
        chain_path = files.enter_context(as_file(chain))
        key_path = None if key is None else files.enter_context(as_file(key))
        try:
            # Without a callable, OpenSSL would ask at the terminal.
            context.load_cert_chain(chain_path, key_path, _refuse if passphrase is None else passphrase)
        except ssl.SSLError as error:
            raise _explained(error, chain, key) from None


def _as_bytes(passphrase: Any) -> bytes:
    """Return the passphrase as `ssl` takes it."""
    if isinstance(passphrase, str):
        data = passphrase.encode("utf-8", "surrogatepass")  # the error of "strict" would hold the text
    elif isinstance(passphrase, (bytes, bytearray, memoryview)):
        data = bytes(passphrase)
    else:
        raise InvalidArgTypeError("passphrase", "a str or bytes", Secret(passphrase))
    if len(data) > _LONGEST_PASSPHRASE:
        raise InvalidArgValueError("passphrase", Secret(passphrase), "must have 1023 bytes at most")
    return data


def _refuse() -> str:
    raise TLSError("ERR_OSSL_BAD_DECRYPT", "the key is encrypted: give its passphrase")


def _explained(error: ssl.SSLError, chain: bytes, key: bytes | None) -> TLSError:
    if error.reason == "KEY_VALUES_MISMATCH":
        return TLSError("ERR_OSSL_X509_KEY_VALUES_MISMATCH", "the key does not belong to the certificate")
    if b"CERTIFICATE-----" not in chain:
        return TLSError("ERR_OSSL_PEM_NO_START_LINE", "cert has no certificate")
    held = chain if key is None else key
    if b"PRIVATE KEY-----" not in held:
        return TLSError("ERR_OSSL_UNSUPPORTED", "neither key nor cert has a private key")
    if b"ENCRYPTED" in held:
        return TLSError("ERR_OSSL_BAD_DECRYPT", "the passphrase does not decrypt the key")
    if error.reason:
        return TLSError.from_sslerror(error)
    return TLSError("ERR_OSSL_UNSUPPORTED", "OpenSSL cannot read the key or the certificate")


def pems(value: Any, argument: str) -> list[bytes]:
    """Return PEM texts; `value` is PEM as str or bytes, a path, or a list of these.

    A str is PEM if it has a "-----BEGIN", otherwise a path; bytes are always PEM.
    """
    if isinstance(value, (list, tuple)):
        return [pem for each in value for pem in pems(each, argument)]
    if isinstance(value, os.PathLike) or (
        isinstance(value, str) and "-----BEGIN" not in value and "\n" not in value
    ):
        pem = _read(os.fsdecode(value), argument)
    elif isinstance(value, str):
        pem = value.encode("utf-8", "replace")  # the error of "strict" would hold the text
    elif isinstance(value, (bytes, bytearray, memoryview)):
        pem = bytes(value)
    else:
        raise InvalidArgTypeError(argument, "PEM as str or bytes, a path, or a list of these", Secret(value))
    if b"-----BEGIN" not in pem:
        raise TLSError("ERR_OSSL_PEM_NO_START_LINE", f'{argument} is not PEM: it has no "-----BEGIN"')
    return [pem]


def _read(path: str, argument: str) -> bytes:
    """Return the content of a file.

    Raises:
        OSError: it cannot be read, or is a device. The path is shown if it surely is one.
        InvalidArgValueError: the path has a null byte.
    """
    if "\0" in path:
        raise InvalidArgValueError(argument, Secret(path), "must be PEM, or a path without null bytes")
    number = errno.EINVAL  # for characters that no path has: their error would hold the text
    try:
        return _contents(path)
    except OSError as error:
        number = error.errno or number
    except ValueError:
        pass
    # Raised outside the handlers, it has no context: that error would have the path in it.
    text = os.strerror(number)
    if _is_known_for_path(path):
        raise OSError(number, text, path)
    raise OSError(number, f'{text}: {argument} (not shown) has no "-----BEGIN" and was taken for a path')


def _contents(path: str) -> bytes:
    """Return the content of a file, or of a pipe, as that of a shell's `<(command)`."""
    # O_NONBLOCK: opening a named pipe would wait for its writer, perhaps forever.
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        kind = os.fstat(fd).st_mode
        if stat.S_ISCHR(kind) or stat.S_ISBLK(kind):  # /dev/zero has no end
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if stat.S_ISFIFO(kind):
            os.set_blocking(fd, True)
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(fd)


def _is_known_for_path(path: str) -> bool:
    if not path.isprintable():
        return False
    from pathlib import Path  # for errors alone

    known = Path(path)
    if known.suffix.lower() in _SUFFIXES:
        return True
    try:
        return len(known.parts) > 2 and known.parent.is_dir()
    except OSError:
        return False


@contextmanager
def as_file(data: bytes) -> Iterator[str]:
    """Give `data` a path while the block runs, as `ssl` reads keys from paths alone."""
    memory = _in_memory(data)
    if memory is not None:
        try:
            yield f"/proc/self/fd/{memory}"
        finally:
            os.close(memory)
        return
    import tempfile  # not on Linux, and slow to import

    fd, path = tempfile.mkstemp()  # readable by its owner alone
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        yield path
    finally:
        os.unlink(path)


def _in_memory(data: bytes) -> int | None:
    """Return the descriptor of a file in memory; None where the system has none (macOS)."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        fd = os.memfd_create("pem")
    except OSError:
        return None
    if not os.path.exists(f"/proc/self/fd/{fd}"):
        os.close(fd)
        return None
    with os.fdopen(fd, "wb", closefd=False) as file:
        file.write(data)
    return fd
