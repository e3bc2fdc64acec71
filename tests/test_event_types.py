"""Event types: what is declared of events is what they give, and the types of listeners are made of it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from tests.event_types import EMITTERS, Emitter, declared, source_of
from writehead import http, https, websocket
from writehead._message.abort_signal import AbortSignal
from writehead._node.signatures import typed_as
from writehead.events import EventEmitter

ROOT = Path(__file__).parent.parent

CLASSES: dict[str, type[EventEmitter]] = {
    "AbortSignalEmitter": AbortSignal,
    "IncomingEmitter": http.IncomingMessage,
    "OutgoingEmitter": http.OutgoingMessage,
    "SocketEmitter": http.Socket,
    "ServerEmitter": http.Server,
    "SecureServerEmitter": https.Server,
    "WebSocketEmitter": websocket.WebSocket,
    "WebSocketServerEmitter": websocket.WebSocketServer,
}

PAGES = {
    "IncomingEmitter": "incoming-message",
    "OutgoingEmitter": "server-response",
    "SocketEmitter": "socket",
    "ServerEmitter": "server",
    "SecureServerEmitter": "https",
    "WebSocketEmitter": "web-socket",
    "WebSocketServerEmitter": "websocket",
}

#: The table of counts is one for sockets and servers, and has the most that an event of a name gives.
FEWER = {("SocketEmitter", "timeout"), ("ServerEmitter", "close"), ("SecureServerEmitter", "close")}


def each_emitter(test: object) -> object:
    return pytest.mark.parametrize("emitter", EMITTERS, ids=lambda emitter: emitter.name)(test)


@each_emitter
def test_types_are_made_of_what_is_declared(emitter: Emitter) -> None:
    """Each module that `make events` makes is as it would make it now."""
    assert emitter.path.read_text("utf-8") == source_of(emitter)


@each_emitter
def test_events_are_declared_with_their_arguments(emitter: Emitter) -> None:
    """An event is declared with as many arguments as its listeners are called with."""
    counts = CLASSES[emitter.name]._argument_counts
    for event, signatures in declared(emitter).events.items():
        if (emitter.name, event) not in FEWER:
            assert {len(types) for types in signatures} == {counts[event]}, event


@each_emitter
def test_events_of_the_documents_are_declared(emitter: Emitter) -> None:
    """Every event that the page or the docstring of a class names is declared."""
    page = ROOT / "docs" / "reference" / f"{PAGES.get(emitter.name, 'index')}.md"
    named = set(re.findall(r"^### Event '(\w+)'", page.read_text("utf-8"), re.MULTILINE))
    events = re.search(
        r"Events: (.*?)(\n\n|\nSource|$)", inspect.getdoc(CLASSES[emitter.name]) or "", re.DOTALL
    )
    if events is not None:
        named.update(re.findall(r"'(\w+)'", events[1]))
    assert named - {"abort"} <= declared(emitter).events.keys()  # of a request's signal, on the same page


def test_a_method_that_is_typed_as_another_stays_itself() -> None:
    """`typed_as` gives types and nothing else."""

    def method(self: object) -> None:
        """Do nothing."""

    assert typed_as(EventEmitter.emit)(method) is method
