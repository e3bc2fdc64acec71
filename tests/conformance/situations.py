"""Random programs about one matter each, to which the general ones come seldom or never."""

from __future__ import annotations

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
    error,
    fill,
    get,
    hear,
    later,
    mapping,
    on,
    post,
    put,
    quiet,
    ref,
    request,
    signal,
    state,
    timer,
    times,
)
from .programs import BAD_CHUNKS, BAD_NAMES, BAD_STATUSES, BAD_VALUES, NAMES, STATUSES, VALUES, Generator

SHORT = 25  # milliseconds of a clock that is waited for
ACCEPTED = 400  # of one that runs from the connect on: the request has to come before
JOINING = ["Age", "Accept", "Cookie", "Set-Cookie", "User-Agent", "X-Any", "Referer", "Via", "If-Match", "x-any"]  # fmt: skip
FACTS = ["method", "url", "httpVersion", "httpVersionMinor", "rawHeaders", "headers", "headersDistinct"]
TRAILERS = ["rawTrailers", "trailers", "trailersDistinct", "complete"]
UP = request("GET", "/up", "Connection: Upgrade", "Upgrade: x")
CONNECT = "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"


class Situation(Generator):
    """What the makers of such programs share."""

    def build(self, program: Program, client: list[Step], **more: Any) -> Scenario:
        self.options.setdefault("emitCloseAfterFinish", self.chance(0.5))
        return {
            "name": self.name,
            "options": self.options,
            "server": [],
            # The shrinker leaves the first two.
            "handlers": {"request": [on("res.error"), on("res.finish"), *program]},
            "client": client,
            "unix": True,
            **more,
        }

    def some(self, items: list[Any], share: float = 0.4) -> list[Any]:
        """Some of the items, in any order."""
        found = [item for item in items if self.chance(share)]
        self.random.shuffle(found)
        return found

    def watching(self, share: float = 0.5) -> Program:
        names = [
            "res.close",
            "req.close",
            "req.aborted",
            "req.error",
            "req.end",
            "socket.close",
            "socket.end",
        ]
        return [on(name) for name in self.some(names, share)]

    def sent(self, text: str, conn: str = "c") -> list[Step]:
        return [["send", text, {"conn": conn}]]

    def in_two(self, text: str) -> list[Step]:
        cut = self.random.randint(1, len(text) - 1)
        return [["send", text[:cut], {}], ["send", text[cut:], {}]]


class Timeouts(Situation):
    """One idle clock of a connection that runs out once."""

    def scenario(self) -> Scenario:
        text = self.pick([request(), post("abc"), request("GET", "/", "Connection: close")])
        incomplete = "POST" in text and self.chance(0.6)
        clocks = ["res", "req", "socket", "server"]
        listeners = self.some(["req.timeout", "res.timeout", "socket.timeout"])
        served = self.chance(0.3)
        heard = served or "res.timeout" in listeners or ("req.timeout" in listeners and incomplete)
        clock, program = self.pick(clocks), self.watching()
        server: Program = []
        if served:
            server.append(on("server.timeout", signal("t"), *self.some([call("arg0.destroy")], 0.3)))
        act = self.act()
        for index, name in enumerate(listeners):
            program.append(on(name, signal("t"), *(act if index == 0 else [])))
        client: list[Step] = []
        if clock == "server":
            # From the second request on, so that no clock runs before the request has come.
            setting = [self.pick([put("server.timeout", SHORT), call("server.setTimeout", SHORT)])]
            client = self.sent(request("GET", "/first"))
        else:
            setting = [*self.some([call(f"{self.pick(clocks[:3])}.setTimeout", 5000)], 0.3)]
            setting.append(call(f"{clock}.setTimeout", SHORT))
            program += self.pick([setting, [later(*setting)]])
        program += self.some([self.pick([call("res.flushHeaders"), call("res.write", "ab")])], 0.3)
        waits: Step = ["awaiting", "t"] if heard else ["until_end", "c"]
        if client:
            program = [["route", {"/first": [*setting, call("res.end")], "*": program}]]
        client += [*self.sent(text[:-1] if incomplete else text), waits, ["settle"]]
        return self.build(program, client, server=server, timing=True)

    def act(self) -> Program:
        """What is done at the timeout; nothing that starts the same clock again."""
        return self.pick(
            [
                [],
                [call("res.end", "late", cb("e"))],
                [call("socket.setTimeout", 0), call("res.write", "part")],
                [call("res.destroy")],
                [call("socket.destroy")],
                [call("res.writeHead", 408), call("res.end")],
                [call("req.destroy")],
            ]
        )


