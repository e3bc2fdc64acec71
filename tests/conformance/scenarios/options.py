"""The options of a server: checks, defaults, and when a later assignment takes effect."""

# ruff: noqa: F403, F405
from __future__ import annotations

from ..language import *

options = Group("server options", "Validation, defaults, and when a later assignment takes effect")
GROUPS = [options]

ok = call("res.end", "x")


def server_only(
    group: Group, name: str, *program: Instruction, known: str | None = None, **more: Any
) -> None:
    group.add(
        name,
        None,
        settle(),
        server=list(program),
        listen=False,
        **({"known": known} if known else {}),
        **more,
    )


NAMES = (
    "keepAliveTimeout",
    "keepAliveTimeoutBuffer",
    "headersTimeout",
    "requestTimeout",
    "connectionsCheckingInterval",
    "timeout",
    "maxRequestsPerSocket",
    "noDelay",
    "keepAlive",
    "keepAliveInitialDelay",
    "highWaterMark",
    "requireHostHeader",
    "rejectNonStandardBodyWrites",
    "listening",
    "allowHalfOpen",
)
server_only(
    options, "defaults", *[get(f"server.{name}") for name in NAMES if name != "connectionsCheckingInterval"]
)
BAD: dict[str, Any] = {
    "text": "5",
    "negative": -1,
    "fraction": 1.5,
    "NaN": NAN,
    "infinite": INFINITY,
    "null": None,
    "true": True,
    "zero": 0,
    "object": {},
}
for name in (
    "requestTimeout",
    "headersTimeout",
    "keepAliveTimeout",
    "keepAliveTimeoutBuffer",
    "connectionsCheckingInterval",
    "maxHeaderSize",
):
    for label, value in BAD.items():
        if label == "null":
            continue  # in Python None is "not given"
        server_only(
            options,
            f"{name} {label}",
            *([get(f"server.{name}")] if name != "connectionsCheckingInterval" else []),
            options={name: value},
        )
for name in (
    "requireHostHeader",
    "joinDuplicateHeaders",
    "insecureHTTPParser",
    "rejectNonStandardBodyWrites",
    "optimizeEmptyRequests",
):
    for label, value in {"true": True, "false": False, "number": 1, "text": "true", "object": {}}.items():
        server_only(options, f"{name} {label}", log("made"), options={name: value})
for name in ("highWaterMark", "keepAliveInitialDelay"):
    for label, value in {"text": "5", "negative": -1, "zero": 0, "true": True, "large": 100000}.items():
        server_only(options, f"{name} {label}", get(f"server.{name}"), options={name: value})
for label, value in {"text": "x", "number": 1, "function": FUNCTION}.items():
    server_only(
        options, f"shouldUpgradeCallback {label}", log("made"), options={"shouldUpgradeCallback": value}
    )
server_only(
    options,
    "headersTimeout over requestTimeout",
    get("server.headersTimeout"),
    options={"headersTimeout": 2000, "requestTimeout": 1000},
)
server_only(
    options,
    "requestTimeout alone lowers headersTimeout",
    get("server.headersTimeout"),
    options={"requestTimeout": 1000},
)
server_only(
    options,
    "requestTimeout 0",
    get("server.headersTimeout", "server.requestTimeout"),
    options={"requestTimeout": 0},
)
server_only(
    options,
    "headersTimeout 0",
    get("server.headersTimeout", "server.requestTimeout"),
    options={"headersTimeout": 0},
)
server_only(
    options, "unknown ones are ignored", log("made"), options={"nonsense": 1, "host": "x"}, known="D41"
)
for label, args in {
    "nothing": [],
    "null": [None],
    "undefined": [UNDEFINED],
    "handler": [FUNCTION],
    "options, handler": [{}, FUNCTION],
    "null, handler": [None, FUNCTION],
}.items():
    server_only(
        options,
        f"createServer({label})",
        call("http.createServer", *args, save="s"),
        call("s.listenerCount", "request"),
    )
for label, args in {
    "number": [5],
    "text": ["x"],
    "list": [[]],
    "true": [True],
    "handler not callable": [{}, 5],
}.items():
    server_only(options, f"createServer({label})", call("http.createServer", *args))
for label, value, reason in (
    ("text", "a", "D44"),
    ("negative", -1, None),
    ("NaN", NAN, None),
    ("true", True, "D44"),
):
    server_only(
        options, f"setTimeout {label}", call("server.setTimeout", value), get("server.timeout"), known=reason
    )
