"""Programs for a response made by hand, drawn from a seed, and what they see of it on one wire or another.

Law: a program stays away from what is of HTTP/1 by nature (see `tests/properties/test_second_wire.py`), and its
pieces are far smaller or larger than any mark, so that the bytes of a framing decide nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.kit.received import Received
from tests.kit.response_stage import Request, Writable, settle
from writehead import http
from writehead._loop.ticks import later
from writehead._message import standalone
from writehead._message.standalone import exchange_by_hand, set_exchange_by_hand
from writehead._semantics.exchange import Exchange

MARK = 16_384
EVENTS = ("socket", "finish", "close", "drain", "error", "pipe", "unpipe")
STATE = (
    "finished",
    "headers_sent",
    "writable_finished",
    "writable_need_drain",
    "writable_corked",
    "writable_high_water_mark",
    "destroyed",
    "closed",
    "status_code",
    "status_message",
    "send_date",
    "strict_content_length",
)

NAMES = ("X-A", "x-a", "Content-Type", "Set-Cookie", "cookie", "Vary", "X-Unique", "Connection", "Keep-Alive")
VALUES: tuple[Any, ...] = (
    "1",
    "a, b",
    "caf\xe9",
    "",
    " \t ",
    7,
    True,
    1.5,
    ["1", 2],
    [],
    ["a=1", "b=2", "c=3"],
    "x" * 60,
)
BAD_VALUES: tuple[Any, ...] = (None, "a\nb", "Ā", {}, "\0", ["a", None])
STATUS: tuple[Any, ...] = (200, 200, 201, 404, 599, 204, 304, 200.0, "202", 1, None)
PIECES: tuple[Any, ...] = (b"a", b"bc", "caf\xe9", "€", b"x" * 100, b"y" * 20_000, "", b"", "t" * 30_000)
BAD: tuple[Any, ...] = (None, 1, ["a"])
FORMS = ("pieces", "pieces", "pieces", "pieces", "length", "wrong length", "1.0", "whole", "whole")
BODILESS = (("status", 204), ("status", 304), ("head", 204))
METHODS = ("GET", "GET", "GET", "HEAD")


@dataclass(frozen=True)
class Program:
    """What is done to a response, and how it and its writable are made."""

    seed: int
    method: str
    version: tuple[int, int]
    brought: bool  # the request brings the exchange, as one of a connection does
    reject_body: bool
    slow: bool
    steps: tuple[tuple[Any, ...], ...]


def draw(seed: int) -> Program:
    """Return the program of a seed."""
    chance = random.Random(seed)
    form = chance.choice(FORMS)
    # Only where the end of either wire is bytes can a sink, or a queue, hold it back.
    held = form in ("pieces", "whole") and chance.random() < 0.4
    method = "GET" if held else chance.choice(METHODS)
    steps = [_before(chance) for _ in range(chance.randint(0, 5))]
    body = [] if form == "whole" else _body(chance, form)
    last = ("end", chance.choice(PIECES)) if chance.random() < 0.5 or form == "whole" else ("end",)
    if "length" in form:
        steps += _length(chance, [*body, last], form != "length")
    if chance.random() < 0.3:
        steps.append(("trailers", [("X-T", "1"), ["x-u", chance.choice(("2", ["3", "4"], 5))]]))
    steps += body
    if "length" in form or chance.random() < 0.9:
        steps.append(last)
    steps += [_after(chance) for _ in range(chance.randint(0, 3))]
    for step in (("destroy",), ("bad write", chance.choice(BAD)), ("bad end", chance.choice(BAD[1:]))):
        if chance.random() < 0.1 and not (form == "length" and step[0] == "bad end"):
            steps.insert(chance.randint(0, len(steps)), step)
    at = chance.choice((0, 0, len(steps) // 2, chance.randint(0, len(steps))))
    steps.insert(at, ("assign",))
    if held and chance.random() < 0.6:
        at = chance.randint(at + 1, len(steps))
        steps[at : at + 1] = [("detach",), *steps[at : at + 1], ("assign",)]
    return Program(
        seed,
        method,
        (1, 0) if form == "1.0" else (1, 1),
        form != "1.0" and method == "GET" and chance.random() < 0.4,
        chance.random() < 0.15,
        held and chance.random() < 0.6,
        tuple(step for step in steps if not (held and step[:2] in BODILESS)),
    )


def _length(chance: random.Random, steps: list[tuple[Any, ...]], wrong: bool) -> list[tuple[Any, ...]]:
    """Return the steps that promise the length of a body; a wrong one is refused."""
    pieces = [step[1] for step in steps if step[0] in ("write", "told write", "end") and step[1:]]
    size = sum(len(each if isinstance(each, bytes) else each.encode()) for each in pieces)
    size += wrong * (chance.choice((-1, 1)) if size else 1)
    return [("set", "Content-Length", size), ("strict", wrong or chance.random() < 0.3)]


def _before(chance: random.Random) -> tuple[Any, ...]:
    kind = chance.random()
    name, value = chance.choice(NAMES), chance.choice(VALUES)
    if kind < 0.45:
        return (chance.choice(("set", "set", "append")), name, value)
    if kind < 0.60:
        return ("status", chance.choice(STATUS))
    if kind < 0.70:
        return ("inform", chance.choice((100, 102, 103, 101, 99)), {"X-I": value, "Connection": "x"})
    return chance.choice(
        (
            ("set", name, chance.choice(BAD_VALUES)),
            ("remove", name),
            ("remove", "Date"),
            ("message", chance.choice(("", "Fine", "caf\xe9", "a\nb"))),
            ("date", False),
            ("keep", False),
            ("set", "Date", "now"),
            ("hints", {"link": chance.choice(("</a>; rel=preload", ["<b>", "<c>"], "bad", []))}),
            ("continue",),
        )
    )


def _body(chance: random.Random, form: str) -> list[tuple[Any, ...]]:
    """Return writes and what comes between them; corks only where both wires gather, and not around large ones."""
    steps: list[tuple[Any, ...]] = []
    if chance.random() < 0.3:
        steps.append(
            ("head", chance.choice((200, 404, 204, 99)), [("X-H", chance.choice(VALUES)), ("X-A", "h")])
        )
    for _ in range(chance.randint(1, 6)):
        kind = chance.random()
        if kind < 0.6:
            steps.append((chance.choice(("write", "write", "told write")), chance.choice(PIECES)))
        elif kind < 0.8 and form == "pieces":
            steps += [("flush",), ("cork",), ("write", b"c1"), ("told write", b"c2"), ("uncork",)]
        else:
            steps.append(
                chance.choice(
                    (("flush",), ("tick",), ("tick",), ("take",), ("uncork",), ("set", "X-A", "late"))
                )
            )
    return steps


def _after(chance: random.Random) -> tuple[Any, ...]:
    return chance.choice(
        (
            ("write", b"late"),
            ("told write", b"late"),
            ("end",),
            ("end", b"late"),
            ("told end",),
            ("tick",),
            ("take",),
            ("flush",),
            ("cork",),
            ("uncork",),
            ("inform", 103, {}),
            ("set", "X-A", "late"),
            ("destroy",),
            ("pipe",),
        )
    )


class LateWritable(Writable):
    """A writable that calls back in a tick of its own, as a stream of Node's does."""

    def write(self, data: bytes, encoding: Any = None, callback: Any = None) -> bool:
        return super().write(
            data, encoding, None if callback is None else lambda error: later(callback, error)
        )


