"""Where to listen, as an operator writes it."""

from __future__ import annotations

import json

import pytest

from writehead._command.addresses import Address, Place, read_address


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("127.0.0.1:80", Address("127.0.0.1", 80), "127.0.0.1:80"),
        ("localhost:0", Address("localhost", 0), "localhost:0"),
        (":8000", Address("", 8000), ":8000"),
        ("[::1]:8000", Address("::1", 8000), "[::1]:8000"),
        ("[fe80::1%eth0]:8000", Address("fe80::1%eth0", 8000), "[fe80::1%eth0]:8000"),
        ("unix:/run/a.sock", Address(path="/run/a.sock"), "unix:/run/a.sock"),
        ("unix:a:b", Address(path="a:b"), "unix:a:b"),
        ("unix:@name", Address(path="@name"), "unix:@name"),
        ("fd://3", Address(fd=3), "fd://3"),
    ],
)
def test_an_address(text: str, address: Address, shown: str) -> None:
    """TCP, a Unix socket or a descriptor; it is shown as it is written, and survives as plain data."""
    assert read_address(text) == address
    assert str(address) == shown
    assert Place().made(json.loads(json.dumps(Place().plain(address)))) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no address to listen on (write "),
        ("localhost", "is no address to listen on (write "),
        ("8000", "is no address to listen on (write "),
        ("::1:8000", "is no address to listen on: write [::1]:8000 with an IPv6 address"),
        ("http://a:80", "is no address to listen on (write "),
        ("a b:80", "is no address to listen on (write "),
        ("a:x", "has 'x', which is not a port, 0 to 65535"),
        ("a:65536", "has '65536', which is not a port, 0 to 65535"),
        ("a:", "has '', which is not a port, 0 to 65535"),
        ("unix:", "has no path behind unix:"),
        ("unix:@", "has no path behind unix:"),
        ("unix:a\0b", "has no path behind unix:"),
        ("fd://x", "has 'x', which is not a descriptor, 0 to 2147483647"),
    ],
)
def test_what_is_no_address(text: str, reason: str) -> None:
    """The reason goes on behind the value, and says how it is written."""
    with pytest.raises(ValueError) as raised:
        read_address(text)
    assert str(raised.value).startswith(reason)


def test_a_descriptor_is_not_for_every_address() -> None:
    """The admin address is made by the server itself."""
    with pytest.raises(ValueError, match="is not HOST:PORT or unix:PATH"):
        Place(descriptors=False).read("fd://3")
