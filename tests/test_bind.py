"""listen: every form of its arguments, its errors in Node's words, addresses."""

from __future__ import annotations

import asyncio
import errno
import gc
import math
import os
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.stage import GET, answer
from writehead import http
from writehead.errors import (
    BadPortError,
    InvalidArgValueError,
    SystemCallError,
)


def hello(req: Any, res: Any) -> None:
    res.end("ok")


async def served(server: Any) -> bytes:
    """Return what a client hears."""
    client = await dial(server)
    client.send(GET)
    try:
        return await client.until(b"\r\n\r\nok")
    finally:
        client.close()


def ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6")


# -- the forms of the arguments ------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [(), (None,), ({"port": None},), (0,), ("0",), ({"port": 0},), ({"port": "0", "exclusive": True},)],
)
@on_both_loops
async def test_a_free_port_on_every_address(form: tuple[Any, ...]) -> None:
    """Without a host: bound at once, to `::`, reached by IPv4 too."""
    async with http.create_server(hello) as server:
        assert server.listen(*form) is server
        assert server.listening
        address = server.address()
        assert address["port"] > 0
        assert (address["address"], address["family"]) in [("::", "IPv6"), ("0.0.0.0", "IPv4")]
        await server
        assert await served(server) == answer(b"ok")


@pytest.mark.parametrize(
    ("args", "keywords"),
    [
        ((0, "127.0.0.1"), {}),
        ((0, "127.0.0.1", 10), {}),
        ((0, "localhost"), {}),
        (({"port": 0, "host": "127.0.0.1", "backlog": 10},), {}),
        ((), {"port": 0, "host": "127.0.0.1"}),
        ((0,), {"host": "127.0.0.1"}),
    ],
)
@on_both_loops
async def test_a_host_is_resolved_first(args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """With a host the address is there from 'listening' on."""
    called: list[str] = []
    server = http.create_server(hello)
    server.listen(*args, lambda: called.append("listening"), **keywords)
    assert (server.listening, server.address()) == (False, None)
    await server
    assert called == ["listening"]
    assert server.address()["address"] in ("127.0.0.1", "::1")
    assert await served(server) == answer(b"ok")
    await server.close()
    assert server.address() is None


@on_both_loops
async def test_a_number_behind_the_port_is_the_backlog() -> None:
    """And a callback may follow."""
    called: list[str] = []
    server = http.create_server(hello)
    server.listen(0, 5, lambda: called.append("listening"))
    await server
    assert called == ["listening"]
    await server.close()


@on_both_loops
async def test_a_path_is_a_unix_socket(tmp_path: Path) -> None:
    """`address()` is the path; the file goes at `close`; a client has no address, then or later."""
    path = str(tmp_path / "s")
    seen: list[Any] = []
    sockets: list[Any] = []

    def note(socket: Any) -> None:
        seen.append((socket.remote_address, socket.local_port, socket.address()))

    def handle(req: Any, res: Any) -> None:
        if not sockets:
            note(req.socket)
        sockets.append(req.socket)
        res.end("ok")

    server = http.create_server(handle)
    await server.listen(path)
    assert server.address() == path
    assert stat.S_ISSOCK(os.stat(path).st_mode)
    assert await served(server) == await served(server) == answer(b"ok")
    await server.close()
    note(sockets[1])
    assert seen == [(None, None, {})] * 2
    assert not os.path.exists(path)


@pytest.mark.parametrize(
    ("options", "mode"), [({}, 0o755), ({"readable_all": True, "writableAll": True}, 0o777)]
)
@on_both_loops
async def test_who_may_use_a_unix_socket(options: dict[str, Any], mode: int, tmp_path: Path) -> None:
    """As bind makes it, or for everybody."""
    path = str(tmp_path / "s")
    before = os.umask(0o022)
    try:
        server = http.create_server(hello)
        server.listen({"path": path, **options})
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) & 0o666 == mode & 0o666
    await server
    await server.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has abstract sockets")
