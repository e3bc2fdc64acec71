"""What proxies say of a client: X-Forwarded-For and its kin, and Forwarded (RFC 7239).

    X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.2      from 10.0.0.1
                     (spoofed) (the client) (a proxy)      (the peer)

Each proxy adds whom it has got the request from, at the right. So the walk begins at the peer and goes left, over the
addresses that are trusted; the first that is not is the client, and what is left of it anybody may have written.

Invariants: nothing is believed of a peer that is not trusted, nor of a field that is not named; and what cannot be read
ends the walk at the last address that could.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from writehead._semantics.fields import is_host

#: The fields that can be believed, in lower case.
FIELDS = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "forwarded")

#: What is believed by default: what most proxies set, and replace.
USUAL = ("x-forwarded-for", "x-forwarded-proto")

#: Words that are peers: the other end of a Unix socket, and everybody.
UNIX, EVERYBODY = "unix", "*"

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}

#: How many commas an element of Forwarded may have in quotes.
_MOST_COMMAS = 16

Get = Callable[[str], str | None]


class Forwarded(NamedTuple):
    """What proxies that are trusted say of a client; None where they say nothing."""

    address: str | None = None
    port: int | None = None
    scheme: str | None = None
    host: str | None = None


NOTHING = Forwarded()


class Trust:
    """Which peers are believed, and which of their fields.

    Args:
        peers: addresses, networks such as "10.0.0.0/8", "unix", or "*" for everybody.
        fields: names of `FIELDS`.

    Raises:
        ValueError: a peer is none of these.
    """

    __slots__ = ("_addresses", "_everybody", "_networks", "_unix", "fields", "peers")

    def __init__(self, peers: Iterable[str], fields: Iterable[str] = USUAL) -> None:
        self.peers: tuple[str, ...] = tuple(peers)
        self.fields: frozenset[str] = frozenset(fields)
        self._unix = UNIX in self.peers
        self._everybody = EVERYBODY in self.peers
        self._addresses: set[bytes] = set()
        self._networks: list[
            tuple[int, int, int]
        ] = []  # bytes of an address, bits to compare, and those bits
        for each in self.peers:
            if each not in (UNIX, EVERYBODY):
                packed, bits = read_network(each)
                if bits == len(packed) * 8:
                    self._addresses.add(packed)
                else:
                    shift = len(packed) * 8 - bits
                    self._networks.append((len(packed), shift, int.from_bytes(packed) >> shift))

    def allows_peer(self, address: str | None) -> bool:
        """Tell whether a peer is believed; None is one of a Unix socket."""
        if self._everybody:
            return True
        if address is None:
            return self._unix
        packed = packed_address(address)
        return packed is not None and self._allows(packed)

    def _allows(self, packed: bytes) -> bool:
        if self._everybody or packed in self._addresses:
            return True
        if not self._networks:
            return False
        number = int.from_bytes(packed)
        return any(size == len(packed) and number >> shift == bits for size, shift, bits in self._networks)

    def read(self, get: Get) -> Forwarded:
        """Return what the fields of a request say; its peer is believed.

        Args:
            get: returns the value of a field by its lower-case name, its lines joined by commas; None if there is none.
        """
        value = get("forwarded") if "forwarded" in self.fields else None
        return self._of_forwarded(value) if value else self._of_x_fields(get)

    # -- X-Forwarded-* ----------------------------------------------------------------

    def _of_x_fields(self, get: Get) -> Forwarded:
        fields = self.fields
        address, port, position = None, None, 0
        value = get("x-forwarded-for") if "x-forwarded-for" in fields else None
        if value:
            address, port, position = self._walk(map(read_node, _from_right(value)))
        scheme = host = None
        value = get("x-forwarded-proto") if "x-forwarded-proto" in fields else None
        if value:
            scheme = _SCHEMES.get(_at(value, position).lower())
        value = get("x-forwarded-host") if "x-forwarded-host" in fields else None
        if value:
            host = _good_host(_at(value, position))
        value = get("x-forwarded-port") if "x-forwarded-port" in fields else None
        if value:
            host = _with_port(host or get("host") or "", _at(value, position), scheme) or None
        return Forwarded(address, port, scheme, host)

    def _walk(
        self, nodes: Iterator[tuple[bytes, str, int | None] | None]
    ) -> tuple[str | None, int | None, int]:
        """Return the address and the port of the client, and which element from the right has named it; 0 is none."""
        address, port, position = None, None, 0
        for node in nodes:
            if node is None:
                break
            packed, address, port = node
            position += 1
            if not self._allows(packed):
                break
        return address, port, position

    # -- Forwarded --------------------------------------------------------------------

    def _of_forwarded(self, value: str) -> Forwarded:
        address, port = None, None
        passed: list[dict[str, str]] = []  # the elements up to that of the client, the nearest first
        for element in _elements(value):
            if element is None:
                break
            node = read_node(element["for"]) if "for" in element else None
            if node is None:
                if not passed:
                    passed.append(element)  # of the nearest proxy, which is believed in the rest
                break
            passed.append(element)
            packed, address, port = node
            if not self._allows(packed):
                break
        scheme = _SCHEMES.get(_first(passed, "proto").lower())
        return Forwarded(address, port, scheme, _good_host(_first(passed, "host")))


def _first(elements: list[dict[str, str]], name: str) -> str:
    """Return the parameter of the element that names the client, else of the nearest that has it."""
    if elements and name in elements[-1]:
        return elements[-1][name]
    return next((each[name] for each in elements if name in each), "")


# -- lists ----------------------------------------------------------------------------


def _from_right(value: str) -> Iterator[str]:
    """Yield the elements of a list between commas, the last one first."""
    end = len(value)
    while end >= 0:
        comma = value.rfind(",", 0, end)
        element = value[comma + 1 : end].strip(" \t")
        if element:
            yield element
        end = comma


def _at(value: str, position: int) -> str:
    """Return the element at a position from the right, counted from 1, of a list that has it; else the last one."""
    elements = list(_from_right(value))
    return elements[position - 1] if 0 < position <= len(elements) else elements[0] if elements else ""


_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_PAIR = rf'{_WORD}=(?:{_WORD}|"(?:[^"\\]|\\.)*+")'
_ELEMENT = re.compile(rf"{_PAIR}(?:[ \t]*;[ \t]*(?:{_PAIR})?)*+", re.DOTALL)
_PART = re.compile(rf'({_WORD})=(?:({_WORD})|"((?:[^"\\]|\\.)*+)")', re.DOTALL)
_QUOTED = re.compile(r"\\(.)", re.DOTALL)


def _elements(value: str) -> Iterator[dict[str, str] | None]:
    """Yield the elements of Forwarded, the last one first; None if it cannot be read, and so what is left of it neither.

    The shortest text behind a comma that is an element is one: so a quotation mark that a client leaves open takes no
    part in what the proxies write behind it.
    """
    end = len(value)
    while end > 0:
        if not value[value.rfind(",", 0, end) + 1 : end].strip(" \t"):
            end = value.rfind(",", 0, end)
            continue
        comma = end
        for _ in range(_MOST_COMMAS):
            comma = value.rfind(",", 0, comma)
            text = value[comma + 1 : end].strip(" \t")
            if _ELEMENT.fullmatch(text):
                yield _parameters(text)
                break
            if comma < 0:
                yield None
                return
        else:
            yield None
            return
        end = comma


def _parameters(element: str) -> dict[str, str]:
    return {
        name.lower(): token or _QUOTED.sub(r"\1", quoted) for name, token, quoted in _PART.findall(element)
    }


# -- addresses, hosts ------------------------------------------------------------------


def packed_address(text: str) -> bytes | None:
    """Return the bytes of an address, of IPv4 also for one that is mapped into IPv6 (RFC 4291, 2.5.5.2); None: it is none."""
    try:
        if ":" not in text:
            return socket.inet_pton(socket.AF_INET, text)
        if "%" in text:  # a zone, which means something on the proxy alone
            return None
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):  # ValueError: a null character, or one beyond ASCII
        return None
    return packed[12:] if packed.startswith(_MAPPED) else packed


_MAPPED = bytes(10) + b"\xff\xff"


def address_of(packed: bytes) -> str:
    """Return an address as text."""
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def read_network(text: str) -> tuple[bytes, int]:
    """Return the bytes of a network's address and the number of its bits; those of an address are all.

    Raises:
        ValueError: it is no network, or its address has bits behind these.
    """
    address, slash, bits = text.partition("/")
    packed = packed_address(address)
    if packed is None:
        raise ValueError("is not an address, a network (10.0.0.0/8), unix or *")
    size = len(packed) * 8
    if not slash:
        return packed, size
    if not (bits.isascii() and bits.isdigit()) or int(bits[:4]) > size:
        raise ValueError(f"is not a network: it ends with the number of its bits, 0 to {size}")
    behind = size - int(bits)
    if int.from_bytes(packed) & ((1 << behind) - 1):
        within = address_of((int.from_bytes(packed) >> behind << behind).to_bytes(len(packed)))
        raise ValueError(
            f"is not a network: its address has bits behind the first {bits} (write {within}/{bits})"
        )
    return packed, int(bits)


def read_node(text: str) -> tuple[bytes, str, int | None] | None:
    """Return bytes, text and port of who has sent a request; None for `unknown`, an obfuscated name, and nonsense.

    Forms: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1], [2001:db8::1]:80
    """
    address, port = text, ""
    if text.startswith("["):
        address, closed, behind = text[1:].partition("]")
        if not closed or ":" not in address or (behind and not behind.startswith(":")):
            return None
        port = behind[1:]
        if behind and not port:
            return None
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
        if not port:
            return None
    packed = packed_address(address)
    if packed is None:
        return None
    number = read_port(port) if port else None
    if port and number is None and not port.startswith("_"):  # RFC 7239, 6: a port may be obfuscated
        return None
    return packed, address_of(packed), number


def read_port(text: str) -> int | None:
    """Return a port; None if it is none."""
    if not (text.isascii() and text.isdigit()) or len(text) > 5:
        return None
    return int(text) if 0 < int(text) < 65536 else None


def _good_host(text: str) -> str | None:
    return text if text and is_host(text) else None


def _with_port(host: str, port: str, scheme: str | None) -> str:
    """Return a host with another port; without one if it is that of the scheme."""
    number = read_port(port)
    if number is None or not host:
        return host
    name = re.sub(r":[0-9]*\Z", "", host)
    usual = {"http": 80, "https": 443}.get(scheme or "http")
    return name if number == usual else f"{name}:{number}"
