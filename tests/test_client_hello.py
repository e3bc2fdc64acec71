"""A ClientHello as it is read before OpenSSL reads it: OpenSSL itself says what is in it."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writehead._tls.client_hello import LONGEST, MOST, RECORD, ClientHello


def hello_of(
    name: str | None = "a.test", protocols: tuple[str, ...] = (), **versions: ssl.TLSVersion
) -> bytes:
    """Return the bytes that a client of OpenSSL's begins with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if protocols:
        context.set_alpn_protocols(protocols)
    for which, version in versions.items():
        setattr(context, which, version)
    out = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()


def in_records(hello: bytes, size: int) -> bytes:
    """Return the message in records of `size` bytes."""
    message = hello[5:]
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in parts)


def read(data: bytes) -> ClientHello:
    hello = ClientHello()
    assert hello.feed(data)
    return hello


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("name", "protocols"), [("a.test", ("h2", "http/1.1")), ("B.TEST", ()), (None, ("x",))]
)
def test_the_name_and_the_protocols(
    name: str | None, protocols: tuple[str, ...], version: ssl.TLSVersion
) -> None:
    """Both as they were sent, in every version."""
    hello = read(hello_of(name, protocols, maximum_version=version))
    assert (hello.name, hello.protocols) == (name or "", [each.encode() for each in protocols])


@pytest.mark.parametrize("size", [1, 2, 7, 100, RECORD])
def test_a_message_in_any_records_and_any_pieces(size: int) -> None:
    """It is whole with its last byte, not before; nothing that came is lost."""
    data = in_records(hello_of(), size)
    hello = ClientHello()
    for byte in data[:-1]:
        assert not hello.feed(bytes([byte]))
    assert hello.feed(data[-1:])
    assert (hello.name, bytes(hello.received)) == ("a.test", data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x04",
        b"\x15\x03\x03\x00\x02\x02\x0a",
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x01\x40\x01",
        b"\x16\x03\x01\x00\x04\x01" + (LONGEST + 1).to_bytes(3, "big"),
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
        b"\x80\x2e\x01\x03\x01",
    ],
    ids=["http", "version", "alert", "type", "record size", "size", "empty", "SSL 2"],
)
def test_what_is_no_hello_is_seen_at_once(data: bytes) -> None:
    """OpenSSL gets it, and refuses it in its own words."""
    assert (read(data).name, bytes(read(data).received)) == ("", data)


def test_it_holds_no_more_than_a_message() -> None:
    """Records without bytes, or with one each, do not make it wait for ever."""
    start = b"\x16\x03\x01\x00\x04\x01" + (LONGEST - 4).to_bytes(3, "big")
    for crumb in (b"\x16\x03\x01\x00\x00", b"\x16\x03\x01\x00\x01x"):
        hello = ClientHello()
        hello.feed(start)
        while not hello.feed(crumb * 1000):
            assert len(hello.received) < MOST + 10_000
        assert len(hello.received) < MOST + 10_000


def as_openssl_reads(data: bytes) -> str | None:
    """Return the name that OpenSSL finds; None if it refuses the message before."""
    names: list[Any] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda ssl_object, name, context: names.append(name)
    incoming = ssl.MemoryBIO()
    incoming.write(data)
    try:
        context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True).do_handshake()
    except ssl.SSLError:
        pass
    return (names[0] or "") if names else None


HELLO = hello_of(protocols=("http/1.1",))


@given(st.integers(5, len(HELLO) - 1), st.binary(min_size=1, max_size=4), st.sampled_from([1, 3, 50, RECORD]))
@settings(max_examples=300)
def test_a_changed_message_reads_as_for_openssl(at: int, change: bytes, size: int) -> None:
    """Where OpenSSL takes the message, the name is the same; where this cannot read it, OpenSSL does not take it."""
    data = in_records((HELLO[:at] + change + HELLO[at + len(change) :])[: len(HELLO)], size)
    hello = ClientHello()
    hello.feed(data)
    if hello.name.isascii():  # Python cannot tell of another
        theirs = as_openssl_reads(data)
        assert theirs is None or hello.name == theirs


def test_a_name_that_is_not_ascii() -> None:
    """Latin-1, as Node tells it."""
    assert read(HELLO.replace(b"a.test", b"\xe9.test")).name == "\xe9.test"
    assert read(HELLO.replace(b"a.test", "é.ab".encode() + b"c")).name == "Ã©.abc"


def test_a_name_that_openssl_refuses_is_none() -> None:
    """A NUL in a name is for OpenSSL to refuse."""
    data = HELLO.replace(b"a.test", b"a\x00test")
    assert (read(data).name, as_openssl_reads(data)) == ("", None)
