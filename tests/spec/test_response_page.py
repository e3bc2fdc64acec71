"""The response: its tables, row by row: values, bytes, order of events, timeouts, errors."""

from __future__ import annotations

import errno
import json
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.kit.response_stage import (
    CHUNKED,
    GET10,
    HEAD,
    KEEP,
    Request,
    Writable,
    by_hand,
    code_of,
    fail_with,
    serve,
    settle,
)
from tests.kit.stage import GET, dateless, events
from writehead import errors, http, testing

BIG = b"x" * 300_000
POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


# -- the head on the wire ----------------------------------------------------------


def write_then_end(res: Any) -> None:
    res.write("a")
    res.end("b")


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (lambda res: res.end("hello"), f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 5||hello"),
        (write_then_end, f"HTTP/1.1 200 OK|Date: D|{KEEP}|{CHUNKED}||1|a|1|b|0||"),
        (lambda res: res.write_head(200, "").end(), f"HTTP/1.1 200 |Date: D|{KEEP}|{CHUNKED}||0||"),
    ],
)
def test_the_order_of_lines(handler: Any, text: str) -> None:
    """Status, the user's, Date, Connection, Keep-Alive, framing, an empty line."""
    assert serve(handler).text == text


def test_a_users_field_takes_the_place_of_an_automatic_one() -> None:
    """Spelled as given, in the user's block, value untouched."""

    def handler(res: Any) -> None:
        res.set_header("keep-alive", " timeout=9\t")
        res.set_header("CONTENT-length", "0")
        res.set_header("date", "today")
        res.set_header("connection", "keep-alive")
        res.end()

    assert serve(handler).text == (
        "HTTP/1.1 200 OK|keep-alive:  timeout=9\t|CONTENT-length: 0|date: today|connection: keep-alive||"
    )


def test_an_http_1_0_client_gets_the_same_status_line() -> None:
    """HTTP/1.1, always."""
    assert serve(lambda res: res.end("x"), GET10).text == "HTTP/1.1 200 OK|Date: D|Connection: close||x"


def test_no_date() -> None:
    """send_date off."""

    def handler(res: Any) -> None:
        res.send_date = False
        res.end()

    assert serve(handler).text == f"HTTP/1.1 200 OK|{KEEP}|Content-Length: 0||"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("text", "a: text|"),
        (" a\t", "a:  a\t|"),
        ("", "a: |"),
        (5, "a: 5|"),
        (0, "a: 0|"),
        (True, "a: true|"),
        (False, "a: false|"),
        (1.5, "a: 1.5|"),
        (5.0, "a: 5|"),
        (-0.0, "a: 0|"),
        (1e21, "a: 1e+21|"),
        (math.nan, "a: NaN|"),
        (math.inf, "a: Infinity|"),
        (["1", 2, True], "a: 1|a: 2|a: true|"),
        (("1", "2"), "a: 1|a: 2|"),
        ([], ""),
        ([["1", "2"], "3"], "a: 1,2|a: 3|"),
        (b"caf\xe9", "a: caf\xe9|"),
        ("caf\xe9", "a: caf\xe9|"),
    ],
)
def test_values_to_text(value: Any, lines: str) -> None:
    """By set_header, by write_head, and in the fast lane of `end` as in the general one."""

    def by_store(res: Any) -> None:
        res.set_header("a", value).end()

    def by_head(res: Any) -> None:
        res.write_head(200, {"a": value}).end()

    assert serve(by_store).text == f"HTTP/1.1 200 OK|{lines}Date: D|{KEEP}|Content-Length: 0||"
    assert serve(by_head).text == f"HTTP/1.1 200 OK|{lines}Date: D|{KEEP}|{CHUNKED}||0||"


def test_cookie_lists_are_one_line() -> None:
    """Set-Cookie lists are a line a cookie; a Cookie list of one is as any."""

    def handler(res: Any) -> None:
        res.set_header("cookie", ["a=1", "b=2"])
        res.set_header("Set-Cookie", ["a=1", "b=2"])
        res.end()

    assert serve(handler).head.startswith(
        "HTTP/1.1 200 OK|cookie: a=1; b=2|Set-Cookie: a=1|Set-Cookie: b=2|Date: D|"
    )


@pytest.mark.parametrize("names", [["X-A"], ["x-a"]])
def test_unique_headers_are_one_line(names: list[str]) -> None:
    """In any case; an empty list leaves the bare name."""

    def handler(res: Any) -> None:
        res.set_header("x-A", ["1", 2])
        res.end()

    assert "|x-A: 1; 2|" in serve(handler, unique_headers=names).head
    assert "|X-A: |" in serve(lambda res: res.set_header("X-A", []).end(), unique_headers=names).head


NAMES = "!#$%&'*+-.^_`|~09azAZ"


