"""One response into HTTP/1 bytes: parked or first in line, whole or in pieces."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.kit.check_exchange import Basin, Head, check_exchange, note
from tests.kit.received import read_http1
from writehead._http1.exchange import ALL_TAKEN, Http1Exchange
from writehead._loop.ticks import TickQueue, tick_queue
from writehead._native.choice import LARGE
from writehead.errors import TrailerInvalidError
from writehead.testing import settle

KEEP = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
CHUNKED = KEEP + b"Transfer-Encoding: chunked\r\n\r\n"


WHOLE = re.compile(
    rb"HTTP/1.1 200 OK\r\nDate: [^\r]*\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nall"
)


def make(head: Head) -> Http1Exchange:
    exchange = Http1Exchange()
    exchange.response = head
    return exchange


def begun(
    *fields: tuple[str, Any], sink: Basin | None = None, **facts: Any
) -> tuple[Http1Exchange, Basin, Head]:
    """Return an exchange whose head is rendered and held."""
    head = Head(*fields, **facts)
    exchange = make(head)
    sink = sink or Basin(mark=1 << 30)
    exchange.attach(sink)
    exchange.begin(head.made())
    return exchange, sink, head


class Line:
    """A connection, as an exchange sees it."""

    def __init__(self) -> None:
        self.ticks: TickQueue = tick_queue()
        self.parked = 0
        self.retired: list[Http1Exchange] = []

    def on_queued(self, size: int) -> None:
        self.parked += size

    def retire(self, exchange: Http1Exchange) -> None:
        self.retired.append(exchange)


def test_the_kit() -> None:
    """HTTP/1 keeps the promises of the seam."""
    check_exchange(make, read_http1)


def test_the_head_is_held_and_joins_the_first_bytes() -> None:
    """`begin` sends nothing; a small first piece travels with the head."""
    exchange, sink, _ = begun()
    assert sink.pending == 0
    sink.slow = True
    exchange.write(b"abc", None)
    assert sink.passed == [CHUNKED + b"3\r\nabc\r\n"]


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, LARGE + 1])
def test_large_pieces_are_not_copied(size: int) -> None:
    """They are handed down as they are, between their frame."""
    data = b"x" * size
    exchange, sink, _ = begun(sink=Basin(slow=True))
    exchange.write(data, None)
    exchange.end(data, [("A", "1")])
    frame = b"%x\r\n" % size
    assert b"".join(sink.passed) == CHUNKED + (frame + data + b"\r\n") * 2 + b"0\r\nA: 1\r\n\r\n"
    assert any(part is data for part in sink.passed) is (size >= LARGE)


@pytest.mark.parametrize("size", [LARGE - 1, LARGE])
def test_a_large_whole_body(size: int) -> None:
    """The same behind a head of its own."""
    data = b"x" * size
    exchange, sink, _ = begun(length=size, sink=Basin(slow=True))
    exchange.end(data, ())
    assert b"".join(sink.passed) == KEEP + b"Content-Length: %d\r\n\r\n" % size + data
    assert any(part is data for part in sink.passed) is (size >= LARGE)


@pytest.mark.parametrize(
    ("facts", "written", "ended"),
    [
        ({}, b"1\r\na\r\n", b"1\r\nb\r\n0\r\n\r\n"),
        ({"fields": [("Content-Length", 2)]}, b"a", b"b"),
        ({"fields": [("Transfer-Encoding", "gzip")]}, b"a", b"b"),
        ({"may_chunk": False}, b"a", b"b"),
        ({"for_head": True}, b"", b""),
        ({"status": 204, "reason": "No Content"}, b"", b""),
    ],
)
def test_the_forms_of_a_body(facts: dict[str, Any], written: bytes, ended: bytes) -> None:
    """Chunked, raw, none."""
    exchange, sink, head = begun(*facts.pop("fields", ()), **facts)
    exchange.write(b"a", note(head.log, "written"))
    body = sink.taken.partition(b"\r\n\r\n")[2]
    assert body == written
    exchange.end(b"b", ())
    settle()
    assert sink.taken.partition(b"\r\n\r\n")[2] == written + ended
    assert sorted(head.log) == ["flushed", "written"]


def test_a_trailer_field_that_does_not_fit_changes_nothing() -> None:
    """The head is not begun."""
    exchange = make(head := Head(("Trailer", "x"), ("Content-Length", 1)))
    with pytest.raises(TrailerInvalidError):
        exchange.begin(head.made())
    assert exchange._head is None
    assert not exchange.chunked


@pytest.mark.parametrize(
    ("fields", "promised"),
    [
        ([], None),
        ([("Content-Length", 3)], "3"),
        ([("Content-Length", "x")], "x"),
        ([("Content-Length", 3), ("Transfer-Encoding", "chunked")], None),
        ([("Content-Length", 3), ("Transfer-Encoding", "gzip")], None),
    ],
)
def test_what_the_user_has_promised(fields: list[Any], promised: str | None) -> None:
    """The length, where it is in force."""
    exchange, _, _ = begun(*fields)
    assert exchange.promised == promised


def test_no_length_is_promised_without_a_body() -> None:
    """HEAD may announce any."""
    assert begun(("Content-Length", 3), for_head=True)[0].promised is None


@pytest.mark.parametrize(
    ("fields", "keeps", "stays"),
    [
        ([], None, True),
        ([("Connection", "keep-alive")], True, True),
        ([("Connection", "close")], None, False),
    ],
)
def test_who_decides_that_the_connection_stays(fields: list[Any], keeps: bool | None, stays: bool) -> None:
    """The user's own field, or the rules."""
    exchange, _, _ = begun(*fields)
    assert (exchange.keep_reads, exchange.stays) == (keeps, stays)


