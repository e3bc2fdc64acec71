"""Random parts of programs: the maker of scenarios with requests, handlers and clients."""

from __future__ import annotations

import random
from typing import Any

from .language import (
    NAN,
    UNDEFINED,
    Instruction,
    Program,
    Scenario,
    Step,
    b,
    call,
    cb,
    get,
    hear,
    later,
    on,
    put,
    quiet,
    ref,
    state,
)

NAMES = ["A", "X-Two", "content-type", "Set-Cookie", "Vary", "cookie", "x-\u0061ny", "Link"]
AUTOMATIC = ["Date", "Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive"]
VALUES: list[Any] = ["v", "", "two words", 5, 0, 1.5, True, ["a", "b"], ["one"], [], "x" * 40]
BAD_NAMES: list[Any] = ["b d", "", "a:", "n\n", 5, UNDEFINED, None, "caf\xe9"]
BAD_VALUES: list[Any] = [UNDEFINED, "a\nb", "\0", "\u0141", ["ok", "\r"]]
CHUNKS: list[Any] = ["abc", "", b("xy\xff"), b(""), "h\xe9", "a" * 300, b("0" * 70)]
PLAIN_CHUNKS: list[Any] = ["abc", "", b("xy\xff"), "a" * 300, b("0" * 70)]
BAD_CHUNKS: list[Any] = [None, 5, True, {}, ["a"]]
STATUSES = [200, 200, 201, 204, 205, 304, 404, 500, 599, 101, 150, 999]
BAD_STATUSES: list[Any] = [99, 1000, -1, "abc", UNDEFINED, NAN, {}]
RESPONSE = ["finished", "headersSent", "writableEnded", "writableFinished", "destroyed", "statusCode", "statusMessage", "chunkedEncoding", "shouldKeepAlive", "writableNeedDrain", "sendDate", "writableCorked", "errored", "closed"]  # fmt: skip
REQUEST = ["complete", "aborted", "destroyed", "readable", "readableEnded", "readableFlowing", "readableLength", "readableDidRead", "errored"]  # fmt: skip
LINE_BYTES = ["\t", "\0", "\x7f", "\xe9", '"', "{"]
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]