def test_the_characters_of_names() -> None:
    """Every character, one by one."""
    for code in (*range(0x180), 0x2028, 0x1F600):
        name = chr(code)
        res = by_hand()
        if name.isascii() and (name.isalnum() or name in NAMES):
            res.set_header(name, "x")
            res.add_trailers({name: "x"})
            http.validate_header_name(name)
        else:
            for call in (
                lambda name=name, res=res: res.set_header(name, "x"),  # type: ignore[misc]
                lambda name=name, res=res: res.add_trailers({"a" + name: "x"}),  # type: ignore[misc]
                lambda name=name: http.validate_header_name(name),  # type: ignore[misc]
            ):
                assert code_of(call) == "ERR_INVALID_HTTP_TOKEN", repr(name)


def test_the_characters_of_values() -> None:
    """Every character, one by one, with the strict parser and with the insecure one."""
    lenient = by_hand()
    lenient._lenient = True
    for code in (*range(0x180), 0x2028, 0x1F600):
        value = chr(code)
        strict_ok = code == 9 or 0x20 <= code <= 0x7E or 0x80 <= code <= 0xFF
        lenient_ok = 1 <= code <= 0xFF and code not in (10, 13)
        for res, ok in ((by_hand(), strict_ok), (lenient, lenient_ok)):
            if ok:
                res.set_header("a", "x" + value)
            else:
                assert code_of(lambda res=res: res.set_header("a", "x" + value)) == "ERR_INVALID_CHAR"  # type: ignore[misc]


# -- keep-alive lines ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("milliseconds", "line"),
    [(5000, "timeout=5"), (1500, "timeout=1"), (500, "timeout=0"), (72_000, "timeout=72"), (0, None)],
)
def test_the_keep_alive_line_says_whole_seconds(milliseconds: int, line: str | None) -> None:
    """Rounded down; none for 0."""
    head = serve(lambda res: res.end(), keep_alive_timeout=milliseconds).head
    assert f"Connection: keep-alive|{f'Keep-Alive: {line}|' if line else ''}Content-Length" in head


def test_max_requests_per_socket() -> None:
    """Says the number, always the same; the last allowed answer says close; what comes behind it gets a 503."""
    server = http.create_server({"maxRequestsPerSocket": 2}, lambda req, res: res.end("x"))
    client = testing.connect(server)
    client.send(GET)
    assert b"Keep-Alive: timeout=5, max=2\r\n" in client.received
    client.send(GET)
    assert client.received.endswith(b"Connection: close\r\nContent-Length: 1\r\n\r\nx")
    assert client.ended  # our decision: nobody waits for a next request
    client = testing.connect(server)
    client.send(GET * 3)
    assert client.received.count(b" 200 OK\r\n") == 2
    assert b"HTTP/1.1 503 Service Unavailable\r\n" in client.received


# -- state along a normal response ---------------------------------------------------

NAMED = ["finished", "writable_ended", "headers_sent", "writable_finished", "destroyed", "closed"]


def states(res: Any) -> str:
    text = "".join("T" if getattr(res, name) else "F" for name in NAMED)
    return f"{text} {'None' if res.socket is None else 'socket'}"


@pytest.mark.parametrize("close", [False, True])
def test_states_along_a_normal_response(close: bool) -> None:
    """The table of moments; the flags change at the same moments in both modes."""
    seen: list[str] = []

    def handler(res: Any) -> None:
        seen.append(states(res))
        res.on("finish", lambda: seen.append(states(res)))
        res.on("close", lambda: seen.append(states(res)))
        res.write_head(200, {"Content-Length": "1"})
        seen.append(states(res))
        res.end("x", lambda: seen.append(states(res)))
        seen.append(states(res))

    served = serve(handler, emit_close_after_finish=close)
    if not close:
        seen.append(states(served.res))
    assert seen == [
        "FFFFFF socket",
        "FFTFFF socket",
        "TTTTFF socket",
        "TTTTFF None",
        "TTTTFF None",
        "TTTTTT None",
    ]


def test_states_while_bytes_wait() -> None:
    """`writable_finished` is False until the last one is taken."""
    served = serve()
    served.client.stall()
    served.res.end(BIG)
    assert states(served.res) == "TTTFFF socket"
    served.client.take()
    assert states(served.res) == "TTTTTT None"


def test_states_after_a_cut() -> None:
    """Ended on a dead connection: `finished` turns True, `writable_finished` too, as nothing waits."""
    served = serve()
    served.client.reset()
    assert states(served.res).startswith("FFFFTT")
    served.res.end()
    assert states(served.res).startswith("TT")


# -- the order of events -------------------------------------------------------------


