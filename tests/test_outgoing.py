"""Outgoing messages: write, end, cork, back-pressure, strict length, trailers, and their one ending."""

from __future__ import annotations

import asyncio
import enum
import functools
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.response_stage import (
    CHUNKED,
    GET10,
    GET10_KEEP,
    HEAD,
    KEEP,
    Writable,
    by_hand,
    code_of,
    serve,
    settle,
)
from tests.kit.stage import GET, events
from writehead import http, testing
from writehead.errors import ConnectionLostError, ContentLengthMismatchError
from writehead.events import EventEmitter

CHUNKED_HEAD = f"HTTP/1.1 200 OK|Date: D|{KEEP}|{CHUNKED}||"


def codes(log: list[Any]) -> list[Any]:
    """Replace errors by their codes."""
    return [getattr(each, "code", each) for each in log]


# -- write ---------------------------------------------------------------------


def test_the_first_write_sends_the_head_before_it() -> None:
    """At the end of the turn, together with all written in it; one chunk a write."""

    def handler(res: Any) -> None:
        assert not res.headers_sent
        assert res.write("ab")
        assert res.headers_sent
        assert res.chunked_encoding
        assert res.write(b"c" * 26)
        assert res.socket.transport.written == b""

    served = serve(handler)
    assert served.text == CHUNKED_HEAD + "2|ab|1a|" + "c" * 26 + "|"


@pytest.mark.parametrize("empty", ["", b""])
def test_an_empty_write_sends_the_head_and_no_chunk(empty: Any) -> None:
    """The callback is called, the answer is True."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        log.append(res.write(empty, log.append))

    served = serve(handler)
    assert served.text == CHUNKED_HEAD
    assert log == [True, None]


def test_the_encoding_may_be_left_out_before_the_callback() -> None:
    """Of write and end."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.write("a", lambda: log.append("a"))
        res.write("ff", "hex", lambda error: log.append(("b", error)))
        res.write("c", None, lambda *error: log.append(("c", *error)))
        res.write("d", "utf8", "no function")
        res.end("e", lambda: log.append("e"))

    assert serve(handler).body == b"1\r\na\r\n1\r\n\xff\r\n1\r\nc\r\n1\r\nd\r\n1\r\ne\r\n0\r\n\r\n"
    assert log == ["a", ("b", None), ("c", None), "e"]


@pytest.mark.parametrize(
    ("chunk", "encoding", "code"),
    [
        (None, None, "ERR_STREAM_NULL_VALUES"),
        (5, None, "ERR_INVALID_ARG_TYPE"),
        (True, None, "ERR_INVALID_ARG_TYPE"),
        ({}, None, "ERR_INVALID_ARG_TYPE"),
        ("x", "none", "ERR_UNKNOWN_ENCODING"),
    ],
)
def test_what_cannot_be_written_changes_nothing(chunk: Any, encoding: Any, code: str) -> None:
    """It raises first, whatever the state; nothing is rendered, and the response goes on."""

    def handler(res: Any) -> None:
        assert code_of(lambda: res.write(chunk, encoding)) == code
        if chunk is not None:
            assert code_of(lambda: res.end(chunk, encoding)) == code
        assert (res.headers_sent, res.finished, res.writable_length) == (False, False, 0)
        res.end("ok")
        assert code_of(lambda: res.write(chunk, encoding)) == code

    served = serve(handler)
    assert served.body == b"ok"
    served.res.destroy()
    assert code_of(lambda: served.res.write(chunk, encoding)) == code


@pytest.mark.parametrize("chunk", ["late", ""])
def test_a_write_after_end(chunk: str) -> None:
    """False; on a later turn the callback hears of it, then 'error' comes, empty chunk or not."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.on("error", log.append)
        res.end("x")
        log.append(res.write(chunk, log.append))
        log.append("returned")

    assert serve(handler).body == b"x"
    assert codes(log) == [False, "returned", "ERR_STREAM_WRITE_AFTER_END", "ERR_STREAM_WRITE_AFTER_END"]


def test_an_unheard_write_after_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """And the answer, which is out, stands."""

    def handler(res: Any) -> None:
        res.end("x")
        res.write("late")

    served = serve(handler)
    assert served.body == b"x"
    assert "ERR_STREAM_WRITE_AFTER_END" in caplog.text or "write after end" in caplog.text


def test_a_write_after_the_close_of_a_finished_response() -> None:
    """The callback hears of it, and there is no 'error' event."""
    log: list[Any] = []
    served = serve(lambda res: res.end("x"))
    served.res.on("error", log.append)
    assert served.res.write("late", log.append) is False
    settle()
    assert codes(log) == ["ERR_STREAM_WRITE_AFTER_END"]


def test_a_write_on_a_destroyed_response() -> None:
    """False, no head, no 'error' event; the callback gets ERR_STREAM_DESTROYED."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.on("error", log.append)
        res.destroy()
        log.append(res.write("x", log.append))
        assert not res.headers_sent

    assert serve(handler).bytes == b""
    assert codes(log) == [False, "ERR_STREAM_DESTROYED"]


def test_a_write_when_the_socket_was_destroyed_in_this_turn() -> None:
    """False; the head is rendered, the callback never called."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.socket.destroy()
        log.append(res.write("x", log.append))
        log.append(res.headers_sent)

    assert serve(handler).bytes == b""
    assert log == [False, True]


@pytest.mark.parametrize("request_bytes", [HEAD, GET])
def test_a_body_that_is_not_allowed_is_dropped(request_bytes: bytes) -> None:
    """The head waits for end; the callback is called without error; the answer is True."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        if request_bytes is GET:
            res.status_code = 304
        log.append(res.write("x" * 100_000, log.append))
        log.append((res.headers_sent, res.writable_length))

    served = serve(handler, request_bytes)
    assert served.bytes == b""
    assert log == [True, (True, 0), None]
    served.res.end("y")
    settle()
    assert served.body == b""
    assert served.head.endswith(KEEP)


