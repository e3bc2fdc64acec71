"""Node's options of TLS: what makes a context, what is refused, and where keys go."""

from __future__ import annotations

import datetime as dt
import logging
import os
import select
import ssl
import stat
import tempfile
import threading
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from trustme import KeyType

from tests.kit.certificates import authority
from tests.kit.tls_client import shake_hands
from writehead import https
from writehead._node.spelling import node_spelling
from writehead._tls import context as _secure_context
from writehead._tls.context import CONTEXT, as_file, given, make_context, pems
from writehead.errors import (
    HTTPError,
    InvalidArgTypeError,
    InvalidArgValueError,
    InvalidProtocolVersionError,
    TLSError,
)

KEY, CERT = authority().issue("localhost")


def encrypted(passphrase: bytes) -> str:
    key = load_pem_private_key(KEY.encode(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase)).decode()


def shakes(context: ssl.SSLContext, client: ssl.SSLContext | None = None) -> ssl.SSLObject:
    """Return the client's side after a handshake with `context`."""
    return shake_hands(context, client)[1]


@pytest.mark.parametrize(
    "form",
    [
        lambda text, path: text,
        lambda text, path: text.encode(),
        lambda text, path: bytearray(text.encode()),
        lambda text, path: str(path),
        lambda text, path: path,
        lambda text, path: [text],
    ],
    ids=["str", "bytes", "bytearray", "path as str", "path", "list"],
)
def test_key_and_certificate_in_every_form(form: Any, tmp_path: Path) -> None:
    """PEM as str or bytes as in Node, the path of a file, and lists of these."""
    for name, text in (("key", KEY), ("cert", CERT)):
        (tmp_path / name).write_text(text)
    options = {name: form(text, tmp_path / name) for name, text in (("key", KEY), ("cert", CERT))}
    assert shakes(make_context(options)).version() == "TLSv1.3"


def test_a_certificate_may_hold_its_key() -> None:
    """One PEM with both is enough."""
    assert shakes(make_context({"cert": KEY + CERT})).version() == "TLSv1.3"


def test_an_encrypted_key_and_its_passphrase() -> None:
    """The passphrase opens the key: beside it, or in Node's mapping of both."""
    key = encrypted(b"open sesame")
    shakes(make_context({"key": key, "cert": CERT, "passphrase": "open sesame"}))
    shakes(make_context({"key": [{"pem": key, "passphrase": "open sesame"}], "cert": CERT}))