class Life:
    """One response; what happens to it is logged in order."""

    def __init__(
        self,
        handler: Callable[[Life], object],
        request: bytes,
        stalled: bool,
        close: bool,
        of_request: str = "aborted",
    ) -> None:
        self.log: list[str] = []
        self.res: Any = None
        self.server = server = http.create_server(emit_close_after_finish=close)
        server.on("connection", lambda socket: events(self.log, socket, "error end finish close", "socket "))
        server.on("clientError", lambda error, socket: self.log.append("clientError"))
        if request is POST:
            server.remove_all_listeners("clientError")

        def handle(req: Any, res: Any) -> None:
            self.res = res
            events(self.log, res, "finish close error drain")
            events(self.log, req, of_request, "req ")
            handler(self)
            self.log.append("returned")

        server.on("request", handle)
        self.client = testing.connect(server)
        if stalled:
            self.client.stall()
        self.client.send(request)

    def note(self, name: str) -> Callable[..., None]:
        def note(*args: Any) -> None:
            self.log.append(" ".join([name, *(getattr(each, "code", "") for each in args if each)]))

        return note


def w(life: Life) -> None:
    life.res.write("a", life.note("w"))


def e(life: Life) -> None:
    life.res.end("b", life.note("cb"))


def big_end(life: Life) -> None:
    life.res.end(BIG, life.note("cb"))


def status(code: int) -> Callable[[Life], None]:
    def set_status(life: Life) -> None:
        life.res.status_code = code

    return set_status


def destroyed(life: Life) -> None:
    life.log.append(f"destroyed {life.res.destroyed}")


def bad_next(life: Life) -> None:
    """Send what no request begins with, to a server that leaves the answer to the library."""
    life.server.remove_all_listeners("clientError")
    life.client.send("zz\r\n")
    life.log.append("sent")
    life.client.take()


def both(*steps: Callable[[Life], object]) -> Callable[[Life], None]:
    def run(life: Life) -> None:
        for step in steps:
            step(life)

    return run


def silent(life: Life) -> None:
    """Never answer."""


def late(life: Life) -> None:
    life.log.append(str(life.res.write("x", life.note("w"))))
    life.res.end("y", life.note("cb"))


GONE = "req aborted; socket close False; close"
RESET = "clientError; socket error ECONNRESET; req aborted; socket close True; close"

