"""The guide to deployment, as real processes: its signals, and nginx in front of it."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.loops import TIMEOUT
from tests.kit.programs import Program, free_port, python
from tests.kit.raw_client import connect, read_all, read_until, request, talk
from tests.test_docs import DOCS, pieces_of

PIECES = pieces_of((DOCS / "guides" / "deployment.md").read_text("utf-8"))
EVENTS = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def block(kind: str, word: str) -> str:
    """Return the one block of a kind that has `word` in it."""
    (found,) = [piece.text for piece in PIECES if piece.kind == kind and word in piece.text]
    return found


# -- the program ---------------------------------------------------------------


def test_the_port_is_known_and_printed(tmp_path: Path) -> None:
    """Without PORT the program listens where the guide says, with it where it says, and logs that."""
    script = tmp_path / "server.py"
    script.write_text(block("python", '"PORT"'))
    assert '"PORT", "8080"' in script.read_text()
    port = free_port()
    with python(str(script), PORT=str(port)) as program:
        talk_when_ready(port)
        assert program.stop() == 0
        assert f"INFO:root:listening on port {port}\n" in program.errors()


def talk_when_ready(port: int) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            assert talk(port, request("/health")).endswith(b"ok\n")
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline


# -- signals -------------------------------------------------------------------


@contextlib.contextmanager
def watching(folder: Path, *, hanging: bool = False, deadline: int = 30_000) -> Iterator[tuple[Program, int]]:
    """Run the recipe that tells long answers of a stop; `hanging`: what `/hang` asks is never answered."""
    text = block("python", "def watch").replace("listen(3000", "listen(0")
    text = text.replace("http.run()", f"http.run(shutdown_timeout={deadline})")
    if hanging:
        text = text.replace("http.create_server(watch)", "http.create_server(either)")
        text = text.replace(
            "\nserver =",
            "\ndef either(req, res):\n    if req.url != '/hang':\n        watch(req, res)\n\n\nserver =",
        )
    script = folder / "watch.py"
    script.write_text(text)
    with python(str(script)) as program:
        yield program, program.port()


@contextlib.contextmanager
def watcher(port: int) -> Iterator[socket.socket]:
    with connect(port) as client:
        client.sendall(EVENTS)
        read_until(client, b"data: hello\n\n\r\n")
        yield client


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_says_goodbye_to_watchers(tmp_path: Path, number: signal.Signals) -> None:
    """Whoever watches gets the last event and a whole response, and the program ends with 0."""
    with watching(tmp_path) as (program, port), watcher(port) as client:
        program.signal(number)
        assert read_all(client) == b"c\r\nevent: bye\n\n\r\n0\r\n\r\n"
        assert program.wait() == 0
        assert program.errors() == ""


def test_the_deadline_holds_beside_a_handler_that_never_answers(tmp_path: Path) -> None:
    """What is never answered is cut at the deadline, and the program ends."""
    with watching(tmp_path, hanging=True, deadline=300) as (program, port), connect(port) as client:
        with watcher(port) as other:
            client.sendall(EVENTS.replace(b"/ ", b"/hang "))
            program.signal(signal.SIGTERM)
            assert b"bye" in read_all(other)
        assert read_all(client) == b""
        assert program.wait() == 0
        assert " cut 0.3 s after the drain began: " in program.errors()


def test_a_second_signal_ends_the_program(tmp_path: Path) -> None:
    """Whoever does not want to wait for the deadline sends the signal again."""
    with watching(tmp_path, hanging=True) as (program, port), connect(port) as client, watcher(port) as other:
        client.sendall(EVENTS.replace(b"/ ", b"/hang "))
        program.signal(signal.SIGTERM)
        read_all(other)  # the first has come through
        assert program.insist(signal.SIGTERM) == -signal.SIGTERM


def test_who_comes_while_the_server_closes_is_told_at_once(tmp_path: Path) -> None:
    """A request on a kept connection, right after the signal: the last event, and the end."""
    with watching(tmp_path) as (program, port), watcher(port) as first, connect(port) as late:
        late.sendall(b"OPTIONS * HTTP/1.1\r\n")  # begun before the signal
        program.signal(signal.SIGTERM)
        read_all(first)
        late.sendall(b"Host: a\r\n\r\n")
        assert read_all(late).endswith(b"c\r\nevent: bye\n\n\r\n0\r\n\r\n")
        assert program.wait() == 0


# -- nginx ---------------------------------------------------------------------

APP = """
from writehead import http

server = http.create_server(keep_alive_timeout=75_000)
connections = set()
watchers = []