def test_two_certificates_each_with_its_key() -> None:
    """Lists pair the keys and the certificates by their places."""
    made = authority().ca.issue_cert("localhost", key_type=KeyType.RSA)
    chain = b"".join(blob.bytes() for blob in made.cert_chain_pems)
    options = {"key": [KEY, made.private_key_pem.bytes()], "cert": [CERT, chain], "max_version": "TLSv1.2"}
    ciphers = set()
    for kind in ("ECDSA", "RSA"):
        client = authority().context()
        client.set_ciphers(f"ECDHE+a{kind}")
        ciphers.add((shakes(make_context(options), client).cipher() or ("",))[0].split("-")[1])
    assert ciphers == {"ECDSA", "RSA"}


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ({"key": KEY, "cert": "x\n"}, "ERR_OSSL_PEM_NO_START_LINE", "cert is not PEM"),
        ({"key": b"x", "cert": CERT}, "ERR_OSSL_PEM_NO_START_LINE", "key is not PEM"),
        ({"key": KEY, "cert": KEY}, "ERR_OSSL_PEM_NO_START_LINE", "cert has no certificate"),
        ({"key": CERT, "cert": CERT}, "ERR_OSSL_UNSUPPORTED", "no private key"),
        ({"cert": CERT}, "ERR_OSSL_UNSUPPORTED", "no private key"),
        (
            {"key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cert": CERT},
            "ERR_OSSL_UNSUPPORTED",
            "cannot read",
        ),
        (
            {"key": authority().issue("other.example")[0], "cert": CERT},
            "ERR_OSSL_X509_KEY_VALUES_MISMATCH",
            "does not belong",
        ),
        ({"key": encrypted(b"right"), "cert": CERT}, "ERR_OSSL_BAD_DECRYPT", "give its passphrase"),
        (
            {"key": encrypted(b"right"), "cert": CERT, "passphrase": "wrong"},
            "ERR_OSSL_BAD_DECRYPT",
            "does not decrypt",
        ),
        ({"ca": KEY}, "ERR_OSSL_PEM_NO_START_LINE", "ca has no certificate"),
        ({"crl": KEY}, "ERR_CRYPTO_OPERATION_FAILED", "crl has no revocation list"),
        ({"ciphers": "NONE-SUCH"}, "ERR_SSL_NO_CIPHER_MATCH", "no cipher matches"),
    ],
)
def test_what_openssl_refuses_says_why(options: dict[str, Any], code: str, says: str) -> None:
    """Node's code, and a sentence that says what is wrong; the key is in none."""
    with pytest.raises(TLSError, match=says) as caught:
        make_context(options)
    assert caught.value.code == code
    assert "BEGIN" not in str(caught.value).replace('"-----BEGIN"', "")


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"key": 5, "cert": CERT}, InvalidArgTypeError),
        ({"key": KEY, "cert": {}}, InvalidArgTypeError),
        ({"key": KEY, "cert": CERT, "passphrase": 5}, InvalidArgTypeError),
        ({"key": [KEY, KEY], "cert": CERT}, InvalidArgValueError),
        ({"ciphers": 5}, InvalidArgTypeError),
        ({"ciphers": "TLS_AES_128_GCM_SHA256"}, InvalidArgValueError),
        ({"ecdh_curve": 5}, InvalidArgTypeError),
        ({"ecdh_curve": "none"}, InvalidArgValueError),
        ({"secure_options": "none"}, InvalidArgTypeError),
        ({"secure_options": True}, InvalidArgTypeError),
        ({"min_version": "TLS1"}, InvalidProtocolVersionError),
        ({"max_version": 3}, InvalidProtocolVersionError),
        ({"ssl_context": {}}, InvalidArgTypeError),
        ({"ssl_context": ssl.create_default_context()}, InvalidArgValueError),
        ({"ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "key": KEY}, InvalidArgValueError),
    ],
)
def test_an_option_of_a_wrong_type_or_value(options: dict[str, Any], kind: type[HTTPError]) -> None:
    """Each has its error, and the secret ones are not shown."""
    with pytest.raises(kind) as caught:
        make_context(options)
    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(_secure_context.REFUSED))
def test_an_option_that_cannot_be_kept_is_refused(name: str) -> None:
    """What Python's ssl has no means for is not ignored; None is as if not given."""
    with pytest.raises(InvalidArgValueError, match="is not supported: ") as caught:
        given({name: b"secret"}, {})
    assert "secret" not in str(caught.value)
    assert given({name: None}, {}) == {}


def test_options_answer_to_both_spellings() -> None:
    """Node's names and Python's; keywords win over the mapping."""
    more = ("alpn_protocols", "sni_callback")
    found = given(
        {"minVersion": "a", "ALPNProtocols": ["x"], "SNICallback": 1, "ecdhCurve": "b"}, {}, more=more
    )
    assert found == {"min_version": "a", "alpn_protocols": ["x"], "sni_callback": 1, "ecdh_curve": "b"}
    assert given({"key": 1}, {"key": 2}) == {"key": 2}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert given(context, {}) == {"ssl_context": context}
    with pytest.raises(InvalidArgTypeError):
        given(5, {})  # type: ignore[arg-type]


def test_versions_in_every_form() -> None:
    """Node's names or `ssl.TLSVersion`; TLS 1.2 and 1.3 by default."""
    assert make_context({}).minimum_version == ssl.TLSVersion.TLSv1_2
    assert make_context({}).maximum_version == ssl.TLSVersion.TLSv1_3
    context = make_context({"min_version": "TLSv1.3", "max_version": ssl.TLSVersion.TLSv1_3})
    assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_3