server_only(
    options,
    "setTimeout with callback",
    call("server.setTimeout", 10, FUNCTION),
    call("server.listenerCount", "timeout"),
    get("server.timeout"),
)
server_only(options, "setTimeout with bad callback", call("server.setTimeout", 10, 5), get("server.timeout"))
server_only(
    options,
    "methods before listening",
    call("server.address"),
    call("server.closeIdleConnections"),
    call("server.closeAllConnections"),
    call("server.ref"),
    call("server.unref"),
    get("server.listening"),
)
options.add("keepAliveTimeout changed between requests", [ok, put("server.keepAliveTimeout", 7000)], GET, GET)
options.add(
    "requireHostHeader changed between requests",
    [ok],
    send(request("GET", host=False)),
    options={"requireHostHeader": False},
)
options.add(
    "maxHeaderSize changed: next connection",
    [ok, put("server.maxHeaderSize", 100)],
    send(request("GET", "/", "X: " + "a" * 200)),
    send(request("GET", "/", "X: " + "a" * 200)),
)
options.add(
    "noDelay and keepAlive",
    [ok],
    options={"noDelay": False, "keepAlive": True, "keepAliveInitialDelay": 3000},
)
options.add("no 'request' listener", None, send(GET), send(GET))
options.add(
    "two 'request' listeners",
    [call("res.write", "1")],
    GET,
    server=[on("server.request", call("arg1.end", "2"))],
)
options.add(
    "listener added late",
    None,
    send(GET),
    server=[hear("server.connection", hear("server.request", call("arg1.end", "late")))],
)
options.add(
    "uniqueHeaders", [quiet("res.setHeader", "X", ["a", "b"]), ok], options={"uniqueHeaders": ["x", "Y"]}
)
options.add(
    "uniqueHeaders not a list", [quiet("res.setHeader", "X", ["a", "b"]), ok], options={"uniqueHeaders": "x"}
)
for most in (1, 2, 3):
    options.add(
        f"maxHeadersCount {most}",
        [get("req.rawHeaders"), ok],
        send(request("GET", "/", "A: 1", "B: 2")),
        server=[put("server.maxHeadersCount", most), on("server.clientError", call("arg1.destroy"))],
    )
options.add(
    "optimizeEmptyRequests",
    [on("req.end"), on("req.close"), on("req.resume"), state("req", "complete", "readableEnded"), ok],
    GET,
    post("abc"),
    options={"optimizeEmptyRequests": True},
)
options.add(
    "joinDuplicateHeaders",
    [get("req.headers"), ok],
    request(
        "GET", "/", "Host: b", "Age: 1", "Age: 2", "Cookie: a", "Cookie: b", "Set-Cookie: c", "X: 1", "X: 2"
    ),
    options={"joinDuplicateHeaders": True, "insecureHTTPParser": True},
)

# --- assigned while connections are open: one that never spoke, one that has, a new one
LATE: dict[str, tuple[Any, Any, str]] = {
    "maxHeaderSize": (16384, 60, request("GET", "/", "X: " + "a" * 60)),
    "maxHeadersCount": (1000, 2, request("GET", "/", "X: 1", "Y: 2")),
    "insecureHTTPParser": (False, True, "GET / HTTP/1.1\nHost: a\n\n"),
    "highWaterMark": (65536, 1000, GET),
    "maxRequestsPerSocket": (0, 3, GET),
    "requireHostHeader": (True, False, request(host=False)),
    "joinDuplicateHeaders": (False, True, request("GET", "/", "Age: 1", "Age: 2")),
    "rejectNonStandardBodyWrites": (False, True, request("HEAD", "/reject")),
    "keepAliveTimeout": (5000, 7000, GET),
}
for name, (usual, other, data) in LATE.items():
    for before, after in (usual, other), (other, usual):
        options.add(
            f"{name} assigned late: {after}",
            [
                route(
                    assign=[put(f"server.{name}", after), get(f"server.{name}"), ok],
                    reject=[quiet("res.write", "x"), quiet("res.end")],
                    other=[
                        get("req.headers"),
                        get("socket.writableHighWaterMark", "req.readableHighWaterMark"),
                        get("res.writableHighWaterMark"),
                        ok,
                    ],
                )
            ],
            connect("silent"),
            connect("used"),
            send(GET, conn="used"),
            connect("assigning"),
            send(request("GET", "/assign"), conn="assigning"),
            send(data, conn="silent"),
            send(data, conn="used"),
            connect("new"),
            send(data, conn="new"),
            server=[
                put(f"server.{name}", before),
                hear("server.clientError", log("clientError", ref("arg0.code")), call("arg1.destroy")),
            ],
        )
for before, after in (0, 300), (300, 0):
    options.add(
        f"timeout assigned late: {after}",
        [
            get("socket.timeout"),
            route(assign=[put("server.timeout", after), ok], other=[ok, later(get("socket.timeout"))]),
        ],
        connect("silent"),
        connect("used"),
        send(GET, conn="used"),
        connect("assigning"),
        send(request("GET", "/assign"), conn="assigning"),
        send(GET, conn="silent"),
        send(GET, conn="used"),
        connect("new"),
        send(GET, conn="new"),
        server=[put("server.timeout", before)],
        timing=True,
    )
options.add(
    "maxConnections assigned late",
    [route(less=[put("server.maxConnections", 1), ok], more=[put("server.maxConnections", 3), ok])],
    connect("a"),
    connect("b"),
    send(request("GET", "/less"), conn="a"),
    send(request("GET", "/"), conn="b"),
    connect("dropped"),
    until_end("dropped"),
    send(request("GET", "/more"), conn="a"),
    connect("taken"),
    send(request("GET", "/more"), conn="taken"),
    server=[hear("server.drop", log("drop"))],
)
options.add(
    "shouldUpgradeCallback assigned late",
    [route(assign=[put("server.shouldUpgradeCallback", {"$answer": False}), ok], other=[ok])],
    connect("old"),
    connect("assigning"),
    send(request("GET", "/assign"), conn="assigning"),
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x"), conn="old"),
    connect("new"),
    send(request("GET", "/", "Connection: upgrade", "Upgrade: x"), conn="new"),
    handlers={"upgrade": [call("socket.write", "taken")]},
)
