"""Applications of real frameworks, served by the command, tried by real clients."""

from __future__ import annotations

import hashlib
import random
import select
import signal
import socket
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.apps.applications import Application, Served, that_have
from tests.apps.conftest import DATA
from tests.kit.loops import TIMEOUT
from tests.kit.raw_client import connect, read_all

Serve = Callable[[Application | str], Served]

UPLOAD = random.Random(2).randbytes(20 << 20)


def apps(feature: str) -> pytest.MarkDecorator:
    """Parametrize a test by the applications that have a feature."""
    found = that_have(feature)
    return pytest.mark.parametrize("app", found, ids=[each.name for each in found])


def key() -> str:
    """Return a key that no other test has."""
    return uuid.uuid4().hex


@apps("hello")
def test_hello(serve: Serve, app: Application) -> None:
    """A text, by GET and by HEAD, several times on one connection."""
    with serve(app).client() as client:
        for _ in range(3):
            answer = client.get("/hello")
            assert (answer.status_code, answer.text, answer.http_version) == (200, "hello", "HTTP/1.1")
        assert client.head("/hello").text == ""
        assert client.get("/nowhere").status_code == 404


@apps("url")
def test_the_url_that_the_framework_sees(serve: Serve, app: Application) -> None:
    """The path decoded, the query as it was sent, the address of the client."""
    with serve(app).client() as client:
        got = client.get("/url/caf%C3%A9/a%20b?x=%C3%A9&y=1+2").json()
    assert got["query"] == "x=%C3%A9&y=1+2"
    assert got["path"] in ("/url/café/a b", "/url/caf%C3%A9/a%20b")
    assert got["client"] == "127.0.0.1"


@apps("stream")
def test_a_stream_arrives_piece_by_piece(serve: Serve, app: Application) -> None:
    """The first piece is with the client before the second is made, which waits for it."""
    served, mine = serve(app), key()
    with served.client() as client, client.stream("GET", f"/stream/{mine}") as answer:
        pieces = answer.iter_text()
        assert next(pieces) == "first\n"
        served.open(f"go {mine}")
        assert "".join(pieces) == "second\n"


@apps("events")
def test_an_event_stream_ends_with_its_client(serve: Serve, app: Application) -> None:
    """The first event comes at once; when the client has left, the `finally` of the generator runs."""
    served, mine = serve(app), key()
    before = served.tracebacks()
    with served.client() as client, client.stream("GET", f"/events/{mine}") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert next(answer.iter_lines()).startswith("data: 0")
    assert served.wait(f"left {mine}") == "open"
    assert served.tracebacks() == before


@apps("upload")
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_large_upload(serve: Serve, app: Application, chunked: bool) -> None:
    """20 MB, with a length or in chunks: every byte arrives, in order."""
    body: Any = (UPLOAD[at : at + 100_000] for at in range(0, len(UPLOAD), 100_000)) if chunked else UPLOAD
    with serve(app).client() as client:
        answer = client.post("/upload", content=body)
    expected = UPLOAD
    if chunked and app.name == "django-wsgi":  # Django reads no body of WSGI without a length
        expected = b""
    assert answer.json() == {"size": len(expected), "sha256": hashlib.sha256(expected).hexdigest()}


