"""IncomingMessage: its request line, headers and states; made by hand, timed, failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.request_stage import POST, C, post, request_of, requests_of
from tests.kit.stage import GET, Stage, answer, events
from writehead import http, testing
from writehead.errors import InvalidArgTypeError, OutOfRangeError, UnshiftAfterEndError
from writehead.testing import settle

HOST = b" HTTP/1.1\r\nHost: a\r\n"


# -- the request line ----------------------------------------------------------


@pytest.mark.parametrize("method", [each for each in http.METHODS if each != "CONNECT"])
def test_every_method_is_served(method: str) -> None:
    """As sent, in upper case."""
    assert request_of(method.encode() + b" /" + HOST + b"\r\n").method == method


def test_there_are_35_methods() -> None:
    """Sorted."""
    assert len(http.METHODS) == 35
    assert sorted(http.METHODS) == http.METHODS


@pytest.mark.parametrize("url", ["/", "*", "/a%20b?c=%zz&d", "http://x/y?z", "/.//../a;b=c"])
def test_the_url_is_verbatim(url: str) -> None:
    """Neither decoded nor normalised."""
    assert request_of(b"GET " + url.encode() + HOST + b"\r\n").url == url


def test_the_version_is_known_in_parts() -> None:
    """As text and as two numbers, in both spellings."""
    req = request_of(b"GET / HTTP/1.0\r\n\r\n")
    assert (req.http_version, req.http_version_major, req.http_version_minor) == ("1.0", 1, 0)
    assert (req.httpVersion, req.httpVersionMajor, req.httpVersionMinor) == ("1.0", 1, 0)


def test_connection_is_the_socket() -> None:
    """One object; assigning one sets the other."""
    req = request_of(GET)
    assert req.connection is req.socket
    other = object()
    req.connection = other
    assert req.socket is other


# -- headers -------------------------------------------------------------------

FIRST = [
    "age",
    "authorization",
    "content-type",
    "etag",
    "expires",
    "from",
    "if-modified-since",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "proxy-authorization",
    "referer",
    "retry-after",
    "server",
    "user-agent",
]
COMMA = [
    "accept",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "date",
    "forwarded",
    "if-match",
    "if-none-match",
    "keep-alive",
    "link",
    "origin",
    "pragma",
    "range",
    "te",
    "trailer",
    "vary",
    "via",
    "x-any",
]


def doubled(name: str, values: tuple[str, ...] = ("1", "2")) -> bytes:
    lines = "".join(f"{name.title()}: {value}\r\n" for value in values)
    return b"GET /" + HOST + lines.encode() + b"\r\n"


@pytest.mark.parametrize("name", FIRST)
def test_of_some_fields_the_first_wins(name: str) -> None:
    """Also if it is empty; with `join_duplicate_headers` they are joined."""
    assert request_of(doubled(name)).headers[name] == "1"
    assert request_of(doubled(name, ("", "2"))).headers[name] == ""
    assert request_of(doubled(name), join_duplicate_headers=True).headers[name] == "1, 2"


@pytest.mark.parametrize("name", COMMA)
def test_most_fields_are_joined(name: str) -> None:
    """By a comma and a space; empty values take part."""
    assert request_of(doubled(name)).headers[name] == "1, 2"
    assert request_of(doubled(name, ("", "1", ""))).headers[name] == ", 1, "


@pytest.mark.parametrize("join", [False, True])
def test_cookies_have_rules_of_their_own(join: bool) -> None:
    """Cookie by a semicolon, Set-Cookie a list, also of one."""
    assert request_of(doubled("cookie"), join_duplicate_headers=join).headers["cookie"] == "1; 2"
    assert request_of(doubled("set-cookie"), join_duplicate_headers=join).headers["set-cookie"] == ["1", "2"]
    assert request_of(doubled("set-cookie", ("1",))).headers["set-cookie"] == ["1"]


@pytest.mark.parametrize("join", [False, True])
def test_two_hosts_where_they_are_let_through(join: bool) -> None:
    """The first wins, or they are joined."""
    data = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
    req = request_of(data, require_host_header=False, join_duplicate_headers=join)
    assert req.headers["host"] == ("a, b" if join else "a")
    assert req.headers_distinct["host"] == ["a", "b"]


def test_raw_headers_have_every_field_as_sent() -> None:
    """Flat, in order, duplicates too, names in their case, values as latin-1."""
    req = request_of(b"GET /" + HOST + b"x-B: \xc3\xa9 \r\nX-a:  1  2\t\r\nX-B: 2\r\n\r\n")
    assert req.raw_headers == ["Host", "a", "x-B", "\xc3\xa9", "X-a", "1  2", "X-B", "2"]
    assert req.rawHeaders is req.raw_headers
    assert list(req.headers.items()) == [("host", "a"), ("x-b", "\xc3\xa9, 2"), ("x-a", "1  2")]
    assert req.headers_distinct == {"host": ["a"], "x-b": ["\xc3\xa9", "2"], "x-a": ["1  2"]}


def test_headers_are_one_mapping() -> None:
    """Changes to it stay; it can be replaced; another request has its own."""
    first, second = requests_of(GET + GET)
    first.headers["x"] = "mine"
    first.headers_distinct["y"] = ["mine"]
    assert first.headers is first.headers
    assert (first.headers["x"], first.headers_distinct["y"]) == ("mine", ["mine"])
    assert (second.headers, second.headers_distinct) == ({"host": "a"}, {"host": ["a"]})
    first.headers = {"z": "1"}
    assert first.headers == {"z": "1"}


def test_what_one_request_does_to_its_raw_headers_is_its_own() -> None:
    """A client that repeats itself gets fresh lists."""
    first, second = requests_of(GET, GET)
    first.raw_headers.append("X")
    assert second.raw_headers == ["Host", "a"]


def test_trailers_are_there_at_the_end() -> None:
    """By the rules of headers; empty before."""
    seen: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        def look(*_: Any) -> None:
            seen.append((req.raw_trailers, req.trailers, req.trailers_distinct))

        look()
        req.on("data", look)
        req.on("end", look)

    Stage(handle).send(C, b"1\r\nx\r\n", b"0\r\nA: 1\r\nage: 2\r\na: 3 \r\nAge: 4\r\n\r\n")
    nothing: tuple[Any, ...] = ([], {}, {})
    assert seen == [
        nothing,
        nothing,
        (
            ["A", "1", "age", "2", "a", "3", "Age", "4"],
            {"a": "1, 3", "age": "2"},
            {"a": ["1", "3"], "age": ["2", "4"]},
        ),
    ]


def test_a_body_without_trailers_has_none() -> None:
    """They stay empty."""
    req = request_of(C + b"0\r\n\r\n")
    assert (req.complete, req.raw_trailers, req.trailers, req.trailers_distinct) == (True, [], {}, {})


# -- state ---------------------------------------------------------------------


def state(req: Any) -> tuple[Any, ...]:
    """Return complete, aborted, destroyed, errored, closed, readable, readable_ended, readable_aborted."""
    return (
        req.complete,
        req.aborted,
        req.destroyed,
        req.errored and (getattr(req.errored, "code", None) or str(req.errored)),
        req.closed,
        req.readable,
        req.readable_ended,
        req.readable_aborted,
    )


F, T = False, True
FRESH = (F, F, F, None, F, T, F, F)


@pytest.mark.parametrize(
    "packets", [(GET,), (post(b"x"),), (post(b"", 1), b"x"), (C + b"1\r\nx\r\n0\r\n\r\n",)]
)
def test_the_states_of_a_request_that_is_read(packets: tuple[bytes, ...]) -> None:
    """In the handler, in 'data', in 'end', in 'close'."""
    seen: dict[str, Any] = {}

    def handle(req: Any, res: Any) -> None:
        seen["handler"] = state(req)
        for name in ("data", "end", "close"):
            req.on(name, lambda *_, name=name: seen.setdefault(name, state(req)))

    Stage(handle).send(*packets)
    data = seen.pop("data", FRESH)
    assert data in (FRESH, (T, *FRESH[1:]))
    assert seen == {
        "handler": FRESH,
        "end": (T, F, F, None, F, F, T, F),
        "close": (T, F, T, None, T, F, T, F),
    }


def test_a_request_is_complete_when_it_is_parsed() -> None:
    """Also if nobody has read it."""
    req = request_of(post(b"xy", 4), b"zz")
    assert state(req) == (T, *FRESH[1:])
    assert req.readable_length == 4


@pytest.mark.parametrize("end", ["end", "reset"])
@pytest.mark.parametrize(("packets", "complete"), [((post(b"x", 2),), F), ((post(b"xy"),), T), ((GET,), T)])
def test_the_states_of_a_request_whose_client_left(
    end: str, packets: tuple[bytes, ...], complete: bool
) -> None:
    """In 'aborted', and in 'error' and 'close' behind it."""
    seen: dict[str, Any] = {}

    def handle(req: Any, res: Any) -> None:
        for name in ("aborted", "error", "close", "end"):
            req.on(name, lambda *_, name=name: seen.setdefault(name, state(req)))

    client = Stage(handle).send(*packets)
    getattr(client, end)()
    assert seen == {
        "aborted": (complete, T, T, "ECONNRESET", F, F, F, T),
        "error": (complete, T, T, "ECONNRESET", T, F, F, T),
        "close": (complete, T, T, "ECONNRESET", T, F, F, T),
    }


@pytest.mark.parametrize("error", [None, LookupError("why")])
def test_the_states_of_a_request_that_is_destroyed(error: Any) -> None:
    """In 'aborted' and in 'close'; 'error' only where there is one."""
    seen: dict[str, Any] = {}

    def handle(req: Any, res: Any) -> None:
        for name in ("aborted", "error", "close", "end"):
            req.on(name, lambda *_, name=name: seen.setdefault(name, state(req)))
        assert req.destroy(error) is req

    client = Stage(handle).send(GET)
    why = error and "why"
    assert seen.pop("aborted") == (F, T, T, why, F, F, F, T)
    assert seen.pop("close")[1:] == (T, T, why, T, F, F, T)
    assert list(seen) == (["error"] if error else [])
    assert client.closed


def test_a_client_that_left_behind_the_whole_request_is_told_by_the_response() -> None:
    """A request that was read to its end hears nothing more."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        events(log, req, "end close aborted error", "req ")
        events(log, res, "finish close", "res ")
        req.resume()

    client = Stage(handle).send(GET)
    client.reset()
    assert log == ["req end", "req close", "res close"]


