"""What the README shows is what happens."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.masks import masked
from tests.kit.programs import ROOT, command, free_port, python
from tests.kit.raw_client import connect, read_until, request, talk

README = (ROOT / "README.md").read_text("utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
CONSOLE_BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
COMMANDS = [line[2:] for block in CONSOLE_BLOCKS for line in block.splitlines() if line.startswith("$ ")]
INSTALL, RUN, ASK, ASK_BY_JSON, _ = CONSOLE_BLOCKS


def started(directory: Path, block: str) -> tuple[str, int]:
    """Write a block of code for a port that is free; return its path and the port."""
    port = free_port()
    path = directory / "ping.py"
    path.write_text(block.replace("3000", str(port)))
    return str(path), port


def test_the_first_program_is_the_example() -> None:
    """The README opens with examples/ping.py."""
    assert PYTHON_BLOCKS[0] == (ROOT / "examples" / "ping.py").read_text()


def test_the_first_program_prints_and_answers_as_shown(tmp_path: Path) -> None:
    """What the consoles under the first program show is what they show."""
    script, port = started(tmp_path, PYTHON_BLOCKS[0])
    shown = [block.replace("3000", str(port)) for block in (RUN, ASK)]
    with command(script) as program:
        assert [program.line()] == shown[0].splitlines()[1:]
        with connect(port) as client:
            client.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = masked(read_until(client, b"0\r\n\r\n")).decode()
    expected = shown[1].partition("\n")[2]
    expected = re.sub(r"(?m)^Date: .*", "Date: <date>", expected)
    assert answer.replace("\r\n", "\n").replace("4\npong\n0\n\n", "pong\n") == expected


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_curl_shows_what_the_readme_shows(tmp_path: Path) -> None:
    """The very command of the README."""
    script, port = started(tmp_path, PYTHON_BLOCKS[0])
    line, _, expected = ASK.replace("3000", str(port)).partition("\n")
    with python(script) as program:
        program.line()
        done = subprocess.run(["env", "no_proxy=*", *line[2:].split()], capture_output=True, check=True)
    answer = masked(done.stdout).decode().replace("\r\n", "\n")
    assert answer + "\n" == re.sub(r"(?m)^Date: .*", "Date: <date>", expected)


def test_the_async_program_answers(tmp_path: Path) -> None:
    """JSON in, text out, by an `async def` handler and Node's spelling."""
    script, port = started(tmp_path, PYTHON_BLOCKS[1])
    body = b'{"name": "Ada"}'
    assert f"'{body.decode()}'" in ASK_BY_JSON
    assert ASK_BY_JSON.endswith("\nHello, Ada\n")
    with python(script) as program:
        while True:
            try:
                answer = talk(port, request("/", f"Content-Length: {len(body)}", method="POST", body=body))
                break
            except ConnectionRefusedError:  # it prints nothing when it is ready
                assert program.process.poll() is None, program.errors()
        assert answer == (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: <date>\r\nConnection: close\r\n"
            b"Content-Length: 11\r\n\r\nHello, Ada\n"
        )
        assert program.stop() == 0


def test_the_program_of_a_running_loop_ends(tmp_path: Path) -> None:
    """It prints its port, leaves the block and ends."""
    script, _ = started(tmp_path, PYTHON_BLOCKS[2])
    with python(script) as program:
        assert program.port() > 0
        assert program.wait() == 0
        assert program.errors() == ""


def test_no_program_is_without_a_test() -> None:
    """Each block of code is run by a test above."""
    assert len(PYTHON_BLOCKS) == 3


def test_every_command_is_known() -> None:
    """No command is shown that a test, here or elsewhere, does not stand for."""
    assert sorted(set(COMMANDS)) == sorted(
        {
            "python3 -m venv .venv",
            ". .venv/bin/activate",
            "pip install .",
            "writehead examples/ping.py",
            "curl -si localhost:3000/ping",
            'curl -d \'{"name": "Ada"}\' localhost:3000',
            "make serve",
            "make test",
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [README, (ROOT / "docs" / "index.md").read_text("utf-8")], ids=["README", "index"]
)
def test_the_way_to_install_works_when_pasted(tmp_path: Path, page: str) -> None:
    """In a checkout, before anything is published, the commands make an environment that has the command."""
    checkout = tmp_path / "writehead"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".*", "site", "tests"))
    (block,) = [
        each for each in re.findall(r"```console\n(.*?)```", page, re.DOTALL) if "pip install" in each
    ]
    typed = [line.removeprefix("$ ") for line in block.splitlines()]
    typed += ["command -v writehead", "writehead --version"]
    done = subprocess.run(
        ["sh", "-ec", "\n".join(typed)], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(checkout / ".venv") in done.stdout


@pytest.mark.parametrize("target", ["serve", "test"])
def test_make_knows_the_targets(target: str) -> None:
    """The Makefile has what the README calls, and the first thing they need is there to be made."""
    if shutil.which("make") is None:
        pytest.skip("no make here")
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    wanted = "examples/ping.py" if target == "serve" else "pytest"
    assert wanted in done.stdout


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"], ids=lambda page: page
)
def test_links_lead_somewhere(page: str) -> None:
    """Each link into the project names a file that is there."""
    links = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", (ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_pages_that_are_read_where_the_code_is_need_no_site() -> None:
    """Tabs are made when the site is built: in the source they are titles and blocks, which any reader shows."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    marked = [page.name for page in pages if re.search(r"(?m)^ *(===|!!!|\?\?\?) ", page.read_text("utf-8"))]
    assert marked == []