@apps("form")
def test_a_form_with_a_file(serve: Serve, app: Application) -> None:
    """A file in a form, of 5 MB."""
    data = UPLOAD[: 5 << 20]
    with serve(app).client() as client:
        answer = client.post("/form", files={"file": ("a.bin", data)})
    assert answer.json() == {"name": "a.bin", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@apps("slow")
def test_an_upload_waits_for_its_reader(serve: Serve, app: Application) -> None:
    """While the application does not read, its client cannot send on: nobody keeps 20 MB in memory."""
    served, mine = serve(app), key()
    with connect(served.port) as client:
        head = f"POST /slow/{mine} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(UPLOAD)}\r\n\r\n"
        client.sendall(head.encode())
        sent = send_until_blocked(client, UPLOAD)
        assert served.wait(f"reading {mine}") == "open"
        assert sent < len(UPLOAD)
        served.open(f"go {mine}")
        client.settimeout(TIMEOUT)
        client.sendall(UPLOAD[sent:])
        assert b'"size":%d}' % len(UPLOAD) in read_all(client).replace(b" ", b"")


def send_until_blocked(client: socket.socket, data: bytes) -> int:
    """Send until the system takes no more for a while; return how much it took."""
    client.setblocking(False)
    sent = 0
    while sent < len(data) and select.select([], [client], [], 0.5)[1]:
        sent += client.send(data[sent : sent + (1 << 18)])
    return sent


@apps("file")
def test_a_file(serve: Serve, app: Application) -> None:
    """Its bytes, its length; by HEAD its length alone."""
    with serve(app).client() as client:
        answer = client.get("/file")
        assert answer.content == DATA
        assert int(answer.headers["content-length"]) == len(DATA)
        head = client.head("/file")
        if head.status_code != 405:
            assert (head.content, head.headers["content-length"]) == (b"", str(len(DATA)))
        assert client.get("/hello").text == "hello"


@apps("ranges")
def test_a_part_of_a_file(serve: Serve, app: Application) -> None:
    """206 with the bytes that were asked for, 416 behind the end."""
    with serve(app).client() as client:
        answer = client.get("/file", headers={"Range": "bytes=1000-1999"})
        assert (answer.status_code, answer.content) == (206, DATA[1000:2000])
        assert answer.headers["content-range"] == f"bytes 1000-1999/{len(DATA)}"
        assert client.get("/file", headers={"Range": f"bytes={len(DATA)}-"}).status_code == 416
        if app.name != "quart":  # it knows no ranges that count from the end, and fails
            assert client.get("/file", headers={"Range": "bytes=-5"}).content == DATA[-5:]


@apps("boom")
def test_an_exception_is_a_500(serve: Serve, app: Application) -> None:
    """And the server serves on."""
    served = serve(app)
    for _ in range(2):
        with served.client() as client:
            assert client.get("/boom").status_code == 500
    with served.client() as client:
        assert client.get("/hello").text == "hello"
    if app.name in ("starlette", "fastapi", "flask"):  # others do not log it unless they debug
        assert "LookupError: boom" in served.tracebacks()


@apps("background")
def test_a_background_task_runs_behind_the_response(serve: Serve, app: Application) -> None:
    """The response is with the client while the task still waits."""
    served, mine = serve(app), key()
    with served.client() as client:
        assert client.get(f"/background/{mine}").text == "accepted"
        served.open(f"go {mine}")
        assert served.wait(f"done {mine}") == "open"
        assert client.get("/hello").text == "hello"


@apps("state")
def test_what_was_made_at_the_start_is_there(serve: Serve, app: Application) -> None:
    """By the lifespan of ASGI."""
    with serve(app).client() as client:
        assert client.get("/state").text == "set at start"


# -- WebSockets ----------------------------------------------------------------


def websocket(served: Served, path: str, **more: Any) -> Any:
    """Return a connection of the library `websockets`."""
    from websockets.sync.client import connect as connect_websocket

    return connect_websocket(f"ws://127.0.0.1:{served.port}{path}", proxy=None, open_timeout=TIMEOUT, **more)


@apps("echo")
def test_a_websocket_echoes(serve: Serve, app: Application) -> None:
    """Texts and bytes, short and long, and in pieces; and the subprotocol that was asked for."""
    with websocket(serve(app), f"/ws/{key()}", subprotocols=["chat"], max_size=None) as client:
        assert client.subprotocol == "chat"
        messages: list[str | bytes] = ["hello", "é" * 100, b"\0\xff", "x" * 200_000, b"y" * 200_000]
        if app.name != "quart":  # it takes an empty message for none
            messages += ["", b""]
        for message in messages:
            client.send(message)
            assert client.recv(TIMEOUT) == message
        client.send(["he", "ll", "o"])
        assert client.recv(TIMEOUT) == "hello"
        assert client.ping().wait(TIMEOUT)


@apps("echo")
@pytest.mark.parametrize("code", [1000, 1011, 3000, 4001])
def test_a_websocket_is_closed_by_the_application(serve: Serve, app: Application, code: int) -> None:
    """Its code and its reason reach the client."""
    from websockets.exceptions import ConnectionClosed

    with websocket(serve(app), f"/ws/{key()}") as client:
        client.send(f"close {code}")
        with pytest.raises(ConnectionClosed):
            client.recv(TIMEOUT)
        assert (client.close_code, client.close_reason) == (code, "as asked")


@apps("close code")
@pytest.mark.parametrize(("code", "seen"), [(1000, "1000"), (4002, "4002"), (None, "1006")])
def test_a_websocket_is_closed_by_its_client(
    serve: Serve, app: Application, code: int | None, seen: str
) -> None:
    """The application is told the code; 1006 if the connection was lost without one."""
    served, mine = serve(app), key()
    with websocket(served, f"/ws/{mine}") as client:
        client.send("hello")
        assert client.recv(TIMEOUT) == "hello"
        if code is None:
            client.socket.shutdown(socket.SHUT_RDWR)
        else:
            client.close(code)
    allowed = (
        (seen,) if "writehead" in served.command else (seen, "1005")
    )  # what others say of a lost connection
    assert served.wait(f"closed {mine}") in allowed


@apps("echo")
def test_a_websocket_whose_client_leaves(serve: Serve, app: Application) -> None:
    """The consumer ends, whatever it is told, and nothing is logged."""
    served, mine = serve(app), key()
    before = served.tracebacks()
    with websocket(served, f"/ws/{mine}") as client:
        client.send("hello")
        assert client.recv(TIMEOUT) == "hello"
    assert served.wait(f"closed {mine}")
    assert served.tracebacks() == before


@apps("echo")
def test_a_websocket_that_is_refused(serve: Serve, app: Application) -> None:
    """The handshake is answered with 403."""
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as raised, websocket(serve(app), "/refused"):
        pass
    assert raised.value.response.status_code == 403


# -- the end -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["starlette", "flask"])
def test_a_stop_lets_requests_finish(serve_anew: Callable[[str], Served], name: str) -> None:
    """A response that has begun is finished after the signal; then the process ends with 0."""
    served, mine = serve_anew(name), key()
    with served.client() as control, served.client() as client:
        assert control.get("/hello").text == "hello"  # a connection that is open before the signal
        with client.stream("GET", f"/stream/{mine}") as answer:
            pieces = answer.iter_text()
            assert next(pieces) == "first\n"
            served.open(f"go {mine}")
            served.program.signal(signal.SIGTERM)
            assert "".join(pieces) == "second\n"
    ours = "writehead" in served.command
    assert served.program.wait() in ((0,) if ours else (0, -signal.SIGTERM))
