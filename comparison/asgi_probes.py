"""What is asked of ASGI servers."""

from __future__ import annotations

import signal
import socket
import ssl
import tempfile
import time
from pathlib import Path

from comparison.client import (
    Client,
    Response,
    key,
    read_all,
    read_until,
    request,
    reset,
    send_until_blocked,
)
from comparison.servers import certificate, running, wait_until_ready
from comparison.verdicts import Tried, Unready, Verdict, check, not_offered, probe

SCOPE = "ASGI: the scope"
LIFESPAN = "ASGI: lifespan"
RECEIVE = "ASGI: receive"
SEND = "ASGI: send"
ENDS = "ASGI: failures and the end"
EXTENSIONS = "ASGI: extensions"
SIZE = 64 << 20


@probe(SCOPE, "`raw_path` is the path as it was sent, and has no query")
def raw_path(tried: Tried) -> Verdict:
    got = tried.get("/echo/a%2Fb?x=1").json()
    return check(got.get("raw_path") == "/echo/a%2Fb", got.get("raw_path"))


@probe(SCOPE, "`path` is decoded from UTF-8, and `+` stays")
def path(tried: Tried) -> Verdict:
    got = tried.get("/echo/caf%C3%A9+x").json()["path"]
    return check(got == "/echo/café+x", got)


@probe(SCOPE, "A target that is no UTF-8 is a request or a 400")
def bad_utf8(tried: Tried) -> Verdict:
    status = tried.get("/echo/%FF").status
    return check(status in (200, 400), status or "no response")


@probe(SCOPE, "Headers keep their order and their doubles; names are in lower case")
def headers(tried: Tried) -> Verdict:
    got = tried.get("/echo", "X-B: 1", "X-A: 2", "X-B: 3", "Cookie: a=1", "Cookie: b=2").json()["headers"]
    mine = [tuple(each) for each in got if each[0].startswith("x-") or each[0] == "cookie"]
    return check(
        mine == [("x-b", "1"), ("x-a", "2"), ("x-b", "3"), ("cookie", "a=1"), ("cookie", "b=2")], mine
    )


@probe(SCOPE, "A target in absolute form: its path, and its authority as `host`")
def absolute_form(tried: Tried) -> Verdict:
    answer = tried.get("http://other:81/echo?x=1")
    if answer.status != 200:
        return check(False, f"status {answer.status}")
    got = answer.json()
    hosts = [value for name, value in got["headers"] if name == "host"]
    return check((got["path"], hosts) == ("/echo", ["other:81"]), f"{got['path']}, {hosts}")


@probe(SCOPE, "With a root path that a proxy has removed, `path` begins with it")
def root_path(tried: Tried) -> Verdict:
    with tried.another(tried.server.root_path.format("/api")) as (client, _):
        answer = client.get("/echo/a")
        if answer.status != 200:
            return check(False, f"status {answer.status}")
        got = answer.json()
    return check(
        (got["root_path"], got["path"]) == ("/api", "/api/echo/a"), f"{got['root_path']}, {got['path']}"
    )


@probe(SCOPE, "An IPv4 client of a socket for IPv4 and IPv6 has an IPv4 address")
def dual_stack(tried: Tried) -> Verdict:
    host = "[::]" if tried.server.name in ("hypercorn", "gunicorn") else "::"
    try:
        with tried.another(host=host) as (client, _):
            got = client.get("/echo").json()["client"]
    except Unready:
        return not_offered("IPv4 is refused")
    return check(got[0] == "127.0.0.1", got[0])


@probe(SCOPE, "`state` of one request is not seen by another")
def state(tried: Tried) -> Verdict:
    tried.get("/state")
    got = tried.get("/state").json()
    return check(got == ["kept", None], got)


@probe(SCOPE, "Context variables that are set at startup are seen by requests, those of requests are not")
def context(tried: Tried) -> Verdict:
    tried.get("/context")
    got = tried.get("/context").body.decode()
    return check(got == "set at startup", got)


# -- lifespan ------------------------------------------------------------------------


