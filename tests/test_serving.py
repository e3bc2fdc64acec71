"""The command with a target: real processes, real clients."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import TIMEOUT
from tests.kit.programs import SOURCE, Program, command, free_port
from tests.kit.raw_client import connect, read_all, request, talk
from writehead import __version__

MAIN = """
import asyncio
from contextvars import ContextVar
from writehead import http, https
word = ContextVar("word", default="unset")
word.set("set at import")
imported = asyncio.get_event_loop()

def handle(req, res):
    res.end(f"{req.url} {word.get()} {imported is asyncio.get_running_loop()}")

async def make(prefix="made"):
    await asyncio.sleep(0)
    return lambda req, res: res.end(f"{prefix} {req.url}")

async def fail():
    raise LookupError("where?")

async def make_nothing():
    return 3

server = http.create_server(handle, keep_alive_timeout=1000)
secure = https.create_server(CERTIFICATE)
secure.on("request", handle)

def listens():
    own = http.create_server(handle)
    return own.listen(0, "127.0.0.1")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the module `main`, and a certificate."""
    cert, key = authority().write(tmp_path)
    (tmp_path / "main.py").write_text(MAIN.replace("CERTIFICATE", f"cert={cert!r}, key={key!r}"))
    return tmp_path


#: What a stop adds to the log where nobody is connected.
DRAINED = r"\S+ INFO  draining: \d+ connections?, \d+ in flight, \d+ idle, \d+ endless\n\S+ INFO  drained in \S+ s\n"


@contextmanager
def serving(*arguments: str, cwd: Path) -> Iterator[tuple[Program, str]]:
    """Start the command, and give the program and the address of its banner when it listens."""
    with command(*arguments, cwd=cwd) as program:
        yield program, where(program)


def where(program: Program) -> str:
    """Return the address of the banner, once it is there."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        found = re.search(r"(?m)^listening on (\S+)\n", program.errors())
        if found is not None:
            return found[1]
        assert program.process.poll() is None, program.errors()
        time.sleep(0.01)
    raise AssertionError(program.errors())


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def body(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[2].decode()


@pytest.mark.parametrize(
    ("target", "kind", "expected"),
    [
        ("main:handle", "handler", "/a set at import True"),
        ("main:server", "server", "/a set at import True"),
        ("main", "server", "/a set at import True"),
        ("main.py:handle", "handler", "/a set at import True"),
        ("main:make()", "handler", "made /a"),
        ('main:make("x")', "handler", "x /a"),
    ],
)
def test_a_target_is_served(folder: Path, target: str, kind: str, expected: str) -> None:
    """The banner says what and where; the context and the loop of the import are those of requests."""
    with serving(target, "--port", "0", cwd=folder) as (program, url):
        assert body(talk(port_of(url), request("/a"))) == expected
        assert program.stop() == 0
        name = target.partition("(")[0]
        assert re.fullmatch(
            rf"writehead {__version__}  {re.escape(name)} \({kind}\)  (uvloop|asyncio)  Python 3\.\S+\n"
            r"listening on http://127\.0\.0\.1:\d+\n" + DRAINED,
            program.errors(),
        )


def test_a_factory(folder: Path) -> None:
    """--factory calls the target; it may be `async def`."""
    with serving("main:make", "--factory", "--port", "0", cwd=folder) as (program, url):
        assert body(talk(port_of(url), request("/a"))) == "made /a"
        assert program.stop() == 0


def test_a_server_that_listens_already(folder: Path) -> None:
    """It keeps its address; to give another one is an error."""
    with serving("main:listens()", cwd=folder) as (program, url):
        assert body(talk(port_of(url), request("/a"))) == "/a set at import True"
        assert program.stop() == 0
    with command("main:listens()", "--port", "0", cwd=folder) as program:
        assert program.wait() == 3
        assert program.errors() == (
            "writehead: main:listens listens already, at an address of its own: leave --port out\n"
        )


@pytest.mark.parametrize(
    ("target", "more", "timeout"),
    [
        ("main:handle", [], 75),
        ("main:handle", ["--keep-alive", "9"], 9),
        ("main:server", [], 1),
        ("main:server", ["--timeout-keep-alive", "2m"], 120),
    ],
)
def test_idle_connections_stay(folder: Path, target: str, more: list[str], timeout: int) -> None:
    """75 seconds; a server keeps its own time unless another is given."""
    with serving(target, "--port", "0", *more, cwd=folder) as (_, url), connect(port_of(url)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"\r\nKeep-Alive: timeout=%d\r\n" % timeout in client.recv(65536)


def test_tls(folder: Path) -> None:
    """With a certificate TLS is served; the banner says so."""
    options = ["--ssl-certfile", "cert.pem", "--ssl-keyfile", "key.pem"]
    for target, more in (("main:handle", options), ("main:secure", []), ("main:secure", options)):
        with serving(target, "--port", "0", *more, cwd=folder) as (_, url):
            assert url.startswith("https://127.0.0.1:")
            with (
                authority()
                .context()
                .wrap_socket(connect(port_of(url)), server_hostname="localhost") as client
            ):
                client.sendall(request("/a"))
                assert body(read_all(client)) == "/a set at import True"


def test_a_unix_socket(folder: Path) -> None:
    """Its owner alone may use it, and its file is removed at the end."""
    with serving("main:handle", "--uds", "a.sock", cwd=folder) as (program, url):
        assert url == "unix:a.sock"
        path = folder / "a.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(request("/a"))
            assert read_all(client).endswith(b"/a set at import True")
        assert program.stop() == 0
        assert not path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="abstract names are Linux's")
def test_an_abstract_socket(folder: Path) -> None:
    """A name that begins with @ has no file."""
    name = f"writehead-test-{free_port()}"
    with serving("main:handle", "--uds", f"@{name}", cwd=folder) as (program, url):
        assert url == f"unix:@{name}"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"\0{name}")
            client.sendall(request("/a"))
            assert read_all(client).endswith(b"/a set at import True")
        assert program.stop() == 0


