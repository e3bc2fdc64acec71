"""The module `asgi`: attaching, options, and who gets a request."""

from __future__ import annotations

import functools
import ssl
from datetime import timedelta
from typing import Any

import pytest

from tests.kit.apps import ENDED, GET, KEPT, START, AppStage, body, hello, rounds
from tests.kit.certificates import authority
from writehead import asgi, http, https, testing
from writehead.errors import (
    InvalidArgTypeError,
    InvalidArgValueError,
    OutOfRangeError,
    ServerAlreadyListenError,
    UnknownOptionError,
)


def attach(**options: Any) -> Any:
    return asgi.attach(http.create_server(), hello, **options)


def saying(text: str) -> Any:
    """Return an application without lifespan that responds with a text."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send(START)
        await send(body(text.encode()))

    return app


async def ask(server: http.Server, target: str) -> tuple[int, bytes]:
    """Return status and body of the response to a GET."""
    client = testing.connect(server)
    client.send(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    while not client.closed:
        await rounds(1)
    head, _, data = client.received.partition(b"\r\n\r\n")
    return int(head.split()[1]), data


# -- options --------------------------------------------------------------------------------------


def test_the_defaults() -> None:
    """Everything belongs to the application, which may have a lifespan."""
    mount = attach()
    assert (mount.path, mount.root_path, mount.rootPath, mount.state) == ("/", "", "", {})
    assert mount.app is hello
    assert isinstance(mount, asgi.Mount)
    assert isinstance(mount.server, http.Server)
    assert (mount._mode, mount._startup_timeout, mount._shutdown_timeout) == ("auto", 0, 10)
    assert mount._patience is None
    assert mount.websocket_options is not None


def test_options_have_both_spellings_and_a_mapping() -> None:
    """Keywords win; None means not given; durations are milliseconds or a `timedelta`."""
    mount = attach(rootPath="x/", lifespanStartupTimeout=timedelta(seconds=2), lifespan=None)
    assert (mount.root_path, mount._startup_timeout, mount._mode) == ("/x", 2, "auto")
    options: asgi.MountOptions = {"lifespanShutdownTimeout": 3000, "cancelAfterDisconnect": 5, "path": "/a"}
    mount = asgi.attach(http.create_server(), hello, options, path="/b", websocket=False)
    assert (mount._shutdown_timeout, mount._patience, mount.path) == (3, 5, "/b")
    assert mount.websocket_options is None


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"path": 5}, InvalidArgTypeError),
        ({"path": "x"}, InvalidArgValueError),
        ({"root_path": b"/"}, InvalidArgTypeError),
        ({"lifespan": True}, InvalidArgTypeError),
        ({"lifespan": "yes"}, InvalidArgValueError),
        ({"lifespan_startup_timeout": -1}, OutOfRangeError),
        ({"lifespan_startup_timeout": "soon"}, InvalidArgTypeError),
        ({"lifespan_shutdown_timeout": -1}, OutOfRangeError),
        ({"lifespan_shutdown_timeout": "late"}, InvalidArgTypeError),
        ({"cancel_after_disconnect": -1}, OutOfRangeError),
        ({"cancel_after_disconnect": True}, InvalidArgTypeError),
        ({"websocket": 1}, InvalidArgTypeError),
        ({"root": "/"}, UnknownOptionError),
        ({"keep_alive_timeout": 5}, UnknownOptionError),
    ],
)
def test_wrong_options_are_refused(options: Any, error: type[Exception]) -> None:
    """By their names."""
    with pytest.raises(error, match=next(iter(options))):
        attach(**options)
    with pytest.raises(error, match=next(iter(options))):
        attach(options=options)


def test_options_are_a_mapping() -> None:
    """Of `attach` and of `create_server`."""
    wrong: Any = "options"
    for call in (lambda: attach(options=wrong), lambda: asgi.create_server(hello, wrong)):
        with pytest.raises(InvalidArgTypeError, match="a mapping"):
            call()


def test_a_server_is_one_of_ours() -> None:
    """Not the application: the order is server, application."""
    wrong: Any = hello
    with pytest.raises(InvalidArgTypeError, match=r"an http\.Server or https\.Server"):
        asgi.attach(wrong, hello)


# -- applications ------------------------------------------------------------------------------------


class Callable3:
    """An application that is an object."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)

    async def method(self, scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)

    def plain(self, scope: Any, receive: Any, send: Any) -> Any:
        return hello(scope, receive, send)


