"""Who may see and do what on the admin port: pure rules, each against an attack that is named.

Invariant: a rule that is not sure refuses.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from collections.abc import Iterable, Mapping
from enum import Enum

#: Wrong tokens of one address within WINDOW seconds; after them it gets 429, whatever it sends.
MOST_WRONG = 5
WINDOW = 60.0

#: Addresses whose wrong tokens are remembered; of more, the one that was wrong longest ago is forgotten.
MOST_ADDRESSES = 1024


def is_loopback(address: str | None) -> bool:
    """Tell whether an address can be reached from this machine alone."""
    ip = _ip(address or "")
    return ip is not None and ip.is_loopback


def is_known_host(host: str | None, names: Iterable[str]) -> bool:
    """Tell whether a Host is an IP literal, localhost or one of `names`.

    A page of a foreign site whose name was made to resolve to this machine (DNS rebinding) sends that name.
    """
    name = _without_port(host or "")
    if name is None:
        return False
    plain = name.lower().removesuffix(".")
    return (
        plain == "localhost" or _ip(name.strip("[]")) is not None or plain in {each.lower() for each in names}
    )


def is_same_origin(headers: Mapping[str, object]) -> bool:
    """Tell whether a request was sent by no browser, or by a page of this very port.

    Browsers send `Sec-Fetch-Site` and `Origin`, and no page can set them.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    return origin is None or origin == f"http://{headers.get('host')}"


def is_json(content_type: object) -> bool:
    """Tell whether a body is JSON by its type, which no form can send."""
    return str(content_type or "").partition(";")[0].strip().lower() == "application/json"


class Judgement(Enum):
    """What an Authorization field is worth."""

    ABSENT = 0
    GOOD = 1
    WRONG = 2
    TOO_MANY = 3


class Tokens:
    """Compares tokens with the one that is right, and counts the wrong ones of each address.

    Args:
        token: the one that is right; None: none is.
    """

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else token.encode()
        self._wrong: dict[str, list[float]] = {}

    @property
    def wanted(self) -> bool:
        """Whether there is a token that is right."""
        return self._token is not None

    def judge(self, authorization: object, address: str, now: float) -> Judgement:
        """Judge the Authorization field of a request from `address`, at `now`, in seconds."""
        if not authorization:
            return Judgement.ABSENT
        address = _network(address)
        if self.wait(address, now):
            return Judgement.TOO_MANY
        scheme, _, given = str(authorization).partition(" ")
        # Compared in a time that does not tell how much of it is right.
        right = hmac.compare_digest(given.strip().encode("latin-1", "replace"), self._token or b"")
        if self._token is not None and scheme.lower() == "bearer" and right:
            return Judgement.GOOD
        wrong = self._wrong.pop(address, [])
        self._wrong[address] = [*wrong, now][-MOST_WRONG:]
        if len(self._wrong) > MOST_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
        return Judgement.WRONG

    def wait(self, address: str, now: float) -> int:
        """Return after how many seconds a token of `address` is looked at again; 0: it is now."""
        wrong = self._wrong.get(_network(address), [])
        if len(wrong) < MOST_WRONG:
            return 0
        return max(math.ceil(wrong[0] + WINDOW - now), 0)


def _network(address: str) -> str:
    """Return what is counted as one address: of IPv6 the 64 bits that one client has to itself."""
    ip = _ip(address)
    return ":".join(ip.exploded.split(":")[:4]) if isinstance(ip, ipaddress.IPv6Address) else address


def _without_port(host: str) -> str | None:
    """Return the name or literal of a Host; None if it is neither."""
    if host.startswith("["):
        name, bracket, rest = host.partition("]")
        name += bracket
    else:
        name, colon, port = host.partition(":")
        rest = colon + port
    if not name or (rest and not (rest[0] == ":" and rest[1:].isdecimal() and rest.isascii())):
        return None
    return name


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip
