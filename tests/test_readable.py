"""Readable gives out what it is pushed in the modes and the order of Node's stream.Readable."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.readable_stage import Author, Source, play, play_on_node
from writehead._loop import ticks as _ticks
from writehead._streams.readable import FLOW, Readable
from writehead.errors import HTTPError, InvalidArgTypeError, OutOfRangeError, UnknownEncodingError


def heard(source: Readable, *events: str) -> list[Any]:
    """Return a list that the events of a source will be written to."""
    log: list[Any] = []
    for event in events or ("data", "end", "pause", "resume", "error", "close"):
        source.on(event, lambda *args, event=event: log.append((event, *args)))
    return log


def turn() -> None:
    _ticks.run_pending()


KINDS = pytest.mark.parametrize(
    ("iterating", "supplying"), [(False, False), (False, True), (True, False), (True, True)]
)
# It attaches 'readable' in the turn in which the source flowed and ended. Node would take another look a
# tick later; here a source that flows is not looked at again after every piece.
KNOWN = {2376}


async def compare(seeds: range, iterating: bool, supplying: bool) -> None:
    chosen = [seed for seed in seeds if seed not in KNOWN]
    scenarios = [Author(seed, iterating, supplying).scenario() for seed in chosen]
    for seed, scenario, log in zip(chosen, scenarios, play_on_node(scenarios), strict=True):
        assert await play(scenario) == log, f"seed {seed}: {scenario}"


@pytest.mark.node
@KINDS
async def test_random_scenarios_go_as_on_node(iterating: bool, supplying: bool) -> None:
    """Every event, answer and property, in order, turn by turn, of 200 programs."""
    await compare(range(200), iterating, supplying)


@pytest.mark.slow
@pytest.mark.node
@KINDS
async def test_many_random_scenarios_go_as_on_node(iterating: bool, supplying: bool) -> None:
    """The same of 6000 programs."""
    await compare(range(300, 6300), iterating, supplying)


@pytest.mark.node
async def test_listeners_that_write_back_go_as_on_node() -> None:
    """Destinations that fail or answer False, unpiping in mid-flow, unshift and sizes."""
    scenarios = [
        {
            "mark": 9,
            "steps": [[["dest", "a", [True, "throw"]], ["pipe", "a", True], ["push", "x"]], [["push", "y"]]],
        },
        {
            "mark": 9,
            "steps": [[["dest", "a", [False]], ["pipe", "a", True], ["push", "x"]], [["unpipe", "a"]], []],
        },
        {
            "mark": 9,
            "steps": [
                [["dest", "a", [False, True]], ["dest", "b", [True, False]]],
                [["pipe", "a", True], ["pipe", "b", False], ["push", "x"], ["push", "y"]],
                [["tell", "a", "drain"]],
                [["tell", "b", "drain"], ["push", "z"], ["end"]],
            ],
        },
        {
            "mark": 9,
            "steps": [
                [["dest", "a", [False]], ["dest", "b", [True]], ["pipe", "a", True], ["pipe", "b", True]],
                [["push", "x"]],
                [["tell", "a", "error"], ["push", "y"]],
                [["tell", "b", "close"], ["end"]],
            ],
        },
        {"mark": 9, "steps": [[["end"], ["resume"]], [["dest", "a", []], ["pipe", "a", True]], []]},
        {
            "mark": 4,
            "steps": [
                [["push", "abcdef"], ["read", 2], ["unshift", "z"], ["read", 3]],
                [["read", 9], ["end"]],
            ],
        },
        {
            "mark": 4,
            "steps": [[["on", "readable", "r", [["read", 3]]], ["push", "abcdefgh"], ["end"]], [], []],
        },
        {"mark": 4, "steps": [[["setEncoding", "utf8"], ["push", "a\xc3"], ["resume"], ["end"]], []]},
    ]
    for scenario, log in zip(scenarios, play_on_node(scenarios), strict=True):
        assert await play(scenario) == log, scenario


def test_before_anybody_asks_pieces_are_buffered() -> None:
    """The mode is None, and a push at the mark asks the producer to wait."""
    source = Source(mark=4)
    assert source.readable_flowing is None
    assert source._push(b"abc") is True
    assert source._push(b"d") is False
    assert (source.readable_length, source.readable_did_read, source.wanted) == (4, False, 0)


def test_a_data_listener_starts_the_flow_on_a_later_turn() -> None:
    """'resume', then what is buffered, piece by piece, then live pieces at once."""
    source = Source()
    source._push(b"ab")
    source._push(b"c")
    log = heard(source)
    assert (log, source.readable_flowing) == ([], True)
    turn()
    assert log == [("resume",), ("data", b"ab"), ("data", b"c")]
    assert source._push(b"d") is True
    assert log[3:] == [("data", b"d")]


def test_an_end_listener_does_not_start_the_flow() -> None:
    """'end' comes only when somebody takes the data out."""
    source = Source()
    log = heard(source, "end")
    source._push_end()
    turn()
    assert (log, source.readable_flowing) == ([], None)


def test_pause_stops_at_once_and_resume_goes_on_later() -> None:
    """'pause' inside the call; live pieces are buffered meanwhile."""
    source = Source()
    log = heard(source)
    turn()
    assert source.pause().is_paused()
    source._push(b"a")
    turn()
    assert log == [("resume",), ("pause",)]
    assert not source.resume().is_paused()
    turn()
    assert log[2:] == [("resume",), ("data", b"a")]


def test_a_paused_stream_is_not_started_by_a_listener() -> None:
    """After pause() 'data' listeners wait for resume()."""
    source = Source()
    log = heard(source.pause(), "data")
    source._push(b"a")
    turn()
    assert (log, source.readable_flowing) == ([], False)


def test_the_end_comes_after_the_last_piece_on_a_later_turn() -> None:
    """And 'close' after 'end', for a source that closes itself."""
    source = Source()
    log = heard(source, "data", "end", "close")
    turn()
    source._push(b"a")
    source._push_end()
    source._push_end()
    assert log == [("data", b"a")]
    assert source.readable
    turn()
    assert log[1:] == [("end",), ("close",)]
    assert (source.readable, source.readable_ended, source.destroyed, source.closed) == (
        False,
        True,
        True,
        True,
    )
    assert not source.readable_aborted


def test_reading_by_readable_events() -> None:
    """read() joins what is buffered; 'readable' comes once more at the end, with nothing to read."""
    source, log = Source(), []
    source.on("readable", lambda: log.append(source.read()))
    source._push(b"ab")
    source._push(b"c")
    turn()
    source._push(b"d")
    turn()
    source._push_end()
    turn()
    assert log == [b"abc", b"d", None]
    assert source.readable_ended


def test_read_gives_sizes() -> None:
    """None if fewer are there; the shorter rest once all has come; 'data' is emitted too."""
    source = Source(mark=8)
    log = heard(source.pause(), "data")
    source._push(b"abcd")
    source._push(b"efgh")
    assert [source.read(3), source.read(3.0), source.read(9), source.read(0), source.read(-1)] == [  # type: ignore[arg-type]
        b"abc",
        b"def",
        None,
        None,
        None,
    ]
    assert source.readable_high_water_mark == 16  # the next power of two
    source._push_end()
    assert [source.read(1), source.read(9), source.read()] == [b"g", b"h", None]
    assert [chunk for _, chunk in log] == [b"abc", b"def", b"g", b"h"]


@pytest.mark.parametrize(
    ("size", "error"), [("3", InvalidArgTypeError), (True, InvalidArgTypeError), (1 << 31, OutOfRangeError)]
)
def test_read_refuses_what_is_no_size(size: Any, error: type[HTTPError]) -> None:
    """A number up to 1 GiB, and nothing is read meanwhile."""
    source = Source()
    with pytest.raises(error):
        source.read(size)
    assert source.wanted == 0


def test_the_producer_is_asked_when_less_than_the_mark_is_left() -> None:
    """Not before: a paused body holds its producer."""
    source = Source(mark=4)
    source.pause()
    source._push(b"abcd")
    turn()
    assert source.wanted == 0
    source.read(1)
    assert source.wanted == 1


def test_unshift_puts_back_to_the_front() -> None:
    """Bytes-like objects and text alike; it tells whether there is room."""
    source = Source(mark=6)
    source._push(b"abcd")
    assert source.read(2) == b"ab"
    assert source.unshift(bytearray(b"xy")) is True
    assert source.unshift("7a", "hex") is True
    assert source.unshift("zz") is False
    assert source.unshift(b"") is False
    assert source.read() == b"zzzxycd"


def test_unshift_takes_the_encoding_that_is_set() -> None:
    """What is put back has the form of what is given out, text or bytes."""
    source = Source().set_encoding("hex")
    source.unshift(b"\x01")
    source.unshift("02", "hex")
    source.unshift("a")
    assert source.read() == "610201"


@pytest.mark.parametrize("chunk", [None, 3, ["a"]])
def test_unshift_refuses_what_is_no_chunk(chunk: Any) -> None:
    """A TypeError that names the type."""
    with pytest.raises(InvalidArgTypeError, match="chunk"):
        Source().unshift(chunk)


def test_unshift_after_the_end_fails() -> None:
    """Inside 'end' the stream is destroyed with the error; later nothing happens."""
    source = Source()
    log = heard(source, "error")
    source.on("end", lambda: source.unshift(b"x")).resume()
    source._push_end()
    turn()
    assert [error.code for _, error in log] == ["ERR_STREAM_UNSHIFT_AFTER_END_EVENT"]
    assert source.unshift(b"x") is False
    assert Source().destroy().unshift(b"x") is False


def test_set_encoding_gives_text() -> None:
    """Buffered bytes are converted, a split character waits, an unfinished one is U+FFFD at the end."""
    source = Source()
    source._push(b"a\xc3")
    assert source.set_encoding() is source
    assert (source.readable_encoding, source.readable_length) == ("utf8", 1)
    log = heard(source, "data")
    turn()
    source._push(b"\xa9")
    source._push(b"\xc3")
    source._push_end()
    turn()
    assert [chunk for _, chunk in log] == ["a", "é", "\ufffd"]


def test_set_encoding_again_keeps_text() -> None:
    """Text stays text; what comes now is decoded the new way, and half a character is no piece."""
    source = Source().set_encoding("latin1")
    source._push(b"\xe9")
    source.set_encoding("utf8")
    source._push(b"\xc3")
    assert (source.readable_encoding, source.readable_length) == ("utf8", 1)
    source._push(b"\xa9")
    assert source.read() == "éé"
    bare = Source()
    bare._push(b"\xc3")
    assert bare.set_encoding("utf8").readable_length == 0


def test_an_unknown_encoding_is_refused() -> None:
    """And none is set."""
    source = Source()
    with pytest.raises(UnknownEncodingError):
        source.set_encoding("klingon")
    assert source.readable_encoding is None


def test_destroy_closes_on_a_later_turn() -> None:
    """Destroyed at once; then 'error' and 'close', once; what comes after it is dropped without a brake."""
    source, error = Source(mark=1), LookupError("no")
    log = heard(source, "error", "close", "end")
    source._push(b"abc")
    assert source.destroy(error).destroy(ValueError()) is source
    assert (source.destroyed, source.errored, source.closed, source.readable) == (True, error, False, False)
    assert source.readable_aborted
    assert source._push(b"d") is True
    turn()
    assert log == [("error", error), ("close",)]
    assert source.closed
    source._finish_destroy(None)
    turn()
    assert len(log) == 2


def test_a_subclass_may_take_its_time_to_destroy() -> None:
    """'close' waits for _finish_destroy, whose error counts if destroy had none."""

    class Slow(Readable):
        def _on_destroy(self, error: BaseException | None) -> None:
            log.append(("told", error))

    source, error = Slow(), LookupError()
    log: list[Any] = []
    source.on("close", lambda: log.append(("close", source.errored)))
    source.destroy()
    turn()
    source._finish_destroy(error)
    turn()
    assert log == [("told", None), ("close", error)]


def test_a_failing_listener_does_not_stop_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; a request or socket decides what else follows."""
    source = Source()

    def fail(chunk: bytes) -> None:
        raise LookupError("no")

    source.on("data", fail)
    turn()
    assert source._push(b"a") is True
    assert "Source: 'data' listener failed" in caplog.text