class Deadlines(Situation):
    """The clocks of a server: for a head, for a request, and between requests."""

    def scenario(self) -> Scenario:
        return self.kept() if self.chance(0.4) else self.slow()

    def kept(self) -> Scenario:
        more = [] if self.chance(0.6) else self.sent(self.pick(["\r\n", "GET", "GET / HTTP/1.1\r\nA:"]))
        # What is sent behind the answer has to come before the clock has run out.
        self.options = {"keepAliveTimeout": ACCEPTED if more else SHORT, "keepAliveTimeoutBuffer": 0}
        program = [*self.watching(), *self.some([call("res.setTimeout", 5000)], 0.2)]
        program += self.pick(
            [
                [call("res.end", "x")],
                [call("res.write", "a"), later(call("res.end"))],
                [timer(2, call("res.end"))],
            ]
        )
        heard = self.chance(0.4)
        server = [on("server.timeout", signal("t"), call("arg0.destroy"))] if heard else []
        client = self.pick([self.sent(request()), self.in_two(request()), self.sent(post("abc"))])
        client += more
        client += [["awaiting", "t"]] if heard else []
        return self.build(program, [*client, ["until_end", "c"]], server=server, timing=True)

    def slow(self) -> Scenario:
        self.options = {"connectionsCheckingInterval": 10}
        self.options |= self.pick(
            [
                {"headersTimeout": ACCEPTED, "requestTimeout": 2 * ACCEPTED},
                {"headersTimeout": ACCEPTED, "requestTimeout": ACCEPTED},
                {"headersTimeout": 0, "requestTimeout": ACCEPTED},
                {"headersTimeout": ACCEPTED, "requestTimeout": 0},
            ]
        )
        chunked = request("POST", "/", "Transfer-Encoding: chunked", body="3\r\nabc\r\n0\r\n\r\n")
        text = self.pick([post("abcdef"), chunked])
        first = text.index("\r\n\r\n") if self.options["requestTimeout"] == 0 else len(text) - 1
        text = text[: self.random.randint(1, first)]
        program = [*self.watching(), *self.some([on("req.data")])]
        program += self.some([self.pick([call("res.flushHeaders"), call("res.end", "x")])], 0.4)
        server = [on("server.clientError", call("arg1.destroy"))] if self.chance(0.3) else []
        before = self.sent(request("GET", "/")) if self.chance(0.2) and "res.end" in repr(program) else []
        client = [*before, *self.sent(text), ["until_end", "c"]]
        return self.build(program, client, server=server, timing=True)


class Expectations(Situation):
    """Requests that ask before they send."""

    def scenario(self) -> Scenario:
        self.count = 1
        handlers: dict[str, Program] = {}
        for name, share in {"checkContinue": 0.6, "checkExpectation": 0.5}.items():
            if self.chance(share):
                handlers[name] = [on("res.error"), on("res.finish"), *self.checking()]
        expect = self.pick(["100-continue", "100-continue", "100-Continue", "other", "100-continue, x"])
        fields = [f"Expect: {expect}", *self.some(["Connection: close", "Accept: */*"], 0.2)]
        body = self.pick(["abc", "x" * 400, ""])
        if self.chance(0.5):
            head = request("POST", "/", *fields, f"Content-Length: {len(body)}")
        else:
            head = request("POST", "/", *fields, "Transfer-Encoding: chunked")
            body = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n" if body else "0\r\n\r\n"
        client = self.in_two(head) if self.chance(0.3) else self.sent(head)
        if not body:
            client = self.sent(head)
        elif self.chance(0.8):
            client += self.sent(body)
        else:
            client = self.sent(head + body)
        client += (
            self.sent(request("GET", "/next")) if self.chance(0.2) and "close" not in repr(fields) else []
        )
        scenario = self.build([*self.watching(), *self.reading()], [*client, *self.telling(9)])
        scenario["handlers"] |= handlers
        if "/next" in repr(client):
            scenario["interleaved"] = True
        return scenario

    def checking(self) -> Program:
        program = self.watching(0.3)
        asks = self.pick([[], [call("res.writeContinue")], [call("res.writeContinue", cb("c"))]])
        program += asks if self.chance(0.8) else [self.waiting(asks)]
        if self.chance(0.2):
            return [*program, call("server.emit", "request", ref("req"), ref("res"))]
        return program + (self.reading() if asks and self.chance(0.7) else self.answer())


