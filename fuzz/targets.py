"""The targets, each a hypothesis test whose oracle is in its docstring."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import h11
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.ledger import Account, Ledger
from tests.faults.programs import end, write
from tests.kit.faulty_transport import FaultyTransport, Plan
from tests.kit.response_reader import read_responses
from writehead import errors, http
from writehead._connection.http1 import Connection
from writehead._http1.parser import End, RequestParser

from .streams import cuts, good_request, good_stream, mutated, odd_request, stream

LIMIT = 400
COUNT = 6


# -- the glue around the parser


def _parse(pieces: list[bytes]) -> tuple[list[Any], str | None]:
    """Feed the pieces; return what was found, bodies joined, and the error's code."""
    parser = RequestParser(LIMIT, COUNT, False)
    found: list[Any] = []
    for piece in pieces:
        for item in _feed(parser, piece):
            if type(item) is bytes and found and type(found[-1]) is bytes:
                found[-1] += item
            else:
                found.append(item)
        if parser.error is not None or parser.closed:
            break
    code = None if parser.error is None else parser.error.code
    if code == "HPE_STRICT":
        code = "HPE_INVALID_VERSION"  # one text of llhttp's for both; which, depends on the cut
    # What follows a last request is not looked at.
    return [_view(item) for item in found], None if code == "HPE_CLOSED_CONNECTION" else code


def _feed(parser: RequestParser, piece: bytes) -> Iterator[Any]:
    yield from parser.feed(piece)
    while parser.more or parser.upgrade is not None:
        if parser.more:
            yield from parser.feed_more()
            continue
        yield parser.upgrade
        if parser.upgrade.method == "CONNECT":
            parser.closed = True
            return
        yield from parser.decline_upgrade()


def _view(item: Any) -> Any:
    if type(item) is End or type(item) is bytes:
        return item
    assert sum(map(len, item.fields)) + len(item.target) < LIMIT, "more header bytes than the limit"
    assert len(item.fields) <= 2 * COUNT, "more fields than the limit"
    return (item.method, item.target, item.version, item.fields, item.keep_alive)


@given(st.data())
def parser(data: st.DataObject) -> None:
    """No exception escapes, limits hold, and any cuts give what the whole gives."""
    raw = data.draw(stream)
    whole = _parse([raw])
    cut = _parse(data.draw(cuts(raw)))
    assert whole == cut
    assert sum(len(item) for item in whole[0] if type(item) is bytes) <= len(raw)


@given(st.data())
def two_readers(data: st.DataObject) -> None:
    """What both this parser and h11 take for whole requests, in any cuts, is the same: no stream has two readings."""
    raw = data.draw(mutated())
    whole = _parse([raw])
    assert whole == _parse(data.draw(cuts(raw)))
    for ours, theirs in zip(_requests(whole[0]), _as_h11_reads_all(raw), strict=False):
        assert ours == theirs


def _requests(found: list[Any]) -> list[tuple[bytes, bytes, bytes]]:
    """Return method, target and body of each request that has come to its end."""
    requests = []
    head, body = None, b""
    for item in found:
        if type(item) is End:
            assert head is not None
            requests.append((head[0].encode(), head[1], body))
            head, body = None, b""
        elif type(item) is bytes:
            body += item
        else:
            head = item
    return requests


