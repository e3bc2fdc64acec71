"""TLSTransport over a transport in memory: exact back-pressure, both ends, every failure."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.certificates import authority
from tests.kit.tls_client import MemoryClient
from writehead._testing.transport import MemoryTransport, settle
from writehead._tls.context import make_context
from writehead._tls.records import PIECE, RECORD, gathered
from writehead._tls.transport import TLSTransport

BIG = os.urandom(1 << 20)

#: What a protocol is told of a record that cannot be decrypted: by OpenSSL 3.0, and by 3.6.
BROKEN = [
    ("lost", "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
    ("lost", "ERR_SSL_RECORD_LAYER_FAILURE"),
]


class Above(asyncio.Protocol):
    """The protocol above: what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.received = b""
        self.stays = True
        self.on_data: Callable[[bytes], object] = bool

    def data_received(self, data: bytes) -> None:
        self.told.append(len(data))
        self.received += data
        self.on_data(data)

    def eof_received(self) -> bool:
        self.told.append("end")
        return self.stays

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.told.append(("lost", getattr(exc, "code", exc)))


class Shaking(asyncio.Protocol):
    """The protocol below while the handshake is done."""

    def __init__(self, incoming: ssl.MemoryBIO) -> None:
        self.data_received = incoming.write  # type: ignore[method-assign]


class Pair:
    """A transport after its handshake, the protocol above it, and the client."""

    def __init__(self, **options: Any) -> None:
        context = make_context(authority().options() | options)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        self.raw = MemoryTransport(Shaking(incoming), ("127.0.0.1", 5000))
        self.raw.set_write_buffer_limits(0)
        self.client = MemoryClient(self.raw)
        done = {"server": False, "client": False}
        while not all(done.values()):
            for side, each in (("client", self.client.ssl), ("server", server)):
                try:
                    each.do_handshake()
                    done[side] = True
                except ssl.SSLWantReadError:
                    pass
                if outgoing.pending:
                    self.raw.write(outgoing.read())
                self.client.exchange()
        self.transport = TLSTransport(self.raw, memoryview(bytearray(PIECE)), server, incoming, outgoing)
        self.raw.set_protocol(self.transport)
        self.above = Above()
        self.transport.set_protocol(self.above)
        self.client.read()


