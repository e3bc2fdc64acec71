"""The documentation is true: its code runs, its links lead somewhere, its reference is complete.

In a page, a block of code is

    ```python     run as it stands, in order, in one namespace for the page
    ```output     what the Python block before it prints
    <!-- python   run too, and not shown: a setting, or a check; `await` is fine
    <!-- client   run in a thread while the next program runs its servers

Law: `listen(3000)` listens on a port of the system's choosing, and a program ends when its
client is done. The tutorial has a test of its own, `test_tutorial.py`.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import http.client
import inspect
import io
import re
import signal
import time
import types
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import settings_page
from tests.kit.certificates import authority
from tests.kit.loops import TIMEOUT, loop_factory
from tests.kit.programs import ROOT, command
from writehead import asgi, errors, events, https, testing, websocket, wsgi
from writehead import http as http_module
from writehead._guests import mount as guests
from writehead._loop.ticks import later
from writehead._message.abort_signal import AbortSignal
from writehead._node.spelling import node_spelling
from writehead._process import run as _run
from writehead._server import registry as _open
from writehead._server.options import OPTIONS
from writehead._testing.client import Parsed
from writehead._tls import context as _secure_context

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted(DOCS.rglob("*.md"))
TUTORIAL = DOCS / "tutorial"  # typed by test_tutorial.py

_PIECE = re.compile(
    r"^<!-- (?P<hidden>python|client)\n(?P<secret>.*?)^-->$"
    r"|^(?P<indent> *)```(?P<language>\w*) *(?P<title>[^\n]*)\n(?P<shown>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


class Piece(NamedTuple):
    """A block of a page: its kind, its text, the line where the text begins, what else its fence says."""

    kind: str
    text: str
    line: int
    title: str = ""


def pieces_of(text: str) -> list[Piece]:
    pieces = []
    for match in _PIECE.finditer(text):
        group = "secret" if match["hidden"] else "shown"
        indent = match["indent"] or ""
        body = re.sub(rf"(?m)^{indent}", "", match[group])
        kind = f"hidden {match['hidden']}" if match["hidden"] else match["language"]
        line = text.count("\n", 0, match.start(group)) + 1
        pieces.append(Piece(kind, body, line, match["title"] or ""))
    return pieces


def name_of(page: Path) -> str:
    return str(page.relative_to(DOCS))


# -- running a page ------------------------------------------------------------


class Answer(NamedTuple):
    """What `get` returns: the answer of a program on a port."""

    status: int
    headers: dict[str, str]
    text: str


def get(target: str = "/", method: str = "GET", body: Any = None, **headers: str) -> Answer:
    """Ask the program that runs on a port, over TLS if that is what it speaks."""
    connection = http.client.HTTPConnection("localhost", port(), timeout=TIMEOUT)
    if isinstance(_open.every_open_server()[0], https.Server):
        trusting = authority().context()
        connection = http.client.HTTPSConnection("localhost", port(), timeout=TIMEOUT, context=trusting)
    with contextlib.closing(connection):
        connection.request(
            method, target, body, {name.replace("_", "-"): text for name, text in headers.items()}
        )
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())


def port() -> int:
    """Return the port of the program that runs."""
    return int(_open.every_open_server()[0].address()["port"])  # type: ignore[attr-defined]  # a Server


def ask(server: Any, method: str = "GET", target: str = "/", **more: Any) -> testing.Answer:
    """Ask a server, or a handler, in memory."""
    if not isinstance(server, http_module.Server):
        server = http_module.create_server(server)
    return testing.connect(server).request(method, target, **more)


def wire(data: bytes) -> str:
    """Return bytes of an answer as a page shows them."""
    return re.sub(
        r"Date: [^\n]*", "Date: Tue, 24 Nov 2026 12:00:00 GMT", data.decode("latin-1").replace("\r\n", "\n")
    )


@contextlib.contextmanager
def serving(target: str) -> Iterator[str]:
    """Serve a file of the page by the command, and give its address."""
    with command(target, "--port", "0") as program:
        while (found := re.search(r"(?m)^listening on (\S+)$", program.errors())) is None:
            assert program.process.poll() is None, program.errors()
            time.sleep(0.01)
        yield found[1]


def fetch(url: str) -> str:
    """Return the text at an address."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=TIMEOUT) as answer:
        return str(answer.read().decode())