def test_what_was_read_is_known() -> None:
    """`readable_did_read`: something was given out, or thrown away."""
    req = request_of(post(b"abc"))
    assert req.readable_did_read is False
    req.read(1)
    assert req.readable_did_read is True


# -- made by hand, and failed --------------------------------------------------


def test_a_message_made_by_hand_is_empty() -> None:
    """As a subclass finds it in its constructor."""
    req = http.IncomingMessage(None)
    assert (req.method, req.url, req.http_version) == (None, "", None)
    assert (req.http_version_major, req.http_version_minor) == (None, None)
    assert (req.headers, req.raw_headers, req.headers_distinct) == ({}, [], {})
    assert (req.trailers, req.raw_trailers, req.trailers_distinct) == ({}, [], {})
    assert (req.complete, req.aborted, req.destroyed, req.readable) == (False, False, False, True)
    assert req.socket is None


def test_its_line_can_be_assigned() -> None:
    """Middleware rewrites the URL."""
    seen: list[Any] = []

    def rewrite(req: Any, res: Any) -> None:
        req.url = "/new" + req.url
        req.method = "PUT"
        req.http_version = "1.0"
        req.trailers = {"a": "1"}
        seen.append((req.url, req.method, req.http_version, req.httpVersion))
        res.end("ok")

    assert Stage(rewrite).exchange(GET) == answer(b"ok")
    assert seen == [("/new/", "PUT", "1.0", "1.0")]


