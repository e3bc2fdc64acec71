"""What is refused and what is accepted, byte for byte."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

refused = Group("refused input", "Requests that are answered 400, whole and byte by byte")
accepted = Group("accepted input", "Odd requests that are served")
insecure = Group("insecure parser", "insecureHTTPParser=True")
GROUPS = [refused, accepted, insecure]

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
complain = [
    on(
        "server.clientError",
        get("arg0.reason", "arg0.message", "arg0.bytesParsed", "arg0.rawPacket"),
        call("arg1.end", "HTTP/1.1 400 Bad\r\n\r\n"),
    )
]
breaking_off = [
    on(
        "server.clientError",
        get("arg0.code", "arg0.reason", "arg0.bytesParsed", "arg0.rawPacket"),
        call("arg1.destroy"),
    )
]
for number, text in REFUSED.items():
    late = {"known": "D20"} if number in (59, 60, 61, 62) else {}
    ended = [] if number == 59 else [until_end()]
    unanswered = [] if late else [until_end()]
    refused.add(f"row {number}, whole", seen, send(text), *unanswered, **late)
    refused.add(f"row {number}, by bytes", seen, split(text), *unanswered, **late)
    early = late if number in (61, 62) else {}
    refused.add(f"row {number}, answered at once", answering, send(text), until_end(), **early)
    alone = late if number == 59 else {}
    refused.add(f"row {number}, clientError", seen, send(text), *ended, server=complain, **alone)
    refused.add(
        f"row {number}, clientError, by bytes", seen, split(text), *ended, server=breaking_off, **alone
    )
    late = {"known": "D20"} if number in (21, 61, 62) else {}
    for label, sending in {"": send(text), ", by bytes": split(text)}.items():
        late = late if number == 21 or not label else {}
        insecure.add(
            f"row {number}{label}",
            [get("req.httpVersion", "req.url", "req.rawHeaders"), *answering],
            sending,
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
    '/<>"{}|\\^`[]', "/a?b=c&d", "//x/y", "/a?b?c", "/%00%2f", "http://x.y:80/p?q", "ftp://x/", "HTTP://x/", "*", "/" + "a" * 5000, "/;p=1", "/a/../b", "http://[::1]/", "http://u:p@c/", "http://a@b@c/", "http://@a/",
)  # fmt: skip
for target in TARGETS:
    accepted.add(f"target {target[:30]}", tell_all, f"GET {target} HTTP/1.1{H}")
    if len(target) < 100:
        accepted.add(f"target {target}, by bytes", tell_all, split(f"GET {target} HTTP/1.1{H}"))
for target in (
    "http:///",
    "http:///x",
    "http://:80/",
    "HTTPS://?x",
    "http://u@/",
):
    accepted.add(f"target {target}", tell_all, f"GET {target} HTTP/1.1{H}", known="D26")
    accepted.add(
        f"target {target}, insecure",
        tell_all,
        f"GET {target} HTTP/1.1{H}",
        options={"insecureHTTPParser": True},
    )
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
    for how, sending in {"": send(text), ", by bytes": split(text)}.items():
        accepted.add(f"version {label}{how}", tell_all, sending, until_end(), known="D25")
        insecure.add(
            f"version {label}{how}", tell_all, sending, until_end(), options={"insecureHTTPParser": True}
        )
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
accepted.add("PRI waits, by bytes", tell_all, split("PRI * HTTP/2.0\r\n\r\n"))
for authority in ("a:80", "/", "http://a/"):
    for how, sending in {
        "": send(f"CONNECT {authority} HTTP/1.1{H}rest"),
        ", by bytes": split(f"CONNECT {authority} HTTP/1.1{H}rest"),
    }.items():
        accepted.add(
            f"CONNECT {authority}{how}",
            None,
            sending,
            handlers={"connect": [get("req.url"), log("head", ref("head")), call("socket.end", "x")]},
        )
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