def test_a_descriptor(folder: Path) -> None:
    """A socket of a parent process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        with subprocess.Popen(
            [sys.executable, "-m", "writehead", "main:handle", "--fd", str(number)],
            cwd=folder,
            pass_fds=[number],
            env={**os.environ, "PYTHONPATH": SOURCE},
            stderr=subprocess.PIPE,
        ) as process:
            try:
                port = listening.getsockname()[1]
                assert body(talk(port, request("/a"))) == "/a set at import True"
                process.send_signal(signal.SIGTERM)
                _, said = process.communicate(timeout=TIMEOUT)
                assert re.search(rf"\nlistening on http://127\.0\.0\.1:{port}\n{DRAINED}$", said.decode())
                assert process.returncode == 0
            finally:
                process.kill()


def test_ipv6(folder: Path) -> None:
    """An address in brackets in the banner."""
    with serving("main:handle", "--host", "::1", "--port", "0", cwd=folder) as (_, url):
        assert re.fullmatch(r"http://\[::1\]:\d+", url)


def test_the_folder_of_modules(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """--app-dir comes first on the path, in place of the working directory."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "main.py").write_text("1 / 0")
    with serving("main:handle", "--port", "0", "--app-dir", str(folder), cwd=elsewhere) as (_, url):
        assert body(talk(port_of(url), request("/a"))) == "/a set at import True"


WRONG: list[tuple[list[str], str, str]] = [
    (["mian:app"], r"writehead: cannot import 'mian': no module of that name in .*\n", ""),
    (["main:ap"], r"writehead: module 'main' has no attribute 'ap'; it has: fail, handle, .*\n", ""),
    (["main:asyncio"], r"writehead: 'main:asyncio' is a module: .*, for example asyncio:app\n", ""),
    (
        ["main:fail"],
        r"writehead: main:fail takes no arguments; if it makes the application, add --factory or write main:fail\(\)\n",
        "",
    ),
    (["main:fail()"], r"writehead: main:fail failed: LookupError: where\?\n", "LookupError: where?"),
    (["main:make_nothing()"], r"writehead: main:make_nothing is an int, not .*\n", ""),
    (
        ["broken:app"],
        r"writehead: cannot import 'broken': ZeroDivisionError: division by zero\n",
        "in <module>",
    ),
    (
        ["main:handle", "--certfile", "no.pem"],
        r"writehead: cannot use the certificate '\S+/no\.pem': No such file or directory\n",
        "",
    ),
    (
        ["main:handle", "--certfile", "main.py"],
        r"writehead: cannot use the certificate '\S+/main\.py': .*\n",
        "",
    ),
    (
        ["main:server", "--certfile", "cert.pem", "--keyfile", "key.pem"],
        r"writehead: main:server is a server of http, and --certfile needs one of https\n",
        "",
    ),
    (
        ["main:handle", "--uds", "no/a.sock"],
        r"writehead: cannot listen on unix:no/a\.sock: permission denied\n",
        "",
    ),
    (["main:handle", "--fd", "99"], r"writehead: cannot listen on fd://99: invalid argument\n", ""),
    (
        ["main:handle", "--host", "192.0.2.1", "--port", "0"],
        r"writehead: cannot listen on 192\.0\.2\.1:0: address not available\n",
        "",
    ),
]


