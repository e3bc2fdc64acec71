"""ServerResponse: its states and the order of its events, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.response_stage import CHUNKED, HEAD, KEEP, serve, settle
from tests.kit.stage import GET, events
from writehead import http, testing

BIG = b"x" * 300_000
POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


# -- state along a normal response ---------------------------------------------

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


# -- the order of events -------------------------------------------------------


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