@on_both_loops
async def test_a_path_that_starts_with_nul_is_abstract() -> None:
    """No file, and the name can be taken again after `close`."""
    path = f"\0writehead-{os.getpid()}-{id(object())}"
    for _ in range(2):
        server = http.create_server(hello)
        await server.listen(path)
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        reader, writer = await asyncio.open_unix_connection(sock=sock)
        writer.write(GET)
        assert (await reader.read(12)) == b"HTTP/1.1 200"
        writer.close()
        await server.close()


@on_both_loops
async def test_an_open_socket_is_taken() -> None:
    """Bound by somebody else."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    async with http.create_server(hello) as server:
        await server.listen(sock)
        assert server.address()["port"] == port
        assert await served(server) == answer(b"ok")


@on_both_loops
async def test_a_file_descriptor_is_taken() -> None:
    """As systemd hands it over; it wins over a port."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    async with http.create_server(hello) as server:
        await server.listen({"fd": sock.detach(), "port": 1})
        assert server.address()["port"] == port
        assert await served(server) == answer(b"ok")


@on_both_loops
async def test_another_server_shares_its_socket() -> None:
    """Both accept from one port."""
    async with http.create_server(hello) as first:
        await first.listen(0, "127.0.0.1")
        second = http.create_server(hello)
        await second.listen(first)
        assert second.address() == first.address()
        await second.close()
        assert await served(first) == answer(b"ok")


@on_both_loops
async def test_reuse_port_lets_two_bind_one_port() -> None:
    """If both say so."""
    first, second, third = (http.create_server(hello) for _ in range(3))
    await first.listen({"port": 0, "host": "127.0.0.1", "reusePort": True})
    port = first.address()["port"]
    await second.listen(port=port, host="127.0.0.1", reuse_port=True)
    with pytest.raises(SystemCallError, match="EADDRINUSE"):
        await third.listen(port, "127.0.0.1")
    await first.close()
    await second.close()


@needs_ipv6
@on_both_loops
async def test_ipv6_only() -> None:
    """With it IPv4 clients are refused; without it they show as mapped addresses."""
    seen: list[Any] = []
    server = http.create_server(
        lambda req, res: (seen.append((req.socket.remote_address, req.socket.remote_family)), res.end("ok"))
    )
    await server.listen(0)
    await served(server)
    assert seen == [("::ffff:127.0.0.1", "IPv6")]
    await server.close()
    await server.listen({"port": 0, "host": "::", "ipv6Only": True})
    with pytest.raises(ConnectionRefusedError):
        await served(server)
    await server.close()


@pytest.mark.parametrize("args", [(0, None, 5), (0, None, None, None)])
@on_both_loops
async def test_none_in_the_middle_is_not_given(args: tuple[Any, ...]) -> None:
    """No host, then."""
    async with http.create_server(hello) as server:
        server.listen(*args)
        assert server.listening


@on_both_loops
async def test_a_path_may_be_a_path_object(tmp_path: Path) -> None:
    """In the mapping, or by keyword; port wins over path."""
    for form in ({"path": tmp_path / "s"}, {"path": str(tmp_path / "t"), "port": None}):
        async with http.create_server(hello) as server:
            await server.listen(**form)
            assert server.address() == str(form["path"])
    async with http.create_server(hello) as server:
        await server.listen({"path": "/nowhere", "port": 0})
        assert server.address()["port"] > 0


