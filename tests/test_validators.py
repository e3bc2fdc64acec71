"""Options of a server: both spellings, durations, defaults, refusals."""

from __future__ import annotations

import math
import re
import sys
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.kit.certificates import authority
from writehead import http, https, testing
from writehead._node.spelling import node_spelling, snake
from writehead._node.validators import milliseconds
from writehead._server.listen_target import OPTIONS as OF_LISTEN
from writehead._server.options import OPTIONS, read_options
from writehead._tls.context import CONTEXT, REFUSED
from writehead.errors import HTTPError, InvalidArgTypeError, OutOfRangeError, UnknownOptionError

DEFAULTS: dict[str, Any] = {
    "request_timeout": 300000,
    "headers_timeout": 60000,
    "keep_alive_timeout": 5000,
    "keep_alive_timeout_buffer": 1000,
    "connections_checking_interval": 30000,
    "timeout": 0,
    "write_timeout": 0,
    "body_timeout": 0,
    "max_header_size": None,
    "max_headers_count": 2000,
    "max_requests_per_socket": 0,
    "max_connections": None,
    "no_delay": True,
    "keep_alive": False,
    "keep_alive_initial_delay": 0,
    "high_water_mark": 65536,
    "require_host_header": True,
    "join_duplicate_headers": False,
    "insecure_http_parser": False,
    "reject_non_standard_body_writes": False,
    "optimize_empty_requests": False,
    "http_allow_half_open": False,
    "emit_close_after_finish": False,
    "unique_headers": frozenset(),
    "max_body_size": 0,
    "default_headers": (),
    "send_date": True,
    "trusted_proxies": (),
    "forwarded_headers": ("x-forwarded-for", "x-forwarded-proto"),
    "should_upgrade_callback": None,
    "IncomingMessage": http.IncomingMessage,
    "ServerResponse": http.ServerResponse,
}
INTEGERS = [
    "request_timeout",
    "headers_timeout",
    "keep_alive_timeout",
    "keep_alive_timeout_buffer",
    "connections_checking_interval",
    "max_header_size",
]
BOOLEANS = [
    "http_allow_half_open",
    "require_host_header",
    "join_duplicate_headers",
    "insecure_http_parser",
    "reject_non_standard_body_writes",
    "optimize_empty_requests",
    "emit_close_after_finish",
]


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("keepAliveTimeout", "keep_alive_timeout"),
        ("requireHostHeader", "require_host_header"),
        ("ipv6Only", "ipv6_only"),
        ("insecureHTTPParser", "insecure_http_parser"),
        ("optimizeEmptyRequests", "optimize_empty_requests"),
        ("timeout", "timeout"),
        ("keep_alive", "keep_alive"),
    ],
)
def test_a_name_of_the_documents_has_a_python_spelling(name: str, python: str) -> None:
    """Words part at capitals; what is spelled so already stays."""
    assert snake(name) == python


@pytest.mark.parametrize(
    ("value", "number"),
    [(0, 0), (2000, 2000), (1.5, 1.5), (timedelta(seconds=2), 2000), (timedelta(microseconds=500), 0.5)],
)
def test_durations_are_milliseconds(value: Any, number: float) -> None:
    """Numbers are milliseconds, a timedelta is made of them."""
    assert milliseconds(value, "ms") == number


@pytest.mark.parametrize("value", [None, "5", True, b"5", [5]])
def test_what_is_no_number_is_no_duration(value: Any) -> None:
    """A bool neither: `set_timeout(True)` is a slip."""
    with pytest.raises(InvalidArgTypeError) as caught:
        milliseconds(value, "ms")
    assert caught.value.argument == "ms"


@pytest.mark.parametrize("value", [-1, -0.5, math.nan, math.inf, timedelta(seconds=-1)])
def test_a_duration_is_neither_negative_nor_endless(value: Any) -> None:
    """Out of range is an error that tells the range."""
    with pytest.raises(OutOfRangeError, match="non-negative finite"):
        milliseconds(value, "ms")


def test_defaults_are_those_of_the_documents() -> None:
    """A server without options has Node's."""
    assert read_options(None, {}) == read_options({}, {}) == DEFAULTS


def test_a_mapping_may_be_spelled_either_way() -> None:
    """Keys in both spellings mean the same."""
    kept = read_options({"keepAliveTimeout": 1, "request_timeout": 2}, {})
    assert kept == DEFAULTS | {"keep_alive_timeout": 1, "request_timeout": 2, "headers_timeout": 2}


