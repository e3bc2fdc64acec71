"""Framing: what delimits a body, and whether the connection stays; each rule, and all their combinations."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest

from tests.kit import framing_table as table
from tests.kit.masks import dateless
from tests.kit.stage import Stage
from writehead._http1 import framing
from writehead._http1.framing import Framing, decide
from writehead._semantics import exchange
from writehead._semantics.exchange import Entry, ResponseHead
from writehead._semantics.status import body_allowed
from writehead.errors import TrailerInvalidError

LINE = table.KEEP_ALIVE + "\r\n"
REMOVED = {
    "content-length": exchange.REMOVED_LENGTH,
    "transfer-encoding": exchange.REMOVED_TRANSFER_ENCODING,
    "connection": exchange.REMOVED_CONNECTION,
}


def entries(fields: Iterable[tuple[str, Any]]) -> list[Entry]:
    """Return fields as a store keeps them."""
    return [(name.lower(), name, value) for name, value in fields]


def head_of(version: str, method: str, status: int, preparation: str, length: int | None) -> ResponseHead:
    """Enter one case as an exchange does."""
    asked = table.VERSIONS[version][0].split()
    done = table.PREPARATIONS[preparation]
    head = ResponseHead(
        entries(done.fields.items()),
        for_head=method == "HEAD",
        status=status,
        keep="keep" in asked and "should_keep_alive" not in done.attributes,
        may_chunk="may_chunk" in asked and "use_chunked_encoding_by_default" not in done.attributes,
        length=length,
        removed=sum(REMOVED[name.lower()] for name in done.removed + done.undone),
    )
    framing.render_fields(head)
    return head


FOUND = ("content_length", "transfer_encoding", "connection", "keep_alive", "trailer", "date", "expect")


def found(head: ResponseHead) -> dict[str, Any]:
    """Return what was found in the fields."""
    return {name: getattr(head, name) for name in FOUND}


def with_found(head: ResponseHead, **found: Any) -> ResponseHead:
    """Return a head in whose fields that was found."""
    for name, value in found.items():
        setattr(head, name, value)
    return head


def decided(head: ResponseHead, last_allowed: bool = False) -> Framing | None:
    try:
        return decide(head, framing.KEEP + LINE, last_allowed)
    except TrailerInvalidError:
        return None


def as_told(expected: table.Expected | None, body_ok: bool) -> Framing | None:
    if expected is None:
        return None
    lines = "".join(line + "\r\n" for line in expected.lines)
    return Framing(lines, expected.chunked, body_ok, expected.fate == "stay")


def test_every_combination_is_framed_as_the_tables_say() -> None:
    """Version, method, status, preparation and calls: all 188 604 combinations, each distinct one decided."""
    seen = {}
    for version, method, status, preparation, calls in table.every_case():
        length = table.CALLS[calls][1]
        asked = table.VERSIONS[version][0]
        seen[asked, method == "HEAD", status, preparation, length] = version, method, calls
    assert len(seen) == 4 * 2 * 13 * 31 * 3
    wrong = []
    for (_, _, status, preparation, length), (version, method, calls) in seen.items():
        words = table.words_of(version, preparation, method, status)
        expected = as_told(table.expect(words, status, length), "body_ok" in words)
        found = decided(head_of(version, method, status, preparation, length))
        if found != expected:
            wrong.append((version, method, status, preparation, calls, found, expected))
    assert not wrong, f"{len(wrong)}, such as {wrong[0]}"


def test_every_set_of_facts_is_decided_as_the_tables_say() -> None:
    """Also combinations that no preparation names: the last request allowed, marks next to fields, …"""
    connections = [None, "close", "x, Close", "closed", "keep-alive"]
    encodings = [None, "chunked", "xchunked"]
    statuses = [200, 204, 304, 199]
    truths = [False, True]
    wrong = []
    for head, status, keep, may_chunk, length, removed, cl, te, conn, ka, trailer, last in product(
        truths, statuses, truths, truths, [None, 7], range(8), [None, "3"], encodings, connections,
        truths, truths, truths,
    ):  # fmt: skip
        if head and status != 200:
            continue
        facts = with_found(
            ResponseHead(
                for_head=head, status=status, keep=keep, may_chunk=may_chunk, length=length, removed=removed,
            ),
            content_length=cl, transfer_encoding=te, connection=conn, keep_alive=ka, trailer=trailer,
        )  # fmt: skip
        words = {
            word
            for word, there in {
                "keep": keep, "may_chunk": may_chunk, "body_ok": not head and status == 200, "CL": cl,
                "TE": te, "TE=chunked": te == "chunked", "CONN": conn, "KA": ka, "TRAILER": trailer,
                "CONN=close": conn in ("close", "x, Close"), "last": last, "rmCL": removed & 1,
                "rmTE": removed & 2, "rmCONN": removed & 4,
            }.items()
            if there
        }  # fmt: skip
        expected = as_told(table.expect(words, status, length), "body_ok" in words)
        if decided(facts, last) != expected:
            wrong.append((facts, decided(facts, last), expected))
    assert not wrong, f"{len(wrong)}, such as {wrong[0]}"


# -- the same, on the wire -----------------------------------------------------

GIVEN = ["store", "mapping", "flat list", "pairs", "store and mapping", "store and pairs"]


def prepare(res: Any, preparation: table.Preparation, given: str) -> Any:
    """Do what the preparation says; return what is left for `write_head`."""
    for name in preparation.undone:
        res.remove_header(name)
    fields = preparation.fields
    if given.startswith("store and"):
        res.set_header("X-First", "1")
    if given == "store":
        for name, value in fields.items():
            res.set_header(name, value)
    for name in preparation.removed:
        res.remove_header(name)
    for attribute in preparation.attributes:
        setattr(res, attribute, False)
    if given == "store":
        return None
    if given.endswith("mapping"):
        return fields
    pairs = list(fields.items())
    return pairs if given.endswith("pairs") else [part for pair in pairs for part in pair]


def run(res: Any, status: int, calls: list[tuple[Any, ...]], headers: Any) -> None:
    res.status_code = status
    if headers is not None and calls[0][0] != "write_head":
        write_head = type(res).write_head

        def with_headers(code: int) -> Any:
            return write_head(res, code, headers)

        res.write_head = with_headers  # the implicit head goes through it
    for name, *arguments in calls:
        if arguments == [...]:
            arguments = [status] if "write_head" in res.__dict__ else [status, headers]
        getattr(res, name)(*arguments)


def lines_of(preparation: table.Preparation, given: str) -> list[str]:
    lines = ["X-First: 1"] if given.startswith("store and") else []
    for name, value in preparation.fields.items():
        lines += [f"{name}: {each}" for each in (value if isinstance(value, list) else [value])]
    return lines


def one_case(stage: Stage, case: tuple[Any, ...], given: str) -> tuple[Any, Any]:
    """Return what a client got, and what it should have got."""
    version, method, status, preparation, calls = case
    stage.log[:] = [case, given]
    client = stage.send(f"{method} / ".encode() + table.VERSIONS[version][1])
    steps, length, pieces = table.CALLS[calls]
    if given != "store" and steps[0][0] == "write_head":
        length = None
    words = table.words_of(version, preparation, method, status)
    expected = table.expect(words, status, length)
    if expected is None:
        return stage.log[-1], ("ERR_HTTP_TRAILER_INVALID", False, b"")
    done = table.PREPARATIONS[preparation]
    reason = {101: "Switching Protocols", 199: "unknown", 599: "unknown", 999: "unknown"}
    head = [f"HTTP/1.1 {status} {reason.get(status) or framing_reason(status)}", *lines_of(done, given)]
    head += ["Date: D", *expected.lines, "", ""]
    sent = "\r\n".join(head).encode() + table.body_bytes(expected.body, pieces)
    got = dateless(client.received), "close" if client.ended else "stay", stage.log[-1]
    client.reset()
    return got, (sent, expected.fate, expected.chunked)


def framing_reason(status: int) -> str:
    reasons = "100 Continue|102 Processing|200 OK|204 No Content|205 Reset Content|206 Partial Content"
    reasons += "|304 Not Modified|404 Not Found|500 Internal Server Error"
    return dict(each.split(" ", 1) for each in reasons.split("|"))[str(status)]


def handler(stage_log: list[Any]) -> Any:
    def handle(req: Any, res: Any) -> None:
        (_, _, status, preparation, calls), given = stage_log[:2]
        headers = prepare(res, table.PREPARATIONS[preparation], given)
        try:
            run(res, status, table.CALLS[calls][0], headers)
            stage_log.append(res.chunked_encoding)
        except TrailerInvalidError as error:
            stage_log.append((error.code, res.headers_sent, bytes(res.socket.transport.written)))
            res.destroy()

    return handle


def stage() -> Stage:
    stage = Stage(lambda req, res: handler(stage.log)(req, res))
    return stage


def sample() -> list[tuple[tuple[Any, ...], str]]:
    """Draw the cases that go over the wire: each version with each preparation and each sequence of calls."""
    draw = random.Random(3)
    cases = []
    for version, preparation, calls in product(table.VERSIONS, table.PREPARATIONS, table.CALLS):
        for given in ("store", draw.choice(GIVEN[1:])):
            status = draw.choice([200, *table.STATUSES])
            cases.append(((version, draw.choice(table.METHODS), status, preparation, calls), given))
    return cases


def test_a_broad_sample_leaves_the_server_as_the_tables_say() -> None:
    """Head, body and the connection's fate, headers given in every form."""
    on = stage()
    wrong = []
    for case, given in sample():
        got, expected = one_case(on, case, given)
        if got != expected:
            wrong.append((case, given, got, expected))
    assert not wrong, f"{len(wrong)}, such as {wrong[0]}"


