"""What is asked of WSGI servers."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from functools import partial

from comparison.client import Response, key, read_all, read_until, request
from comparison.verdicts import Tried, Verdict, check, probe

ENVIRON = "WSGI: environ and input"
RESPONSE = "WSGI: the response"

of_wsgi = partial(probe, interface="wsgi")


@of_wsgi(ENVIRON, "`PATH_INFO` is the decoded path, its bytes as latin-1")
def path_info(tried: Tried) -> Verdict:
    got = tried.get("/echo/%C3%A5%FF+").json()["PATH_INFO"]
    return check(got == "/echo/\u00c3\u00a5\u00ff+", ascii(got))


@of_wsgi(ENVIRON, "The target as it was sent is in `RAW_URI` or `REQUEST_URI`")
def raw_uri(tried: Tried) -> Verdict:
    got = tried.get("/echo/a%2Fb?x=1").json()
    raw = got.get("RAW_URI") or got.get("REQUEST_URI")
    return check(raw == "/echo/a%2Fb?x=1", raw)


@of_wsgi(ENVIRON, "Doubles of a header are joined with a comma, cookies with a semicolon")
def doubles(tried: Tried) -> Verdict:
    got = tried.get("/echo", "X-A: 1", "X-A: 2", "Cookie: a=1", "Cookie: b=2").json()
    said = got.get("HTTP_X_A", "").replace(" ", ""), got.get("HTTP_COOKIE")
    return check(said == ("1,2", "a=1; b=2"), said)


@of_wsgi(ENVIRON, "A header with `_` in its name cannot pass for another")
def underscore(tried: Tried) -> Verdict:
    answer = tried.get("/echo", "X_Forwarded_For: evil")
    if answer.status == 400:
        return check(True, "400")
    return check("HTTP_X_FORWARDED_FOR" not in answer.json(), answer.json().get("HTTP_X_FORWARDED_FOR"))


@of_wsgi(ENVIRON, "`Proxy` does not become `HTTP_PROXY` (httpoxy)")
def httpoxy(tried: Tried) -> Verdict:
    got = tried.get("/echo", "Proxy: http://evil").json()
    return check("HTTP_PROXY" not in got, got.get("HTTP_PROXY"))


@of_wsgi(ENVIRON, "A root path that a proxy has removed is `SCRIPT_NAME`")
def script_name(tried: Tried) -> Verdict:
    if tried.server.name == "gunicorn":
        with tried.another(SCRIPT_NAME="/api") as (client, _):
            got = client.get("/api/echo/a").json()
    else:
        with tried.another(tried.server.root_path.format("/api")) as (client, _):
            answer = client.get("/echo/a")
            if answer.status != 200:
                return check(False, f"status {answer.status}")
            got = answer.json()
    said = got["SCRIPT_NAME"], got["PATH_INFO"]
    return check(said == ("/api", "/echo/a"), said)


@of_wsgi(ENVIRON, "A chunked body can be read to its end, and the application knows that")
def chunked(tried: Tried) -> Verdict:
    body = b"".join(b"%x\r\n%s\r\n" % (1000, b"x" * 1000) for _ in range(200)) + b"0\r\n\r\n"
    raw = tried.talk(request("/upload", "Transfer-Encoding: chunked", method="POST") + body)
    got = Response(raw).body
    return check(got == b"200000", got.decode())


@of_wsgi(ENVIRON, "A body that is cut short is an `OSError`, never a short body")
def cut_body(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/cut_body?key={mine}", "Content-Length: 100", method="POST") + b"half")
        time.sleep(0.3)
    got = tried.seen(mine)[0]
    return check(got in ("OSError", "nothing"), "the application is not called" if got == "nothing" else got)


@of_wsgi(ENVIRON, "`100 Continue` is sent when the application reads")
def expect_continue(tried: Tried) -> Verdict:
    with tried.connect() as sock:
        sock.sendall(request("/upload", "Expect: 100-continue", "Content-Length: 5", method="POST"))
        first = read_until(sock, b"\r\n\r\n", 3)
        sock.sendall(b"hello")
        rest = read_all(sock)
    return check(
        first.startswith(b"HTTP/1.1 100") and Response(rest).body == b"5", first[:12].decode() or "nothing"
    )


@of_wsgi(ENVIRON, "Slow small uploads hold no thread: others are served beside a hundred of them")
def slow_uploads(tried: Tried) -> Verdict:
    with tried.another() as (client, _), ExitStack() as stack:
        for _ in range(100):
            sock = stack.enter_context(client.connect())
            sock.sendall(request("/upload", "Content-Length: 100", method="POST") + b"half")
        with client.connect() as sock:
            sock.sendall(request("/hello"))
            got = read_until(sock, b"hello", 4)
    return check(b"hello" in got, "served" if b"hello" in got else "not served within 4 s")


# -- the response ------------------------------------------------------------------------


@of_wsgi(RESPONSE, "Each piece is sent before the next is asked for")
def pieces(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/pieces?key={mine}"))
        first = read_until(sock, b"first", 3)
        tried.tell(mine)
        rest = read_all(sock)
    return check(b"first" in first and b"second" in rest, "at once" if b"first" in first else "held back")


@of_wsgi(RESPONSE, "`start_response` may be called in the first step of the iteration")
def late_start(tried: Tried) -> Verdict:
    answer = tried.get("/late_start")
    return check((answer.status, answer.body) == (201, b"body"), answer.status or "no response")


@of_wsgi(RESPONSE, "With `exc_info`, a head that has not left is replaced")
def replaced(tried: Tried) -> Verdict:
    answer = tried.get("/replaced")
    lengths = answer.head.lower().count(b"content-length")
    return check(
        (answer.status, answer.body, lengths) == (503, b"busy", 1), f"{answer.status}, {lengths} lengths"
    )


@of_wsgi(RESPONSE, "With `exc_info`, after the head has left, the exception is raised again")
def too_late(tried: Tried) -> Verdict:
    mine = key()
    answer = tried.get(f"/too_late?key={mine}")
    got = tried.seen(mine)[0]
    return check(
        got == "raised again" and not answer.is_complete,
        f"{got}, {'ends as if whole' if answer.is_complete else 'cut'}",
    )


@of_wsgi(RESPONSE, "The iterable is closed, once, when the client leaves")
def closed(tried: Tried) -> Verdict:
    mine = key()
    with tried.connect() as sock:
        sock.sendall(request(f"/endless?key={mine}"))
        read_until(sock, b"xxx")
    got = tried.seen(mine)
    return check(got == [1], got)


@of_wsgi(RESPONSE, "`write` comes before what is returned")
def writes(tried: Tried) -> Verdict:
    answer = tried.get("/writes")
    return check(answer.body == b"written returned", answer.body.decode())


@of_wsgi(RESPONSE, "A list has a `Content-Length`")
def lists(tried: Tried) -> Verdict:
    answer = tried.get("/lists")
    return check(
        answer.field("content-length") == "6" and answer.body == b"onetwo",
        answer.field("transfer-encoding") or answer.field("content-length"),
    )


@of_wsgi(RESPONSE, "The response to HEAD has no body and keeps its length")
def head(tried: Tried) -> Verdict:
    answer = tried.get("/head", method="HEAD")
    rest = answer.raw.partition(b"\r\n\r\n")[2]
    return check(
        answer.field("content-length") == "5" and not rest,
        f"{answer.field('content-length')}, {len(rest)} bytes",
    )


@of_wsgi(RESPONSE, "Hop-by-hop headers of the application are not sent")
def hop_by_hop(tried: Tried) -> Verdict:
    answer = tried.get("/hop_by_hop")
    codings = answer.field("transfer-encoding")
    connection = answer.field("connection") or ""
    good = answer.status == 500 or ("gzip" not in (codings or "") and "x" not in connection.split(", "))
    return check(good, f"status {answer.status}, {codings}, {connection}")


@of_wsgi(RESPONSE, "A header value with a line break is not sent")
def injection(tried: Tried) -> Verdict:
    answer = tried.get("/injection")
    return check(answer.field("set-cookie") is None, f"status {answer.status}")


@of_wsgi(RESPONSE, "More bytes than `Content-Length` says are not sent")
def too_many(tried: Tried) -> Verdict:
    answer = tried.get("/too_many")
    return check(
        answer.status == 500 or answer.body in (b"", b"01234"), f"{answer.status}, {answer.body.decode()}"
    )


@of_wsgi(RESPONSE, "After fewer bytes than `Content-Length` says, the connection is not used again")
def too_few(tried: Tried) -> Verdict:
    with tried.connect() as sock:
        sock.sendall(request("/too_few", close=False))
        time.sleep(0.3)
        sock.sendall(request("/hello"))
        got = read_all(sock, 3)
    return check(b"hello" not in got, got.partition(b"\r\n\r\n")[2][:40].decode())


@of_wsgi(RESPONSE, "A file by `wsgi.file_wrapper` begins at its position, and has its length")
def file(tried: Tried) -> Verdict:
    answer = tried.get("/file")
    return check(
        answer.body == b"0123456789" * 500 and answer.field("content-length") == "5000",
        f"{len(answer.body)} bytes, {'chunked' if answer.is_chunked else answer.field('content-length')}",
    )


@of_wsgi(RESPONSE, "A `str` in the iterable is an error")
def text(tried: Tried) -> Verdict:
    answer = tried.get("/text")
    return check(answer.status == 500, answer.status or "no response")


@of_wsgi(RESPONSE, "An exception inside the body cuts the connection")
def fail_after(tried: Tried) -> Verdict:
    answer = tried.get("/fail_after")
    return check(not answer.is_complete, "cut" if not answer.is_complete else "ends as if whole")


@of_wsgi(RESPONSE, "`SystemExit` of an application is a 500, and the server serves on")
def system_exit(tried: Tried) -> Verdict:
    with tried.another() as (client, made):
        before = client.get("/process").body
        status = client.get("/leave").status
        time.sleep(0.3)
        after = client.get("/process").body if made.alive else b"gone"
    return check(
        status == 500 and before == after,
        f"status {status or 'none'}, {'the same process' if before == after else 'another process'}",
    )


@of_wsgi(RESPONSE, "At a stop, what was asked is answered, and the process ends by itself or by the signal")
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