class Facts(Situation):
    """What a request says of itself, however it is written and cut."""

    def scenario(self) -> Scenario:
        if self.chance(0.2):
            self.options["joinDuplicateHeaders"] = True
        if self.chance(0.15):
            self.options["optimizeEmptyRequests"] = True
        if self.chance(0.1):
            self.options["insecureHTTPParser"] = True
        texts = [self.pick(["", "", "\r\n"]) + self.one() for _ in range(self.pick([1, 1, 2]))]
        program: Program = [get(*(f"req.{name}" for name in FACTS)), *self.watching(0.3)]
        program += [on("req.data")] if self.chance(0.7) else [quiet("req.resume")]
        program.append(hear("req.end", get(*(f"req.{name}" for name in TRAILERS)), quiet("res.end", "x")))
        if self.options.get("optimizeEmptyRequests"):
            program[-1] = later(quiet("res.end", "x"))
        client: list[Step] = []
        for text in self.packets(texts):
            whole: list[Step] = [["split", text, self.pick([1, 3, 17]), "c"]]
            client += self.pick([self.sent(text), self.in_two(text), whole])
        return self.build(program, client, interleaved=True)

    def one(self) -> str:
        method = self.pick(
            ["GET", "POST", "PUT", "DELETE", "OPTIONS", "REPORT", "M-SEARCH", "PURGE", "QUERY"]
        )
        url = self.pick(["/", "/a?b=c&d", "http://h/p?q", "*", "//x", "/%zz;a", "/a b".replace(" ", "+")])
        fields = [self.field() for _ in range(self.random.randint(0, 6))]
        version, host = self.pick([("1.1", ["Host: a"]), ("1.1", ["hOST:  a:80 "]), ("1.1", ["Host:"])])
        if self.chance(0.2):
            version, host = "1.0", ["Connection: keep-alive"]
            self.options["requireHostHeader"] = False
        body = ""
        kind = self.random.randrange(3)
        if kind == 1:
            body = self.pick(["", "abc", "x" * 70])
            fields.append(f"Content-Length: {self.pick(['', '0'])}{len(body)}")
        if kind == 2 and version == "1.1":
            fields.append(self.pick(["Transfer-Encoding: chunked", "transfer-encoding: CHUNKED"]))
            body = "".join(
                self.pick(["3\r\nabc\r\n", "A;x=y\r\n0123456789\r\n", "01;q\r\nz\r\n"]) for _ in range(2)
            )
            trailers = [self.field() for _ in range(self.pick([0, 1, 3]))]
            body += "0\r\n" + "".join(f"{line}\r\n" for line in trailers) + "\r\n"
        fields += host
        self.random.shuffle(fields)
        return "\r\n".join([f"{method} {url} HTTP/{version}", *fields]) + "\r\n\r\n" + body

    def field(self) -> str:
        value = self.pick(["", "1", "two  words", " x ", "\ta\t", "a,b", "a; b", "\xe9\xff", '"q"', "y" * 50])
        return f"{self.pick(JOINING)}:{self.pick(['', ' ', '  '])}{value}"


