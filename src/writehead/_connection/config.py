"""What a connection needs of its server: types only."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any, Protocol

from writehead._http1.parser_pool import ParserPool
from writehead._loop.timers import IdleTimers
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._net.socket import Socket


class Host(Protocol):
    """What a connection needs of its server."""

    _listeners: Any
    _copy_context: Callable[[], Context]
    _timers: IdleTimers
    _closing: bool
    _keep_lines: str
    _message_class: Callable[[Any], IncomingMessage]
    _response_class: Callable[..., ServerResponse]
    _response_options: dict[str, Any]
    unique_headers: Any
    _mark: int
    timeout: float
    keep_alive_timeout: Any
    insecure_http_parser: bool
    emit_close_after_finish: bool
    http_allow_half_open: bool
    body_timeout: float
    _keep_alive_seconds: float
    _peculiar: bool
    _straight: bool
    _parsers: ParserPool
    _idle_seconds: float
    reject_non_standard_body_writes: bool
    join_duplicate_headers: bool

    def _on_accept(self, connection: Any) -> bool: ...
    def _on_gone(self, connection: Any) -> None: ...
    def _on_lost(self, connection: Any) -> None: ...
    def _on_socket_gone(self) -> None: ...
    def _dispatch(self, req: IncomingMessage, res: ServerResponse, connection: Any) -> None: ...
    def _wants_upgrade(self, req: IncomingMessage) -> bool: ...
    def _hand_over(self, req: IncomingMessage, socket: Socket, head: bytes) -> None: ...
    def _refuse(self, error: BaseException, socket: Socket) -> bool: ...
    def _notify_in(self, context: Context | None, name: str, *args: Any) -> bool: ...
    def _follow(
        self,
        result: Any,
        name: str,
        args: tuple[Any, ...],
        context: Context | None = None,
        listener: Callable[..., Any] | None = None,
    ) -> None: ...
    def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None: ...