# What a user did, and the outcome for GET 200: HTTP/1.1 with `end("abc")`; with `write("abc"); end()`;
# HTTP/1.0 keep-alive, either; HTTP/1.0, either. K: `Connection: keep-alive` and `Keep-Alive`; k: the first
# alone; C: `Connection: close`; L: `Content-Length: 3`; T: `Transfer-Encoding: chunked`.
EXAMPLES = """
nothing                  | K L raw stay     | K T chunked stay | C raw cut        | C raw cut
length                   | K raw stay       | K raw stay       | K raw stay       | C raw cut
length 0                 | K raw stay       | K raw stay       | K raw stay       | C raw cut
length, as text, too long| K raw stay       | K raw stay       | K raw stay       | C raw cut
chunked                  | K chunked stay   | K chunked stay   | C chunked cut    | C chunked cut
gzip                     | K raw stay       | K raw stay       | C raw cut        | C raw cut
length and chunked       | K chunked stay   | K chunked stay   | K chunked stay   | C chunked cut
no length                | K T chunked stay | K T chunked stay | C raw cut        | C raw cut
no encoding              | K L raw stay     | K raw cut        | C raw cut        | C raw cut
neither                  | K raw cut        | K raw cut        | C raw cut        | C raw cut
close                    | L raw cut        | T chunked cut    | raw cut          | raw cut
keep-alive               | L raw stay       | T chunked stay   | raw cut          | raw cut
keep-alive and length    | raw stay         | raw stay         | raw stay         | raw stay
no connection            | L raw stay       | T chunked stay   | raw cut          | raw cut
Keep-Alive               | k L raw stay     | k T chunked stay | C raw cut        | C raw cut
Trailer                  | K T chunked stay | K T chunked stay | error            | error
Trailer and length       | error            | error            | error            | error
204 chunked              | C none cut       | C none cut       | C none cut       | C none cut
304 chunked              | C none cut       | C none cut       | C none cut       | C none cut
204 nothing              | K none stay      | K none stay      | C none cut       | C none cut
304 nothing              | K none stay      | K none stay      | C none cut       | C none cut
HEAD nothing             | K none stay      | K none stay      | C none cut       | C none cut
HEAD chunked             | K none stay      | K none stay      | C none cut       | C none cut
HEAD Trailer             | error            | error            | error            | error
204 Trailer              | error            | error            | error            | error
199 Trailer              | error            | error            | error            | error
"""
SHORT = {
    "K": ["Connection: keep-alive", table.KEEP_ALIVE],
    "k": ["Connection: keep-alive"],
    "C": ["Connection: close"],
    "L": ["Content-Length: 3"],
    "T": ["Transfer-Encoding: chunked"],
}


