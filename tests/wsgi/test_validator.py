"""The validator of the standard library between the server and apps: it raises where one of the two breaks PEP 3333."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.response_reader import read_responses
from tests.kit.wsgi_stage import CLOSED, PLAIN, ask, hosted, request, say


def whole(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", PLAIN)
    return [b"whole"]


def pieces(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    yield b"a"
    yield b""
    yield b"b"


def written(environ: Any, start_response: Any) -> list[bytes]:
    write = start_response("200 OK", PLAIN)
    write(b"first ")
    return [b"second"]


def echo(environ: Any, start_response: Any) -> list[bytes]:
    stream = environ["wsgi.input"]
    parts = [stream.read(3), stream.readline(), *stream.readlines(), stream.read(10)]
    start_response("200 OK", PLAIN)
    return [b"".join(parts)]


def lines(environ: Any, start_response: Any) -> list[bytes]:
    parts = list(environ["wsgi.input"])
    start_response("200 OK", PLAIN)
    return [b"|".join(parts)]


def loud(environ: Any, start_response: Any) -> list[bytes]:
    environ["wsgi.errors"].write("a line\n")
    environ["wsgi.errors"].writelines(["another\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", PLAIN)
    return [b"loud"]


def nothing(environ: Any, start_response: Any) -> list[bytes]:
    start_response("204 No Content", [])
    return []


def body_of(response: bytes) -> bytes:
    """Return the body; the validator's iterable has no length, so it is chunked."""
    responses, rest = read_responses(response, ["POST"], closed=True)
    assert rest == b""
    return responses[0].body


BODY = b"one\ntwo\nthree"


@pytest.mark.parametrize(
    ("app", "body"),
    [
        (whole, b"whole"),
        (pieces, b"ab"),
        (written, b"first second"),
        (echo, BODY),
        (lines, b"one\n|two\n|three"),
        (loud, b"loud"),
        (nothing, b""),
    ],
)
@pytest.mark.parametrize("target", ["/", "/a%20b/%C3%A5?x=%20", "/sub", "/sub/", "/sub/x"])
@on_both_loops
async def test_the_validator_finds_nothing(
    app: Any, body: bytes, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the app does, and however it is mounted."""
    mounts: list[dict[str, str]] = [{}, {"root_path": "/removed"}]
    if target.startswith("/sub"):
        mounts.append({"path": "/sub"})
    for options in mounts:
        got = await ask(
            validator(app), target, "Content-Length: 13", "X-Y: z", method="POST", body=BODY, **options
        )
        assert body_of(got) == body
    assert [each for each in caplog.records if each.name != "writehead.wsgi"] == []


@on_both_loops
async def test_the_validator_takes_chunked_bodies_and_head(caplog: pytest.LogCaptureFixture) -> None:
    """And connections that stay."""
    async with hosted(validator(echo)) as server:
        chunked = request("/", "Transfer-Encoding: chunked", method="POST", body=b"3\r\nabc\r\n0\r\n\r\n")
        assert body_of(await say(server, chunked)) == b"abc"
        assert (
            await say(server, request("/", method="HEAD"))
            == CLOSED.replace(b"Date", b"Content-Type: text/plain\r\nDate") + b"\r\n"
        )
    assert caplog.messages == []


async def test_the_validator_finds_a_wrong_app(caplog: pytest.LogCaptureFixture) -> None:
    """So it does look."""

    def wrong(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])  # without a Content-Type
        return [b"x"]

    assert (await ask(validator(wrong))).startswith(b"HTTP/1.1 500")
    assert "No Content-Type header found" in caplog.text
