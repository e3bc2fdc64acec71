"""Draining, with its events by name: made by `make events` of what `server_events.pyi` declares."""

# Overloads that fit nothing stand before those that fit everything; what they give back differs from the base.
# mypy: disable-error-code="override, overload-overlap, overload-cannot-match, assignment"
# pyright: reportIncompatibleMethodOverride=false, reportOverlappingOverload=false
# pyright: reportIncompatibleVariableOverride=false, reportDeprecated=false

from collections.abc import Callable, Hashable
from typing import Literal, Protocol, Self, TypeVar, overload
from typing_extensions import deprecated
from writehead._node.listener_types import Misfit, Takes1, Takes2, Takes3
from writehead.events import L, Listener
from writehead._server.draining import Draining
import asyncio
from socket import socket as SystemSocket
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._net.socket import Socket
from writehead._semantics.record import Record
from writehead._server.drain import DrainInfo
from writehead.errors import HTTPError

Event = Literal[
    "newListener",
    "removeListener",
    "request",
    "checkContinue",
    "checkExpectation",
    "connect",
    "upgrade",
    "dropRequest",
    "connection",
    "drop",
    "timeout",
    "record",
    "clientError",
    "listening",
    "error",
    "close",
    "draining",
]
Event1 = Literal[
    "newListener",
    "removeListener",
    "request",
    "checkContinue",
    "checkExpectation",
    "connect",
    "upgrade",
    "dropRequest",
    "connection",
    "drop",
    "timeout",
    "record",
    "clientError",
    "error",
    "draining",
]
Event2 = Literal[
    "newListener",
    "removeListener",
    "request",
    "checkContinue",
    "checkExpectation",
    "connect",
    "upgrade",
    "dropRequest",
    "clientError",
]
Event3 = Literal["connect", "upgrade"]
Request = TypeVar("Request", bound=IncomingMessage)
Response = TypeVar("Response", bound=ServerResponse)
Returned = TypeVar("Returned")
NewListenerListener = TypeVar(
    "NewListenerListener",
    bound=Callable[[Hashable, Listener], object] | Callable[[Hashable], object] | Callable[[], object],
)
RequestListener = TypeVar(
    "RequestListener",
    bound=Callable[[IncomingMessage, ServerResponse], object]
    | Callable[[IncomingMessage], object]
    | Callable[[], object],
)

class AddsRequest(Protocol):
    """Adds a listener of 'request'."""
    @overload
    def __call__(self, listener: RequestListener, /) -> RequestListener: ...
    @overload
    def __call__(
        self, listener: Callable[[Request, Response], Returned], /
    ) -> Callable[[Request, Response], Returned]: ...

ConnectListener = TypeVar(
    "ConnectListener",
    bound=Callable[[IncomingMessage, Socket, bytes], object]
    | Callable[[IncomingMessage, Socket], object]
    | Callable[[IncomingMessage], object]
    | Callable[[], object],
)

class AddsConnect(Protocol):
    """Adds a listener of 'connect'."""
    @overload
    def __call__(self, listener: ConnectListener, /) -> ConnectListener: ...
    @overload
    def __call__(
        self, listener: Callable[[Request, Socket, bytes], Returned], /
    ) -> Callable[[Request, Socket, bytes], Returned]: ...

DropRequestListener = TypeVar(
    "DropRequestListener",
    bound=Callable[[IncomingMessage, Socket], object]
    | Callable[[IncomingMessage], object]
    | Callable[[], object],
)

class AddsDropRequest(Protocol):
    """Adds a listener of 'dropRequest'."""
    @overload
    def __call__(self, listener: DropRequestListener, /) -> DropRequestListener: ...
    @overload
    def __call__(
        self, listener: Callable[[Request, Socket], Returned], /
    ) -> Callable[[Request, Socket], Returned]: ...

ConnectionListener = TypeVar("ConnectionListener", bound=Callable[[Socket], object] | Callable[[], object])
DropListener = TypeVar(
    "DropListener", bound=Callable[[dict[str, str | int] | None], object] | Callable[[], object]
)
RecordListener = TypeVar("RecordListener", bound=Callable[[Record], object] | Callable[[], object])
ClientErrorListener = TypeVar(
    "ClientErrorListener",
    bound=Callable[[HTTPError, Socket], object] | Callable[[HTTPError], object] | Callable[[], object],
)
ListeningListener = TypeVar("ListeningListener", bound=Callable[[], object])
ErrorListener = TypeVar("ErrorListener", bound=Callable[[Exception], object] | Callable[[], object])
DrainingListener = TypeVar("DrainingListener", bound=Callable[[DrainInfo], object] | Callable[[], object])

