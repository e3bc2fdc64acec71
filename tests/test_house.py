"""The house holds: packages, sizes, names, and what the project may say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packages import imports_of, modules, package_of, rings, tree_of, upward

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"


@pytest.mark.parametrize("module", modules())
def test_a_package_imports_from_below_only(module: str) -> None:
    """No module imports from a package above its own, not even a type."""
    assert upward(module) == []


def test_there_are_no_rings() -> None:
    """No module imports itself by way of others, when it is loaded."""
    assert rings() == []


def test_no_message_knows_a_wire() -> None:
    """Requests and responses know HTTP, and no way of writing it down."""
    assert [
        (module, each)
        for module in modules()
        if package_of(module) in ("_message", "_semantics")
        for each in imports_of(module)
        if package_of(each) in ("_http1", "_http2")
    ] == []


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


def test_few_know_the_library_of_websockets() -> None:
    """It need not be installed: these modules are imported at the first handshake."""
    assert [module for module in modules() if "websockets" in outside_imports(module)] == [
        "_guests.websocket.deflate",
        "_guests.websocket.handshake",
        "_guests.websocket.reader",
    ]


def test_the_import_loads_what_every_server_uses() -> None:
    """And not what is for TLS, for errors, or for the command: an import costs each process of a program."""
    program = """
import asyncio, sys
import httptools
before = set(sys.modules)
from writehead import http
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "writehead.http" in loaded
    late = {
        "argparse",
        "decimal",
        "difflib",
        "hashlib",
        "ipaddress",
        "json",
        "tempfile",
        "urllib.parse",
        "websockets",
    }
    assert not loaded & late
    assert not {
        each
        for each in loaded
        if each.startswith(("writehead._command", "writehead.https", "writehead._tls.context"))
    }


def test_only_run_knows_uvloop() -> None:
    """Which loop runs is nobody's business but run's."""
    assert [module for module in modules() if "uvloop" in outside_imports(module)] == ["_process.run"]


