"""Field lines that are kept raw, read when asked for, and remembered for the next request."""

from __future__ import annotations

import threading

import pytest

from tests.kit.parser_reading import R, Reading
from writehead._http1 import field_block
from writehead._http1.fast_request import known_line
from writehead._http1.field_block import RawHead, recall, remember

BLOCK = b"Host: a\r\nX:\r\nAccept: \t b:c \t\r\nhOST:d\r\n\r\n\r\n"


def test_fields_are_cut_at_their_line_ends() -> None:
    """Names as sent, values without the white space around them, up to the first empty line."""
    raw = RawHead(BLOCK, True, 4)
    fields = [b"Host", b"a", b"X", b"", b"Accept", b"b:c", b"hOST", b"d"]
    assert raw.fields == fields
    assert raw.fields is raw.fields
    mine = raw.fields[:]
    mine.clear()
    assert raw.fields == fields
    assert RawHead(b"\r\n", True, 0).fields == []


def test_fields_of_one_name_are_found_in_any_case() -> None:
    """In order; none is an empty list."""
    raw = RawHead(BLOCK, True, 4)
    assert raw.values_of(b"host") == [b"a", b"d"]
    assert raw.values_of(b"expect") == []


def test_field_lines_that_come_again_are_read_once() -> None:
    """Requests that differ in their first line alone share what is known of the rest, from the second on."""
    lines = R.partition(b"\r\n")[2] + b"Shared: yes\r\n\r\n"
    starts = [b"GET /1 HTTP/1.1\r\n", b"GET /2 HTTP/1.1\r\n", b"PUT /3?x HTTP/1.1\r\n"]
    first, second, third = Reading([start + lines for start in starts], lazy=True).messages
    assert first._raw_head is not second._raw_head
    assert second._raw_head is third._raw_head
    assert (second._method, second._target) == ("GET", b"/2")
    assert (third._method, third._target) == ("PUT", b"/3?x")


def test_field_lines_that_come_once_are_not_remembered() -> None:
    """However many there are, those that come again meanwhile stay."""
    lines = R.partition(b"\r\n")[2]
    again = lines + b"Again: yes\r\n\r\n"
    packets = [b"GET / HTTP/1.1\r\n" + again] * 2
    packets += [
        b"GET / HTTP/1.1\r\n" + lines + b"Once: %d\r\n\r\n" % n for n in range(field_block.REMEMBERED)
    ]
    packets += [b"GET / HTTP/1.1\r\n" + again]
    messages = Reading(packets, lazy=True).messages
    assert messages[-1]._raw_head is messages[1]._raw_head


def test_a_request_line_is_remembered_behind_known_field_lines_alone() -> None:
    """Nobody would look for it behind others."""
    line = b"GET /nowhere-else HTTP/1.1\r\n"
    block = b"Host: a\r\nLine: remembered\r\n\r\n"
    for known in (False, False, True):
        Reading([line + block], lazy=True)
        assert (known_line(line) is not None) is known


@pytest.mark.parametrize(
    "line", [b"CONNECT a:80 HTTP/1.1", b"GET / HTTP/1.0", b"GET /a#b HTTP/1.1", b"get / HTTP/1.1", b"GET /\x00 HTTP/1.1"]
)  # fmt: skip
def test_known_field_lines_do_not_excuse_the_request_line(line: bytes) -> None:
    """It is parsed each time, and what is odd about it is found."""
    lines = b"\r\nHost: a\r\nAlso: known\r\n\r\n"
    Reading([b"GET / HTTP/1.1" + lines], lazy=True)
    assert Reading([line + lines], lazy=True).shown() == Reading([line + lines]).shown()


def test_memory_is_bounded() -> None:
    """Long heads are not remembered, and never more than so many."""
    long = RawHead(b"X: " + b"v" * field_block.LONGEST + b"\r\n\r\n", True, 1)
    remember(long)
    assert recall(long.block) is None
    for number in range(2 * field_block.REMEMBERED):
        remember(RawHead(b"Number: %d\r\n\r\n" % number, True, 1))
        assert recall(b"Number: %d\r\n\r\n" % number) is not None
        assert len(field_block._remembered) <= field_block.REMEMBERED


def test_servers_in_two_threads_share_what_is_remembered() -> None:
    """One may remember a head while another gives up all of them."""

    class Interrupted(RawHead):
        def forget(self) -> None:
            super().forget()
            if not meanwhile:
                meanwhile.append(RawHead(b"Meanwhile: 1\r\n\r\n", True, 1))
                other = threading.Thread(target=remember, args=meanwhile)
                other.start()
                other.join()

    meanwhile: list[RawHead] = []
    remember(Interrupted(b"First: 1\r\n\r\n", True, 1))
    for number in range(field_block.REMEMBERED + 1):
        remember(RawHead(b"Later: %d\r\n\r\n" % number, True, 1))
    assert meanwhile
    assert len(field_block._remembered) <= field_block.REMEMBERED


def test_a_forgotten_head_keeps_nothing_of_its_fields() -> None:
    """A connection may have it still: it can be read as before, and is no larger than its bytes."""
    kept = RawHead(BLOCK, True, 4)
    remember(kept)
    fields = kept.fields
    kept.keep_text(["Host", "a"])
    kept.keep_joined({"host": "a"})
    for number in range(field_block.REMEMBERED):
        remember(RawHead(b"Other: %d\r\n\r\n" % number, True, 1))
    assert recall(BLOCK) is None
    assert not kept.remembered
    for _ in range(2):
        assert (kept._fields, kept.text, kept.joined) == (None, None, None)
        assert kept.fields == fields
        kept.keep_text(["Host", "a"])
        kept.keep_joined({"host": "a"})
