"""The kit that each wire has to pass: an exchange keeps order and back-pressure, and ends once.

`check_exchange(make, read)` is given what makes an exchange for a response side, and what reads its bytes
back; it returns nothing and asserts. The sink is a real one, in memory: it takes bytes when it is told to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.kit.received import Received
from writehead._loop.ticks import later
from writehead._native.choice import Chunks
from writehead._semantics.exchange import (
    REMOVED_LENGTH,
    REMOVED_TRANSFER_ENCODING,
    Entry,
    Exchange,
    ResponseHead,
)
from writehead.errors import InvalidCharError
from writehead.testing import settle


class Basin:
    """A sink in memory; `take()` lets the system take what was passed on.

    Args:
        slow: nothing is taken by itself.
        refuses: it takes no end any more.
        reading: in the middle of a read; what is put "now" waits for its end, or for `settle`.
        settles: it asks the end whether it has settled, in place of telling that it has passed.
        lazy: what is put waits for the end of the tick.
    """

    def __init__(
        self,
        mark: int = 1000,
        slow: bool = False,
        refuses: bool = False,
        reading: bool = False,
        settles: bool = False,
        lazy: bool = False,
    ) -> None:
        self.mark = mark
        self.gathered = Chunks()
        self.refused = 0
        self.slow = slow
        self.refuses = refuses
        self.reading = reading
        self.settles = settles
        self.lazy = lazy
        self.socket: Any = self
        self.passed: list[bytes] = []
        self.taken = b""
        self.corks = 0
        self.destroyed = False
        self.destroyed_with: list[Any] = []
        self.ending: Any = None
        self._due: list[Any] = []

    @property
    def pending(self) -> int:
        return sum(map(len, self.passed))

    def put(self, data: bytes, done: Any = None) -> bool:
        below = self._add(data, done)
        if self.lazy:
            later(self._pass)
        else:
            self._pass()
        return below

    def put_now(self, data: bytes, done: Any = None) -> None:
        self._add(data, done)
        if not self.reading:
            self._pass()

    def put_last(self, data: bytes, ending: Any, body: bytes | None = None) -> bool:
        if self.refuses:
            return False
        self.ending = ending
        if body is not None:
            self._add(data, None)
            data = body
        self._add(data, None if self.settles else ending.on_passed)
        if not self.reading:
            self._pass()
        if self.settles:
            later(ending.on_settled)
        return True

    def is_settled(self, ending: Any) -> bool:
        if self.passed and self.settles:
            self._due.append(ending.on_passed)
        return not self.passed

    def chunks(self) -> Chunks:
        self._gather()
        self.gathered.open(self.mark - self.pending)
        return self.gathered

    def _gather(self) -> None:
        if chunks := self.gathered.take():
            self.passed.append(chunks)

    def refuse_more(self) -> None:
        self.refused += 1

    def owe_drain(self) -> None:
        """Nothing waits for 'drain' here."""

    def settle(self) -> None:
        if self.reading:
            self._pass()

    def cork(self) -> None:
        self.corks += 1

    def uncork(self) -> None:
        self.corks -= 1

    def destroy(self, error: BaseException | None = None) -> None:
        self.destroyed = True
        self.destroyed_with.append(error)

    def take(self, error: BaseException | None = None) -> None:
        self._gather()
        if error is None:
            self.taken += b"".join(self.passed)
        self.passed = []
        due, self._due = self._due, []
        for done in due:
            done(error)

    def _add(self, data: bytes, done: Any) -> bool:
        self._gather()
        self.passed.append(data)
        if done is not None:
            self._due.append(done)
        return self.pending < self.mark

    def _pass(self) -> None:
        if not self.slow and not self.corks:
            self.take()


class Head:
    """A response as a wire knows it: what it says of its head; and what it is told, which is logged."""

    writable_high_water_mark = 100

    def __init__(self, *fields: tuple[str, Any], **head: Any) -> None:
        self.given: list[Entry] = [(name.lower(), name, value) for name, value in fields]
        self.head = head | {"send_date": False}
        self.log: list[Any] = []

    def made(self) -> ResponseHead:
        """Return the head anew: a wire notes in it what it finds."""
        return ResponseHead(self.given, **self.head)

    def _on_drained(self) -> None:
        self.log.append("drained")

    def _prepare_close(self) -> None:
        self.log.append("prepare close")

    def _on_flushed(self) -> None:
        self.log.append("flushed")

    def _on_outlived(self) -> None:
        self.log.append("outlived")

    def _on_lost(self, error: BaseException | None) -> None:
        self.log.append("lost")


def note(log: list[Any], name: str) -> Callable[[BaseException | None], None]:
    def done(error: BaseException | None) -> None:
        log.append(name if error is None else f"{name} failed")

    return done


Make = Callable[[Head], Exchange]
#: What the bytes of one response say, to a request of this method, whose connection has ended or not.
Read = Callable[[bytes, str, bool], Received]


def check_exchange(make: Make, read: Read) -> None:
    """Hold an implementation to the seam's promises."""
    for promise in (
        _begins_by_itself,
        _renders_what_the_head_says,
        _renders_fields_set_again_and_again,
        _changes_nothing_when_it_fails,
        _keeps_order,
        _says_whether_there_is_a_body,
        _says_what_was_promised,
        _responds,
        _responds_queued,
        _flushes,
        _sends_the_head_with_an_empty_piece,
        _sends_the_head_with_a_large_piece,
        _lets_pieces_go_straight,
        _is_plain_where_it_frames_nothing,
        _gathers,
        _gathers_what_is_queued,
        _uncorks_what_is_queued,
        _ends_with_trailers,
        _ends_what_is_corked,
        _informs,
        _informs_no_one_who_does_not_want_it,
        _waits_queued,
        _says_when_it_is_too_much,
        _moves_from_sink_to_sink,
        _settles,
        _ends_once,
        _ends_when_it_is_settled,
        _is_refused,
        _drops,
        _aborts,
        _ends_without_a_response,
    ):
        with _nothing_fails():
            promise(make, read)


