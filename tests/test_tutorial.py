"""The tutorial is typed as a reader types it, chapter after chapter, and shows what it says.

In a chapter

    ```python title="x.py"          is saved as x.py
    ```python title="f in x.py"     takes the place of the function, or the variable, f in x.py
    ```python                       is an excerpt of a program as it stands
    ```console                      is typed, and prints what is shown under each command
    ```output                       is what the running server prints next

`python board.py` is left running until it is started again. Law: what is asked of the board asks
the board as it was last saved, and what a chapter has asked can be asked in all that follow.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kit.loops import TIMEOUT
from tests.kit.programs import ROOT, SOURCE, Program, free_port, python
from tests.test_docs import DOCS, Piece, pieces_of

INDEX = DOCS / "tutorial" / "index.md"
CHAPTERS = [INDEX.parent / name for name in re.findall(r"(?m)^\d\. \[.*?\]\((\w+\.md)\)", INDEX.read_text())]

#: What index.md has a reader type; a test of its own does it, since it takes long.
SETTING = [
    "mkdir board",
    "cd board",
    "python3 -m venv .venv",
    ". .venv/bin/activate",
    "pip install ../writehead",
]


class Asked(NamedTuple):
    """A request to the board, the chapter that makes it, and the status of the response."""

    command: str
    chapter: str
    status: str


def commands_of(text: str) -> list[tuple[str, str]]:
    """Return each command of a console, and what is shown under it."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:].rstrip("\n"), ""))
        else:
            command, shown = found[-1]
            found[-1] = (command, shown + line)
    return found


def replaced(program: str, name: str, text: str) -> str:
    """Return `program` with `text` in place of what defines `name`."""
    for node in ast.parse(program).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node]
        if name in [getattr(target, "name", getattr(target, "id", None)) for target in targets]:
            lines = program.splitlines(keepends=True)
            lines[node.lineno - 1 : node.end_lineno] = [text]
            return "".join(lines)
    raise AssertionError(f"nothing here is called {name}")


def without_date(text: str) -> str:
    return re.sub(r"(?m)^Date: [^\r\n]*", "Date:", text.replace("\r\n", "\n")).rstrip("\n")


