"""Random programs: from a seed and a number, always the same scenario.

What is known to differ (known.py) is not generated, except where a difference rewrites Node's
transcript: so every difference that a random program shows is to be looked at.
"""

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
            extra, body = self.body()
            fields += extra
        if body and not self.old and self.count == 1 and self.chance(0.15):
            fields.append(self.pick(["Expect: 100-continue", "Expect: 100-continue", "Expect: other"]))
        version = "1.0" if self.old else "1.1"
        head = "\r\n".join([f"{method} /{number} HTTP/{version}", *fields])
        return f"{head}\r\n\r\n{body}", bool(body)

    def body(self) -> tuple[list[str], str]:
        pieces = ["x" * self.pick([1, 2, 5, 16, 300]) for _ in range(self.pick([1, 1, 2, 3]))]
        if self.old or self.chance(0.5):
            body = "".join(pieces)
            return [f"Content-Length: {len(body)}"], body
        text = "".join(f"{len(piece):x}{self.pick(['', '', ';a=b'])}\r\n{piece}\r\n" for piece in pieces)
        trailer = self.pick(["", "", "X-T: 1\r\n", "a: 1\r\nA: 2\r\n"])
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
            if text.endswith("\r\n\r\n") and "chunked\r\n" not in text:
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

    def write(self) -> Instruction:
        chunk = self.pick(CHUNKS)
        if self.chance(0.1):
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
            return call("res.end", self.pick(CHUNKS), cb("e"))
        if kind == 3:
            return call("res.end", "6162", "hex")
        return call("res.end", self.pick(CHUNKS))

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


class Emitters(Generator):
    """Programs on an EventEmitter alone."""

    def scenario(self) -> Scenario:
        steps: Program = [["new", "e", "EventEmitter", []]]
        for _ in range(self.random.randint(3, 12)):
            steps += self.act(2)
        return alone(self.name, steps)

    def act(self, depth: int) -> Program:
        event = self.pick(["x", "x", "y", "removeListener", "newListener", "error"])
        kind = self.random.randrange(12)
        if kind < 4:
            how = self.pick(["on", "once", "prependListener", "prependOnceListener"])
            do = self.act(depth - 1) if depth and self.chance(0.4) and event in ("x", "y") else []
            added = [on(f"e.{event}", *do, how=how)]
            return [*added, ["save", self.pick("fgh"), ref("last")]] if self.chance(0.5) else added
        if kind < 8:
            event = self.pick(["x", "x", "y", "z"])
            arguments: list[Any] = self.pick([[], [1], ["a", None, 2], [{"$error": "mine", "code": "MINE"}]])
            # Inside a listener it could emit itself for ever.
            return [call("e.emit", event if depth == 2 else "z", *arguments)]
        if kind == 8:
            return [["save", "f", {"$function": True}], call("e.off", event, ref(self.pick("fgh")))]
        if kind == 9:
            return [call("e.listenerCount", event), call("e.eventNames")]
        if kind == 10:
            return [call("e.removeAllListeners", *([event] if self.chance(0.7) else []))]
        return [call(f"e.{self.pick(['on', 'once', 'off'])}", "x", self.pick([5, None, "text", {}]))]


class Standalone(Generator):
    """Programs on a response made by hand, over a writable that keeps what it gets."""

    def scenario(self) -> Scenario:
        self.count = 1
        minor = self.pick([1, 1, 1, 0])
        self.old = minor == 0
        facts = {
            "method": self.pick(["GET", "GET", "HEAD"]),
            "httpVersionMajor": 1,
            "httpVersionMinor": minor,
        }
        steps: Program = [["new", "res", "ServerResponse", [{"$request": {**facts, "headers": {}}}]]]
        steps += [on("res.error"), on("res.finish"), on("res.socket"), ["sink", "w", {}]]
        assign = call("res.assignSocket", ref("w"))
        body = [self.preparation() for _ in range(self.random.randint(0, 5))] + self.answer()
        where = self.random.randint(0, len(body))
        body.insert(where, assign)
        if self.chance(0.2):
            body.append(call("res.assignSocket", ref("w")))
        return alone(self.name, [*steps, *body, call("w.take"), later(call("w.take"), self.facts())])

    def facts(self) -> Instruction:
        names = [name for name in RESPONSE if name not in ("writableFinished", "closed", "destroyed")]
        return state("res", *self.random.sample(names, 4))

    def bad_call(self) -> Instruction:
        return call("res.setHeader", self.pick(BAD_NAMES), self.pick(BAD_VALUES))

    def waiting(self, program: Program) -> Instruction:
        return later(*program)

    def information(self) -> Instruction:
        return self.set_header()  # while it waits for a socket, Node may send its head first