class Calls(Situation):
    """Calls of a response in any order, with arguments good and bad."""

    def scenario(self) -> Scenario:
        self.count = 1
        if self.chance(0.2):
            self.options["rejectNonStandardBodyWrites"] = True
        if self.chance(0.2):
            self.options["uniqueHeaders"] = [["a", "x-two"], ["Link", "vary"]][self.random.randrange(2)]
        if self.chance(0.2):
            methods = self.some(["writeHead", "setHeader", "write", "end", "flushHeaders", "destroy"])
            self.options["ServerResponse"] = {"$subclass": "ServerResponse", "methods": methods}
        method = self.pick(["GET", "GET", "GET", "HEAD", "POST"])
        self.old = self.chance(0.15)
        text = request(method, version="1.0" if self.old else "1.1")
        program = self.watching(0.3)
        for _ in range(self.random.randint(2, 9)):
            program.append(self.any_call())
        for index in range(len(program)):
            if self.chance(0.1) and "assignSocket" not in repr(program[index]):
                program[index] = later(program[index])
        if self.chance(0.15):
            # Nothing behind it: a response that nobody gets is "finished" in Node.
            cut = f"{self.pick(['req', 'socket', 'res'])}.destroy"
            program.append(call(cut, *self.pick([[], [error("mine", "MINE")]])))
            return self.build(program, self.sent(text))
        program += [self.ending()] if self.chance(0.7) else []
        if self.chance(0.3):
            program += [self.after(), self.after()]
        if "rejectNonStandardBodyWrites" in self.options:
            # An end() that failed leaves Node's socket corked until one that does not.
            program.append(later(call("res.end")))
        return self.build(program, self.sent(text))

    def any_call(self) -> Instruction:
        kinds = [self.fields, self.fields, self.heads, self.bodies, self.rest, self.facts]
        return self.pick(kinds if self.old else [*kinds, self.informing])()

    def fields(self) -> Instruction:
        name, value = self.pick(NAMES), self.pick(VALUES)
        bad = self.pick([name for name in BAD_NAMES if name is not None])
        pairs = [[self.pick(NAMES), self.pick(["v", 5, ["a", "b"]])] for _ in range(self.pick([0, 1, 3]))]
        return self.pick(
            [
                call("res.setHeader", name, value),
                call("res.setHeader", self.pick(BAD_NAMES), value),
                call("res.setHeader", name, self.pick(BAD_VALUES)),
                call("res.appendHeader", name, value),
                call("res.appendHeader", bad, value),
                call("res.appendHeader", name, self.pick(BAD_VALUES)),
                call("res.setHeaders", mapping(*pairs)),
                call("res.setHeaders", mapping(["b d", "x"])),
                call("res.setHeaders", mapping([name, "\n"])),
                call("res.setHeaders", self.pick([5, "text", None, UNDEFINED])),
                call("res.removeHeader", self.pick([name, name, 5, UNDEFINED, None])),
                call("res.getHeader", self.pick([name, name.upper(), 5, UNDEFINED])),
                call("res.hasHeader", self.pick([name, name.lower(), 5, UNDEFINED])),
                call("res.getHeaders"),
                call("res.getHeaderNames"),
                call("res.getRawHeaderNames"),
                call("res.addTrailers", self.pick([{}, {"X-T": "1"}, [["a", "1"]], {"b": ["1", "2"]}])),
                # Node forgets the trailers before those that it refuses.
                [
                    "repeat",
                    1,
                    [
                        call("res.addTrailers", self.pick([{"b d": "1"}, {"a": "\n"}, [["", "1"]]])),
                        call("res.addTrailers", {"c": "1"}),
                    ],
                ],
            ]
        )

    def heads(self) -> Instruction:
        status = self.pick([*STATUSES, "404", 404.7])
        return self.pick(
            [
                call("res.writeHead", status),
                call("res.writeHead", self.pick(BAD_STATUSES)),
                call("res.writeHead", status, self.pick(["Fine", ""])),
                call("res.writeHead", status, self.pick([None, UNDEFINED]), {"X-H": "1"}),
                call("res.writeHead", status, {"X-H": "1", "a": ["1", "2"], "Vary": 5}),
                call("res.writeHead", status, "Fine", ["X-H", "1", "X-H", "2"]),
                # What Node remembers of such calls, a default phrase and "no body", is its own.
                call("res.writeHead", 404, "Fine", {"b d": "1"}),
                call("res.writeHead", 201, "", {"a": "\n"}),
                call("res.writeHead", 404, "Fine", ["a", "1", "b"]),
                call("res.writeHead", status, {"Content-Length": 3, "Connection": "close"}),
                put("res.statusCode", self.pick([*STATUSES, "201", 404.5])),
                put("res.statusMessage", self.pick(["Fine", "", None, 5])),
                # Mended before an end(), which would leave Node's socket corked.
                self.mended("statusCode", self.pick([20, None, "x", 1000])),
                self.mended("statusMessage", self.pick(["a\rb", "\u0141"])),
                put("res.sendDate", self.pick([True, False])),
                put("res.shouldKeepAlive", self.pick([True, False])),
                put("res.useChunkedEncodingByDefault", self.pick([True, False])),
                call("res.flushHeaders"),
            ]
        )

    def mended(self, name: str, bad: Any) -> Instruction:
        good = 200 if name == "statusCode" else "Fine"
        tried = self.pick([call("res.flushHeaders"), call("res.write", "abc"), call("res.writeHead", 200)])
        return ["repeat", 1, [put(f"res.{name}", bad), tried, put(f"res.{name}", good)]]

    def bodies(self) -> Instruction:
        return self.pick(
            [
                self.write(),
                self.write(),
                call("res.write", self.pick(BAD_CHUNKS)),
                call("res.write", "abc", self.pick(["utf8", "latin1", "ascii", "ucs2", "UTF-8", "binary"])),
                call("res.write", "YWJj", self.pick(["base64", "base64url", "hex"][:2]), cb("w")),
                call("res.write", "abc", self.pick([None, UNDEFINED]), cb("w")),
                # Alone it would leave Node's socket corked.
                ["repeat", 1, [call("res.end", self.pick([5, True, {}, ["a"]])), self.ending()]],
            ]
        )

    def informing(self) -> Instruction:
        return self.pick(
            [
                call("res.writeContinue"),
                call("res.writeProcessing"),
                call(
                    "res.writeEarlyHints",
                    self.pick([{"link": "</a>; rel=preload"}, {}, {"link": 5}, {"link": "x"}]),
                ),
                call("res.writeEarlyHints", self.pick([5, "text", None, UNDEFINED])),
                call(
                    "res.writeInformation",
                    self.pick([103, 99, 200, 101, "103", NAN, UNDEFINED]),
                    {"X-I": "1"},
                ),
                call("res.writeInformation", 103, self.pick([{"b d": "1"}, {"a": "\n"}, ["X", "1"]])),
            ]
        )

    def rest(self) -> Instruction:
        return self.pick(
            [
                call("res.setTimeout", self.pick(["a", -1, NAN, UNDEFINED, 9000, 0])),
                call("res.setTimeout", 9000, self.pick([5, cb("t")])),
                call("res.on", "finish", self.pick([5, None, "x", {}])),
                call("res.emit", "mine", 1, "x"),
                call("res.pipe", ref("req")),
                state("res", "writable", "writableHighWaterMark", "writableObjectMode", "headersSent"),
                state("socket", "destroyed", "writable", "readyState", "readable"),
                call("res.assignSocket", ref("socket")),
            ]
        )