def test_a_closing_server_promises_nothing() -> None:
    """`must_close` outweighs the client's wish."""
    exchange = make(head := Head(length=0))
    exchange.must_close = True
    exchange.attach(sink := Basin())
    exchange.begin(head.made())
    exchange.end(None, ())
    assert sink.taken == b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert not exchange.stays


@pytest.mark.parametrize(("field", "last"), [((), True), ((("Connection", "x"),), False)])
def test_the_last_request_allowed(field: tuple[Any, ...], last: bool) -> None:
    """It says close, unless the user has said otherwise."""
    exchange = make(head := Head(*field, length=0))
    exchange.last_allowed = True
    exchange.begin(head.made())
    assert exchange.stays
    assert exchange.last_allowed is last


def test_an_expect_field_sends_the_head_at_once() -> None:
    """As Node does."""
    _, sink, _ = begun(("Expect", "x"))
    assert sink.taken.startswith(b"HTTP/1.1 200 OK\r\nExpect: x\r\n")


def test_flush_sends_the_held_head_once() -> None:
    """To the sink, or into the park."""
    exchange, sink, _ = begun()
    exchange.flush()
    exchange.flush()
    assert sink.taken == CHUNKED
    parked = make(head := Head())
    parked.begin(head.made())
    parked.flush()
    assert parked.pending == len(CHUNKED)


def test_corked_chunks_are_merged() -> None:
    """Behind a head that was sent; their callbacks come after them, in order."""
    exchange, sink, head = begun()
    exchange.flush()
    exchange.cork()
    exchange.cork()
    assert sink.corks == 2
    exchange.write(b"a", note(head.log, "a"))
    exchange.write(b"", note(head.log, "empty"))
    exchange.write(b"bc", None)
    exchange.write(b"d", note(head.log, "d"))
    assert not exchange.uncork()
    assert exchange.uncork()
    assert not exchange.uncork()
    sink.take()
    assert sink.corks == 0
    assert sink.taken == CHUNKED + b"4\r\nabcd\r\n"
    assert sorted(head.log) == ["a", "d", "empty"]
    exchange.cork()
    exchange.write(b"e", None)
    assert exchange.uncork()
    sink.take()
    assert sink.taken.endswith(b"1\r\ne\r\n")


def test_a_corked_write_says_wait_by_what_is_merged() -> None:
    """At the mark of the message."""
    exchange, _, _ = begun()
    exchange.flush()
    exchange.cork()
    assert exchange.write(b"x" * 99, None)
    assert not exchange.write(b"x", None)


def test_a_parked_exchange_counts_for_its_line() -> None:
    """And no more once it is let out, given up, or the connection is gone."""
    for leave in ("attach", "abort", "drop"):
        exchange = make(head := Head())
        exchange.connection = line = Line()
        exchange.begin(head.made())
        exchange.write(b"abc", None)
        assert line.parked == exchange.pending == len(CHUNKED) + 8
        getattr(exchange, leave)(*{"attach": [Basin()], "abort": [None], "drop": []}[leave])
        assert (line.parked, exchange.pending) == (0, 0)
        assert exchange.void is (leave == "abort")


def test_what_was_dropped_was_refused() -> None:
    """Only if there was something."""
    exchange = make(head := Head())
    exchange.drop()
    assert not exchange.refused
    exchange.begin(head.made())
    exchange.flush()
    exchange.drop()
    assert exchange.refused


def test_a_sink_that_takes_nothing_any_more() -> None:
    """The end is refused, and never flushed."""
    for whole in (False, True):
        exchange, _, head = begun(length=0, sink=Basin(refuses=True))
        if whole:
            exchange.respond(200, None, b"all")
        else:
            exchange.end(None, ())
        settle()
        assert exchange.refused
        assert head.log == []