# Number: what the handler does; the request; whether the client reads; what follows; the log by default;
# the log with `emit_close_after_finish`, where it is another.
ROWS: dict[str, tuple[Any, bytes, bool, Any, str, str | None]] = {
    "1": (e, GET, True, None, "returned; finish; cb", "returned; finish; cb; close"),
    "2": (both(w, e), GET, True, None, "returned; w; finish; cb", "returned; w; finish; cb; close"),
    "3": (silent, GET, True, lambda life: (e(life), life.log.append("end returned")),
          "returned; end returned; finish; cb", "returned; end returned; finish; cb; close"),
    "4": (both(w, e), HEAD, True, None, "returned; w; finish; cb", "returned; w; finish; cb; close"),
    "4, 204": (both(status(204), w, e), GET, True, None, "returned; w; finish; cb", "returned; w; finish; cb; close"),
    "4, 304": (both(status(304), w, e), GET, True, None, "returned; w; finish; cb", "returned; w; finish; cb; close"),
    "5": (both(lambda life: life.res.set_header("Connection", "close"), e), GET, True, None,
          "returned; finish; cb; socket finish; socket close False",
          "returned; finish; cb; close; socket finish; socket close False"),
    "6": (big_end, GET, False, lambda life: (life.log.append("taken"), life.client.take()),
          "returned; taken; finish; cb", "returned; taken; finish; cb; close"),
    "7, FIN": (silent, GET, True, lambda life: life.client.end(),
               f"returned; socket end; socket finish; {GONE}", None),
    "7, RST": (silent, GET, True, lambda life: life.client.reset(),
               f"returned; {RESET}", None),
    "8, RST": (silent, GET, True, lambda life: (life.client.reset(), late(life)),
               f"returned; {RESET}; False; w ERR_STREAM_DESTROYED", None),
    "8": (silent, GET, True, lambda life: (life.client.end(), late(life)),
          f"returned; socket end; socket finish; {GONE}; False; w ERR_STREAM_DESTROYED", None),
    "9": (lambda life: life.res.write(BIG, life.note("w")), GET, False, lambda life: life.client.reset(),
          "returned; clientError; socket error ECONNRESET; w ECONNRESET; req aborted; socket close True; close",
          None),
    "10": (big_end, GET, False, lambda life: life.client.reset(),
           f"returned; {RESET}", None),
    "11": (both(lambda life: life.res.destroy(), destroyed), GET, True, None,
           f"destroyed True; returned; {GONE}", None),
    "11, error": (lambda life: life.res.destroy(ValueError()), GET, True, None,
                  "returned; clientError; socket error ; req aborted; socket close True; close", None),
    "12": (both(e, lambda life: life.res.destroy()), GET, True, None,
           "returned; finish; cb; socket close False", "returned; finish; cb; close; socket close False"),
    "13": (both(big_end, lambda life: life.res.destroy()), GET, False, None, f"returned; {GONE}", None),
    "14": (both(lambda life: life.res.on("finish", lambda: life.res.destroy()), e), GET, True, None,
           "returned; finish; cb", "returned; finish; cb; close"),
    "15": (e, GET, True, lambda life: life.res.destroy(), "returned; finish; cb",
           "returned; finish; cb; close"),
    "16": (both(lambda life: life.res.socket.destroy(), destroyed), GET, True, destroyed,
           f"destroyed False; returned; {GONE}; destroyed True", None),
    "17": (both(big_end, lambda life: life.res.socket.destroy()), GET, False, None, f"returned; {GONE}", None),
    "18": (both(lambda life: life.res.socket.end(), e), GET, True, lambda life: life.client.end(),
           f"returned; socket finish; socket end; {GONE}", None),
    "19": (lambda life: life.res.socket.set_timeout(50), GET, True,
           lambda life: life.client.clock.advance(100), f"returned; {GONE}", None),
    "20": (both(lambda life: life.res.socket.set_timeout(50), big_end), GET, False,
           lambda life: life.client.clock.advance(200), f"returned; {GONE}", None),
    "21, bad chunk": (silent, POST, True, lambda life: life.client.send("zz\r\n"),
                      "returned; socket error HPE_INVALID_CHUNK_SIZE; req aborted; socket close True; close", None),
    "21, late": (silent, POST, True, lambda life: life.client.clock.advance(400_000),
                 "returned; socket error ERR_HTTP_REQUEST_TIMEOUT; req aborted; socket close True; close", None),
    "22": (w, POST, True, lambda life: life.client.send("zz\r\n"),
           "returned; w; socket error HPE_INVALID_CHUNK_SIZE; req aborted; socket close True; close", None),
    "22, late": (w, POST, True, lambda life: life.client.clock.advance(400_000),
                 "returned; w; socket error ERR_HTTP_REQUEST_TIMEOUT; req aborted; socket close True; close", None),
    # Our decision: nothing is cut, the bare 400 takes its turn.
    "23": (big_end, GET, False, bad_next,
           "returned; sent; finish; cb; socket error HPE_INVALID_METHOD; socket close True",
           "returned; sent; finish; cb; close; socket error HPE_INVALID_METHOD; socket close True"),
    "24": (e, GET, True, lambda life: life.client.end(),
           "returned; finish; cb; socket end; socket finish; socket close False",
           "returned; finish; cb; close; socket end; socket finish; socket close False"),
    "25": (silent, GET, True, lambda life: (life.client.end(), e(life)),
           f"returned; socket end; socket finish; {GONE}", None),
    "26": (big_end, GET, False, lambda life: (life.client.end(), life.client.take()),
           "returned; socket end; finish; cb; socket finish; socket close False",
           "returned; socket end; finish; cb; close; socket finish; socket close False"),
}  # fmt: skip

SENT = {
    "12": f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 1||b",
    "18": "",
    "19": "",
    "21, bad chunk": "HTTP/1.1 400 Bad Request|Connection: close||",
    "21, late": "HTTP/1.1 408 Request Timeout|Connection: close||",
    "22, late": f"HTTP/1.1 200 OK|Date: D|{KEEP}|{CHUNKED}||1|a|",
    "24": f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 1||b",
    "25": "",
}
SENT["22"] = SENT["22, late"]
SENT["4, 204"] = f"HTTP/1.1 204 No Content|Date: D|{KEEP}||"
SENT["4, 304"] = f"HTTP/1.1 304 Not Modified|Date: D|{KEEP}||"


@pytest.mark.parametrize("close", [False, True], ids=["one ending", "close after finish"])
@pytest.mark.parametrize("row", ROWS)
def test_the_order_of_events(row: str, close: bool) -> None:
    """Row by row of the table, in both modes; also what the client got."""
    handler, request, reads, then, by_default, with_close = ROWS[row]
    life = Life(handler, request, not reads, close)
    if then is not None:
        then(life)
        settle()
    expected = with_close if close and with_close is not None else by_default
    assert "; ".join(life.log).replace("socket timeout; ", "") == expected
    if row in SENT:
        assert dateless(life.client.received).decode().replace("\r\n", "|") == SENT[row]
    assert life.client.closed is ("socket close" in expected)


def test_every_row_is_there() -> None:
    """The table has 26."""
    assert {row.partition(",")[0] for row in ROWS} == {str(number) for number in range(1, 27)}


