"""What comes over the wire: what is refused, what is accepted, limits, Host, Expect, upgrade, half-close."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

refused = Group("refused input", "Requests that are answered 400, whole and byte by byte")
accepted = Group("accepted input", "Odd requests that are served")
insecure = Group("insecure parser", "insecureHTTPParser=True")
limits = Group("limits", "Header size and count, chunk extensions")
client_error = Group("clientError", "The event and the default answers")
host = Group("host", "requireHostHeader")
expect = Group("expect", "100-continue and other expectations")
upgrade = Group("upgrade", "upgrade and CONNECT, taken and declined")
half_close = Group("half-close", "The client's FIN at every moment")
GROUPS = [refused, accepted, insecure, limits, client_error, host, expect, upgrade, half_close]

H = "\r\nHost: a\r\n\r\n"
R = "GET / HTTP/1.1\r\nHost: a\r\n"
G = R + "\r\n"
P = "POST / HTTP/1.1\r\nHost: a\r\n"
C = P + "Transfer-Encoding: chunked\r\n\r\n"

REFUSED: dict[int, str] = {
    1: " GET / HTTP/1.1" + H,
    2: "HELLO WORLD\r\n\r\n",
    3: "FOO / HTTP/1.1" + H,
    4: "get / HTTP/1.1" + H,
    5: "GET\r\n\r\n",
    6: "GET HTTP/1.1" + H,
    7: "GET\t/\tHTTP/1.1" + H,
    8: "GET / HTTP/1.1 " + H,
    9: "GET /a b HTTP/1.1" + H,
    10: "GET / HTTP/1.2" + H,
    11: "GET / HTTP/1" + H,
    12: "GET / HTTP/1.10" + H,
    13: "GET / http/1.1" + H,
    14: "DESCRIBE / HTTP/1.1" + H,
    15: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    16: "GET / HTTP/1.1\nHost: a\n\n",
    17: "GET / HTTP/1.1\r\nHost: a\n\r\n",
    18: R + "\n",
    19: "GET / HTTP/1.1\rHost: a\r\n\r\n",
    20: "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
    21: R + "\rX",
    22: R + "X: 1\r\n 2\r\n\r\n",
    23: "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    24: "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    25: R + "Foo\r\n\r\n",
    26: R + ": x\r\n\r\n",
    27: R + "X\x00Y: 1\r\n\r\n",
    28: R + "X: a\x00b\r\n\r\n",
    29: "GET /\x00 HTTP/1.1" + H,
    30: "GET /a\tb HTTP/1.1" + H,
    31: "GET /\xc3\xa9 HTTP/1.1" + H,
    32: "GET ?a HTTP/1.1" + H,
    33: "GET foo HTTP/1.1" + H,
    34: "GET a:80 HTTP/1.1" + H,
    35: P + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    36: P + "Content-Length: 3, 3\r\n\r\nabc",
    37: P + "Content-Length: +3\r\n\r\nabc",
    38: P + "Content-Length:\r\n\r\n",
    39: P + "Content-Length: 18446744073709551616\r\n\r\nabc",
    40: P + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    41: P + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    42: P + "Transfer-Encoding: gzip\r\n\r\nabc",
    43: P + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    44: P + 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    45: P + "Transfer-Encoding:\r\n\r\n",
    46: C + "z\r\nabc\r\n0\r\n\r\n",
    47: C + "10000000000000000\r\nabc\r\n0\r\n\r\n",
    48: C + "3 \r\nabc\r\n0\r\n\r\n",
    49: C + '3;a="b\r\nabc\r\n0\r\n\r\n',
    50: C + "3;\r\nabc\r\n0\r\n\r\n",
    51: C + "3;a=b\x01\r\nabc\r\n0\r\n\r\n",
    52: C + "3;a=b\nabc\r\n0\r\n\r\n",
    53: C + "3\nabc\r\n0\r\n\r\n",
    54: C + "3\rabc\r\n0\r\n\r\n",
    55: C + "3\r\nabc\n0\r\n\r\n",
    56: C + "3\r\nabcd\r\n0\r\n\r\n",
    57: C + "0\r\nX T: v\r\n\r\n",
    58: C + "0\r\nContent-Length: 4\r\n\r\n",
    59: R + "Connection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    60: P + "Content-Length: 3\r\n\r\nabcXYZ",
    61: P + "\r\nabc",
    62: G + "BAD\x00\r\n\r\n",
    63: R + "X: \rY\r\n\r\n",
    64: R + "X:\n\r\n",
    65: R + "X:\r\n y\r\n\r\n",
    66: P + "Transfer-Encoding: chunked \t\r\n\r\n0\r\n\r\n",
    67: P + "Content-Length : 3\r\n\r\nabc",
}
seen = [on("req.data"), on("req.end"), on("req.aborted"), on("res.close"), on("req.close")]
answering = [*seen, quiet("res.end", "x")]
complain = [on("server.clientError", get("arg0.reason"), call("arg1.end", "HTTP/1.1 400 Bad\r\n\r\n"))]
for number, text in REFUSED.items():
    late = {"known": "D20"} if number in (59, 60, 61, 62) else {}
    ended = [] if number == 59 else [until_end()]
    unanswered = [] if late else [until_end()]
    refused.add(f"row {number}, whole", seen, send(text), *unanswered, **late)
    refused.add(f"row {number}, by bytes", seen, split(text), *unanswered, **late)
    refused.add(f"row {number}, answered at once", answering, send(text), until_end(), **late)
    refused.add(f"row {number}, clientError", seen, send(text), *ended, server=complain, **late)
    late = {"known": "D20"} if number in (21, 60, 61, 62) else {}
    insecure.add(
        f"row {number}",
        [get("req.httpVersion", "req.url", "req.rawHeaders"), *answering],
        send(text),
        fin(),
        until_end(),
        options={"insecureHTTPParser": True},
        **late,
    )

tell_all = [
    get("req.method", "req.url", "req.httpVersion", "req.rawHeaders", "req.headers"),
    hear("req.data", log("data", ref("arg0"))),
    hear("req.end", get("req.rawTrailers"), quiet("res.end", "x")),
]
TARGETS = (
    '/<>"{}|\\^`[]', "/a?b=c&d", "//x/y", "/a?b?c", "/%00%2f", "http://x.y:80/p?q", "ftp://x/", "HTTP://x/", "http:///",
    "http://u:p@c/", "http://a@b@c/", "*", "/" + "a" * 5000, "/;p=1", "/a/../b", "http://[::1]/",
)  # fmt: skip
for target in TARGETS:
    accepted.add(f"target {target[:30]}", tell_all, f"GET {target} HTTP/1.1{H}")
accepted.add("fragment", tell_all, f"GET /a?b#c HTTP/1.1{H}", known="D26")
accepted.add("fragment, insecure", tell_all, f"GET /a?b#c HTTP/1.1{H}", options={"insecureHTTPParser": True})
accepted.add("OPTIONS *", tell_all, f"OPTIONS * HTTP/1.1{H}")
for method in (
    "ACL",
    "BIND",
    "CHECKOUT",
    "COPY",
    "DELETE",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
):
    accepted.add(f"method {method}", tell_all, request(method, "/", "Content-Length: 2", body="hi"))
ODD: dict[str, str] = {
    "CRLFs before": "\r\n\r\n\n\r" + G,
    "several spaces": f"GET  /  HTTP/1.1{H}",
    "blanks around values": "GET / HTTP/1.1\r\nHost:  \t a \t \r\nX:\r\nY:  \t\r\n\r\n",
    "all token characters": R + "!#$%&'*+-.^_`|~: 1\r\n\r\n",
    "TAB and high bytes": R + "X: a\tb\r\nY: \xe9\xff\x80\r\n\r\n",
    "empty Host": "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "GET with a body": R + "Content-Length: 3\r\n\r\nabc",
    "GET with chunks": R + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "length with a zero": P + "Content-Length: 03\r\n\r\nabc",
    "length with blanks after": P + "Content-Length: 3 \t\r\n\r\nabc",
    "no length": P + "\r\n",
    "CHUNKED": P + "Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "chunked with spaces": P + "Transfer-Encoding: chunked  \r\n\r\n0\r\n\r\n",
    "TAB chunked": P + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": P + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ", chunked": P + "Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n",
    "gzip and chunked in two": P + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "zeros before the size": C + "00000000000000000000003\r\nabc\r\n0\r\n\r\n",
    "sizes in both cases": C + "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n",
    "extensions": C + '3;a=b;c="x;\\"y";d\r\nabc\r\n0;e\r\n\r\n',
    "extension without name": C + "3;=b\r\nabc\r\n0\r\n\r\n",
    "trailers": C + "1\r\na\r\n0\r\nX-T: v\r\nHost: z\r\nx-t: w\r\n\r\n",
    "Connection foo": R + "Connection: foo, bar\r\n\r\n",
    "lone CR before": "\r" + G,
    "body holds a request": post(GET),
    "two Hosts in different case": R + "X: 1\r\nx: 2\r\n\r\n",
}
for label, text in ODD.items():
    accepted.add(label, tell_all, send(text))
    accepted.add(f"{label}, by bytes", tell_all, split(text))
VERSIONS = {
    "0.9 without version": "GET /\r\n\r\n",
    "POST without version": "POST /\r\n\r\n",
    "0.9": "GET / HTTP/0.9\r\n\r\n",
    "2.0": "GET / HTTP/2.0" + H,
    "RTSP": "GET / RTSP/1.0" + H,
    "DESCRIBE RTSP": "DESCRIBE / RTSP/1.0" + H,
    "ICE": "SOURCE / ICE/1.0" + H,
}
for label, text in VERSIONS.items():
    accepted.add(f"version {label}", tell_all, send(text), until_end(), known="D25")
    insecure.add(f"version {label}", tell_all, send(text), until_end(), options={"insecureHTTPParser": True})
accepted.add("1.0 without Host", tell_all, send(GET10), until_end())
accepted.add(
    "1.0 chunked",
    tell_all,
    send("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    until_end(),
    known="D28",
)
insecure.add(
    "1.0 chunked",
    tell_all,
    send("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    until_end(),
    options={"insecureHTTPParser": True},
)
accepted.add("PRI waits", tell_all, send("PRI * HTTP/2.0\r\n\r\n"))
insecure.add(
    "body runs to the FIN",
    [get("req.headers"), on("req.data"), on("req.end", quiet("res.end", "x"))],
    send(P + "Transfer-Encoding: gzip\r\n\r\nabc"),
    send("def"),
    fin(),
    until_end(),
    options={"insecureHTTPParser": True},
)
insecure.add(
    "requests after close",
    [quiet("res.end", "x")],
    send(GET_CLOSE + GET),
    until_end(),
    options={"insecureHTTPParser": True},
)
insecure.add(
    "folded trailer", tell_all, send(C + "0\r\nX: 1\r\n 2\r\n\r\n"), options={"insecureHTTPParser": True}
)
insecure.add(
    "header values are free too",
    [quiet("res.setHeader", "X", "a\x01"), quiet("res.end", "x")],
    GET,
    options={"insecureHTTPParser": True},
)

# --- limits

served = [call("res.end", "x")]
quiet_error = [on("server.clientError", get("arg0.code", "arg0.reason"), call("arg1.destroy"))]


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
    known="D29",
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

# --- upgrade

UP = request("GET", "/up", "Connection: Upgrade", "Upgrade: x")
taking = {
    "upgrade": [
        log("head", ref("head")),
        same("req.socket", "socket"),
        get("req.complete", "req.headers.upgrade"),
        hear("socket.data", log("data", ref("arg0"))),
        on("socket.end"),
        on("socket.close"),
        on("socket.error"),
        call("socket.write", "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    ]
}
upgrade.add("taken", served, send(UP), send("hello"), handlers=taking)
upgrade.add("taken, bytes in the packet", served, send(UP + "first"), send("second"), handlers=taking)
upgrade.add(
    "taken, ended by the client",
    served,
    send(UP),
    fin(),
    handlers={"upgrade": [*taking["upgrade"], hear("socket.end", call("socket.end", "bye"))]},
)
upgrade.add(
    "taken, ended by us",
    served,
    send(UP),
    until_end(),
    handlers={"upgrade": [*taking["upgrade"], call("socket.end", "bye")]},
)
upgrade.add(
    "taken, destroyed",
    served,
    send(UP),
    until_end(),
    handlers={"upgrade": [*taking["upgrade"], call("socket.destroy")]},
)
upgrade.add("taken, reset", served, send(UP), rst(), handlers=taking)
upgrade.add(
    "taken, request events",
    served,
    send(UP),
    handlers={
        "upgrade": [
            on("req.end"),
            on("req.close"),
            on("req.data"),
            call("req.resume"),
            call("socket.write", "HTTP/1.1 101 X\r\n\r\n"),
        ]
    },
)
upgrade.add(
    "taken, with a length",
    served,
    send(request("POST", "/", "Connection: upgrade", "Upgrade: x", "Content-Length: 3", body="abcdef")),
    handlers=taking,
)
upgrade.add(
    "taken on 1.0",
    served,
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x", version="1.0")),
    handlers=taking,
)
upgrade.add(
    "taken without Host",
    served,
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x", host=False)),
    handlers=taking,
)
upgrade.add(
    "taken with Expect",
    served,
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x", "Expect: 100-continue")),
    handlers=taking,
)
upgrade.add("taken after another", served, send(GET), send(UP), send("hello"), handlers=taking)
upgrade.add("taken behind a pipelined one", served, send(GET + UP + "hello"), handlers=taking)
upgrade.add(
    "taken behind a slow one",
    [wait("go", call("res.end", "x"))],
    send(GET + UP),
    tell("go"),
    settle(),
    handlers=taking,
)
upgrade.add(
    "half-open after the end",
    served,
    send(UP),
    fin(),
    tell("late"),
    settle(),
    handlers={
        "upgrade": [
            *taking["upgrade"],
            wait("late", get("socket.writable", "socket.readyState"), call("socket.end", "late")),
        ]
    },
)
upgrade.add(
    "paused data waits",
    served,
    send(UP),
    send("hello"),
    tell("go"),
    settle(),
    handlers={
        "upgrade": [call("socket.write", "x"), wait("go", hear("socket.data", log("data", ref("arg0"))))]
    },
)
upgrade.add(
    "getConnections counts it",
    served,
    send(UP),
    handlers={"upgrade": [call("server.getConnections", cb("count")), call("socket.write", "x")]},
)
upgrade.add(
    "closeAllConnections spares it",
    served,
    send(UP),
    handlers={
        "upgrade": [call("server.closeAllConnections"), call("socket.write", "x"), get("socket.destroyed")]
    },
)
upgrade.add("no listener", [get("req.headers.upgrade"), *served], send(UP), send(GET))
upgrade.add(
    "no listener, body",
    tell_all,
    send(request("POST", "/", "Connection: upgrade", "Upgrade: x", "Content-Length: 3", body="abc")),
    send(GET),
    known="D30",
)
upgrade.add(
    "no listener, more in the packet",
    [call("res.end", ref("req.url"))],
    send(UP + request("GET", "/next")),
    known="D30",
)
upgrade.add(
    "callback says no",
    [*served],
    send(UP),
    options={"shouldUpgradeCallback": {"$answer": False}},
    handlers=taking,
)
upgrade.add(
    "callback says yes",
    [*served],
    send(UP),
    options={"shouldUpgradeCallback": {"$answer": True}},
    handlers=taking,
)
upgrade.add(
    "callback says yes, no listener",
    [*served],
    send(UP),
    until_end(),
    options={"shouldUpgradeCallback": {"$answer": True}},
)
upgrade.add(
    "callback is not asked for CONNECT",
    [*served],
    send("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    until_end(),
    options={"shouldUpgradeCallback": {"$answer": True}},
)
upgrade.add("Upgrade without Connection", [*served], send(request("GET", "/", "Upgrade: x")), handlers=taking)
upgrade.add(
    "Connection without Upgrade", [*served], send(request("GET", "/", "Connection: upgrade")), handlers=taking
)
CONNECT = "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"
connecting = {"connect": [get("req.url", "req.method"), *taking["upgrade"]]}
upgrade.add("CONNECT", served, send(CONNECT), send("hello"), handlers=connecting)
upgrade.add("CONNECT with bytes", served, send(CONNECT + "hello"), handlers=connecting)
upgrade.add("CONNECT without listener", served, send(CONNECT), until_end())
upgrade.add(
    "CONNECT with a length",
    served,
    send("CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
    handlers=connecting,
)
upgrade.add(
    "CONNECT / and absolute", served, send("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"), handlers=connecting
)
upgrade.add("CONNECT 1.0", served, send("CONNECT a:80 HTTP/1.0\r\n\r\n"), handlers=connecting)
upgrade.add("head by bytes", served, split(UP, 7), send("x"), handlers=taking)

# --- half-close

ends = [
    on("socket.end"),
    on("socket.finish"),
    on("socket.close"),
    on("res.finish"),
    on("res.close"),
    on("req.aborted"),
    on("req.close"),
]
noticing = [hear("server.connection", on("arg0.end"), on("arg0.finish"), on("arg0.close"), on("arg0.error"))]
for label, text in {"in the head": R, "in the body": post("abc")[:-1]}.items():
    half_close.add(
        f"{label}, clientError and 'end'",
        [*ends],
        send(text),
        fin(),
        until_end(),
        server=[*noticing, on("server.clientError", call("arg1.end", "bye"))],
    )
half_close.add("before a byte", served, connect(), fin(), until_end(), server=noticing)
half_close.add("after CRLFs", served, send("\r\n"), fin(), until_end(), server=noticing)
half_close.add("in the request line", served, send("GET /"), fin(), until_end(), server=noticing)
half_close.add("in the head", served, send(R), fin(), until_end(), server=noticing)
half_close.add("in the body", [*ends], send(post("abc")[:-1]), fin(), until_end())
half_close.add("in the chunks", [*ends], send(C + "3\r\nab"), fin(), until_end())
half_close.add("before the last CRLF", [*ends], send(C + "0\r\n"), fin(), until_end())
half_close.add("after an answered request", [*ends, *served], send(GET), fin(), until_end())
half_close.add(
    "after an answered request and CRLFs", [*ends, *served], send(GET), send("\r\n"), fin(), until_end()
)
half_close.add(
    "with the body read",
    [hear("req.data"), hear("req.end", log("end")), *ends, wait("go", call("res.end", "x"))],
    send(post("abc")),
    fin(),
    tell("go"),
    until_end(),
)
half_close.add(
    "while streaming",
    [*ends, quiet("res.write", "a"), wait("go", call("res.write", "b"), call("res.end"))],
    send(GET),
    fin(),
    tell("go"),
    until_end(),
)
half_close.add("0.9 request", served, send("GET /\n"), fin(), until_end())
