"""The request: its line, its fields, its states, the order of its events, how its body is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.stage import GET, Stage, answer, bytewise, dateless, events
from writehead import http, testing
from writehead.errors import InvalidArgTypeError, OutOfRangeError, UnknownEncodingError
from writehead.testing import settle

HOST = b" HTTP/1.1\r\nHost: a\r\n"
P = b"POST / HTTP/1.1\r\nHost: a\r\n"
C = P + b"Transfer-Encoding: chunked\r\n\r\n"


def post(body: bytes, length: int | None = None) -> bytes:
    return P + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


def requests_of(*packets: bytes, **options: Any) -> list[Any]:
    """Return the requests that a handler sees which answers nothing."""
    seen: list[Any] = []
    Stage(lambda req, res: seen.append(req), **options).send(*packets)
    return seen


def request_of(*packets: bytes, **options: Any) -> Any:
    return requests_of(*packets, **options)[0]


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


# -- the order of events -------------------------------------------------------


def order(handle: Any, *packets: bytes, left: str = "", options: dict[str, Any] | None = None) -> list[str]:
    """Return what happened: events of the request, of the response with RES, of the socket with socket."""
    log: list[str] = []

    def listen(req: Any, res: Any) -> None:
        events(log, res, "finish close", "RES ")
        handle(req, res, log)
        log.append("|")

    stage = Stage(listen, **(options or {}))
    client = stage.send(*packets)
    if left:
        getattr(client, left)()
    return log


def hear(req: Any, log: list[str], names: str = "end close aborted error pause resume") -> None:
    events(log, req, names)


@pytest.mark.parametrize("later_close", [False, True])
def test_order_get_answered_untouched(later_close: bool) -> None:
    """The empty body is discarded behind 'finish'."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log)
        res.end()

    wanted = ["|", "RES finish", "resume", "RES close", "end", "close"]
    if not later_close:
        wanted.remove("RES close")
    assert order(handle, GET, options={"emit_close_after_finish": later_close}) == wanted


@pytest.mark.parametrize("later_close", [False, True])
def test_order_get_read_then_answered(later_close: bool) -> None:
    """'end' lets the handler answer, then the request closes."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data resume end close")
        req.on("end", res.end)

    wanted = ["|", "resume", "end", "RES finish", "close", "RES close"]
    got = order(handle, GET, options={"emit_close_after_finish": later_close})
    assert [each for each in got if each != "RES close"] == wanted[:-1]
    assert ("RES close" in got) is later_close


def test_order_an_end_listener_alone_starts_nothing() -> None:
    """Until the response finishes."""
    held: list[Any] = []

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log)
        held.append((res, log))

    assert order(handle, GET) == ["|"]
    res, log = held[0]
    res.end()
    settle()
    assert log == ["|", "RES finish", "resume", "end", "close"]


def test_order_get_by_readable() -> None:
    """'readable' once, with nothing to read, then 'end'."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close resume")
        req.on("readable", lambda: log.append(f"readable {req.read()}"))

    assert order(handle, GET) == ["|", "readable None", "end", "close"]


def test_order_post_in_one_packet() -> None:
    """The body follows when the handler has returned."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data resume end close")
        req.on("end", res.end)

    assert order(handle, post(b"abc")) == ["|", "resume", "data b'abc'", "end", "RES finish", "close"]


def test_order_post_in_later_packets() -> None:
    """A piece for each packet."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data resume end close")
        req.on("end", res.end)

    assert order(handle, post(b"", 4), b"ab", b"cd") == [
        "|",
        "resume",
        "data b'ab'",
        "data b'cd'",
        "end",
        "RES finish",
        "close",
    ]


def test_order_post_by_readable() -> None:
    """And once more at the end, with nothing to read."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close resume")
        req.on("readable", lambda: log.append(f"readable {req.read()}"))

    assert order(handle, post(b"", 4), b"ab", b"cd") == [
        "|",
        "readable b'ab'",
        "readable b'cd'",
        "readable None",
        "end",
        "close",
    ]


def test_order_post_never_read() -> None:
    """It is thrown away as it comes."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log)
        res.end()

    assert order(handle, post(b"ab", 4), b"cd") == ["|", "RES finish", "resume", "end", "close"]