def test_keywords_win_over_the_mapping() -> None:
    """Both may be given; the keyword was written later."""
    assert read_options({"keepAliveTimeout": 1}, {"keep_alive_timeout": 2})["keep_alive_timeout"] == 2


UNKNOWN: dict[Any, str | None] = {
    "keep_alive_timout": "did you mean 'keep_alive_timeout'?",
    "keepAliveTimout": "did you mean 'keepAliveTimeout'?",
    "keepalivetimeout": "did you mean 'keep_alive_timeout'?",
    "maxConnection": "did you mean 'maxConnections'?",
    "max_header_sise": "did you mean 'max_header_size'?",
    "insecureHttpParsr": "did you mean 'insecureHTTPParser'?",
    "allowHalfOpen": "http_allow_half_open=True lets handlers respond to a client that has ended its side",
    "httpAllowHalfOpn": "did you mean 'httpAllowHalfOpen'?",
    "pauseOnConnect": "call `socket.pause()` in a listener of 'connection'",
    "key": "`https.create_server` makes a server over TLS",
    "port": "give it to `listen`",
    "zzz": None,
    "": None,
    5: None,
    None: None,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_option_that_there_is_not_is_refused(name: Any) -> None:
    """In a mapping and by keyword, whatever its value; a slip gets the nearest name, spelled as it was."""
    hint = UNKNOWN[name]
    sentence = f"a server has no option {name!r}" + (f", {hint}" if hint else "")
    for value in (1, None, True):
        with pytest.raises(UnknownOptionError) as caught:
            http.create_server({name: value})
        assert (str(caught.value), caught.value.code) == (sentence, "ERR_UNKNOWN_OPTION")
        assert isinstance(caught.value, TypeError)
        if isinstance(name, str):
            with pytest.raises(UnknownOptionError, match=re.escape(sentence) + "$"):
                http.create_server(**{name: value})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("certt", "did you mean 'cert'?"),
        ("minVersoin", "did you mean 'minVersion'?"),
        ("keep_alive_timout", "did you mean 'keep_alive_timeout'?"),
        ("sessionTimeout", "give an ssl_context that sets it"),
        ("pauseOnConnect", "call `socket.pause()` in a listener of 'connection'"),
        ("allowHalfOpen", "http_allow_half_open=True lets handlers respond"),
        ("port", "give it to `listen`"),
    ],
)
def test_options_of_tls_that_there_are_not_are_refused(name: str, hint: str) -> None:
    """The nearest name may be one of HTTP's; a secure context has those of its own alone."""
    for options, keywords in (({name: 1}, {}), ({}, {name: 1})):
        with pytest.raises(
            UnknownOptionError, match=re.escape(f"an https server has no option {name!r}, {hint}")
        ):
            https.create_server(options, **keywords)
    server = https.create_server()
    for call in (
        lambda: server.set_secure_context({name: 1}),
        lambda: server.add_context("a.test", **{name: 1}),
    ):
        with pytest.raises(UnknownOptionError, match=f"a secure context has no option {name!r}"):
            call()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prot", "did you mean 'port'?"),
        ("reusePrt", "did you mean 'reusePort'?"),
        ("noDelay", "give it to `create_server`"),
        ("hostname", "give it as `host`"),
        ("socket", "give the socket without a name: listen(sock)"),
        ("ssl_context", None),
    ],
)
def test_options_of_listen_that_there_are_not_are_refused(name: str, hint: str | None) -> None:
    """Before anything is bound."""
    sentence = f"listen has no option {name!r}" + (f", {hint}" if hint else "")
    server = http.create_server()
    for args, keywords in (({"port": 0, name: 1},), {}), ((), {"port": 0, name: 1}), ((0,), {name: 1}):
        with pytest.raises(UnknownOptionError, match=re.escape(sentence) + "$"):
            server.listen(*args, **keywords)
        assert not server.listening


@pytest.mark.parametrize("options", [5, "a", ["a"], True])
def test_options_are_a_mapping(options: Any) -> None:
    """Anything else is an error that says what came."""
    with pytest.raises(InvalidArgTypeError, match='"options"'):
        read_options(options, {})


def test_none_means_not_given() -> None:
    """An option that is None has its default."""
    assert read_options({"keepAliveTimeout": None}, dict.fromkeys(DEFAULTS)) == DEFAULTS


