"""The command `writehead`: what it runs, what it prints, how it ends."""

from __future__ import annotations

import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.kit.certificates import authority
from tests.kit.programs import ROOT, Program, command, free_port
from tests.kit.raw_client import connect, read_all, request, talk
from writehead import __version__, cli

SERVER = """
import sys
from writehead import http
server = http.create_server(lambda req, res: res.end("hello"))
server.listen(0, lambda: print("port", server.address()["port"]))
"""


def script(directory: Path, text: str) -> str:
    path = directory / "script.py"
    path.write_text(text)
    return str(path)


def test_a_script_is_run_and_then_its_servers(tmp_path: Path) -> None:
    """A script needs no `http.run()`; its printed lines come at once, SIGTERM ends it with 0."""
    with command(script(tmp_path, SERVER)) as program:
        assert talk(program.port(), request("/")).endswith(b"\r\n\r\nhello")
        assert program.stop() == 0
        assert program.errors() == ""


def test_a_script_may_run_its_servers_itself(tmp_path: Path) -> None:
    """With `http.run()` in the script, the command finds nothing left to do."""
    with command(script(tmp_path, SERVER + "http.run()\nprint('after')")) as program:
        assert program.port()
        assert program.stop() == 0
        assert program.rest() == ["after"]


def test_a_script_without_a_server_ends(tmp_path: Path) -> None:
    """Nothing holds the loop, so the command ends where the script does."""
    with command(script(tmp_path, "print('done')")) as program:
        assert program.rest() == ["done"]
        assert program.wait() == 0


def test_a_script_finds_itself_as_the_interpreter_would_run_it(tmp_path: Path) -> None:
    """Name, arguments, file, import path and main module are those of `python script.py`."""
    (tmp_path / "beside.py").write_text("WORD = 'beside'")
    text = """
import __main__, beside, pickle, sys
class Kept: pass
print(__name__, sys.argv[1:], beside.WORD)
print(__main__.__file__ == __file__ == sys.argv[0], __main__.Kept is Kept)
print(type(pickle.loads(pickle.dumps(Kept()))) is Kept, "__annotations__" in globals() or True, __doc__)
"""
    with command(script(tmp_path, text), "--help", "-x", "--", "a b") as program:
        assert program.rest() == [
            "__main__ ['--help', '-x', '--', 'a b'] beside",
            "True True",
            "True True None",
        ]