@pytest.mark.parametrize("close", [False, True], ids=["one ending", "close after finish"])
@pytest.mark.parametrize("row", [row for row, (*_, log, _) in ROWS.items() if "req aborted" in log])
def test_the_request_closes_behind_the_response(row: str, close: bool) -> None:
    """Aborted before the socket's 'close'; 'error' and 'close' behind that of the response."""
    handler, request, reads, then, by_default, _ = ROWS[row]
    life = Life(handler, request, not reads, close, "aborted error close")
    if then is not None:
        then(life)
        settle()
    log = [entry for entry in life.log if entry.startswith(("req", "socket close")) or entry == "close"]
    kept = [
        entry
        for entry in by_default.split("; ")
        if entry.startswith(("req", "socket close")) or entry == "close"
    ]
    assert log == [*kept, "req error ECONNRESET", "req close"]


def test_a_bad_next_request_waits_for_the_answer_before_it() -> None:
    """Row 23 with our decision: nothing is cut, the bare 400 takes its turn."""
    server_log: list[str] = []
    server = http.create_server(lambda req, res: res.end(BIG, lambda: server_log.append("cb")))
    client = testing.connect(server)
    client.stall()
    client.send(GET + b"zz\r\n")
    assert server_log == []
    client.take()
    assert server_log == ["cb"]
    assert client.received.endswith(b"x" * 9 + b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    assert client.ended


def test_a_response_that_is_never_ended() -> None:
    """No event until the connection goes."""
    life = Life(w, GET, False, False)
    assert life.log == ["returned", "w"]
    life.client.end()
    assert life.log[-1] == "close"


def test_flags_when_the_client_has_gone() -> None:
    """`errored` is None for the response in progress, ECONNRESET for one that waited."""
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET + GET)
    client.reset()
    assert [(res.destroyed, res.closed, getattr(res.errored, "code", None)) for res in held] == [
        (True, True, None),
        (True, True, "ECONNRESET"),
    ]


# -- pipelining ----------------------------------------------------------------------