class _Keep(logging.Handler):
    def __init__(self, kept: list[logging.LogRecord]) -> None:
        super().__init__()
        self.kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


@contextmanager
def _nothing_fails() -> Iterator[None]:
    """A callback that fails is only written to the log."""
    failed: list[logging.LogRecord] = []
    handler = _Keep(failed)
    logger = logging.getLogger("writehead")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    assert [record.getMessage() for record in failed] == []


def _begun(make: Make, head: Head, sink: Basin | None = None) -> tuple[Exchange, Basin]:
    """Return an exchange with a sink, whose head is rendered."""
    exchange, sink = make(head), Basin(mark=1 << 30) if sink is None else sink
    exchange.attach(sink)
    exchange.begin(head.made())
    return exchange, sink


def _sent(make: Make, read: Read, head: Head, *pieces: bytes, method: str = "GET") -> Received:
    """Return what a reader gets of a head and a body in pieces."""
    exchange, sink = _begun(make, head)
    for piece in pieces:
        exchange.write(piece, None)
    exchange.end(None, ())
    settle()
    assert head.log == ["flushed"]
    return read(sink.taken, method, not exchange.stays)


def _begins_by_itself(make: Make, _read: Read) -> None:
    """A new exchange waits for a sink, has nothing, and has said nothing."""
    exchange = make(head := Head())
    assert (exchange.queued, exchange.socket, exchange.mark, exchange.pending) == (True, None, None, 0)
    assert (exchange.chunked, exchange.body_allowed, exchange.informs, exchange.stays) == (
        False,
        True,
        True,
        True,
    )
    assert (exchange.promised, exchange.keep_reads, exchange.coming) == (None, None, None)
    assert (exchange.last_allowed, exchange.refused, exchange.void) == (False, False, False)
    assert exchange.reports_drain is False  # no connection stands behind it
    assert exchange.pieces() is None
    assert exchange.uncork() is False
    exchange.flush()  # no head: nothing
    exchange.settle()
    exchange.detach()
    assert exchange.pending == 0
    exchange.coming = sink = Basin()
    assert exchange.socket is sink
    assert exchange.queued
    exchange.coming = None
    exchange.attach(sink)
    exchange.flush()
    settle()
    assert (exchange.queued, exchange.socket, exchange.mark) == (False, sink, sink.mark)
    assert (sink.taken, head.log) == (b"", [])