def test_a_body_that_is_not_allowed_is_refused_if_the_server_says_so() -> None:
    """After rendering the head; empty chunks too, but not an end with nothing."""

    def handler(res: Any) -> None:
        for call in (
            lambda: res.write("x"),
            lambda: res.write(""),
            lambda: res.end("x"),
            lambda: res.end(b""),
        ):
            assert code_of(call) == "ERR_HTTP_BODY_NOT_ALLOWED"
        assert (res.headers_sent, res.finished) == (True, False)
        res.end("")

    served = serve(handler, HEAD, reject_non_standard_body_writes=True)
    assert served.text == f"HTTP/1.1 200 OK|Date: D|{KEEP}||"


def test_a_body_that_is_allowed_passes_the_reject_option() -> None:
    """Nothing changes for it."""

    def handler(res: Any) -> None:
        res.write("x")
        res.end("y")

    assert serve(handler, reject_non_standard_body_writes=True).body == b"1\r\nx\r\n1\r\ny\r\n0\r\n\r\n"


def test_a_chunk_may_be_changed_after_it_was_written() -> None:
    """It is copied."""
    chunk = bytearray(b"ab")

    def handler(res: Any) -> None:
        res.set_header("Content-Length", 2)
        res.write(chunk)
        chunk[:] = b"xy"

    assert serve(handler).body == b"ab"


@pytest.mark.parametrize("size", [16383, 16384, 70_000])
def test_chunks_of_any_size_are_framed(size: int) -> None:
    """Joined with their frame or handed down as they are: the bytes are the same."""
    data = b"x" * size

    def handler(res: Any) -> None:
        res.write(data)
        res.write(data)
        res.end(data)

    one = b"%x\r\n%s\r\n" % (size, data)
    assert serve(handler).body == one * 3 + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [16383, 16384, 70_000])
def test_a_large_end_has_its_length(size: int) -> None:
    """Head and body may leave in two pieces."""
    served = serve(lambda res: res.end(b"x" * size))
    assert served.head.endswith(f"Content-Length: {size}")
    assert served.body == b"x" * size


# -- end -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ((), b""),
        ((None,), b""),
        (("",), b""),
        ((b"",), b""),
        (("é",), b"\xc3\xa9"),
        (("é", "latin1"), b"\xe9"),
        (("", "no such encoding"), b""),
        ((None, None, None), b""),
        ((memoryview(b"ab"),), b"ab"),
    ],
)
def test_end_announces_what_it_sends(arguments: tuple[Any, ...], body: bytes) -> None:
    """In bytes of the encoded data; it returns the response."""

    def handler(res: Any) -> None:
        assert res.end(*arguments) is res
        assert (res.finished, res.writable_ended, res.headers_sent) == (True, True, True)

    served = serve(handler)
    assert served.text == f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: {len(body)}||" + body.decode(
        "latin-1"
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda res, done: res.end(done),
        lambda res, done: res.end("", done),
        lambda res, done: res.end(None, done),
        lambda res, done: res.end("x", done),
        lambda res, done: res.end("x", "utf8", done),
        lambda res, done: res.end("x", None, done),
        lambda res, done: res.end(None, None, done),
    ],
)
def test_the_callback_of_end_is_a_listener_of_finish(call: Any) -> None:
    """It runs in the order of registration, on a later turn, without an argument."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.on("finish", lambda: log.append("before"))
        call(res, lambda *args: log.append(args))
        res.on("finish", lambda: log.append("after"))
        log.append("returned")

    serve(handler)
    assert log == ["returned", "before", (), "after"]


@pytest.mark.parametrize("value", [0, False, 5, {}, []])
def test_end_refuses_what_is_no_data(value: Any) -> None:
    """Falsy values too; the response can still be ended."""

    def handler(res: Any) -> None:
        assert code_of(lambda: res.end(value)) == "ERR_INVALID_ARG_TYPE"
        assert not res.finished
        res.end("x")

    assert serve(handler).body == b"x"


def test_a_failed_end_leaves_no_trace() -> None:
    """A bad status code raises, may be mended, and what follows knows no length from before."""

    def handler(res: Any) -> None:
        res.status_code = 1
        assert code_of(lambda: res.end("abc")) == "ERR_HTTP_INVALID_STATUS_CODE"
        assert (res.finished, res.headers_sent) == (False, False)
        assert code_of(lambda: res.write("abc")) == "ERR_HTTP_INVALID_STATUS_CODE"
        assert code_of(res.flush_headers) == "ERR_HTTP_INVALID_STATUS_CODE"
        res.status_code = 200
        res.write("z")
        res.end()

    assert serve(handler).text == CHUNKED_HEAD + "1|z|0||"


@pytest.mark.parametrize("bad", [[], {}, None, "x", 200.5j, object()])
def test_a_status_code_of_another_type_is_refused_when_it_is_rendered(bad: Any) -> None:
    """By whichever call renders the head."""

    def handler(res: Any) -> None:
        res.status_code = bad
        assert code_of(lambda: res.end("abc")) == "ERR_HTTP_INVALID_STATUS_CODE"
        res.status_code = 200
        res.end()

    assert serve(handler).body == b""


def test_a_second_end_when_all_is_with_the_system() -> None:
    """Its callback is called at once with ERR_STREAM_ALREADY_FINISHED; no event."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.on("error", log.append)
        res.end("x")
        assert res.end() is res
        assert res.end(log.append) is res
        log.append("returned")

    assert serve(handler).body == b"x"
    assert codes(log) == ["ERR_STREAM_ALREADY_FINISHED", "returned"]