def test_ciphers_are_chosen() -> None:
    """The names of TLS 1.2 choose; all suites of TLS 1.3 may stand beside them."""
    options = {"key": KEY, "cert": CERT, "max_version": "TLSv1.2"}
    wanted = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384"
    cipher = shakes(make_context(options | {"ciphers": wanted})).cipher()
    assert cipher is not None
    assert cipher[0] in wanted
    every = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
    assert shakes(make_context(options | {"ciphers": every + ":" + wanted})).cipher()
    assert make_context({"ciphers": every}).get_ciphers()


def test_suites_are_chosen_where_python_can() -> None:
    """A Python that can choose among the suites of TLS 1.3 is asked to."""
    chosen = []

    class Able:
        set_ciphersuites = chosen.append

    assert _secure_context._set_suites(Able(), ["TLS_A", "TLS_B"])  # type: ignore[arg-type]
    assert chosen == ["TLS_A:TLS_B"]


def test_the_smaller_options() -> None:
    """Curves by Node's names, whose order of ciphers counts, OpenSSL's flags."""
    for curve in ("auto", "P-256", "prime256v1"):
        make_context({"ecdh_curve": curve})
    assert make_context({}).options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert not make_context({"honor_cipher_order": False}).options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert make_context({"secure_options": int(ssl.OP_NO_TICKET)}).options & ssl.OP_NO_TICKET
    assert make_context({}).options & ssl.OP_NO_RENEGOTIATION
    make_context({"dhparam": "auto"})


def test_authorities_of_the_system_where_none_is_given() -> None:
    """Asking for certificates without `ca` trusts whom the system trusts."""
    context = make_context({}, ssl.CERT_REQUIRED)
    assert context.verify_mode == ssl.CERT_REQUIRED
    given_one = make_context({"ca": authority().pem}, ssl.CERT_OPTIONAL)
    assert len(given_one.get_ca_certs()) == 1


def test_a_certificate_that_was_withdrawn_is_refused() -> None:
    """A client whose certificate is on the list of `crl` is not let in; others are."""
    ca = x509.load_pem_x509_certificate(authority().pem.encode())
    key: Any = load_pem_private_key(authority().ca.private_key_pem.bytes(), None)
    bad, good = (authority().ca.issue_cert(name) for name in ("bad@example.org", "good@example.org"))
    serial = x509.load_pem_x509_certificate(bad.cert_chain_pems[0].bytes()).serial_number
    now = dt.datetime.now(dt.UTC)
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).add_revoked_certificate(entry)
    builder = builder.last_update(now).next_update(now + dt.timedelta(days=1))
    crl = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    options = {"key": KEY, "cert": CERT, "ca": authority().pem, "crl": crl, "max_version": "TLSv1.2"}
    for certificate in (good, bad):
        client = authority().context()
        certificate.configure_cert(client)
        context = make_context(options, ssl.CERT_REQUIRED)
        if certificate is good:
            assert shakes(context, client)
        else:
            with pytest.raises(ssl.SSLError, match="certificate revoked"):
                shakes(context, client)


def test_a_context_of_the_users_own_stays_as_it_is() -> None:
    """Of an `ssl_context` only what was asked for is changed, and what it demands is never lowered."""
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.verify_mode = ssl.CERT_OPTIONAL
    assert make_context({"ssl_context": own}) is own
    assert own.verify_mode == ssl.CERT_OPTIONAL
    make_context({"ssl_context": own}, ssl.CERT_NONE, ["http/1.1"])
    assert own.verify_mode == ssl.CERT_OPTIONAL
    make_context({"ssl_context": own}, ssl.CERT_REQUIRED)
    assert own.verify_mode == ssl.CERT_REQUIRED


def test_a_path_that_is_not_there_says_so() -> None:
    """The system's error names the file."""
    with pytest.raises(FileNotFoundError, match=r"no/such\.pem"):
        pems("no/such.pem", "key")


