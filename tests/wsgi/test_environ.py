"""The environ of a request: each key of it."""

from __future__ import annotations

import io
import os
import tempfile
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import answering, ask, dial, environ_of, hosted, request, say
from writehead import __version__, wsgi
from writehead._guests.wsgi import environ as environ_module
from writehead._guests.wsgi.environ import as_ipv4, name_by_host, native, note_decoded


@on_both_loops
async def test_what_an_ordinary_request_has() -> None:
    """A plain dict of native strings, with every key that PEP 3333 asks for."""
    found = await environ_of("/a%20b?c=%20d", "User-Agent: x")
    assert type(found) is dict
    assert found.pop("SERVER_PORT").isdigit()
    assert found.pop("REMOTE_PORT").isdigit()
    assert isinstance(found.pop("wsgi.input"), object)
    assert hasattr(found.pop("wsgi.errors"), "flush")
    assert found == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "c=%20d",
        "RAW_URI": "/a%20b?c=%20d",
        "REQUEST_URI": "/a%20b?c=%20d",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": f"writehead/{__version__}",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "a",
        "HTTP_USER_AGENT": "x",
        "HTTP_CONNECTION": "close",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": wsgi.FileWrapper,
    }


@on_both_loops
async def test_each_request_has_an_environ_of_its_own() -> None:
    """What one request writes into it, the next on the same connection does not see."""
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ.get("mine"))
        environ["mine"] = environ["SERVER_NAME"] = "changed"
        start_response("200 OK", [])
        return [environ["REMOTE_ADDR"].encode()]

    async with hosted(app) as server:
        client = await dial(server)
        for count in (1, 2):
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while client.received.count(b"127.0.0.1") < count:
                client.received += await client.reader.read(1000)
        client.close()
    assert seen == [None, None]


@pytest.mark.parametrize(
    ("target", "path_info"),
    [
        ("/%C3%A5", "/Ã¥"),
        ("/%ff/x", "/ÿ/x"),
        ("/%2F", "//"),
        ("/%00", "/\0"),
        ("/%", "/%"),
        ("/a+b", "/a+b"),
        ("/x;y=1", "/x;y=1"),
        ("/a/../b", "/a/../b"),
        ("//a", "//a"),
        ("http://host/x?y", "/x"),
        ("http://host", "/"),
    ],
)
async def test_path_info_is_bytes_read_as_latin_1(target: str, path_info: str) -> None:
    """Percent-decoded, also where that is no UTF-8 (mliezun/caddy-snake#237)."""
    assert (await environ_of(target))["PATH_INFO"] == path_info


async def test_the_path_behind_a_prefix_begins_with_a_slash_or_is_empty() -> None:
    """SCRIPT_NAME has the removed prefix of the proxy, and the path of the mount."""
    found = await environ_of("/legacy/x", path="/legacy", root_path="/gone")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/gone/legacy", "/x")
    found = await environ_of("/legacy", path="/legacy")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/legacy", "")
    found = await environ_of("/legacy/?x", path="/legacy")
    assert (found["PATH_INFO"], found["QUERY_STRING"]) == ("/", "x")


async def test_a_prefix_is_utf_8_read_as_latin_1() -> None:
    """As PATH_INFO is."""
    found = await environ_of("/%C3%A5/%C3%A5", path="/å")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/Ã¥", "/Ã¥")


async def test_the_whole_server_has_no_path() -> None:
    """`OPTIONS *`: the target is in RAW_URI alone."""
    got: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        got.append(environ)
        start_response("200 OK", [])
        return []

    await ask(app, "*", method="OPTIONS")
    assert (got[0]["PATH_INFO"], got[0]["RAW_URI"]) == ("", "*")


async def test_the_target_in_absolute_form_counts_by_its_path() -> None:
    """And its authority is the host (RFC 9112, 3.2.2)."""
    found = await environ_of("http://other:81/x?y")
    assert found["HTTP_HOST"] == "other:81"
    assert found["PATH_INFO"] == "/x"
    assert found["QUERY_STRING"] == "y"
    assert found["RAW_URI"] == found["REQUEST_URI"] == "http://other:81/x?y"