class Broken(Generator):
    """Requests with one byte changed, in the head or in the lines between chunks."""

    def scenario(self) -> Scenario:
        insecure = self.chance(0.3)
        options: dict[str, Any] = {"emitCloseAfterFinish": self.chance(0.5), "requireHostHeader": False}
        if insecure:
            options["insecureHTTPParser"] = True
        # Without that option some versions, hosts and '#' are answered as no Node does.
        bytes_ = [" ", "\t", "\r", "\n", "\0", ":", ";", "z", "{", "\x7f", "\xe9", '"', ",", "/"]
        text = self.in_head(bytes_) if self.chance(0.6) else self.in_chunks(bytes_)
        told = self.chance(0.4)
        # 'clientError' comes again with every packet in Node, so where it is heard there is but one.
        steps: list[Step] = [["send", text, {}]] if told else self.delivery(text)
        if self.chance(0.4) and not told:
            steps.append(self.pick([["fin", "c"], ["leave", "c"]]))
        listeners = [
            on(name) for name in ("req.data", "req.end", "req.aborted", "req.close") if self.chance(0.5)
        ]
        listeners += [on("socket.close"), on("socket.error")] if self.chance(0.5) else []
        handler = [on("res.error"), on("res.finish"), *listeners, *self.broken_answer()]
        return {
            "name": self.name,
            "options": options,
            "server": [on("server.clientError", get("arg0.reason"), self.refusal())] if told else [],
            "handlers": {"request": handler},
            "client": steps,
            "unix": True,
        }

    def refusal(self) -> Instruction:
        return call(self.pick(["arg1.destroy", "arg1.destroySoon"]))

    def broken_answer(self) -> Program:
        facts = get("req.method", "req.url", "req.rawHeaders")
        return self.pick(
            [
                [facts],
                [facts, call("res.end", "x")],
                [call("res.flushHeaders")],
                [later(call("res.end", "x"))],
            ]
        )

    def in_head(self, bytes_: list[str]) -> str:
        fields = [
            "Host: a",
            self.pick(["X-Any: some value", "Accept: */*", "A: 1"]),
            self.pick(["B: 2", "Cookie: a=b; c=d"]),
        ]
        line = "GET /path?query"  # what ends it early makes it a request without a version
        text = "\r\n".join(fields) + "\r\n"
        if self.chance(0.3):
            return f"{self.changed(line, LINE_BYTES)} HTTP/1.1\r\n{text}\r\n"
        return f"{line} HTTP/1.1\r\n{self.changed(text, bytes_)}\r\n"

    def in_chunks(self, bytes_: list[str]) -> str:
        head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        line = self.changed(self.pick(["5\r\n", "5;a=b\r\n", '5;a="b";c\r\n', "05\r\n"]), bytes_)
        return f"{head}2\r\nab\r\n{line}hello\r\n0\r\n\r\n"

    def changed(self, text: str, bytes_: list[str]) -> str:
        where = self.random.randrange(len(text))
        kind = self.random.randrange(3)
        if kind == 0:
            return text[:where] + text[where + 1 :]
        return text[:where] + self.pick(bytes_) + text[where + (kind == 1) :]


class Upgrades(Generator):
    """Programs on a socket that has left HTTP."""

    def scenario(self) -> Scenario:
        self.resets = self.chance(0.1)
        head = self.pick(
            [
                "GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\n\r\n",
            ]
        )
        steps: list[Step] = [["send", head + self.pick(["", "", "first"]), {}]]
        program = [on("socket.error"), on("socket.close"), get("head.length")]
        program += [
            on(f"socket.{name}")
            for name in ("end", "finish", "data", "drain", "readable")
            if self.chance(0.35)
        ]
        for _ in range(self.random.randint(1, 4)):
            program.append(self.act())
        for _ in range(self.random.randint(1, 3)):
            steps.append(["send", self.pick(["ab", "cde", "x" * 50]), {}])
            steps += self.telling(self.pick([0, 1]))
        steps += self.telling(len(self.tells))
        if self.resets or self.chance(0.6):
            steps.append(["rst", "c"] if self.resets else self.pick([["fin", "c"], ["leave", "c"]]))
        scenario: Scenario = {
            "name": self.name,
            "options": {},
            "server": [],
            "handlers": {"upgrade": program, "connect": program},
            "client": steps,
        }
        return scenario if self.resets else {**scenario, "unix": True}

    def act(self) -> Instruction:
        kind = self.random.randrange(9)
        if kind < 3:
            return call("socket.write", self.pick(["abc", b("xy\xff"), "6869"]), cb("w"))
        if kind == 3:
            return call("socket.write", "6869", self.pick(["hex", "latin1"]))
        if kind == 4:
            return self.pick(
                [
                    call("socket.end"),
                    call("socket.end", "bye", cb("e")),
                    call("socket.destroy"),
                    call("socket.destroySoon"),
                ]
            )
        if kind == 5:
            return later(self.act())
        if kind == 6:
            return self.waiting([self.act()])
        if kind == 7:
            return self.pick(
                [call("socket.pause"), call("socket.resume"), call("socket.read"), call("socket.isPaused")]
            )
        return state("socket", "destroyed", "readable", "writable", "readyState", "readableFlowing")


def alone(name: str, steps: Program) -> Scenario:
    """A scenario without a connection."""
    return {
        "name": name,
        "options": {},
        "server": steps,
        "handlers": {},
        "client": [["settle"]],
        "listen": False,
    }


KINDS: dict[int, type[Generator]] = {5: Emitters, 7: Standalone, 9: Broken, 11: Upgrades}


def program(seed: int, number: int) -> Scenario:
    """The scenario with this number of this seed."""
    return KINDS.get(number % 12, Generator)(seed, number).scenario()
