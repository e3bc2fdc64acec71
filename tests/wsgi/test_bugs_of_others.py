"""What went wrong in other servers, thread by thread; the rest stands where the subject is tested.

waitress#236, gunicorn#2010, #1079, #990, #694 and girder#3823: `test_call`; gunicorn#2684 and cherrypy#966:
`test_served`; caddy-snake#237: `test_environ`.
"""

from __future__ import annotations

from typing import Any

from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import CLOSED, ask, dial, hosted, request


@on_both_loops
async def test_a_framework_that_reads_to_the_end_sees_a_chunked_body() -> None:
    """Flask does so where `wsgi.input_terminated` is set (emmett-framework/granian#909, unbit/uwsgi#1428)."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        assert environ["wsgi.input_terminated"] is True
        body = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return [body]

    got = await ask(app, "/", "Transfer-Encoding: chunked", method="POST", body=b"3\r\nabc\r\n0\r\n\r\n")
    assert got == CLOSED + b"Content-Length: 3\r\n\r\nabc"


@on_both_loops
async def test_a_get_with_an_empty_chunked_body_is_answered_whole() -> None:
    """And the next request is served (benoitc/gunicorn#3334)."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"x" * 100_000, environ["wsgi.input"].read()]

    async with hosted(app) as server:
        client = await dial(server)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        client.send(request("/"))
        got = await client.rest()
    assert got.count(b"x" * 100_000) == 2
    assert got.count(b"HTTP/1.1 200 OK") == 2


@on_both_loops
async def test_an_app_that_closes_its_input_late_gets_no_bytes_of_the_next_request() -> None:
    """Each body ends where it ends."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        stream = environ["wsgi.input"]
        start_response("200 OK", [])
        return [stream.read(3), stream.read(100), stream.read()]

    async with hosted(app) as server:
        client = await dial(server)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde" + request("/next"))
        got = await client.rest()
    assert got.count(b"abcde") == 1
    assert got.endswith(b"Content-Length: 0\r\n\r\n")