def test_untouched_is_what_nobody_has_looked_at() -> None:
    """Listening to 'end' is not looking; reading, pausing and flowing are."""
    assert Source().on("end", print)._untouched
    touched = [
        Source().pause(),
        Source().resume(),
        Source().on("data", print),
        Source().on("readable", print),
    ]
    assert [source._untouched for source in touched] == [False] * 4
    read = Source()
    read.read()
    assert not read._untouched


def test_left_is_what_nobody_will_read() -> None:
    """A paused stream is; one that flows, is iterated, waits for a slow pipe or has ended is not."""
    assert Source()._left
    assert Source().pause()._left
    assert not Source().resume()._left
    assert not Source().on("readable", print)._left


def test_discarding_throws_the_body_away() -> None:
    """Pieces that are there or come later go to nobody, and 'end' follows."""
    source = Source(mark=2)
    log = heard(source, "data", "end", "close")
    source.pause()._push(b"abc")
    source._discard()
    turn()
    assert source._push(b"def") is True
    source._push_end()
    turn()
    assert log == [("end",), ("close",)]


def test_discarding_an_empty_body_that_nobody_hears() -> None:
    """It is as if it had ended and closed."""
    source = Source()
    source._push_end()
    source._discard()
    assert not source.destroyed
    turn()
    assert (source.readable_ended, source.closed, source.destroyed, source.readable_flowing) == (True,) * 4