class Two:
    """Two requests in one packet; the handler keeps the responses."""

    def __init__(self, **options: Any) -> None:
        self.log: list[Any] = []
        self.held: list[Any] = []
        server = http.create_server(options)
        server.on("request", self.keep)
        self.client = testing.connect(server)
        self.client.send(GET + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        self.first, self.second = self.held

    def keep(self, req: Any, res: Any) -> None:
        number = str(len(self.held) + 1)
        self.held.append(res)
        events(self.log, res, "finish close drain", number + " ")
        res.on("socket", lambda socket: self.log.append(f"{number} socket"))
        events(self.log, req, "aborted", f"req {number} ")


def test_the_second_waits_without_a_socket() -> None:
    """Its handler has run; `req.socket` is the socket; writes are queued and counted."""
    two = Two(high_water_mark=200)
    second = two.second
    assert second.socket is None
    assert second.req.socket is two.first.socket
    assert second.write("x")
    assert not second.write("x" * 100)
    assert second.headers_sent
    second.end("y")
    assert (second.finished, second.writable_finished) == (True, False)
    assert second.writable_length > 200
    settle()
    assert two.client.received == b""
    assert two.log == []


def test_the_second_gets_the_socket_before_the_listeners_of_the_first() -> None:
    """'socket', its queued bytes, 'drain' if owed; then 'finish' of the first; then its own."""
    two = Two(high_water_mark=200)
    two.second.write("x" * 300, lambda: two.log.append("2 w"))
    two.first.end("1")
    settle()
    assert two.log == ["2 socket", "2 drain", "1 finish", "2 w"]
    two.second.end()
    settle()
    assert two.log[-1] == "2 finish"


def test_the_answers_of_two() -> None:
    """In order, whoever ends first."""
    two = Two()
    two.second.end("2")
    settle()
    two.first.end("1")
    settle()
    one = f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 1||"
    assert dateless(two.client.received).decode().replace("\r\n", "|") == f"{one}1{one}2"
    assert two.log == ["2 socket", "1 finish", "2 finish"]


def test_a_timeout_set_while_waiting() -> None:
    """Is applied to the socket when it comes."""
    two = Two()
    two.second.set_timeout(50)
    assert two.first.socket.timeout is None
    two.first.end()
    settle()
    assert two.second.socket.timeout == 50


def test_informational_calls_and_corks_while_waiting() -> None:
    """Are queued, and remembered."""
    two = Two()
    two.second.write_processing()
    two.second.cork()
    two.second.write("a")
    two.second.write("b")
    two.first.end("1")
    settle()
    assert two.second.writable_corked == 1
    two.second.uncork()
    two.second.end()
    settle()
    text = dateless(two.client.received).decode().replace("\r\n", "|")
    processing = f"1HTTP/1.1 102 Processing||HTTP/1.1 200 OK|Date: D|{KEEP}|{CHUNKED}||"
    assert text.endswith((f"{processing}1|a|1|b|0||", f"{processing}2|ab|0||"))  # either split conforms


def test_two_lose_their_connection() -> None:
    """Both requests are aborted; both responses close, in order; no finish, no callback of the second."""
    two = Two()
    two.second.end("2", lambda: two.log.append("2 cb"))
    two.client.end()
    assert two.log == ["req 1 aborted", "req 2 aborted", "1 close", "2 close"]
    assert two.second.errored.code == "ECONNRESET"
    assert two.first.errored is None


def test_the_first_closes_the_connection() -> None:
    """The second gets 'close', and nothing of it is sent."""
    two = Two()
    two.second.end("2")
    two.first.set_header("Connection", "close").end("1")
    settle()
    assert two.client.received.endswith(b"Content-Length: 1\r\n\r\n1")
    assert two.client.ended
    assert two.log == ["1 finish", "req 2 aborted", "2 close"]


def test_the_second_is_destroyed_while_waiting() -> None:
    """'close' on the next turn, socket untouched; in its turn the connection is destroyed."""
    two = Two()
    two.second.write("x")
    two.second.destroy()
    assert "2 close" not in two.log
    settle()
    assert "2 close" in two.log
    assert not two.client.ended
    two.first.end("1")
    settle()
    assert two.client.received.endswith(b"\r\n\r\n1")
    assert two.client.closed


# -- timeouts ------------------------------------------------------------------------


def test_a_timeout_is_told_to_request_response_and_server() -> None:
    """In that order, each with the socket, the request only if it is not complete; then the socket's own."""
    log: list[Any] = []
    server = http.create_server()

    def handle(req: Any, res: Any) -> None:
        socket = res.socket
        socket.on("timeout", lambda: log.append("socket"))
        req.on("timeout", lambda s: log.append(("req", s is socket)))
        res.on("timeout", lambda s: log.append(("res", s is socket)))
        assert res.set_timeout(50, lambda s: log.append(("callback", s is socket))) is res

    server.on("request", handle)
    server.on("timeout", lambda s: log.append("server"))
    client = testing.connect(server)
    client.send(POST)
    client.clock.advance(49)
    assert log == []
    client.clock.advance(1)
    assert log == [("req", True), ("res", True), ("callback", True), "server", "socket"]
    assert not client.ended
    client.clock.advance(500)
    assert len(log) == 5  # once per idle period
    client.send("1\r\na\r\n")
    client.clock.advance(60)
    assert len(log) == 10


def test_every_callback_of_set_timeout_is_a_listener() -> None:
    """Added at each call, not replaced, not once."""
    log: list[int] = []
    served = serve()
    served.res.set_timeout(50, lambda socket: log.append(1))
    served.res.set_timeout(timedelta(milliseconds=60), lambda socket: log.append(2))
    served.client.clock.advance(60)
    assert log == [1, 2]
    served.res.write("x")
    settle()
    served.client.clock.advance(60)
    assert log == [1, 2, 1, 2]


@pytest.mark.parametrize("on_socket", [False, True])
def test_a_timeout_that_nobody_hears_destroys_the_socket(on_socket: bool) -> None:
    """Without an answer; a listener on the socket alone does not prevent it."""
    served = serve()
    if on_socket:
        served.res.socket.on("timeout", id)
        served.res.socket.remove_all_listeners("timeout")
        served.res.socket.on("timeout", lambda: None)
    served.res.set_timeout(50)
    served.client.clock.advance(50)
    assert served.client.closed
    assert served.bytes == b""


def test_a_complete_request_hears_no_timeout() -> None:
    """Its set_timeout alone destroys the socket."""
    log: list[Any] = []
    served = serve()
    served.req.set_timeout(50, log.append)
    served.client.clock.advance(50)
    assert (log, served.client.closed) == ([], True)


def test_a_timeout_of_0_switches_off() -> None:
    """Nothing comes."""
    served = serve()
    served.res.set_timeout(50).set_timeout(0)
    served.client.clock.advance(10_000)
    assert not served.client.closed


def test_after_finish_the_idle_clock_is_the_servers() -> None:
    """keep_alive_timeout and its buffer; the next request has none of it."""
    served = serve(lambda res: res.set_timeout(50, lambda socket: None).end())
    assert not served.client.closed
    served.client.clock.advance(5900)
    assert not served.client.closed
    served.client.clock.advance(200)
    assert served.client.closed


@pytest.mark.parametrize(("keep_alive", "then"), [(3000, (3500, 70_000)), (0, (50.5, 50.5))])
def test_what_the_socket_says_of_its_timeout(keep_alive: int, then: tuple[float, float]) -> None:
    """The server's; the response's; that of the keep-alive wait; the server's again."""
    seen: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        seen.append(res.socket.timeout)
        res.set_timeout(50.5)
        seen.append(res.socket.timeout)
        res.end()

    server = http.create_server(
        handle, timeout=70_000, keep_alive_timeout=keep_alive, keep_alive_timeout_buffer=500
    )
    client = testing.connect(server)
    client.send(GET)
    socket = client.socket
    assert seen == [70_000, 50.5]
    assert socket.timeout == then[0]
    client.send(GET)
    assert seen[2:] == [then[1], 50.5]
    client.end()
    assert socket.destroyed
    assert socket.timeout == 50.5


def test_with_keep_alive_timeout_0_the_timeout_of_the_response_stays() -> None:
    """And may end the idle connection."""
    served = serve(lambda res: res.set_timeout(50).end(), keep_alive_timeout=0)
    served.client.clock.advance(50)
    assert served.client.closed


# -- errors --------------------------------------------------------------------------


def _raise_body() -> None:
    res = by_hand("HEAD", reject_non_standard_body_writes=True)
    res.write("x")


def _raise_mismatch() -> None:
    res = by_hand()
    res.strict_content_length = True
    res.set_header("Content-Length", 1).end("xy")


def _sent() -> Any:
    return by_hand().write_head(200)


def _assign_twice() -> None:
    writable = Writable()
    by_hand().assign_socket(writable)
    by_hand().assign_socket(writable)


RAISED: list[tuple[str, Callable[[], Any], tuple[type[Exception], ...], str]] = [
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().set_header("a", "1"), (RuntimeError,), "set"),
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().append_header("a", "1"), (RuntimeError,), "append"),
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().remove_header("a"), (RuntimeError,), "remove"),
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().write_head(200), (RuntimeError,), "write"),
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().write_continue(), (RuntimeError,), "write"),
    ("ERR_INVALID_HTTP_TOKEN", lambda: by_hand().set_header("a b", "1"), (TypeError, ValueError), "a b"),
    ("ERR_INVALID_HTTP_TOKEN", lambda: by_hand().add_trailers({"a b": "1"}), (TypeError, ValueError), "Trailer name"),
    ("ERR_INVALID_HTTP_TOKEN", lambda: http.validate_header_name("a b", "My name"), (TypeError,), "My name"),
    ("ERR_HTTP_INVALID_HEADER_VALUE", lambda: by_hand().set_header("x-a", None), (TypeError, ValueError), "x-a"),
    ("ERR_HTTP_INVALID_HEADER_VALUE", lambda: http.validate_header_value("x-a", None), (TypeError,), "x-a"),
    ("ERR_INVALID_CHAR", lambda: by_hand().set_header("x-a", "\n"), (TypeError, ValueError), "x-a"),
    ("ERR_INVALID_CHAR", lambda: http.validate_header_value("x-a", "\n"), (TypeError, ValueError), "x-a"),
    ("ERR_INVALID_CHAR", lambda: by_hand().add_trailers({"x-a": "\n"}), (TypeError,), "trailer"),
    ("ERR_INVALID_CHAR", lambda: by_hand().write_head(200, "\n"), (TypeError,), "statusMessage"),
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().write(5), (TypeError,), "int"),
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().get_header(5), (TypeError,), "name"),  # type: ignore[arg-type]
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().set_headers(5), (TypeError,), "headers"),  # type: ignore[arg-type]
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().set_timeout("5"), (TypeError,), "msecs"),
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().set_timeout(5, "x"), (TypeError,), "callback"),  # type: ignore[arg-type]
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().write_early_hints("x"), (TypeError,), "hints"),  # type: ignore[arg-type]
    ("ERR_INVALID_ARG_VALUE", lambda: by_hand().write_head(200, ["a"]), (TypeError, ValueError), "headers"),
    ("ERR_INVALID_ARG_VALUE", lambda: by_hand().write_early_hints({"link": "x"}), (TypeError, ValueError), "hints"),
    ("ERR_OUT_OF_RANGE", lambda: by_hand().write_information(200), (ValueError,), "200"),
    ("ERR_OUT_OF_RANGE", lambda: by_hand().set_timeout(-1), (ValueError,), "-1"),
    ("ERR_HTTP_INVALID_STATUS_CODE", lambda: by_hand().write_head(99), (ValueError,), "99"),
    ("ERR_HTTP_INVALID_STATUS_CODE", lambda: by_hand().write_information(101), (ValueError,), "101"),
    ("ERR_HTTP_TRAILER_INVALID", lambda: by_hand("HEAD").write_head(200, {"trailer": "x"}), (RuntimeError,), "railer"),
    ("ERR_HTTP_CONTENT_LENGTH_MISMATCH", _raise_mismatch, (RuntimeError,), "2"),
    ("ERR_HTTP_BODY_NOT_ALLOWED", _raise_body, (RuntimeError,), "content"),
    ("ERR_HTTP_SOCKET_ASSIGNED", _assign_twice, (RuntimeError,), "assigned socket"),
    ("ERR_INTERNAL_ASSERTION", lambda: by_hand().detach_socket(Writable()), (RuntimeError,), "carry"),
    ("ERR_METHOD_NOT_IMPLEMENTED", lambda: http.OutgoingMessage().write("x"), (NotImplementedError,), "implicit"),
    ("ERR_STREAM_NULL_VALUES", lambda: by_hand().write(None), (TypeError,), "None"),
    ("ERR_UNKNOWN_ENCODING", lambda: by_hand().write("x", "nope"), (TypeError, ValueError), "nope"),
    ("ERR_UNKNOWN_ENCODING", lambda: by_hand().end("x", "nope"), (TypeError, ValueError), "nope"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "call", "classes", "says"), RAISED)