def test_a_second_end_while_bytes_wait() -> None:
    """Its callback becomes a listener of 'finish'."""
    log: list[Any] = []
    served = serve()
    served.client.stall()
    served.res.end(b"x" * 100_000)
    served.res.end(lambda: log.append("finish"))
    settle()
    assert log == []
    served.client.take()
    assert log == ["finish"]


def test_a_second_end_with_data() -> None:
    """Callback and 'error' hear of it later; nothing is sent."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.on("error", lambda error: log.append(["event", error.code]))
        res.end("x")
        assert res.end("y", log.append) is res
        log.append("returned")

    assert serve(handler).body == b"x"
    assert codes(log) == ["returned", "ERR_STREAM_WRITE_AFTER_END", ["event", "ERR_STREAM_WRITE_AFTER_END"]]


def test_a_second_end_with_data_in_a_finish_listener() -> None:
    """The callback hears of it; when its turn comes the response has closed, so no event."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.on("error", lambda error: log.append("event"))
        res.on("finish", lambda: res.end("y", log.append))
        res.end("x")

    assert serve(handler).body == b"x"
    assert codes(log) == ["ERR_STREAM_WRITE_AFTER_END"]


def test_a_second_end_with_data_after_the_close() -> None:
    """Nothing at all."""
    log: list[Any] = []
    served = serve(lambda res: res.end("x"))
    served.res.on("error", log.append)
    assert served.res.end("y", log.append) is served.res
    settle()
    assert log == []


@pytest.mark.parametrize(("data", "headers_sent"), [(None, True), ("", True), ("x", False)])
def test_the_first_end_of_a_destroyed_response(data: Any, headers_sent: bool) -> None:
    """`finished`, and neither a byte nor a call."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "finish error")
        res.destroy()
        assert res.end(data, lambda: log.append("called")) is res
        assert (res.finished, res.headers_sent) == (True, headers_sent)

    assert serve(handler).bytes == b""
    assert log == []


# -- cork, back-pressure, drain --------------------------------------------------


def test_corked_chunks_become_one() -> None:
    """All but the one that the head travels with; callbacks come after it."""
    log: list[Any] = []

    def note(chunk: str, error: Any) -> None:
        log.append(chunk)

    def handler(res: Any) -> None:
        res.cork()
        res.cork()
        for chunk in ("a", "b", "cc"):
            res.write(chunk, functools.partial(note, chunk))
        res.uncork()
        assert res.writable_corked == 1
        res.uncork()
        res.write("d")
        res.end()

    assert serve(handler).body == b"1\r\na\r\n3\r\nbcc\r\n1\r\nd\r\n0\r\n\r\n"
    assert log == ["a", "b", "cc"]


def test_corked_after_the_head() -> None:
    """All chunks become one, and nothing leaves before."""
    served = serve(lambda res: res.flush_headers())
    served.res.cork()
    served.res.write("a")
    served.res.write("bcc")
    settle()
    assert served.body == b""
    assert served.res.writable_length == 4
    served.res.uncork()
    settle()
    assert served.body == b"4\r\nabcc\r\n"


def test_a_large_corked_chunk() -> None:
    """Is framed like any other."""
    served = serve(lambda res: res.flush_headers())
    served.res.cork()
    served.res.write(b"a" * 10_000)
    assert served.res.write(b"a" * 55_535)
    assert not served.res.write(b"a")
    served.res.uncork()
    settle()
    assert served.body == b"10000\r\n" + b"a" * 65_536 + b"\r\n"


def test_corked_raw_bytes_are_only_held_back() -> None:
    """Until the last uncork."""

    def handler(res: Any) -> None:
        res.set_header("Content-Length", 3)
        res.cork()
        res.write("a")
        res.write("bc")

    served = serve(handler)
    assert served.bytes == b""
    served.res.uncork()
    settle()
    assert served.body == b"abc"


def test_end_undoes_all_corks_and_keeps_the_order() -> None:
    """What was corked comes before the terminator."""

    def handler(res: Any) -> None:
        res.flush_headers()
        res.cork()
        res.cork()
        res.write("a")
        res.write("b")
        res.end("c")
        assert res.writable_corked == 0

    assert serve(handler).body == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


def test_uncork_below_zero_does_nothing() -> None:
    """Later chunks are framed as ever."""

    def handler(res: Any) -> None:
        res.uncork()
        res.write("a")
        res.uncork()
        res.write("b")
        res.end()

    assert serve(handler).body == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "message",
    [
        http.OutgoingMessage(7, True),
        http.OutgoingMessage(high_water_mark=7, reject_non_standard_body_writes=True),
        http.OutgoingMessage({"highWaterMark": 7, "rejectNonStandardBodyWrites": True}),
    ],
)
def test_a_message_made_by_hand_takes_two_options(message: http.OutgoingMessage) -> None:
    """By place, by name, or as Node's one object."""
    assert message.writable_high_water_mark == 7
    assert message._reject_body
    assert (http.OutgoingMessage().writable_high_water_mark, http.OutgoingMessage()._reject_body) == (
        65536,
        False,
    )


def test_uncork_that_leaves_nothing_drains_at_once() -> None:
    """'drain' comes inside the call."""
    log: list[Any] = []
    res = by_hand(high_water_mark=10)
    events(log, res, "drain")
    w = Writable()
    res.assign_socket(w)
    res.flush_headers()
    settle()
    w.writable_high_water_mark = 5
    res.cork()
    assert not res.write("abcdef")
    settle()
    assert log == []
    res.uncork()
    w.take()
    settle()
    assert log in (["drain"], [])  # a writable of the user's tells us nothing; see the next test