class Bodies(Situation):
    """Ways to read a body, changed while it comes."""

    backing = False

    def scenario(self) -> Scenario:
        self.backing = self.chance(0.3)
        if self.chance(0.4):
            self.options["highWaterMark"] = self.pick([8, 64, 200])
        pieces = [
            self.pick(["ab", "h\xc3\xa9llo", "\xe2\x82\xac", "x" * 30, "\xff", "y" * 250])
            for _ in range(self.pick([1, 2, 4]))
        ]
        program: Program = [
            on(f"req.{name}") for name in self.some(["data", "readable", "resume", "pause", "close", "error"])
        ]
        acts = [self.act() for _ in range(self.random.randint(1, 7))]
        # Two pipes to one response leave something behind in Node.
        pipes = [act for act in acts if act[1:3] == ["req", "pipe"]]
        if "highWaterMark" in self.options and "setEncoding" in repr(acts):
            pipes = [*pipes[:1], *pipes]  # Node counts characters and not bytes: none at all
        acts = [act for act in acts if act not in pipes[1:]] or [call("req.resume")]
        while len(acts) > 1 and self.chance(0.4):
            program.append(self.waiting([acts.pop() for _ in range(min(len(acts), self.pick([1, 2])))]))
        program += acts
        program.append(hear("req.end", get("req.readableEnded", "req.readableLength"), *self.answer()))
        self.random.shuffle(program)
        steps: list[Step] = []
        if self.chance(0.5):
            whole = "".join(pieces)
            steps += self.sent(request("POST", "/", f"Content-Length: {len(whole)}") + self.pick([whole, ""]))
            rest = pieces if not steps[0][1].endswith(whole) else []
        else:
            steps += self.sent(request("POST", "/", "Transfer-Encoding: chunked"))
            rest = [f"{len(piece):x}\r\n{piece}\r\n" for piece in pieces] + ["0\r\n\r\n"]
        while rest:
            count = self.random.randint(1, len(rest))
            steps += self.sent("".join(rest[:count]))
            rest = rest[count:]
            steps += self.telling(self.pick([0, 0, 1]))
        steps += self.telling(9)
        if self.chance(0.15):
            steps = [*steps[: self.random.randint(1, len(steps))], self.pick([["fin", "c"], ["leave", "c"]])]
        return self.build(program, steps)

    def act(self) -> Instruction:
        return self.pick(
            [
                on("req.data"),
                on("req.data", call("req.pause"), later(call("req.resume")), how=self.pick(["on", "once"])),
                on("req.readable", call("req.read")),
                on("req.readable", call("req.read", self.pick([1, 3, 10])), call("req.read")),
                call("req.read", *self.pick([[], [1], [5], [0]])),
                call("req.pause"),
                call("req.resume"),
                call("req.isPaused"),
                # Node does not decode what is put back.
                call("req.unshift", b("zz"))
                if self.backing
                else call(
                    "req.setEncoding", self.pick(["utf8", "latin1", "hex", "base64", "utf16le", "ascii"])
                ),
                state("req", "readableFlowing", "readableLength", "readableDidRead", "readableEncoding"),
                state("req", "readable", "readableEnded", "complete", "destroyed", "readableHighWaterMark"),
                call("req.removeAllListeners", self.pick(["data", "readable"])),
                ["repeat", 1, [on("req.data"), ["off", "req", "data", "last"]]],
                call("req.pipe", ref("res")),
                call("req.unpipe", *self.pick([[], [ref("res")]])),
                later(call("req.resume")),
                call("req.destroy", *self.pick([[], [error("mine", "MINE")]])),
            ]
        )