def test_what_is_raised(code: str, call: Any, classes: tuple[type[Exception], ...], says: str) -> None:
    """Code, class, and what the message tells."""
    error = fail_with(call)
    assert isinstance(error, errors.HTTPError)
    assert error.code == code
    for each in classes:
        assert isinstance(error, each)
    assert says in str(error)


def test_what_is_told() -> None:
    """Errors of callbacks and events: code and class."""
    told: list[Any] = []
    res = by_hand()
    res.on("error", told.append)
    res.end()
    res.write("x")
    res.pipe()
    gone = by_hand()
    gone.destroy()
    gone.write("x", told.append)
    w = Writable()
    again = by_hand()
    again.assign_socket(w)
    again.end()
    again.end(told.append)
    settle()
    assert {error.code for error in told} == {
        "ERR_STREAM_WRITE_AFTER_END",
        "ERR_STREAM_CANNOT_PIPE",
        "ERR_STREAM_DESTROYED",
        "ERR_STREAM_ALREADY_FINISHED",
    }
    assert all(isinstance(error, RuntimeError) for error in told)


@pytest.mark.parametrize(
    ("cause", "code"), [(ConnectionResetError(errno.ECONNRESET, "reset"), "ECONNRESET"), (None, "EPIPE")]
)
def test_write_callbacks_hear_what_the_system_says(cause: Any, code: str) -> None:
    """An OSError with the system's code and text."""
    told: list[Any] = []
    served = serve(lambda res: res.flush_headers())
    served.client.stall()
    served.res.write(BIG, told.append)
    settle()
    served.client.transport.feed(cause or BrokenPipeError(errno.EPIPE, "pipe"))
    settle()
    (error,) = told
    assert isinstance(error, OSError)
    assert error.code == code  # type: ignore[attr-defined]


