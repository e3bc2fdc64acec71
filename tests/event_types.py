"""The types of `on`, `once`, `emit` and so on, made of the events that each emitter declares: `make events`.

Each `*_events.pyi` of the library declares the events of emitters: a class for each, with a method for each event,
which takes what listeners are called with. Beside it stands what is made of it here, a `*_emitter.pyi` with a class
between the emitter and its base, that knows the events by name. Both are for type checkers alone.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "writehead"


@dataclass(frozen=True)
class Emitter:
    """A class to make: where, on top of which base, and of the events that are declared where."""

    module: str
    name: str
    base: str
    declared: str
    events: str

    @property
    def path(self) -> Path:
        return stub_of(self.module)


_MESSAGE = "_message.message_events"
_SERVER = "_server.server_events"
_WEBSOCKET = "_guests.websocket.websocket_events"

EMITTERS = [
    Emitter(
        "_message.abort_signal_emitter",
        "AbortSignalEmitter",
        "events.EventEmitter",
        _MESSAGE,
        "AbortSignalEvents",
    ),
    Emitter(
        "_message.incoming_emitter",
        "IncomingEmitter",
        "_message.served_request.ServedRequest",
        _MESSAGE,
        "IncomingEvents",
    ),
    Emitter(
        "_message.outgoing_emitter", "OutgoingEmitter", "events.EventEmitter", _MESSAGE, "OutgoingEvents"
    ),
    Emitter(
        "_net.socket_emitter",
        "SocketEmitter",
        "_net.socket_info.SocketInfo",
        "_net.socket_events",
        "SocketEvents",
    ),
    Emitter("_server.server_emitter", "ServerEmitter", "_server.draining.Draining", _SERVER, "ServerEvents"),
    Emitter(
        "_server.secure_server_emitter",
        "SecureServerEmitter",
        "_server.server.Server",
        _SERVER,
        "SecureServerEvents",
    ),
    Emitter(
        "_guests.websocket.web_socket_emitter",
        "WebSocketEmitter",
        "_guests.websocket.reading.Reading",
        _WEBSOCKET,
        "WebSocketEvents",
    ),
    Emitter(
        "_guests.websocket.web_socket_server_emitter",
        "WebSocketServerEmitter",
        "events.EventEmitter",
        _WEBSOCKET,
        "WebSocketServerEvents",
    ),
]

#: The methods in all their spellings, for pyright says nothing of a second name. Some are decorators as well.
DECORATORS = ("on", "add_listener", "addListener", "once")
ADDING = (*DECORATORS, "prepend_listener", "prependListener", "prepend_once_listener", "prependOnceListener")
REMOVING = ("remove_listener", "removeListener", "off")

#: What a program may emit where listeners are told of what the library emits.
WIDER = {"Exception": "BaseException", "HTTPError": "BaseException"}

#: The result where an argument does not fit the event that was named, and what is said of it.
MISUSES = {
    "Misfit[Self]": "this listener cannot be called with what the event gives",
    "Self": "this cannot be a listener of the event",  # of `off`, which removes nothing then
    "bool": "listeners of this event are called with other arguments",
}

HEAD = '''\
"""{base}, with its events by name: made by `make events` of what `{declared}.pyi` declares."""

# Overloads that fit nothing stand before those that fit everything; what they give back differs from the base.
# mypy: disable-error-code="override, overload-overlap, overload-cannot-match, assignment"
# pyright: reportIncompatibleMethodOverride=false, reportOverlappingOverload=false
# pyright: reportIncompatibleVariableOverride=false, reportDeprecated=false

'''

IMPORTS = [
    "from collections.abc import Callable, Hashable",
    "from typing import Literal, Protocol, Self, TypeVar, overload",
    "from typing_extensions import deprecated",
    "from writehead._node.listener_types import Misfit, Takes1, Takes2, Takes3",
    "from writehead.events import L, Listener",
]

Signature = tuple[str, ...]  # the types of what an event gives
Events = dict[str, list[Signature]]  # by name; each has one or several


@dataclass
class Declared:
    """The events of an emitter, what `emit` takes besides, and what the types of both are made of."""

    events: Events = field(default_factory=dict)
    emitted: Events = field(default_factory=dict)
    names: dict[Signature, list[str]] = field(default_factory=dict)  # of arguments
    imports: dict[str, str] = field(default_factory=dict)
    bounds: dict[str, str] = field(default_factory=dict)  # of type variables


def stub_of(module: str) -> Path:
    return SOURCE.joinpath(*module.split(".")).with_suffix(".pyi")


def declared(emitter: Emitter) -> Declared:
    """Read what is declared for an emitter."""
    found = Declared()
    _read(emitter.declared, emitter.events, found.events, found)
    _read(emitter.declared, emitter.events.removesuffix("Events") + "Emits", found.emitted, found)
    return found


def _read(module: str, name: str, into: Events, found: Declared) -> None:
    """Add the events of the class `name`, behind those of its bases."""
    tree = ast.parse(stub_of(module).read_text("utf-8"))
    came_from = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                came_from[alias.asname or alias.name] = node.module or ""
                found.imports[alias.asname or alias.name] = f"from {node.module} import {ast.unparse(alias)}"
        elif isinstance(node, ast.Import):
            found.imports[node.names[0].name] = ast.unparse(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            found.bounds[ast.unparse(node.targets[0])] = ast.unparse(node.value.keywords[0].value)
    for own in tree.body:
        if isinstance(own, ast.ClassDef) and own.name == name:
            for base in map(ast.unparse, own.bases):
                _read(came_from.get(base, module).removeprefix("writehead."), base, into, found)
            _read_methods(own, into, found)


def _read_methods(own: ast.ClassDef, into: Events, found: Declared) -> None:
    methods = [each for each in own.body if isinstance(each, ast.FunctionDef)]
    for event, variants in groupby(methods, key=lambda each: each.name):
        into[event] = []
        for variant in variants:
            arguments = variant.args.posonlyargs[1:]
            types = tuple(ast.unparse(each.annotation) for each in arguments if each.annotation)
            bounds = tuple(found.bounds.get(each, each) for each in types)
            into[event] += dict.fromkeys([bounds, types])  # a lambda is given the first
            found.names.setdefault(bounds, [each.arg for each in arguments])


# -- overloads, as "arguments -> result" ---------------------------------------


def listening(events: Events, misfit: str) -> list[str]:
    """Return those of what takes a name and a listener, in the order in which they are tried.

    A listener that can be called with as many arguments as the event has is called with all of them, so these are
    compared first, and whoever takes as many of other types is a misfit. One that takes fewer is called with fewer.
    """
    lines = []
    for count in range(max(len(each[0]) for each in events.values()), -1, -1):
        for types, names in by_first(count, events).items():
            name = literal(names) if types else "Event"
            lines.append(f"name: {name}, listener: {called_with(types)} -> Self")
        takes = f"Takes{count}" if count else "Callable[..., object]"
        lines.append(f"name: Event{count or ''}, listener: {takes} -> {misfit} !")
    lines.append("name: Hashable, listener: Listener -> Self")
    return lines


def decorating(found: Declared, above: list[str]) -> list[str]:
    """Return those of what takes a name alone; add to `above` what has to stand before the class."""
    same: dict[tuple[Signature, ...], list[str]] = {}
    for event, signatures in found.events.items():
        same.setdefault(tuple(signatures), []).append(event)
    lines = []
    for each, names in same.items():
        stem = names[0][0].upper() + names[0][1:]
        kinds = []
        for number, types in enumerate(each):
            if found.bounds.keys() & set(types):
                kinds.append(f"Callable[[{', '.join(types)}], Returned]")
                continue
            fewer = " | ".join(called_with(types[:count]) for count in range(len(types), -1, -1))
            kinds.append(f"{stem}Listener{number or ''}")
            above.append(f'{kinds[-1]} = TypeVar("{kinds[-1]}", bound={fewer})')
        result = f"Callable[[{kinds[0]}], {kinds[0]}]"
        if len(kinds) > 1:
            result = f"Adds{stem}"
            above += [f"class {result}(Protocol):", f'    """Adds a listener of {names[0]!r}."""']
            for kind in kinds:
                above += ["    @overload", f"    def __call__(self, listener: {kind}, /) -> {kind}: ..."]
        lines.append(f"name: {literal(names)} -> {result}")
    return [*lines, "name: Hashable -> Callable[[L], L]"]


def emitting(found: Declared) -> list[str]:
    """Return those of `emit`."""
    whole: dict[Signature, list[str]] = {}
    for events in (found.events, found.emitted):
        for event, signatures in events.items():
            for types in signatures:
                if not found.bounds.keys() & set(types):  # whose bounds stand there too
                    whole.setdefault(types, []).append(event)
    lines = []
    for types, names in whole.items():
        given = [
            f"{name}: {WIDER.get(each, each)}" for name, each in zip(found.names[types], types, strict=True)
        ]
        lines.append(f"{', '.join(['event: ' + literal(names), *given])}, / -> bool")
    lines.append("name: Event, *args: object -> bool !")
    return [*lines, "name: Hashable, *args: object -> bool"]


def by_first(count: int, events: Events) -> dict[Signature, list[str]]:
    """Return what listeners of `count` arguments are called with, and at which events."""
    found: dict[Signature, list[str]] = {}
    for event, signatures in events.items():
        for types in signatures:
            if len(types) >= count and event not in (names := found.setdefault(types[:count], [])):
                names.append(event)
    return found


def by_arguments(events: Events) -> dict[str, list[str]]:
    """Return the events that there are, and those that have arguments, by the names of their types."""
    most = max(len(each[0]) for each in events.values())
    return {
        f"Event{count or ''}": [event for event, signatures in events.items() if len(signatures[0]) >= count]
        for count in range(most + 1)
    }


def literal(names: list[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"Literal[{quoted}]"


def called_with(types: Signature) -> str:
    return f"Callable[[{', '.join(types)}], object]"


# -- modules -------------------------------------------------------------------


def source_of(emitter: Emitter) -> str:
    """Return the module that is made for an emitter."""
    found = declared(emitter)
    module, _, base = emitter.base.rpartition(".")
    above = [f'{name} = TypeVar("{name}", bound={bound})' for name, bound in found.bounds.items()]
    if above:
        above.append('Returned = TypeVar("Returned")')
    decorators = decorating(found, above)
    body: list[str] = []
    adding, removing = listening(found.events, "Misfit[Self]"), listening(found.events, "Self")
    for method in (*ADDING, *REMOVING):
        lines = removing if method in REMOVING else adding
        body += overloads(method, [*decorators, *lines] if method in DECORATORS else lines)
    body += overloads("emit", emitting(found))
    about = f'    """{base}, with its events by name."""'
    above[:0] = [f"{name} = {literal(names)}" for name, names in by_arguments(found.events).items()]
    code = "\n".join([*above, f"class {emitter.name}({base}):", about, *body, ""])
    imports = imports_for(code, [*IMPORTS, f"from writehead.{module} import {base}", *found.imports.values()])
    head = HEAD.format(base=base, declared=emitter.declared.rpartition(".")[2])
    return formatted(head + "\n".join([*imports, "", code]), emitter.path)


def overloads(method: str, lines: list[str]) -> list[str]:
    """Return the definitions of a method."""
    body = []
    for line in lines:
        arguments, _, result = line.removesuffix(" !").rpartition(" -> ")
        body.append("    @overload")
        if line.endswith(" !"):
            body.append(f'    @deprecated("{MISUSES[result]}")')
        body.append(f"    def {method}(self, {arguments}) -> {result}: ...")
    return body


def imports_for(code: str, lines: list[str]) -> list[str]:
    """Return those of the imports `lines` that `code` needs, each name once."""
    known: set[str] = set()
    kept = []
    for line in lines:
        start, _, names = line.rpartition("import ")
        needed = []
        for name in names.split(", "):
            spelled = name.rpartition(" ")[2]
            if spelled not in known and re.search(rf"\b{spelled}\b", code):
                known.add(spelled)
                needed.append(name)
        if needed:
            kept.append(f"{start}import {', '.join(needed)}")
    return kept


def formatted(source: str, path: Path) -> str:
    """Return it as ruff lays it out."""
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--quiet", "--stdin-filename", str(path), "-"]
    return subprocess.run(command, input=source, capture_output=True, check=True, text=True).stdout


def main() -> None:
    """Make them all."""
    for emitter in EMITTERS:
        emitter.path.write_text(source_of(emitter), "utf-8")


if __name__ == "__main__":
    main()