def test_order_post_answered_before_it_is_read() -> None:
    """The body goes on behind 'finish'."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data resume end close")
        res.end()

    assert order(handle, post(b"", 2), b"ab") == [
        "|",
        "resume",
        "RES finish",
        "data b'ab'",
        "end",
        "close",
    ]


def test_order_pause_and_resume() -> None:
    """'pause' inside the call, 'resume' on a later turn."""
    held: list[Any] = []

    def handle(req: Any, res: Any, log: list[str]) -> None:
        req.on("data", lambda chunk: log.append("data") or (req.pause() if not held else None))
        hear(req, log, "pause resume end")
        req.on("pause", lambda: held.append((req, log)))

    assert order(handle, post(b"", 2), b"a", b"b") == ["|", "resume", "data", "pause"]
    req, log = held[0]
    req.resume()
    log.append("|")
    settle()
    assert log[4:] == ["|", "resume", "data", "end"]


@pytest.mark.parametrize(
    ("left", "first"),
    [
        ("end", ["socket error HPE_INVALID_EOF_STATE"]),
        ("reset", ["socket error ECONNRESET"]),
    ],
)
def test_order_client_gone_in_the_body(left: str, first: list[str]) -> None:
    """Socket, 'aborted', response, socket, then the request's 'error' and 'close'."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data end close aborted error")
        events(log, req.socket, "error close", "socket ")

    assert order(handle, post(b"", 2), b"a", left=left) == [
        "|",
        "data b'a'",
        *first,
        "aborted",
        "RES close",
        "socket close True",
        "error ECONNRESET",
        "close",
    ]


@pytest.mark.parametrize(("left", "error"), [("end", False), ("reset", True)])
def test_order_client_gone_before_the_request_was_read(left: str, error: bool) -> None:
    """FIN is no error of the socket, RST is one."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close aborted error")
        events(log, req.socket, "end close", "socket ")

    got = order(handle, GET, left=left)
    assert got == [
        "|",
        *(["socket end"] if left == "end" else []),
        "aborted",
        "RES close",
        f"socket close {error}",
        "error ECONNRESET",
        "close",
    ]


def test_order_client_gone_behind_the_answer() -> None:
    """The request whose body never came whole says 'close', and no more."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close aborted error")
        res.end()

    assert order(handle, post(b"a", 2), left="reset") == ["|", "RES finish", "close"]


def test_order_destroyed_in_the_handler() -> None:
    """'aborted' inside the call."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close aborted error")
        events(log, req.socket, "error close", "socket ")
        req.destroy()

    assert order(handle, GET) == ["aborted", "|", "close", "RES close", "socket close False"]


def test_order_destroyed_with_an_error_in_the_handler() -> None:
    """The socket's 'error' comes first, then the request's."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close aborted error")
        events(log, req.socket, "error close", "socket ")
        req.destroy(LookupError("why"))

    assert order(handle, GET) == [
        "aborted",
        "|",
        "socket error why",
        "error why",
        "close",
        "RES close",
        "socket close True",
    ]


def test_destroying_a_request_that_was_read_leaves_the_connection() -> None:
    """It is destroyed already."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        req.resume()
        req.on("close", lambda: (req.destroy(LookupError()), res.end("ok")))
        events(log, req, "aborted error close")

    client = Stage(handle).send(GET)
    assert (dateless(client.received), client.closed, log) == (answer(b"ok"), False, ["close"])


def test_an_error_that_nobody_listens_to_is_no_error() -> None:
    """A request's 'error' is never unhandled."""
    client = Stage(lambda req, res: None).send(post(b"a", 2))
    client.reset()
    assert client.closed


# -- flow ----------------------------------------------------------------------


