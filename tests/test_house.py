"""The house holds: floors, sizes, names, and what the project may say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "writehead"
TESTS = ROOT / "tests"

# At run time a module imports from floors below its own. What it may import from its own floor stands
# behind it.
FLOORS: list[dict[str, set[str]]] = [
    {  # 0: words
        "errors": {"_http_error", "_received", "_system"},
        "_http_error": set(),
        "_option_names": {"errors", "_received", "_spellings"},
        "_received": set(),
        "_system": set(),
        "_addresses": set(),
        "_bytes": {"errors", "_encodings"},
        "_callbacks": {"_contexts", "_signatures"},
        "_clock": {"errors", "_options", "_turns"},
        "_contexts": set(),
        "_dates": set(),
        "_encodings": {"errors"},
        "_client_errors": {"errors"},
        "_failures": {"_client_errors"},
        "_fields": {"errors"},
        "_late": {"_turns"},
        "_options": {"errors", "_fields", "_option_names", "_spellings"},
        "_selector": {"_turns"},
        "_signatures": set(),
        "_spellings": set(),
        "_status": set(),
        "_turns": set(),
        "_waiters": set(),
    },
    {  # 1: events
        "events": {"_tasks"},
        "_destroyable": {"events"},
        "_iteration": set(),
        "_pieces": set(),
        "_pipe": set(),
        "_readable": {"events", "_destroyable", "_iteration", "_pieces", "_pipe"},
        "_signal": {"events"},
        "_tasks": set(),
    },
    {  # 2: wire
        "_wire": set(),
        "_flow": {"_wire"},
        "_ending": {"_flow", "_linger"},
        "_linger": set(),
        "_facts": {"_certificate", "_ending"},
        "_socket": {"_wire", "_facts", "_flow"},
        "_standalone": {"_wire"},
        "_certificate": {"_x509"},
        "_x509": set(),
        "_secure_context": set(),
        "_feed": set(),
        "_tls": {"_certificate", "_feed"},
        "_handshake": {"_hello", "_tls"},
        "_hello": set(),
        "_http1": set(),
        "_http1.exchange": {"_wire", "_http1.framing"},
        "_http1.found": set(),
        "_http1.framing": {"_wire"},
        "_http1.head": set(),
        "_http1.limits": set(),
        "_http1.parser": {
            "_http1.found",
            "_http1.packet",
            "_http1.reasons",
            "_http1.syntax",
            "_http1.whole",
            "_http1.limits",
        },
        "_http1.packet": {"_http1.found", "_http1.limits", "_http1.syntax"},
        "_http1.pool": {"_http1.head", "_http1.parser", "_http1.whole"},
        "_http1.reasons": set(),
        "_http1.syntax": set(),
        "_http1.whole": {"_http1.found", "_http1.head"},
    },
    {  # 3: messages
        "_file": set(),
        "_headers": set(),
        "_incoming": set(),
        "_outgoing": {"_headers"},
        "_pipeline": {"_outgoing", "_source", "_watch"},
        "_request_like": set(),
        "_response": {"_file", "_headers", "_outgoing", "_request_like", "_watch"},
        "_source": {"_file"},
        "_watch": set(),
    },
    {  # 4: links
        "_backlog": set(),
        "_connection": {"_backlog", "_line", "_making", "_raw"},
        "_host": set(),
        "_line": {"_backlog"},
        "_making": {"_line"},
        "_raw": set(),
    },
    {  # 5: server
        "_listen": {"_socket_file", "_target"},
        "_target": {"_socket_file"},
        "_accepting": set(),
        "_given": set(),
        "_heap": set(),
        "_listening": {"_accepting", "_heap", "_listen", "_open", "_socket_file", "_sweep", "_target"},
        "_open": set(),
        "_server": {"_given", "_heap", "_listening", "_settings", "_sweep"},
        "_settings": set(),
        "_socket_file": set(),
        "_sweep": set(),
    },
    {  # 6: faces
        "_memory": set(),
        "_peer": set(),
        "_deadline": set(),
        "_run": {"_deadline"},
        "http": {"_run"},
        "https": {"http"},
        "testing": {"_memory", "_peer"},
        "": {"http", "https"},
    },
    {"cli": {"", "_run"}, "__main__": {"cli"}},  # 7: guests
]


def modules() -> list[str]:
    """Return the dotted names of the modules below `writehead`; the package itself is ''."""
    names = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        names.append(name.removesuffix("__init__").removesuffix("."))
    return names


def tree_of(module: str) -> ast.Module:
    path = SOURCE.joinpath(*module.split(".")) if module else SOURCE
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text("utf-8"))


def floor_of(module: str) -> int:
    return next((number for number, floor in enumerate(FLOORS) if module in floor), -1)


def imports_of(module: str) -> Iterator[str]:
    """Yield the modules of the package that `module` imports at run time."""
    package = module.split(".")[:-1] if "." in module else []
    if module == "_http1":
        package = ["_http1"]
    for node in run_time_nodes(tree_of(module)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "writehead":
                    yield alias.name.partition(".")[2]
        elif isinstance(node, ast.ImportFrom):
            yield from names_from(node, package)


def names_from(node: ast.ImportFrom, package: list[str]) -> Iterator[str]:
    if node.level == 0:
        if (node.module or "").split(".")[0] != "writehead":
            return
        base = (node.module or "").split(".")[1:]
    else:
        base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
    known = modules()
    for alias in node.names:
        whole = ".".join([*base, alias.name])
        yield whole if whole in known else ".".join(base)


def run_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node but what stands under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for other in node.orelse:
                yield from run_time_nodes(other)
            continue
        yield node
        yield from run_time_nodes(node)


@pytest.mark.parametrize("module", modules())
def test_every_module_has_a_floor(module: str) -> None:
    """A file that nobody gave a floor is a file that nobody gave a subject."""
    assert floor_of(module) >= 0, f"{module or '__init__'} stands on no floor of tests/test_house.py"


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_from_below_only(module: str) -> None:
    """No module imports from a floor above, nor from its own where its line does not allow it."""
    floor = floor_of(module)
    for other in set(imports_of(module)) - {module}:
        beside = FLOORS[floor].get(module, set())
        assert floor_of(other) < floor or other in beside, (
            f"{module} (floor {floor}) imports {other or 'the package'} (floor {floor_of(other)})"
        )


def outside_imports(module: str) -> set[str]:
    names = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


def test_only_the_parser_knows_httptools() -> None:
    """The parser's library is behind one door."""
    assert [module for module in modules() if "httptools" in outside_imports(module)] == ["_http1.parser"]


