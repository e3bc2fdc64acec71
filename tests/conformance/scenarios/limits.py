"""Limits, 'clientError', Host and Expect."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

limits = Group("limits", "Header size and count, chunk extensions")
client_error = Group("clientError", "The event and the default answers")
host = Group("host", "requireHostHeader")
expect = Group("expect", "100-continue and other expectations")
GROUPS = [limits, client_error, host, expect]

H = "\r\nHost: a\r\n\r\n"
R = "GET / HTTP/1.1\r\nHost: a\r\n"
G = R + "\r\n"
P = "POST / HTTP/1.1\r\nHost: a\r\n"
C = P + "Transfer-Encoding: chunked\r\n\r\n"

seen = [on("req.data"), on("req.end"), on("req.aborted"), on("res.close"), on("req.close")]

# --- limits
served = [call("res.end", "x")]
told = get("arg0.code", "arg0.reason", "arg0.message", "arg0.bytesParsed")
quiet_error = [on("server.clientError", told, call("arg1.destroy"))]


def sized(total: int) -> str:
    """A request whose counted bytes are `total`."""
    return request("GET", "/", "X: " + "v" * (total - len("/HostaX")))


for total in (16382, 16383, 16384, 16385, 20000):
    limits.add(f"header bytes {total}", served, send(sized(total)))
for total in (98, 99, 100, 101):
    limits.add(f"header bytes {total} of 100", served, send(sized(total)), options={"maxHeaderSize": 100})
    limits.add(
        f"header bytes {total} of 100, in pieces",
        served,
        split(sized(total), 17),
        options={"maxHeaderSize": 100},
    )
limits.add("target too long", served, send(request("GET", "/" + "a" * 17000)), until_end())
limits.add("target of all that is allowed", served, send(request("GET", "/" + "a" * 16377)))
limits.add("target too long by one", served, send(request("GET", "/" + "a" * 16378)), until_end())
limits.add(
    "blanks before values are not counted",
    served,
    send(request("GET", "/", "X:" + " " * 90 + "a")),
    options={"maxHeaderSize": 100},
)
limits.add("too large, clientError", served, send(sized(20000)), until_end(), server=quiet_error)
limits.add("too large, incomplete", served, send(R + "X: " + "v" * 17000), until_end())
limits.add("too large, incomplete name", served, send(R + "x" * 17000), until_end())
limits.add("second request too large", served, send(GET), send(sized(20000)), until_end())
limits.add(
    "trailers counted afresh",
    [hear("req.data"), hear("req.end", quiet("res.end", "x"))],
    send(C + "0\r\nX: " + "v" * 16000 + "\r\n\r\n"),
)
limits.add(
    "trailers too large", [*seen, quiet("req.resume")], send(C + "0\r\nX: " + "v" * 17000), until_end()
)
limits.add("999 fields", served, send(request("GET", "/", *["X: 1"] * 998)))
limits.add("1000 fields", served, send(request("GET", "/", *["X: 1"] * 999)))
limits.add("1001 fields", served, send(request("GET", "/", *["X: 1"] * 1000)), known="D24")
limits.add("2001 fields", served, send(request("GET", "/", *["X: 1"] * 2000)), until_end())
for count in (1999, 2000, 2001):
    limits.add(
        f"{count} fields of 2000",
        served,
        send(request("GET", "/", *["X: 1"] * (count - 1))),
        server=[put("server.maxHeadersCount", 2000)],
    )
for most in (0, -1, 2.5):
    limits.add(
        f"maxHeadersCount {most}",
        served,
        send(request("GET", "/", "A: 1", "B: 2")),
        server=[put("server.maxHeadersCount", most)],
    )
limits.add(
    "trailer fields",
    [*seen, quiet("req.resume")],
    send(C + "0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"),
    until_end(),
    server=[put("server.maxHeadersCount", 2)],
)
for size in (16384, 16385, 17000):
    limits.add(
        f"chunk extension of {size}",
        [*seen, quiet("req.resume")],
        send(C + "3;" + "a" * size + "\r\nabc\r\n0\r\n\r\n"),
    )
limits.add(
    "chunk extensions, clientError",
    [*seen, quiet("req.resume")],
    send(C + "3;" + "a" * 17000 + "\r\nabc\r\n0\r\n\r\n"),
    until_end(),
    server=quiet_error,
)
limits.add(
    "chunk extensions counted by chunk",
    [on("req.end", quiet("res.end", "x")), quiet("req.resume")],
    send(C + ("1;" + "a" * 9000 + "\r\nx\r\n") * 3 + "0\r\n\r\n"),
)
limits.add("length of 2**64 - 1", [*seen], send(P + "Content-Length: 18446744073709551615\r\n\r\nabc"))
limits.add("chunk of 2**64 - 1", [*seen], send(C + "FFFFFFFFFFFFFFFF\r\nabc"))

OVER: dict[str, str] = {
    "field": R + "X: " + "v" * 20000 + "\r\n\r\n",
    "field, incomplete": R + "X: " + "v" * 20000,
    "field by a byte": R + "X: " + "v" * (16384 - 7) + "\r\n\r\n",
    "white space behind a value": R + "X: " + "v" * (16384 - 8) + " \r\n\r\n",
    "second field": R + "X: " + "v" * 9000 + "\r\nYY: " + "v" * 9000 + "\r\nZ: 1\r\n\r\n",
    "name": R + "x" * 20000 + ": 1\r\n\r\n",
    "target": "GET /" + "a" * 17000 + " HTTP/1.1" + H,
    "fields": R + "X: 1\r\n" * 2000 + "\r\n",
    "trailer": C + "0\r\nX: " + "v" * 17000,
    "extension": C + "3;" + "a" * 17000 + "\r\nabc\r\n0\r\n\r\n",
    "extension's value": C + "3;a=" + "b" * 17000 + "\r\nabc\r\n0\r\n\r\n",
    "quoted extension": C + '3;a="' + "b" * 17000 + '"\r\nabc\r\n0\r\n\r\n',
    "many extensions": C + "3" + ";a=b" * 9000 + "\r\nabc\r\n0\r\n\r\n",
    "extension of the last chunk": C + "3\r\nabc\r\n0;" + "a" * 17000 + "\r\n\r\n",
    "extension of the second chunk": C + "3\r\nabc\r\n3;" + "a" * 17000 + "\r\nabc\r\n0\r\n\r\n",
}
for label, text in OVER.items():
    count = [put("server.maxHeadersCount", 2000)]
    for how, steps in {"whole": [send(text)], "in pieces": [split(text, 1000)]}.items():
        limits.add(f"over by {label}, {how}", [*seen, quiet("req.resume")], *steps, until_end(), server=count)
        limits.add(
            f"over by {label}, {how}, clientError",
            [*seen, quiet("req.resume")],
            *steps,
            until_end(),
            server=[*count, *quiet_error],
        )

# httptools does not tell where in the packet these heads and trailers begin: arg0.bytesParsed is its end.
for label, text in {
    "behind a request": G + R + "X: " + "v" * 17000 + "\r\n\r\n",
    "trailer in whole": C + "0\r\nX: " + "v" * 17000 + "\r\n\r\n",
}.items():
    about = get("arg0.code", "arg0.reason")
    for how, steps in {"whole": [send(text)], "in pieces": [split(text, 1000)]}.items():
        limits.add(
            f"over by {label}, {how}",
            [*seen, quiet("res.end", "x")],
            *steps,
            until_end(),
            **({"known": "D20"} if text.startswith(G) and how == "whole" else {}),
        )
        limits.add(
            f"over by {label}, {how}, clientError",
            [*seen, quiet("req.resume")],
            *steps,
            until_end(),
            server=[on("server.clientError", about, call("arg1.destroy"))],
        )

# --- clientError
for label, text in {
    "bad method": "BAD\r\n\r\n",
    "bad header": R + "X\r\n\r\n",
    "bad chunk": C + "z\r\n",
}.items():
    facts = get(
        "arg0.code", "arg0.reason", "arg0.message", "arg0.rawPacket", "arg1.writable", "arg1.destroyed"
    )
    client_error.add(
        f"{label}, facts",
        seen,
        send(text),
        until_end(),
        server=[on("server.clientError", facts, call("arg1.end", "HTTP/1.1 400 X\r\n\r\n"))],
    )
    client_error.add(f"{label}, listener does nothing", seen, send(text), server=[on("server.clientError")])
    client_error.add(
        f"{label}, listener does nothing, more bytes",
        seen,
        send(text),
        send("more"),
        server=[on("server.clientError")],
        known="D27",
    )
    client_error.add(
        f"{label}, listener destroys",
        [*seen, on("socket.close"), on("socket.error")],
        send(text),
        until_end(),
        server=[on("server.clientError", call("arg1.destroy"))],
    )
    client_error.add(
        f"{label}, listener destroys with the error",
        [*seen, on("socket.close"), on("socket.error")],
        send(text),
        until_end(),
        server=[on("server.clientError", call("arg1.destroy", ref("arg0")))],
    )
client_error.add(
    "answer sent in the same packet",
    [quiet("res.end", "x")],
    send(G + "BAD\r\n\r\n"),
    until_end(),
    known="D20",
)
client_error.add("answer sent before", [quiet("res.end", "x")], send(G), send("BAD\r\n\r\n"), until_end())
client_error.add(
    "first chunk in the same packet", [quiet("res.write", "x"), *seen], send(C + "z\r\n"), until_end()
)
client_error.add(
    "head flushed in the same packet", [quiet("res.flushHeaders"), *seen], send(C + "z\r\n"), until_end()
)
client_error.add("only writeHead", [quiet("res.writeHead", 200), *seen], send(C), send("z\r\n"), until_end())
client_error.add(
    "RST, facts",
    [on("res.close")],
    send(GET),
    rst(),
    server=[on("server.clientError", get("arg0.code", "arg0.syscall", "arg1.destroyed", "arg1.writable"))],
)
client_error.add(
    "FIN in the head",
    None,
    send("GET / HT"),
    fin(),
    until_end(),
    server=[
        on(
            "server.clientError",
            get("arg0.code", "arg0.reason", "arg0.message", "arg0.bytesParsed", "arg0.rawPacket"),
            call("arg1.end", "bye"),
        )
    ],
)
for label, event in {"end": "end", "write": "write"}.items():
    client_error.add(
        f"listener calls {label} in the middle of a response",
        [quiet("res.write", "a"), *seen],
        send(chunked("a", end=False)),
        send("z\r\n"),
        *([until_end()] if label == "end" else []),
        server=[
            on(
                "server.clientError",
                get("arg1.writable", "arg1.bytesWritten"),
                call(f"arg1.{event}", "HTTP/1.1 400 Bad\r\n\r\n"),
            )
        ],
    )
client_error.add(
    "listener waits, the answer is sent meanwhile",
    [on("res.finish"), wait("go", call("res.end", "x"))],
    send(chunked("a", end=False)),
    send("z\r\n"),
    tell("go"),
    settle(),
    server=[on("server.clientError")],
)
for label, arguments in {"an error": [error("mine", "EMINE")], "nothing": []}.items():
    client_error.add(
        f"the user destroys the socket with {label}",
        [*seen, on("req.error"), on("socket.error"), on("socket.close"), call("socket.destroy", *arguments)],
        send(post("abc")[:-1]),
        until_end(),
        server=[on("server.clientError", get("arg0.code", "arg1.destroyed", "arg1.writable"))],
    )
    client_error.add(
        f"the user destroys the socket with {label} in 'connection'",
        None,
        connect(),
        until_end(),
        server=[
            on("server.clientError", get("arg0.code")),
            hear("server.connection", on("arg0.error"), on("arg0.close"), call("arg0.destroy", *arguments)),
        ],
    )
client_error.add("default answer then silence", seen, send("BAD\r\n\r\n"), until_end())

# --- host
host.add("missing", served, send(request("GET", host=False)), until_end(), server=[on("server.clientError")])
host.add("missing, HEAD", served, send(request("HEAD", host=False)), until_end())
host.add(
    "missing, POST",
    served,
    send(request("POST", "/", "Content-Length: 3", host=False, body="abc")),
    until_end(),
)
host.add("missing, behind another", served, send(GET + request("GET", "/b", host=False)), until_end())
host.add(
    "missing, more behind it", [*seen, *served], send(request("GET", "/", host=False) + GET), until_end()
)
host.add(
    "missing, not required", served, send(request("GET", host=False)), options={"requireHostHeader": False}
)
host.add(
    "missing with Expect",
    served,
    send(request("POST", "/", "Expect: 100-continue", "Content-Length: 0", host=False)),
    until_end(),
)
host.add("empty", served, send("GET / HTTP/1.1\r\nHost:\r\n\r\n"))
host.add(
    "two", [get("req.headers", "req.headersDistinct"), *served], send(R + "Host: b\r\n\r\n"), known="D21"
)
host.add("odd", served, send("GET / HTTP/1.1\r\nHost: a b/c@d\r\n\r\n"), known="D21")
host.add("two, not required", served, send(R + "Host: b\r\n\r\n"), options={"requireHostHeader": False})
host.add(
    "odd, not required",
    served,
    send("GET / HTTP/1.1\r\nHost: a b/c@d\r\n\r\n"),
    options={"requireHostHeader": False},
)
for value in ("a", "a.b:80", "[::1]:80", "127.0.0.1", "A-b.c", "a:", "%41", "a_b"):
    host.add(f"good {value}", served, send(f"GET / HTTP/1.1\r\nHost: {value}\r\n\r\n"))
host.add(
    "absolute target does not replace it",
    [get("req.headers", "req.url"), *served],
    send("GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n"),
)


# --- expect
def expecting(value: str, method: str = "POST", body: str = "abc", version: str = "1.1") -> str:
    return request(
        method, "/", f"Expect: {value}", f"Content-Length: {len(body)}", body=body, version=version
    )


reading = [hear("req.data", log("data", ref("arg0"))), hear("req.end", call("res.end", "x"))]
for value in (
    "100-continue",
    "100-Continue",
    "100-continue, x",
    "a 100-continue",
    "100-continue;q",
    "x100-continue",
    "foo",
    "",
    "200-ok",
):
    expect.add(f"{value!r}, no listener", reading, send(expecting(value)), GET)
    expect.add(
        f"{value!r}, listeners",
        reading,
        send(expecting(value)),
        handlers={
            "checkContinue": [call("res.writeContinue"), *reading],
            "checkExpectation": [call("res.writeHead", 418), call("res.end", "no")],
        },
    )
expect.add("before the body", reading, send(expecting("100-continue", body="abc")[:-3]), send("abc"))
expect.add("GET", reading, send(request("GET", "/", "Expect: 100-continue")))
expect.add("1.0", reading, send(expecting("100-continue", version="1.0")), until_end())
expect.add(
    "1.0, listener",
    reading,
    send(expecting("100-continue", version="1.0")),
    until_end(),
    handlers={"checkContinue": [log("not")]},
)
expect.add(
    "checkContinue answers without continue",
    reading,
    send(expecting("100-continue")[:-3]),
    until_end(),
    handlers={"checkContinue": [get("res.shouldKeepAlive"), call("res.end", "no")]},
)
expect.add(
    "checkContinue with writeInformation",
    reading,
    send(expecting("100-continue")),
    until_end(),
    handlers={"checkContinue": [call("res.writeInformation", 100), call("res.end", "no")]},
)
expect.add(
    "continue twice",
    reading,
    send(expecting("100-continue")),
    handlers={"checkContinue": [call("res.writeContinue"), call("res.writeContinue"), *reading]},
)
expect.add(
    "continue late",
    reading,
    send(expecting("100-continue")[:-3]),
    awaiting("ready"),
    tell("go"),
    settle(),
    send("abc"),
    handlers={"checkContinue": [signal("ready"), wait("go", call("res.writeContinue"), *reading)]},
)
expect.add(
    "continue after the head",
    reading,
    send(expecting("100-continue")),
    until_end(),
    handlers={"checkContinue": [call("res.writeHead", 200), call("res.writeContinue"), call("res.end")]},
)
expect.add("continue unasked", [call("res.writeContinue"), call("res.end", "x")], GET)
expect.add("417 and the body", reading, send(expecting("foo")), GET)
expect.add(
    "two Expect fields",
    reading,
    send(request("POST", "/", "Expect: 100-continue", "Expect: foo", "Content-Length: 0")),
)