def _renders_what_the_head_says(make: Make, read: Read) -> None:
    """The status and the fields: each value of a list by itself, but cookies and unique ones joined."""
    head = Head(
        ("X-Text", "a, b"),
        ("X-List", ["1", 2, True]),
        ("X-None", []),
        ("Cookie", ["a=1", "b=2"]),
        ("X-Unique", ["1", "2"]),
        ("X-Latin", "caf\xe9"),
        status=404,
        reason="Not Found",
        unique=frozenset(["x-unique"]),
    )
    received = _sent(make, read, head, b"x")
    assert (received.status, received.body, received.ended) == (404, b"x", True)
    assert [pair for pair in received.fields if pair[0] not in OF_THE_WIRE] == [
        ("x-text", "a, b"),
        ("x-list", "1"),
        ("x-list", "2"),
        ("x-list", "true"),
        ("cookie", "a=1; b=2"),
        ("x-unique", "1; 2"),
        ("x-latin", "caf\xe9"),
    ]
    assert received.all("date") == []
    dated = Head()
    dated.head["send_date"] = True
    assert len(_sent(make, read, dated).all("date")) == 1
    own = Head(("Date", "now"))
    own.head["send_date"] = True
    assert _sent(make, read, own).all("date") == ["now"]
    for length, removed in ((1, 0), (1, REMOVED_LENGTH), (None, 0)):
        told = _sent(make, read, Head(length=length, removed=removed), b"x")
        assert (told.body, told.ended) == (b"x", True)
        assert length is None or told.all("content-length") == ([] if removed else ["1"])
    for facts in (
        {"may_chunk": False},
        {"removed": REMOVED_LENGTH | REMOVED_TRANSFER_ENCODING},
        {"keep": False},
    ):
        ended = _sent(
            make, read, Head(**facts), b"x", b"y"
        )  # by the end of the connection, if by nothing else
        assert (ended.body, ended.ended) == (b"xy", True)
    announced = _sent(make, read, Head(length=7, announce=True, for_head=True), method="HEAD")
    assert announced.all("content-length") == ["7"]
    assert _sent(make, read, Head(length=0, status=204, announce=True)).all("content-length") == []


#: What a wire may say of the framing and of the connection, in fields of its own.
OF_THE_WIRE = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length"))


def _renders_fields_set_again_and_again(make: Make, read: Read) -> None:
    """What is kept with a field changes nothing, the first time or later; nor that another field has none."""
    head = Head()
    head.given = [("x-a", "X-A", "1"), ("x-b", "X-B", "2"), ("x-c", "X-C", ["3", "4"])]
    expected = [("x-a", "1"), ("x-b", "2"), ("x-c", "3"), ("x-c", "4")]
    for whole in (True, False, True):
        head.log = []
        if whole:
            exchange = make(head)
            exchange.attach(sink := Basin())
            exchange.respond(200, {each[0]: each for each in head.given}, b"")
            settle()
            received = read(sink.taken, "GET", False)
        else:
            received = _sent(make, read, head)
        assert [pair for pair in received.fields if pair[0].startswith("x-")] == expected


def _changes_nothing_when_it_fails(make: Make, read: Read) -> None:
    """A head that cannot be rendered is as if it had never been."""
    exchange, sink = make(head := Head()), Basin()
    exchange.attach(sink)
    items = ["a"]
    bad = Head(("Content-Length", "3"), ("X-A", items), status=204)
    items.append("b\n")
    try:
        exchange.begin(bad.made())
    except InvalidCharError:
        pass
    else:
        raise AssertionError("a line break in a value")
    assert (exchange.promised, exchange.body_allowed, exchange.chunked) == (None, True, False)
    exchange.flush()
    assert sink.taken == b""
    exchange.begin(head.made())
    exchange.end(b"x", ())
    assert read(sink.taken, "GET", False).body == b"x"


def _keeps_order(make: Make, read: Read) -> None:
    """What goes out, and what is called back, is in the order of the calls."""
    head = Head()
    exchange, sink = make(head), Basin()
    exchange.attach(sink)
    exchange.inform(100, [], note(head.log, "100"))
    informed = sink.taken
    exchange.begin(head.made())
    assert informed
    assert sink.taken == informed  # begin sends nothing
    exchange.write(b"\xf1\xf2", note(head.log, "a"))
    exchange.write(b"l" * 20_000, note(head.log, "large"))
    exchange.write(b"\xf3\xf4", note(head.log, "b"))
    exchange.end(b"\xf5" * 20_000, ())
    settle()
    assert head.log == ["100", "a", "large", "b", "flushed"]
    assert exchange.pending == 0
    received = read(sink.taken, "GET", False)
    assert received.informational == [(100, [])]
    assert received.body == b"\xf1\xf2" + b"l" * 20_000 + b"\xf3\xf4" + b"\xf5" * 20_000


