"""The exchange of a message that has none."""

from __future__ import annotations

from typing import Any

from tests.kit.check_exchange import Basin
from tests.kit.response_stage import serve
from writehead import http
from writehead._message.no_exchange import SENT, HeldSocket, NoExchange
from writehead._semantics.exchange import Exchange, ResponseHead
from writehead.testing import settle


def test_nothing_reaches_a_sink() -> None:
    """Whatever is asked: no byte, no callback, no end."""
    log: list[Any] = []
    exchange: Exchange = NoExchange()
    exchange.attach(sink := Basin())
    exchange.begin(ResponseHead())
    exchange.respond(200, {"a": ("a", "A", "1")}, b"x")
    assert exchange.write(b"x", log.append)
    assert exchange.inform(103, [("A", "1")], log.append)
    exchange.flush()
    exchange.cork()
    assert not exchange.uncork()
    exchange.end(b"x", [("A", "1")])
    exchange.settle()
    exchange.abort(ValueError())
    exchange.drop()
    settle()
    assert exchange.pieces() is None
    assert not exchange.plain
    assert (sink.taken, sink.passed, sink.corks, sink.destroyed_with, log) == (b"", [], 0, [], [])


def test_a_socket_is_remembered() -> None:
    """With its mark and what waits there; until it is taken away."""
    exchange = NoExchange()
    assert (exchange.queued, exchange.socket, exchange.mark, exchange.pending) == (True, None, None, 0)
    exchange.attach(sink := Basin(mark=7, slow=True))
    sink.put(b"abc")
    assert (exchange.queued, exchange.socket, exchange.mark, exchange.pending) == (False, sink, 7, 3)
    exchange.detach()
    assert (exchange.queued, exchange.socket) == (True, None)


def test_a_held_socket_is_destroyed() -> None:
    """By a message that has never had a head."""
    error = ValueError()
    exchange = HeldSocket()
    exchange.abort(error)
    exchange.coming = sink = Basin()
    exchange.abort(error)
    assert sink.destroyed_with == [error]


def test_what_is_written_behind_the_end_reaches_no_one() -> None:
    """All finished responses share one exchange; nothing of one is kept in it for another."""
    kept: list[Any] = []

    def handler(res: http.ServerResponse) -> None:
        res.end("x")
        kept.append(res)

    serve(handler)
    first = kept[0]
    before = dict(vars(SENT))
    first.on("error", lambda error: None)
    first.write("late")
    first.end("late")
    first.flush_headers()
    first.cork()
    first.destroy()
    settle()
    assert vars(SENT) == before
    assert vars(first).get("_exchange", SENT) is SENT