class Stage:
    """Where the blocks of one page run."""

    def __init__(self, page: Path, monkeypatch: pytest.MonkeyPatch, loop: Any) -> None:
        self.page = page
        self.loop = loop
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.printed = ""
        self.client: Piece | None = None
        self.pieces = pieces_of(page.read_text("utf-8"))
        self.tools = {
            "get": get,
            "port": port,
            "ask": ask,
            "wire": wire,
            "authority": authority,
            "need": pytest.importorskip,
            "serving": serving,
            "fetch": fetch,
        }
        monkeypatch.setattr(http_module, "run", self.run)

    def play(self) -> None:
        """Run all blocks."""
        for number, piece in enumerate(self.pieces):
            if piece.kind == "python":
                if title := re.fullmatch(r'title="([\w.]+)"', piece.title):
                    Path(title[1]).write_text(piece.text)  # the command finds it
                self.printed = ""
                text = re.sub(r'(listen\(|"port": |port=)3000', r"\g<1>0", piece.text)
                self.execute(piece._replace(text=text))
            elif piece.kind == "hidden python":
                below = [
                    each.text
                    for each in self.pieces[number:]
                    if each.kind in ("http", "output", "text", "json")
                ]
                self.execute(piece, below=below[0] if below else "", printed=self.printed)
            elif piece.kind == "hidden client":
                self.client = piece
            elif piece.kind == "output":
                assert self.printed == piece.text, f"{name_of(self.page)}:{piece.line} shows other output"
        assert self.client is None, "no program follows the client"

    def execute(self, piece: Piece, **tools: Any) -> None:
        """Run one block; what hidden ones are given goes again."""
        hidden = piece.kind != "python"
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if hidden else 0
        source = "\n" * (piece.line - 1) + piece.text
        code = compile(source, str(self.page), "exec", flags, dont_inherit=True)
        tools = {**self.tools, **tools} if hidden else {}
        self.names |= tools
        try:
            # What a client prints comes between what its program prints.
            with self.capture() if piece.kind != "hidden client" else contextlib.nullcontext():
                if code.co_flags & inspect.CO_COROUTINE:
                    with asyncio.Runner(loop_factory=self.loop) as runner:
                        runner.run(self.within_the_limit(code))
                else:
                    exec(code, self.names)
        finally:
            for name in tools:
                self.names.pop(name, None)

    @contextlib.contextmanager
    def capture(self) -> Iterator[None]:
        """Keep what is printed."""
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                yield
        finally:
            self.printed += out.getvalue()

    async def within_the_limit(self, code: types.CodeType) -> None:
        async with asyncio.timeout(TIMEOUT):
            await types.FunctionType(code, self.names)()

    def run(self, **options: Any) -> None:
        """Do what `http.run()` does, with a client that ends it."""
        failures: list[BaseException] = []
        client, self.client = self.client, None
        later(lambda: asyncio.get_running_loop().create_task(self.visit(client, failures)))
        # What a page sets for a signal stays past the end of its loop.
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            _run.run(**options)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if failures:
            raise failures[0]

    async def visit(self, client: Piece | None, failures: list[BaseException]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                for server in _open.every_open_server():
                    await server  # type: ignore[misc]  # a Server; a host may be looked up, an app may start
                if client is not None:
                    await asyncio.to_thread(self.execute, client)
        except BaseException as error:
            failures.append(error)
        finally:
            for server in _open.every_open_server():
                server.close()
                server.close_all_connections()


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != TUTORIAL], ids=name_of)
def test_the_code_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Each block runs, in order, and prints what is shown under it."""
    monkeypatch.chdir(tmp_path)
    Stage(page, monkeypatch, loop_factory(request.config.getoption("--loop"))).play()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_has_no_block_that_is_not_seen(page: Path) -> None:
    """Each fence and each hidden block is found; a misspelt one would never run."""
    text = page.read_text("utf-8")
    pieces = pieces_of(text)
    fences = len(re.findall(r"(?m)^ *```", text))
    shown = [piece for piece in pieces if not piece.kind.startswith("hidden")]
    assert fences == 2 * len(shown)
    marks = len(re.findall("<!-- (?:end of )?figures", text))  # where the benchmark writes its table
    assert len(re.findall("<!--", text)) - marks == len(pieces) - len(shown)
    assert {piece.kind for piece in shown} <= {
        "python",
        "output",
        "http",
        "text",
        "console",
        "javascript",
        "json",
        "ini",
        "nginx",
        "yaml",
    }


# -- tabs ----------------------------------------------------------------------


def test_blocks_in_several_languages_become_tabs() -> None:
    """Each block under the title of a language is a tab of the site, in groups of which each has Python."""
    source = (DOCS / "guides" / "from-node.md").read_text("utf-8")
    built = hooks().with_tabs(source)
    assert re.findall(r"(?m)^\*\*", built) == []
    labels = re.findall(r'(?m)^=== "(.*)"$', built)
    assert len(labels) == len(re.findall(r"(?m)^\*\*", source))
    groups = " ".join(labels).split("Node Python")
    assert len(groups) - 1 == labels.count("Python") == labels.count("Node")
    assert [piece.text for piece in pieces_of(built)] == [piece.text for piece in pieces_of(source)]


def test_columns_of_sentences_have_room() -> None:
    """Their heads are marked for the style sheet; the cells under them, and other heads, are left as they are."""
    table = "| Option | Default | What |\n|---|---|---|\n| `What` | 1 | What |\n"
    assert hooks().with_columns(table) == table.replace("| What |\n|---", "| What { .text } |\n|---")


def test_choosing_a_language_once_chooses_it_everywhere() -> None:
    """Tabs of the same title are linked."""
    assert "    - content.tabs.link\n" in (ROOT / "mkdocs.yml").read_text("utf-8")


def test_the_site_is_its_own_and_says_what_it_is() -> None:
    """A logo, the version, a link to the source; no request to anybody else, and no name in a table broken in two."""
    from writehead import __version__

    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    for line in ("  logo: assets/logo.svg", "  font: false", "extra_css: [assets/extra.css]", "repo_url: "):
        assert f"\n{line}" in settings
    assert (DOCS / "assets" / "logo.svg").exists()
    style = (DOCS / "assets" / "extra.css").read_text("utf-8")
    assert re.search(r"code\.name\b[^{]*\{[^}]*white-space: nowrap;", style)
    assert hooks().on_page_content("<code>--a-name</code>") == '<code class="name">--a-name</code>'
    # The theme scrolls this box, and not the table inside it.
    assert re.search(r"\.md-typeset__scrollwrap \{[^}]*linear-gradient\([^}]* scroll,", style)
    assert "http" not in style
    config: dict[str, Any] = {"nav": [{"Topics": []}]}
    assert f" {__version__}," in hooks().on_config(config)["copyright"]


@pytest.mark.parametrize(
    "word",
    [
        "routing",
        "query",
        "cookie",
        "etag",
        "range",
        "gzip",
        "multipart",
        "websocket",
        "proxy",
        "reload",
        "types",
        "mypy",
    ],
)
def test_what_is_looked_for_first_has_a_recipe(word: str) -> None:
    """By the word that one would type into the search."""
    recipes = (DOCS / "guides" / "recipes.md").read_text("utf-8")
    assert re.search(rf"(?im)^## .*{word}", recipes)


def hooks() -> types.ModuleType:
    """Return docs/hooks.py, as mkdocs loads it."""
    module = types.ModuleType("hooks")
    vars(module)["__file__"] = str(DOCS / "hooks.py")
    exec((DOCS / "hooks.py").read_text("utf-8"), vars(module))
    return module


# -- links ---------------------------------------------------------------------

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "`code`", _PIECE.sub("", text))


def anchors_of(page: Path) -> set[str]:
    """Return what may stand behind `#` in a link to `page`."""
    text = _PIECE.sub("", page.read_text("utf-8"))
    anchors = set(re.findall(r"\{ ?#([\w.-]+)", text))
    for title in re.findall(r"(?m)^#+ (.+?)(?: \{.*)?$", text):
        plain = re.sub(r"[^\w\s-]", "", title.lower()).strip()
        anchors.add(re.sub(r"[-\s]+", "-", plain))
    return anchors | {f"{name}" for name in rows_of(text)}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within the documentation names a page, and a place in it, that is there."""
    lost = []
    for link in (first or second for first, second in _LINK.findall(without_code(page.read_text("utf-8")))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and anchor not in anchors_of(target)):
            lost.append(link)
    assert not lost