def _as_h11_reads_all(raw: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield what h11 reads, until it refuses, waits, or meets a wish to leave HTTP/1."""
    peer = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    peer.receive_data(raw)
    with contextlib.suppress(h11.RemoteProtocolError):
        while True:
            head = peer.next_event()
            if not isinstance(head, h11.Request):
                return
            body = b""
            while isinstance(event := peer.next_event(), h11.Data):
                body += bytes(event.data)
            if not isinstance(event, h11.EndOfMessage):
                return
            yield head.method, head.target, body
            if peer.their_state is not h11.DONE:
                return
            peer.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            peer.send(h11.EndOfMessage())
            if peer.our_state is not h11.DONE:
                return
            peer.start_next_cycle()


# -- the connection in memory


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


_complaints = _Complaints()
_logger = logging.getLogger("writehead")
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """Return the loop on which all connections in memory run."""
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
        _loop.set_exception_handler(lambda _loop, context: _complaints.lines.append(str(context)))
    return _loop


async def _settle(wire: FaultyTransport) -> None:
    still = 0
    before = -1
    while still < 6:
        await asyncio.sleep(0)
        now = len(wire.received) + wire.operations
        still = still + 1 if now == before else 0
        before = now


async def _converse(
    handler: Callable[..., Any], pieces: list[bytes], *, eof: bool = False, **options: Any
) -> tuple[bytes, bool, Any]:
    """Serve one client in memory; return the bytes, whether the server closed, and the connection."""
    server = http.create_server(handler, **options)
    server._ready(asyncio.get_running_loop())
    wire = FaultyTransport(Plan(), lambda _wire: None)
    connection = Connection(server._config)
    wire.set_protocol(connection)
    connection.connection_made(wire)
    for piece in pieces:
        wire.feed(piece)
        await asyncio.sleep(0)
    if eof:
        wire.feed_eof()
    await _settle(wire)
    closed = wire.is_closing() or wire.eof_sent
    received = bytes(wire.received)
    wire.reset()
    await _settle(wire)
    assert server._connection_count == 0, "the connection is still counted"
    return received, closed, connection


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    _complaints.lines.clear()
    _logger.addHandler(_complaints)
    _logger.propagate = False
    try:
        yield
    finally:
        _logger.removeHandler(_complaints)
        _logger.propagate = True
    assert not _complaints.lines, _complaints.lines[0]


def _report(req: Any, res: Any) -> None:
    body: list[bytes] = []
    req.on("data", body.append)
    req.on("error", lambda _error: None)
    req.on(
        "end",
        lambda: res.end(b"%s %s %d" % (req.method.encode(), req.url.encode("latin-1"), len(b"".join(body)))),
    )


@given(st.data())
def connection(data: st.DataObject) -> None:
    """Any bytes in any cuts: nothing escapes, every answer is readable, no more answers than requests."""
    raw = data.draw(stream | mutated())
    pieces = data.draw(cuts(raw))
    handed = []

    def handler(req: Any, res: Any) -> None:
        handed.append(req.method)
        _report(req, res)

    with _watched():
        received, closed, _ = loop().run_until_complete(
            _converse(handler, pieces, eof=data.draw(st.booleans()), max_header_size=LIMIT)
        )
    answers, _ = read_responses(received, handed, closed)
    final = [answer for answer in answers if not answer.informational]
    assert sum(answer.status == 200 for answer in final) <= len(handed)
    assert all(answer.status in (200, 400, 408, 413, 417, 431, 505) for answer in final)


@given(st.data())
def good_requests(data: st.DataObject) -> None:
    """Good requests in any cuts all reach the handler as h11 reads them, and are answered in order."""
    requests = data.draw(good_stream)
    raw = b"".join(requests)
    pieces = data.draw(cuts(raw))
    with _watched():
        received, _, _ = loop().run_until_complete(_converse(_report, pieces))
    meant = [_as_h11_reads(request) for request in requests]
    answers, rest = read_responses(received, [], False)
    assert not rest
    assert [answer.body for answer in answers if not answer.informational] == meant


def _as_h11_reads(request: bytes) -> bytes:
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(request)
    head = peer.next_event()
    assert isinstance(head, h11.Request)
    size = 0
    while isinstance(event := peer.next_event(), h11.Data):
        size += len(event.data)
    return b"%s %s %d" % (head.method, head.target, size)


def _flood(_req: Any, res: Any) -> None:
    """Read nothing, answer never."""


@given(st.integers(0, 400), st.integers(1, 65536), st.booleans())
def unread_body(chunks: int, size: int, chunked: bool) -> None:
    """Of a body that nobody reads no more is kept than the high-water mark and one packet."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\n"
    if chunked:
        pieces = [head + b"Transfer-Encoding: chunked\r\n\r\n"] + [
            b"%x\r\n%s\r\n" % (size, b"x" * size)
        ] * min(chunks, 40)
    else:
        pieces = [head + b"Content-Length: %d\r\n\r\n" % (size * chunks)] + [b"x" * size] * min(chunks, 40)
    kept: list[Any] = []

    async def run() -> int:
        server = http.create_server(lambda req, res: kept.append(req), high_water_mark=16384)
        server._ready(asyncio.get_running_loop())
        wire = FaultyTransport(Plan(), lambda _wire: None)
        connection = Connection(server._config)
        wire.set_protocol(connection)
        connection.connection_made(wire)
        for piece in pieces:
            if not wire.is_reading():
                break
            wire.feed(piece)
            await asyncio.sleep(0)
        length = kept[0].readable_length if kept else 0
        wire.reset()
        await _settle(wire)
        return int(length)

    with _watched():
        assert loop().run_until_complete(run()) <= 16384 + size + 2


# -- any handler, any network


async def _one_of_many(behaviour: str, req: Any, res: Any, account: Account) -> None:
    """Behave like one of many programs, for as long as the client is there."""
    match behaviour:
        case "iterate":
            async for _ in req:
                await asyncio.sleep(0)
        case "bytes":
            await req.bytes(limit=50)
        case "text":
            await req.text()
        case "pause":
            req.on("data", lambda _: req.pause())
            await asyncio.sleep(0)
            req.resume()
        case "read":
            req.on("readable", lambda: req.read(3))
        case "pipe":
            req.pipe(res)
            return
        case "pipeline":
            await http.pipeline(req, res)
            return
        case "destroy":
            write(account, res, b"half")
            res.destroy()
        case "destroy request":
            req.destroy(RuntimeError("enough"))
        case "never":
            return
        case "head":
            res.write_head(200, {"Content-Length": "3"})
        case "continue":
            res.write_continue()
            res.write_processing()
        case "cork":
            res.cork()
            write(account, res, b"corked")
        case "drain":
            while write(account, res, b"d" * 30000) and res.writable_length < 60000:
                await asyncio.sleep(0)
            await res.drain()
        case "close":
            res.set_header("Connection", "close")
        case "raise":
            raise RuntimeError("meant to fail")
    for _ in range(2):
        write(account, res, b"abc")
        await asyncio.sleep(0)
    end(account, res)


_BEHAVIOURS = [
    "plain", "iterate", "bytes", "text", "pause", "read", "pipe", "pipeline", "destroy", "destroy request", "never", "head",
    "continue", "cork", "drain", "close", "raise",
]  # fmt: skip
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "insecure_http_parser": st.just(True),
        "emit_close_after_finish": st.just(True),
        "max_requests_per_socket": st.integers(1, 3),
        "join_duplicate_headers": st.just(True),
        "high_water_mark": st.sampled_from([0, 1, 1000]),
        "require_host_header": st.just(False),
        "optimize_empty_requests": st.just(True),
        "keep_alive_timeout": st.just(0),
        "reject_non_standard_body_writes": st.just(True),
    },
)