async def test_a_query_is_not_decoded() -> None:
    """What follows the first `?`; empty without one."""
    assert (await environ_of("/?a=%20?&b"))["QUERY_STRING"] == "a=%20?&b"
    assert (await environ_of("/"))["QUERY_STRING"] == ""


async def test_the_fields_of_the_body_have_no_prefix() -> None:
    """CONTENT_TYPE and CONTENT_LENGTH are missing without the header."""
    found = await environ_of("/", "Content-Type: text/x", "Content-Length: 2", body=b"ab")
    assert (found["CONTENT_TYPE"], found["CONTENT_LENGTH"]) == ("text/x", "2")
    assert "HTTP_CONTENT_TYPE" not in found
    assert "HTTP_CONTENT_LENGTH" not in found
    found = await environ_of("/")
    assert "CONTENT_TYPE" not in found
    assert "CONTENT_LENGTH" not in found


@on_both_loops
async def test_a_chunked_body_that_has_come_has_a_length() -> None:
    """Django reads no body without one; and Bottle decodes what is said to be chunked, which it is no more."""
    found = await environ_of("/", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert found["CONTENT_LENGTH"] == "5"
    assert "HTTP_TRANSFER_ENCODING" not in found
    assert found["wsgi.input"].read() == b"abcde"


async def test_a_chunked_body_that_has_not_come_has_no_length() -> None:
    """It is longer than what waits for a thread; Transfer-Encoding says that there is one."""
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (200_000, b"x" * 200_000)
    found = await environ_of("/", "Transfer-Encoding: chunked", body=body)
    assert "CONTENT_LENGTH" not in found
    assert found["HTTP_TRANSFER_ENCODING"] == "chunked"


def test_only_the_chunks_are_decoded() -> None:
    """Other codings are the app's to undo."""
    found = {"HTTP_TRANSFER_ENCODING": "gzip , Chunked"}
    note_decoded(found, 7)
    assert found == {"CONTENT_LENGTH": "7", "HTTP_TRANSFER_ENCODING": "gzip"}


async def test_the_same_fields_are_joined() -> None:
    """By a comma, cookies by a semicolon, in their order; of the content's type the first counts."""
    found = await environ_of(
        "/", "X-A: 1", "x-a: 2", "Cookie: a=1", "Cookie: b=2", "Content-Type: a", "Content-Type: b"
    )
    assert found["HTTP_X_A"] == "1,2"
    assert found["HTTP_COOKIE"] == "a=1; b=2"
    assert found["CONTENT_TYPE"] == "a"


async def test_names_that_could_pass_for_others_are_left_out() -> None:
    """`X_Real` would be HTTP_X_REAL as well, and HTTP_PROXY is a variable that programs trust."""
    found = await environ_of(
        "/", "X-Real: good", "X_Real: bad", "Proxy: evil", "Proxy-Authorization: x", "_: y"
    )
    assert found["HTTP_X_REAL"] == "good"
    assert found["HTTP_PROXY_AUTHORIZATION"] == "x"
    assert not {"HTTP_PROXY", "HTTP__", ""} & set(found)


async def test_values_are_bytes_read_as_latin_1() -> None:
    """UTF-8 in a header is not decoded."""
    async with hosted(echo_of("HTTP_X")) as server:
        got = await say(server, b"GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa5\r\nConnection: close\r\n\r\n")
    assert got.endswith(b"'\\xc3\\xa5'")


def echo_of(key: str) -> Any:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [ascii(environ[key]).encode()]

    return app


async def test_http_1_0_says_so() -> None:
    """In SERVER_PROTOCOL."""
    async with hosted(echo_of("SERVER_PROTOCOL")) as server:
        assert (await say(server, b"GET / HTTP/1.0\r\n\r\n")).endswith(b"'HTTP/1.0'")


@on_both_loops
async def test_a_unix_socket_is_named_by_the_host_of_the_request() -> None:
    """It has no address: no client, no port, the port of the server by its scheme."""
    got: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        got.append(environ)
        start_response("200 OK", [])
        return []

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        server = wsgi.create_server(app)
        async with server:
            await server.listen({"path": path})
            for host in ("example.org:8080", "example.org", "[::1]", "[::1]:99", "a:", ""):
                await say(server, b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host.encode())
    assert [(each["SERVER_NAME"], each["SERVER_PORT"]) for each in got] == [
        ("example.org", "8080"),
        ("example.org", "80"),
        ("[::1]", "80"),
        ("[::1]", "99"),
        ("a", "80"),
        ("localhost", "80"),
    ]
    assert {each["REMOTE_ADDR"] for each in got} == {""}
    assert not any("REMOTE_PORT" in each or "REMOTE_HOST" in each for each in got)


def test_the_port_of_a_socket_without_one_is_that_of_the_scheme() -> None:
    """443 over TLS."""
    found = {"wsgi.url_scheme": "https", "HTTP_HOST": "a"}
    name_by_host(found)
    assert found["SERVER_PORT"] == "443"


@on_both_loops
async def test_over_tls_the_scheme_is_https() -> None:
    """And HTTPS says "on"; over plain sockets it is missing."""
    got: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        got.append(environ)
        start_response("200 OK", [])
        return []

    issued = authority()
    async with hosted(app, **issued.options()) as server:
        client = await dial(server, issued.context())
        client.send(request("/"))
        await client.rest()
    assert (got[0]["wsgi.url_scheme"], got[0]["HTTPS"]) == ("https", "on")
    assert "HTTPS" not in await environ_of("/")


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::ffff:1", "::ffff:1"),
        ("", ""),
    ],
)
def test_an_ipv4_address_is_written_as_ipv4(address: str, written: str) -> None:
    """Also where the socket takes both families."""
    assert as_ipv4(address) == written