@pytest.mark.parametrize("module", modules())
def test_no_file_has_two_subjects(module: str) -> None:
    """A file stays below 501 lines and opens with what lives there."""
    tree = tree_of(module)
    assert ast.get_docstring(tree), f"{module} does not say what lives there"
    assert max((node.end_lineno or 0) for node in tree.body) <= 500


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
    "_command.signals": "supervised_signals",
    "_supervisor.terminal": "supervised_signals",
    "_server.neighbours": "polite",
    "_command.supervising": "supervisor",
    "_supervisor.back_off": "fleet",
    "_supervisor.beats": "fleet",
    "_supervisor.doors": "supervisor",
    "_supervisor.family": "supervisor",
    "_supervisor.hands": "fleet",
    "_supervisor.plan": "supervisor",
    "_supervisor.processes": "supervisor",
    "_supervisor.rolling": "fleet",
    "_supervisor.sentences": "fleet",
    "_supervisor.slots": "fleet",
    "_supervisor.spawn": "supervisor",
    "_worker.__main__": "supervisor",
    "_worker.main": "supervisor",
    "_worker.passed": "supervisor",
    "_worker.signals": "supervisor",
    "_worker.worker": "supervisor",
    "_worker.cluster": "supervised_scripts",
    "_supervisor.cluster": "supervised_scripts",
    "_worker.stacks": "supervisor",
    "_shared.channel": "supervisor",
    "_command.addresses": "bind_addresses",
    "_command.banner": "serving",
    "_command.doubts": "check",
    "_command.foreign": "arguments",
    "_command.listening": "serving",
    "_command.servers": "serving",
    "_http1.dressed_exchange": "room",
    "_message.client": "forwarded",
    "_server.option_checks": "forwarded",
    "_server.doors": "serving",
    "_command.header_lines": "settings",
    "_command.near_misses": "reading",
    "_command.settings_file": "reading",
    "_command.texts": "reading",
    "_command.values": "reading",
    "_command.proxy_kinds": "settings",
    "_command.setting": "settings",
    "_command.settings.admin": "settings",
    "_command.settings.limits": "settings",
    "_command.settings.listening": "settings",
    "_command.settings.logs": "settings",
    "_command.settings.processes": "settings",
    "_command.settings.protocols": "settings",
    "_command.settings.proxies": "settings",
    "_command.settings.target": "settings",
    "_command.settings.tls": "settings",
    "": "names",
    "__main__": "cli",
    "_command.failures": "cli",
    "_command.kinds": "settings",
    "_command.main": "cli",
    "_command.script": "cli",
    "http": "names",
    "websocket": "names",
    "_connection.closing": "connection",
    "_connection.config": "server",
    "_connection.error_response": "connection",
    "_connection.link": "server",
    "_connection.http1": "connection",
    "_connection.loss": "connection",
    "_connection.making": "connection",
    "_connection.reading": "connection",
    "_connection.recording": "record",
    "_connection.state": "connection",
    "_connection.time_limits": "connection",
    "_guests.asgi.app_types": "mount",
    "_guests.asgi.denial": "websocket_call",
    "_guests.asgi.failures": "call",
    "_guests.asgi.options": "asgi",
    "_guests.asgi.response_start": "sending",
    "errors.asgi": "errors",
    "errors.websocket": "errors",
    "_guests.asgi.websocket_scope": "websocket_call",
    "_guests.websocket.checking": "websocket_handshake",
    "_guests.websocket.connection": "connection_of_websocket",
    "_guests.websocket.frame_queue": "connection_of_websocket",
    "_guests.websocket.handshake": "websocket_handshake",
    "_guests.websocket.library": "websocket_handshake",
    "_guests.websocket.option_types": "web_socket_server",
    "_guests.websocket.options": "web_socket_server",
    "_guests.websocket.places": "web_socket_server",
    "_guests.websocket.reading": "web_socket",
    "_guests.websocket.refusal": "websocket_handshake",
    "_guests.websocket.sending": "web_socket",
    "_guests.websocket.upgrading": "web_socket_server",
    "_guests.host_options": "asgi",
    "_guests.wsgi.dispatcher": "pool",
    "_guests.wsgi.mount": "wsgi",
    "_guests.wsgi.options": "wsgi",
    "_http1.limits": "parser",
    "_http1.llhttp_errors": "parser",
    "_http1.parser_state": "parser",
    "_http1.parse_events": "parser",
    "_http1.parser_pool": "parser",
    "_loop.buffered_reader": "tls",
    "_message.outgoing_state": "outgoing",
    "_message.request_like": "standalone",
    "_message.response_notes": "response",
    "_message.served_request": "incoming",
    "_message.served_response": "response",
    "_message.source": "pipeline",
    "_message.writable_watch": "pipeline",
    "_net.config": "server",
    "_net.channel": "socket",
    "_net.channel_state": "socket",
    "_node.event_arguments": "events",
    "_node.option_names": "validators",
    "_semantics.headers": "incoming",
    "_semantics.outcome": "record",
    "_shared.readiness": "health",
    "_streams.stages": "destroyable",
    "_admin.operated": "api",
    "_admin.peer_user": "listener",
    "_command.ctl_client": "ctl",
    "_command.operating": "operated",
    "_command.entrance": "supervised_operation",
    "_command.ctl_tables": "ctl",
    "_worker.answers": "supervised_operation",
    "_metrics.layout": "counts",
    "_metrics.sampling": "meter",
    "_metrics.totals": "counts",
    "_server.acceptor": "exhaustion",
    "_server.draining": "drain",
    "_server.hosting": "guests",
    "_server.listen_target": "bind",
    "_server.option_kinds": "validators",
    "_server.option_types": "validators",
    "_server.options": "server",
    "_server.recording": "record",
    "_testing.client": "peer",
    "_testing.transport": "memory",
    "_streams.readable_state": "readable",
    "_tls.context": "secure_context",
    "_tls.records": "tls",
    "_tls.transport": "tls",
    "errors.arguments": "errors",
    "errors.base": "errors",
    "errors.client": "client_errors",
    "errors.message": "errors",
    "errors.peer": "errors",
    "errors.received": "errors",
    "errors.server": "errors",
    "errors.streams": "errors",
    "errors.wsgi": "errors",
}


def has_code(module: str) -> bool:
    """Tell a module from the mark of a package."""
    return len(tree_of(module).body) > 1


def test_every_source_file_has_its_tests() -> None:
    """Each source file has a test file of the same name, or the one where the whole is tested."""
    have = {path.stem.removeprefix("test_") for path in files_of_tests()}
    named_after = {module: module.rpartition(".")[2] for module in modules() if has_code(module)}
    assert [
        module for module in named_after if TESTED_WITH.get(module, named_after[module]) not in have
    ] == []
    assert set(TESTED_WITH) <= set(modules())