@pytest.mark.parametrize(("arguments", "line", "traceback"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_a_start_that_fails(folder: Path, arguments: list[str], line: str, traceback: str) -> None:
    """One line, behind the traceback where code of the program raised; exit code 3."""
    (folder / "broken.py").write_text("1 / 0")
    with command(*arguments, cwd=folder) as program:
        assert program.wait() == 3
        text = program.errors()
    before, _, last = text.rpartition("writehead: ")
    assert re.fullmatch(line, f"writehead: {last}"), text
    assert traceback in before
    assert bool(before) == bool(traceback)
    assert "_command" not in before


@pytest.mark.parametrize("program_of_port", ["writehead", "other"])
def test_a_port_that_is_taken(folder: Path, program_of_port: str) -> None:
    """By another program, or by writehead itself: one line, exit code 3."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if program_of_port == "other":
            refuses(folder, taken.getsockname()[1])
    if program_of_port == "writehead":
        with serving("main:handle", "--port", "0", cwd=folder) as (_, url):
            refuses(folder, port_of(url))


def refuses(folder: Path, port: int) -> None:
    with command("main:handle", "--port", str(port), cwd=folder) as program:
        assert program.wait() == 3
        assert program.errors() == f"writehead: cannot listen on 127.0.0.1:{port}: address already in use\n"


def test_a_start_that_fails_in_an_unknown_way(folder: Path) -> None:
    """Its traceback, and exit code 3: the process does not live on without a server."""
    (folder / "odd.py").write_text(
        "from writehead import http\n"
        "class Odd(http.Server):\n"
        "    def listen(self, *args, **keywords):\n"
        "        raise RuntimeError('odd')\n"
        "server = Odd()\n"
    )
    with command("odd:server", cwd=folder) as program:
        assert program.wait() == 3
        assert program.errors().endswith(
            "RuntimeError: odd\nwritehead: cannot serve odd:server: RuntimeError: odd\n"
        )


@pytest.mark.parametrize("app", ["app", "ap"])
def test_a_start_that_fails_beside_threads(folder: Path, app: str) -> None:
    """A thread that the import has started does not hold the process."""
    (folder / "held.py").write_text(
        "import threading\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "print('imported', flush=True)\n"
        "app = 3\n"
    )
    with command(f"held:{app}", cwd=folder) as program:
        assert program.wait() == 3
        assert program.rest() == ["imported"]
        assert program.errors().startswith("writehead: ")


ASGI = """
import sys, os
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        STARTUP
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shut down", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": f"{scope['root_path']} {scope['path']}".encode()})
"""


def asgi(folder: Path, startup: str = "pass") -> Path:
    (folder / "asgi.py").write_text(ASGI.replace("STARTUP", startup))
    return folder


def test_an_application_of_asgi(folder: Path) -> None:
    """Its start-up is before the banner, its shut-down before the end; the prefix is passed on."""
    options = ["--port", "0", "--root-path", "/api", "--lifespan", "on"]
    with serving("asgi:app", *options, cwd=asgi(folder)) as (program, url):
        assert "asgi:app (ASGI)" in program.errors()
        assert body(talk(port_of(url), request("/a"))) == "/api /api/a"
        assert program.stop() == 0
        assert program.rest() == ["shut down"]


def test_an_application_of_wsgi(folder: Path) -> None:
    """The same for WSGI."""
    (folder / "wsgi.py").write_text(
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [environ['SCRIPT_NAME'].encode(), b' ', environ['PATH_INFO'].encode()]\n"
    )
    with serving("wsgi:app", "--port", "0", "--root-path", "/api", cwd=folder) as (program, url):
        assert "wsgi:app (WSGI)" in program.errors()
        assert body(talk(port_of(url), request("/a"))) == "/api /a"
        assert program.stop() == 0


@pytest.mark.parametrize(
    ("startup", "said", "traceback"),
    [
        (
            "return await send({'type': 'lifespan.startup.failed', 'message': 'no database'})",
            "no database",
            False,
        ),
        ("raise LookupError('no database')", "LookupError", True),
    ],
)
def test_a_lifespan_that_fails(folder: Path, startup: str, said: str, traceback: bool) -> None:
    """Exit code 3, with the message of the application, or its traceback; the port was never open."""
    with command("asgi:app", "--port", "0", "--lifespan", "on", cwd=asgi(folder, startup)) as program:
        assert program.wait() == 3
        assert said in program.errors()
        assert ("Traceback" in program.errors()) == traceback
        assert "listening on" not in program.errors()


def test_an_interface_that_is_wrong(folder: Path) -> None:
    """An application that cannot be called in the way that was asked for does not start."""
    with command("main:make", "--interface", "asgi", cwd=folder) as program:
        assert program.wait() == 3
        assert re.match(r"writehead: main:make: .*ASGI", program.errors())


def test_a_program_that_exits_at_import(folder: Path) -> None:
    """An exit is an exit, with its code."""
    (folder / "ends.py").write_text("import sys\nsys.exit(4)")
    with command("ends:app", cwd=folder) as program:
        assert program.wait() == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(folder: Path, number: signal.Signals) -> None:
    """R24. The exit code is 0, and nothing is printed but the steps of the drain."""
    with serving("main:handle", "--port", "0", cwd=folder) as (program, _):
        before = program.errors()
        program.signal(number)
        assert program.wait() == 0
        assert re.fullmatch(re.escape(before) + DRAINED, program.errors())


def test_what_has_no_effect_is_said(folder: Path) -> None:
    """An option that the target has no use for is a warning."""
    with serving("main:handle", "--port", "0", "--lifespan", "on", "--root-path", "/x", cwd=folder) as (
        program,
        _,
    ):
        said = program.errors()
    assert "WARNING --lifespan has no effect on a handler\n" in said
    assert "WARNING --root-path has no effect on a handler\n" in said


def test_the_command_is_loaded_by_itself_alone() -> None:
    """Importing the library loads nothing of the command, argparse neither."""
    text = (
        "import sys, writehead.http, writehead.https, writehead.testing; "
        "print([name for name in sys.modules if name.startswith('writehead._command') or name == 'argparse'])"
    )
    with Program(sys.executable, "-c", text) as program:
        assert program.rest() == ["[]"]


def addresses_in(text: str) -> list[str]:
    return re.findall(r"(?m)^listening on (\S+)$", text)


def test_more_than_one_address(folder: Path) -> None:
    """Each is served, and is in the banner; a stop closes all, and removes the file."""
    path = folder / "a.sock"
    options = ["-b", "127.0.0.1:0", "-b", f"unix:{path}", "--bind", "[::1]:0"]
    with serving("main:handle", *options, cwd=folder) as (program, _):
        first, second, third = addresses_in(program.errors())
        assert second == f"unix:{path}"
        assert third.startswith("http://[::1]:")
        assert body(talk(port_of(first), request("/a"))).startswith("/a ")
        for family, address in (
            (socket.AF_UNIX, str(path)),
            (socket.AF_INET6, ("::1", port_of(third))),
        ):
            with socket.socket(family) as client:
                client.settimeout(TIMEOUT)
                client.connect(address)
                client.sendall(request("/b"))
                assert body(read_all(client)).startswith("/b ")
        assert program.stop() == 0
    assert not path.exists()


def test_all_addresses_are_taken_before_anything_starts(folder: Path) -> None:
    """If one of them is in use, none is listened on, and it is the one that is named."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        path = folder / "a.sock"
        with command("main:handle", "-b", f"unix:{path},127.0.0.1:{port}", cwd=folder) as program:
            assert program.wait() == 3
            assert (
                program.errors() == f"writehead: cannot listen on 127.0.0.1:{port}: address already in use\n"
            )
    assert not path.exists()


