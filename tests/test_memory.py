"""A connection in memory: the transport and the clock underneath."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from writehead import testing
from writehead.errors import InvalidArgTypeError, OutOfRangeError


def test_the_clock_calls_in_order_of_time() -> None:
    """Equal times in the order in which they were asked for."""
    clock = testing.Clock()
    log: list[Any] = []
    for when, name in ((3.0, "c"), (1.0, "a"), (2.0, "b1"), (2.0, "b2")):
        clock.call_at(when, lambda name: log.append((name, clock.time())), name)
    clock.advance(2500)
    assert log == [("a", 1.0), ("b1", 2.0), ("b2", 2.0)]
    assert clock.time() == 2.5


def test_what_a_timer_begins_is_called_in_the_same_turn() -> None:
    """If it falls due within it."""
    clock = testing.Clock()
    log: list[float] = []

    def again() -> None:
        log.append(clock.time())
        clock.call_at(clock.time() + 1, again)

    clock.call_at(1.0, again)
    clock.advance(timedelta(seconds=3))
    assert log == [1.0, 2.0, 3.0]


def test_a_cancelled_timer_is_not_called() -> None:
    """A handle can be cancelled."""
    clock = testing.Clock()
    log: list[str] = []
    clock.call_at(1.0, log.append, "x").cancel()
    clock.advance(2000)
    assert log == []


def test_many_small_steps_are_one_large_one() -> None:
    """Sums of floats do not matter."""
    clock = testing.Clock()
    log: list[str] = []
    clock.call_at(6.0, log.append, "x")
    for _ in range(60):
        clock.advance(100)
    assert log == ["x"]


@pytest.mark.parametrize(
    ("duration", "error"), [("1", InvalidArgTypeError), (None, InvalidArgTypeError), (-1, OutOfRangeError)]
)
def test_the_clock_goes_forward_only(duration: Any, error: type[Exception]) -> None:
    """What is no duration is refused."""
    with pytest.raises(error):
        testing.Clock().advance(duration)


class Recorder(asyncio.Protocol):
    """A protocol that notes what it is told."""

    def __init__(self, keep_open: bool = True) -> None:
        self.log: list[Any] = []
        self.keep_open = keep_open

    def data_received(self, data: bytes) -> None:
        self.log.append(data)

    def eof_received(self) -> bool:
        self.log.append("eof")
        return self.keep_open

    def pause_writing(self) -> None:
        self.log.append("pause")

    def resume_writing(self) -> None:
        self.log.append("resume")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.log.append(("lost", type(exc)))


def transport_of(protocol: Recorder) -> testing.MemoryTransport:
    return testing.MemoryTransport(protocol, ("127.0.0.1", 1))


def test_the_transport_pauses_at_its_marks() -> None:
    """As a transport of the loop: above the high mark pause, at the low one resume."""
    protocol = Recorder()
    transport = transport_of(protocol)
    transport.set_write_buffer_limits(100)
    assert transport.get_write_buffer_limits() == (25, 100)
    transport.room = 0
    transport.write(100 * b"x")
    assert (protocol.log, transport.get_write_buffer_size()) == ([], 100)
    transport.writelines([b"y"])
    assert protocol.log == ["pause"]
    transport.room = 75
    testing.settle()
    assert (protocol.log, transport.get_write_buffer_size()) == (["pause"], 26)
    transport.room = 10
    testing.settle()
    assert protocol.log == ["pause", "resume"]


def test_the_transport_closes_behind_what_waits() -> None:
    """`close` sends the rest, `abort` drops it."""
    for name, left in (("close", b"rest"), ("abort", b"")):
        protocol = Recorder()
        transport = transport_of(protocol)
        transport.room = 0
        transport.write(b"rest")
        getattr(transport, name)()
        assert transport.is_closing()
        transport.write(b"late")
        transport.room = 100
        testing.settle()
        assert (bytes(transport.written), protocol.log) == (left, [("lost", type(None))])


def test_the_transport_sends_fin_behind_what_waits() -> None:
    """`write_eof` ends the other end's reading, not ours."""
    protocol = Recorder()
    transport = transport_of(protocol)
    assert transport.can_write_eof()
    transport.room = 0
    transport.write(b"rest")
    transport.write_eof()
    testing.settle()
    assert not transport.ended
    transport.room = 100
    transport.feed(b"still")
    testing.settle()
    assert (transport.ended, transport.closed, protocol.log) == (True, False, [b"still"])


def test_the_transport_holds_packets_while_paused() -> None:
    """Packets, FIN and errors come in order when reading goes on."""
    protocol = Recorder()
    transport = transport_of(protocol)
    transport.pause_reading()
    transport.feed(b"1")
    transport.feed(b"2")
    transport.feed(None)
    testing.settle()
    assert (protocol.log, transport.is_reading()) == ([], False)
    transport.resume_reading()
    testing.settle()
    assert (protocol.log, transport.is_reading()) == ([b"1", b"2", "eof"], True)


def test_the_transport_closes_at_fin_unless_it_is_told_to_stay() -> None:
    """What `eof_received` returns decides, as in asyncio."""
    protocol = Recorder(keep_open=False)
    transport = transport_of(protocol)
    transport.feed(None)
    testing.settle()
    assert (transport.closed, protocol.log) == (True, ["eof", ("lost", type(None))])


def test_the_transport_can_have_another_protocol() -> None:
    """As an upgrade does it."""
    first, second = Recorder(), Recorder()
    transport = transport_of(first)
    transport.set_protocol(second)
    assert transport.get_protocol() is second
    transport.feed(b"x")
    testing.settle()
    assert (first.log, second.log) == ([], [b"x"])
    assert transport.get_extra_info("socket") is None
