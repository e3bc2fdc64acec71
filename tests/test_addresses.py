"""IP addresses as text: what is one, and zones."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from writehead._net.addresses import address_text, is_ipv6, sockaddr


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("::1", True),
        ("::1%lo", True),
        ("fe80::1%eth0.1", True),
        ("::ffff:127.0.0.1", True),
        ("::1%", False),
        ("::1%a%b", False),
        ("::1%a_b", False),
        ("127.0.0.1", False),
        ("localhost", False),
        ("1:2", False),
        ("", False),
    ],
)
def test_a_zone_is_letters_digits_and_marks(host: str, is_one: bool) -> None:
    """What Node's `net.isIPv6` says."""
    assert is_ipv6(host) is is_one


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (("127.0.0.1", 80), "127.0.0.1"),
        (("::1", 80, 0, 0), "::1"),
        (("fe80::1%lo", 80, 0, 1), "fe80::1%lo"),
        (("fe80::1", 80, 0, 2**31 - 1), f"fe80::1%{2**31 - 1}"),
    ],
)
def test_an_interface_that_has_gone_is_a_number(name: tuple[Any, ...], text: str) -> None:
    """And where there is no zone none is shown."""
    assert address_text(name) == text


@pytest.mark.skipif(sys.platform != "linux", reason="the name of the interface is Linux's")
def test_a_zone_is_the_name_of_an_interface() -> None:
    """There and back; a name that there is not is no zone (libuv)."""
    lo = socket.if_nametoindex("lo")
    assert address_text(("fe80::1", 80, 0, lo)) == "fe80::1%lo"
    assert sockaddr(socket.AF_INET6, "fe80::1%lo", 80) == ("fe80::1", 80, 0, lo)
    assert sockaddr(socket.AF_INET6, "fe80::1%no-such", 80) == ("fe80::1", 80, 0, 0)
    assert sockaddr(socket.AF_INET, "127.0.0.1", 80) == ("127.0.0.1", 80)
