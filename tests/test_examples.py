"""Each example does what its first lines say: real processes, real bytes."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.kit.node import node
from tests.kit.programs import ROOT, Program, command, free_port, python
from tests.kit.raw_client import connect, read_all, read_until, request, reset, talk

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
    port = free_port()
    script = tmp_path / "ping.js"
    script.write_text(PING_JS.replace("PORT", str(port)))
    with Program(str(node()), str(script)) as program:
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
        reset(client)
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


def test_uploads_under_one_name_do_not_meet(tmp_path: Path) -> None:
    """Each has its own bytes and is told of these; the file is always that of one of them."""
    with example("upload.py", "0", str(tmp_path)) as program:
        port = program.port()
        with connect(port) as slow, connect(port) as lost:
            slow.sendall(request("/a", "Content-Length: 6", method="PUT", body=b"slo"))
            lost.sendall(request("/a", "Content-Length: 6", method="PUT", body=b"lo"))
            whole = request("/a", "Content-Length: 4", method="PUT", body=b"fast")
            assert talk(port, whole).endswith(b"\r\n\r\n8\r\n4 bytes\n\r\n0\r\n\r\n")
            assert (tmp_path / "a").read_bytes() == b"fast"
            assert program.line() == "a: 4 bytes"
            lost.close()
            assert program.line() == "a: broken off (ECONNRESET)"
            slow.sendall(b"wer")
            answer = read_all(slow)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")  # there was such a file
            assert answer.endswith(b"\r\n\r\n8\r\n6 bytes\n\r\n0\r\n\r\n")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"slower"}
        assert program.stop() == 0
        assert program.errors() == ""


def test_an_upload_under_what_is_no_name(tmp_path: Path) -> None:
    """It is the client's fault, and said before the body is read; nothing is stored."""
    (tmp_path / "folder").mkdir()
    refused = [
        "/",
        "//",
        "/a/",
        "/..",
        "/a/..",
        "/.",
        "/%2e%2e",
        "/.a",
        "/%00",
        "/a%00b",
        "/a%0ab",
        "/%ff",
    ]
    refused += [f"/{'x' * 256}", f"/{'%C3%A9' * 128}", "http://a", "http://a/"]
    with example("upload.py", "0", str(tmp_path)) as program:
        port = program.port()
        for target in refused:
            answer = talk(port, request(target, "Content-Length: 1", method="PUT", body=b"b"))
            assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), target
        part = request("/a", "Content-Length: 1", "Content-Range: bytes 1-1/2", method="PUT", body=b"b")
        assert talk(port, part).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        taken = request("/folder", "Content-Length: 1", method="PUT", body=b"b")
        assert talk(port, taken).startswith(b"HTTP/1.1 409 Conflict\r\n")
        large = request("/a", f"Content-Length: {(1 << 30) + 1}", method="PUT")
        assert talk(port, large).startswith(b"HTTP/1.1 413 Payload Too Large\r\n")
        assert [path.name for path in tmp_path.iterdir()] == ["folder"]
        assert program.stop() == 0
        assert program.errors() == ""


def test_an_upload_under_any_other_name(tmp_path: Path) -> None:
    """A name that is not ASCII, or that has what a URL must not, is stored; Location names it."""
    targets = {
        "/%E2%82%AC%20a%3F.txt?b": ("\u20ac a?.txt", "/%E2%82%AC%20a%3F.txt"),
        "http://a/b": ("b", "/b"),
        f"/{'x' * 255}": ("x" * 255, f"/{'x' * 255}"),
        "//[": ("[", "/%5B"),
    }
    with example("upload.py", "0", str(tmp_path)) as program:
        port = program.port()
        for target, (name, location) in targets.items():
            answer = talk(port, request(target, "Content-Length: 1", method="PUT", body=b"b"))
            assert answer.startswith(f"HTTP/1.1 201 Created\r\nLocation: {location}\r\n".encode()), target
            assert (tmp_path / name).read_bytes() == b"b"
        assert program.stop() == 0
        assert program.errors() == ""


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
        assert re.sub(rb'"[0-9a-f]+-[0-9a-f]+"', b"<tag>", head) == (
            b"HTTP/1.1 200 OK\r\nETag: <tag>\r\nAccept-Ranges: bytes\r\n"
            b"Content-Type: application/octet-stream\r\n"
            b"Date: <date>\r\nConnection: close\r\nContent-Length: 2000000"
        )
        assert program.line() == "a.bin: sent"
        part = talk(port, request("/a.bin", "Range: bytes=10-19"))
        assert part.startswith(b"HTTP/1.1 206 Partial Content\r\n")
        assert part.endswith(b"\r\n\r\n" + body[10:20])
        assert talk(port, request("http://a/a.bin?b")).endswith(body)
        assert program.stop() == 0
        assert program.errors() == ""