@given(st.data())
def exchange(data: st.DataObject) -> None:
    """Any handlers on any network: each response ends once, callbacks come once, nothing stays behind."""
    pieces = data.draw(
        cuts(data.draw(st.lists(good_request | odd_request, min_size=1, max_size=4).map(b"".join)))
    )
    behaviours = data.draw(st.lists(st.sampled_from(_BEHAVIOURS), min_size=1, max_size=4))
    actions = data.draw(
        st.lists(st.sampled_from(["feed"] * 6 + ["stall", "go", "turn", "fin", "reset", "stop"]), max_size=12)
    )
    options = data.draw(_OPTIONS)
    ledger = Ledger()

    async def handler(req: Any, res: Any) -> None:
        account = ledger.open(req, res)
        # An error of a client who has left, or of a body too large, is no failure of ours.
        with contextlib.suppress(errors.HTTPError, RuntimeError):
            await _one_of_many(behaviours[account.number % len(behaviours)], req, res, account)

    with _watched():
        received = loop().run_until_complete(act(handler, pieces, actions, options))
    if "reset" not in actions and "cut" not in actions:
        assert received.startswith(b"HTTP/1.1 ") or not received
    complaints = ledger.complaints(
        options.get("emit_close_after_finish", False),
        read_in_part=True,
        # Node, too: nobody tells the requests before a CONNECT that nobody takes.
        born_ended=options.get("optimize_empty_requests", False) or b"CONNECT " in b"".join(pieces),
    )
    assert not complaints, complaints