# -- status codes --------------------------------------------------------------------


def test_status_codes() -> None:
    """63 of them; those that Python spells otherwise among them."""
    codes = http.STATUS_CODES
    assert len(codes) == 63
    assert (codes[413], codes[414], codes[416], codes[422], codes[418], codes[509]) == (
        "Payload Too Large",
        "URI Too Long",
        "Range Not Satisfiable",
        "Unprocessable Entity",
        "I'm a Teapot",
        "Bandwidth Limit Exceeded",
    )


@pytest.mark.parametrize("code", [205, 226, 308, 418, 451, 511])
def test_the_phrase_is_the_tables(code: int) -> None:
    """205 is an ordinary status: it has a body."""

    def handler(res: Any) -> None:
        res.status_code = code
        res.end(json.dumps({}))

    served = serve(handler)
    assert served.head.startswith(f"HTTP/1.1 {code} {http.STATUS_CODES[code]}|")
    assert served.body == b"{}"


def test_a_request_by_hand_has_what_is_read() -> None:
    """Options of the constructor: positional, by keyword, in one mapping."""
    assert http.ServerResponse(Request(), 5).writable_high_water_mark == 5
    assert http.ServerResponse(Request(), high_water_mark=6).writable_high_water_mark == 6
    assert http.ServerResponse(Request(), {"high_water_mark": 7}).writable_high_water_mark == 7


def test_a_waiting_response_that_is_destroyed_and_lost() -> None:
    """Closes once."""
    two = Two()
    two.second.destroy()
    two.client.transport.feed(None)
    settle()
    assert two.log.count("2 close") == 1


def test_a_response_destroyed_in_the_close_of_another() -> None:
    """Closes once, too."""
    log: list[int] = []
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET * 3)
    held[1].on("close", lambda: held[2].destroy())
    held[2].on("close", lambda: log.append(2))
    client.end()
    assert log == [2]