@probe(LIFESPAN, "Clients are refused until startup is complete")
def startup_first(tried: Tried) -> Verdict:
    with running(tried.server, "asgi", PROBE_STARTUP="slow") as made:
        client = Client(made.port)
        begun = time.monotonic()
        assert wait_until_ready(made), made.log()
        opened = time.monotonic()
        ok = client.get("/state").json() == ["kept", None]
        done = time.monotonic()
    waited = done - opened
    return check(
        ok and waited < 0.8, f"connected after {opened - begun:.1f} s, response after {waited:.1f} s more"
    )


@probe(LIFESPAN, "A startup that failed ends the process with an exit code")
def startup_failed(tried: Tried) -> Verdict:
    with running(tried.server, "asgi", PROBE_STARTUP="failed") as made:
        try:
            code = made.program.process.wait(8)
        except Exception:
            return check(False, "runs on")
    return check(code != 0, f"exit code {code}")


@probe(LIFESPAN, "A port that is taken is found before the application starts")
def taken_port(tried: Tried) -> Verdict:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        path = Path(folder) / "started"
        port = taken.getsockname()[1]
        with running(tried.server, "asgi", port=port, PROBE_STARTUP="tell", PROBE_FILE=str(path)) as made:
            try:
                code = made.program.process.wait(8)
            except Exception:
                return check(False, "runs on")
        return check(
            code != 0 and not path.exists(),
            f"exit code {code}, {'started' if path.exists() else 'not started'}",
        )


@probe(LIFESPAN, "At a stop, shutdown comes after the last response")
def shutdown_last(tried: Tried) -> Verdict:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said"
        with tried.another(PROBE_FILE=str(path)) as (client, made), client.connect() as sock:
            sock.sendall(request("/late"))
            time.sleep(0.2)
            made.program.signal(signal.SIGTERM)
            answer = read_all(sock)
            made.program.process.wait(15)
        said = path.read_text() if path.exists() else ""
    return check(
        b"late" in answer and said == "shutdown",
        f"{'answered' if b'late' in answer else 'cut'}, {said or 'no shutdown'}",
    )


# -- receive --------------------------------------------------------------------------


@probe(RECEIVE, "`100 Continue` is sent by the first `receive`")
def expect_continue(tried: Tried) -> Verdict:
    with tried.connect() as sock:
        sock.sendall(request("/upload", "Expect: 100-continue", "Content-Length: 5", method="POST"))
        first = read_until(sock, b"\r\n\r\n", 3)
        sock.sendall(b"hello")
        rest = read_all(sock)
    return check(
        first.startswith(b"HTTP/1.1 100") and Response(rest).body == b"5", first[:12].decode() or "nothing"
    )


@probe(RECEIVE, "No `100 Continue` if the application responds without reading")
def no_continue(tried: Tried) -> Verdict:
    with tried.connect() as sock:
        sock.sendall(request("/ignore", "Expect: 100-continue", "Content-Length: 5", method="POST"))
        got = read_until(sock, b"ignored", 3)
    return check(got.startswith(b"HTTP/1.1 200"), got[:12].decode() or "nothing")