def test_uncork_drains_what_the_system_takes() -> None:
    """On a connection, once nothing waits."""
    log: list[Any] = []
    served = serve(lambda res: res.flush_headers(), high_water_mark=5)
    events(log, served.res, "drain")
    served.res.cork()
    assert not served.res.write("abcdef")
    settle()
    assert (log, served.body) == ([], b"")
    served.res.uncork()
    settle()
    assert (log, served.body) == (["drain"], b"6\r\nabcdef\r\n")
    assert not served.res.writable_need_drain


def test_write_answers_by_the_bytes_that_wait() -> None:
    """True below the mark, False at it; 'drain' when nothing waits any more."""
    log: list[Any] = []
    served = serve(lambda res: res.set_header("Content-Length", 1000).flush_headers(), high_water_mark=1000)
    res = served.res
    events(log, res, "drain")
    assert res.write(b"x" * 999)
    assert not res.writable_need_drain
    assert not res.write(b"x")
    assert res.writable_need_drain
    assert (res.writable_length, res.writable_high_water_mark) == (1000, 1000)
    assert log == []
    settle()
    assert log == ["drain"]
    assert (res.writable_need_drain, res.writable_length) == (False, 0)


def test_the_head_and_the_frames_count() -> None:
    """In bytes."""

    def handler(res: Any) -> None:
        res.send_date = False
        res.write("é")
        head = f"HTTP/1.1 200 OK||{KEEP}|{CHUNKED}||".replace("|", "\r\n")
        assert res.writable_length == len(head) - 2 + len("2\r\n..\r\n")

    serve(handler)


def test_drain_waits_for_the_last_byte() -> None:
    """Not for the mark; and comes before the callback of the write that emptied the queue."""
    log: list[Any] = []
    served = serve(lambda res: res.flush_headers())
    served.client.stall()
    events(log, served.res, "drain")
    assert not served.res.write(b"x" * 100_000, lambda: log.append("written"))
    settle()
    served.client.take(99_000)
    assert log == []
    assert 0 < served.res.writable_length < 2000
    served.client.take()
    assert log == ["drain", "written"]


def test_end_cancels_drain() -> None:
    """Only 'finish' follows."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "drain finish")
        assert not res.write(b"x" * 100_000)
        res.end()
        assert not res.writable_need_drain

    serve(handler)
    assert log == ["finish"]


def test_flush_headers_sends_the_head_at_once() -> None:
    """And only once; after end it does nothing."""

    def handler(res: Any) -> None:
        res.flush_headers()
        res.flush_headers()
        sent.append(res.writable_length)
        res.end("x")
        res.flush_headers()

    sent: list[int] = []
    assert serve(handler).text == CHUNKED_HEAD + "1|x|0||"
    assert serve(lambda res: res.destroy().flush_headers()).bytes == b""


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        (lambda res: res.flush_headers(), CHUNKED_HEAD),
        (lambda res: res.write_processing(), "HTTP/1.1 102 Processing||"),
        (lambda res: res.write_head(200), ""),
        (lambda res: res.write("x"), ""),
    ],
)
def test_what_leaves_before_the_handler_returns(call: Any, sent: str) -> None:
    """The flushed head and the informational answers, for they are of use while the handler works."""
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append((call(res), client.received))))
    client.send(GET)
    assert dateless(held[0][1]).decode().replace("\r\n", "|") == sent


def test_an_expect_header_makes_the_head_leave_at_once() -> None:
    """Node's one exception for write_head."""
    assert serve(lambda res: res.write_head(200, {"Expect": "x"})).head.startswith(
        "HTTP/1.1 200 OK|Expect: x"
    )
    assert serve(lambda res: res.write_head(200)).bytes == b""


# -- strict content length -------------------------------------------------------


def strict(length: Any = 5) -> Any:
    served = serve(lambda res: res.set_header("Content-Length", length))
    served.res.strict_content_length = True
    return served


def test_a_strict_write_may_not_exceed_the_length() -> None:
    """The refused chunk is not counted: a correct one may follow. Counted are encoded bytes."""
    served = strict()
    res = served.res
    res.write("é")
    with pytest.raises(ContentLengthMismatchError) as caught:
        res.write("abcd")
    assert caught.value.code == "ERR_HTTP_CONTENT_LENGTH_MISMATCH"
    assert "6" in str(caught.value)
    assert "5" in str(caught.value)
    assert (res.finished, res.headers_sent) == (False, True)
    res.write("ab")
    res.end("c")
    settle()
    assert served.body == b"\xc3\xa9abc"


def test_a_strict_end_has_to_make_the_length() -> None:
    """Too little or too much is refused, sends nothing and registers no callback."""
    log: list[Any] = []
    served = strict()
    res = served.res
    for call in (
        lambda: res.end(lambda: log.append("a")),
        lambda: res.end("abcd", lambda: log.append("b")),
        lambda: res.end("abcdef"),
    ):
        assert code_of(call) == "ERR_HTTP_CONTENT_LENGTH_MISMATCH"
        settle()
        assert served.body == b""
        assert not res.finished
    res.end("abcde")
    settle()
    assert served.body == b"abcde"
    assert log == []


@pytest.mark.parametrize("length", ["abc", "", "5x", "9" * 5000, "-5"])
def test_a_length_that_is_no_number_never_matches(length: str) -> None:
    """Strictly; else it goes out as it is."""
    assert code_of(lambda: strict(length).res.end("abcde")) == "ERR_HTTP_CONTENT_LENGTH_MISMATCH"