class ServerEmitter(Draining):
    """Draining, with its events by name."""
    @overload
    def on(
        self, name: Literal["newListener", "removeListener"]
    ) -> Callable[[NewListenerListener], NewListenerListener]: ...
    @overload
    def on(self, name: Literal["request", "checkContinue", "checkExpectation"]) -> AddsRequest: ...
    @overload
    def on(self, name: Literal["connect", "upgrade"]) -> AddsConnect: ...
    @overload
    def on(self, name: Literal["dropRequest"]) -> AddsDropRequest: ...
    @overload
    def on(
        self, name: Literal["connection", "timeout"]
    ) -> Callable[[ConnectionListener], ConnectionListener]: ...
    @overload
    def on(self, name: Literal["drop"]) -> Callable[[DropListener], DropListener]: ...
    @overload
    def on(self, name: Literal["record"]) -> Callable[[RecordListener], RecordListener]: ...
    @overload
    def on(self, name: Literal["clientError"]) -> Callable[[ClientErrorListener], ClientErrorListener]: ...
    @overload
    def on(self, name: Literal["listening", "close"]) -> Callable[[ListeningListener], ListeningListener]: ...
    @overload
    def on(self, name: Literal["error"]) -> Callable[[ErrorListener], ErrorListener]: ...
    @overload
    def on(self, name: Literal["draining"]) -> Callable[[DrainingListener], DrainingListener]: ...
    @overload
    def on(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def on(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def on(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def on(self, name: Event3, listener: Takes3) -> Misfit[Self]: ...
    @overload
    def on(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def on(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def on(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def on(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def on(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def on(self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def on(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def on(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def on(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def on(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def on(self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]) -> Self: ...
    @overload
    def on(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def on(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def on(self, name: Literal["clientError"], listener: Callable[[HTTPError], object]) -> Self: ...
    @overload
    def on(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def on(self, name: Literal["draining"], listener: Callable[[DrainInfo], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def on(self, name: Event1, listener: Takes1) -> Misfit[Self]: ...
    @overload
    def on(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def on(self, name: Event, listener: Callable[..., object]) -> Misfit[Self]: ...
    @overload
    def on(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def add_listener(
        self, name: Literal["newListener", "removeListener"]
    ) -> Callable[[NewListenerListener], NewListenerListener]: ...
    @overload
    def add_listener(self, name: Literal["request", "checkContinue", "checkExpectation"]) -> AddsRequest: ...
    @overload
    def add_listener(self, name: Literal["connect", "upgrade"]) -> AddsConnect: ...
    @overload
    def add_listener(self, name: Literal["dropRequest"]) -> AddsDropRequest: ...
    @overload
    def add_listener(
        self, name: Literal["connection", "timeout"]
    ) -> Callable[[ConnectionListener], ConnectionListener]: ...
    @overload
    def add_listener(self, name: Literal["drop"]) -> Callable[[DropListener], DropListener]: ...
    @overload
    def add_listener(self, name: Literal["record"]) -> Callable[[RecordListener], RecordListener]: ...
    @overload
    def add_listener(
        self, name: Literal["clientError"]
    ) -> Callable[[ClientErrorListener], ClientErrorListener]: ...
    @overload
    def add_listener(
        self, name: Literal["listening", "close"]
    ) -> Callable[[ListeningListener], ListeningListener]: ...
    @overload
    def add_listener(self, name: Literal["error"]) -> Callable[[ErrorListener], ErrorListener]: ...
    @overload
    def add_listener(self, name: Literal["draining"]) -> Callable[[DrainingListener], DrainingListener]: ...
    @overload
    def add_listener(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def add_listener(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def add_listener(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def add_listener(self, name: Event3, listener: Takes3) -> Misfit[Self]: ...
    @overload
    def add_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def add_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def add_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def add_listener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def add_listener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def add_listener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def add_listener(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def add_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def add_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def add_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def add_listener(
        self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]
    ) -> Self: ...
    @overload
    def add_listener(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def add_listener(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def add_listener(self, name: Literal["clientError"], listener: Callable[[HTTPError], object]) -> Self: ...
    @overload
    def add_listener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def add_listener(self, name: Literal["draining"], listener: Callable[[DrainInfo], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def add_listener(self, name: Event1, listener: Takes1) -> Misfit[Self]: ...
    @overload
    def add_listener(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def add_listener(self, name: Event, listener: Callable[..., object]) -> Misfit[Self]: ...
    @overload
    def add_listener(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def addListener(
        self, name: Literal["newListener", "removeListener"]
    ) -> Callable[[NewListenerListener], NewListenerListener]: ...
    @overload
    def addListener(self, name: Literal["request", "checkContinue", "checkExpectation"]) -> AddsRequest: ...
    @overload
    def addListener(self, name: Literal["connect", "upgrade"]) -> AddsConnect: ...
    @overload
    def addListener(self, name: Literal["dropRequest"]) -> AddsDropRequest: ...
    @overload
    def addListener(
        self, name: Literal["connection", "timeout"]
    ) -> Callable[[ConnectionListener], ConnectionListener]: ...
    @overload
    def addListener(self, name: Literal["drop"]) -> Callable[[DropListener], DropListener]: ...
    @overload
    def addListener(self, name: Literal["record"]) -> Callable[[RecordListener], RecordListener]: ...
    @overload
    def addListener(
        self, name: Literal["clientError"]
    ) -> Callable[[ClientErrorListener], ClientErrorListener]: ...
    @overload
    def addListener(
        self, name: Literal["listening", "close"]
    ) -> Callable[[ListeningListener], ListeningListener]: ...
    @overload
    def addListener(self, name: Literal["error"]) -> Callable[[ErrorListener], ErrorListener]: ...
    @overload
    def addListener(self, name: Literal["draining"]) -> Callable[[DrainingListener], DrainingListener]: ...
    @overload
    def addListener(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def addListener(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def addListener(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def addListener(self, name: Event3, listener: Takes3) -> Misfit[Self]: ...
    @overload
    def addListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def addListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def addListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def addListener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def addListener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def addListener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def addListener(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def addListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def addListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def addListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def addListener(
        self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]
    ) -> Self: ...
    @overload
    def addListener(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def addListener(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def addListener(self, name: Literal["clientError"], listener: Callable[[HTTPError], object]) -> Self: ...
    @overload
    def addListener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def addListener(self, name: Literal["draining"], listener: Callable[[DrainInfo], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def addListener(self, name: Event1, listener: Takes1) -> Misfit[Self]: ...
    @overload
    def addListener(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def addListener(self, name: Event, listener: Callable[..., object]) -> Misfit[Self]: ...
    @overload
    def addListener(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def once(
        self, name: Literal["newListener", "removeListener"]
    ) -> Callable[[NewListenerListener], NewListenerListener]: ...
    @overload
    def once(self, name: Literal["request", "checkContinue", "checkExpectation"]) -> AddsRequest: ...
    @overload
    def once(self, name: Literal["connect", "upgrade"]) -> AddsConnect: ...
    @overload
    def once(self, name: Literal["dropRequest"]) -> AddsDropRequest: ...
    @overload
    def once(
        self, name: Literal["connection", "timeout"]
    ) -> Callable[[ConnectionListener], ConnectionListener]: ...
    @overload
    def once(self, name: Literal["drop"]) -> Callable[[DropListener], DropListener]: ...
    @overload
    def once(self, name: Literal["record"]) -> Callable[[RecordListener], RecordListener]: ...
    @overload
    def once(self, name: Literal["clientError"]) -> Callable[[ClientErrorListener], ClientErrorListener]: ...
    @overload
    def once(
        self, name: Literal["listening", "close"]
    ) -> Callable[[ListeningListener], ListeningListener]: ...
    @overload
    def once(self, name: Literal["error"]) -> Callable[[ErrorListener], ErrorListener]: ...
    @overload
    def once(self, name: Literal["draining"]) -> Callable[[DrainingListener], DrainingListener]: ...
    @overload
    def once(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def once(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def once(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def once(self, name: Event3, listener: Takes3) -> Misfit[Self]: ...
    @overload
    def once(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def once(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def once(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def once(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def once(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def once(self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def once(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def once(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def once(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def once(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def once(self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]) -> Self: ...
    @overload
    def once(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def once(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def once(self, name: Literal["clientError"], listener: Callable[[HTTPError], object]) -> Self: ...
    @overload
    def once(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def once(self, name: Literal["draining"], listener: Callable[[DrainInfo], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def once(self, name: Event1, listener: Takes1) -> Misfit[Self]: ...
    @overload
    def once(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def once(self, name: Event, listener: Callable[..., object]) -> Misfit[Self]: ...
    @overload
    def once(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def prepend_listener(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prepend_listener(self, name: Event3, listener: Takes3) -> Misfit[Self]: ...
    @overload
    def prepend_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def prepend_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def prepend_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def prepend_listener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def prepend_listener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prepend_listener(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def prepend_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def prepend_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def prepend_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]
    ) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def prepend_listener(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError], object]
    ) -> Self: ...
    @overload
    def prepend_listener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["draining"], listener: Callable[[DrainInfo], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prepend_listener(self, name: Event1, listener: Takes1) -> Misfit[Self]: ...
    @overload
    def prepend_listener(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prepend_listener(self, name: Event, listener: Callable[..., object]) -> Misfit[Self]: ...
    @overload
    def prepend_listener(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def prependListener(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def prependListener(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prependListener(self, name: Event3, listener: Takes3) -> Misfit[Self]: ...
    @overload
    def prependListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def prependListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def prependListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def prependListener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def prependListener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def prependListener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prependListener(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def prependListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def prependListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def prependListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def prependListener(
        self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]
    ) -> Self: ...
    @overload
    def prependListener(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def prependListener(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def prependListener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError], object]
    ) -> Self: ...
    @overload
    def prependListener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def prependListener(self, name: Literal["draining"], listener: Callable[[DrainInfo], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prependListener(self, name: Event1, listener: Takes1) -> Misfit[Self]: ...
    @overload
    def prependListener(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prependListener(self, name: Event, listener: Callable[..., object]) -> Misfit[Self]: ...
    @overload
    def prependListener(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def prepend_once_listener(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prepend_once_listener(self, name: Event3, listener: Takes3) -> Misfit[Self]: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prepend_once_listener(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["record"], listener: Callable[[Record], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["error"], listener: Callable[[Exception], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["draining"], listener: Callable[[DrainInfo], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prepend_once_listener(self, name: Event1, listener: Takes1) -> Misfit[Self]: ...
    @overload
    def prepend_once_listener(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prepend_once_listener(self, name: Event, listener: Callable[..., object]) -> Misfit[Self]: ...
    @overload
    def prepend_once_listener(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def prependOnceListener(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prependOnceListener(self, name: Event3, listener: Takes3) -> Misfit[Self]: ...
    @overload
    def prependOnceListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prependOnceListener(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def prependOnceListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["error"], listener: Callable[[Exception], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["draining"], listener: Callable[[DrainInfo], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prependOnceListener(self, name: Event1, listener: Takes1) -> Misfit[Self]: ...
    @overload
    def prependOnceListener(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def prependOnceListener(self, name: Event, listener: Callable[..., object]) -> Misfit[Self]: ...
    @overload
    def prependOnceListener(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def remove_listener(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def remove_listener(self, name: Event3, listener: Takes3) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def remove_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def remove_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def remove_listener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def remove_listener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def remove_listener(self, name: Event2, listener: Takes2) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def remove_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def remove_listener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]
    ) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def remove_listener(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError], object]
    ) -> Self: ...
    @overload
    def remove_listener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def remove_listener(self, name: Literal["draining"], listener: Callable[[DrainInfo], object]) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def remove_listener(self, name: Event1, listener: Takes1) -> Self: ...
    @overload
    def remove_listener(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def remove_listener(self, name: Event, listener: Callable[..., object]) -> Self: ...
    @overload
    def remove_listener(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def removeListener(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def removeListener(self, name: Event3, listener: Takes3) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def removeListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def removeListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def removeListener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def removeListener(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def removeListener(self, name: Event2, listener: Takes2) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def removeListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def removeListener(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]
    ) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def removeListener(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["clientError"], listener: Callable[[HTTPError], object]
    ) -> Self: ...
    @overload
    def removeListener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def removeListener(self, name: Literal["draining"], listener: Callable[[DrainInfo], object]) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def removeListener(self, name: Event1, listener: Takes1) -> Self: ...
    @overload
    def removeListener(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def removeListener(self, name: Event, listener: Callable[..., object]) -> Self: ...
    @overload
    def removeListener(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def off(
        self,
        name: Literal["connect", "upgrade"],
        listener: Callable[[IncomingMessage, Socket, bytes], object],
    ) -> Self: ...
    @overload
    def off(
        self, name: Literal["connect", "upgrade"], listener: Callable[[Request, Socket, bytes], object]
    ) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def off(self, name: Event3, listener: Takes3) -> Self: ...
    @overload
    def off(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable, Listener], object]
    ) -> Self: ...
    @overload
    def off(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[IncomingMessage, ServerResponse], object],
    ) -> Self: ...
    @overload
    def off(
        self,
        name: Literal["request", "checkContinue", "checkExpectation"],
        listener: Callable[[Request, Response], object],
    ) -> Self: ...
    @overload
    def off(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage, Socket], object],
    ) -> Self: ...
    @overload
    def off(
        self,
        name: Literal["connect", "upgrade", "dropRequest"],
        listener: Callable[[Request, Socket], object],
    ) -> Self: ...
    @overload
    def off(self, name: Literal["clientError"], listener: Callable[[HTTPError, Socket], object]) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def off(self, name: Event2, listener: Takes2) -> Self: ...
    @overload
    def off(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def off(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[IncomingMessage], object],
    ) -> Self: ...
    @overload
    def off(
        self,
        name: Literal["request", "checkContinue", "checkExpectation", "connect", "upgrade", "dropRequest"],
        listener: Callable[[Request], object],
    ) -> Self: ...
    @overload
    def off(self, name: Literal["connection", "timeout"], listener: Callable[[Socket], object]) -> Self: ...
    @overload
    def off(
        self, name: Literal["drop"], listener: Callable[[dict[str, str | int] | None], object]
    ) -> Self: ...
    @overload
    def off(self, name: Literal["record"], listener: Callable[[Record], object]) -> Self: ...
    @overload
    def off(self, name: Literal["clientError"], listener: Callable[[HTTPError], object]) -> Self: ...
    @overload
    def off(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def off(self, name: Literal["draining"], listener: Callable[[DrainInfo], object]) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def off(self, name: Event1, listener: Takes1) -> Self: ...
    @overload
    def off(self, name: Event, listener: Callable[[], object]) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def off(self, name: Event, listener: Callable[..., object]) -> Self: ...
    @overload
    def off(self, name: Hashable, listener: Listener) -> Self: ...
    @overload
    def emit(
        self, event: Literal["newListener", "removeListener"], name: Hashable, listener: Listener, /
    ) -> bool: ...
    @overload
    def emit(
        self,
        event: Literal["request", "checkContinue", "checkExpectation"],
        req: IncomingMessage,
        res: ServerResponse,
        /,
    ) -> bool: ...
    @overload
    def emit(
        self, event: Literal["connect", "upgrade"], req: IncomingMessage, socket: Socket, head: bytes, /
    ) -> bool: ...
    @overload
    def emit(self, event: Literal["dropRequest"], req: IncomingMessage, socket: Socket, /) -> bool: ...
    @overload
    def emit(self, event: Literal["connection", "timeout"], socket: Socket, /) -> bool: ...
    @overload
    def emit(self, event: Literal["drop"], connection: dict[str, str | int] | None, /) -> bool: ...
    @overload
    def emit(self, event: Literal["record"], record: Record, /) -> bool: ...
    @overload
    def emit(self, event: Literal["clientError"], error: BaseException, socket: Socket, /) -> bool: ...
    @overload
    def emit(self, event: Literal["listening", "close"], /) -> bool: ...
    @overload
    def emit(self, event: Literal["error"], error: BaseException, /) -> bool: ...
    @overload
    def emit(self, event: Literal["draining"], info: DrainInfo, /) -> bool: ...
    @overload
    def emit(self, event: Literal["connection"], stream: SystemSocket | asyncio.Transport, /) -> bool: ...
    @overload
    @deprecated("listeners of this event are called with other arguments")
    def emit(self, name: Event, *args: object) -> bool: ...
    @overload
    def emit(self, name: Hashable, *args: object) -> bool: ...