class Corks(Situation):
    """Nested corks across turns; what Node gets wrong at the head and at the end is kept away."""

    def scenario(self) -> Scenario:
        if self.chance(0.3):
            self.options["highWaterMark"] = self.pick([64, 1000])
        program = [*self.watching(0.3), *self.some([on("res.drain")]), call("res.flushHeaders")]
        depth = 0
        steps: Program = []
        for _ in range(self.random.randint(3, 10)):
            kind = self.random.randrange(5)
            if kind == 0 and depth < 3:
                depth += 1
                steps.append(call("res.cork"))
            elif kind == 1 and depth:
                depth -= 1
                steps.append(call("res.uncork"))
            elif kind == 4:
                steps.append(get("res.writableCorked", "res.writableNeedDrain"))
            else:
                steps.append(self.write())
        steps += [call("res.uncork")] * depth
        steps.append(self.ending())
        while len(steps) > 1 and self.chance(0.5):
            cut = self.random.randint(1, len(steps) - 1)
            steps = [*steps[:cut], later(*steps[cut:])]
        text = request(version=self.pick(["1.1", "1.1", "1.0"]))
        return self.build([*program, *steps], self.sent(text))


class Closings(Situation):
    """Several connections, each in its own state, when the server ends some or all of them."""

    def scenario(self) -> Scenario:
        how = self.pick(["closeIdleConnections", "closeIdleConnections", "closeAllConnections", "close"])
        closes = how == "close"
        client: list[Step] = []
        routes: dict[str, Program] = {}
        names = "abd"[: self.random.randint(1, 3)]
        for name in [*names, "z"]:
            client.append(["connect", name, {}])
        for name in names:
            kind = self.random.randrange(4 if closes else 6)
            answer = [quiet("res.setHeader", "Connection", "close")] if closes else []
            answer.append(call("res.end", "x"))
            text = self.pick([request("GET", f"/{name}"), post("abc", url=f"/{name}")])
            if kind == 1:
                answer = [self.waiting(answer)]
            if kind == 2:
                answer = [*answer[:-1], call("res.write", "part"), self.waiting(answer[-1:])]
            if kind == 3 and closes:
                answer = [call("res.end", "x")]
            if kind == 4:
                text = text[: self.random.randint(1, len(text) - 1)]
            routes[f"/{name}"] = [*self.watching(0.5), *answer]
            client += self.sent(text, name)
            if kind == 5:
                client += self.sent(self.pick(["\r\n", "GET /", request("GET", f"/{name}")]), name)
        program: Program = [
            call(f"server.{how}", *([cb("closed")] if closes else [])),
            get("server.listening"),
        ]
        program += [quiet("res.setHeader", "Connection", "close")] if closes else []
        routes["/z"] = [*self.pick([program, [later(*program)]]), later(call("res.end", "z"))]
        client += [*self.sent(request("GET", "/z"), "z"), *self.telling(9), ["settle"]]
        server = [on("server.close")] if closes else []
        return self.build([["route", routes]], client, server=server, interleaved=True)