def test_no_check_unless_strict() -> None:
    """Too much is sent, too little is left to the client."""

    def handler(res: Any) -> None:
        res.set_header("Content-Length", 2)
        res.end("abc")

    assert serve(handler).body == b"abc"


@pytest.mark.parametrize("prepare", ["no length", "removed", "chunked", "gzip", "204", "HEAD"])
def test_no_check_where_no_length_is_in_force(prepare: str) -> None:
    """Only the user's own one, for a body that is allowed and delimited by it."""

    def handler(res: Any) -> None:
        if prepare != "no length":
            res.set_header("Content-Length", 5)
        if prepare == "removed":
            res.remove_header("content-length")
        if prepare in ("chunked", "gzip"):
            res.set_header("Transfer-Encoding", prepare)
        if prepare == "204":
            res.status_code = 204
        res.strict_content_length = True
        res.write("x")
        res.end("y")

    assert serve(handler, HEAD if prepare == "HEAD" else GET).res.finished


# -- trailers --------------------------------------------------------------------


def trailed(trailers: Any, **options: Any) -> bytes:
    def handler(res: Any) -> None:
        res.write("x")
        res.add_trailers(trailers)
        res.end()

    return serve(handler, **options).body


def test_trailers_follow_the_last_chunk() -> None:
    """In order and as spelled; a list is a line an item, or one for unique headers."""
    pairs = [["X-T", "1"], ["x-u", "a"], ["x-u", "b"]]
    assert trailed(pairs) == b"1\r\nx\r\n0\r\nX-T: 1\r\nx-u: a\r\nx-u: b\r\n\r\n"
    assert trailed({"A": ["1", 2]}) == b"1\r\nx\r\n0\r\nA: 1\r\nA: 2\r\n\r\n"
    assert trailed({"A": ["1", "2"]}, unique_headers=["a"]) == b"1\r\nx\r\n0\r\nA: 1; 2\r\n\r\n"
    assert trailed({"Content-Length": "caf\xe9"}) == b"1\r\nx\r\n0\r\nContent-Length: caf\xe9\r\n\r\n"
    assert trailed({"Cookie": ["a", "b"], "E": []}) == b"1\r\nx\r\n0\r\nCookie: a\r\nCookie: b\r\nE: \r\n\r\n"
    assert trailed([]) == trailed({}) == b"1\r\nx\r\n0\r\n\r\n"


def test_each_call_replaces_the_trailers_before() -> None:
    """Before the head, after it, until end."""

    def handler(res: Any) -> None:
        res.add_trailers({"A": "1"})
        res.write("x")
        res.add_trailers({"B": "2"})
        res.end("y")
        res.add_trailers({"C": "3"})

    assert serve(handler).body == b"1\r\nx\r\n1\r\ny\r\n0\r\nB: 2\r\n\r\n"


def test_a_large_last_chunk_has_its_trailers() -> None:
    """Whatever its size."""

    def handler(res: Any) -> None:
        res.flush_headers()
        res.add_trailers({"A": "1"})
        res.end(b"x" * 20_000)

    assert serve(handler).body == b"4e20\r\n" + b"x" * 20_000 + b"\r\n0\r\nA: 1\r\n\r\n"


@pytest.mark.parametrize("request_bytes", [GET, GET10, GET10_KEEP, HEAD])
def test_trailers_without_chunks_are_dropped(request_bytes: bytes) -> None:
    """Silently: a known length, HTTP/1.0, HEAD."""

    def handler(res: Any) -> None:
        res.add_trailers({"A": "1"})
        res.end("x")

    assert b"A: 1" not in serve(handler, request_bytes).bytes


def test_a_trailer_header_forces_chunks() -> None:
    """With trailers or without."""

    def handler(res: Any) -> None:
        res.set_header("Trailer", "A")
        res.end("x")

    assert serve(handler).text == (f"HTTP/1.1 200 OK|Trailer: A|Date: D|{KEEP}|{CHUNKED}||1|x|0||")


def test_a_trailer_header_without_chunks_is_an_error() -> None:
    """From whichever call renders the head; nothing is rendered, and it may be removed."""

    def handler(res: Any) -> None:
        res.set_header("Trailer", "A")
        res.set_header("Content-Length", 1)
        for call in (
            lambda: res.write("x"),
            lambda: res.end("x"),
            res.flush_headers,
            lambda: res.write_head(200),
        ):
            assert code_of(call) == "ERR_HTTP_TRAILER_INVALID"
            assert (res.headers_sent, res.finished, res.chunked_encoding) == (False, False, False)
        res.remove_header("trailer")
        res.end("x")

    assert serve(handler).body == b"x"


@pytest.mark.parametrize(
    ("trailers", "code"),
    [
        (["A", "1"], "ERR_INVALID_ARG_TYPE"),
        ([["A", "1", "2"]], "ERR_INVALID_ARG_TYPE"),
        (None, "ERR_INVALID_ARG_TYPE"),
        ("A: 1", "ERR_INVALID_ARG_TYPE"),
        (5, "ERR_INVALID_ARG_TYPE"),
        ({"a b": "1"}, "ERR_INVALID_HTTP_TOKEN"),
        ({"": "1"}, "ERR_INVALID_HTTP_TOKEN"),
        ({"A": "1\r\nB: 2"}, "ERR_INVALID_CHAR"),
        ({"A": ["1", "\0"]}, "ERR_INVALID_CHAR"),
        ({"A": None}, "ERR_HTTP_INVALID_HEADER_VALUE"),
    ],
)
def test_refused_trailers_leave_the_earlier_ones(trailers: Any, code: str) -> None:
    """None of a failed call are kept."""

    def handler(res: Any) -> None:
        res.write("x")
        res.add_trailers({"Old": "1"})
        assert code_of(lambda: res.add_trailers(trailers)) == code
        res.end()

    assert serve(handler).body == b"1\r\nx\r\n0\r\nOld: 1\r\n\r\n"