def _says_whether_there_is_a_body(make: Make, read: Read) -> None:
    """Without one nothing of it leaves, and who waits for a piece of it is called back, later."""
    for facts, method in (
        ({"for_head": True}, "HEAD"),
        ({"status": 204, "reason": "No Content"}, "GET"),
        ({"status": 304, "reason": "Not Modified"}, "GET"),
    ):
        head = Head(**facts)
        exchange, sink = _begun(make, head, Basin(mark=1))
        assert exchange.body_allowed is False
        assert exchange.write(b"abc", note(head.log, "written")) is True
        assert exchange.write(b"abc", None) is True
        assert head.log == []
        settle()
        assert head.log == ["written"]
        exchange.flush()
        assert exchange.pieces() is None
        exchange.end(b"def", [("X-T", "1")])
        settle()
        assert head.log == ["written", "flushed"]
        received = read(sink.taken, method, False)
        assert (received.body, received.trailers, received.ended) == (b"", [], True)
    assert _begun(make, Head())[0].body_allowed is True


def _says_what_was_promised(make: Make, _read: Read) -> None:
    """The user's Content-Length, where a body follows; not one that was worked out."""
    length = ("Content-Length", 3)
    for head, promised in (
        (Head(length), "3"),
        (Head(("Content-Length", "x")), "x"),
        (Head(length, for_head=True), None),
        (Head(length, status=304), None),
        (Head(length=3), None),
        (Head(), None),
    ):
        assert _begun(make, head)[0].promised == promised


def _responds(make: Make, read: Read) -> None:
    """A whole response is that of `begin` and `end`, with the length of its body."""
    fields: dict[str, Entry] = {"x-a": ("x-a", "X-A", "1"), "x-b": ("x-b", "X-B", ["2", "3"])}
    for body in (b"", b"all", b"x" * 20_000):
        exchange, sink = make(head := Head()), Basin(slow=True)
        exchange.attach(sink)
        exchange.respond(404, fields, body)
        assert head.log == []
        assert exchange.pending == sink.pending > len(body)
        sink.take()
        settle()
        assert head.log == ["flushed"]
        received = read(sink.taken, "GET", False)
        assert (received.status, received.body, received.ended) == (404, body, True)
        assert received.all("x-a") + received.all("x-b") == ["1", "2", "3"]
        assert received.all("content-length") == [str(len(body))]
        assert len(received.all("date")) == 1
        assert not exchange.refused


def _responds_queued(make: Make, read: Read) -> None:
    """Behind another, or behind what it has sent before it."""
    for body in (b"all", b"x" * 20_000):
        for informed in (False, True):
            exchange, sink = make(head := Head()), Basin()
            if informed:
                exchange.inform(103, [], None)
            exchange.respond(200, None, body)
            settle()
            assert exchange.pending > len(body)
            assert head.log == []
            exchange.attach(sink)
            settle()
            received = read(sink.taken, "GET", False)
            assert (received.body, received.ended, head.log) == (body, True, ["flushed"])
            assert len(received.informational) == informed


def _flushes(make: Make, read: Read) -> None:
    """The head leaves at once, not at the end of a read, and once."""
    exchange, sink = _begun(make, Head(), Basin(reading=True))
    exchange.flush()
    flushed = sink.taken
    assert read(flushed, "GET", False).status == 200
    exchange.flush()
    assert (sink.taken, sink.pending) == (flushed, 0)
    exchange.write(b"a", None)
    exchange.flush()
    exchange.end(b"b", ())
    exchange.settle()
    assert read(sink.taken, "GET", False).body == b"ab"
    queued = make(head := Head())
    queued.begin(head.made())
    assert queued.pending == 0
    queued.flush()
    assert queued.pending == len(flushed)
    queued.flush()
    assert queued.pending == len(flushed)
    queued.attach(sink := Basin())
    assert sink.taken == flushed