def test_a_whole_answer() -> None:
    """To the sink, or into the park, where it counts."""
    exchange, sink, head = begun()
    exchange.respond(200, None, b"all")
    settle()
    assert WHOLE.fullmatch(sink.taken)
    assert head.log == ["flushed"]
    for line in (None, Line()):
        parked = make(Head())
        parked.connection = line
        parked.respond(200, None, b"all")
        assert parked.pending > 100
        assert line is None or line.parked == parked.pending


def test_a_flushed_exchange_leaves_its_line() -> None:
    """The line tells the response, when it has seen to the request."""
    exchange, _, head = begun(length=0)
    exchange.connection = line = Line()
    exchange.end(None, ())
    settle()
    assert line.retired == [exchange]
    assert head.log == []


def test_an_exchange_without_a_response() -> None:
    """Parks with the usual mark, and ends without a word."""
    exchange = Http1Exchange()
    assert exchange.inform(100, [], None)
    assert not exchange.inform(103, [("A", "x" * 65536)], None)
    exchange.begin(Head().made())
    exchange.flush()
    exchange.cork()
    assert exchange.write(b"x", None)
    exchange.on_passed(None)
    assert exchange.stage == ALL_TAKEN


def test_gathering() -> None:
    """A whole parked answer may leave with the one before it; any other not."""
    exchange = make(head := Head())
    exchange.connection = line = Line()
    assert exchange.gather() is None
    exchange.respond(200, None, b"all")
    size = exchange.pending
    assert WHOLE.fullmatch(exchange.gather() or b"")
    assert exchange.pending == 0
    assert line.parked == size  # the line counts what it gathers
    exchange.attach(Basin())
    settle()
    assert line.retired == [exchange]
    in_pieces = make(head)
    in_pieces.begin(head.made())
    in_pieces.flush()
    in_pieces.end(b"x", ())
    assert in_pieces.gather() is None
    closing = make(Head())
    closing.begin(Head(keep=False).made())
    closing.end(None, ())
    assert closing.gather() is None
    alone = make(Head())
    alone.respond(200, None, b"all")
    assert WHOLE.fullmatch(alone.gather() or b"")


def test_a_parked_exchange_that_is_corked() -> None:
    """The corks come along; nothing is forced out."""
    exchange = make(head := Head())
    exchange.begin(head.made())
    exchange.cork()
    exchange.write(b"a", None)
    sink = Basin(slow=True)
    exchange.attach(sink)
    assert sink.corks == 1
    assert sink.passed == [CHUNKED + b"1\r\na\r\n"]
    exchange.detach()
    assert exchange.socket is None
    assert exchange.mark is None


def test_where_small_chunks_may_go_straight() -> None:
    """To the sink, once the head is sent, chunked, and nothing is corked."""
    exchange, sink, _ = begun()
    assert exchange.pieces() is None
    exchange.flush()
    assert exchange.pieces() is sink.gathered
    assert exchange.mark == sink.mark
    exchange.cork()
    assert exchange.pieces() is None
    for fields, facts in (
        ([("Content-Length", 1)], {}),
        ([("Transfer-Encoding", "chunked")], {"for_head": True}),
    ):
        other, _, _ = begun(*fields, **facts)
        other.flush()
        assert other.pieces() is None


def test_informational_bytes() -> None:
    """At once to the sink; where none may be sent, nothing but the callback."""
    exchange, sink, head = begun(sink=Basin(mark=30, slow=True))
    assert exchange.inform(100, [], note(head.log, "sent"))
    assert not exchange.inform(102, [("A", "b")], None)
    sink.take()
    exchange.informs = False
    assert exchange.inform(102, [], note(head.log, "nothing")) is True
    settle()
    assert (sink.taken, head.log) == (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: b\r\n\r\n",
        ["sent", "nothing"],
    )


def test_a_sink_that_waits_is_asked_to_settle() -> None:
    """By who asks how much is pending; parked, nothing."""
    asked: list[str] = []

    class Asked(Basin):
        def settle(self) -> None:
            asked.append("settle")

    exchange, _, _ = begun(sink=Asked())
    exchange.settle()
    Http1Exchange().settle()
    assert asked == ["settle"]


def test_settled_or_not() -> None:
    """The last bytes are asked for on a later turn; detached, they count as taken."""
    exchange, sink, head = begun(length=0, sink=Basin(slow=True))
    exchange.end(None, ())
    exchange.on_settled()
    assert head.log == []
    sink.take()
    assert head.log == ["flushed"]
    other = make(other_head := Head())
    other.on_settled()
    assert other_head.log == ["flushed"]