def test_the_mode_of_a_socket_file(folder: Path) -> None:
    """It is what was asked for, whatever the umask."""
    path = folder / "a.sock"
    with serving("main:handle", "--uds", str(path), "--uds-permissions", "666", cwd=folder) as (program, _):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        assert program.stop() == 0


def test_a_host_name_that_is_not_there(folder: Path) -> None:
    """The address is named as it was given."""
    with command("main:handle", "--host", "nowhere.invalid", cwd=folder) as program:
        assert program.wait() == 3
        assert re.fullmatch(
            r"writehead: cannot listen on nowhere\.invalid:8000: no address of that name\n", program.errors()
        )


def test_every_address_of_both_kinds(folder: Path) -> None:
    """`::` takes IPv4 too, unless --ipv6-only says no."""
    with serving("main:handle", "-b", "[::]:0", cwd=folder) as (_, url):
        assert body(talk(port_of(url), request("/a"))).startswith("/a ")
    with serving("main:handle", "-b", "[::]:0", "--ipv6-only", cwd=folder) as (_, url):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port_of(url)), TIMEOUT)


def test_a_settings_file_alone_is_enough(folder: Path) -> None:
    """`target` of `[tool.writehead]` says what to serve; notes are told once."""
    (folder / "pyproject.toml").write_text(
        "[tool.writehead]\ntarget = 'main:handle'\nport = 0\ntask-impl = 'rust'\nloop = 'asyncio'\n"
    )
    with serving(cwd=folder) as (program, url):
        assert body(talk(port_of(url), request("/a"))).startswith("/a ")
        text = program.errors()
        assert "  asyncio  " in text
        assert text.count("task-impl has no effect: tasks are those of asyncio") == 1