async def act(
    handler: Callable[..., Any], pieces: list[bytes], actions: list[str], options: dict[str, Any]
) -> bytes:
    """Play the actions, feed what is left, half-close; return what the client got."""
    server = http.create_server(handler, **options)
    server._ready(asyncio.get_running_loop())
    wire = FaultyTransport(Plan(), lambda _wire: None)
    connection = Connection(server._config)
    wire.set_protocol(connection)
    connection.connection_made(wire)
    left = list(pieces)
    for action in [*actions, *["feed"] * len(pieces), "go", "turn", "fin"]:
        match action:
            case "feed" if left and wire.is_reading():
                wire.feed(left.pop(0))
            case "stall":
                wire.set_room(0)
            case "go":
                wire.set_room(1 << 20)
            case "fin":
                wire.feed_eof()
            case "reset":
                wire.reset()
            case "stop":
                server.close()
        await asyncio.sleep(0)
    await _settle(wire)
    received = bytes(wire.received)
    wire.reset()
    await _settle(wire)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    assert not tasks, tasks
    assert server._connection_count == 0, "the connection is still counted"
    return received


# -- what is written


_text = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12
).map(lambda text: "".join(each for each in text if ord(each) < 0x7F or ord(each) >= 0x80).strip())
_name = st.sampled_from(["X-A", "x-b", "Set-Cookie", "Content-Type", "ETag", "X_c", "Vary"])
_any_text = st.text(max_size=8) | st.sampled_from(["a\r\nX: y", "a\nb", "a\x00", "č", "ok"])
_chunk = st.binary(max_size=40) | st.text(max_size=10)
_calls = st.lists(
    st.one_of(
        st.tuples(st.just("set_header"), _name, _text | st.lists(_text, max_size=3)),
        st.tuples(st.just("append_header"), _name, _text),
        st.tuples(st.just("remove_header"), _name),
        st.tuples(st.just("set_header"), _any_text, _any_text),
        st.tuples(st.just("write"), _chunk),
        st.tuples(st.just("cork")),
        st.tuples(st.just("uncork")),
        st.tuples(st.just("flush_headers")),
        st.tuples(st.just("add_trailers"), st.dictionaries(st.just("X-T"), _any_text, max_size=1)),
        st.tuples(st.just("write_head"), st.sampled_from([200, 201, 404, 599]), _any_text),
        st.tuples(st.just("write_information"), st.just(103), st.dictionaries(_name, _any_text, max_size=2)),
        st.tuples(
            st.just("write_early_hints"),
            st.fixed_dictionaries({"link": st.just("</a>; rel=preload") | _any_text}),
        ),
    ),
    max_size=8,
)


