"""EventEmitter, with its events by name: made by `make events` of what `websocket_events.pyi` declares."""

# Overloads that fit nothing stand before those that fit everything; what they give back differs from the base.
# mypy: disable-error-code="override, overload-overlap, overload-cannot-match, assignment"
# pyright: reportIncompatibleMethodOverride=false, reportOverlappingOverload=false
# pyright: reportIncompatibleVariableOverride=false, reportDeprecated=false

from collections.abc import Callable, Hashable
from typing import Literal, Self, TypeVar, overload
from typing_extensions import deprecated
from writehead._node.listener_types import Misfit, Takes1, Takes2, Takes3
from writehead.events import L, Listener
from writehead.events import EventEmitter
from writehead._guests.websocket.web_socket import WebSocket
from writehead._message.incoming import IncomingMessage
from writehead._net.socket import Socket
from writehead.errors import WebSocketError

Event = Literal[
    "newListener", "removeListener", "connection", "headers", "listening", "error", "close", "wsClientError"
]
Event1 = Literal["newListener", "removeListener", "connection", "headers", "error", "wsClientError"]
Event2 = Literal["newListener", "removeListener", "connection", "headers", "wsClientError"]
Event3 = Literal["wsClientError"]
NewListenerListener = TypeVar(
    "NewListenerListener",
    bound=Callable[[Hashable, Listener], object] | Callable[[Hashable], object] | Callable[[], object],
)
ConnectionListener = TypeVar(
    "ConnectionListener",
    bound=Callable[[WebSocket, IncomingMessage], object]
    | Callable[[WebSocket], object]
    | Callable[[], object],
)
HeadersListener = TypeVar(
    "HeadersListener",
    bound=Callable[[list[str], IncomingMessage], object]
    | Callable[[list[str]], object]
    | Callable[[], object],
)
ListeningListener = TypeVar("ListeningListener", bound=Callable[[], object])
ErrorListener = TypeVar("ErrorListener", bound=Callable[[Exception], object] | Callable[[], object])
WsClientErrorListener = TypeVar(
    "WsClientErrorListener",
    bound=Callable[[WebSocketError, Socket, IncomingMessage], object]
    | Callable[[WebSocketError, Socket], object]
    | Callable[[WebSocketError], object]
    | Callable[[], object],
)

