"""The kit that each wire has to pass: an exchange keeps order and back-pressure, and ends once.

`check_exchange(make)` is given what makes an exchange for a response side; it returns nothing and
asserts. The sink is a real one, in memory: it takes bytes when it is told to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from writehead._semantics.exchange import Exchange, ResponseHead
from writehead.testing import settle


class Basin:
    """A sink in memory; `take()` lets the system take what was passed on."""

    def __init__(self, mark: int = 1000, slow: bool = False, refuses: bool = False) -> None:
        self.mark = mark
        self.slow = slow
        self.refuses = refuses
        self.passed: list[bytes] = []
        self.taken = b""
        self.corks = 0
        self.destroyed = False
        self.destroyed_with: list[Any] = []
        self._due: list[Any] = []

    @property
    def socket(self) -> Basin:
        return self

    @property
    def pending(self) -> int:
        return sum(map(len, self.passed))

    def put(self, data: bytes, done: Any = None) -> bool:
        self.passed.append(data)
        if done is not None:
            self._due.append(done)
        below = self.pending < self.mark
        if not self.slow and not self.corks:
            self.take()
        return below

    def put_now(self, data: bytes, done: Any = None) -> None:
        self.put(data, done)

    def put_last(self, data: bytes, ending: Any, body: bytes | None = None) -> bool:
        if self.refuses:
            return False
        if body is not None:
            self.put(data)
            data = body
        self.put(data, ending.on_passed)
        return True

    def is_settled(self, ending: Any) -> bool:
        return not self.passed

    def put_parts(self, parts: tuple[bytes, ...], size: int) -> bool:
        data = b"".join(parts)
        assert len(data) == size
        return self.put(data)

    def settle(self) -> None:
        """Nothing waits for the end of a packet here."""

    def cork(self) -> None:
        self.corks += 1

    def uncork(self) -> None:
        self.corks -= 1

    def destroy(self, error: BaseException | None = None) -> None:
        self.destroyed = True
        self.destroyed_with.append(error)

    def take(self, error: BaseException | None = None) -> None:
        if error is None:
            self.taken += b"".join(self.passed)
        self.passed = []
        due, self._due = self._due, []
        for done in due:
            done(error)


class Head:
    """A response as a wire knows it: what it says of its head; and what it is told, which is logged."""

    writable_high_water_mark = 100

    def __init__(self, *fields: tuple[str, Any], **head: Any) -> None:
        self.given = [(name.lower(), name, value, None) for name, value in fields]
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


def check_exchange(make: Callable[[Head], Exchange]) -> None:
    """Hold an implementation to the seam's promises."""
    _keeps_order(make)
    _waits_parked(make)
    _says_when_it_is_too_much(make)
    _ends_once(make)
    _aborts(make)


def _keeps_order(make: Callable[[Head], Exchange]) -> None:
    head = Head()
    exchange, sink = make(head), Basin()
    exchange.attach(sink)
    exchange.inform(100, [], note(head.log, "100"))
    informed = sink.taken
    exchange.begin(head.made())
    assert informed
    assert sink.taken == informed  # begin sends nothing
    pieces = {"a": b"\xf1\xf2", "b": b"\xf3\xf4", "c": b"\xf5\xf6"}
    exchange.write(pieces["a"], note(head.log, "a"))
    exchange.write(pieces["b"], note(head.log, "b"))
    exchange.end(pieces["c"], ())
    settle()
    assert [each for each in head.log if each in ("100", "a", "b", "flushed")] == ["100", "a", "b", "flushed"]
    assert exchange.pending == 0
    after = sink.taken[len(informed) :]
    places = [after.find(each) for each in pieces.values()]
    assert -1 not in places
    assert places == sorted(places)


def _waits_parked(make: Callable[[Head], Exchange]) -> None:
    head = Head()
    exchange, sink = make(head), Basin()
    exchange.begin(head.made())
    exchange.write(b"a", note(head.log, "a"))
    exchange.end(b"b", ())
    settle()
    assert head.log == []
    assert exchange.pending > 2
    assert exchange.socket is None
    exchange.attach(sink)
    settle()
    assert exchange.pending == 0
    assert head.log[0] == "a"
    assert head.log[-1] == "flushed"


def _says_when_it_is_too_much(make: Callable[[Head], Exchange]) -> None:
    parked, head = make(Head()), Head()
    parked.begin(head.made())
    assert parked.write(b"x", None) is True
    assert parked.write(b"x" * 100, None) is False
    exchange, sink = make(head), Basin(mark=500, slow=True)
    exchange.attach(sink)
    exchange.begin(head.made())
    assert exchange.write(b"x", None) is True
    assert exchange.write(b"x" * 500, None) is False
    assert exchange.pending == sink.pending


def _ends_once(make: Callable[[Head], Exchange]) -> None:
    head = Head()
    exchange, sink = make(head), Basin(slow=True)
    exchange.attach(sink)
    exchange.begin(head.made())
    exchange.end(None, ())
    settle()
    assert "flushed" not in head.log
    sink.take()
    exchange.on_passed(None)  # type: ignore[attr-defined]  # an exchange is an `Ending`
    settle()
    assert head.log.count("flushed") == 1
    lost = make(Head())
    lost.attach(sink := Basin(slow=True))
    lost.begin(head.made())
    lost.end(None, ())
    sink.take(OSError("gone"))
    assert lost.response.log == []  # type: ignore[union-attr]


def _aborts(make: Callable[[Head], Exchange]) -> None:
    error = ValueError()
    exchange, sink = make(Head()), Basin()
    exchange.attach(sink)
    exchange.abort(error)
    assert sink.destroyed_with == [error]
    parked = make(head := Head())
    parked.begin(head.made())
    parked.write(b"x", None)
    parked.abort(error)
    assert parked.pending == 0