def test_attributes_of_the_users_own_stay() -> None:
    """As middleware hangs them on the request."""
    seen: list[Any] = []
    stage = Stage(lambda req, res: seen.append(req.user))
    stage.server.prepend_listener("request", lambda req, res: setattr(req, "user", "me"))
    stage.send(GET)
    assert seen == ["me"]


def test_destroying_a_message_made_by_hand() -> None:
    """'aborted' at once, 'close' later; without a socket nothing else happens."""
    req = http.IncomingMessage(None)
    log: list[str] = []
    events(log, req, "aborted error close end")
    signal = req.signal
    req.destroy(LookupError("why"))
    assert (log, req.destroyed, signal.aborted) == (["aborted"], True, True)
    settle()
    req.destroy()
    assert log == ["aborted", "error why", "close"]
    assert str(req.errored) == "why"


def test_a_chunk_put_back_behind_the_end_is_an_error() -> None:
    """`ERR_STREAM_UNSHIFT_AFTER_END_EVENT`, if the request is not destroyed yet."""
    log: list[str] = []
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.append(req)
        req.resume()
        events(log, req, "error")
        req.on("end", lambda: log.append(f"unshift {req.unshift(b'x')}"))

    Stage(handle).send(GET)
    assert log[0] == "unshift False"
    assert isinstance(held[0].errored, UnshiftAfterEndError | None)