def test_the_three_modes() -> None:
    """Nothing asked, flowing, paused."""
    req = request_of(post(b"a", 9))
    assert (req.readable_flowing, req.is_paused()) == (None, False)
    req.on("data", lambda chunk: None)
    assert req.readable_flowing is True
    assert req.pause() is req
    assert (req.readable_flowing, req.is_paused()) == (False, True)
    assert req.resume() is req
    assert (req.readable_flowing, req.isPaused()) == (True, False)


def test_a_data_listener_does_not_end_a_pause() -> None:
    """Only `resume` does."""
    req = request_of(post(b"abc"))
    got: list[bytes] = []
    req.pause()
    req.on("data", got.append)
    settle()
    assert got == []
    req.resume()
    settle()
    assert got == [b"abc"]


def test_a_flow_without_listeners_loses_data() -> None:
    """A removed listener does not stop it."""
    got: list[bytes] = []
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.append(req)
        req.once("data", got.append)

    client = Stage(handle).send(post(b"", 3), b"1", b"2")
    held[0].on("data", got.append)
    client.send(b"3")
    assert got == [b"1", b"3"]


def test_pieces_are_those_of_packets_and_chunks() -> None:
    """Never joined, never empty."""
    got: list[bytes] = []
    stage = Stage(lambda req, res: req.on("data", got.append))
    stage.send(C + b"2\r\nab\r\n1\r\nc\r\n4\r\nde", b"fg\r\n0\r\n\r\n")
    assert got == [b"ab", b"c", b"de", b"fg"]


def test_read_gives_all_or_so_many() -> None:
    """Without a size everything, joined; with one that many, or None, or at the end the rest."""
    req = request_of(post(b"abc", 9), b"def")
    assert req.read(4) == b"abcd"
    assert req.read(4) is None
    assert req.read() == b"ef"
    assert req.read() is None
    req = request_of(post(b"abc"))
    assert (req.read(5), req.read(5)) == (b"abc", None)


@pytest.mark.parametrize(("size", "error"), [("1", InvalidArgTypeError), (2 << 30, OutOfRangeError)])
def test_a_size_is_a_number(size: Any, error: type[Exception]) -> None:
    """And no more than a GiB."""
    with pytest.raises(error):
        request_of(post(b"abc")).read(size)


def test_what_read_returns_is_data_too() -> None:
    """A 'data' listener beside 'readable' hears it."""
    got: list[bytes] = []
    req = request_of(post(b"abc"))
    req.on("readable", lambda: None)
    req.on("data", got.append)
    settle()
    assert got == []
    req.read()
    assert got == [b"abc"]


def test_what_is_put_back_comes_first() -> None:
    """`unshift`, of bytes or text."""
    req = request_of(post(b"def"))
    req.pause()
    assert req.unshift(b"c") is False  # the end has come already
    req.unshift("ab")
    assert req.read() == b"abcdef"


def test_a_full_buffer_stops_the_connection() -> None:
    """No later than a packet past the mark; and it goes on when less is left."""
    req: Any = None
    stage = Stage(lambda request, res: held.append(request), high_water_mark=1000)
    held: list[Any] = []
    client = stage.send(post(b"", 10_000))
    for _ in range(20):
        client.send(500 * b"x")
    req = held[0]
    assert (req.readable_length, req.readable_high_water_mark) == (1000, 1000)
    req.read(100)
    settle()
    assert req.readable_length == 1400
    req.resume()
    settle()
    assert req.readable_ended