# -- destroy, and the one ending ---------------------------------------------------


def test_destroy_cuts_the_connection() -> None:
    """`destroyed` at once, 'close' when the socket has closed, once; no 'error' on the response."""
    log: list[Any] = []
    error = ValueError("mine")

    def handler(res: Any) -> None:
        events(log, res, "finish close error")
        res.write("x")
        assert res.destroy(error) is res
        res.destroy(KeyError())
        assert (res.destroyed, res.closed, res.errored) == (True, False, error)

    served = serve(handler)
    served.server.on("clientError", lambda error, socket: None)
    assert log == ["close"]
    assert served.client.closed
    assert served.res.closed


def test_destroy_after_the_end_of_a_kept_connection() -> None:
    """Late calls find nothing: the connection is another response's by now."""
    served = serve(lambda res: res.end("x"))
    served.res.destroy()
    served.res.cork()
    served.res.uncork()
    served.res.flush_headers()
    settle()
    assert not served.client.closed
    assert served.client.request("GET", "/").status == 200


def test_destroy_in_a_finish_listener_only_sets_flags() -> None:
    """The connection stays open."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "close")
        res.on("finish", lambda: log.append((res.socket, res.destroy().destroyed)))
        res.end("x")

    served = serve(handler)
    assert log == [(None, True)]
    assert not served.client.closed


def test_a_late_call_to_a_gone_exchange_is_harmless() -> None:
    """Cork, write, end and their like after 'close'."""
    served = serve(lambda res: res.write("x"))
    served.client.reset()
    res = served.res
    assert res.closed
    res.cork()
    res.uncork()
    res.flush_headers()
    res.end("y")
    assert res.writable_finished is False or res.finished


# -- Python's own ------------------------------------------------------------------


@on_both_loops
async def test_drain_returns_at_once_unless_a_write_said_wait() -> None:
    """Before, after a True, after the end."""
    served = serve(lambda res: res.write("x"))
    await served.res.drain()
    served.res.end()
    await served.res.drain()
    await served.res.wait_finished()
    await served.res.drain()


@on_both_loops
async def test_drain_waits_for_drain() -> None:
    """And leaves no listener behind."""
    served = serve(lambda res: res.flush_headers())
    served.client.stall()
    assert not served.res.write(b"x" * 100_000)
    waiting = asyncio.ensure_future(served.res.drain())
    await asyncio.sleep(0)
    assert not waiting.done()
    served.client.take()
    await waiting
    assert served.res.event_names() == []


@on_both_loops
async def test_drain_returns_when_the_response_is_ended_meanwhile() -> None:
    """Nothing more may be written, so there is nothing to wait for but 'finish'."""
    served = serve(lambda res: res.flush_headers())
    served.client.stall()
    served.res.write(b"x" * 100_000)
    waiting = asyncio.ensure_future(served.res.drain())
    await asyncio.sleep(0)
    served.res.end()
    served.client.take()
    await waiting


@on_both_loops
async def test_drain_and_wait_finished_raise_when_the_client_has_gone() -> None:
    """While they wait, and afterwards."""
    served = serve(lambda res: res.flush_headers())
    served.client.stall()
    served.res.write(b"x" * 100_000)
    waiting = [asyncio.ensure_future(each) for each in (served.res.drain(), served.res.wait_finished())]
    await asyncio.sleep(0)
    served.client.reset()
    for each in waiting:
        with pytest.raises(ConnectionLostError):
            await each
    with pytest.raises(ConnectionLostError):
        await served.res.wait_finished()
    with pytest.raises(ConnectionLostError):
        await served.res.drain()


@pytest.mark.parametrize("error", [None, KeyError("mine")])
@on_both_loops
async def test_drain_raises_at_once_when_the_response_was_destroyed(error: BaseException | None) -> None:
    """A loop of `write` and `drain` ends, though 'close' has had no turn to come."""
    served = serve(lambda res: res.flush_headers())
    served.res.destroy(error)
    assert not served.res.write("x")
    drain = served.res.drain()
    with pytest.raises(ConnectionLostError if error is None else KeyError):
        drain.send(None)


@on_both_loops
async def test_drain_behind_the_end_lets_the_loop_go_on() -> None:
    """A loop of `write` and `drain` that does not notice the end is its own fault, and nobody else's."""
    served = serve(lambda res: res.on("error", lambda error: None).end("x"))
    others: list[str] = []
    asyncio.get_running_loop().call_soon(others.append, "served")
    while not others:
        assert not served.res.write("x")
        await served.res.drain()


@on_both_loops
async def test_wait_finished_raises_what_the_response_was_destroyed_with() -> None:
    """The error itself."""
    served = serve(lambda res: res.flush_headers())
    served.server.on("clientError", lambda error, socket: socket.destroy())
    waiting = asyncio.ensure_future(served.res.wait_finished())
    await asyncio.sleep(0)
    served.res.destroy(KeyError("mine"))
    with pytest.raises(KeyError):
        await waiting


@on_both_loops
async def test_wait_finished_waits_for_the_last_byte() -> None:
    """And returns at once afterwards."""
    served = serve()
    served.client.stall()
    waiting = asyncio.ensure_future(served.res.wait_finished())
    served.res.end(b"x" * 100_000)
    await asyncio.sleep(0)
    assert not waiting.done()
    served.client.take()
    await waiting
    await served.res.wait_finished()