def test_only_run_knows_uvloop() -> None:
    """Which loop runs is nobody's business but run's."""
    assert [module for module in modules() if "uvloop" in outside_imports(module)] == ["_run"]


@pytest.mark.parametrize("module", modules())
def test_no_file_has_two_subjects(module: str) -> None:
    """A file stays below 600 lines and opens with what lives there."""
    tree = tree_of(module)
    assert ast.get_docstring(tree), f"{module} does not say what lives there"
    assert max((node.end_lineno or 0) for node in tree.body) <= 600


@pytest.mark.parametrize("module", modules())
def test_no_module_is_a_drawer(module: str) -> None:
    """A module is named after its subject."""
    assert not set(re.split(r"[._]", module)) & {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "misc",
        "manager",
    }


def test_functions_are_short() -> None:
    """Functions have at most 8 lines at the median and 30 at the 90th percentile, docstrings left out."""
    lengths = sorted(
        length_of(node)
        for module in modules()
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[len(lengths) * 9 // 10] <= 30


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    body = function.body
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) and len(body) > 0:
        lines -= (body[0].end_lineno or 0) - body[0].lineno + 1
    return lines


def files_of_tests() -> list[Path]:
    return sorted(TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("path", files_of_tests(), ids=lambda path: str(path.relative_to(TESTS)))
def test_every_test_says_its_behaviour(path: Path) -> None:
    """Each test has a docstring that says in a sentence what holds."""
    silent = [
        f"{path.name}:{node.lineno} {node.name}"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent


# Parts of one subject are tested where the whole is.
TESTED_WITH = {
    "": "names",
    "__main__": "cli",
    "http": "names",
    "_accepting": "exhaustion",
    "_ending": "socket",
    "_feed": "tls",
    "_host": "server",
    "_http_error": "errors",
    "_http1": "framing",
    "_option_names": "options",
    "_target": "listen",
    "_http1.found": "parser",
    "_http1.limits": "parser",
    "_http1.packet": "parser",
    "_http1.pool": "parser",
    "_http1.reasons": "parser",
    "_http1.syntax": "parser",
    "_http1.whole": "parser",
    "_line": "connection",
    "_making": "connection",
    "_raw": "incoming",
    "_received": "errors",
    "_request_like": "standalone",
    "_settings": "server",
    "_source": "pipeline",
    "_tasks": "failures",
    "_watch": "pipeline",
    "_wire": "house",
}


def test_every_source_file_has_its_tests() -> None:
    """Each source file has a test file of the same name, or the one where the whole is tested."""
    have = {path.stem.removeprefix("test_") for path in files_of_tests()}
    named_after = {module: module.rpartition(".")[2].removeprefix("_") for module in modules()}
    assert [module for module in modules() if TESTED_WITH.get(module, named_after[module]) not in have] == []
    assert set(TESTED_WITH) <= set(modules())