def test_a_pipe_is_read_as_long_as_somebody_writes_to_it(tmp_path: Path) -> None:
    """As that of a shell's `<(command)`; where nobody does it is empty, and is not waited for."""
    path = tmp_path / "pipe.pem"
    os.mkfifo(path)
    with pytest.raises(TLSError, match="key is not PEM"):
        pems(path, "key")
    writer = threading.Thread(target=lambda: path.write_text(KEY))
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # so that the writer can begin
    writer.start()
    select.select([reader], [], [])
    try:
        assert pems(path, "key") == [KEY.encode()]
    finally:
        os.close(reader)
        writer.join()


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_holds_no_key(device: str) -> None:
    """One without an end would be read for ever."""
    with pytest.raises(OSError, match=f"Invalid argument: '{device}'"):
        pems(device, "key")


@pytest.mark.parametrize("memory", [True, False], ids=["memory", "disk"])
def test_a_key_has_a_path_for_a_moment_only(
    memory: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In memory where the system can; else in a file that its owner alone may read, gone at once."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if not memory:
        monkeypatch.setattr(_secure_context, "_in_memory", lambda data: None)
    elif not hasattr(os, "memfd_create"):
        pytest.skip("this system has no files in memory")
    with pytest.raises(KeyError), as_file(b"secret") as path:
        assert Path(path).read_bytes() == b"secret"
        kept = list(tmp_path.iterdir())
        assert len(kept) == (0 if memory else 1)
        for each in kept:
            assert stat.S_IMODE(each.stat().st_mode) == 0o600
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_system_without_files_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the call is missing or fails, or /proc is not there, a file on disk it is."""

    def fails(name: str) -> int:
        raise OSError("no memory")

    monkeypatch.setattr(os, "memfd_create", fails, raising=False)
    assert _secure_context._in_memory(b"x") is None
    monkeypatch.delattr(os, "memfd_create")
    assert _secure_context._in_memory(b"x") is None


def test_a_memory_file_without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A descriptor that has no path is closed again."""
    opened = os.open(tmp_path / "x", os.O_CREAT | os.O_RDWR)
    monkeypatch.setattr(os, "memfd_create", lambda name: opened, raising=False)
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    assert _secure_context._in_memory(b"x") is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened)


MARKER = "MarkerOfSecrets"
BARE = "MC4CAQAwBQYDK2VwBCIE/" + MARKER + "+KEY="
BEGUN = f"-----BEGIN PRIVATE KEY-----\n{MARKER}\n-----END PRIVATE KEY-----\n"


class Passphrase:
    """A secret in a class of the user's own, which shows it."""

    def __repr__(self) -> str:
        return MARKER


#: What may be a secret, or hold one, where a key, a certificate or a passphrase is looked for.
SECRETS: list[Any] = [
    BARE,
    BARE.encode(),
    bytearray(BARE.encode()),
    f"{BARE}\n",
    f"/{BARE}",
    f"{BARE}\0",
    f"{BARE}\ud800",
    f"-----BEGIN {BARE}\ud800",
    BARE * 100,
    BEGUN,
    BEGUN.encode(),
    [BARE],
    [BEGUN, BARE],
    {"pem": BARE},
    {"pem": BEGUN, "passphrase": MARKER},
    {"pem": KEY, "passphrase": Passphrase()},
    {"pem": {"pem": BARE}},
    {BARE: MARKER},
    {"key": BARE},
    [{"passphrase": BARE, "pem": Passphrase()}],
    (BARE, BARE),
    Passphrase(),
    Path(BARE),
]
HOLDERS = [*(name for name in CONTEXT if name != "secure_options"), *_secure_context.REFUSED]


def everything(error: BaseException | None) -> str:
    """Return all that a program or a log can read of an error, and of those that it comes from."""
    texts = []
    while error is not None:
        facts = {name: getattr(error, name, None) for name in ("filename", "filename2", "object", "strerror")}
        texts += [str(error), repr(error), repr(error.args), repr(vars(error)), repr(facts)]
        texts += traceback.format_exception(error)
        error = error.__cause__ or error.__context__
    return "".join(texts)


