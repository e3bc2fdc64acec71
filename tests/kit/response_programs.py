"""Random programs of a handler: what it does with a response, as data, and what came of it."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from tests.kit.masks import dateless
from writehead import http, testing

NAMES = ["X-A", "x-a", "Content-Type", "Set-Cookie", "cookie", "Vary", "X-U"]
FRAMING = ["Connection", "content-length", "Transfer-Encoding", "Date", "keep-alive", "Trailer"]
TEXTS = ["", "1", "a, b", "caf\xe9", " \t ", "text/plain", "x" * 60]
VALUES = st.one_of(
    st.sampled_from(TEXTS),
    st.integers(-9, 99),
    st.booleans(),
    st.sampled_from([1.5, 2.0]),
    st.lists(st.sampled_from(TEXTS), max_size=3),
)
FRAMING_VALUES = st.sampled_from(["close", "keep-alive", "chunked", "gzip", "3", "0", "x"])
BAD = st.sampled_from([None, "a\nb", "Ā", {}, "\0"])
CHUNKS = st.one_of(
    st.sampled_from([b"", b"a", b"bc", b"x" * 100, b"y" * 16_383, b"z" * 16_384, b"w" * 70_000]),
    st.sampled_from(["", "a", "caf\xe9", "€", "\ud800", "t" * 3000]),
    st.binary(max_size=20),
)
PAIR = st.tuples(st.sampled_from(NAMES), VALUES)

ALWAYS = st.one_of(
    st.tuples(st.just("set"), st.sampled_from(NAMES), VALUES),
    st.tuples(st.just("append"), st.sampled_from(NAMES), VALUES),
    st.tuples(st.just("status"), st.sampled_from([200, 201, 204, 304, 404, 599, 200.0, "202", 1, None])),
)
SELDOM = st.one_of(
    st.tuples(st.just("set"), st.sampled_from(FRAMING), FRAMING_VALUES),
    st.tuples(st.just("set"), st.sampled_from(NAMES), BAD),
    st.tuples(st.just("remove"), st.sampled_from(NAMES + FRAMING)),
    st.tuples(st.just("message"), st.sampled_from(["", "Fine", "caf\xe9", "a\nb", None])),
    st.tuples(st.just("date"), st.booleans()),
    st.tuples(st.just("strict"), st.booleans()),
    st.tuples(st.just("keep"), st.booleans()),
    st.tuples(st.just("head"), st.sampled_from([200, 404, 204, 99]), st.lists(PAIR, max_size=2)),
    st.tuples(st.just("inform"), st.sampled_from([100, 102, 103, 101])),
    st.tuples(st.just("trailers"), st.lists(PAIR, max_size=2)),
    st.tuples(st.just("destroy")),
)
BODY = st.one_of(
    st.tuples(st.just("write"), CHUNKS),
    st.tuples(st.just("write"), CHUNKS),
    st.tuples(st.just("heard write"), CHUNKS),
    st.tuples(st.just("flush")),
    st.tuples(st.just("cork")),
    st.tuples(st.just("uncork")),
    st.tuples(st.just("turn")),
)
END = st.one_of(st.tuples(st.just("end")), st.tuples(st.just("end"), CHUNKS))
FRAMED = st.tuples(st.just("set"), st.sampled_from(FRAMING), FRAMING_VALUES)
PLAIN = st.builds(
    lambda before, end: [*before, end], st.lists(st.one_of(ALWAYS, ALWAYS, FRAMED), max_size=4), END
)
SMALL = st.tuples(st.just("write"), st.sampled_from([b"", b"a", "bc", b"x" * 100]))
STREAMED = st.builds(
    lambda before, first, steps, end: [*before, *first, *steps, *end],
    st.lists(FRAMED, max_size=2),
    st.sampled_from([[], [("flush",)], [("write", b"1")], [("cork",)], [("turn",)]]),
    st.lists(st.one_of(SMALL, SMALL, SMALL, BODY), min_size=2, max_size=10),
    st.lists(END, max_size=1),
)
ANY = st.lists(st.one_of(ALWAYS, BODY, SELDOM, END), max_size=10)
PROGRAM = st.one_of(PLAIN, STREAMED, STREAMED, ANY)

REQUESTS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\nTE: chunked\r\n\r\n",
    ]
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "keep_alive_timeout": st.sampled_from([0, 1500, 5000]),
        "max_requests_per_socket": st.sampled_from([1, 2]),
        "unique_headers": st.just(["x-u", "Vary"]),
        "high_water_mark": st.sampled_from([1, 200]),
        "reject_non_standard_body_writes": st.booleans(),
        "emit_close_after_finish": st.booleans(),
    },
)
STATE = [
    "finished",
    "headers_sent",
    "chunked_encoding",
    "writable_finished",
    "writable_length",
    "writable_need_drain",
    "destroyed",
    "closed",
    "status_code",
    "status_message",
    "should_keep_alive",
    "writable_corked",
]


class General(http.ServerResponse):
    """Takes the general way, as any subclass."""


class Run:
    """One connection whose responses are written by programs; `shown` is all that can be seen of it."""

    def __init__(
        self, programs: list[Any], requests: list[bytes], general: bool, options: dict[str, Any]
    ) -> None:
        self.log: list[Any] = []
        self.general = general
        self.running: list[Any] = []
        if general:
            options = {**options, "ServerResponse": General}
        server = http.create_server(options)
        numbers = itertools.count()

        def handle(req: Any, res: Any) -> None:
            number = next(numbers)
            for name in ("finish", "close", "drain", "error", "socket"):
                if number % 2:  # every other response has listeners
                    res.on(name, lambda *args, name=name: self.log.append((number, name)))
            steps = iter(programs[number % len(programs)])
            self.running.append((number, res, steps))
            self.step(number, res, steps)

        server.on("request", handle)
        self.client = testing.connect(server)
        self.client.send(b"".join(requests))
        for _ in range(12):
            for running in self.running:
                self.step(*running)
            testing.settle()
        for number, res, _ in self.running:
            self.log.append(
                (number, [getattr(res, name) for name in STATE], res.get_headers(), res.socket is None)
            )

    def step(self, number: int, res: Any, steps: Any) -> None:
        """Run a program to its next turn."""
        for name, *arguments in steps:
            if name == "turn":
                break
            try:
                result = getattr(self, "do_" + name.replace(" ", "_"))(res, *arguments)
            except Exception as error:
                result = getattr(error, "code", repr(error))
            state = [getattr(res, each) for each in STATE]
            self.log.append((number, name, None if result is res else result, state))

    def do_set(self, res: Any, name: str, value: Any) -> Any:
        return res.set_header(name, value)

    def do_append(self, res: Any, name: str, value: Any) -> Any:
        return res.append_header(name, value)

    def do_remove(self, res: Any, name: str) -> Any:
        return res.remove_header(name)

    def do_status(self, res: Any, code: Any) -> None:
        res.status_code = code

    def do_message(self, res: Any, message: Any) -> None:
        res.status_message = message

    def do_date(self, res: Any, value: bool) -> None:
        res.send_date = value

    def do_strict(self, res: Any, value: bool) -> None:
        res.strict_content_length = value

    def do_keep(self, res: Any, value: bool) -> None:
        res.should_keep_alive = value

    def do_head(self, res: Any, code: int, pairs: list[Any]) -> Any:
        return res.write_head(code, pairs)

    def do_inform(self, res: Any, code: int) -> Any:
        return res.write_information(code)

    def do_trailers(self, res: Any, pairs: list[Any]) -> None:
        res.add_trailers(pairs)

    def do_destroy(self, res: Any) -> Any:
        return res.destroy()

    def do_write(self, res: Any, chunk: Any) -> Any:
        return res.write(chunk, "utf8") if self.general else res.write(chunk)

    def do_heard_write(self, res: Any, chunk: Any) -> Any:
        return res.write(chunk, lambda error: self.log.append(("written", getattr(error, "code", error))))

    def do_flush(self, res: Any) -> Any:
        return res.flush_headers()

    def do_cork(self, res: Any) -> None:
        res.cork()

    def do_uncork(self, res: Any) -> None:
        res.uncork()

    def do_end(self, res: Any, *data: Any) -> Any:
        return res.end(*data)

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "bytes": dateless(self.client.received),
            "ended": self.client.ended,
            "log": [(*each[:1], *each[1:]) for each in self.log],
        }