def test_variables_from_a_file(folder: Path) -> None:
    """They are there when the program is imported."""
    pytest.importorskip("dotenv")
    (folder / ".env").write_text("WORD=from a file\n")
    (folder / "env.py").write_text(
        "import os\nword = os.environ['WORD']\ndef handle(req, res): res.end(word)\n"
    )
    with serving("env:handle", "--env-file", ".env", "--port", "0", cwd=folder) as (_, url):
        assert body(talk(port_of(url), request("/"))) == "from a file"


def test_the_banner_as_json(folder: Path) -> None:
    """One object with the same facts."""
    with command("main:handle", "--port", "0", "--log-format", "json", cwd=folder) as program:
        end = time.monotonic() + TIMEOUT
        while not program.errors().endswith("\n") and time.monotonic() < end:
            time.sleep(0.01)
        told = json.loads(program.errors())
        assert told["message"] == f"listening on {told['addresses'][0]}"
        assert (told["level"], told["logger"], told["version"]) == ("info", "writehead", __version__)
        assert (told["target"], told["interface"]) == ("main:handle", "handler")


def test_limits_are_those_of_the_server(folder: Path) -> None:
    """What was given replaces a program's own; the rest stays."""
    (folder / "own.py").write_text(
        "from writehead import http\n"
        "server = http.create_server(body_timeout=7, max_headers_count=9)\n"
        "server.on('request', lambda req, res: res.end(' '.join(map(str, (server.body_timeout, server.write_timeout, "
        "server.max_headers_count, server.max_header_size, server.headers_timeout)))))\n"
    )
    options = ["--max-header-size", "2k", "--timeout-headers", "5", "--timeout-write", "4", "--port", "0"]
    with serving("own:server", *options, cwd=folder) as (_, url):
        assert body(talk(port_of(url), request("/"))) == "7 4000 9 2048 5000"


def test_clients_with_certificates(folder: Path) -> None:
    """`--cert-reqs` asks for them, of a server that the program has made, too."""
    options = ["--certfile", "cert.pem", "--keyfile", "key.pem", "--ca-certs", "cert.pem", "--port", "0"]
    for target in ("main:handle", "main:secure"):
        with serving(target, *options, "--cert-reqs", "required", cwd=folder) as (_, url):
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            with socket.create_connection(("127.0.0.1", port_of(url)), TIMEOUT) as plain:
                with pytest.raises(ssl.SSLError, match="certificate required"):
                    with context.wrap_socket(plain) as client:
                        client.sendall(request("/"))
                        client.recv(1)