def test_a_download_of_what_is_not_there(tmp_path: Path) -> None:
    """Whatever cannot be opened below the directory is 404, quietly; a method that it does not have is 405."""
    (tmp_path / "in" / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "in" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "in" / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "in" / "pipe")
    long = "x" * 300
    targets = [
        "/b",
        "/../secret",
        "/..%2fsecret",
        "/",
        "//",
        "//[",
        "/%00",
        "/a%00b",
        "/folder",
        "/out",
        "/loop",
        "/loop/a",
        "/pipe",
        "/%ff",
        "http://a",
    ]
    with example("download.py", "0", str(tmp_path / "in")) as program:
        port = program.port()
        for target in (*targets, f"/{long}", "/a" * 4000):
            assert talk(port, request(target)).startswith(b"HTTP/1.1 404 Not Found\r\n"), target
        refused = talk(port, request("/b", "Content-Length: 1", method="PUT", body=b"b"))
        assert refused.startswith(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n")
        assert program.stop() == 0
        assert program.errors() == ""


#: A Range field, and the range of ten bytes that it stands for: None is the whole file, () is none of them.
RANGES: list[tuple[str, tuple[int, int] | tuple[()] | None]] = [
    ("bytes=0-0", (0, 0)),
    ("bytes=2-5", (2, 5)),
    ("bytes=0-", (0, 9)),
    ("bytes=9-", (9, 9)),
    ("bytes=0-9", (0, 9)),
    ("bytes=4-99", (4, 9)),
    ("bytes=-1", (9, 9)),
    ("bytes=-3", (7, 9)),
    ("bytes=-99", (0, 9)),
    ("Bytes=2-5", (2, 5)),
    ("bytes=,2-5 ,", (2, 5)),
    ("bytes=0002-0005", (2, 5)),
    ("bytes=" + "0" * 9000 + "2-5", (2, 5)),
    ("bytes=2-" + "9" * 9000, (2, 9)),
    ("bytes=-" + "9" * 9000, (0, 9)),
    ("bytes=10-", ()),
    ("bytes=10-12", ()),
    ("bytes=-0", ()),
    ("bytes=" + "9" * 9000 + "-", ()),
    ("bytes=5-2", ()),
    ("bytes=99-2", ()),
    ("bytes=-", None),
    ("bytes=", None),
    ("bytes", None),
    ("bytes=,", None),
    ("bytes=--1", None),
    ("bytes=1--2", None),
    ("bytes=a-b", None),
    ("bytes=1-2-3", None),
    ("bytes=+1-2", None),
    ("bytes=1 - 2", None),
    ("bytes=0x1-2", None),
    ("bytes=1_0-", None),
    ("bytes=0-1,3-4", None),
    ("bytes=99-, 1-2", None),
    ("lines=0-1", None),
    ("2-5", None),
    ("=2-5", None),
]


def test_a_download_of_a_part(tmp_path: Path) -> None:
    """A range that is there is 206, one that is not, or ends before it begins, 416; what is no range is ignored (RFC 9110, 14.2)."""
    (tmp_path / "a").write_bytes(b"0123456789")
    with example("download.py", "0", str(tmp_path)) as program, connect(program.port()) as client:
        for field, part in RANGES:
            client.sendall(f"GET /a HTTP/1.1\r\nHost: a\r\nRange: {field}\r\n\r\n".encode())
            head, body = one_answer(client)
            says = re.findall(rb"(?m)^Content-Range: ([^\r]+)", head)
            if part:
                assert head.startswith(b"HTTP/1.1 206 "), field
                assert says == [b"bytes %d-%d/10" % part], field
                assert body == b"0123456789"[part[0] : part[1] + 1], field
            elif part is None:
                assert (head[:13], says, body) == (b"HTTP/1.1 200 ", [], b"0123456789"), field
            else:
                assert (head[:13], says) == (b"HTTP/1.1 416 ", [b"bytes */10"]), field
        client.close()
        assert program.stop() == 0
        assert program.errors() == ""


def one_answer(client: socket.socket) -> tuple[bytes, bytes]:
    """Read the head of a response, and as much of a body as its Content-Length says."""
    head = read_until(client, b"\r\n\r\n", piece=1)
    length = re.search(rb"(?m)^Content-Length: (\d+)", head)
    body = client.recv(int(length[1]), socket.MSG_WAITALL) if length is not None else b""
    return head, body


def test_a_download_of_a_version(tmp_path: Path) -> None:
    """Who has the file gets 304; a part is given of the version that the client has, and to GET alone."""
    (tmp_path / "a").write_bytes(b"0123456789")
    with example("download.py", "0", str(tmp_path)) as program:
        port = program.port()
        head = talk(port, request("/a", "Range: bytes=2-5", method="HEAD"))
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nContent-Length: 10\r\n" in head
        match = re.search(r'ETag: ("[^"]+")', head.decode())
        assert match is not None
        tag = match[1]
        for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
            got = talk(port, request("/a", f"If-None-Match: {known}", "Range: bytes=2-5"))
            assert got.startswith(b"HTTP/1.1 304 Not Modified\r\nETag: " + tag.encode()), known
        assert talk(port, request("/a", 'If-None-Match: "x"')).startswith(b"HTTP/1.1 200 OK\r\n")
        for condition, status in ((tag, 206), ('"x"', 200), ("Tue, 24 Nov 2026 12:00:00 GMT", 200)):
            got = talk(port, request("/a", f"If-Range: {condition}", "Range: bytes=2-5"))
            assert got.startswith(b"HTTP/1.1 %d " % status), condition


def test_a_download_of_an_empty_file(tmp_path: Path) -> None:
    """A file without a byte is an answer of length 0; it has no part but its last bytes, however many."""
    (tmp_path / "empty.txt").touch()
    with example("download.py", "0", str(tmp_path)) as program:
        port = program.port()
        for lines in ((), ("Range: bytes=-5",), ("Range: bytes=-",)):
            answer = talk(port, request("/empty.txt", *lines))
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nContent-Type: text/plain\r\n" in answer
            assert answer.endswith(b"\r\nContent-Length: 0\r\n\r\n")
        for field in ("bytes=0-", "bytes=0-0", "bytes=-0"):
            answer = talk(port, request("/empty.txt", f"Range: {field}"))
            assert answer.startswith(b"HTTP/1.1 416 Range Not Satisfiable\r\n")
            assert b"\r\nContent-Range: bytes */0\r\n" in answer


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


def test_an_application_and_handlers_share_a_port() -> None:
    """Each has its path; the handler sends a 102 before and a trailer behind, and the socket may be given away."""
    path = EXAMPLES / "below_asgi.py"
    with command(f"{path}:server", "--port", "0") as program:
        while (found := re.search(r"listening on http://127.0.0.1:(\d+)\n", program.errors())) is None:
            assert program.process.poll() is None, program.errors()
            time.sleep(0.01)
        port = int(found[1])
        assert talk(port, request("/api/hello")).endswith(b"\r\n\r\n/api/hello below /api\n")
        got = talk(port, request("/"))
        assert got.startswith(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n")
        assert got.endswith(b"\r\n9\r\na report\n\r\n0\r\nX-Rows: 1\r\n\r\n")
        with connect(port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nhello")
            assert read_until(client, b"HELLO").startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
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