class Generator:
    """Makes one scenario of random parts."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = random.Random(f"{seed}:{number}")
        self.name = f"random {seed}:{number}"
        self.tells: list[str] = []
        self.count = 1
        self.leaving = False
        self.options: dict[str, Any] = {}
        self.pipelined = False
        self.old = False
        self.failing = False
        self.corking = False

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, items: list[Any]) -> Any:
        return self.random.choice(items)

    # --- the scenario

    def scenario(self) -> Scenario:
        self.options = self.draw_options()
        count = self.count = self.pick([1, 1, 1, 2, 2, 3])
        self.leaving = self.chance(0.3)
        self.pipelined = count > 1 and self.chance(0.4)
        requests: list[str] = []
        programs: dict[str, Program] = {}
        with_bodies = False
        for number in range(1, count + 1):
            text, has_body = self.request(number, last=number == count)
            with_bodies |= has_body
            requests.append(text)
            programs[f"/{number}"] = self.handler(has_body)
        client = self.client(requests)
        uses_reset = any(step[0] == "rst" for step in client)
        scenario: Scenario = {
            "name": self.name,
            "options": self.options,
            "server": [],
            # The shrinker leaves these two: without them an error kills Node, and endings cannot be told.
            "handlers": {"request": [on("res.error"), on("res.finish"), ["route", programs]]},
            "client": client,
        }
        if not uses_reset:
            scenario["unix"] = True
        if count > 1:
            scenario["interleaved"] = True
        return scenario

    def draw_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"emitCloseAfterFinish": self.chance(0.5)}
        for name, values in {
            "keepAliveTimeout": [0, 999, 1500, 7000],
            "highWaterMark": [64, 200, 1000],
            "uniqueHeaders": [["a", "x-two"]],
            "joinDuplicateHeaders": [True],
        }.items():
            if self.chance(0.12):
                options[name] = self.pick(values)
        return options

    # --- requests

    def request(self, number: int, *, last: bool) -> tuple[str, bool]:
        method = self.pick(METHODS)
        self.old = self.chance(0.15)
        fields: list[str] = [] if self.old else ["Host: a"]
        if self.old and (
            not last or self.chance(0.5)
        ):  # bytes after a closing request are a known difference
            fields.append("Connection: keep-alive")
        elif last and self.chance(0.2):
            fields.append(self.pick(["Connection: close", "Connection: x, CLOSE"]))
        elif self.chance(0.1):
            fields.append(self.pick(["Connection: keep-alive", "Connection: foo"]))
        if self.chance(0.2):
            fields.append(
                self.pick(["TE: chunked", "X-Any: 1", "Cookie: a=b", "Accept: */*", "X-Any: h\xe9"])
            )
        self.random.shuffle(fields)
        body = ""
        if method in ("POST", "PUT", "PATCH") or self.chance(0.05):
            extra, body = self.body(last)
            fields += extra
        if body and not self.old and self.count == 1 and self.chance(0.15):
            fields.append(self.pick(["Expect: 100-continue", "Expect: 100-continue", "Expect: other"]))
        version = "1.0" if self.old else "1.1"
        head = "\r\n".join([f"{method} /{number} HTTP/{version}", *fields])
        return f"{head}\r\n\r\n{body}", bool(body)

    def body(self, last: bool) -> tuple[list[str], str]:
        pieces = ["x" * self.pick([1, 2, 5, 16, 300]) for _ in range(self.pick([1, 1, 2, 3]))]
        if self.old or self.chance(0.5):
            body = "".join(pieces)
            return [f"Content-Length: {len(body)}"], body
        text = "".join(f"{len(piece):x}{self.pick(['', '', ';a=b'])}\r\n{piece}\r\n" for piece in pieces)
        # Behind trailers Node lets ticks run between the requests of one packet.
        trailer = self.pick(["", "", "X-T: 1\r\n", "a: 1\r\nA: 2\r\n"]) if last else ""
        return ["Transfer-Encoding: chunked"], f"{text}0\r\n{trailer}\r\n"

    # --- the client

    def client(self, requests: list[str]) -> list[Step]:
        steps: list[Step] = []
        if self.pipelined:
            requests = self.packets(requests)
        for text in requests:
            steps += self.delivery(text)
            if self.tells and not self.pipelined:
                steps += self.telling(self.pick([1, 2]))
        steps += self.telling(len(self.tells))
        if self.leaving:
            where = self.random.randint(1, len(steps))
            ending = self.pick([["fin", "c"], ["rst", "c"], ["leave", "c"]])
            self.options.pop("highWaterMark", None)  # what is not read in time is lost in Node's own way
            rest = [step for step in steps[where:] if step[0] == "tell" or step[0] == "settle"]
            steps = [*steps[:where], ending, *rest]
        return steps

    def packets(self, requests: list[str]) -> list[str]:
        """Join requests without bodies: what happens around a body in one packet has no order."""
        packets = [""]
        for text in requests:
            if text.endswith("\r\n\r\n") and "chunked\r\n" not in text.lower():
                packets[-1] += text
            else:
                packets += [text, ""]
        return [packet for packet in packets if packet]

    def delivery(self, text: str) -> list[Step]:
        kind = self.random.random()
        if kind < 0.6 or len(text) > 900:
            return [["send", text, {}]]
        if kind < 0.9:
            cut = self.random.randint(1, len(text) - 1)
            return [["send", text[:cut], {}], ["send", text[cut:], {}]]
        return [["split", text, self.pick([7, 13, 40]), "c"]]

    def telling(self, most: int) -> list[Step]:
        steps: list[Step] = []
        for _ in range(min(most, len(self.tells))):
            name = self.tells.pop(self.random.randrange(len(self.tells)))
            steps += [["tell", name], ["settle"]]
        return steps

    # --- handlers

    def handler(self, has_body: bool) -> Program:
        """Listeners, preparations, and one of the ways in which a response comes to its end."""
        self.failing = self.chance(0.04)
        self.corking = not self.pipelined
        program = self.listeners()
        for _ in range(self.random.randint(0, 4)):
            program.append(self.preparation())
        if self.failing:
            return [*program, [self.pick(["fail", "failLater"]), "boom"]]
        kind = self.random.random()
        if has_body and kind < 0.6:
            return program + self.reading()
        if kind < 0.75:
            return program + self.answer()
        if kind < 0.85:
            return [*program, later(*self.answer())]
        if kind < 0.93:
            return [*program, self.waiting(self.answer())]
        if kind < 0.96 and not self.pipelined:
            if self.chance(0.5):
                return [*program, call("res.destroy"), self.write(), self.ending()]
            return [*program, call(self.pick(["req.destroy", "socket.destroy"]))]
        return program  # never answered

    def waiting(self, program: Program) -> Instruction:
        name = f"t{self.random.randrange(10**6)}"
        self.tells.append(name)
        return ["wait", name, program]

    def listeners(self) -> Program:
        program: Program = []
        events = [
            "res.close",
            "res.drain",
            "req.close",
            "req.aborted",
            "req.error",
            "req.end",
            "socket.close",
            "req.resume",
        ]
        program += [on(event) for event in events if self.chance(0.3)]
        self.random.shuffle(program)
        return program

    def preparation(self) -> Instruction:
        kinds = [self.set_header] * 5 + [self.header_call] * 3 + [self.property] * 2 + [self.facts] * 2
        kinds += [self.bad_call] * 2
        if not self.failing:
            kinds += [self.trailers]
        if not self.old and self.count == 1:  # while a response waits, Node may send its head first
            kinds += [self.information]
        return self.pick(kinds)()

    def set_header(self) -> Instruction:
        if self.failing or self.chance(0.7):
            return call("res.setHeader", self.pick(NAMES), self.pick(VALUES))
        name = self.pick(AUTOMATIC)
        value = {
            "Date": "today",
            "Connection": self.pick(["close", "keep-alive", "foo"]),
            "Content-Length": self.pick([3, "3", 0, 6]),
            "Transfer-Encoding": self.pick(["chunked", "gzip", "gzip, chunked"]),
            "Keep-Alive": "timeout=9",
        }[name]
        return call("res.setHeader", name, value)

    def header_call(self) -> Instruction:
        name = self.pick(NAMES)
        kind = self.random.randrange(7)
        if kind == 0 and not self.failing:
            return call("res.removeHeader", self.pick(NAMES + AUTOMATIC))
        if kind == 1:
            return call("res.appendHeader", name, self.pick(VALUES))
        if kind == 2:
            return call("res.getHeader", name.upper())
        if kind == 3:
            return call("res.hasHeader", name)
        if kind == 4:
            return call("res.getHeaders")
        if kind == 5:
            return call("res.getRawHeaderNames")
        return call("res.getHeaderNames")

    def property(self) -> Instruction:
        if self.failing:
            return put("res.statusCode", self.pick([201, 404]))
        return self.pick(
            [
                put("res.statusCode", self.pick(STATUSES)),
                put("res.statusCode", self.pick(STATUSES)),
                put("res.statusMessage", self.pick(["Fine", "", "So So"])),
                put("res.sendDate", False),
                put("res.shouldKeepAlive", False),
                put("res.useChunkedEncodingByDefault", False),
            ]
        )

    def facts(self) -> Instruction:
        if self.chance(0.3):
            return state("req", *self.random.sample(REQUEST, 3))
        return state("res", *self.random.sample(RESPONSE, 4))

    def bad_call(self) -> Instruction:
        kind = self.random.randrange(6)
        if kind == 0:
            return call("res.setHeader", self.pick(BAD_NAMES), "v")
        if kind == 1:
            return call("res.setHeader", self.pick(NAMES), self.pick(BAD_VALUES))
        if kind == 2:
            return call("res.appendHeader", self.pick(NAMES), self.pick(BAD_VALUES))
        if kind == 3:
            return call("res.writeHead", self.pick(BAD_STATUSES))
        if kind == 4 or self.count > 1:  # a waiting response checks the time when it is too late to say so
            return call("res.write", self.pick(BAD_CHUNKS))
        return call("res.setTimeout", self.pick(["a", -1, NAN]))

    def trailers(self) -> Instruction:
        good: list[Any] = [{"X-T": "1"}, [["a", "1"], ["a", "2"]], {"b": ["1", "2"]}]
        return call("res.addTrailers", self.pick(good))

    def information(self) -> Instruction:
        return self.pick(
            [
                call("res.writeContinue"),
                call("res.writeProcessing", cb("p")),
                call("res.writeEarlyHints", {"link": "</a>; rel=preload", "X-H": "1"}),
                call("res.writeEarlyHints", {"link": self.pick(["bad", [], "<a>;"])}),
                call("res.writeInformation", self.pick([103, 102, 150, 101, 99, 200]), {"X-I": "1"}),
            ]
        )

    # --- answers

    def answer(self) -> Program:
        program: Program = []
        if self.chance(0.25):
            program.append(self.head())
        for _ in range(self.pick([0, 0, 1, 1, 2, 3])):
            program.append(self.step())
        if self.chance(0.94):
            program.append(self.ending())
            if self.chance(0.2):
                program.append(self.after())
        return program

    def head(self) -> Instruction:
        kind = self.random.randrange(4 if self.leaving else 5)  # flushed too late, Node's 'finish' is false
        status = self.pick(STATUSES)
        if kind == 0:
            return call("res.writeHead", status)
        if kind == 1:
            return call("res.writeHead", status, self.pick(["Fine", ""]))
        if kind == 2:
            return call("res.writeHead", status, {"X-H": "1", "a": ["1", "2"]})
        if kind == 3:
            return call("res.writeHead", status, "Fine", ["X-H", "1", "X-H", "2"])
        return call("res.flushHeaders")

    def step(self) -> Instruction:
        kind = self.random.random()
        if kind < 0.5:
            return self.write()
        if kind < 0.6:
            return later(self.write(), *([self.ending()] if self.chance(0.5) else []))
        if kind < 0.7 and self.corking:
            return ["repeat", 1, [call("res.cork"), self.write(), self.write(), call("res.uncork")]]
        if kind < 0.8:
            return self.preparation()
        if kind < 0.85:
            return self.waiting([self.write()])
        return self.facts()

    def chunk(self) -> Any:
        """A chunk; with a small mark of plain text, for Node counts characters and not bytes."""
        return self.pick(PLAIN_CHUNKS if "highWaterMark" in self.options else CHUNKS)

    def write(self) -> Instruction:
        chunk = self.chunk()
        if self.chance(0.1) and "highWaterMark" not in self.options:
            return call("res.write", "616263", "hex", cb("w"))
        if self.chance(0.3) and chunk not in ("", b("")):
            return call("res.write", chunk, cb("w"))
        return call("res.write", chunk)

    def ending(self) -> Instruction:
        kind = self.random.randrange(6)
        if kind == 0:
            return call("res.end")
        if kind == 1:
            return call("res.end", cb("e"))
        if kind == 2:
            return call("res.end", self.chunk(), cb("e"))
        if kind == 3:
            return call("res.end", "6162", "hex")
        return call("res.end", self.chunk())

    def after(self) -> Instruction:
        again = self.pick(
            [
                call("res.end", cb("again")),
                call("res.end", "more", cb("again")),
                call("res.write", "late", cb("late")),
                call("res.setHeader", "A", "1"),
                call("res.writeHead", 200),
                call("res.addTrailers", {"z": "1"}),
                call("res.flushHeaders"),
                self.facts(),
            ]
        )
        return again if self.chance(0.6) else later(again)

    # --- bodies

    def reading(self) -> Program:
        """Ways to read a body to its end, and then to answer."""
        answer = self.answer()
        kind = self.random.randrange(8)
        if kind == 0:
            return [on("req.data"), hear("req.end", *answer)]
        if kind == 1:
            return [on("req.readable", call("req.read")), hear("req.end", *answer)]
        if kind == 2:
            return [quiet("req.resume"), hear("req.end", *answer)]
        if kind == 3:
            return [["iterate", "req", -1, [], answer]]
        if kind == 4:
            return [later(on("req.data"), hear("req.end", *answer))]
        if kind == 5:
            return [on("req.data", call("req.pause"), later(call("req.resume"))), hear("req.end", *answer)]
        if kind == 6:
            encoding = self.pick(["utf8", "latin1", "hex", "base64"])
            return [call("req.setEncoding", encoding), on("req.data"), hear("req.end", *answer)]
        return [call("req.pipe", ref("res")), get("req.readableFlowing")]