class Leavings(Situation):
    """Upgrades and CONNECT among ordinary requests, taken and declined."""

    def scenario(self) -> Scenario:
        going = self.pick(
            [UP, UP, CONNECT, UP.replace("GET", "POST"), UP.replace("Upgrade: x", "Upgrade: h2c")]
        )
        answers = {"shouldUpgradeCallback": {"$answer": self.chance(0.5)}} if self.chance(0.3) else {}
        self.options |= answers
        handlers: dict[str, Program] = {}
        for name in ("upgrade", "connect"):
            if self.chance(0.7):
                handlers[name] = [
                    get("req.url", "head.length"),
                    on("socket.error"),
                    *[on(f"socket.{event}") for event in self.some(["data", "end", "close"], 0.6)],
                    *self.some([call("socket.write", "hello", cb("w"))]),
                    *self.some(
                        [self.waiting([self.pick([call("socket.end", "bye"), call("socket.destroy")])])]
                    ),
                ]
        event = "connect" if going is CONNECT else "upgrade"
        taken = event in handlers and not (
            event == "upgrade" and answers and not answers["shouldUpgradeCallback"]["$answer"]
        )
        self.count = self.pick([0, 1, 1, 2])
        before = [request("GET", f"/{number}") for number in range(self.count)]
        routes: dict[str, Program] = {}
        for number in range(self.count):
            answer = [call("res.end", f"{number}")]
            # A response that waits hears nothing in Node of a connection lost after an upgrade.
            watching = [step for step in self.watching(0.3) if not number or step[1:3] != ["res", "close"]]
            routes[f"/{number}"] = [
                *watching,
                *self.pick([answer, [self.waiting(answer)], [later(*answer)]]),
            ]
        routes["*"] = [*self.watching(0.3), get("req.url"), call("res.end", "declined")]
        packets = [*before, going]
        if self.chance(0.5):
            packets = ["".join(packets)]
        if taken and self.chance(0.4):
            packets[-1] += "first"
        client: list[Step] = []
        for packet in packets:
            client += self.sent(packet)
        if taken:
            client += self.sent("second") if self.chance(0.5) else []
        elif self.chance(0.5) and event == "upgrade" and not answers:
            client += self.sent(request("GET", "/then"))
        client += self.telling(9)
        client += [self.pick([["fin", "c"], ["leave", "c"]])] if self.chance(0.3) else []
        scenario = self.build([["route", routes]], client, interleaved=True)
        scenario["handlers"] |= handlers
        return scenario


class Failures(Situation):
    """Handlers, and listeners of every kind, that fail as async functions do."""

    def scenario(self) -> Scenario:
        failing: Instruction = self.pick([["fail", "boom"], ["failLater", "boom"]])
        before = self.pick(
            [
                [],
                [call("res.flushHeaders")],
                [call("res.write", "abc")],
                [call("res.end", "abc")],
                [call("res.setHeader", "A", "1"), put("res.statusCode", 201)],
            ]
        )
        program = [*self.watching(), *before, failing]
        text = self.pick([request(), post("abc"), request("HEAD"), request(version="1.0")])
        client = self.in_two(text) if self.chance(0.3) else self.sent(text)
        if self.chance(0.3):
            client += self.sent(request("GET", "/")) if "1.0" not in text else []
        return self.build(program, client, interleaved=True)


class Hearing(Situation):
    """Listeners that come, go, and count, on the things of a request."""

    def scenario(self) -> Scenario:
        self.options["emitCloseAfterFinish"] = True  # so that what listens to 'close' is called
        program: Program = []
        names = [
            "req.data",
            "req.end",
            "req.close",
            "res.finish",
            "res.close",
            "socket.close",
            "req.resume",
            "res.mine",
        ]
        for _ in range(self.random.randint(2, 7)):
            name = self.pick(names)
            how = self.pick(["on", "once", "prependListener", "prependOnceListener"])
            target, _, event = name.partition(".")
            do: Program = []
            kind = self.random.randrange(6)
            if kind == 0:
                do = [["off", target, event, "self"]]
            if kind == 1:
                do = [on(self.pick(names))]
            if kind == 2 and event == "mine":
                do = [call("res.removeAllListeners", "mine")]
            if kind == 3:
                do = [get("req.complete", "res.writableFinished")]
            if name == "res.finish" and "prepend" in how:
                do = []  # what comes before Node's own listener sees the request as it was
            program.append(on(name, *do, how=how))
            if self.chance(0.2):
                program.append(["off", target, event, "last"])
            if self.chance(0.2):
                program.append(["save", "kept", ref("last")])
        program += [call("res.emit", "mine", 1), call("res.emit", "mine", "x", None, 2)]
        program += self.some([call("res.listenerCount", "mine"), call("req.removeAllListeners", "data")])
        program += self.pick(
            [[call("res.end", "x")], [hear("req.end", call("res.end", "x"))], [later(call("res.end"))]]
        )
        text = self.pick([request(), post("abc")])
        client = self.in_two(text) if self.chance(0.5) else self.sent(text)
        return self.build(program, [*client, *self.some([["fin", "c"]], 0.3)])