def test_every_page_is_in_the_navigation() -> None:
    """mkdocs.yml names each page once, and no other; docs/hooks.py finds the topics that it leaves out."""
    named = re.findall(r"[\w/.-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8"))
    found = {name_of(page) for page in PAGES if page.parent.name == "topics"}
    assert sorted({*named, *found}) == sorted(name_of(page) for page in PAGES)
    assert len(named) == len(set(named))


def test_the_house_has_the_files_that_it_names() -> None:
    """topics/house.md names no file that is gone."""
    named = re.findall(
        r"`([\w/]+\.py|_\w+/|tests/[\w/]+)`", (DOCS / "topics" / "house.md").read_text("utf-8")
    )
    homes = ROOT, ROOT / "src" / "writehead"
    assert [name for name in named if not any((home / name).exists() for home in homes)] == []


# -- the reference -------------------------------------------------------------

#: Each class, the page that has its members, and the class whose members are on another page.
CLASSES: list[tuple[type, str, type]] = [
    (events.EventEmitter, "events.md", object),
    (http_module.Server, "server.md", events.EventEmitter),
    (https.Server, "https.md", http_module.Server),
    (http_module.OutgoingMessage, "server-response.md", events.EventEmitter),
    (http_module.ServerResponse, "server-response.md", events.EventEmitter),
    (http_module.IncomingMessage, "incoming-message.md", events.EventEmitter),
    (AbortSignal, "incoming-message.md", events.EventEmitter),
    (http_module.Socket, "socket.md", events.EventEmitter),
    (testing.Client, "testing.md", object),
    (testing.Answer, "testing.md", object),
    (testing.Clock, "testing.md", object),
    (Parsed, "testing.md", object),
    (websocket.WebSocketServer, "websocket.md", events.EventEmitter),
    (websocket.WebSocket, "web-socket.md", events.EventEmitter),
    (websocket.VerifyInfo, "websocket.md", dict),
    (asgi.Mount, "asgi.md", guests.Mount),
    (wsgi.Mount, "wsgi.md", guests.Mount),
    (wsgi.FileWrapper, "wsgi.md", object),
]