def test_a_paused_body_holds_up_what_is_behind_it() -> None:
    """Later requests, and the end of the client."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(req), high_water_mark=2)
    client = stage.send(post(b"ab", 4))
    client.send(b"cd" + GET)
    client.reset()
    assert (len(held), held[0].aborted) == (1, False)
    held[0].resume()
    settle()
    assert len(held) == 2
    assert (held[0].aborted, held[1].aborted) == (False, True)


# -- set_encoding --------------------------------------------------------------


def texts(encoding: str | None, *pieces: bytes) -> list[str]:
    """Return the pieces of text that 'data' gives for these packets."""
    got: list[str] = []
    stage = Stage(lambda req, res: req.set_encoding(encoding).on("data", got.append))
    stage.send(post(b"", sum(map(len, pieces))), *pieces)
    return got


@pytest.mark.parametrize(
    ("encoding", "pieces", "wanted"),
    [
        ("utf8", (b"a\xc3", b"\xa9"), ["a", "é"]),
        (None, (b"\xe2", b"\x82", b"\xac"), ["€"]),
        ("utf-8", (b"\xf0\x9f", b"\x98\x80!"), ["😀!"]),
        ("utf8", (b"\xc3", b""), ["\ufffd"]),
        ("utf8", (b"\xef\xbb\xbfx",), ["\ufeffx"]),
        ("utf8", (b"\xff\xfea",), ["\ufffd\ufffda"]),
        ("utf16le", (b"a", b"\x00b\x00"), ["ab"]),
        ("utf16le", (b"\x3d\xd8", b"\x00\xde"), ["😀"]),
        ("base64", (b"ab", b"cd"), ["YWJj", "ZA=="]),
        ("hex", (b"\x01\xff",), ["01ff"]),
        ("latin1", (b"\xe9",), ["é"]),
        ("ascii", (b"\xe9a",), ["ia"]),
    ],
)
def test_text_is_given_out_in_an_encoding(
    encoding: str | None, pieces: tuple[bytes, ...], wanted: list[str]
) -> None:
    """Split characters wait for their rest; nothing that decodes to nothing is emitted."""
    assert texts(encoding, *pieces) == wanted


def test_an_encoding_has_its_name_and_converts_what_is_there() -> None:
    """The normalised name; lengths are of characters then."""
    req = request_of(post("aé€".encode()))
    assert (req.readable_encoding, req.readable_length) == (None, 6)
    assert req.set_encoding("UTF-8") is req
    assert (req.readable_encoding, req.readable_length) == ("utf8", 3)
    assert req.read(2) == "aé"
    with pytest.raises(UnknownEncodingError):
        req.set_encoding("klingon")


# -- async iteration -----------------------------------------------------------


async def read_by_iteration(req: Any) -> list[Any]:
    return [chunk async for chunk in req]


async def test_a_body_is_iterated() -> None:
    """To its end, then the handler answers."""

    async def handle(req: Any, res: Any) -> None:
        chunks = await read_by_iteration(req)
        res.end(b"|".join(chunks))

    client = testing.connect(http.create_server(handle))
    client.send(post(b"", 4))
    await asyncio.sleep(0)
    client.send(b"ab")
    await asyncio.sleep(0)
    client.send(b"cd")
    assert (await client.answer()).body == b"ab|cd"


async def test_iteration_gives_text_in_an_encoding() -> None:
    """And joins what is there already; a second loop is empty."""
    seen: list[Any] = []

    async def handle(req: Any, res: Any) -> None:
        await asyncio.sleep(0.01)
        seen.append(await read_by_iteration(req.set_encoding("utf8")))
        seen.append(await read_by_iteration(req))
        res.end()

    client = testing.connect(http.create_server(handle))
    await client.request("POST", "/", body=["é".encode(), b"b"])
    assert seen == [["éb"], []]


@pytest.mark.parametrize("left", ["end", "reset"])
async def test_iteration_raises_when_the_client_is_lost(left: str) -> None:
    """`ECONNRESET`, "aborted"; also when the loop begins later."""
    raised: list[Any] = []
    done = asyncio.Event()

    async def handle(req: Any, res: Any) -> None:
        for _ in range(2):
            try:
                await read_by_iteration(req)
            except OSError as error:
                raised.append((error.code, str(error)))  # type: ignore[attr-defined]
        done.set()

    client = testing.connect(http.create_server(handle))
    client.send(post(b"a", 2))
    await asyncio.sleep(0)
    getattr(client, left)()
    await done.wait()
    assert raised == [("ECONNRESET", "aborted")] * 2


async def test_leaving_iteration_keeps_the_connection() -> None:
    """The request is destroyed, the answer can be sent, the rest of the body is thrown away."""
    log: list[str] = []

    async def handle(req: Any, res: Any) -> None:
        events(log, req, "aborted error close end")
        async for _ in req:
            break
        log.append(str(req.socket))
        res.end("enough")

    client = testing.connect(http.create_server(handle))
    client.send(post(b"", 1_000_000))
    await asyncio.sleep(0)
    for _ in range(100):
        client.send(10_000 * b"x")
        await asyncio.sleep(0)
    assert (await client.answer()).body == b"enough"
    assert (await client.request("POST", "/", body="x")).body == b"enough"
    assert not client.closed
    assert log[:4] == ["aborted", "None", "error ABORT_ERR", "close"]


# -- pipe ----------------------------------------------------------------------


def test_a_request_is_piped_into_its_response() -> None:
    """An echo, whatever the pieces."""
    stage = Stage(lambda req, res: req.pipe(res))
    chunked = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
    assert stage.exchange(post(b"", 4), b"ab", b"cd") == (
        chunked + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"
    )


def test_a_pipe_heeds_a_slow_destination() -> None:
    """What it does not take stays with the sender."""
    stage = Stage(lambda req, res: req.pipe(res), high_water_mark=1000)
    client = stage.send(post(b"", 100_000))
    client.stall()
    for _ in range(100):
        client.send(1000 * b"x")
    assert client.socket.bytes_read < 10_000
    client.take()
    assert client.received.endswith(b"0\r\n\r\n")


def test_a_pipe_can_leave_its_destination_open() -> None:
    """`end=False`."""
    stage = Stage(lambda req, res: (req.pipe(res, end=False), req.on("end", lambda: res.end("!"))))
    received = stage.exchange(post(b"ab"))
    assert received.endswith(b"\r\n\r\n2\r\nab\r\n1\r\n!\r\n0\r\n\r\n")


def test_an_unpiped_request_is_paused() -> None:
    """'pipe' and 'unpipe' are told to the destination."""
    log: list[str] = []
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.extend((req, res))
        res.on("pipe", lambda source: log.append(f"pipe {source is req}"))
        res.on("unpipe", lambda source: log.append(f"unpipe {source is req}"))
        assert req.pipe(res) is res

    Stage(handle).send(post(b"ab", 4))
    req, res = held
    req.unpipe(res)
    assert (req.readable_flowing, log) == (False, ["pipe True", "unpipe True"])


# -- set_timeout, signal -------------------------------------------------------


def test_the_timeout_of_a_request_that_is_coming() -> None:
    """'timeout' with the socket; the listener takes over."""
    stage = Stage(lambda req, res: stage.log.append(req.set_timeout(1000, stage.log.append) is req))
    client = stage.send(post(b"", 1))
    stage.clock.advance(1000)
    assert (stage.log[1:], client.closed) == ([True, client.socket], False)


def test_the_signal_of_a_request() -> None:
    """One object, aborted when the client is lost."""
    req_held: list[Any] = []
    log: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        req_held.append(req)
        assert req.signal is req.signal
        req.signal.on("abort", lambda *_: log.append("abort"))

    client = Stage(handle).send(GET)
    signal = req_held[0].signal
    assert (signal.aborted, log) == (False, [])
    client.reset()
    assert (signal.aborted, log) == (True, ["abort"])
    assert signal.reason.code in ("ABORT_ERR", 20)
    assert str(signal.reason) == "This operation was aborted"


def test_a_signal_made_late_is_aborted_already() -> None:
    """If the client is lost."""
    req = None
    held: list[Any] = []
    client = Stage(lambda request, res: held.append(request)).send(GET)
    client.reset()
    req = held[0]
    assert req.signal.aborted


def test_the_signal_is_not_aborted_by_a_normal_end() -> None:
    """Neither when the body was read, nor when the response has finished, nor when the client then leaves."""
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.append((req, req.signal))
        req.resume()
        req.on("close", lambda: res.end("ok"))

    client = Stage(handle).send(GET)
    assert dateless(client.received) == answer(b"ok")
    client.end()
    req, signal = held[0]
    assert (req.destroyed, signal.aborted) == (True, False)


def test_the_signal_is_aborted_although_the_body_was_read() -> None:
    """The client left before the answer."""
    held: list[Any] = []
    client = Stage(lambda req, res: held.append(req.resume().signal)).send(GET)
    client.reset()
    assert held[0].aborted


# -- the project's own readers -------------------------------------------------


async def test_the_readers_read_to_the_end() -> None:
    """Bytes, text, JSON; what is left if a part was read; nothing if all was."""
    seen: list[Any] = []

    async def handle(req: Any, res: Any) -> None:
        if req.url == "/bytes":
            seen.append(await req.bytes())
            seen.append(await req.bytes())
        elif req.url == "/text":
            seen.append(await req.text())
        elif req.url == "/json":
            seen.append(await req.json())
        else:
            await asyncio.sleep(0)
            seen.append(req.read(1))
            seen.append(await req.bytes())
        res.end()

    client = testing.connect(http.create_server(handle))
    for url, body in (
        ("/bytes", b"ab"),
        ("/text", "é\ud7ff".encode()),
        ("/json", b'{"a": [1]}'),
        ("/part", b"xyz"),
    ):
        await client.request("POST", url, body=body)
    assert seen == [b"ab", b"", "é\ud7ff", {"a": [1]}, b"x", b"yz"]


@pytest.mark.parametrize("reader", ["bytes", "text", "json"])
async def test_a_body_past_the_limit_is_413(reader: str) -> None:
    """The answer, the error in the handler, and the end of the connection."""
    codes: list[str] = []

    async def handle(req: Any, res: Any) -> None:
        try:
            await getattr(req, reader)(limit=4)
        except Exception as error:
            codes.append((error.code, error.limit))  # type: ignore[attr-defined]
            raise

    server = http.create_server(handle)
    client = testing.connect(server)
    answered = await client.request("POST", "/", body="12345")
    assert (answered.status, answered.headers["connection"]) == (413, "close")
    await client.until(lambda: client.ended)
    assert codes == [("ERR_HTTP_PAYLOAD_TOO_LARGE", 4)]


async def test_a_body_at_the_limit_is_read() -> None:
    """It is the most that is taken."""

    async def handle(req: Any, res: Any) -> None:
        res.end(await req.bytes(limit=4))

    client = testing.connect(http.create_server(handle))
    assert (await client.request("POST", "/", body="1234")).body == b"1234"


async def test_a_reader_whose_client_is_lost_raises() -> None:
    """`ECONNRESET`."""
    raised = asyncio.get_running_loop().create_future()

    async def handle(req: Any, res: Any) -> None:
        try:
            await req.bytes()
        except OSError as error:
            raised.set_result(error.code)  # type: ignore[attr-defined]

    client = testing.connect(http.create_server(handle))
    client.send(post(b"a", 2))
    await asyncio.sleep(0)
    client.reset()
    assert await raised == "ECONNRESET"


async def test_what_is_no_json_is_a_value_error() -> None:
    """The handler's to answer."""

    async def handle(req: Any, res: Any) -> None:
        try:
            await req.json()
        except ValueError:
            res.status_code = 422
            res.end()

    client = testing.connect(http.create_server(handle))
    assert (await client.request("POST", "/", body="{")).status == 422


@pytest.mark.parametrize("cut", [lambda data: [data], bytewise], ids=["whole", "bytewise"])
async def test_the_cuts_of_the_network_do_not_matter(cut: Any) -> None:
    """A body reads the same."""

    async def handle(req: Any, res: Any) -> None:
        res.end(await req.bytes())

    client = testing.connect(http.create_server(handle))
    for packet in cut(C + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"):
        client.send(packet)
    assert (await client.answer()).body == b"abcde"