def _sends_the_head_with_an_empty_piece(make: Make, read: Read) -> None:
    """It ends nothing, and is called back in its place."""
    exchange, sink = _begun(make, head := Head())
    assert exchange.write(b"", note(head.log, "empty"))
    assert read(sink.taken, "GET", False).status == 200
    exchange.write(b"", None)
    exchange.write(b"a", None)
    exchange.end(b"", ())
    settle()
    received = read(sink.taken, "GET", False)
    assert (received.body, received.ended, head.log) == (b"a", True, ["empty", "flushed"])


def _sends_the_head_with_a_large_piece(make: Make, read: Read) -> None:
    """Before it, and once: neither `flush` nor the end sends it again."""
    large = b"l" * 20_000
    for queued in (False, True):
        for length in (None, len(large)):
            for written in (False, True):
                exchange, sink = make(head := Head(length=length)), Basin()
                if not queued:
                    exchange.attach(sink)
                exchange.begin(head.made())
                if written:
                    exchange.write(large, None)
                    exchange.flush()
                exchange.end(None if written else large, ())
                exchange.flush()
                if queued:
                    exchange.attach(sink)
                settle()
                received = read(sink.taken, "GET", False)
                assert (received.status, received.body, received.ended) == (200, large, True)


def _lets_pieces_go_straight(make: Make, read: Read) -> None:
    """Into the sink, in their frames, once the head is sent, and while nothing else is to come before them."""
    piece = b"straight"
    exchange, sink = make(head := Head()), Basin()
    exchange.begin(head.made())
    exchange.flush()
    assert exchange.pieces() is None  # it is queued
    exchange.attach(sink)
    exchange.write(piece, None)
    pieces = exchange.pieces()
    taken = pieces is not None and pieces.add(piece)
    for none in (b"", "text", bytearray(b"x"), b"x" * 100_000):
        assert pieces is None or pieces.add(none) is None
    exchange.cork()
    assert exchange.pieces() is None
    exchange.uncork()
    sink.take()
    assert (exchange.pieces() is None) is (pieces is None)
    exchange.detach()
    assert exchange.pieces() is None
    exchange.attach(sink)
    exchange.end(piece, ())
    sink.take()
    assert read(sink.taken, "GET", False).body == piece * (3 if taken else 2)
    assert _begun(make, Head())[0].pieces() is None  # the head is still held
    with_length, sink = _begun(make, head := Head(("Content-Length", 16)))
    with_length.write(piece, None)
    pieces = with_length.pieces()
    if pieces is not None:
        assert pieces.add(piece)
        with_length.end(None, ())
        sink.take()
        assert read(sink.taken, "GET", False).body == piece * 2


def _says_when_pieces_have_filled_it(make: Make, read: Read) -> None:
    """At the mark, by False; what was taken is sent all the same, in order."""
    exchange, sink = _begun(make, Head())
    exchange.write(b"0", None)
    pieces = exchange.pieces()
    if pieces is None:
        return
    count = 1
    while pieces.add(b"%d" % count) is not False:
        count += 1
        assert count < 2 * sink.mark
    exchange.refuse_more()
    exchange.end(b"end", ())
    sink.take()
    assert read(sink.taken, "GET", False).body == b"".join(b"%d" % each for each in range(count + 1)) + b"end"


def _is_plain_where_it_frames_nothing(make: Make, read: Read) -> None:
    """What goes past a plain exchange, into its sink, is of the body."""
    for head in (Head(), Head(("Content-Length", 6)), Head(may_chunk=False)):
        exchange, sink = _begun(make, head)
        exchange.flush()
        exchange.write(b"abc", None)
        if exchange.plain:
            sink.put(b"def")
        else:
            exchange.write(b"def", None)
        exchange.end(None, ())
        received = read(sink.taken, "GET", not exchange.stays)
        assert (received.body, received.ended) == (b"abcdef", True)


def _gathers(make: Make, read: Read) -> None:
    """Corked pieces arrive in order, are called back, and count until then; the sink's corks are of this depth."""
    exchange, sink = _begun(make, head := Head(), Basin(mark=1000))
    exchange.flush()
    exchange.write(b"0", None)
    exchange.cork()
    exchange.cork()
    assert sink.corks == 2
    assert exchange.write(b"a", note(head.log, "a"))
    assert exchange.write(b"", note(head.log, "empty"))
    assert exchange.write(b"b" * 50, None)
    assert exchange.write(b"c" * 1000, note(head.log, "c")) is False
    assert exchange.pending >= 1051
    assert exchange.uncork() is False
    assert sink.corks == 1
    exchange.uncork()
    assert sink.corks == 0
    assert exchange.uncork() is False
    assert sink.corks == 0
    sink.take()
    settle()
    assert exchange.pending == 0
    assert sorted(head.log) == ["a", "c", "empty"]
    assert head.log.index("a") < head.log.index("c")
    exchange.cork()
    assert exchange.uncork() is False  # there was nothing
    exchange.write(b"d", None)
    exchange.end(None, ())
    assert read(sink.taken, "GET", False).body == b"0a" + b"b" * 50 + b"c" * 1000 + b"d"