class Instantiated:
    """An application that is a class: an instance of it is awaited."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.call = hello(scope, receive, send)

    def __await__(self) -> Any:
        return self.call.__await__()


async def with_more(scope: Any, receive: Any, send: Any, extra: Any = None) -> None:
    await hello(scope, receive, send)


APPLICATIONS = [
    hello,
    Callable3(),
    Callable3().method,
    Callable3().plain,
    Instantiated,
    functools.partial(with_more, extra=5),
    lambda *args: hello(*args),
    lambda scope, receive, send: hello(scope, receive, send),
]


@pytest.mark.parametrize("app", APPLICATIONS, ids=[str(i) for i in range(len(APPLICATIONS))])
async def test_what_is_called_with_three_is_an_application(app: Any) -> None:
    """Functions, methods, objects, partial ones, and classes whose instances can be awaited."""
    server = asgi.create_server(app, lifespan="off")
    assert await ask(server, "/") == (200, b"ok")
    assert asgi.attach(http.create_server(), app).app is app


class OfASGI2:
    """An application of ASGI 2: an instance a connection."""

    def __init__(self, scope: Any) -> None: ...

    async def __call__(self, receive: Any, send: Any) -> None: ...


def test_an_application_of_asgi_2_is_refused() -> None:
    """The text says how to make one of ASGI 3 of it."""
    wrong: Any
    for wrong in (OfASGI2, lambda scope: None):
        with pytest.raises(InvalidArgTypeError, match=r"asgiref\.compatibility\.guarantee_single_callable"):
            asgi.attach(http.create_server(), wrong)
        with pytest.raises(InvalidArgTypeError, match=r"asgiref\.compatibility\.guarantee_single_callable"):
            asgi.create_server(wrong)


def test_what_cannot_be_called_is_refused() -> None:
    """Before a server is made."""
    wrong: Any
    for wrong in (None, "main:app", object()):
        with pytest.raises(InvalidArgTypeError, match="an ASGI 3 application, called as"):
            asgi.create_server(wrong, {"nothing": 1})


# -- create_server -----------------------------------------------------------------------------------


def test_a_server_for_one_application_takes_the_options_of_both() -> None:
    """In either way; what nobody has is refused."""
    server = asgi.create_server(
        hello, {"keepAliveTimeout": 75_000, "rootPath": "/x", "path": None}, lifespan="off", timeout=9
    )
    mount: Any = server._guests._attached[0]  # type: ignore[union-attr]
    assert (server.keep_alive_timeout, server.timeout) == (75_000, 9)
    assert (mount.root_path, mount._mode, mount.path, mount.server) == ("/x", "off", "/", server)
    assert type(server) is http.Server
    assert asgi.createServer is asgi.create_server
    with pytest.raises(UnknownOptionError, match="a server has no option 'nothing'"):
        asgi.create_server(hello, {"nothing": 1})  # type: ignore[typeddict-unknown-key]


def test_what_node_gives_is_kept() -> None:
    """Connections are kept 5 s, and nobody listens to 'request'."""
    server = asgi.create_server(hello)
    assert server.keep_alive_timeout == 5000
    assert server.listener_count("request") == 0


def test_with_a_certificate_the_server_is_one_of_https() -> None:
    """By `key` and `cert`, or by an `ssl_context`; None is none."""
    assert isinstance(asgi.create_server(hello, **authority().options()), https.Server)
    assert isinstance(
        asgi.create_server(hello, ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)), https.Server
    )
    assert type(asgi.create_server(hello, key=None, cert=None)) is http.Server


# -- who gets a request --------------------------------------------------------------------------------


async def test_the_longest_path_decides() -> None:
    """As a whole or up to a slash; among equals the later one."""
    server = http.create_server(lambda req, res: res.end("node"))
    for path in ("/api", "/api/v2", "/x"):
        asgi.attach(server, saying(path), path=path)
    asgi.attach(server, saying("later"), path="/x/")
    expected = {
        "/api": b"/api",
        "/api/": b"/api",
        "/api/v1?a=/api/v2": b"/api",
        "/api/v2": b"/api/v2",
        "/%61pi/v2/y": b"/api/v2",
        "/api/v2x": b"/api",
        "/x/y": b"later",
        "/apix": b"node",
        "/API": b"node",
        "/": b"node",
        "/z/../api": b"node",
    }
    assert {target: (await ask(server, target))[1] for target in expected} == expected


async def test_what_no_application_takes_gets_404() -> None:
    """If nobody listens to 'request'; a listener that comes later gets it."""
    server = asgi.create_server(saying("app"), path="/api")
    assert await ask(server, "/api") == (200, b"app")
    assert await ask(server, "/") == (404, b"Not Found")
    server.on("request", lambda req, res: res.end("node"))
    assert await ask(server, "/") == (200, b"node")


async def test_a_detached_application_gets_no_more_requests() -> None:
    """The rest is as if it had never been there."""
    server = http.create_server(lambda req, res: res.end("node"))
    mount = asgi.attach(server, saying("app"))
    assert await ask(server, "/") == (200, b"app")
    mount.detach()
    mount.detach()
    assert await ask(server, "/") == (200, b"node")


async def test_events_of_requests_are_not_emitted() -> None:
    """Those of the server and its connections are."""
    events: list[str] = []
    server = asgi.create_server(saying("app"), max_requests_per_socket=1)
    for event in ("request", "checkContinue", "checkExpectation", "connection", "clientError", "dropRequest"):
        server.on(event, lambda *args, event=event: events.append(event))
    client = testing.connect(server)
    client.send(GET.replace(b"GET", b"POST").replace(b"a\r\n\r", b"a\r\nExpect: 100-continue\r\n\r"))
    client.send(GET)
    await rounds(30)
    assert events == ["connection", "dropRequest"]
    assert client.received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1 503 " in client.received
    testing.connect(server).send(b"what?\r\n\r\n")
    assert events == ["connection", "dropRequest", "connection", "clientError"]


async def test_what_the_server_refuses_reaches_no_application() -> None:
    """No Host, an unknown expectation, a head that is too large."""
    stage = AppStage(hello, max_header_size=2000)
    heads = {
        b"GET / HTTP/1.1\r\n\r\n": b"HTTP/1.1 400 ",
        GET.replace(b"\r\n\r\n", b"\r\nExpect: money\r\n\r\n"): b"HTTP/1.1 417 ",
        GET.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 3000 + b"\r\n\r\n"): b"HTTP/1.1 431 ",
    }
    for head, answer in heads.items():
        assert (await stage.exchange(head)).startswith(answer)
    assert stage.scopes == []
    await stage.close()


async def test_connect_and_upgrades_never_reach_an_application() -> None:
    """Their listeners have them; without one an upgrade is an ordinary request with its fields."""
    stage = AppStage(hello)
    upgrade = GET.replace(b"\r\n\r\n", b"\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert (await stage.exchange(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n")) == b""
    assert stage.scopes == []
    assert await stage.exchange(upgrade) == b"HTTP/1.1 200 OK\r\n" + KEPT + b"Content-Length: 2\r\n\r\nok"
    assert (b"upgrade", b"h2c") in stage.scopes[0]["headers"]
    taken: list[str] = []
    stage.server.on("upgrade", lambda req, socket, head: (taken.append(req.method), socket.destroy()))
    stage.server.on("connect", lambda req, socket, head: (taken.append(req.method), socket.destroy()))
    assert await stage.exchange(upgrade) == b""
    assert await stage.exchange(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n") == b""
    assert (taken, len(stage.scopes)) == (["GET", "CONNECT"], 1)
    await stage.close()


async def test_mounts_have_states_and_lifespans_of_their_own() -> None:
    """An application may be mounted twice."""
    begun: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            begun.append(scope["type"])
            scope["state"]["number"] = len(begun)
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send(START)
            await send(body(b"%d" % scope["state"]["number"]))

    server = asgi.create_server(app, path="/a")
    mounts = [asgi.attach(server, app, path="/b"), asgi.attach(server, app, path="/c")]
    assert [(await ask(server, path))[1] for path in ("/a", "/b", "/c")] == [b"1", b"2", b"3"]
    assert [mount.state for mount in mounts] == [{"number": 2}, {"number": 3}]
    await server.close()


async def test_a_server_may_listen_before_an_application_comes() -> None:
    """And `listen` is called once, as ever."""
    async with http.create_server(lambda req, res: res.end("node")) as server:
        await server.listen(0, "127.0.0.1")
        asgi.attach(server, saying("app"))
        with pytest.raises(ServerAlreadyListenError):
            await server.listen(0)


async def test_the_last_request_of_a_connection_says_so() -> None:
    """With `max_requests_per_socket` as everywhere."""
    stage = AppStage(hello, max_requests_per_socket=1)
    assert await stage.exchange(GET) == b"HTTP/1.1 200 OK\r\n" + ENDED + b"Content-Length: 2\r\n\r\nok"
    await stage.close()