class WebSocketServerEmitter(EventEmitter):
    """EventEmitter, with its events by name."""
    @overload
    def on(
        self, name: Literal["newListener", "removeListener"]
    ) -> Callable[[NewListenerListener], NewListenerListener]: ...
    @overload
    def on(self, name: Literal["connection"]) -> Callable[[ConnectionListener], ConnectionListener]: ...
    @overload
    def on(self, name: Literal["headers"]) -> Callable[[HeadersListener], HeadersListener]: ...
    @overload
    def on(self, name: Literal["listening", "close"]) -> Callable[[ListeningListener], ListeningListener]: ...
    @overload
    def on(self, name: Literal["error"]) -> Callable[[ErrorListener], ErrorListener]: ...
    @overload
    def on(
        self, name: Literal["wsClientError"]
    ) -> Callable[[WsClientErrorListener], WsClientErrorListener]: ...
    @overload
    def on(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def on(
        self,
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def on(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def on(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def on(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def on(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def on(self, name: Literal["connection"], listener: Callable[[WebSocket], object]) -> Self: ...
    @overload
    def on(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def on(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def on(self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]) -> Self: ...
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
    def add_listener(
        self, name: Literal["connection"]
    ) -> Callable[[ConnectionListener], ConnectionListener]: ...
    @overload
    def add_listener(self, name: Literal["headers"]) -> Callable[[HeadersListener], HeadersListener]: ...
    @overload
    def add_listener(
        self, name: Literal["listening", "close"]
    ) -> Callable[[ListeningListener], ListeningListener]: ...
    @overload
    def add_listener(self, name: Literal["error"]) -> Callable[[ErrorListener], ErrorListener]: ...
    @overload
    def add_listener(
        self, name: Literal["wsClientError"]
    ) -> Callable[[WsClientErrorListener], WsClientErrorListener]: ...
    @overload
    def add_listener(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def add_listener(
        self,
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def add_listener(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def add_listener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def add_listener(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def add_listener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def add_listener(self, name: Literal["connection"], listener: Callable[[WebSocket], object]) -> Self: ...
    @overload
    def add_listener(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def add_listener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def add_listener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]
    ) -> Self: ...
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
    def addListener(
        self, name: Literal["connection"]
    ) -> Callable[[ConnectionListener], ConnectionListener]: ...
    @overload
    def addListener(self, name: Literal["headers"]) -> Callable[[HeadersListener], HeadersListener]: ...
    @overload
    def addListener(
        self, name: Literal["listening", "close"]
    ) -> Callable[[ListeningListener], ListeningListener]: ...
    @overload
    def addListener(self, name: Literal["error"]) -> Callable[[ErrorListener], ErrorListener]: ...
    @overload
    def addListener(
        self, name: Literal["wsClientError"]
    ) -> Callable[[WsClientErrorListener], WsClientErrorListener]: ...
    @overload
    def addListener(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def addListener(
        self,
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def addListener(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def addListener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def addListener(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def addListener(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def addListener(self, name: Literal["connection"], listener: Callable[[WebSocket], object]) -> Self: ...
    @overload
    def addListener(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def addListener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def addListener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]
    ) -> Self: ...
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
    def once(self, name: Literal["connection"]) -> Callable[[ConnectionListener], ConnectionListener]: ...
    @overload
    def once(self, name: Literal["headers"]) -> Callable[[HeadersListener], HeadersListener]: ...
    @overload
    def once(
        self, name: Literal["listening", "close"]
    ) -> Callable[[ListeningListener], ListeningListener]: ...
    @overload
    def once(self, name: Literal["error"]) -> Callable[[ErrorListener], ErrorListener]: ...
    @overload
    def once(
        self, name: Literal["wsClientError"]
    ) -> Callable[[WsClientErrorListener], WsClientErrorListener]: ...
    @overload
    def once(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def once(
        self,
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def once(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def once(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this listener cannot be called with what the event gives")
    def once(self, name: Event2, listener: Takes2) -> Misfit[Self]: ...
    @overload
    def once(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def once(self, name: Literal["connection"], listener: Callable[[WebSocket], object]) -> Self: ...
    @overload
    def once(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def once(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def once(self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]) -> Self: ...
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
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
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
        self, name: Literal["connection"], listener: Callable[[WebSocket], object]
    ) -> Self: ...
    @overload
    def prepend_listener(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def prepend_listener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def prepend_listener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]
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
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def prependListener(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def prependListener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
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
        self, name: Literal["connection"], listener: Callable[[WebSocket], object]
    ) -> Self: ...
    @overload
    def prependListener(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def prependListener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def prependListener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]
    ) -> Self: ...
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
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
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
        self, name: Literal["connection"], listener: Callable[[WebSocket], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["headers"], listener: Callable[[list[str]], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["error"], listener: Callable[[Exception], object]
    ) -> Self: ...
    @overload
    def prepend_once_listener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]
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
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
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
        self, name: Literal["connection"], listener: Callable[[WebSocket], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["headers"], listener: Callable[[list[str]], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["error"], listener: Callable[[Exception], object]
    ) -> Self: ...
    @overload
    def prependOnceListener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]
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
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
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
        self, name: Literal["connection"], listener: Callable[[WebSocket], object]
    ) -> Self: ...
    @overload
    def remove_listener(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def remove_listener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def remove_listener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]
    ) -> Self: ...
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
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
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
        self, name: Literal["connection"], listener: Callable[[WebSocket], object]
    ) -> Self: ...
    @overload
    def removeListener(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def removeListener(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def removeListener(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]
    ) -> Self: ...
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
        name: Literal["wsClientError"],
        listener: Callable[[WebSocketError, Socket, IncomingMessage], object],
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
        self, name: Literal["connection"], listener: Callable[[WebSocket, IncomingMessage], object]
    ) -> Self: ...
    @overload
    def off(
        self, name: Literal["headers"], listener: Callable[[list[str], IncomingMessage], object]
    ) -> Self: ...
    @overload
    def off(
        self, name: Literal["wsClientError"], listener: Callable[[WebSocketError, Socket], object]
    ) -> Self: ...
    @overload
    @deprecated("this cannot be a listener of the event")
    def off(self, name: Event2, listener: Takes2) -> Self: ...
    @overload
    def off(
        self, name: Literal["newListener", "removeListener"], listener: Callable[[Hashable], object]
    ) -> Self: ...
    @overload
    def off(self, name: Literal["connection"], listener: Callable[[WebSocket], object]) -> Self: ...
    @overload
    def off(self, name: Literal["headers"], listener: Callable[[list[str]], object]) -> Self: ...
    @overload
    def off(self, name: Literal["error"], listener: Callable[[Exception], object]) -> Self: ...
    @overload
    def off(self, name: Literal["wsClientError"], listener: Callable[[WebSocketError], object]) -> Self: ...
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
    def emit(self, event: Literal["connection"], ws: WebSocket, req: IncomingMessage, /) -> bool: ...
    @overload
    def emit(self, event: Literal["headers"], lines: list[str], req: IncomingMessage, /) -> bool: ...
    @overload
    def emit(self, event: Literal["listening", "close"], /) -> bool: ...
    @overload
    def emit(self, event: Literal["error"], error: BaseException, /) -> bool: ...
    @overload
    def emit(
        self, event: Literal["wsClientError"], error: WebSocketError, socket: Socket, req: IncomingMessage, /
    ) -> bool: ...
    @overload
    @deprecated("listeners of this event are called with other arguments")
    def emit(self, name: Event, *args: object) -> bool: ...
    @overload
    def emit(self, name: Hashable, *args: object) -> bool: ...