def _gathers_what_is_queued(make: Make, read: Read) -> None:
    """The corks come along to a sink, and leave it with the response; `uncork` says that something went."""
    exchange = make(head := Head())
    exchange.begin(head.made())
    exchange.flush()
    exchange.cork()
    exchange.write(b"a", note(head.log, "a"))
    exchange.write(b"b", note(head.log, "b"))
    exchange.detach()
    exchange.cork()
    assert exchange.uncork() is False
    assert exchange.pending >= 2
    exchange.attach(sink := Basin())
    assert sink.corks == 1
    exchange.detach()
    assert sink.corks == 0
    exchange.attach(sink)
    assert exchange.pending >= 2
    if exchange.uncork():  # a wire may leave it to its sink
        assert exchange.pending >= 2
    assert sink.corks == 0
    sink.take()
    exchange.end(b"c", ())
    settle()
    assert read(sink.taken, "GET", False).body == b"abc"
    assert head.log == ["a", "b", "flushed"]


def _uncorks_what_is_queued(make: Make, read: Read) -> None:
    """It may be uncorked, and end, before it has a sink."""
    exchange = make(head := Head())
    exchange.begin(head.made())
    exchange.flush()
    exchange.cork()
    exchange.write(b"a", note(head.log, "a"))
    exchange.uncork()
    exchange.cork()
    exchange.write(b"b", note(head.log, "b"))
    exchange.end(b"c", ())
    settle()
    assert head.log == []
    exchange.attach(sink := Basin())
    settle()
    assert sink.corks == 0
    assert read(sink.taken, "GET", False).body == b"abc"
    assert head.log == ["a", "b", "flushed"]


def _ends_with_trailers(make: Make, read: Read) -> None:
    """They come behind the body, in order, with a last piece or without."""
    trailers = [("X-T", "1"), ("X-U", "2"), ("X-T", "3")]
    for last in (b"b", None, b"l" * 20_000):
        for queued in (False, True):
            exchange, sink = make(head := Head()), Basin()
            if not queued:
                exchange.attach(sink)
            exchange.begin(head.made())
            exchange.write(b"a", None)
            exchange.end(last, trailers)
            if queued:
                exchange.attach(sink)
            settle()
            received = read(sink.taken, "GET", False)
            assert received.body == b"a" + (last or b"")
            assert received.trailers == [("x-t", "1"), ("x-u", "2"), ("x-t", "3")]
            assert (received.ended, head.log) == (True, ["flushed"])


def _ends_what_is_corked(make: Make, read: Read) -> None:
    """The end undoes every cork, and comes behind what was gathered; one behind it is the user's to undo."""
    exchange, sink = _begun(make, head := Head(), Basin(slow=True))
    exchange.flush()
    exchange.cork()
    exchange.cork()
    exchange.write(b"a", note(head.log, "a"))
    exchange.end(b"b", ())
    assert sink.corks == 0
    assert exchange.uncork() is False
    exchange.cork()
    sink.take()
    settle()
    assert head.log == ["a", "flushed"]
    assert read(sink.taken, "GET", False).body == b"ab"
    assert (exchange.socket, sink.corks) == (sink, 1)
    assert exchange.uncork() is False
    assert sink.corks == 0


