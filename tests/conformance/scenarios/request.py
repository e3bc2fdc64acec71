"""The request: its line, its fields, its body and the order of its events."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

fields = Group("request fields", "headers, headersDistinct, rawHeaders, trailers: joining rules")
states = Group("request state", "complete, aborted, destroyed … at every moment")
flow = Group("request flow", "data, readable, read, pause, resume, pipe, unshift")
decoding = Group("setEncoding", "Text from bytes, split anywhere")
iteration = Group("iteration", "for await over a request")
leaving = Group("client leaves", "Events of a request whose client goes away, at every moment")
GROUPS = [fields, states, flow, decoding, iteration, leaving]

ok = quiet("res.end", "x")

# --- fields

line = get("req.method", "req.url", "req.httpVersion", "req.httpVersionMajor", "req.httpVersionMinor")
maps = get("req.rawHeaders", "req.headers", "req.headersDistinct")
fields.add("line", [line, ok])
fields.add("line on 1.0", [line, ok], GET10)
fields.add("plain", [maps, ok], request("GET", "/", "X-One: 1", "x-two: 2"))
FIRST = (
    "age",
    "authorization",
    "content-type",
    "etag",
    "expires",
    "from",
    "if-modified-since",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "proxy-authorization",
    "referer",
    "retry-after",
    "server",
    "user-agent",
)
JOINED = (
    "accept",
    "accept-encoding",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "date",
    "forwarded",
    "if-match",
    "if-none-match",
    "keep-alive",
    "link",
    "origin",
    "pragma",
    "range",
    "te",
    "trailer",
    "upgrade",
    "vary",
    "via",
    "x-any",
    "x-forwarded-for",
)
for name in (*FIRST, *JOINED, "cookie", "set-cookie"):
    fields.add(
        f"twice {name}",
        [get("req.headers", "req.headersDistinct"), ok],
        request("GET", "/", f"{name}: a", f"{name.title()}: b"),
    )
    if name in FIRST:
        fields.add(
            f"twice {name}, joined",
            [get("req.headers"), ok],
            request("GET", "/", f"{name}: a", f"{name}: b"),
            options={"joinDuplicateHeaders": True},
        )
    # The functions in C leave such a head to the parser.
    fields.add(
        f"twice {name} beside Proxy-Connection",
        [get("req.headers", "req.headersDistinct"), ok],
        request("GET", "/", "Proxy-Connection: keep-alive", f"{name}: a", f"{name.title()}: b"),
    )
fields.add("first empty wins", [maps, ok], request("GET", "/", "Age:", "Age: 2"))
fields.add("empty values take part", [maps, ok], request("GET", "/", "X:", "X: 1", "X:"))
fields.add("one Set-Cookie", [maps, ok], request("GET", "/", "Set-Cookie: a"))
fields.add("latin-1", [maps, ok], request("GET", "/", "X: \xc3\xa9 \xff"))
fields.add(
    "names like JavaScript's",
    [get("req.headers", "req.rawHeaders"), ok],
    request("GET", "/", "constructor: 1", "toString: 2"),
)
fields.add("order of first appearance", [get("req.headers"), ok], request("GET", "/", "B: 1", "A: 1", "b: 2"))
fields.add(
    "same object each time",
    [same("req.headers", "req.headers"), same("req.headersDistinct", "req.headersDistinct"), ok],
)
fields.add("assigned", [put("req.headers", {"a": "b"}), get("req.headers"), ok])
fields.add("read later", [later(maps, ok)], request("GET", "/", "X: 1"))
fields.add("many", [maps, ok], request("GET", "/", *[f"X-{n}: {n}" for n in range(60)]))
early = [get("req.rawTrailers", "req.trailers", "req.complete")]
tail = [get("req.rawTrailers", "req.trailers", "req.trailersDistinct", "req.complete")]
fields.add(
    "trailers",
    [*early, hear("req.data", *early), hear("req.end", *tail, ok)],
    chunked("a", trailers="X-T: 1\r\nx-t: 2\r\nAge: 1\r\nage: 2\r\nSet-Cookie: c\r\n"),
)
fields.add(
    "trailers in a later packet",
    [*early, hear("req.data", *early), hear("req.end", *tail, ok)],
    send(chunked("a", end=False)),
    send("0\r\n"),
    send("X-T: 1\r\n\r\n"),
)
fields.add("no trailers", [hear("req.data"), hear("req.end", *tail, ok)], chunked("a"))
fields.add("trailers never read", [ok], chunked("a", trailers="X-T: 1\r\n"), GET)
fields.add(
    "socket is connection",
    [same("req.socket", "req.connection"), get("req.socket.remoteFamily", "req.socket.remoteAddress"), ok],
)

# --- state

ALL = (
    "complete",
    "aborted",
    "destroyed",
    "errored",
    "closed",
    "readable",
    "readableEnded",
    "readableAborted",
    "readableFlowing",
    "readableDidRead",
    "readableLength",
    "readableEncoding",
    "readableHighWaterMark",
)
now = state("req", *ALL)
for label, text in {
    "GET": GET,
    "POST": post("abc"),
    "POST, body later": post("abc")[:-3],
    "chunked": chunked("a", "b"),
}.items():
    states.add(f"in the handler, {label}", [now, ok], text)
    states.add(f"some turns later, {label}", [later(now, ok)], text)
    states.add(
        f"in data and end, {label}",
        [hear("req.data", now), hear("req.end", now, ok), hear("req.close", now)],
        text,
    )
    states.add(
        f"resumed, {label}", [call("req.resume"), now, hear("req.end", now, ok), hear("req.close", now)], text
    )
    states.add(
        f"paused, {label}",
        [call("req.pause"), now, call("req.isPaused"), later(now, call("req.resume"), ok)],
        text,
    )
    states.add(
        f"readable, {label}",
        [hear("req.readable", now, call("req.read"), now), hear("req.end", now, ok)],
        text,
    )
    states.add(
        f"destroyed, {label}",
        [on("req.aborted", now), on("req.close", now), call("req.destroy"), now],
        send(text),
        until_end(),
    )
states.add(
    "destroyed with an error",
    [on("req.error", now), on("req.close", now), call("req.destroy", error("x", "X")), now],
    send(GET),
    until_end(),
)
states.add(
    "destroyed after end", [quiet("req.resume"), hear("req.close", call("req.destroy"), now, ok)], GET, GET
)
states.add(
    "client gone", [on("req.aborted", now), on("req.error", now), on("req.close", now)], send(GET), rst()
)
states.add(
    "client gone in the body",
    [hear("req.data"), on("req.aborted", now), on("req.error", now), on("req.close", now)],
    send(post("abc")[:-1]),
    rst(),
)
states.add(
    "client gone in the body by FIN",
    [hear("req.data"), on("req.aborted", now), on("req.error", now), on("req.close", now)],
    send(post("abc")[:-1]),
    fin(),
    until_end(),
)
states.add("after the answer", [ok, later(now)], GET)
states.add("after the answer, body open", [ok, later(now)], send(post("abc")[:-1]))

# --- flow

events = [on("req.pause"), on("req.resume"), on("req.end"), on("req.close")]
data = on("req.data")
head_only = post("abcdef")[:-6]
flow.add("GET, data and end", [*events, data, hear("req.end", ok)])
flow.add("GET, end alone does not flow", [*events, later(ok)])
flow.add("GET untouched", [*events, ok])
flow.add("GET, readable", [*events, on("req.readable", call("req.read")), hear("req.end", ok)])
flow.add("POST, body in the packet", [*events, data, hear("req.end", ok)], post("abc"))
flow.add("POST, body later", [*events, data, hear("req.end", ok)], send(head_only), send("abc"), send("def"))
flow.add("POST, readable", [*events, on("req.readable", call("req.read")), hear("req.end", ok)], post("abc"))
flow.add(
    "POST, readable, body later",
    [*events, on("req.readable", call("req.read")), hear("req.end", ok)],
    send(head_only),
    send("abc"),
    send("def"),
)
flow.add("POST, chunked", [*events, data, hear("req.end", ok)], chunked("a", "bc", "def"))
flow.add("POST by bytes", [*events, data, hear("req.end", ok)], split(chunked("a", "bc")))
flow.add("POST never read, answered", [*events, ok], post("abc"))
flow.add(
    "POST never read, answered later",
    [*events, later(get("req.complete", "req.readableLength"), ok)],
    post("abc"),
)
flow.add("answer before reading", [*events, data, ok], send(head_only), send("abcdef"))
flow.add(
    "pause in data",
    [
        *events,
        on("req.data", call("req.pause"), later(call("req.resume")), how="once"),
        data,
        hear("req.end", ok),
    ],
    chunked("a", "b", "c"),
)
flow.add(
    "pause then resume in a turn",
    [
        *events,
        data,
        call("req.pause"),
        call("req.resume"),
        call("req.pause"),
        get("req.readableFlowing"),
        later(get("req.readableFlowing"), call("req.resume")),
        hear("req.end", ok),
    ],
    post("abc"),
)
flow.add(
    "pause before data listener",
    [
        *events,
        call("req.pause"),
        data,
        get("req.readableFlowing"),
        later(get("req.readableFlowing", "req.readableLength"), call("req.resume")),
        hear("req.end", ok),
    ],
    post("abc"),
)
flow.add(
    "data listener removed: data is lost",
    [*events, hear("req.data", log("first", ref("arg0")), how="once"), hear("req.end", ok)],
    send(head_only),
    send("abc"),
    send("def"),
)
flow.add("once data", [*events, on("req.data", how="once"), hear("req.end", ok)], chunked("a", "b"))
flow.add("resume without listener discards", [*events, call("req.resume"), hear("req.end", ok)], post("abc"))
flow.add(
    "readable wins over data",
    [*events, data, on("req.readable", call("req.read")), get("req.readableFlowing"), hear("req.end", ok)],
    post("abc"),
)
flow.add(
    "read(n)",
    [*events, later(call("req.read", 2), call("req.read", 10), call("req.read"), call("req.read"), ok)],
    post("abcdef"),
)
flow.add(
    "read(n), more to come",
    [
        later(
            call("req.read", 2),
            call("req.read", 5),
            get("req.readableLength"),
            on("req.readable", call("req.read", 5), call("req.read", 5)),
        ),
        hear("req.end", ok),
    ],
    send(head_only),
    send("abc"),
    send("def"),
)
flow.add("read emits data", [later(on("req.data"), call("req.pause"), call("req.read"), ok)], post("abc"))
flow.add("read before anything", [call("req.read"), call("req.read", 0), ok], post("abc"))
for label, args in {"negative": [-1], "zero": [0], "NaN": [NAN], "undefined": [UNDEFINED]}.items():
    flow.add(f"read {label}", [later(call("req.read", *args), ok)], post("abc"))
flow.add(
    "isPaused",
    [
        call("req.isPaused"),
        call("req.pause"),
        call("req.isPaused"),
        call("req.resume"),
        call("req.isPaused"),
        ok,
    ],
    post("abc"),
)
flow.add("isPaused with readable", [on("req.readable"), call("req.isPaused"), ok], post("abc"))
flow.add(
    "unshift",
    [
        later(
            call("req.read", save="all"),
            call("req.unshift", ref("all")),
            call("req.unshift", b("12")),
            call("req.read"),
            ok,
        )
    ],
    post("abc"),
)
flow.add(
    "unshift while flowing",
    [on("req.data", call("req.unshift", b("XY")), how="once"), data, hear("req.end", ok)],
    chunked("abc", "d"),
)
flow.add(
    "unshift after end",
    [on("req.error"), quiet("req.resume"), hear("req.end", call("req.unshift", b("x")), ok)],
    post("abc"),
)
flow.add("two data listeners", [on("req.data"), on("req.data"), hear("req.end", ok)], post("abc"))
flow.add("data listener added late", [later(data, hear("req.end", ok))], post("abc"))
flow.add("piped to the response", [call("req.pipe", ref("res"))], chunked("abc", "de"))
flow.add(
    "piped, end not passed on",
    [call("req.pipe", ref("res"), {"end": False}), hear("req.end", quiet("res.end", "!"))],
    post("abc"),
)
flow.add(
    "piped and unpiped",
    [
        on("res.pipe"),
        on("res.unpipe"),
        call("req.pipe", ref("res")),
        call("req.unpipe", ref("res")),
        get("req.readableFlowing"),
        ok,
    ],
    post("abc"),
)
flow.add("unpipe of nothing", [call("req.unpipe"), call("req.unpipe", ref("res")), ok], post("abc"))
flow.add("piped, later packets", [call("req.pipe", ref("res"))], send(head_only), send("abc"), send("def"))
flow.add(
    "pipe events",
    [on("res.pipe"), on("res.unpipe"), on("res.finish"), on("req.end"), call("req.pipe", ref("res"))],
    post("abc"),
)
flow.add(
    "back-pressure",
    [call("req.pause"), wait("go", hear("req.data"), hear("req.end", ok), call("req.resume"))],
    send(post("a" * 300_000), background=True),
    tell("go"),
    until("\r\n\r\nx"),
)
flow.add(
    "back-pressure holds the next request",
    [call("req.pause"), wait("go", call("req.resume"), ok)],
    send(post("a" * 300_000) + GET, background=True),
    tell("go"),
    until("\r\n\r\nx"),
)
flow.add(
    "mark of 10",
    [
        get("req.readableHighWaterMark"),
        later(get("req.readableLength"), hear("req.data"), hear("req.end", ok)),
    ],
    send(head_only),
    send("abcdef"),
    options={"highWaterMark": 10},
)
flow.add(
    "Expect and body",
    [data, hear("req.end", ok)],
    send(request("POST", "/", "Expect: 100-continue", "Content-Length: 3")),
    send("abc"),
)
flow.add(
    "large body counted",
    [save("n", 0), hear("req.data"), hear("req.end", get("req.complete"), ok)],
    send(post("a" * 500_000)),
    until("\r\n\r\nx"),
)
flow.add("set timeout returns", [call("req.setTimeout", 5000), ok])
flow.add(
    "listener after the event",
    [quiet("req.resume"), hear("req.close", on("req.end"), on("req.data"), ok)],
    post("abc"),
)

# --- decoding

texts = on("req.data")
for name in ("utf8", "UTF-8", "latin1", "binary", "ascii", "hex", "base64", "base64url", "utf16le", "ucs2"):
    decoding.add(
        f"{name}",
        [call("req.setEncoding", name), get("req.readableEncoding"), texts, hear("req.end", ok)],
        post("h\xc3\xa9llo w\xf6rld!"),
    )
    decoding.add(
        f"{name}, by pieces of 3",
        [call("req.setEncoding", name), texts, hear("req.end", ok)],
        send(head_only.replace("6", "14")),
        split("a\xe2\x82\xac\xf0\x9f\x98\x80b\xc3", 3),
        send("cde"),
    )
    decoding.add(
        f"{name}, unfinished", [call("req.setEncoding", name), texts, hear("req.end", ok)], post("ab\xe2\x82")
    )
for label, text in {
    "broken sequences": "a\xffb\xc3(\xe2\x82(\xf0\x9f\x98",
    "overlong": "\xe0\x80\xaf\xed\xa0\x80",
    "BOM": "\xef\xbb\xbfa",
}.items():
    decoding.add(f"utf8 {label}", [call("req.setEncoding", "utf8"), texts, hear("req.end", ok)], post(text))
    if label == "overlong":
        continue  # how invalid bytes are parted is not the same everywhere
    decoding.add(
        f"utf8 {label}, by bytes",
        [call("req.setEncoding", "utf8"), texts, hear("req.end", ok)],
        send(post(text)[: -len(text)]),
        split(text),
    )
decoding.add(
    "surrogates split",
    [call("req.setEncoding", "utf16le"), texts, hear("req.end", ok)],
    send(post("=\xd8\x00\xdea\x00")[:-6]),
    split("=\xd8\x00\xdea\x00", 2),
)
decoding.add(
    "default",
    [call("req.setEncoding", UNDEFINED), get("req.readableEncoding"), texts, hear("req.end", ok)],
    post("h\xc3\xa9"),
)
decoding.add(
    "unknown",
    [call("req.setEncoding", "nonsense"), get("req.readableEncoding"), texts, hear("req.end", ok)],
    post("abc"),
)
decoding.add(
    "what is buffered",
    [later(call("req.setEncoding", "utf8"), get("req.readableLength"), call("req.read"), ok)],
    post("h\xc3\xa9"),
)
decoding.add(
    "read(n) counts characters",
    [call("req.setEncoding", "utf8"), later(call("req.read", 2), call("req.read", 9), ok)],
    post("h\xc3\xa9llo"),
)
decoding.add("iterated", [call("req.setEncoding", "utf8"), iterate("req", ok)], post("h\xc3\xa9llo"))

# --- iteration

iteration.add("GET", [iterate("req", ok), on("req.end"), on("req.close")])
iteration.add("POST", [iterate("req", ok), on("req.end"), on("req.close")], post("abc"))
iteration.add(
    "body later", [iterate("req", ok, each=[log("piece")])], send(head_only), send("abc"), send("def")
)
iteration.add("late", [later(iterate("req", ok, each=[log("piece")]))], chunked("a", "b", "c"))
iteration.add("beside data", [on("req.data"), iterate("req", ok)], post("abc"))
iteration.add("second loop after the end", [iterate("req", iterate("req", ok))], post("abc"))
iteration.add(
    "client lost",
    [on("req.error"), on("req.close"), iterate("req", get("req.complete"))],
    send(post("abc")[:-1]),
    rst(),
)
iteration.add(
    "client lost by FIN", [iterate("req", get("req.complete"))], send(post("abc")[:-1]), fin(), until_end()
)
iteration.add(
    "client lost before the loop",
    [wait("go", iterate("req", get("req.complete")))],
    send(post("abc")[:-1]),
    rst(),
    tell("go"),
    settle(),
)
iteration.add(
    "broken off",
    [
        on("req.aborted"),
        on("req.error"),
        on("req.close"),
        iterate("req", get("req.destroyed", "socket.destroyed"), ok, most=1),
    ],
    post("abc"),
)
iteration.add(
    "broken off, more to come",
    [iterate("req", get("req.destroyed", "socket.destroyed"), ok, most=1)],
    send(chunked("abc", end=False)),
    send("0\r\n\r\n"),
    GET,
)

# --- client leaves

watch = [
    on("req.aborted"),
    on("req.error"),
    on("req.end"),
    on("req.close"),
    on("res.finish"),
    on("res.close"),
    on("res.error"),
    on("socket.end"),
    on("socket.error"),
    on("socket.close"),
]
MOMENTS: dict[str, tuple[Program, list[Any]]] = {
    "GET untouched": ([], [send(GET)]),
    "GET read": ([quiet("req.resume")], [send(GET)]),
    "POST complete, unread": ([], [send(post("abc"))]),
    "POST complete, read": ([hear("req.data")], [send(post("abc"))]),
    "POST complete, paused": ([quiet("req.pause")], [send(post("abc"))]),
    "POST incomplete, unread": ([], [send(post("abc")[:-1])]),
    "POST incomplete, read": ([hear("req.data")], [send(post("abc")[:-1])]),
    "POST incomplete, paused": ([quiet("req.pause")], [send(post("abc")[:-1])]),
    "chunked incomplete": ([hear("req.data")], [send(chunked("abc", end=False))]),
    "head flushed": ([quiet("res.flushHeaders")], [send(GET)]),
    "written": ([quiet("res.write", "x", cb("w"))], [send(GET)]),
    "ended": ([quiet("res.end", "x", cb("e"))], [send(GET)]),
    "ended, body incomplete": ([quiet("res.end", "x", cb("e"))], [send(post("abc")[:-1])]),
    "two in the pipeline": ([], [send(GET + GET)]),
    "no error listener": ([], [send(post("abc")[:-1])]),
}
for label, (program, client) in MOMENTS.items():
    for how, step in {"RST": [rst()], "FIN": [fin(), until_end()], "both ways": [leave()]}.items():
        listeners = [item for item in watch if "error" not in label or item[2] != "error"]
        marked = {"known": "D33"} if label == "ended, body incomplete" else {}
        leaving.add(f"{label}, {how}", [*listeners, *program], *client, *step, **marked)
leaving.add(
    "late end after the loss",
    [*watch, hear("req.close", call("res.end", "x", cb("e")), get("res.finished"))],
    send(GET),
    rst(),
)
leaving.add(
    "answer in aborted",
    [*watch, hear("req.aborted", call("res.end", "x", cb("e")))],
    send(GET),
    fin(),
    until_end(),
)
leaving.add(
    "signal",
    [save("s", ref("req.signal")), get("s.aborted"), hear("req.close", get("s.aborted"))],
    send(GET),
    rst(),
)
leaving.add(
    "signal after a normal end",
    [save("s", ref("req.signal")), get("s.aborted"), hear("req.close", get("s.aborted")), ok],
    send(GET),
    known="D32",
)