class Reader:
    """Somebody with a folder, a terminal for the server, and one for curl."""

    def __init__(self, folder: Path, head: Path) -> None:
        self.folder = folder
        self.head = head
        self.port = free_port()
        self.server: Program | None = None
        self.watcher: Program | None = None
        self.expected: list[str] = []  # of the watcher
        self.stale = False
        self.asked: list[Asked] = []

    def read(self, chapter: Path) -> None:
        """Do what a chapter says, and ask again what the chapters before it have asked."""
        before = self.asked[:]
        for piece in pieces_of(chapter.read_text("utf-8")):
            where = f"{chapter.name}:{piece.line}"
            if piece.kind == "python":
                self.save(piece, where)
            elif piece.kind == "console":
                for command, shown in commands_of(piece.text):
                    self.type(command, shown, f"{where}: {command}")
            elif piece.kind == "output":
                self.hear(piece.text, where)
        for asked in before:
            self.curl(asked.command)
            assert self.status() == asked.status, f"{asked} is other after {chapter.name}"

    def save(self, piece: Piece, where: str) -> None:
        """Save a program, change one, or find an excerpt in one."""
        title = re.fullmatch(r'title="(?:(\w+) in )?(\w+\.py)"', piece.title)
        if title is None:
            assert piece.title == "", where
            assert piece.text in (self.folder / "board.py").read_text().replace(str(self.port), "3000"), where
            return
        name, path = title[1], self.folder / title[2]
        assert path.stem not in sys.stdlib_module_names, f"{where}: it would hide the module of that name"
        text = piece.text.replace("3000", str(self.port))
        path.write_text(replaced(path.read_text(), name, text) if name else text)
        self.stale |= path.name == "board.py"

    def type(self, command: str, shown: str, where: str) -> None:
        """Type a command, and see what is shown under it."""
        if command == "python board.py":
            self.start()
            self.hear(shown, where)
        elif command.startswith("curl -sN "):
            self.watcher = Program("sh", "-c", f"exec {self.here(command)}", cwd=self.folder, no_proxy="*")
            self.expected = shown.splitlines()
        elif command.startswith("curl "):
            assert not self.stale, f"{where}: board.py has changed, and was not started again"
            assert without_date(self.curl(command)) == without_date(shown), where
            self.asked.append(Asked(command, where, self.status()))
        else:
            assert self.output(command) == shown, where

    def hear(self, shown: str, where: str) -> None:
        """See that the server prints next what is shown."""
        assert self.server is not None, where
        if shown == "0 watching\n":
            self.leave(where)
        for line in shown.splitlines():
            assert self.server.line() == line.replace("3000", str(self.port)), where

    def leave(self, where: str) -> None:
        """End the watching, which has shown by now what it is to show."""
        assert self.watcher is not None, where
        with self.watcher as watcher:
            assert [watcher.line() for _ in self.expected] == self.expected, where
            watcher.signal(signal.SIGINT)
            watcher.wait()
        self.watcher = None

    def start(self) -> None:
        """Start the server; one that runs is stopped by Ctrl-C."""
        self.stop()
        self.server = python("board.py", cwd=self.folder)
        self.stale = False

    def stop(self) -> None:
        """Stop what runs."""
        if self.watcher is not None:
            self.leave("at the end")
        if self.server is not None:
            with self.server as server:
                self.server = None
                server.signal(signal.SIGINT)
                assert server.wait() == 0
                assert server.errors() == ""

    def here(self, command: str) -> str:
        return command.replace("localhost:3000", f"localhost:{self.port}")

    def curl(self, command: str) -> str:
        """Run curl; it leaves the head of the response in a file."""
        return self.output(self.here(command).replace("curl ", f"curl -D {self.head} ", 1))

    def status(self) -> str:
        """Return the status of what curl has asked last."""
        return self.head.read_text().split()[1]

    def output(self, command: str) -> str:
        """Return what a command prints in the environment of the tests, named `python` there."""
        python_here = f'python() {{ {shlex.quote(sys.executable)} "$@"; }}\n'
        path = os.pathsep.join(filter(None, [SOURCE, os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            ["sh", "-c", python_here + command],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="NO CURL HERE: the tutorial is not typed")
def test_each_chapter_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """All programs run as typed, all commands show what is shown, and none stops working later."""
    (tmp_path / "board").mkdir()
    reader = Reader(tmp_path / "board", tmp_path / "head")
    try:
        for chapter in CHAPTERS:
            reader.read(chapter)
    except BaseException:
        for program in filter(None, [reader.watcher, reader.server]):
            program.__exit__(None, None, None)
        raise
    reader.stop()


def test_the_chapters_are_all_read() -> None:
    """Each page of the tutorial but its first is a chapter, and the navigation has them in the same order."""
    assert sorted([*CHAPTERS, INDEX]) == sorted(INDEX.parent.glob("*.md"))
    named = re.findall(r"tutorial/(\w+\.md)", (ROOT / "mkdocs.yml").read_text("utf-8"))
    assert named == [INDEX.name, *(chapter.name for chapter in CHAPTERS)]


def test_the_first_program_answers_200() -> None:
    """What a reader sees first is a response that went well."""
    assert "HTTP/1.1 200 OK" in next(
        piece.text for piece in pieces_of(CHAPTERS[0].read_text("utf-8")) if "curl" in piece.text
    )


def setting(page: Path) -> list[str]:
    """Return all that a page has a reader type."""
    consoles = [piece.text for piece in pieces_of(page.read_text("utf-8")) if piece.kind == "console"]
    return [command for text in consoles for command, _ in commands_of(text)]


def test_the_setting_is_known() -> None:
    """The commands of the tutorial's first page are those that the next test types."""
    assert setting(INDEX) == SETTING


@pytest.mark.slow
def test_the_setting_works(tmp_path: Path) -> None:
    """A folder beside a checkout, and an environment in it: `python` has writehead then."""
    (tmp_path / "writehead").symlink_to(ROOT)
    typed = [*SETTING, "cd /", "python -c 'import writehead; print(writehead.__file__)'"]
    done = subprocess.run(
        ["sh", "-ec", "\n".join(typed)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(str(tmp_path / "board" / ".venv"))