def _informs(make: Make, read: Read) -> None:
    """At once, with its fields, before the head; and it says when it is too much."""
    exchange, sink = make(head := Head()), Basin(mark=200, reading=True)
    exchange.attach(sink)
    assert exchange.inform(103, [("Link", "<a>"), ("X-A", ["1", 2])], note(head.log, "103")) is True
    informed = read(sink.taken, "GET", False)
    assert informed.informational == [(103, [("link", "<a>"), ("x-a", "1,2")])]
    assert head.log == ["103"]
    sink.slow = True
    assert exchange.inform(102, [("X-A", "a" * 200)], None) is False
    sink.take()
    exchange.begin(head.made())
    exchange.end(b"x", ())
    exchange.settle()
    sink.take()
    received = read(sink.taken, "GET", False)
    assert [code for code, _ in received.informational] == [103, 102]
    assert (received.status, received.body) == (200, b"x")
    queued = make(head := Head())
    assert queued.inform(103, [("X-A", "1")], note(head.log, "103")) is True
    assert queued.inform(102, [("X-A", "a" * 100)], None) is False
    assert head.log == []
    queued.begin(head.made())
    queued.end(b"x", ())
    queued.attach(sink := Basin())
    settle()
    received = read(sink.taken, "GET", False)
    assert [code for code, _ in received.informational] == [103, 102]
    assert (received.body, head.log) == (b"x", ["103", "flushed"])


def _informs_no_one_who_does_not_want_it(make: Make, _read: Read) -> None:
    """Nothing is sent, now or later; the callback comes all the same, but not from within the call."""
    for queued in (False, True):
        exchange, sink = make(head := Head()), Basin(mark=1, slow=True)
        exchange.informs = False
        if not queued:
            exchange.attach(sink)
        assert exchange.inform(103, [("X-A", "1")], note(head.log, "103")) is True
        assert exchange.inform(103, [], None) is True
        assert head.log == []
        settle()
        assert (exchange.pending, head.log) == (0, ["103"])


def _waits_queued(make: Make, read: Read) -> None:
    """What has no sink waits for one: no byte, no callback, no end before."""
    head = Head()
    exchange, sink = make(head), Basin(lazy=True)
    exchange.begin(head.made())
    exchange.write(b"a", note(head.log, "a"))
    exchange.write(b"b", note(head.log, "b"))
    exchange.end(b"c", ())
    settle()
    assert head.log == []
    assert exchange.pending > 3
    assert (exchange.socket, exchange.queued) == (None, True)
    exchange.attach(sink)
    assert (exchange.pending, exchange.queued) == (0, False)  # at once
    settle()
    assert head.log == ["a", "b", "flushed"]
    assert read(sink.taken, "GET", False).body == b"abc"


def _says_when_it_is_too_much(make: Make, _read: Read) -> None:
    """By the mark of the response while it is queued, by that of the sink from then on."""
    queued, head = make(Head()), Head()
    queued.begin(head.made())
    assert queued.write(b"x", None) is True
    assert queued.write(b"x" * 100, None) is False
    exchange, sink = make(head), Basin(mark=500, slow=True)
    exchange.attach(sink)
    exchange.begin(head.made())
    assert exchange.write(b"x", None) is True
    assert exchange.write(b"x" * 500, None) is False
    assert exchange.pending == sink.pending
    corked, _ = _begun(make, Head(), Basin(mark=500))
    corked.flush()
    corked.cork()
    assert corked.write(b"x", None) is True
    assert corked.write(b"x" * 500, None) is False


def _moves_from_sink_to_sink(make: Make, read: Read) -> None:
    """Detached it has no socket, and what follows goes to the next, with what waits."""
    exchange, first = _begun(make, head := Head())
    exchange.write(b"a", note(head.log, "a"))
    exchange.detach()
    assert (exchange.socket, exchange.mark, exchange.queued, exchange.pending) == (None, None, True, 0)
    sent = first.taken
    exchange.write(b"b", note(head.log, "b"))
    exchange.inform(103, [], None)
    exchange.detach()
    assert exchange.pending > 1
    assert first.taken == sent
    assert head.log == ["a"]
    second = Basin(mark=7)
    exchange.attach(second)
    assert (exchange.socket, exchange.mark, exchange.queued) == (second, 7, False)
    assert head.log == ["a", "b"]
    whole, third = _begun(make, head := Head())
    whole.write(b"a", None)
    whole.detach()
    whole.write(b"b", None)
    whole.attach(fourth := Basin())
    whole.end(b"c", ())
    settle()
    assert read(third.taken + fourth.taken, "GET", False).body == b"abc"
    assert head.log == ["flushed"]