def test_discarding_an_empty_body_that_somebody_comes_to_hear() -> None:
    """A listener added in the same turn gets its event."""
    source = Source()
    source._push_end()
    source._discard()
    log = heard(source, "end", "close")
    turn()
    assert log == [("end",), ("close",)]


def test_removing_the_last_listener_lets_the_data_go() -> None:
    """The flow goes on, to nobody, whichever way the listeners were removed."""
    source = Source()
    source.on("data", print)
    turn()
    source.off("data", print)
    source._push(b"a")
    turn()
    assert (source.readable_flowing, source.readable_length) == (True, 0)
    source.on("data", print).remove_all_listeners()
    turn()
    source._push(b"b")
    assert (source.readable_flowing, source.readable_length) == (True, 0)


def test_removing_the_readable_listener_gives_the_mode_back() -> None:
    """To 'data' listeners if there are any, or else to nobody."""
    source = Source()
    source.on("readable", print).off("readable", print)
    turn()
    assert source.readable_flowing is None
    log = heard(source.on("readable", print), "data")
    source.off("readable", print)
    turn()
    source._push(b"a")
    assert log == [("data", b"a")]


def test_an_untouched_stream_has_no_state() -> None:
    """Making one costs nothing."""
    assert vars(Readable()) == {}


def test_both_spellings_give_the_same() -> None:
    """Node's names answer too, properties included."""
    for name, twin in {
        "is_paused": "isPaused",
        "set_encoding": "setEncoding",
        "remove_all_listeners": "removeAllListeners",
        "readable_ended": "readableEnded",
        "readable_flowing": "readableFlowing",
        "readable_length": "readableLength",
        "readable_high_water_mark": "readableHighWaterMark",
        "readable_aborted": "readableAborted",
        "readable_did_read": "readableDidRead",
        "readable_encoding": "readableEncoding",
    }.items():
        assert getattr(Readable, name) is getattr(Readable, twin)