@pytest.mark.parametrize("name", INTEGERS)
def test_whole_numbers_are_checked(name: str) -> None:
    """Not a number is a TypeError; a fraction, a negative or an endless one a ValueError; both name the option."""
    assert read_options(None, {name: 7.0})[name] == 7
    assert type(read_options(None, {name: 7.0})[name]) is int
    for wrong in ("7", True, [7]):
        with pytest.raises(InvalidArgTypeError, match=f'"{name}"'):
            read_options(None, {name: wrong})
    for far in (-1, 1.5, math.nan, math.inf, 2**53):
        with pytest.raises(OutOfRangeError, match=f'"{name}"'):
            read_options(None, {name: far})


def test_a_timedelta_is_milliseconds_too() -> None:
    """Every duration takes one, and no size does."""
    span = timedelta(milliseconds=1500)
    kept = read_options(None, {"keep_alive_timeout": span, "timeout": span, "keep_alive_initial_delay": span})
    assert (kept["keep_alive_timeout"], kept["timeout"], kept["keep_alive_initial_delay"]) == (1500, 1500, 1)
    with pytest.raises(InvalidArgTypeError):
        read_options(None, {"max_header_size": span})


@pytest.mark.parametrize("name", BOOLEANS)
def test_switches_are_bools(name: str) -> None:
    """A switch that changes the protocol is exactly True or False."""
    assert read_options(None, {name: not DEFAULTS[name]})[name] is not DEFAULTS[name]
    with pytest.raises(InvalidArgTypeError, match=f'"{name}" argument must be of type bool'):
        read_options(None, {name: 1})


@pytest.mark.parametrize(
    ("given", "head", "whole"),
    [
        ({"request_timeout": 10}, 10, 10),
        ({"request_timeout": 0}, 0, 0),
        ({"request_timeout": 0, "headers_timeout": 5}, 5, 0),
        ({"headers_timeout": 0}, 0, 300000),
        ({"request_timeout": 70000}, 60000, 70000),
    ],
)
def test_the_time_for_a_head_is_within_that_for_a_request(
    given: dict[str, int], head: int, whole: int
) -> None:
    """The default follows a shorter request timeout, down to 0, which is off."""
    kept = read_options(None, given)
    assert (kept["headers_timeout"], kept["request_timeout"]) == (head, whole)


def test_a_head_may_not_take_longer_than_its_request() -> None:
    """Both on and the wrong way round is out of range."""
    with pytest.raises(OutOfRangeError, match='"headers_timeout".*<= request_timeout'):
        read_options(None, {"headers_timeout": 20, "request_timeout": 10})


@pytest.mark.parametrize(
    ("value", "kept"),
    [(1000, 1000), (0, 0), (-5, 65536), (math.nan, 65536), (math.inf, sys.maxsize), (9.7, 9)],
)
def test_a_high_water_mark_is_a_number_of_bytes(value: float, kept: int) -> None:
    """Negative means the default; no number is an error."""
    assert read_options(None, {"high_water_mark": value})["high_water_mark"] == kept
    with pytest.raises(InvalidArgTypeError):
        read_options(None, {"high_water_mark": str(value)})


@pytest.mark.parametrize(("value", "seconds"), [(2999, 2), (-5, 0), (math.nan, 0), (math.inf, 0)])
def test_the_delay_of_keep_alive_probes_is_kept_in_seconds(value: float, seconds: int) -> None:
    """As the system takes it; negative and endless mean none."""
    assert read_options(None, {"keep_alive_initial_delay": value})["keep_alive_initial_delay"] == seconds


def test_truth_is_enough_for_the_options_of_the_socket() -> None:
    """Node asks these only whether they are truthy."""
    kept = read_options(None, {"no_delay": 0, "keep_alive": "yes"})
    assert (kept["no_delay"], kept["keep_alive"]) == (False, True)


def test_unique_headers_are_names_in_any_case() -> None:
    """A list of names becomes a set of keys; another thing is ignored, a name that is no str refused."""
    assert read_options({"uniqueHeaders": ["X-A", "x-b"]}, {})["unique_headers"] == {"x-a", "x-b"}
    assert read_options(None, {"unique_headers": "X-A"})["unique_headers"] == frozenset()
    with pytest.raises(InvalidArgTypeError):
        read_options(None, {"unique_headers": ["X-A", 1]})


def test_what_decides_on_an_upgrade_can_be_called() -> None:
    """Anything else is an error."""
    assert read_options(None, {"should_upgrade_callback": bool})["should_upgrade_callback"] is bool
    with pytest.raises(InvalidArgTypeError, match="must be of type function"):
        read_options(None, {"should_upgrade_callback": 1})


def test_classes_keep_their_names() -> None:
    """`IncomingMessage` and `ServerResponse` are spelled as the classes are, in both forms."""

    class Mine:
        pass

    assert read_options({"ServerResponse": Mine}, {"IncomingMessage": Mine}) == DEFAULTS | {
        "ServerResponse": Mine,
        "IncomingMessage": Mine,
    }