class Slow(Situation):
    """A client that stops reading, and a server that writes until it is told to wait."""

    def scenario(self) -> Scenario:
        if self.chance(0.4):
            self.options["highWaterMark"] = self.pick([1000, 16384, 200000])
        size = self.pick([20_000, 70_000, 300_000])
        chunk = self.pick([times("x", size), {"$repeatbytes": "y", "times": size}])
        more = self.pick(
            [[call("res.end", "END!")], [call("res.write", "more", cb("w")), call("res.end", "END!")]]
        )
        once = self.pick(["on", "once"])
        drained = on("res.drain", get("res.writableNeedDrain"), *(more if once == "once" else []), how=once)
        program = [*self.watching(0.3), drained]
        if self.chance(0.3):
            program.append(call("res.setHeader", "X-A", "1"))
        program.append(fill("res", chunk, 60))
        client: list[Step] = [["connect", "c", {"rcvbuf": 4096}], ["stall", "c"]]
        client += self.sent(request(version=self.pick(["1.1", "1.1", "1.0"])))
        if once == "once" and self.chance(0.7):
            client += [["go_on", "c"], ["until", "END!", "c"]]
        elif once == "once":
            # Why a write failed that was under way is the system's to say.
            program = [
                on("res.drain", get("res.writableNeedDrain")),
                *self.watching(0.3),
                fill("res", chunk, 60),
            ]
            client += [["leave", "c"]]
        else:
            program.append(self.waiting(more))
            client += [["go_on", "c"], ["settle"], *self.telling(1), ["until", "END!", "c"]]
        return self.build(program, client, timing=True)


class Pairs(Situation):
    """The same response on two connections' requests, and settings changed between requests."""

    def scenario(self) -> Scenario:
        settings = [
            put("server.keepAliveTimeout", self.pick([0, 900, 2500])),
            put("server.maxRequestsPerSocket", self.pick([0, 50])),
            put("server.requireHostHeader", False),
            put("server.timeout", 9000),
            put("server.maxHeadersCount", self.pick([0, 3, 100])),
            put("server.maxConnections", self.pick([2, 50])),
        ]
        self.options |= {"maxHeaderSize": self.pick([200, 5000])} if self.chance(0.2) else {}
        self.options |= {"keepAliveTimeout": self.pick([0, 1, 1500])} if self.chance(0.4) else {}
        server = [step for step in self.some(settings[1:], 0.3)]
        server += self.some([on("server.dropRequest"), on("server.drop"), on("server.connection")], 0.3)
        program: Program = [*self.watching(0.3), *self.some([self.pick(settings)], 0.3)]
        program += self.some(
            [quiet("res.setHeader", "Connection", self.pick(["close", "keep-alive", "x"]))], 0.2
        )
        program += self.pick(
            [
                [call("res.end", ref("req.url"))],
                [call("res.write", "a"), call("res.end")],
                [later(call("res.end", "y"))],
            ]
        )
        client: list[Step] = [["connect", "a", {}], ["connect", "b", {}]]
        closed: set[str] = set()  # by the client's own wish: Node answers what comes behind that by a 400
        for number in range(self.random.randint(2, 5)):
            fields = self.some(
                ["Connection: keep-alive", "TE: chunked", "A: 1", "B: " + "x" * self.pick([3, 300])], 0.3
            )
            version, conn = self.pick(["1.1", "1.1", "1.0"]), self.pick("ab")
            if conn not in closed:
                client += self.sent(request("GET", f"/{number}", *fields, version=version), conn)
            if version == "1.0" and "Connection: keep-alive" not in fields:
                closed.add(conn)
        return self.build(program, client, server=server, interleaved=True)


MATTERS: list[type[Generator]] = [
    Timeouts,
    Deadlines,
    Expectations,
    Facts,
    Calls,
    Bodies,
    Corks,
    Closings,
    Leavings,
    Failures,
    Hearing,
    Slow,
    Pairs,
]