def test_the_working_directory_is_not_on_the_path(tmp_path: Path) -> None:
    """Imports are looked for beside the script, not where the command was called."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "stray.py").touch()
    with command(script(tmp_path, "import stray"), cwd=tmp_path / "here") as program:
        assert program.wait() == 1
        assert "No module named 'stray'" in program.errors()


def test_a_script_in_another_encoding(tmp_path: Path) -> None:
    """The coding line of a script holds."""
    path = tmp_path / "script.py"
    path.write_bytes("# coding: latin-1\nprint(len('é'))".encode("latin-1"))
    with command(str(path)) as program:
        assert program.rest() == ["1"]


def test_a_script_that_is_missing() -> None:
    """Which script, and why not; exit code 1, as Node.js has it."""
    with command("missing.py") as program:
        assert program.wait() == 1
        assert program.errors() == "writehead: cannot open script 'missing.py': No such file or directory\n"


def test_a_script_that_is_a_directory(tmp_path: Path) -> None:
    """A directory is no script."""
    with command(str(tmp_path)) as program:
        assert program.wait() == 1
        assert "Is a directory" in program.errors()


def test_a_script_that_fails(tmp_path: Path) -> None:
    """Its own error, without the frames of the command, and exit code 1."""
    name = script(tmp_path, "def f():\n    raise LookupError('where?')\nf()")
    with command(name) as program:
        assert program.wait() == 1
        marks = re.compile(r"^ +[~^]+\n", re.MULTILINE)  # Python 3.13 points at the place
        assert marks.sub("", program.errors()) == (
            "Traceback (most recent call last):\n"
            f'  File "{name}", line 3, in <module>\n    f()\n'
            f"  File \"{name}\", line 2, in f\n    raise LookupError('where?')\n"
            "LookupError: where?\n"
        )


def test_a_script_that_cannot_be_parsed(tmp_path: Path) -> None:
    """A syntax error is shown where it stands."""
    name = script(tmp_path, "x = = 1")
    with command(name) as program:
        assert program.wait() == 1
        assert re.match(
            rf'  File "{re.escape(name)}", line 1\n    x = = 1\n +\^\nSyntaxError', program.errors()
        )


@pytest.mark.parametrize(
    ("call", "code"), [("sys.exit(3)", 3), ("sys.exit()", 0), ("sys.exit('no')", 1), ("raise SystemExit", 0)]
)
def test_a_script_that_exits(tmp_path: Path, call: str, code: int) -> None:
    """An exit is an exit, with its code, and the loop does not run."""
    with command(script(tmp_path, f"{SERVER}\n{call}")) as program:
        assert program.wait() == code
        assert program.rest() == []


def test_a_handler_that_exits(tmp_path: Path) -> None:
    """`sys.exit` in a listener ends the process with its code, like `process.exit`."""
    text = SERVER.replace('res.end("hello")', "sys.exit(4)")
    with command(script(tmp_path, text)) as program:
        assert talk(program.port(), request("/")) == b""
        assert program.wait() == 4


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """Without an 'error' listener the process ends with 1 and says which port, by its code."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = SERVER.replace("listen(0", f"listen({port}, '127.0.0.1'")
        with command(script(tmp_path, text)) as program:
            assert program.wait() == 1
            assert program.errors() == (
                f"writehead: listen EADDRINUSE: address already in use 127.0.0.1:{port}\n"
            )


def test_a_failing_handler_is_logged(tmp_path: Path) -> None:
    """What a handler raises goes to stderr with its traceback; the client gets a 500; the server goes on."""
    text = SERVER.replace('res.end("hello")', "1 / 0")
    with command(script(tmp_path, text)) as program:
        port = program.port()
        assert talk(port, request("/")) == talk(port, request("/"))
        assert program.stop() == 0
        assert program.errors().count("ZeroDivisionError: division by zero") == 2
        assert f'File "{tmp_path}' in program.errors()


def test_help() -> None:
    """--help names the options, before and behind a target, and one group of them."""
    for arguments in (["--help"], ["-h", "main:app"], ["main:app", "--help"]):
        with command(*arguments) as program:
            text = "\n".join(program.rest())
            assert text.startswith("usage: writehead [options] TARGET [options]\n")
            assert "--shutdown-timeout TIME" in text
            assert program.wait() == 0
    with command("--help", "TLS") as program:
        assert program.line() == "TLS"
        assert program.wait() == 0


def test_version() -> None:
    """--version prints the version that stands in the package, and those of what it runs on."""
    with command("--version") as program:
        assert program.line().startswith(f"writehead {__version__}  Python 3.")
        assert program.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "no target: writehead main:app, or writehead script.py"),
        (["--what", "script.py"], "--what: no such option"),
        (["--shutdown-timeout"], "--shutdown-timeout: expected one argument"),
        (
            ["--shutdown-timeout", "soon", "x.py"],
            "--shutdown-timeout: 'soon' is not a duration (write 5, 500ms, 2m)",
        ),
        (
            ["--shutdown-timeout=-1", "x.py"],
            "--shutdown-timeout: '-1' is not a duration (write 5, 500ms, 2m)",
        ),
        (
            ["main:"],
            "'main:' is no target: write a module, a colon and an attribute of it: main:app, main:make()",
        ),
        (["--help", "x.py"], None),
        (
            ["--port", "80", "x.py"],
            "a script chooses its own port; serve an attribute of it, script.py:server, or give its listen() none",
        ),
        (
            ["--uds", "a.sock", "x.py"],
            "a script chooses its own port; serve an attribute of it, script.py:server, or give its listen() none",
        ),
        (["--factory", "x.py"], "--factory: a script runs as it is; serve an attribute of it, script.py:app"),
        (
            ["--pythonpath", ".", "x.py"],
            "--pythonpath: a script runs as it is; serve an attribute of it, script.py:app",
        ),
    ],
)
def test_a_wrong_use(arguments: list[str], complaint: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option is named, in one line, with exit code 2."""
    code = cli.main(arguments)
    assert (code, capsys.readouterr().err) == ((2, f"writehead: {complaint}\n") if complaint else (0, ""))


PLACE = """
import os
from writehead import http
server = http.create_server(lambda req, res: res.end("hello"))
server.listen(LISTEN)
server.on("listening", lambda: print(server.address(), server.keep_alive_timeout))
server.on("listening", server.close)
"""


@pytest.mark.parametrize(
    ("listen", "environment", "printed"),
    [
        ("", {"WRITEHEAD_HOST": "127.0.0.1"}, r"\{'address': '127.0.0.1', .*'port': \d+\} 5000"),
        ("host='127.0.0.1'", {"WRITEHEAD_HOST": "127.0.0.2"}, r"\{'address': '127.0.0.1', .*\} 5000"),
        ("0, '127.0.0.1'", {"WRITEHEAD_HOST": "127.0.0.2"}, r"\{'address': '127.0.0.1', .*\} 5000"),
        ("", {"WRITEHEAD_UDS": "a.sock"}, "a.sock 5000"),
        ("path='b.sock'", {"WRITEHEAD_UDS": "a.sock"}, "b.sock 5000"),
        ("", {"WRITEHEAD_HOST": "127.0.0.1", "WRITEHEAD_KEEP_ALIVE": "7"}, r".*\} 7000"),
    ],
)
def test_the_environment_of_a_script(
    tmp_path: Path, listen: str, environment: dict[str, str], printed: str
) -> None:
    """Its place is what a `listen()` without one takes; what the script says itself stands."""
    with command(script(tmp_path, PLACE.replace("LISTEN", listen)), cwd=tmp_path, **environment) as program:
        line = program.line()
        assert re.fullmatch(printed, line), line
        assert program.wait() == 0
        assert program.errors() == ""


def test_the_port_of_the_environment(tmp_path: Path) -> None:
    """A script whose `listen()` names no port gets it."""
    port = free_port()
    with command(script(tmp_path, PLACE.replace("LISTEN", "")), WRITEHEAD_PORT=str(port)) as program:
        assert f"'port': {port}}}" in program.line()


@pytest.mark.parametrize(("given", "kept"), [("", "9000"), ("keep_alive_timeout=1000", "1000")])
def test_an_option_is_a_default_of_the_script(tmp_path: Path, given: str, kept: str) -> None:
    """What was given to the command counts unless the script says otherwise."""
    text = f"from writehead import http\nprint(http.create_server({given}).keep_alive_timeout)"
    with command("--timeout-keep-alive", "9", script(tmp_path, text)) as program:
        assert program.rest() == [kept]


def test_a_certificate_is_a_default_of_the_script(tmp_path: Path) -> None:
    """A server of https that is made without one has that of the command."""
    text = SERVER.replace("http", "https")
    cert, key = authority().write(tmp_path)
    with command("--certfile", cert, "--keyfile", key, script(tmp_path, text)) as program:
        port = program.port()
        with authority().context().wrap_socket(connect(port), server_hostname="localhost") as client:
            client.sendall(request("/"))
            assert read_all(client).endswith(b"\r\n\r\nhello")


def test_the_installed_command_is_the_same() -> None:
    """The script that pip makes calls the same function."""
    installed = Path(sys.executable).with_name("writehead")
    if not installed.exists():
        pytest.skip("not installed")
    with Program(str(installed), "--version") as program:
        assert program.line().startswith(f"writehead {__version__}  ")


HOLDS = """
from writehead import http
server = http.create_server(lambda req, res: print("asked", flush=True))
server.listen(0, lambda: print("port", server.address()["port"]))
"""


def test_the_shutdown_timeout_cuts_what_is_left(tmp_path: Path) -> None:
    """What is not answered by then is cut, and the command says how many connections that were."""
    with command("--shutdown-timeout", "0.2", script(tmp_path, HOLDS)) as program:
        port = program.port()
        with connect(port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert program.line() == "asked"
            assert program.stop() == 0
            assert "1 connection cut 0.2 s after the drain began: GET " in program.errors()


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    """Who asks twice does not wait for anybody."""
    with command(script(tmp_path, HOLDS)) as program:
        port = program.port()
        with connect(port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert program.line() == "asked"
            program.signal(signal.SIGTERM)
            while True:  # the first signal has arrived when the port is closed, or is being closed
                try:
                    connect(port).close()
                except (ConnectionRefusedError, ConnectionResetError):
                    break
            assert program.insist(signal.SIGINT) == -signal.SIGINT


def test_the_command_is_in_the_readme() -> None:
    """The README shows how to call it."""
    assert "writehead examples/ping.py" in (ROOT / "README.md").read_text()