@pytest.mark.parametrize("row", EXAMPLES.strip().splitlines(), ids=lambda row: row.split("|")[0].strip())
def test_the_outcome_by_example(row: str) -> None:
    """What a handler did, and what each client got for it."""
    did, *outcomes = (cell.strip() for cell in row.split("|"))
    first, _, rest = did.partition(" ")
    method, status = ("HEAD" if first == "HEAD" else "GET"), int(first) if first.isdigit() else 200
    preparation = rest if first == "HEAD" or first.isdigit() else did
    columns = [
        ("1.1", ["end(str)"]),
        ("1.1", ["write, end"]),
        ("1.0 keep-alive", ["end(str)", "write, end"]),
        ("1.0", ["end(str)", "write, end"]),
    ]
    on = stage()
    for (version, sequences), outcome in zip(columns, outcomes, strict=True):
        for calls in sequences:
            got, _ = one_case(on, (version, method, status, preparation, calls), "store")
            if outcome == "error":
                assert got == ("ERR_HTTP_TRAILER_INVALID", False, b"")
                continue
            *codes, body, fate = outcome.split()
            lines = [*lines_of(table.PREPARATIONS[preparation], "store"), "Date: D"]
            lines += [line for code in codes for line in SHORT[code]]
            head, _, rest_bytes = got[0].partition(b"\r\n\r\n")
            assert head.decode().split("\r\n")[1:] == lines
            assert rest_bytes == table.body_bytes(body, [b"abc"])
            assert got[1] == ("close" if fate == "cut" else "stay")


