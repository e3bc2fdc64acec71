"""Header names and values: what passes, how it is written, how duplicates join."""

from __future__ import annotations

import enum
import math
import random
import re
import struct
from http import HTTPStatus
from typing import Any

import pytest

from tests.kit.node import on_node
from writehead._semantics import fields
from writehead.errors import (
    HTTPError,
    InvalidArgTypeError,
    InvalidArgValueError,
    InvalidCharError,
    InvalidHeaderValueError,
    InvalidHTTPTokenError,
)

TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def code_of(call: Any, *args: Any) -> str:
    """Return the code of the error that a call raises, "" if it raises none."""
    try:
        call(*args)
    except HTTPError as error:
        return error.code
    return ""


# Names.


def test_a_name_is_known_by_its_lower_case() -> None:
    """`check_name` and `lower` answer with the key of a field, at the first and at any later time."""
    for _ in range(2):
        assert fields.check_name("Content-Type") == fields.lower("Content-Type") == "content-type"
    assert fields.check_name(TOKEN) == TOKEN.lower()


@pytest.mark.parametrize(
    "name", ["", "a b", "a:", "a\n", "\n", "é", "a\x00", "(", "\u212a", None, 5, b"a", ["a"], {}]
)
def test_what_is_no_token_names_no_header(name: Any) -> None:
    """A name with a foreign character, or that is no str, is refused and shown."""
    with pytest.raises(InvalidHTTPTokenError) as caught:
        fields.check_name(name, "Trailer name")
    assert caught.value.kind == "Trailer name"
    assert caught.value.name == name


@pytest.mark.parametrize("name", [None, 5, b"a", ["a"]])
def test_only_a_str_can_be_looked_up(name: Any) -> None:
    """Getters take any str, valid or not, and nothing else."""
    assert fields.lower("No Token") == "no token"
    assert fields.lower("") == ""
    with pytest.raises(InvalidArgTypeError):
        fields.lower(name)


def test_a_name_may_be_a_kind_of_str() -> None:
    """Members of an enumeration of str name headers, by their value."""

    class Name(str, enum.Enum):  # noqa: UP042  # its text is `Name.ETAG`, unlike a StrEnum's
        ETAG = "ETag"

    assert fields.check_name(Name.ETAG) == fields.lower(Name.ETAG) == "etag"
    assert list(map(fields.text, fields.items(Name.ETAG, Name.ETAG))) == ["ETag"]


@pytest.mark.node
def test_names_are_refused_where_node_refuses_them() -> None:
    """Every character, alone and within a name, and the empty name."""
    names = ["", *(shape.format(chr(code)) for code in [*range(300), 0x20AC] for shape in ("{}", "a{}b"))]
    theirs = on_node(
        "return given.map(n => { try { http.validateHeaderName(n); return '' } catch (e) { return e.code } })",
        names,
    )
    assert [code_of(fields.validate_header_name, name) for name in names] == theirs


def test_the_label_says_what_was_named() -> None:
    """`validate_header_name` answers to both spellings and calls the name what it is told."""
    assert fields.validateHeaderName is fields.validate_header_name
    fields.validate_header_name("X-A")
    with pytest.raises(InvalidHTTPTokenError, match='Cookie name must be a valid HTTP token \\["a b"\\]'):
        fields.validate_header_name("a b", "Cookie name")


# Values.


@pytest.mark.parametrize("value", ["", "a", " a\t", "café", "\xff\x80", 5, -1, 10**30, True, 1.5, math.nan])
def test_a_good_value_is_stored_as_it_is(value: Any) -> None:
    """Text keeps its blanks, numbers their type."""
    for _ in range(2):
        assert fields.check_value("X-A", value) is value


def test_a_list_is_copied() -> None:
    """What the caller does with the list or tuple afterwards does not reach the store."""
    given = ["a", 5, ("b", b"c")]
    stored = fields.check_value("X-A", given)
    assert stored == ["a", 5, ["b", "c"]]
    assert stored is not given


@pytest.mark.parametrize("value", [b"caf\xe9", bytearray(b"caf\xe9"), memoryview(b"caf\xe9")])
def test_bytes_are_latin1_text(value: Any) -> None:
    """Bytes stand for the characters that they are on the wire."""
    assert fields.check_value("X-A", value) == "café"