class Brought(Request):
    """A request that brings the exchange of its response."""

    def __init__(self, method: str) -> None:
        super().__init__(method)
        self._http_version = "1.1"
        self._exchange = exchange_by_hand()


@dataclass
class Played:
    """What came of a program on one wire."""

    log: list[Any] = field(default_factory=list)
    received: Received = field(default_factory=Received)
    chunked: bool = False
    whole: bool = False
    headers: dict[str, Any] = field(default_factory=dict)


class Play:
    """A program at work: `log` is all that it sees."""

    def __init__(self, program: Program) -> None:
        self.log: list[Any] = []
        self.sinks: list[Writable] = []
        self.slow = program.slow
        self.whole = False  # all of it has left, before anything was destroyed
        request = Brought(program.method) if program.brought else Request(program.method, program.version)
        self.res = http.ServerResponse(request, MARK, program.reject_body)
        self.res._unique_headers = frozenset(["x-unique"])
        if program.seed % 4:
            for name in EVENTS:
                self.res.on(name, lambda *args, name=name: self.log.append((name, *map(shown, args))))
        else:  # no listener but this
            self.res.on("error", lambda error: self.log.append(("error", shown(error))))
        self.res.on("finish", self.finish)
        for name, *arguments in program.steps:
            self.step(name, arguments)
        for _ in range(3):
            self.step("tick", [])
            self.step("take", [])

    def finish(self) -> None:
        self.whole = not any(sink.destroyed_with for sink in self.sinks)

    def step(self, name: str, arguments: list[Any]) -> None:
        try:
            result = getattr(self, "do_" + name.replace(" ", "_"))(*arguments)
        except Exception as error:
            result = error
        self.log.append((name, shown(result), self.state()))

    def state(self) -> list[Any]:
        """Return what the program sees of the response; of its length, whether anything waits."""
        res = self.res
        return [
            *(getattr(res, name) for name in STATE),
            shown(res.errored),
            res.writable_length > 0,
            res.socket is not None and self.sinks.index(res.socket),  # type: ignore[arg-type]
            res.get_headers(),
            [sink.corks for sink in self.sinks],
            [len(sink.destroyed_with) for sink in self.sinks],
        ]

    def called(self, name: str) -> Callable[..., None]:
        def callback(error: Any = None) -> None:
            self.log.append((name, shown(error)))

        return callback

    def do_set(self, name: str, value: Any) -> Any:
        return self.res.set_header(name, value)

    def do_append(self, name: str, value: Any) -> Any:
        return self.res.append_header(name, value)

    def do_remove(self, name: str) -> Any:
        return self.res.remove_header(name)

    def do_status(self, code: Any) -> None:
        self.res.status_code = code

    def do_message(self, text: Any) -> None:
        self.res.status_message = text

    def do_date(self, wanted: bool) -> None:
        self.res.send_date = wanted

    def do_keep(self, wanted: bool) -> None:
        self.res.should_keep_alive = wanted

    def do_strict(self, wanted: bool) -> None:
        self.res.strict_content_length = wanted

    def do_head(self, code: int, pairs: Any) -> Any:
        return self.res.write_head(code, pairs)

    def do_inform(self, code: int, fields: Any) -> Any:
        return self.res.write_information(code, fields, self.called("informed"))

    def do_hints(self, hints: Any) -> Any:
        return self.res.write_early_hints(hints, self.called("hinted"))

    def do_continue(self) -> Any:
        return self.res.write_continue(self.called("continued"))

    def do_trailers(self, pairs: Any) -> Any:
        return self.res.add_trailers(pairs)

    def do_write(self, piece: Any) -> Any:
        return self.res.write(piece)

    def do_told_write(self, piece: Any) -> Any:
        return self.res.write(piece, self.called("written"))

    do_bad_write = do_told_write

    def do_end(self, *piece: Any) -> Any:
        return self.res.end(*piece)

    def do_told_end(self) -> Any:
        return self.res.end(self.called("ended"))

    def do_bad_end(self, piece: Any) -> Any:
        return self.res.end(piece, "utf8")

    def do_flush(self) -> Any:
        return self.res.flush_headers()

    def do_cork(self) -> Any:
        return self.res.cork()

    def do_uncork(self) -> Any:
        return self.res.uncork()

    def do_pipe(self) -> Any:
        return self.res.pipe(None)

    def do_destroy(self) -> Any:
        return self.res.destroy(ValueError("no more"))

    def do_assign(self) -> Any:
        self.sinks.append(LateWritable(MARK, self.slow))
        return self.res.assign_socket(self.sinks[-1])

    def do_detach(self) -> Any:
        return self.res.detach_socket(self.res.socket)

    def do_tick(self) -> None:
        settle()

    def do_take(self) -> None:
        for sink in self.sinks:
            sink.take()


def shown(value: Any) -> Any:
    """Return what can be compared of a result, an argument or an error."""
    if isinstance(value, BaseException):
        return getattr(value, "code", None) or repr(value)
    return value if value is None or isinstance(value, bool | int | str) else type(value).__name__


def play(
    program: Program, make: Callable[[], Exchange], read: Callable[[bytes, str, bool], Received]
) -> Played:
    """Run a program on the wire that `make` makes an exchange of; `read` reads what it has sent."""
    before = standalone._make_exchange
    set_exchange_by_hand(make)
    try:
        ran = Play(program)
    finally:
        set_exchange_by_hand(before)
    taken = b"".join(sink.taken for sink in ran.sinks)
    return Played(
        ran.log,
        read(taken, program.method, ran.whole),
        ran.res.chunked_encoding,
        ran.whole,
        ran.res.get_headers(),
    )
