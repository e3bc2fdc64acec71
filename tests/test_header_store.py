"""The header store: what it keeps, in which order, and what it refuses."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from tests.kit.response_stage import by_hand, code_of, serve
from writehead import http
from writehead._message.header_store import field_pairs, pairs_of
from writehead.errors import HeadersSentError


def message() -> http.OutgoingMessage:
    return http.OutgoingMessage()


def test_an_entry_keeps_its_spelling_value_and_place() -> None:
    """Setting again replaces value and spelling where the entry stands."""
    res = message()
    res.set_header("X-One", "1").set_header("X-Two", 2)
    res.set_header("x-ONE", "one")
    assert res.get_headers() == {"x-one": "one", "x-two": 2}
    assert res.get_header_names() == ["x-one", "x-two"]
    assert res.get_raw_header_names() == ["x-ONE", "X-Two"]


def test_an_entry_set_after_its_removal_goes_last() -> None:
    """Its place is given up."""
    res = message()
    res.set_header("A", "1").set_header("B", "2")
    res.remove_header("a")
    assert res.set_header("A", "3").get_header_names() == ["b", "a"]


def test_append_makes_a_list_and_keeps_place_and_spelling() -> None:
    """A value joins the value that is there; a list gives all its items."""
    res = message()
    assert res.append_header("X-A", "1") is res
    assert res.get_header("x-a") == "1"
    res.append_header("x-a", "2").append_header("X-a", ["3", "4"])
    assert res.get_header("X-A") == ["1", "2", "3", "4"]
    assert res.get_raw_header_names() == ["X-A"]


def test_append_of_a_list_to_nothing_sets_it() -> None:
    """As set_header would."""
    assert message().append_header("a", ["1"]).get_header("a") == ["1"]


def test_set_headers_gathers_cookies() -> None:
    """Pairs named exactly set-cookie come together at the end, lists flattened, in place of an older one."""

    class Headers:
        def items(self) -> list[tuple[str, Any]]:
            return [("set-cookie", "a=1"), ("X-A", "1"), ("set-cookie", ["b=2", "c=3"]), ("x-a", "2")]

    res = message()
    res.set_header("Set-Cookie", "old=1")
    assert res.set_headers(Headers()) is res  # type: ignore[arg-type]  # anything with items
    assert res.get_headers() == {"set-cookie": ["a=1", "b=2", "c=3"], "x-a": "2"}


def test_set_headers_with_another_spelling_of_set_cookie() -> None:
    """Is an ordinary pair."""
    res = message().set_headers({"Set-Cookie": "a=1"})
    assert res.get_header("set-cookie") == "a=1"


@pytest.mark.parametrize("value", [[("a", "b")], "text", 5, None])
def test_set_headers_takes_mappings_only(value: Any) -> None:
    """Or objects with items()."""
    assert code_of(lambda: message().set_headers(value)) == "ERR_INVALID_ARG_TYPE"


def test_a_bad_pair_stops_set_headers() -> None:
    """Earlier pairs stay set."""
    res = message()
    assert code_of(lambda: res.set_headers({"a": "1", "b": "\n", "c": "3"})) == "ERR_INVALID_CHAR"
    assert res.get_headers() == {"a": "1"}


@pytest.mark.parametrize("value", ["", 0, False, 0.0, []])
def test_falsy_values_are_there(value: Any) -> None:
    """has_header asks for the entry, not for its truth."""
    res = message().set_header("a", value)
    assert res.has_header("A")
    assert res.get_header("A") == value
    assert type(res.get_header("A")) is type(value)


def test_what_is_absent() -> None:
    """None, False, nothing removed; any text may be asked for."""
    res = message()
    for name in ("x", "no token", ""):
        assert res.get_header(name) is None
        assert not res.has_header(name)
        res.remove_header(name)
    assert res.get_headers() == {}
    assert res.get_header_names() == res.get_raw_header_names() == []


@pytest.mark.parametrize("name", [5, None, b"a", ["a"]])
def test_a_name_is_a_str(name: Any) -> None:
    """For the getters another type is ERR_INVALID_ARG_TYPE, for the setters no token."""
    res = message()
    for call in (res.get_header, res.has_header, res.remove_header):
        assert code_of(lambda call=call: call(name)) == "ERR_INVALID_ARG_TYPE"  # type: ignore[misc]
    assert code_of(lambda: res.set_header(name, "x")) == "ERR_INVALID_HTTP_TOKEN"
    assert code_of(lambda: res.append_header(name, "x")) == "ERR_INVALID_HTTP_TOKEN"


def test_get_headers_is_a_new_dict_of_the_stored_values() -> None:
    """Changing the dict changes nothing; a list in it is the one that is stored."""
    res = message().set_header("a", ["1"])
    headers = res.get_headers()
    assert headers["a"] is res.get_header("a")
    headers["b"] = "2"
    assert not res.has_header("b")


def test_a_list_is_copied() -> None:
    """Neither the caller's changes nor append_header's reach the other side; a tuple counts as a list."""
    mine = ["1"]
    res = message().set_header("a", mine)
    mine.append("2")
    res.append_header("a", "3")
    assert (mine, res.get_header("a")) == (["1", "2"], ["1", "3"])
    assert res.set_header("b", ("1", "2")).get_header("b") == ["1", "2"]


def test_append_leaves_a_list_that_was_got_alone() -> None:
    """What get_header returned does not grow."""
    res = message().set_header("a", ["1"])
    got = res.get_header("a")
    res.append_header("a", "2")
    assert got == ["1"]


def test_no_name_is_special() -> None:
    """Integer-looking names keep their place; names of JavaScript are ordinary."""
    res = message()
    for name in ("b", "10", "__proto__", "1", "constructor"):
        res.set_header(name, name)
    assert res.get_header_names() == ["b", "10", "__proto__", "1", "constructor"]


@pytest.mark.parametrize("name", ["content-length", "transfer-encoding", "connection"])
def test_framing_fields_are_only_text(name: str) -> None:
    """Their values are not validated beyond characters."""
    assert message().set_header(name, "abc").get_header(name) == "abc"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("", "x", "ERR_INVALID_HTTP_TOKEN"),
        ("a b", None, "ERR_INVALID_HTTP_TOKEN"),
        ("a\n", "x", "ERR_INVALID_HTTP_TOKEN"),
        ("é", "x", "ERR_INVALID_HTTP_TOKEN"),
        ("a", None, "ERR_HTTP_INVALID_HEADER_VALUE"),
        ("a", ["x", None], "ERR_HTTP_INVALID_HEADER_VALUE"),
        ("a", "\r", "ERR_INVALID_CHAR"),
        ("a", "x\n", "ERR_INVALID_CHAR"),
        ("a", "\x7f", "ERR_INVALID_CHAR"),
        ("a", "Ā", "ERR_INVALID_CHAR"),
        ("a", ["x", "\0"], "ERR_INVALID_CHAR"),
        ("a", b"\x00", "ERR_INVALID_CHAR"),
        ("a", {}, "ERR_INVALID_ARG_TYPE"),
        ("a", object(), "ERR_INVALID_ARG_TYPE"),
        ("a", [{}], "ERR_INVALID_ARG_TYPE"),
    ],
)
def test_refused_entries_leave_the_store_alone(name: str, value: Any, code: str) -> None:
    """Name before value before characters; nothing of a refused list is kept."""
    res = message().set_header("a", "old")
    assert code_of(lambda: res.set_header(name, value)) == code
    assert code_of(lambda: res.append_header(name, value)) == code
    assert res.get_headers() == {"a": "old"}


def test_too_late() -> None:
    """After the head the getters answer; each change says which it is, before it looks at anything else."""
    res = by_hand()
    res.set_header("A", "1")
    res.write_head(200)
    for call, action in [
        (lambda: res.set_header("", None), "set"),
        (lambda: res.append_header("", None), "append"),
        (lambda: res.set_headers(None), "set"),  # type: ignore[arg-type]
        (lambda: res.remove_header("a"), "remove"),
    ]:
        with pytest.raises(HeadersSentError, match=f"Cannot {action} headers"):
            call()
    assert code_of(lambda: res.remove_header(5)) == "ERR_INVALID_ARG_TYPE"  # type: ignore[arg-type]
    assert res.get_headers() == {"a": "1"}
    assert res.has_header("a")


def test_removal_keeps_automatic_lines_away() -> None:
    """Connection and Date by the mark, Content-Length by it too (then chunks)."""

    def bare(res: Any) -> None:
        for name in ("connection", "DATE", "Content-Length"):
            res.remove_header(name)
        res.end("x")

    assert serve(bare).text == "HTTP/1.1 200 OK|Transfer-Encoding: chunked||1|x|0||"


def test_setting_again_undoes_the_mark_but_not_for_date() -> None:
    """`send_date` stays off, and yet a Date set afterwards is sent."""

    def undone(res: Any) -> None:
        for name in ("connection", "date", "content-length"):
            res.remove_header(name)
        res.set_header("connection", "x")
        res.remove_header("connection")
        res.set_header("connection", "keep-alive").set_header("content-length", 1)
        res.set_header("date", "today")
        assert not res.send_date
        res.end("x")

    assert serve(undone).text == "HTTP/1.1 200 OK|connection: keep-alive|content-length: 1|date: today||x"


def test_pairs_of_lists() -> None:
    """A flat list or pairs; what is neither is refused."""
    assert pairs_of(["a", "1", "b", ["2"]]) == [("a", "1"), ("b", ["2"])]
    assert pairs_of([("a", "1"), ["b", 2]]) == [("a", "1"), ("b", 2)]
    assert pairs_of([]) == []
    for bad in (["a"], [("a", "1"), "b"], [("a", "1", "2")], [["a"]]):
        assert code_of(lambda bad=bad: pairs_of(bad)) == "ERR_INVALID_ARG_VALUE"  # type: ignore[misc]


def test_pairs_of_mappings() -> None:
    """Anything with items(); another type is named in the error."""
    assert list(field_pairs({"a": 1})) == [("a", 1)]
    for bad in ("text", 5, {1}, type("T", (), {"items": 5})()):
        assert code_of(lambda bad=bad: field_pairs(bad)) == "ERR_INVALID_ARG_TYPE"  # type: ignore[misc]


def test_names_and_values_of_enums_are_their_text() -> None:
    """A member of a (str, Enum) goes out as its value, by every way into a head."""

    class Field(str, enum.Enum):  # noqa: UP042  # the older kind is meant
        KIND = "x-kind"

    pair = {Field.KIND: Field.KIND}

    def handler(res: Any) -> None:
        res.write_information(103, pair)
        if given:
            res.write_head(200, pair)
        else:
            res.set_headers(pair)
        res.end()

    for given in (True, False):
        text = serve(handler).text
        assert text.startswith("HTTP/1.1 103 Early Hints|x-kind: x-kind||HTTP/1.1 200 OK|x-kind: x-kind|Date")