@pytest.mark.parametrize(
    "value", ["a\r\nB: c", "\n", "\x00", "\x7f", "\x1f", "€", "a\u0100", ["a", "b\n"], b"\n", [["\r"]]]
)
def test_a_character_that_would_break_the_head_is_refused(value: Any) -> None:
    """Control characters and what latin-1 cannot spell never get into a head, in lists neither."""
    for _ in range(2):
        with pytest.raises(InvalidCharError) as caught:
            fields.check_value("X-A", value, where="trailer content")
        assert (caught.value.name, caught.value.where) == ("X-A", "trailer content")


def test_a_kind_of_str_is_read_like_any_other() -> None:
    """A subclass of str is checked by its characters, whatever it says of itself."""

    class Sly(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "a\r\nb"

    assert fields.text(fields.check_value("X-A", Sly("good"))) == "good"
    with pytest.raises(InvalidCharError):
        fields.check_value("X-A", Sly("bad\r\n"))


@pytest.mark.parametrize("value", [None, [None], ["a", [None]]])
def test_none_is_no_value(value: Any) -> None:
    """A header without a value is an error that names the header."""
    with pytest.raises(InvalidHeaderValueError) as caught:
        fields.check_value("X-A", value)
    assert caught.value.name == "X-A"


@pytest.mark.parametrize("value", [{}, {"a"}, object(), 1j, lambda: "a", [object()]])
def test_what_has_no_text_is_refused(value: Any) -> None:
    """Nothing is written by the way it happens to print."""
    with pytest.raises(InvalidArgTypeError):
        fields.check_value("X-A", value)


@pytest.mark.node
def test_values_are_refused_where_node_refuses_them() -> None:
    """Every character, alone and within a text."""
    values = ["", *(shape.format(chr(code)) for code in [*range(300), 0x20AC] for shape in ("{}", "a{}b"))]
    theirs = on_node(
        "return given.map(v => { try { http.validateHeaderValue('x', v); return '' } catch (e) { return e.code } })",
        values,
    )
    assert [code_of(fields.validate_header_value, "x", value) for value in values] == theirs
    assert fields.validateHeaderValue is fields.validate_header_value


def test_a_lenient_server_lets_more_through_and_remembers_none_of_it() -> None:
    """With the insecure parser only NUL, CR, LF and wide characters are refused; strict checks stay strict."""
    allowed = {code for code in range(300) if not code_of(fields.check_value, "X-A", f"a{chr(code)}b", True)}
    assert allowed == set(range(1, 256)) - {10, 13}
    assert code_of(fields.check_value, "X-A", "a\x01b") == "ERR_INVALID_CHAR"


def test_text_of_other_places_is_checked_alike() -> None:
    """A status message may hold what a header may hold."""
    assert fields.check_text("Très bien", "status_message") == "Très bien"
    with pytest.raises(
        InvalidCharError, match="^Invalid character in status_message: '.r' at index 1; only a tab"
    ):
        fields.check_text("a\r\n", "status_message")


# From values to text.


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a", "a"),
        (5, "5"),
        (10**25, "10000000000000000000000000"),
        (True, "true"),
        (False, "false"),
        (5.0, "5"),
        (1.5, "1.5"),
        (-0.0, "0"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (1e21, "1e+21"),
        (-1.5e-7, "-1.5e-7"),
        (0.000001, "0.000001"),
        (["a", 5, [1.0, True]], "a,5,1,true"),
        ([], ""),
        (HTTPStatus.NOT_FOUND, "404"),
    ],
)
def test_a_value_is_written_as_javascript_would(value: Any, written: str) -> None:
    """Numbers and booleans have JavaScript's spelling, a list its commas."""
    assert fields.text(value) == written


@pytest.mark.node
def test_any_float_is_spelled_as_on_node() -> None:
    """Floats of every magnitude come out digit by digit as `String(x)` has them."""
    chance = random.Random(24)
    numbers = [chance.uniform(-10, 10) * 10.0 ** chance.randrange(-12, 25) for _ in range(1500)]
    numbers += [struct.unpack("d", chance.randbytes(8))[0] for _ in range(500)]
    numbers = [number for number in numbers if math.isfinite(number)]
    assert [fields.text(number) for number in numbers] == on_node("return given.map(String)", numbers)