ODD: list[Any] = [
    None, "5", "", b"5", True, False, object(), [], {}, [object()], lambda: None, math.nan, math.inf, -math.inf, -1, 1.5,
    1e308, 2**63, -(2**63), 10**400, -(10**400), Decimal(5), Fraction(5, 2),
    timedelta(seconds=1), timedelta(seconds=-1), timedelta.max, timedelta.min,
]  # fmt: skip
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def serves(server: http.Server, name: str, value: Any) -> None:
    """Assert that the server works, and that its checks do; limits that are met are met in order."""
    server.on("request", lambda req, res: res.end("ok"))
    clock = testing.listen(server)
    for _ in range(2):
        client = testing.connect(server)
        for packet in (GET, GET[:-2] + b"Content-Length: 2\r\n\r\na", b"b"):
            client.send(packet)
            clock.advance(700)
        if not name.startswith("max_") and (name, value) != ("timeout", 1.5):
            assert client.received.count(b"HTTP/1.1 200") == 2, (name, value)
    server.close()


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_odd_value_is_refused_or_works(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """At first and when it is assigned: an error of ours that changes nothing, or a server that serves."""
    for value in ODD:
        if callable(value) and name in ("IncomingMessage", "ServerResponse"):
            continue  # it is called, and what it returns is the program's affair
        try:
            made = http.create_server({name: value})
        except (InvalidArgTypeError, OutOfRangeError) as error:
            assert name in str(error)
        else:
            serves(made, name, value)
        for spelling in (name, node_spelling(name)):
            server = http.create_server()
            before = getattr(server, name)
            kept = dict(vars(server))
            try:
                setattr(server, spelling, value)
            except (InvalidArgTypeError, OutOfRangeError) as error:
                assert name in str(error)
                assert getattr(server, name) is before
                assert vars(server) == kept
            else:
                serves(server, name, value)
    assert not caplog.records


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("max_connections", "5", InvalidArgTypeError),
        ("max_requests_per_socket", "5", InvalidArgTypeError),
        ("max_headers_count", timedelta(1), InvalidArgTypeError),
        ("max_header_size", "5", InvalidArgTypeError),
        ("keep_alive_timeout", "5", InvalidArgTypeError),
        ("keep_alive_timeout", math.inf, OutOfRangeError),
        ("timeout", "5", InvalidArgTypeError),
        ("keep_alive_initial_delay", "5", InvalidArgTypeError),
        ("insecure_http_parser", "no", InvalidArgTypeError),
        ("should_upgrade_callback", 5, InvalidArgTypeError),
        ("IncomingMessage", 5, InvalidArgTypeError),
        ("ServerResponse", "x", InvalidArgTypeError),
    ],
)
def test_what_would_switch_a_limit_off_unseen_is_refused(
    name: str, value: Any, error: type[Exception]
) -> None:
    """A text is no number, wherever it is given."""
    with pytest.raises(error, match=name):
        http.create_server({name: value})
    server = http.create_server()
    with pytest.raises(error, match=name):
        setattr(server, name, value)


def test_a_duration_beyond_the_clock_is_cut_to_what_it_can_follow() -> None:
    """Its callers hand it to loops, which count in floats and in 64 bits."""
    assert (
        milliseconds(10**400, "ms")
        == milliseconds(1e308, "ms")
        == milliseconds(timedelta.max, "ms")
        == 2**53 - 1
    )
    server = http.create_server()
    server.keep_alive_initial_delay = 10**400
    assert server.keep_alive_initial_delay == 32767


@pytest.mark.parametrize(
    "name", ["handshake_timeout", "alpn_protocols", "sni_callback", "request_cert", "secure_options", "ciphers",
             "ecdh_curve", "dhparam", "min_version", "max_version", "honor_cipher_order", "passphrase", "ssl_context",
             "key", "cert", "ca", "crl"],
)  # fmt: skip
def test_an_odd_value_of_tls_is_refused_by_name_or_works(name: str) -> None:
    """A path that is not there is the system's error; a certificate in use stays."""
    options = authority().options()
    server = https.create_server(options)
    for value in [*ODD, "a\0b", ["x" * 256], ["é"], [5], [b"\xff"], ["a\0b"]]:
        calls: list[Any] = [lambda given: https.create_server(given)]
        if name in CONTEXT:
            calls += [server.set_secure_context, lambda given: server.add_context("a.test", given)]
        for call in calls:
            before = server._handshake.context
            try:
                call({**options, name: value})
            except (HTTPError, OSError) as error:
                assert isinstance(error, OSError) or name.split("_")[-1] in str(error).lower(), value
                assert server._handshake.context is before