def members_of(cls: type, base: type = object) -> set[str]:
    """Return the public names of a class in Python's spelling, those of `base` left out."""
    names = set(dir(cls))
    for each in cls.__mro__:
        names.update(vars(each).get("__annotations__", {}))
    names -= set(dir(base)) | (members_of(base) if base is not object else set())
    return {name for name in names if not name.startswith("_") and name == name.lower()}


def page_of(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the cells of each table row that begins with a name in code, by that name."""
    rows = {}
    for line in re.findall(r"(?m)^\| `.*$", text):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for name in re.findall(r"`(\w+)[^`]*`", cells[0]):
            rows[name] = cells
    return rows


def named_in(text: str) -> set[str]:
    """Return what has an anchor, or a row of a table, of its own."""
    return set(re.findall(r"\{ ?#([\w.-]+)", text)) | set(rows_of(text))


@pytest.mark.parametrize(("cls", "page", "base"), CLASSES, ids=str)
def test_the_reference_has_every_member(cls: type, page: str, base: type) -> None:
    """Each public member has a heading or a row on the page of its class."""
    assert members_of(cls, base) - named_in(page_of(page)) == set()


@pytest.mark.parametrize(("cls", "page", "base"), CLASSES, ids=str)
def test_the_reference_has_both_spellings(cls: type, page: str, base: type) -> None:
    """Where Node spells a member otherwise its page says how."""
    text = page_of(page)
    twins = {node_spelling(name) for name in members_of(cls, base)} & set(dir(cls))
    assert {twin for twin in twins if twin != twin.lower() and f"`{twin}" not in text} == set()


@pytest.mark.parametrize(("cls", "page", "base"), CLASSES, ids=str)
def test_the_reference_has_every_event(cls: type, page: str, base: type) -> None:
    """The events that a class names in its docstring have a heading on its page."""
    told = re.search(r"Events: (.*?)(?:\n\n|Source|Args|$)", cls.__doc__ or "", re.DOTALL)
    named = re.findall(r"'(\w+)'", told[1]) if told else []
    there = named_in(page_of(page)) | (
        named_in(page_of("server.md")) if base is http_module.Server else set()
    )
    assert {f"event-{name}" for name in named} - there == set()


def test_the_reference_names_no_member_that_is_not_there() -> None:
    """A heading of the form `res.name(...)` belongs to a member of a class of its page."""
    stale = []
    for page in sorted({page for _, page, _ in CLASSES}):
        known = {name for cls, where, _ in CLASSES if where == page for name in members_of(cls)}
        for owner, name in re.findall(r"(?m)^### `(?:await )?(\w+)\.(\w+)", page_of(page)):
            if (
                owner not in ("http", "https", "asgi", "wsgi", "events", "testing", "websocket")
                and name not in known
            ):
                stale.append(f"{page}: {owner}.{name}")
    assert not stale


def test_the_reference_has_every_option_with_its_default() -> None:
    """Each option of a server has a row, whose second cell is the default."""
    rows = rows_of(page_of("server.md"))
    for name, option in OPTIONS.items():
        default = None if isinstance(option.default, type) else option.default
        assert rows[name][1] == ("`()`" if default == frozenset() else f"`{default!r}`"), name


def test_the_table_of_limits_has_the_defaults() -> None:
    """Security: each limit that is an option stands with its default, and with tests that are there."""
    kept = {name: option.default for name, option in OPTIONS.items()}
    kept |= {"max_header_size": 16384, "handshake_timeout": 120_000}
    page = (DOCS / "topics" / "security.md").read_text("utf-8")
    table = page.partition("## Limits and defaults")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    seen = set()
    for row in rows:
        for name in re.findall(r"`(\w+)`", row[3]):
            if name in kept:
                seen.add(name)
                assert _as_told(name, kept[name]) in row[1], name
        for path in re.findall(r"`([\w/]+\.\w+)`", row[-1]):
            assert (DOCS.parent / path).is_file(), path
    assert {
        name for name in kept if name.startswith("max_") or name.endswith(("timeout", "interval"))
    } <= seen


def _as_told(name: str, default: Any) -> str:
    if not default:
        return "none" if name.startswith("max_") else "off"
    unit = OPTIONS[name].unit if name in OPTIONS else "ms"
    return {"bytes": f"{default // 1024} KiB", "ms": f"{default // 1000} s"}.get(unit, str(default))


def test_the_reference_has_every_option_of_tls() -> None:
    """Each option of `https.create_server` has its row, those that are refused too."""
    named = named_in(page_of("https.md"))
    assert https._OPTIONS - named == set()
    assert set(_secure_context.REFUSED) - named == set()


@pytest.mark.parametrize(
    ("module", "page"),
    [
        (http_module, "http.md"),
        (https, "https.md"),
        (events, "events.md"),
        (testing, "testing.md"),
        (websocket, "websocket.md"),
        (asgi, "asgi.md"),
        (wsgi, "wsgi.md"),
    ],
    ids=["http", "https", "events", "testing", "websocket", "asgi", "wsgi"],
)
def test_the_reference_has_every_function_of_a_module(module: Any, page: str) -> None:
    """What a module gives has a heading or a row on its page; a class may have a page of its own."""
    given = getattr(module, "__all__", ["EventEmitter", "once", "MaxListenersExceededWarning"])
    mine = {name for name in given if name == name.lower() or name.isupper() or name[0].isupper()}
    assert mine - named_in(page_of(page)) == set()


@pytest.mark.parametrize(
    "error",
    [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.HTTPError)],
    ids=lambda each: each.__name__,
)
def test_the_reference_has_every_error(error: type[errors.HTTPError]) -> None:
    """Each error has a row with its code and the builtins that take it too."""
    row = " ".join(rows_of(page_of("errors.md"))[error.__name__])
    assert error.code in row
    builtins = [
        base.__name__ for base in error.__bases__ if base.__module__ == "builtins" and base is not Exception
    ]
    assert [name for name in builtins if name not in row] == []


def test_the_reference_of_the_command_is_in_step() -> None:
    """Its tables are those of the settings: `make options` writes them."""
    page = page_of("command.md")
    assert page == settings_page.with_tables(page)


def test_the_frameworks_are_those_that_are_tried() -> None:
    """The page has the versions that `make test-apps` installs."""
    pinned = dict(re.findall(r'"([\w-]+)==([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8")))
    names = {"mcp sdk": "mcp", "strawberry": "strawberry-graphql"}
    page = (DOCS / "topics" / "frameworks.md").read_text("utf-8")
    shown = re.findall(r"(?m)^\| ([\w -]+) \| ([\d.]+) \|$", page)
    assert len(shown) == 11
    assert [
        (name, version) for name, version in shown if pinned[names.get(name.lower(), name.lower())] != version
    ] == []