@pytest.mark.parametrize(("value", "error"), [("1", InvalidArgTypeError), (-1, OutOfRangeError)])
def test_a_timeout_is_checked(value: Any, error: type[Exception]) -> None:
    """As the socket's."""
    held: list[Any] = []
    Stage(lambda req, res: held.append(req)).send(GET)
    with pytest.raises(error):
        held[0].set_timeout(value)


def test_a_timeout_without_a_callback_destroys() -> None:
    """Nobody took over."""
    stage = Stage(lambda req, res: req.setTimeout(500))
    client = stage.send(POST)
    stage.clock.advance(500)
    assert client.closed


def test_a_failed_listener_answers_for_its_own_request_only(caplog: pytest.LogCaptureFixture) -> None:
    """Of two in a line the other is served."""

    def handle(req: Any, res: Any) -> None:
        if req.method == "POST":
            req.on("data", lambda chunk: 1 / 0)
        else:
            res.end("ok")

    stage = Stage(handle)
    client = stage.send(POST + b"abc" + GET)
    received = dateless(client.received)
    assert received.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert received.endswith(answer(b"ok"))
    assert "ZeroDivisionError" in caplog.text


async def test_a_failed_async_listener_of_the_request(caplog: pytest.LogCaptureFixture) -> None:
    """Counts as the handler."""

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("a mistake")

    def handle(req: Any, res: Any) -> None:
        req.on("end", fail)
        req.resume()

    client = testing.connect(http.create_server(handle))
    assert (await client.request("GET", "/")).status == 500
    assert "a mistake" in caplog.text


# -- set_timeout ---------------------------------------------------------------


def test_the_timeout_of_a_request_that_is_coming() -> None:
    """'timeout' with the socket; the listener takes over."""
    stage = Stage(lambda req, res: stage.log.append(req.set_timeout(1000, stage.log.append) is req))
    client = stage.send(post(b"", 1))
    stage.clock.advance(1000)
    assert (stage.log[1:], client.closed) == ([True, client.socket], False)


def test_a_class_may_add_listeners_before_its_base_is_set_up() -> None:
    """An emitter needs no constructor of its own, so that of a request must not take listeners away."""

    class Request(http.IncomingMessage):
        def __init__(self, socket: Any) -> None:
            self.on("end", lambda: ended.append(self.url))
            super().__init__(socket)

    ended: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        req.resume()
        res.end()

    Stage(handle, IncomingMessage=Request).send(GET)
    assert ended == ["/"]