def error_of(function: Callable[..., object], *args: Any, **keywords: Any) -> str:
    """Return all of the error that a call raises; nothing if it raises none."""
    try:
        function(*args, **keywords)
    except Exception as error:
        return everything(error)
    return ""


@pytest.mark.parametrize("spell", [str, node_spelling])
@pytest.mark.parametrize("name", HOLDERS)
def test_no_error_has_a_secret_in_it(name: str, spell: Callable[[str], str]) -> None:
    """Whatever stands in an option that may hold a secret, neither text, facts nor causes of the error show it."""
    server = https.create_server(key=KEY, cert=CERT)
    pair = {"key": KEY, "cert": CERT}
    if name == "ssl_context":
        pair = {}
    for secret in SECRETS:
        options = pair | {spell(name): secret}
        for call in (https.create_server, server.set_secure_context, partial(server.add_context, "a.test")):
            assert MARKER not in error_of(call, options), secret
            assert MARKER not in error_of(call, **options), secret


@pytest.mark.parametrize("secret", [*SECRETS, {BARE: CERT}, {BEGUN: CERT}, {f"{BARE * 9}": 1}, ssl])
def test_no_error_has_a_secret_that_stands_in_a_wrong_place(secret: Any) -> None:
    """In the place of a mapping, a name, a function or a duration it is not shown either."""
    server = https.create_server(key=KEY, cert=CERT)
    for call in (
        https.create_server,
        partial(https.create_server, {"key": KEY, "cert": CERT}),
        partial(https.create_server, None),
        server.set_secure_context,
        partial(server.add_context, "a.test"),
        server.add_context,
    ):
        assert MARKER not in error_of(call, secret)
    for name in ("sni_callback", "alpn_protocols", "handshake_timeout"):
        assert MARKER not in error_of(https.create_server, **{name: secret})


def answering(found: Any) -> Callable[[str], Any]:
    """Return a `sni_callback` that answers every name alike."""
    return lambda name: found


@pytest.mark.parametrize("secret", SECRETS)
def test_no_error_of_an_answer_to_a_name_has_a_secret_in_it(
    secret: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What a `sni_callback` answers is treated alike, in its errors and in the log."""
    caplog.set_level(logging.DEBUG)
    for found in (secret, {"key": secret, "cert": CERT}, {"key": KEY, "cert": CERT, "passphrase": secret}):
        server = https.create_server(key=KEY, cert=CERT, sni_callback=answering(found))
        heard: list[BaseException | None] = []
        server._find_context("a.test", lambda error, context: heard.append(error))
        assert [MARKER in everything(error) for error in heard] == [False]
    assert MARKER not in caplog.text


def test_a_path_that_is_known_for_one_is_shown(tmp_path: Path) -> None:
    """By its suffix or its folder; other texts may be keys, and the error says what they were taken for."""
    for path in ("none.pem", "NONE.KEY", str(tmp_path / "none"), tmp_path / "none"):
        with pytest.raises(FileNotFoundError) as caught:
            pems(path, "key")
        assert caught.value.filename == str(path)
    with pytest.raises(FileNotFoundError, match="has no .-----BEGIN. and was taken for a path") as caught:
        pems(BARE, "key")
    assert caught.value.filename is None
    with pytest.raises(OSError, match=r"Invalid argument: cert \(not shown\)"):
        pems("a\ud800", "cert")


def test_a_passphrase_in_every_form() -> None:
    """It is text or bytes, and of 1023 bytes at most."""
    key = encrypted(b"right")
    for passphrase in ("right", b"right", bytearray(b"right")):
        assert make_context({"key": key, "cert": CERT, "passphrase": passphrase})
    with pytest.raises(InvalidArgValueError, match="must have 1023 bytes at most"):
        make_context({"key": key, "cert": CERT, "passphrase": "x" * 1024})