async def test_on_a_socket_of_both_families_a_client_of_ipv4_is_one() -> None:
    """`listen` without a host takes both."""
    got: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        got.append(environ)
        start_response("200 OK", [])
        return []

    server = wsgi.create_server(app)
    async with server:
        await server.listen(0)
        await say(server, request("/"))
    assert (got[0]["REMOTE_ADDR"], got[0]["SERVER_NAME"]) == ("127.0.0.1", "127.0.0.1")


async def test_one_thread_is_not_many() -> None:
    """`wsgi.multithread` says whether another thread may run the app."""
    assert (await environ_of("/", threads=1))["wsgi.multithread"] is False
    assert (await environ_of("/", threads=2))["wsgi.multithread"] is True


async def test_the_mount_says_whether_there_are_other_processes() -> None:
    """The one that starts them sets it."""
    server = wsgi.create_server(echo_of("wsgi.multiprocess"))
    guests: Any = server._guests
    guests._attached[0].multiprocess = True
    async with server:
        await server.listen(0, "127.0.0.1")
        assert (await say(server, request("/"))).endswith(b"True")


async def test_an_upgrade_that_nobody_takes_is_an_ordinary_request() -> None:
    """With its headers."""
    found = await environ_of("/", "Upgrade: h2c")
    assert found["HTTP_UPGRADE"] == "h2c"


def test_the_keys_of_names_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients choose the names."""
    monkeypatch.setattr(environ_module, "_keys", {})
    for number in range(environ_module._MOST_KEYS + 10):
        assert environ_module._key_of(f"x-{number}") == f"HTTP_X_{number}"
    assert environ_module._key_of("y" * 100) == "HTTP_" + "Y" * 100
    assert len(environ_module._keys) == 10


def test_a_native_string_has_a_character_for_each_byte() -> None:
    """Of UTF-8."""
    assert native("/å") == "/Ã¥"


async def test_a_response_does_not_depend_on_the_environ_that_the_app_changes() -> None:
    """What the app writes into it is its own."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        environ.clear()
        environ["REQUEST_METHOD"] = "HEAD"
        environ["wsgi.input"] = io.BytesIO()
        start_response("200 OK", [])
        return [b"body"]

    assert (await ask(app)).endswith(b"\r\n\r\nbody")
    assert (await ask(answering([b"x"]))).endswith(b"x")