# Words within values.


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("close", True),
        ("Close", True),
        ("x-close", True),
        ("keep-alive, close", True),
        ("close;a", True),
        ("closed", False),
        ("xclose", False),
        ("_close", False),
        ("éclose", True),
        ("clo\u017fe", False),
        ("", False),
    ],
)
def test_the_word_close_is_found_by_its_borders(value: str, found: bool) -> None:
    """A word ends where no ASCII letter, digit or underscore follows, in any case."""
    assert fields.has_close(value) is found
    assert fields.is_chunked(value.lower().replace("close", "chunked")) is found
    assert fields.has_continue(value.lower().replace("close", "100-continue")) is found


# Received fields.


def test_duplicates_join_by_the_rule_of_their_name() -> None:
    """First wins, "; " for cookies, a list for Set-Cookie, ", " for the rest; keys in order of appearance."""
    text = "Host a X 1 Set-Cookie a=1 cookie b=2 HOST b x 2 set-cookie c=3 Cookie d=4 X 3 Age 1 age 2"
    raw = text.split()
    assert fields.joined(raw) == {
        "host": "a",
        "x": "1, 2, 3",
        "set-cookie": ["a=1", "c=3"],
        "cookie": "b=2; d=4",
        "age": "1",
    }
    assert list(fields.joined(raw)) == ["host", "x", "set-cookie", "cookie", "age"]
    assert fields.joined(raw, True)["host"] == "a, b"
    assert fields.distinct(raw)["host"] == ["a", "b"]
    assert fields.distinct(raw)["set-cookie"] == ["a=1", "c=3"]


def test_empty_values_take_part() -> None:
    """An empty value is a value: it wins as the first, and it gets its comma."""
    assert fields.joined(["X", "", "x", "1", "X", ""]) == {"x": ", 1, "}
    assert fields.joined(["Host", "", "Host", "b"]) == {"host": ""}
    assert fields.joined([]) == {}


@pytest.mark.node
@pytest.mark.parametrize("join", [False, True])
def test_duplicates_join_as_on_node(join: bool) -> None:
    """Every name that Node's documents mention, twice, with and without `join_duplicate_headers`."""
    text = """Age Authorization Content-Type ETag Expires From If-Modified-Since If-Unmodified-Since
        Last-Modified Location Max-Forwards Proxy-Authorization Referer Retry-After Server User-Agent Cookie
        Set-Cookie Accept Cache-Control Connection Content-Disposition Date Expect-CT Forwarded If-Match Keep-Alive
        Link Origin Pragma Range TE Trailer Vary Via X-Any Proto Access-Control-Allow-Origin DNT"""
    raw = [part for value in ("1", "", "2") for name in text.split() for part in (name, value)]
    program = """return new Promise((done) => {
        const server = http.createServer({ joinDuplicateHeaders: given.join }, (req, res) => {
            done([req.headers, req.headersDistinct]);
            res.end();
            server.close();
        }).listen(0, '127.0.0.1', () => {
            const socket = require('net').connect(server.address().port, '127.0.0.1');
            let head = 'GET / HTTP/1.1\\r\\nHost: a\\r\\n';
            for (let i = 0; i < given.raw.length; i += 2) head += `${given.raw[i]}: ${given.raw[i + 1]}\\r\\n`;
            socket.end(head + '\\r\\n');
        });
    })"""
    theirs = on_node(program, {"raw": raw, "join": join})
    assert [fields.joined(["Host", "a", *raw], join), fields.distinct(["Host", "a", *raw])] == theirs


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "example.com:8080",
        "127.0.0.1",
        "[::1]:80",
        "[v1.a:b]",
        "[fe80::1%25eth0]",
        "a_b-c~d",
        "b%C3%BCcher.example",
        "a:",
        "sub!$&'()*+,;=delim",
    ],
)
def test_a_host_and_perhaps_a_port_is_a_host(value: str) -> None:
    """What RFC 3986 lets stand there passes, at the first and at any later time."""
    assert fields.is_host(value)
    assert fields.is_host(value)