@on_both_loops
async def test_a_waiting_task_may_be_cancelled() -> None:
    """It leaves no listener behind, and the response goes on."""
    served = serve()
    waiting = asyncio.ensure_future(served.res.wait_finished())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert served.res.event_names() == []
    served.res.end("x")
    await served.res.wait_finished()


@on_both_loops
async def test_several_tasks_wait_at_once() -> None:
    """All hear of the same event."""
    served = serve()
    waiting = [asyncio.ensure_future(served.res.wait_finished()) for _ in range(3)]
    await asyncio.sleep(0)
    served.res.end("x")
    await asyncio.gather(*waiting)


# -- streams -----------------------------------------------------------------------


def test_pipe_is_refused() -> None:
    """'error' with ERR_STREAM_CANNOT_PIPE; the response is otherwise unaffected."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.on("error", log.append)
        assert res.pipe(res) is None
        res.end("x")

    assert serve(handler).body == b"x"
    assert codes(log) == ["ERR_STREAM_CANNOT_PIPE"]


def test_pipe_is_refused_after_the_close_too() -> None:
    """It is a mistake of the program whenever it is made."""
    served = serve()
    served.client.reset()
    log: list[Any] = []
    served.res.on("error", log.append)
    served.res.pipe()
    assert codes(log) == ["ERR_STREAM_CANNOT_PIPE"]


def test_pipe_into_a_response() -> None:
    """'pipe' with the source, its chunks, back-pressure, and the end."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.on("pipe", lambda source: log.append(("pipe", source is res.req)))
        res.on("unpipe", lambda source: log.append(("unpipe", source is res.req)))
        assert res.req.pipe(res) is res

    served = serve(handler, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
    served.client.stall()
    served.client.send(b"cd")
    served.client.take()
    assert served.body == b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"
    assert log == [("pipe", True), ("unpipe", True)]


# -- state ---------------------------------------------------------------------------


def test_a_message_at_first() -> None:
    """The values of the documents, in both spellings."""
    seen: dict[str, Any] = {}
    names = [
        "chunked_encoding",
        "closed",
        "destroyed",
        "errored",
        "finished",
        "headers_sent",
        "send_date",
        "should_keep_alive",
        "strict_content_length",
        "use_chunked_encoding_by_default",
        "writable",
        "writable_corked",
        "writable_ended",
        "writable_finished",
        "writable_high_water_mark",
        "writable_length",
        "writable_need_drain",
        "writable_object_mode",
    ]

    def handler(res: Any) -> None:
        for name in names:
            seen[name] = getattr(res, name)

    serve(handler)
    assert seen == {
        "chunked_encoding": False,
        "closed": False,
        "destroyed": False,
        "errored": None,
        "finished": False,
        "headers_sent": False,
        "send_date": True,
        "should_keep_alive": True,
        "strict_content_length": False,
        "use_chunked_encoding_by_default": True,
        "writable": True,
        "writable_corked": 0,
        "writable_ended": False,
        "writable_finished": False,
        "writable_high_water_mark": 65536,
        "writable_length": 0,
        "writable_need_drain": False,
        "writable_object_mode": False,
    }


@pytest.mark.parametrize(
    "name",
    [
        "closed",
        "destroyed",
        "errored",
        "finished",
        "headers_sent",
        "writable",
        "writable_corked",
        "writable_ended",
        "writable_finished",
        "writable_high_water_mark",
        "writable_length",
        "writable_need_drain",
        "writable_object_mode",
    ],
)
def test_what_only_the_library_sets(name: str) -> None:
    """Assigning to it is an error."""
    with pytest.raises(AttributeError):
        setattr(by_hand(), name, True)


@pytest.mark.parametrize(
    ("milliseconds", "callback", "code"),
    [
        ("5", None, "ERR_INVALID_ARG_TYPE"),
        (None, None, "ERR_INVALID_ARG_TYPE"),
        (True, None, "ERR_INVALID_ARG_TYPE"),
        (-1, None, "ERR_OUT_OF_RANGE"),
        (float("nan"), None, "ERR_OUT_OF_RANGE"),
        (float("inf"), None, "ERR_OUT_OF_RANGE"),
        (5, "no function", "ERR_INVALID_ARG_TYPE"),
    ],
)
def test_set_timeout_refuses(milliseconds: Any, callback: Any, code: str) -> None:
    """Before anything is changed; while it waits for a socket too."""
    for res in (serve().res, by_hand()):
        assert code_of(lambda res=res: res.set_timeout(milliseconds, callback)) == code
        assert res.event_names() == []


def test_set_timeout_on_a_finished_response() -> None:
    """Has no effect."""
    served = serve(lambda res: res.end())
    assert served.res.set_timeout(1) is served.res
    assert served.res.set_timeout("x") is served.res  # type: ignore[arg-type]
    assert "socket" not in served.res.event_names()


def test_the_emitter_is_the_base() -> None:
    """A message is an emitter, a response a message."""
    assert issubclass(http.OutgoingMessage, EventEmitter)
    assert issubclass(http.ServerResponse, http.OutgoingMessage)


def test_set_timeout_on_a_destroyed_socket() -> None:
    """Is not looked at."""
    served = serve()
    served.res.socket.destroy()
    assert served.res.set_timeout("nonsense") is served.res


@on_both_loops
async def test_drain_and_finish_in_one_turn() -> None:
    """A task that waits for either wakes once; 'close' behind 'finish' is no failure."""
    served = serve(lambda res: res.flush_headers(), emit_close_after_finish=True)
    served.client.stall()
    served.res.write(b"x" * 100_000)
    waiting = [asyncio.ensure_future(each) for each in (served.res.drain(), served.res.wait_finished())]
    await asyncio.sleep(0)
    served.res.on("drain", served.res.end)
    served.client.take()
    await asyncio.gather(*waiting)


# -- text and bytes of subclasses ------------------------------------------------


class Name(str, enum.Enum):  # noqa: UP042  # an older spelling, which programs have
    """Formatted as `Name.FINE`, or as its value, by the version of Python."""

    FINE = "fine"


class Lying(str):
    """Holds one thing and says another."""

    def _lie(self, *_: Any, **__: Any) -> Any:
        return "a\r\nInjected: 1\r\n\r\n"

    __str__ = __format__ = __repr__ = lower = upper = strip = title = casefold = _lie
    encode = lambda self, *_: LyingBytes(b"a\r\nInjected: 1\r\n\r\n")
    isascii = isprintable = isdigit = isalnum = lambda self: True
    __len__ = lambda self: 1
    __hash__ = lambda self: hash("a")  # as a name that is known
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __contains__ = lambda self, other: False
    __iter__ = lambda self: iter("a")


class LyingBytes(bytes):
    """The same, of bytes."""

    __bytes__ = lambda self: LyingBytes(b"a\r\nInjected: 1\r\n\r\n")
    __len__ = lambda self: 1
    __str__ = __repr__ = lambda self: "a\r\nInjected: 1\r\n\r\n"
    decode = lambda self, *_: Lying("a\r\nInjected: 1\r\n\r\n")
    __iter__ = lambda self: iter(b"a")


class LyingArray(bytearray):
    """The same, of a bytearray."""

    __bytes__ = LyingBytes.__bytes__
    __len__ = lambda self: 1
    decode = LyingBytes.decode


BAD = "bad\r\nInjected: 1\r\n\r\n"
HOSTILE = [Lying(BAD), LyingBytes(BAD.encode()), LyingArray(BAD.encode()), Lying("good"), LyingBytes(b"good")]

DOORS: dict[str, Any] = {
    "set_header": lambda res, text: res.set_header("X", text),
    "set_header, in a list": lambda res, text: res.set_header("X", [text, text]),
    "set_header, of the framing": lambda res, text: res.set_header("Keep-Alive", text),
    "append_header": lambda res, text: res.append_header("X", text).append_header("X", text),
    "set_headers": lambda res, text: res.set_headers({"set-cookie": text}),
    "name": lambda res, text: res.set_header(text, "1"),
    "name, appended": lambda res, text: res.append_header(text, "1"),
    "write_head": lambda res, text: res.write_head(200, {"X": text}),
    "write_head, name": lambda res, text: res.write_head(200, [text, "1"]),
    "write_head, name, merged": lambda res, text: res.set_header("A", "1").write_head(200, [text, "1"]),
    "reason": lambda res, text: res.write_head(200, text),
    "status_message": lambda res, text: setattr(res, "status_message", text),
    "status_code": lambda res, text: setattr(res, "status_code", text),
    "early hints": lambda res, text: res.write_early_hints({"link": "<a>", "X": text}),
    "early hints, name": lambda res, text: res.write_early_hints({"link": "<a>", text: "1"}),
    "early hints, link": lambda res, text: res.write_early_hints({"link": text}),
    "early hints, links": lambda res, text: res.write_early_hints({"link": [text]}),
    "information": lambda res, text: res.write_information(103, ["X", text]),
    "information, name": lambda res, text: res.write_information(103, [text, "1"]),
    "trailers": lambda res, text: (res.write(""), res.add_trailers({"X": text})),
    "trailers, name": lambda res, text: (res.write(""), res.add_trailers([[text, "1"]])),
    "a list changed later": lambda res, text: res.set_header("X", ["1"]).get_header("X").append(text),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "text",
    HOSTILE,
    ids=lambda text: f"{type(text).__name__}{bytes.__len__(text) if isinstance(text, bytes) else ''}",
)
def test_text_is_what_it_holds_and_not_what_it_says(door: str, text: Any) -> None:
    """Nothing gets into a head that was not looked at; what is refused is refused before anything is sent."""

    def handler(res: Any) -> None:
        try:
            DOORS[door](res, text)
        except (TypeError, ValueError):
            pass
        try:
            res.end()
        except (TypeError, ValueError):
            res.destroy()

    assert "|Injected" not in serve(handler).text


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: type(text).__name__)
@pytest.mark.parametrize("how", ["write", "end", "with encoding", "small", "end, corked"])
def test_a_body_is_what_it_holds(text: Any, how: str) -> None:
    """Its length with it."""
    held = str.__str__(text).encode() if isinstance(text, str) else bytes(memoryview(text))

    def handler(res: Any) -> None:
        if how == "end":
            res.end(text)
            return
        if how == "end, corked":
            res.cork()
        if how == "small":
            res.write(b"x" * len(held))
        res.write(text, *(["utf8"] if how == "with encoding" else []))
        res.end()

    served = serve(handler)
    if how == "end":
        assert served.body == held
    else:
        assert served.body.endswith(b"%x\r\n%s\r\n0\r\n\r\n" % (len(held), held))


def test_a_member_of_an_enumeration_is_its_value() -> None:
    """As status message, name, value, hint, trailer and chunk, on every version of Python."""

    def handler(res: Any) -> None:
        res.write_early_hints({"link": "<a>", Name.FINE: Name.FINE})
        res.status_message = Name.FINE
        res.set_header(Name.FINE, Name.FINE)
        res.append_header("X", [Name.FINE])
        res.write(Name.FINE)
        res.add_trailers({Name.FINE: Name.FINE})
        res.end()

    text = serve(handler).text
    assert text.startswith(
        "HTTP/1.1 103 Early Hints|Link: <a>|fine: fine||HTTP/1.1 200 fine|fine: fine|X: fine|"
    )
    assert text.endswith("4|fine|0|fine: fine||")