async def test_ticks_pass_in_the_order_they_were_asked_for() -> None:
    """A 'readable' that was due before resume() comes before 'resume'."""
    source = Source()
    log = heard(source, "readable", "resume")
    source._push(b"a")
    turn()
    source._push(b"b")
    source.resume()
    await asyncio.sleep(0)
    assert log == [("readable",), ("readable",), ("resume",)]


async def test_many_pieces_flow_in_turns() -> None:
    """Each piece that was kept is an event; others have their turns between, the order stays, and 'end' is last."""
    source = Source()
    for number in range(3 * FLOW):
        source._push(b"%d" % number)
    source._push_end()
    log: list[Any] = []
    ended = asyncio.get_running_loop().create_future()
    source.once("data", lambda _: _ticks.in_slices(lambda: log.append("another's turn")))
    source.on("data", log.append)
    source.on("end", lambda: ended.set_result(None))
    await ended
    assert log.index("another's turn") == FLOW
    log.remove("another's turn")
    assert log == [b"%d" % number for number in range(3 * FLOW)]


async def test_a_flow_that_is_paused_between_turns_stops() -> None:
    """And goes on when it is resumed, with the piece after the last."""
    source = Source()
    for number in range(2 * FLOW):
        source._push(b"%d" % number)
    log: list[Any] = []
    loop = asyncio.get_running_loop()
    paused, whole = loop.create_future(), loop.create_future()

    def note(piece: bytes) -> None:
        log.append(piece)
        if len(log) == 2 * FLOW:
            whole.set_result(None)

    source.once("data", lambda _: _ticks.in_slices(lambda: paused.set_result(source.pause())))
    source.on("data", note)
    await paused
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(log) == FLOW
    source.resume()
    await whole
    assert log == [b"%d" % number for number in range(2 * FLOW)]