@probe(RECEIVE, "An upload that is not read makes its client wait")
def back_pressure_in(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/unread?key={mine}", f"Content-Length: {SIZE}", method="POST"))
        sent = send_until_blocked(sock, SIZE)
        tried.tell(f"{mine}go")
    return check(sent < SIZE, f"{sent >> 20} of {SIZE >> 20} MiB taken")


@probe(RECEIVE, "A body that is cut short is `http.disconnect`, never the end of a body")
def cut_body(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/cut_body?key={mine}", "Content-Length: 100", method="POST") + b"half")
        time.sleep(0.2)
    got = tried.seen(mine)
    return check(got[-1].startswith("http.disconnect"), got[-1])


@probe(RECEIVE, "A chunked body with a broken chunk is not passed on as whole")
def broken_chunk(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        head = request(f"/cut_body?key={mine}", "Transfer-Encoding: chunked", method="POST")
        sock.sendall(head + b"4\r\nhalf\r\n")
        time.sleep(0.2)
        sock.sendall(b"zz\r\n")
        read_all(sock, 3)
    got = tried.seen(mine)
    return check(got[-1].startswith("http.disconnect"), got[-1])


@probe(RECEIVE, "`http.disconnect` comes while the response is under way, and again")
def disconnect(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/leave?key={mine}"))
        read_until(sock, b"x\r\n")
    got = tried.seen(mine)
    return check(got == ["http.disconnect"] * 2, got)


@probe(RECEIVE, "`http.disconnect` comes when the response is complete")
def disconnect_after(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/after?key={mine}", close=False))
        read_until(sock, b"done")
        got = tried.seen(mine)
    return check(got == ["http.disconnect"], got[0])


# -- send ------------------------------------------------------------------------------


@probe(SEND, "The head of an event stream leaves before its first event")
def head_first(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/head_first?key={mine}"))
        early = read_until(sock, b"\r\n\r\n", 2)
        tried.tell(mine)
        rest = read_all(sock)
    return check(
        early.startswith(b"HTTP/1.1 200") and b"late" in rest, "at once" if early else "with the body"
    )


@probe(SEND, "A response in one piece has a `Content-Length`")
def length(tried: Tried) -> Verdict:
    answer = tried.get("/hello")
    return check(
        answer.field("content-length") == "5",
        answer.field("transfer-encoding") or answer.field("content-length"),
    )


@probe(SEND, "More bytes than `content-length` says are not sent")
def too_many(tried: Tried) -> Verdict:
    answer = tried.get("/too_many")
    return check(
        answer.status == 500 or answer.body in (b"", b"01234"),
        f"{answer.status}, {answer.body[:20].decode()}",
    )


@probe(SEND, "After fewer bytes than `content-length` says, the connection is not used again")
def too_few(tried: Tried) -> Verdict:
    with tried.connect() as sock:
        sock.sendall(request("/too_few", close=False))
        time.sleep(0.3)
        sock.sendall(request("/hello"))
        got = read_all(sock, 3)
    return check(
        b"hello" not in got or got.startswith(b"HTTP/1.1 500"), got.partition(b"\r\n\r\n")[2][:40].decode()
    )


@probe(SEND, "A header value with a line break is not sent")
def injection(tried: Tried) -> Verdict:
    answer = tried.get("/injection")
    return check(answer.field("set-cookie") is None, f"status {answer.status}")


@probe(SEND, "`send` waits while the client does not read")
def back_pressure_out(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/flood?key={mine}"))
        got = tried.seen(mine)[0]
        reset(sock)
    return check(got < 64 << 20, f"{got >> 20} MiB taken in 2 s")


@probe(SEND, "`send` raises an `OSError` after the client has left")
def send_on(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/send_on?key={mine}"))
        read_until(sock, b"x\r\n")
    got = tried.seen(mine)[0]
    return check(got == "OSError", got)


@probe(SEND, "204 and 304 have no body and no chunks")
def no_body(tried: Tried) -> Verdict:
    said = []
    for status in (204, 304):
        raw = tried.get(f"/status?status={status}").raw
        said.append(raw.partition(b"\r\n\r\n")[2] == b"" and b"chunked" not in raw.lower())
    return check(all(said), "without" if all(said) else "with a body")


@probe(SEND, "The response to HEAD keeps the `content-length` of the application")
def head(tried: Tried) -> Verdict:
    answer = tried.get("/head", method="HEAD")
    rest = answer.raw.partition(b"\r\n\r\n")[2]
    return check(
        answer.field("content-length") == "1234" and not rest, answer.field("content-length") or "none"
    )


@probe(SEND, "HTTP/1.0 gets no chunks")
def http10(tried: Tried) -> Verdict:
    raw = tried.talk(request("/lines", version="1.0"))
    return check(raw.endswith(b"\r\n\r\nonetwothree"), "chunks" if b"\r\n0\r\n" in raw else "none")


@probe(SEND, "Pipelined requests are answered in order")
def pipelining(tried: Tried) -> Verdict:
    both = request("/lines", close=False) + request("/hello")
    raw = tried.talk(both)
    return check(0 < raw.find(b"three") < raw.find(b"hello"), f"{raw.count(b'HTTP/1.1 200')} responses")


@probe(SEND, "What runs behind a response does not hold up the next request")
def background(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/background?key={mine}", close=False))
        read_until(sock, b"done")
        sock.sendall(request("/hello"))
        got = read_until(sock, b"hello", 3)
    tried.tell(mine)
    return check(b"hello" in got, "at once" if b"hello" in got else "waits")


# -- failures and the end ------------------------------------------------------------------


@probe(ENDS, "An exception before the head is a 500")
def fail_before(tried: Tried) -> Verdict:
    status = tried.get("/fail_before").status
    return check(status == 500, status or "no response")


@probe(ENDS, "An exception between head and body is a 500, without headers of the application")
def fail_between(tried: Tried) -> Verdict:
    answer = tried.get("/fail_between")
    return check(answer.status == 500 and answer.field("x-own") is None, answer.status or "no response")


@probe(ENDS, "An exception inside the body cuts the connection: no client takes it for whole")
def fail_after(tried: Tried) -> Verdict:
    answer = tried.get("/fail_after")
    return check(
        answer.body == b"part" and not answer.is_complete,
        "cut" if not answer.is_complete else "ends as if whole",
    )


@probe(ENDS, "An application that returns without a response: 500")
def nothing(tried: Tried) -> Verdict:
    status = tried.get("/nothing").status
    return check(status == 500, status or "no response")


@probe(ENDS, "At a stop, what was asked is answered, and the process ends by itself or by the signal")
def graceful(tried: Tried) -> Verdict:
    with tried.another() as (client, made), client.connect() as sock:
        sock.sendall(request("/late"))
        time.sleep(0.2)
        made.program.signal(signal.SIGTERM)
        answer = Response(read_all(sock))
        code = made.program.process.wait(20)
    return check(
        answer.body == b"late" and code in (0, -signal.SIGTERM), f"status {answer.status}, exit code {code}"
    )


@probe(ENDS, "At a stop, an open event stream is told, and may say its last words")
def events_at_stop(tried: Tried) -> Verdict:
    with tried.another() as (client, made), client.connect() as sock:
        sock.sendall(request("/events"))
        read_until(sock, b"data: 0")
        begun = time.monotonic()
        made.program.signal(signal.SIGTERM)
        rest = read_all(sock, 8)
        took = time.monotonic() - begun
    return check(
        b"bye" in rest and took < 5, f"{'last words' if b'bye' in rest else 'no last words'}, {took:.0f} s"
    )


@probe(ENDS, "At a stop, an idle keep-alive connection holds nobody up")
def idle_at_stop(tried: Tried) -> Verdict:
    with tried.another() as (client, made), client.connect() as sock:
        sock.sendall(request("/hello", close=False))
        read_until(sock, b"hello")
        begun = time.monotonic()
        made.program.signal(signal.SIGTERM)
        made.program.process.wait(20)
    took = time.monotonic() - begun
    return check(took < 3, f"{took:.1f} s")


# -- extensions ------------------------------------------------------------------------------


def offers(tried: Tried, extension: str) -> bool:
    return extension in tried.get("/echo").json()["extensions"]


@probe(EXTENSIONS, "Early hints (103)")
def hints(tried: Tried) -> Verdict:
    if not offers(tried, "http.response.early_hint"):
        return not_offered()
    raw = tried.get("/hints").raw
    return check(raw.startswith(b"HTTP/1.1 103") and b"HTTP/1.1 200" in raw, raw[:12].decode())


@probe(EXTENSIONS, "Trailers")
def trailers(tried: Tried) -> Verdict:
    if not offers(tried, "http.response.trailers"):
        return not_offered()
    raw = tried.get("/trailers", "TE: trailers").raw
    return check(raw.endswith(b"0\r\nx-sum: 1\r\n\r\n"), raw[-20:])


@probe(EXTENSIONS, "Files by their path (pathsend)")
def pathsend(tried: Tried) -> Verdict:
    if not offers(tried, "http.response.pathsend"):
        return not_offered()
    answer = tried.get("/pathsend")
    return check(answer.body == b"0123456789" * 1000, f"{len(answer.body)} of 10000 bytes")


@probe(EXTENSIONS, "Parts of open files (zerocopysend)")
def zerocopy(tried: Tried) -> Verdict:
    if not offers(tried, "http.response.zerocopysend"):
        return not_offered()
    answer = tried.get("/zerocopy")
    return check(answer.body == b"5678901234", answer.body[:20])


@probe(EXTENSIONS, "What TLS has agreed on (tls)")
def tls(tried: Tried) -> Verdict:
    cert, key_file = certificate()
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with tried.another(tried.server.tls.format(cert, key_file)) as (client, _):
        if "tls" not in client.get("/echo", tls=context).json()["extensions"]:
            return not_offered()
        got = client.get("/tls", tls=context).json()
    return check(got == [0x0304, True], got)