@on_both_loops
async def test_without_ipv6_the_default_is_every_ipv4_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """`::` cannot be bound, `0.0.0.0` is."""

    class OnlyIPv4(socket.socket):
        def __init__(self, family: int = -1, *args: Any, **keywords: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
            super().__init__(family, *args, **keywords)

    server = http.create_server(hello)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", OnlyIPv4)
        server.listen(0)
    assert (server.address()["address"], server.address()["family"]) == ("0.0.0.0", "IPv4")
    await server
    await server.close()


# -- what is refused at once ---------------------------------------------------


@pytest.mark.parametrize("port", [-1, 65536, 1.5, float("nan"), float("inf"), "70000"])
def test_a_port_out_of_range_is_refused_at_once(port: Any) -> None:
    """ValueError `ERR_SOCKET_BAD_PORT`, in both forms."""
    for form in (port, {"port": port}):
        with pytest.raises(BadPortError) as caught:
            http.create_server().listen(form)
        assert caught.value.code == "ERR_SOCKET_BAD_PORT"
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("value", [True, [], {}, {"host": "a"}, {"port": True}, {"port": []}, {"fd": -1}])
def test_neither_a_port_nor_a_path_is_refused_at_once(value: Any) -> None:
    """`ERR_INVALID_ARG_VALUE`."""
    with pytest.raises(InvalidArgValueError) as caught:
        http.create_server().listen(value)
    assert caught.value.code == "ERR_INVALID_ARG_VALUE"


def test_a_port_that_is_no_number_is_refused_at_once() -> None:
    """A string that is no number is a path only as the first argument."""
    with pytest.raises(BadPortError):
        http.create_server().listen({"port": "abc"})
    with pytest.raises(InvalidArgValueError):
        http.create_server().listen(fd=-1)


# -- what the system refuses ---------------------------------------------------


@on_both_loops
async def test_a_taken_port_is_an_error_event() -> None:
    """On a later turn, in Node's words; the callback is dropped."""
    log: list[Any] = []
    async with http.create_server(hello) as first:
        await first.listen(0, "127.0.0.1")
        port = first.address()["port"]
        server = http.create_server(hello)
        server.on("error", log.append)
        server.listen(port, "127.0.0.1", lambda: log.append("listening"))
        assert log == []
        with pytest.raises(SystemCallError):
            await server
    (error,) = log
    assert str(error) == f"listen EADDRINUSE: address already in use 127.0.0.1:{port}"
    assert (error.code, error.syscall, error.address, error.port) == (
        "EADDRINUSE",
        "listen",
        "127.0.0.1",
        port,
    )
    assert isinstance(error, OSError)
    await server.listen(0)
    assert log == [error]
    await server.close()


@on_both_loops
async def test_an_address_of_another_machine() -> None:
    """`EADDRNOTAVAIL`."""
    with pytest.raises(SystemCallError) as caught:
        await http.create_server().listen(0, "192.0.2.1")
    error = caught.value
    assert (error.code, error.syscall, error.address, error.port) == (
        "EADDRNOTAVAIL",
        "listen",
        "192.0.2.1",
        0,
    )
    assert str(error) == "listen EADDRNOTAVAIL: address not available 192.0.2.1"


def test_a_host_that_does_not_exist() -> None:
    """`ENOTFOUND` of `getaddrinfo`."""

    class Nameless(asyncio.SelectorEventLoop):
        async def getaddrinfo(self, *args: Any, **keywords: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def listen() -> None:
        await http.create_server().listen(0, "nowhere.invalid")

    with asyncio.Runner(loop_factory=Nameless) as runner, pytest.raises(SystemCallError) as caught:
        runner.run(listen())
    error = caught.value
    assert (error.code, error.syscall) == ("ENOTFOUND", "getaddrinfo")
    assert str(error) == "getaddrinfo ENOTFOUND nowhere.invalid"


@on_both_loops
async def test_paths_that_cannot_be_bound(tmp_path: Path) -> None:
    """A missing directory is `EACCES`, an existing file `EADDRINUSE`; port is -1, the file stays."""
    missing = str(tmp_path / "missing" / "s")
    with pytest.raises(SystemCallError) as caught:
        await http.create_server().listen(missing)
    error = caught.value
    assert (error.code, error.address, error.port) == ("EACCES", missing, -1)
    assert str(error) == f"listen EACCES: permission denied {missing}"
    there = tmp_path / "there"
    there.write_text("x")
    with pytest.raises(SystemCallError) as caught:
        await http.create_server().listen(str(there))
    assert caught.value.code == "EADDRINUSE"
    assert there.read_text() == "x"


@on_both_loops
async def test_a_descriptor_that_is_no_socket(tmp_path: Path) -> None:
    """`EINVAL`."""
    with open(tmp_path / "file", "w") as file:
        for fd in (file.fileno(), 9999):
            with pytest.raises(SystemCallError) as caught:
                await http.create_server().listen({"fd": fd})
            assert (caught.value.code, caught.value.syscall) == ("EINVAL", "listen")


@on_both_loops
async def test_a_descriptor_that_cannot_listen_stays_with_its_owner() -> None:
    """It is neither closed nor leaked; infinite is no descriptor."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for fd in (ours.fileno(), math.inf):
            with pytest.raises(SystemCallError) as caught:
                await http.create_server().listen({"fd": fd})
            assert (caught.value.code, caught.value.syscall) == ("EINVAL", "listen")
        gc.collect()
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"


@on_both_loops
async def test_sockets_that_no_loop_accepts_from() -> None:
    """One that was closed, and one of packets: an error, and no server that seems to listen."""
    closed = socket.socket()
    closed.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as packets:
        packets.bind("")
        for sock, code in ((closed, "EBADF"), (packets, "EOPNOTSUPP")):
            with pytest.raises(SystemCallError) as caught:
                await http.create_server().listen(sock)
            assert (caught.value.code, caught.value.syscall) == (code, "listen")


@on_both_loops
async def test_an_abstract_name_need_not_be_text() -> None:
    """Its bytes come back as those of a file's name do (`os.fsencode`)."""
    name = b"\0\xff" + os.urandom(8).hex().encode()
    server = await http.create_server(hello).listen(path=name)
    assert os.fsencode(server.address()) == name
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(name)
    await server.close()


@pytest.mark.parametrize("host", ["a" * 300, "a..b", ".", "\udcff", "\ud800"])
@on_both_loops
async def test_a_host_that_cannot_be_a_name_is_not_found(host: str) -> None:
    """It is never asked for; nobody is left to wait."""
    with pytest.raises(SystemCallError) as caught:
        await http.create_server().listen(0, host)
    assert (caught.value.code, caught.value.syscall) == ("ENOTFOUND", "getaddrinfo")


@on_both_loops
async def test_what_cannot_be_shared() -> None:
    """A server that does not listen, and a socket that cannot."""
    with pytest.raises(SystemCallError) as caught:
        await http.create_server().listen(http.create_server())
    assert caught.value.code == "EINVAL"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        with pytest.raises(SystemCallError) as caught:
            await http.create_server().listen(datagrams)
        assert caught.value.code in ("ENOTSUP", "EOPNOTSUPP")
        assert caught.value.syscall == "listen"


@on_both_loops
async def test_the_file_of_another_is_left_alone(tmp_path: Path) -> None:
    """A path that could not be bound is not unlinked by a later close."""
    path = str(tmp_path / "s")
    async with http.create_server(hello) as first:
        await first.listen(path)
        second = http.create_server(hello)
        second.on("error", lambda error: None)
        with pytest.raises(SystemCallError):
            await second.listen(path)
        assert second.address() == path
        second.listen(0)
        second.close()
        await second
        assert await served(first) == answer(b"ok")


@on_both_loops
async def test_an_error_that_somebody_awaits_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Also where a task awaits it that has not begun yet; what nobody awaits is logged."""
    async with await http.create_server().listen(0, "127.0.0.1") as first:
        port = first.address()["port"]
        for awaited in (lambda it: asyncio.wait_for(it, 5), lambda it: it, lambda it: asyncio.gather(it)):
            for target in ((port, "127.0.0.1"), (port, "localhost")):
                with pytest.raises(SystemCallError, match="EADDRINUSE"):
                    await awaited(http.create_server().listen(*target))
        for _ in range(110):  # rounds of the loop
            await asyncio.sleep(0)
        assert not caplog.records
        http.create_server().listen(port, "127.0.0.1")
        while not caplog.records:
            await asyncio.sleep(0)
        assert [record.getMessage()[:24] for record in caplog.records] == ["listen EADDRINUSE: addre"]


@pytest.mark.parametrize("port", ["", " ", "3000.5", "1e1000", "-1", "65536", "0x10000"])
def test_a_text_that_is_no_port_is_refused(port: str) -> None:
    """Node reads it as a number, and it is none that a port can be: no file comes of it."""
    for args in ((port,), ({"port": port},)):
        with pytest.raises(BadPortError):
            http.create_server().listen(*args)


@pytest.mark.parametrize(
    "target",
    ["127.0.0.1:3000", "localhost", "app.sock", "http://a/", "unix:/tmp/x", "80 80", "0_0", "\u0663"],
)
def test_a_text_that_is_neither_port_nor_path_is_refused(target: str) -> None:
    """A host is not mistaken for the name of a file; the error says what would have been right."""
    with pytest.raises(InvalidArgValueError, match="listen\\(") as caught:
        http.create_server().listen(target)
    if target == "127.0.0.1:3000":
        assert 'listen(3000, "127.0.0.1")' in str(caught.value)


@on_both_loops
async def test_odd_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name by `path=`; one that is too long is EINVAL, as in Node; an empty one, or a null byte, is refused."""
    monkeypatch.chdir(tmp_path)
    server = await http.create_server(hello).listen(path="app.sock")
    assert (tmp_path / "app.sock").is_socket()
    await server.close()
    with pytest.raises(InvalidArgValueError, match="characters that the system knows"):
        http.create_server().listen(path="\ud800.sock")
    for path in (str(tmp_path / ("s" * 200)), "\u00e9" * 60):
        with pytest.raises(SystemCallError, match="^listen EINVAL: invalid argument"):
            await http.create_server().listen(path=path)
    for path in ("", " ", "a\0b"):
        with pytest.raises(InvalidArgValueError, match="path"):
            http.create_server().listen(path=path)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("fe80::1%lo", "EADDRNOTAVAIL"),
        ("fe80:0::1%lo", "EADDRNOTAVAIL"),
        ("fe80::1%no-such", "EINVAL"),
        ("fe80::1", "EINVAL"),
        ("fe80::1%", "ENOTFOUND"),
        ("fe80::1%a_b", "ENOTFOUND"),
        ("127.0.0.1%lo", "ENOTFOUND"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="names of interfaces and errors are Linux's")
@needs_ipv6
@on_both_loops
async def test_a_zone_is_part_of_the_host(host: str, code: str) -> None:
    """It stands in the error too, as it was given (Node)."""
    server = http.create_server()
    with pytest.raises(SystemCallError) as caught:
        await server.listen(0, host)
    assert caught.value.code == code
    assert str(caught.value).endswith(f" {host}")
    if code != "ENOTFOUND":
        assert (caught.value.syscall, caught.value.address) == ("listen", host)


@pytest.mark.skipif(sys.platform != "linux", reason="the name of the interface is Linux's")
@needs_ipv6
@on_both_loops
async def test_an_address_of_every_link_keeps_no_zone() -> None:
    """The system drops it: `::1%lo` is `::1`."""
    async with http.create_server(hello) as server:
        await server.listen(0, "::1%lo")
        assert server.address()["address"] == "::1"
        assert b"200 OK" in await served(server)


def link_local() -> str | None:
    """Return an address of one link that this machine has, with its zone."""
    table = Path("/proc/net/if_inet6")
    for line in table.read_text().splitlines() if table.exists() else ():
        digits, *_, name = line.split()
        if digits.startswith("fe80"):
            address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
            return f"{address}%{name}"
    return None


@pytest.mark.skipif(link_local() is None, reason="this machine has no link-local address")
@on_both_loops
async def test_an_address_of_one_link_is_shown_with_its_zone() -> None:
    """By the server, and by the sockets it accepts, as on Node."""
    host = link_local()
    seen: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        seen.extend([req.socket.remote_address, req.socket.local_address, req.socket.address()["address"]])
        res.end("ok")

    async with http.create_server(handle) as server:
        await server.listen(0, host)
        assert server.address()["address"] == host
        assert server.address()["family"] == "IPv6"
        await served(server)
    assert seen == [host] * 3