@pytest.fixture(params=["TLSv1.2", "TLSv1.3"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(max_version=request.param)


def test_bytes_pass_up_decrypted_a_packet_at_a_time(pair: Pair) -> None:
    """What comes in one packet is passed up as one, however many records it has."""
    pair.client.pack(b"one")
    pair.client.pack(b"two")
    pair.client.exchange()
    pair.client.send(b"three")
    assert pair.above.received == b"onetwothree"
    assert pair.above.told == [6, 5]


def test_a_large_packet_passes_up_whole(pair: Pair) -> None:
    """A packet of many records is decrypted in pieces and passed up as one."""
    pair.client.send(BIG)
    assert pair.above.received == BIG
    assert pair.above.told == [len(BIG)]


def test_a_record_in_two_packets_waits_for_its_rest(pair: Pair) -> None:
    """Half a record passes nothing up; with its other half it is whole."""
    pair.client.pack(b"whole")
    record = pair.client.outgoing.read()
    pair.raw.feed(record[:9])
    settle()
    assert pair.above.told == []
    pair.raw.feed(record[9:])
    settle()
    assert pair.above.received == b"whole"


def test_a_small_write_is_one_record(pair: Pair) -> None:
    """A write is encrypted and handed to the system before it returns."""
    before = len(pair.raw.written)
    pair.transport.write(b"pong")
    assert len(pair.raw.written) > before
    assert pair.client.read() == b"pong"
    assert pair.transport.get_write_buffer_size() == 0
    assert pair.above.told == []


def test_an_empty_write_sends_nothing(pair: Pair) -> None:
    """No record is made of nothing."""
    before = len(pair.raw.written)
    pair.transport.write(b"")
    pair.transport.writelines([])
    assert len(pair.raw.written) == before


@pytest.mark.parametrize("data", [BIG, bytearray(BIG), memoryview(BIG)], ids=["bytes", "bytearray", "view"])
def test_a_large_write_arrives_whole(pair: Pair, data: Any) -> None:
    """A write of any size and type of bytes is encrypted in pieces, and all of it arrives."""
    pair.transport.write(data)
    assert pair.client.read() == BIG


def test_parts_arrive_in_order(pair: Pair) -> None:
    """`writelines` keeps the order of small and large parts."""
    parts = [b"head", b"5\r\n", BIG, b"\r\n", b"0\r\n\r\n"]
    pair.transport.writelines(parts)
    assert pair.client.read() == b"".join(parts)


def test_small_parts_share_a_record() -> None:
    """Neighbours that are small are joined to about a record; large ones are not copied."""
    small, large = b"a" * 100, bytes(RECORD)
    assert list(gathered([small] * 3)) == [small * 3]
    assert [len(part) for part in gathered([small] * 400)] == [16400, 16400, 7200]
    parts = list(gathered([small, large, small]))
    assert parts == [small, large, small]
    assert parts[1] is large


def test_what_the_system_does_not_take_is_not_written(pair: Pair) -> None:
    """Pause comes with the first byte that the system leaves, resume after the last has left."""
    pair.raw.room = 100_000
    settle()
    pair.transport.write(BIG)
    assert pair.above.told == ["pause"]
    waiting = pair.transport.get_write_buffer_size()
    assert len(BIG) - 100_000 <= waiting <= len(BIG)
    pair.raw.room = 500_000
    settle()
    assert pair.above.told == ["pause"]
    assert pair.transport.get_write_buffer_size() < waiting
    pair.raw.room = 10_000_000
    settle()
    assert pair.above.told == ["pause", "resume"]
    assert pair.transport.get_write_buffer_size() == 0
    assert pair.client.read() == BIG


def test_what_waits_is_not_encrypted_before_its_time(pair: Pair) -> None:
    """However much waits, the transport below holds a piece of it at most."""
    pair.raw.room = 0
    settle()
    for _ in range(50):
        pair.transport.write(BIG)
        pair.transport.write(b"small")
    assert pair.raw.get_write_buffer_size() <= PIECE + 4096
    assert pair.transport.get_write_buffer_size() >= 50 * len(BIG)
    pair.transport.abort()
    assert pair.transport.get_write_buffer_size() == 0


def test_a_write_behind_one_that_waits_keeps_its_place(pair: Pair) -> None:
    """Small writes do not overtake a large one."""
    pair.raw.room = 1000
    settle()
    pair.transport.write(BIG)
    pair.transport.write(b"after")
    pair.raw.room = 10_000_000
    settle()
    assert pair.client.read() == BIG + b"after"


def test_a_write_while_the_system_is_full_pauses(pair: Pair) -> None:
    """A small write that the system does not take pauses too."""
    pair.raw.room = 0
    settle()
    pair.transport.write(b"x")
    assert pair.above.told == ["pause"]
    pair.transport.write(b"y")
    pair.raw.room = 1000
    settle()
    assert pair.above.told == ["pause", "resume"]
    assert pair.client.read() == b"xy"


def test_write_eof_sends_close_notify_and_fin_behind_all(pair: Pair) -> None:
    """The client reads everything, then a proper end, and may still send."""
    pair.raw.room = 1000
    settle()
    assert pair.transport.can_write_eof()
    pair.transport.write(BIG)
    pair.transport.write_eof()
    pair.transport.write_eof()
    assert not pair.raw.ended
    pair.transport.write(b"too late")
    pair.transport.writelines([b"too late"])
    pair.raw.room = 10_000_000
    pair.client.read()
    assert pair.client.received == BIG
    assert pair.client.ended
    assert pair.raw.ended
    pair.raw.feed(_record(pair, b"still there"))
    settle()
    assert pair.above.received == b"still there"
    assert not pair.transport.is_closing()


def _record(pair: Pair, data: bytes) -> bytes:
    pair.client.ssl.write(data)
    return pair.client.outgoing.read()


def test_close_says_goodbye_behind_all(pair: Pair) -> None:
    """`close` waits for what was written, then sends close_notify and ends the connection."""
    pair.raw.room = 1000
    settle()
    pair.transport.write(BIG)
    pair.transport.close()
    pair.transport.close()
    assert pair.transport.is_closing()
    pair.raw.feed(_record(pair, b"nobody reads this"))
    pair.raw.room = 10_000_000
    pair.client.read()
    assert pair.client.received == BIG
    assert pair.client.ended
    assert pair.raw.closed
    assert pair.above.told == ["pause", ("lost", None)]


def test_abort_vouches_for_nothing(pair: Pair) -> None:
    """`abort` drops what waits and sends no close_notify, so that the client can tell."""
    pair.raw.room = 1000
    settle()
    pair.transport.write(BIG)
    pair.transport.abort()
    pair.client.read()
    assert not pair.client.ended
    assert pair.raw.closed
    pair.transport.write(b"late")
    pair.transport.writelines([b"late"])
    assert pair.above.told == ["pause", ("lost", None)]


def test_the_peers_goodbye_is_its_end(pair: Pair) -> None:
    """A close_notify is passed up as the end, once, behind the data before it; writing goes on."""
    pair.client.pack(b"last words")
    pair.client.say_goodbye()
    assert pair.above.told == [10, "end"]
    pair.raw.feed(None)
    settle()
    assert pair.above.told == [10, "end"]
    pair.transport.write(b"answer")
    assert not pair.transport.is_closing()


def test_an_end_without_goodbye_is_an_end_too(pair: Pair) -> None:
    """Node: a FIN without close_notify, even inside a record, is an 'end', no error."""
    pair.client.pack(b"cut")
    pair.raw.feed(pair.client.outgoing.read()[:7])
    pair.raw.feed(None)
    settle()
    assert pair.above.told == ["end"]


def test_nothing_is_kept_of_what_comes_behind_a_goodbye(pair: Pair) -> None:
    """A peer that goes on sending after its close_notify fills no memory."""
    pair.client.say_goodbye()
    for _ in range(5):
        pair.raw.feed(bytes(1000))
    settle()
    assert pair.above.told == ["end"]
    assert pair.transport._incoming.pending == 0


def test_a_protocol_that_does_not_stay_closes(pair: Pair) -> None:
    """As for every transport: when `eof_received` returns nothing, the transport closes itself."""
    pair.above.stays = False
    pair.raw.feed(None)
    settle()
    assert pair.above.told == ["end", ("lost", None)]


def test_a_broken_record_ends_the_connection_with_its_error(pair: Pair) -> None:
    """The client gets the alert, the protocol above the error of TLS with OpenSSL's reason."""
    pair.raw.feed(b"\x17\x03\x03\x00\x20" + bytes(32))
    settle()
    pair.client.take()
    with pytest.raises(ssl.SSLError, match="(?i)alert bad record mac"):
        pair.client.ssl.read(100)
    assert len(pair.above.told) == 1
    assert pair.above.told[0] in BROKEN


def test_a_broken_record_does_not_wait_for_a_slow_reader(pair: Pair) -> None:
    """What waits for a peer that broke the protocol is dropped."""
    pair.raw.room = 0
    settle()
    pair.transport.write(BIG)
    pair.raw.feed(b"\x17\x03\x03\x00\x20" + bytes(32))
    settle()
    assert pair.raw.closed
    assert pair.above.told[-1] in BROKEN


def test_a_lost_connection_is_told_with_its_error(pair: Pair) -> None:
    """The error of the transport below goes up as it is, and nothing more does."""
    pair.raw.feed(ConnectionResetError())
    settle()
    assert [type(told[1]) for told in pair.above.told] == [ConnectionResetError]
    assert pair.transport.get_protocol() is None


async def test_what_comes_while_reading_is_paused_waits() -> None:
    """A pause holds back data and the end; a resume brings them, in order, on a later turn."""
    pair = Pair()
    pair.above.on_data = lambda _: pair.transport.pause_reading()
    pair.client.send(b"one")
    assert not pair.transport.is_reading()
    pair.transport.pause_reading()
    pair.client.pack(b"two")
    pair.client.say_goodbye()
    assert pair.above.told == [3]
    pair.transport.resume_reading()
    pair.transport.resume_reading()
    await asyncio.sleep(0)
    settle()
    assert pair.above.told == [3, 3]
    pair.above.on_data = bool
    pair.transport.resume_reading()
    await asyncio.sleep(0)
    settle()
    assert pair.above.told == [3, 3, "end"]


async def test_bytes_that_came_with_the_pause_are_kept() -> None:
    """What is decrypted for a goodbye while reading is paused, is passed up at resume."""
    pair = Pair()
    pair.transport.pause_reading()
    pair.client.pack(b"kept")
    pair.transport._incoming.write(pair.client.outgoing.read())
    pair.transport.write_eof()
    pair.client.pack(b" too")
    pair.transport.data_received(pair.client.outgoing.read())
    assert pair.above.told == []
    pair.transport.resume_reading()
    await asyncio.sleep(0)
    assert pair.above.received == b"kept too"


async def test_a_resume_that_is_taken_back_passes_nothing_up() -> None:
    """A pause before the turn of a resume holds the bytes on."""
    pair = Pair()
    pair.transport.pause_reading()
    pair.client.pack(b"later")
    pair.transport.data_received(pair.client.outgoing.read())
    pair.transport.resume_reading()
    pair.transport.pause_reading()
    await asyncio.sleep(0)
    assert pair.above.told == []


def test_facts_of_the_connection(pair: Pair) -> None:
    """`get_extra_info` knows TLS, and asks below for the rest."""
    transport = pair.transport
    assert isinstance(transport.get_extra_info("ssl_object"), ssl.SSLObject)
    assert isinstance(transport.get_extra_info("sslcontext"), ssl.SSLContext)
    assert transport.get_extra_info("cipher")[2] >= 128
    assert transport.get_extra_info("peercert") is None
    assert transport.get_extra_info("compression") is None
    assert transport.get_extra_info("peername") == ("127.0.0.1", 5000)
    assert transport.get_extra_info("nothing", "else") == "else"
    assert transport.get_protocol() is pair.above
    transport.set_write_buffer_limits(10, 5)
    assert transport.get_write_buffer_limits() == (5, 10)


def test_another_protocol_hears_what_comes_next(pair: Pair) -> None:
    """`set_protocol` moves the reader, as an upgrade does."""
    other = Above()
    pair.client.send(b"one")
    pair.transport.set_protocol(other)
    pair.client.send(b"two")
    assert (pair.above.received, other.received) == (b"one", b"two")


class Busy:
    """An SSL object in a state that a client of Python's own cannot bring about."""

    def __init__(self, ssl_object: ssl.SSLObject, outgoing: ssl.MemoryBIO) -> None:
        self.ssl_object = ssl_object
        self.outgoing = outgoing
        self.wants_read = False
        self.broken = False
        self.says = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ssl_object, name)

    def write(self, data: Any) -> int:
        if self.wants_read:
            raise ssl.SSLWantReadError
        if self.broken:
            raise ssl.SSLError("broken")
        return self.ssl_object.write(data)

    def read(self, size: int) -> bytes:
        if self.says:
            self.outgoing.write(self.says)
        return self.ssl_object.read(size)


@pytest.fixture
def busy(pair: Pair) -> Busy:
    transport = pair.transport
    busy = Busy(transport._ssl, transport._outgoing)
    transport._ssl = busy  # type: ignore[assignment]
    transport._read = busy.read
    transport._encrypt = busy.write
    return busy


@pytest.mark.parametrize("data", [b"small", BIG], ids=["small", "large"])
def test_a_write_during_a_renegotiation_waits_for_the_client(pair: Pair, busy: Busy, data: bytes) -> None:
    """OpenSSL may want to read before it writes (TLS 1.2): the bytes wait, in order, and pause."""
    busy.wants_read = True
    pair.transport.write(data)
    pair.transport.write(b"more")
    assert pair.above.told == ["pause"]
    assert pair.transport.get_write_buffer_size() == len(data) + 4
    busy.wants_read = False
    pair.client.send(b"go on")
    assert pair.above.told == ["pause", "resume", 5]
    assert pair.client.read() == data + b"more"


@pytest.mark.parametrize("data", [b"small", BIG], ids=["small", "large"])
def test_a_write_that_openssl_refuses_ends_the_connection(pair: Pair, busy: Busy, data: bytes) -> None:
    """An error of a write is the error of the connection."""
    busy.broken = True
    pair.transport.write(data)
    settle()
    assert pair.above.told == [("lost", "ERR_SSL_UNKNOWN")]


def test_what_openssl_has_to_say_leaves_at_once(pair: Pair, busy: Busy) -> None:
    """The answer to a KeyUpdate is sent with the packet that asked for it; not behind our own end."""
    busy.says = b"answer"
    pair.raw.feed(_record(pair, b"x"))
    settle()
    assert pair.raw.written.endswith(b"answer")
    pair.transport.write_eof()
    settle()
    before = len(pair.raw.written)
    pair.raw.feed(_record(pair, b"y"))
    settle()
    assert len(pair.raw.written) == before
    assert pair.above.received == b"xy"


def test_who_asks_for_answers_and_reads_none_is_cut(pair: Pair, busy: Busy) -> None:
    """Answers that nobody takes do not pile up without limit."""
    pair.raw.room = 0
    settle()
    pair.transport.write(BIG)
    busy.says = bytes(PIECE)
    for _ in range(8):
        pair.raw.feed(_record(pair, b"again"))
        settle()
    assert pair.above.told[-1] == ("lost", None)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 200_000)),
        st.tuples(st.just("parts"), st.lists(st.integers(0, 40_000), max_size=20)),
        st.tuples(st.just("room"), st.integers(0, 300_000)),
        st.tuples(st.just("send"), st.integers(1, 100_000)),
        st.tuples(st.just("split"), st.integers(1, 40_000)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.sampled_from(["TLSv1.2", "TLSv1.3"]))