def _settles(make: Make, read: Read) -> None:
    """What `end` left for the end of a read is handed down when it is asked for."""
    exchange, sink = _begun(make, head := Head(), Basin(reading=True))
    exchange.end(b"x", ())
    assert (sink.taken, head.log) == (b"", [])
    assert exchange.pending == sink.pending > 1
    exchange.settle()
    settle()
    assert (exchange.pending, head.log) == (0, ["flushed"])
    assert read(sink.taken, "GET", False).ended


def _ends_once(make: Make, _read: Read) -> None:
    """The response is told when the last bytes were taken, once; and never if they were not."""
    for whole in (False, True):
        exchange, sink = make(head := Head()), Basin(slow=True)
        exchange.attach(sink)
        _end(exchange, head, whole)
        settle()
        assert head.log == []
        sink.take()
        sink.ending.on_passed(None)
        sink.ending.on_settled()
        settle()
        assert head.log == ["flushed"]
        lost = make(head := Head())
        lost.attach(sink := Basin(slow=True))
        _end(lost, head, whole)
        sink.take(OSError("gone"))
        settle()
        assert head.log == []


def _end(exchange: Exchange, head: Head, whole: bool) -> None:
    if whole:
        exchange.respond(200, None, b"x")
    else:
        exchange.begin(head.made())
        exchange.end(b"x", ())


def _ends_when_it_is_settled(make: Make, _read: Read) -> None:
    """A sink may tell later that it has settled, and is asked then."""
    for slow in (False, True):
        exchange, sink = _begun(make, head := Head(), Basin(slow=slow, settles=True))
        exchange.end(b"x", ())
        assert head.log == []
        settle()
        assert head.log == ([] if slow else ["flushed"])
        sink.take()
        settle()
        assert head.log == ["flushed"]
    exchange, sink = _begun(make, head := Head(), Basin(slow=True, settles=True))
    exchange.end(b"x", ())
    exchange.detach()
    settle()
    assert head.log == ["flushed"]  # without its sink there is no one to ask


def _is_refused(make: Make, _read: Read) -> None:
    """A sink that takes nothing any more: the end does not come."""
    for whole in (False, True):
        exchange, sink = make(head := Head()), Basin(refuses=True)
        exchange.attach(sink)
        _end(exchange, head, whole)
        settle()
        assert exchange.refused
        assert (sink.taken, head.log) == (b"", [])


def _drops(make: Make, _read: Read) -> None:
    """What waits is forgotten, with those who wait for it, and was refused; the socket is remembered."""
    exchange = make(head := Head())
    exchange.drop()
    assert (exchange.refused, exchange.void) == (False, False)
    exchange.begin(head.made())
    exchange.flush()
    exchange.cork()
    exchange.write(b"a", note(head.log, "a"))
    assert exchange.pending > 1
    exchange.drop()
    assert (exchange.pending, exchange.refused, exchange.void) == (0, True, False)
    exchange.attach(sink := Basin())
    assert exchange.uncork() is False
    sink.take()
    settle()
    assert (sink.taken, head.log) == (b"", [])
    exchange, sink = _begun(make, Head())
    exchange.drop()
    assert not exchange.refused
    sink.socket = None  # a channel lets go of its own
    assert exchange.socket is sink


def _aborts(make: Make, _read: Read) -> None:
    """The sink is destroyed, or that which it will have; without any, nothing of it is sent any more."""
    error = ValueError()
    exchange, sink = make(Head()), Basin()
    exchange.attach(sink)
    exchange.abort(error)
    assert sink.destroyed_with == [error]
    assert not exchange.void
    coming = make(Head())
    coming.coming = sink = Basin()
    coming.abort(error)
    assert sink.destroyed_with == [error]
    assert not coming.void
    queued = make(head := Head())
    queued.begin(head.made())
    queued.write(b"x", note(head.log, "x"))
    queued.abort(error)
    settle()
    assert (queued.pending, queued.void, queued.refused, head.log) == (0, True, True, [])


def _ends_without_a_response(make: Make, read: Read) -> None:
    """One that belongs to no response is written all the same, with a mark of its own while it is queued."""
    exchange = make(head := Head())
    exchange.response = None
    exchange.begin(head.made())
    exchange.flush()
    assert exchange.write(b"x" * 1000, None) is True
    assert exchange.write(b"x" * 65_536, None) is False
    exchange.end(None, ())
    exchange.attach(sink := Basin())
    settle()
    assert read(sink.taken, "GET", False).ended
    assert head.log == []