# -- the parts -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("for_head", "status", "allowed"),
    [
        (False, 200, True),
        (False, 205, True),
        (False, 999, True),
        (False, 204, False),
        (False, 304, False),
        (False, 100, False),
        (False, 199, False),
        (True, 200, False),
    ],
)
def test_no_body_for_head_and_for_1xx_204_304(for_head: bool, status: int, allowed: bool) -> None:
    """205 is an ordinary status."""
    assert body_allowed(for_head, status) is allowed


def test_fields_are_rendered_as_given_and_noted() -> None:
    """The lines keep spelling and order; every line of a list counts for the framing."""
    fields = [
        ("X-A", "1"),
        ("transfer-ENCODING", ["gzip", "chunked"]),
        ("Connection", ["a", "b"]),
        ("Content-Length", 3),
        ("Keep-Alive", "x"),
        ("trailer", "t"),
        ("DATE", "now"),
        ("Expect", "much"),
        ("X-U", ["1", "2"]),
    ]
    given = entries([*fields, ("X-M", "set")])
    head = ResponseHead(given, removed=7, unique=frozenset(["x-u"]))
    assert framing.render_fields(head) == (
        "X-A: 1\r\ntransfer-ENCODING: gzip\r\ntransfer-ENCODING: chunked\r\nConnection: a\r\n"
        "Connection: b\r\nContent-Length: 3\r\nKeep-Alive: x\r\ntrailer: t\r\nDATE: now\r\n"
        "Expect: much\r\nX-U: 1; 2\r\nX-M: set\r\n"
    )
    assert head.removed == 0
    assert found(head) == {
        "content_length": "3",
        "transfer_encoding": "gzip, chunked",
        "connection": "a, b",
        "keep_alive": True,
        "trailer": True,
        "date": True,
        "expect": True,
    }


def test_an_empty_list_is_no_field() -> None:
    """It leaves no line, and the marks stay."""
    head = ResponseHead(entries([("Content-Length", [])]), removed=1)
    assert framing.render_fields(head) == ""
    assert (head.removed, head.content_length) == (1, None)


def test_the_parts_of_a_head_stand_in_nodes_order() -> None:
    """Status line, the user's lines, Date, the automatic lines, an empty line."""
    text = framing.head_text(ResponseHead(), "A: 1\r\n", "B: 2\r\n")
    assert dateless(text.encode()) == b"HTTP/1.1 200 OK\r\nA: 1\r\nDate: D\r\nB: 2\r\n\r\n"
    without = "HTTP/1.1 200 OK\r\n\r\n"
    assert framing.head_text(ResponseHead(send_date=False), "", "") == without
    assert framing.head_text(with_found(ResponseHead(), date=True), "", "") == without


@pytest.mark.parametrize(("size", "line"), [(1, b"1\r\n"), (10, b"a\r\n"), (4096, b"1000\r\n")])
def test_a_chunk_says_its_size_in_lower_case_hex(size: int, line: bytes) -> None:
    """Without leading zeros."""
    [chunk] = framing.chunk_parts(b"x" * size)
    assert chunk == line + b"x" * size + b"\r\n"


def test_other_fields_say_nothing() -> None:
    """Of the framing."""
    head = ResponseHead()
    framing.note_field(head, "x-a", "close")
    assert found(head) == found(ResponseHead())