# Node 24: http.createServer and net.createServer, tls.createServer and tls.createSecureContext, server.listen.
OF_NODE = {
    "http": (
        "IncomingMessage joinDuplicateHeaders keepAlive keepAliveInitialDelay keepAliveTimeout keepAliveTimeoutBuffer "
        "maxHeaderSize noDelay requireHostHeader ServerResponse uniqueHeaders rejectNonStandardBodyWrites "
        "optimizeEmptyRequests shouldUpgradeCallback connectionsCheckingInterval headersTimeout highWaterMark "
        "insecureHTTPParser requestTimeout allowHalfOpen pauseOnConnect blockList"
    ),
    "https": (
        "ALPNProtocols ALPNCallback clientCertEngine enableTrace handshakeTimeout rejectUnauthorized requestCert "
        "sessionTimeout SNICallback ticketKeys pskCallback pskIdentityHint allowPartialTrustChain ca cert sigalgs "
        "ciphers crl dhparam ecdhCurve honorCipherOrder key privateKeyEngine privateKeyIdentifier maxVersion "
        "minVersion passphrase pfx secureOptions secureProtocol sessionIdContext"
    ),
    "listen": "port host path backlog exclusive readableAll writableAll ipv6Only reusePort signal fd",
}


@pytest.mark.parametrize("name", [*OF_NODE["http"].split(), *OF_NODE["https"].split()])
def test_an_option_that_node_documents_is_there_or_says_what_to_do(name: str) -> None:
    """One that is only refused would leave who ports a program alone."""
    makers: list[Any] = [http.create_server] if name in OF_NODE["http"].split() else []
    for make in (*makers, https.create_server):
        try:
            make({name: None})
        except UnknownOptionError as error:
            assert "has no option" in str(error)
            assert ", " in str(error)


@pytest.mark.parametrize("name", OF_NODE["listen"].split())
def test_listen_has_every_option_that_node_documents(name: str) -> None:
    """In Node's spelling."""
    assert snake(name) in OF_LISTEN


def test_the_types_of_options_are_of_those_that_there_are() -> None:
    """Each option of a server stands in the mapping that type checkers see, and no other."""
    own = {"ssl_context", "sni_callback", "alpn_protocols"}  # without a name in Node, or not of the rule

    def both(names: Any) -> set[str]:
        return {*names, *(node_spelling(name) for name in names if name not in own)}

    mine = both(OPTIONS)
    assert set(http.ServerOptions.__annotations__) == mine
    assert set(https.SecureContextOptions.__annotations__) == both(CONTEXT)
    secure = both(https._OPTIONS - set(REFUSED)) | {"SNICallback", "ALPNProtocols"} | mine
    assert set(https.SecureServerOptions.__annotations__) == secure


def test_an_option_may_be_assigned_before_the_server_is_made() -> None:
    """It is checked, and counts for nothing: the server is made with its own."""

    class Early(http.Server):
        def __init__(self) -> None:
            assert self.timeout == 0
            self.timeout = 7
            with pytest.raises(InvalidArgTypeError):
                self.keepAliveTimeout = "7"  # type: ignore[assignment]
            super().__init__()

    assert Early().timeout == 0


def test_a_listener_may_be_there_before_the_server_is_made() -> None:
    """A subclass may listen to itself before it calls the constructor."""

    class Early(http.Server):
        def __init__(self) -> None:
            self.on("request", lambda req, res: res.end("early"))
            super().__init__()

    assert testing.connect(Early()).request("GET", "/").body == b"early"


def test_an_option_says_what_it_is() -> None:
    """Read on the class: its default, the unit of its numbers, and what it is for; one in both spellings."""
    option = http.Server.keepAliveTimeout
    assert option is http.Server.keep_alive_timeout
    assert (option.name, option.default, option.unit) == ("keep_alive_timeout", 5000, "ms")
    assert all(each.__doc__ for each in OPTIONS.values())


@pytest.mark.parametrize("module", [http, https])
def test_a_server_that_is_made_has_worked_out_all_that_connections_ask(module: Any) -> None:
    """But for the timers, which need the clock of a loop."""
    config = module.create_server(**authority().options() if module is https else {})._config
    slots = {name for cls in type(config).__mro__ for name in getattr(cls, "__slots__", ())}
    assert {name for name in slots if not hasattr(config, name)} == {"timers"}