@pytest.mark.parametrize(
    "value",
    [
        "a b",
        "a/b",
        "a@b",
        "a#b",
        "a?b",
        "é",
        "a\\b",
        "a:b",
        "a:80:80",
        "[::1",
        "::1",
        "a,\x00",
        "<a>",
        "%zz",
        "a\n",
        '"a"',
    ],
)
def test_what_no_host_has_is_refused(value: str) -> None:
    """A path, user, fragment, blank or control character in a Host field is an attack or a mistake."""
    assert not fields.is_host(value)
    assert not fields.is_host(value)


# Links.


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("</s.css>; rel=preload; as=style", "</s.css>; rel=preload; as=style"),
        (["<a>", "<>"], "<a>, <>"),
        (("<a> ; a=b ; c",), "<a> ; a=b ; c"),
        ('<a>; x="y"', '<a>; x="y"'),
        ("<a>; crossorigin", "<a>; crossorigin"),
        (None, ""),
        ([], ""),
    ],
)
def test_links_are_one_value(value: Any, text: str) -> None:
    """One link or a list of them becomes one text; none becomes none."""
    assert fields.check_link(value) == text


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bad",
        " <a>",
        "<a>;",
        '<a>; x="y',
        '<a>; title="a b"',
        "<a>,<b>",
        "<a>\n",
        "<a\n>",
        5,
        b"<a>",
        {},
        ["<a>", 5],
    ],
)
def test_what_is_no_link_is_refused(value: Any) -> None:
    """A malformed link is an error about the hints."""
    with pytest.raises(InvalidArgValueError) as caught:
        fields.check_link(value)
    assert caught.value.argument == "hints"


def test_a_link_keeps_to_the_characters_of_a_header() -> None:
    """Within the brackets, too, nothing may stand that a header cannot hold."""
    with pytest.raises(InvalidCharError):
        fields.check_link("<\u20ac>")


def test_a_long_bad_link_is_refused_at_once() -> None:
    """There is one way to read a link, so that a bad one is not tried in all of them."""
    assert code_of(fields.check_link, "<a>" + ";a=b=c" * 5000 + " ") == "ERR_INVALID_ARG_VALUE"
    assert code_of(fields.check_link, "<a>" + " " * 5000 + "!") == "ERR_INVALID_ARG_VALUE"


@pytest.mark.node
def test_links_are_refused_where_node_refuses_them() -> None:
    """Texts made of the characters that matter in a link."""
    chance = random.Random(24)
    texts = [""]
    for alphabet in ('<a>;="b \t', '<>;=" \xa0\x85\u2003'):
        texts += ["<a>;" + "".join(chance.choices(alphabet, k=chance.randrange(9))) for _ in range(1500)]
        texts += ["".join(chance.choices(alphabet, k=chance.randrange(9))) for _ in range(1500)]
    program = """return given.map(link => {
        const response = new http.ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1, headers: {} });
        try { response.writeEarlyHints({ link }); return '' } catch (error) { return error.code }
    })"""
    theirs = on_node(program, texts)
    assert len(set(theirs)) == 3
    for text, code in zip(texts, theirs, strict=True):
        assert code_of(fields.check_link, text) == code, text


def test_no_pattern_of_the_module_trusts_a_final_newline() -> None:
    """Whatever passes a check holds no line break anywhere."""
    for text in ("a\n", "a\r", "\na"):
        assert code_of(fields.check_name, text)
        assert code_of(fields.check_value, "a", text)
        assert not re.search("\n", "".join(fields.items("a", "b")))


@pytest.mark.parametrize("character", "\r\n\0č")
@pytest.mark.parametrize("join", [False, True])
def test_a_list_that_was_changed_is_looked_at_again(character: str, join: bool) -> None:
    """Whoever got the list of a header can put into it what `set_header` would have refused."""
    value = fields.check_value("X", ["a", "\t"])
    value.append(f"b{character}X-Injected: y")
    with pytest.raises(InvalidCharError):
        fields.items("X", value, join)