@server.on("request")
async def handle(req, res):
    if req.url == "/connections":
        connections.add(req.socket)
        res.end(str(len(connections)))
    elif req.url == "/seen":
        res.end("\\n".join(f"{name}: {value}" for name, value in sorted(req.headers.items())))
    elif req.url == "/events":
        res.write_head(200, {"Content-Type": "text/event-stream"})
        res.flush_headers()
        watchers.append(res)
    elif req.url == "/publish":
        for watcher in watchers:
            watcher.write("data: published\\n\\n")
        res.end()
    elif req.url == "/upload":
        size = 0
        async for chunk in req:
            if not size:
                print("the body has begun", flush=True)
            size += len(chunk)
        res.end(str(size))
    else:
        await req.bytes(limit=1000)


@server.on("upgrade")
async def echo(req, socket, head):
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n")
    socket.write(head)
    async for chunk in socket:
        socket.write(chunk)
    socket.end()


server.listen(path="app.sock", readable_all=True, writable_all=True)
server.on("listening", lambda: print("ready", flush=True))
http.run()
"""

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@pytest.fixture
def front(tmp_path: Path) -> Iterator[tuple[int, Program]]:
    """The port of an nginx with the configuration of the guide, and the program behind it."""
    if NGINX is None:
        pytest.skip("NO NGINX HERE: its configuration is not tried; apt-get install nginx-light")
    port = free_port()
    sample = block("nginx", "upstream app").replace("/run/app/app.sock", f"{tmp_path}/app.sock")
    sample = sample.replace("listen 80;", f"listen 127.0.0.1:{port};")
    temporary = "\n".join(
        f"    {name}_temp_path {tmp_path}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = "user root;\n" if os.geteuid() == 0 else ""
    head += f"daemon off;\nmaster_process off;\npid {tmp_path}/nginx.pid;\n"
    head += "events {}\nhttp {\n    access_log off;\n"
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(f"{head}{temporary}\n{textwrap.indent(sample, '    ')}}}\n")
    (tmp_path / "app.py").write_text(APP)
    with python("app.py", cwd=tmp_path) as app:
        assert app.line() == "ready"
        with Program(NGINX, "-p", str(tmp_path), "-e", "stderr", "-c", str(configuration)) as nginx:
            wait_for(port, nginx)
            yield port, app
            assert nginx.stop() == 0


def wait_for(port: int, nginx: Program) -> None:
    """Wait until nginx listens; it says so nowhere."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            connect(port).close()
            return
        except ConnectionRefusedError:
            assert nginx.process.poll() is None, nginx.errors()
            assert time.monotonic() < deadline


def test_nginx_keeps_its_connection_and_says_who_asks(front: tuple[int, Program]) -> None:
    """Several requests share a connection to the program, which hears of the client and of its Host."""
    port, _ = front
    for _ in range(3):
        assert talk(port, request("/connections")).endswith(b"\r\n\r\n1")
    seen = talk(port, request("/seen").replace(b"Host: a", b"Host: example.com:8443"))
    assert b"host: example.com:8443\n" in seen
    assert b"x-forwarded-for: 127.0.0.1\nx-forwarded-proto: http" in seen
    assert b"connection: " not in seen.partition(b"\r\n\r\n")[2]


def test_events_pass_nginx_at_once(front: tuple[int, Program]) -> None:
    """The head, and each event, is there as soon as it is sent, although the response goes on."""
    port, _ = front
    with connect(port) as client:
        client.sendall(EVENTS.replace(b"/ ", b"/events "))
        assert b"text/event-stream" in read_until(client, b"\r\n\r\n")
        for _ in range(2):
            talk(port, request("/publish"))
            read_until(client, b"data: published\n\n\r\n")


def test_a_large_body_passes_nginx_as_it_comes(front: tuple[int, Program]) -> None:
    """Five megabytes are no 413, and the program has the first before the client has sent the last."""
    port, app = front
    half = bytes(2_500_000)
    with connect(port) as client:
        client.sendall(request("/upload", f"Content-Length: {2 * len(half)}", method="PUT") + half)
        assert app.line() == "the body has begun"
        client.sendall(half)
        assert read_all(client).endswith(b"\r\n\r\n5000000")


def test_the_program_refuses_a_body_through_nginx(front: tuple[int, Program]) -> None:
    """The 413 of `limit=` comes before the whole body has been sent."""
    port, _ = front
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    with contextlib.closing(client):
        client.putrequest("PUT", "/limited")
        client.putheader("Content-Length", "5000000")
        client.endheaders(bytes(5000))
        assert client.getresponse().status == 413


def test_an_upgrade_passes_nginx(front: tuple[int, Program]) -> None:
    """Both directions are open after the 101."""
    port, _ = front
    with connect(port) as client:
        client.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        client.sendall(b"hello")
        assert read_until(client, b"hello") == b"hello"


def test_the_times_fit_together() -> None:
    """The program keeps idle connections longer than nginx, whose own limit is 60 seconds."""
    (kept,) = [
        int(text.replace("_", ""))
        for text in re.findall(r"keep_alive_timeout=(\d[\d_]*)", block("python", "RUNTIME_DIRECTORY"))
    ]
    assert kept > 60_000
    assert "keepalive_timeout" not in block("nginx", "upstream app")