def test_any_writes_and_any_splits_arrive_as_they_were(steps: list[Any], version: str) -> None:
    """Both ways, whatever is written, however the system takes it and however packets are cut."""
    pair = Pair(max_version=version)
    down = up = b""
    pair.raw.room = 0
    settle()
    for number, (step, value) in enumerate(steps):
        fill = bytes([number])
        if step == "write":
            pair.transport.write(fill * value)
            down += fill * value
        elif step == "parts":
            pair.transport.writelines([fill * size for size in value])
            down += fill * sum(value)
        elif step == "room":
            pair.raw.room = value
            settle()
        elif step == "send":
            pair.client.send(fill * value)
            up += fill * value
        else:
            pair.client.pack(fill * 40_000)
            cipher = pair.client.outgoing.read()
            for start in range(0, len(cipher), value if value > 500 else 500):
                pair.raw.feed(cipher[start : start + (value if value > 500 else 500)])
            settle()
            up += fill * 40_000
        blocked = "pause" in pair.above.told and pair.above.told[::-1].index("pause") < (
            pair.above.told[::-1].index("resume") if "resume" in pair.above.told else 10**9
        )
        assert blocked == (pair.transport.get_write_buffer_size() > 0)
    pair.raw.room = 10**9
    settle()
    assert pair.transport.get_write_buffer_size() == 0
    assert pair.client.read() == down
    assert pair.above.received == up


class Raw:
    """As much as TLS needs of the channel whose Socket the listeners of 'connection' are given."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.lost: list[BaseException | None] = []

    def note_read(self, size: int) -> None:
        self.read.append(size)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.lost.append(exc)


def test_a_raw_socket_lives_with_the_connection(pair: Pair) -> None:
    """The socket of 'connection' is told what passes by, and closes with it."""
    raw = pair.transport.raw_channel = Raw()
    pair.client.send(b"one")
    pair.client.send(b"two")
    assert len(raw.read) == 2
    assert min(raw.read) > 3
    pair.transport.abort()
    settle()
    assert raw.lost == [None]