@given(_calls, _chunk | st.none(), st.sampled_from(["1.1", "1.0"]), st.sampled_from(["GET", "HEAD"]))
def response(calls: list[tuple[Any, ...]], last: Any, version: str, method: str) -> None:
    """Whatever a handler calls, h11 reads back the status, the fields and the body that were meant."""
    meant: dict[str, Any] = {"body": b"", "fields": {}}

    def handler(_req: Any, res: Any) -> None:
        for name, *args in calls:
            try:
                getattr(res, name)(*args)
            except errors.HTTPError:
                continue
            if name == "write":
                meant["body"] += _as_bytes(args[0])
        meant["sent"] = res.headers_sent
        meant["fields"] = dict(res.get_headers().items())
        try:
            res.end(last)
        except errors.InvalidCharError:  # the phrase of a refused write_head, kept as in Node
            res.status_message = "fine"
            res.end(last)
        meant["body"] += _as_bytes(last)
        meant["status"] = res.status_code

    request = f"{method} / HTTP/{version}\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    with _watched():
        received, closed, _ = loop().run_until_complete(_converse(handler, [request]))
    assert closed
    _reads_back(received, method, meant)


def _as_bytes(chunk: Any) -> bytes:
    if chunk is None:
        return b""
    return bytes(chunk) if isinstance(chunk, bytes) else chunk.encode()


def _reads_back(received: bytes, method: str, meant: dict[str, Any]) -> None:
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method=method, target="/", headers=[("Host", "a"), ("Connection", "close")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(received)
    peer.receive_data(b"")
    event = peer.next_event()
    while isinstance(event, h11.InformationalResponse):
        event = peer.next_event()
    assert isinstance(event, h11.Response), event
    assert event.status_code == meant["status"]
    _has_fields(event, meant["fields"])
    body = b""
    while isinstance(event := peer.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage), event
    assert body == (b"" if method == "HEAD" else meant["body"])


def _has_fields(event: h11.Response, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        got = [each.decode("latin-1") for key, each in event.headers if key == name.lower().encode()]
        assert got == [str(each).strip(" \t") for each in values], name


# -- the header store against a plain dict


_store_calls = st.lists(
    st.one_of(
        st.tuples(
            st.just("set"),
            st.sampled_from(["A", "a", "B", "x-y", "__proto__", "10", ""]),
            _any_text | st.integers(),
        ),
        st.tuples(st.just("append"), st.sampled_from(["A", "a", "B"]), _any_text),
        st.tuples(st.just("remove"), st.sampled_from(["A", "a", "B", "zz", ""])),
    ),
    max_size=12,
)


@given(_store_calls)
def header_store(calls: list[tuple[Any, ...]]) -> None:
    """The store behaves as a dict by lower-case name that keeps order and spelling, and refuses what it must."""
    message = http.OutgoingMessage()
    model: dict[str, tuple[str, Any]] = {}
    for what, name, *args in calls:
        valid = name != "" and all(_is_plain(arg) for arg in args)
        try:
            if what == "set":
                message.set_header(name, args[0])
            elif what == "append":
                message.append_header(name, args[0])
            else:
                message.remove_header(name)
        except errors.HTTPError:
            assert not valid
            continue
        assert valid or what == "remove"
        key = name.lower()
        if what == "set":
            model[key] = (name, args[0])
        elif what == "append":
            spelled, old = model.get(key, (name, None))
            model[key] = (
                spelled,
                args[0] if old is None else [*(old if isinstance(old, list) else [old]), args[0]],
            )
        else:
            model.pop(key, None)
    assert message.get_header_names() == list(model)
    assert message.get_raw_header_names() == [spelled for spelled, _ in model.values()]
    assert dict(message.get_headers()) == {key: value for key, (_, value) in model.items()}


def _is_plain(value: Any) -> bool:
    return not isinstance(value, str) or all(
        each == "\t" or " " <= each <= "~" or "\x80" <= each <= "\xff" for each in value
    )


TARGETS: dict[str, Callable[[], None]] = {
    "parser": parser,
    "two-readers": two_readers,
    "connection": connection,
    "good-requests": good_requests,
    "unread-body": unread_body,
    "exchange": exchange,
    "response": response,
    "header-store": header_store,
}
