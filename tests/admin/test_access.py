"""Who may see and do what: the rules of the admin port, each as a table."""

from __future__ import annotations

import hmac

import pytest

from writehead._admin.access import (
    MOST_ADDRESSES,
    MOST_WRONG,
    WINDOW,
    Judgement,
    Tokens,
    is_json,
    is_known_host,
    is_loopback,
    is_same_origin,
)

TOKEN = "correct horse".replace(" ", "-") + "-battery"
GOOD = f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:9090", True),
        ("192.0.2.7:9090", True),
        ("[::1]:9090", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST:9090", True),
        ("localhost.", True),
        ("admin.example", True),
        ("ADMIN.example:80", True),
        ("other.example", False),
        ("evil.example:9090", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil-admin.example", False),
        ("", False),
        (None, False),
        (":9090", False),
        ("localhost:x", False),
        ("localhost:9090:9090", False),
        ("[::1]x", False),
        ("[evil.example]", False),
        ("127.1", False),
        ("0x7f000001", False),
    ],
)
def test_a_host_is_an_ip_literal_localhost_or_a_name_that_was_given(host: str | None, known: bool) -> None:
    """Any other name is one that a foreign site could have made to resolve to this machine."""
    assert is_known_host(host, ["Admin.example"]) is known


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("somewhere", False),
        (None, False),
    ],
)
def test_loopback(address: str | None, loopback: bool) -> None:
    """What is not known to be of this machine alone is not."""
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({}, True),
        ({"origin": "http://localhost:9090"}, True),
        ({"origin": "http://localhost:9090", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://localhost:9091"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://localhost:9090", "sec-fetch-site": "cross-site"}, False),
    ],
)
def test_pages_of_other_sites(fields: dict[str, str], same: bool) -> None:
    """What a browser says of where a request comes from is believed."""
    assert is_same_origin({"host": "localhost:9090", **fields}) is same


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("text/plain; application/json", False),
        (None, False),
    ],
)
def test_forms_send_no_json(kind: str | None, good: bool) -> None:
    """The three types of forms, and any other, are not JSON."""
    assert is_json(kind) is good


@pytest.mark.parametrize(
    ("field", "judgement"),
    [
        (GOOD, Judgement.GOOD),
        (f"bearer  {TOKEN}", Judgement.GOOD),
        (None, Judgement.ABSENT),
        ("", Judgement.ABSENT),
        (TOKEN, Judgement.WRONG),
        (f"Basic {TOKEN}", Judgement.WRONG),
        (f"Bearer {TOKEN}x", Judgement.WRONG),
        (f"Bearer {TOKEN[:-1]}", Judgement.WRONG),
        ("Bearer ", Judgement.WRONG),
        ("Bearer é\u20ac", Judgement.WRONG),
    ],
)
def test_tokens(field: str | None, judgement: Judgement) -> None:
    """One is right, as a bearer."""
    assert Tokens(TOKEN).judge(field, "10.0.0.1", 0.0) is judgement


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long it takes does not tell how much of a token is right."""
    compared: list[tuple[bytes, bytes]] = []
    digest = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or digest(a, b))
    Tokens(TOKEN).judge("Bearer wrong", "10.0.0.1", 0.0)
    Tokens(TOKEN).judge(GOOD, "10.0.0.1", 0.0)
    assert compared == [(b"wrong", TOKEN.encode()), (TOKEN.encode(), TOKEN.encode())]


@pytest.mark.parametrize("field", ["Bearer ", "Bearer None", "Bearer x"])
def test_where_there_is_no_token_none_is_right(field: str) -> None:
    """Not an empty one either."""
    tokens = Tokens(None)
    assert not tokens.wanted
    assert tokens.judge(field, "10.0.0.1", 0.0) is Judgement.WRONG


def test_five_wrong_tokens_a_minute() -> None:
    """Then an address gets no answer to any, not even to the right one, until the first is a minute old."""
    tokens = Tokens(TOKEN)
    for second in range(MOST_WRONG):
        assert tokens.judge("Bearer wrong", "10.0.0.1", float(second)) is Judgement.WRONG
    assert tokens.judge(GOOD, "10.0.0.1", 5.0) is Judgement.TOO_MANY
    assert tokens.wait("10.0.0.1", 5.0) == 55
    assert tokens.judge(GOOD, "10.0.0.2", 5.0) is Judgement.GOOD, "others are not concerned"
    assert tokens.judge(GOOD, "10.0.0.1", WINDOW - 0.1) is Judgement.TOO_MANY
    assert tokens.judge(GOOD, "10.0.0.1", WINDOW) is Judgement.GOOD
    assert tokens.judge("Bearer wrong", "10.0.0.1", WINDOW) is Judgement.WRONG
    assert tokens.judge(GOOD, "10.0.0.1", WINDOW) is Judgement.TOO_MANY, "four older ones still count"


def test_addresses_of_one_client() -> None:
    """The 64 bits of IPv6 that a client can choose from do not give it more tries."""
    tokens = Tokens(TOKEN)
    for number in range(MOST_WRONG):
        tokens.judge("Bearer wrong", f"2001:db8::{number}", 0.0)
    assert tokens.judge(GOOD, "2001:db8::ffff", 1.0) is Judgement.TOO_MANY
    assert tokens.judge(GOOD, "2001:db8:0:1::1", 1.0) is Judgement.GOOD


def test_remembered_addresses_have_an_end() -> None:
    """Many addresses take a bounded memory."""
    tokens = Tokens(TOKEN)
    for number in range(3 * MOST_ADDRESSES):
        tokens.judge("Bearer wrong", f"10.0.{number // 256}.{number % 256}", 0.0)
    assert len(tokens._wrong) == MOST_ADDRESSES
