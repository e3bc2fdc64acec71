"""Random programs: from a seed and a number, always the same scenario.

What is known to differ (known.py) is not generated, except where a difference rewrites a
transcript: so every difference that a random program shows is to be looked at.
"""

from __future__ import annotations

from typing import Any

from .language import Instruction, Program, Scenario, Step, b, call, cb, get, later, on, ref, state
from .programs import BAD_NAMES, BAD_VALUES, LINE_BYTES, RESPONSE, Generator
from .situations import MATTERS


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
        if insecure:
            bytes_.remove("\r")
            bytes_.remove("\n")  # they end things early there, and what follows is another request
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
        parts = [self.act() for _ in range(self.random.randint(1, 4))]
        if self.chance(0.6):
            # Once, and last: how calls after the end fail has no order to rely on.
            end = self.ending()
            parts = [self.write_raw(), end] if self.chance(0.5) else [later(self.write_raw(), later(end))]
        program += parts
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

    def ending(self) -> Instruction:
        return self.pick(
            [
                call("socket.end"),
                call("socket.end", "bye", cb("e")),
                call("socket.destroy"),
                call("socket.destroySoon"),
            ]
        )

    def write_raw(self) -> Instruction:
        if self.chance(0.3):
            return call("socket.write", "6869", self.pick(["hex", "latin1"]))
        return call("socket.write", self.pick(["abc", b("xy\xff"), "6869"]), cb("w"))

    def act(self) -> Instruction:
        kind = self.random.randrange(8)
        if kind < 4:
            return self.write_raw()
        if kind == 4:
            return later(self.act())
        if kind == 5:
            return self.waiting([self.act()])
        if kind == 6:
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


# What is about one matter takes turns with the general programs, which are the rest of the numbers.
KINDS: dict[int, type[Generator]] = dict(
    zip(range(1, 100, 2), [Emitters, Standalone, Broken, Upgrades, *MATTERS], strict=False)
)


TURNS = 2 * len(KINDS)


def program(seed: int, number: int) -> Scenario:
    """The scenario with this number of this seed."""
    return KINDS.get(number % TURNS, Generator)(seed, number).scenario()
