"""What a connection needs of its server: values worked out when an option changes, and callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextvars import Context
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

from writehead._http1.dressed_exchange import Dress
from writehead._http1.exchange import Http1Exchange
from writehead._http1.parser_pool import ParserPool
from writehead._loop.timers import Clock
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._native.choice import Head
from writehead._net.config import SocketConfig
from writehead._net.socket import Socket
from writehead._semantics.record import Notes

if TYPE_CHECKING:
    from writehead._connection.upgraded import Raw


class DrainStage(IntEnum):
    """How far the drain of a server is; each stage is entered once, in this order."""

    NONE = 0
    ANNOUNCED = 1  # responses say that they are the last of their connections, which are still accepted
    GRACE = 2  # the door is closed; endless responses are told, and idle connections may bring a request
    EMPTYING = 3  # idle connections are closed
    CUT = 4  # the time is over


class Notify(Protocol):
    """Emits an event in a context; False if it has no listener."""

    def __call__(self, context: Context | None, name: Hashable, *args: Any) -> bool: ...


class ConnectionConfig(SocketConfig):
    """What the connections of one server share; the server alone writes to it.

    Worked out when an option is assigned, and when the server begins to listen or to close:

    - `fast_path`: whether an ordinary request can skip constructors, dispatch and options.
    - `fast_path_beside_guests`: the same for a server that has guests, of which `take_head` then takes what is theirs.
    - `fast_path_response`: whether no option has to be copied to a request or response (`_adapt`).
    - `fast_path_accept`: whether a new connection needs neither a limit nor socket options.
    - `parsers`: the parsers for the limits of a head.
    - `message_class`, `response_class`: the classes of requests and responses.
    - `response_options`: keyword arguments for the program's own response class.
    - `keep_alive_lines`: the header lines of a response after which the connection stays open.
    - `keep_alive_seconds`: how long it may then wait for a request, the buffer included; 0: no limit.
    - `idle_seconds`: how long a connection may go without traffic (`server.timeout`); 0: no limit.
    - `allow_half_open`: whether a client that has sent FIN still gets its responses.
    - `reject_body`, `unique_headers`, `close_after_finish`, `lenient`, `join_duplicates`: the options
      `reject_non_standard_body_writes`, `unique_headers`, `emit_close_after_finish`,
      `insecure_http_parser`, `join_duplicate_headers`.
    - `make_exchange()`: makes the exchange of a request.
    - `dress`: what is changed in the head of every response, if that is a `DressedExchange`.
    - `max_body`: bytes of the body of a request; 0: any number.
    - `most_requests`: how many requests a connection may make; 0: any number.
    - `empty_requests_end`: the option `optimize_empty_requests`.

    Shared with the server:

    - `listeners`: the listeners of its events.
    - `arriving`: the tasks of sockets that were given by hand and have no transport yet.
    - `upgraded`: the connections that the program was given by 'upgrade' or 'connect', and has still.
    - `drain`: how far a drain of the server is.

    Of records (see `Recording`):

    - `on_record(notes)`: called at the end of each exchange; None if nobody takes records.
    - `record_clock()`: their clock, in seconds.
    - `connection_numbers`: numbers for connections.

    Callbacks:

    - `on_accept(connection)`: count it and emit 'connection'; False if there are too many.
    - `on_gone(connection)`: HTTP has let go of it.
    - `on_lost(connection)`: `on_gone` and `on_socket_gone` in one.
    - `call_listeners(name, req, res)`: call the listeners of a request that needs no check.
    - `dispatch(req, res, connection, ordinary)`: call the listeners of a request.
    - `take_head(connection, head)`: give an ordinary request to a guest of the server, and return what serves it; False:
      it is dispatched in the general way; None: no guest takes it. The callback itself is None without guests.
      `guest_starts`: how the targets begin that a guest may take, if nothing in them is encoded.
    - `wants_upgrade(req)`: whether a request to upgrade is accepted.
    - `on_upgrade(req, socket, head)`: emit 'upgrade' or 'connect'.
    - `on_client_error(error, socket)`: emit 'clientError'; False if it has no listener.
    - `notify(context, name, *args)`: emit an event in a context; False if it has no listener.
    - `hold()`, `open_by_hand(clock)`, `close_if_drained()`: for connections that were given by hand; see
      `Listening`.
    """

    __slots__ = (
        "allow_half_open",
        "arriving",
        "close_after_finish",
        "close_if_drained",
        "connection_numbers",
        "dispatch",
        "dress",
        "drain",
        "empty_requests_end",
        "call_listeners",
        "fast_path",
        "fast_path_accept",
        "fast_path_beside_guests",
        "fast_path_response",
        "guest_starts",
        "hold",
        "idle_seconds",
        "join_duplicates",
        "keep_alive_lines",
        "keep_alive_seconds",
        "lenient",
        "listeners",
        "make_exchange",
        "max_body",
        "message_class",
        "most_requests",
        "notify",
        "on_accept",
        "on_client_error",
        "on_gone",
        "on_lost",
        "on_record",
        "on_upgrade",
        "open_by_hand",
        "parsers",
        "record_clock",
        "reject_body",
        "take_head",
        "response_class",
        "response_options",
        "unique_headers",
        "upgraded",
        "wants_upgrade",
    )

    fast_path: bool
    fast_path_beside_guests: bool
    fast_path_response: bool
    fast_path_accept: bool
    parsers: ParserPool
    message_class: Callable[[Any], IncomingMessage]
    response_class: Callable[..., ServerResponse]
    response_options: dict[str, Any]
    keep_alive_lines: str
    keep_alive_seconds: float
    idle_seconds: float
    allow_half_open: bool
    reject_body: bool
    unique_headers: frozenset[str]
    close_after_finish: bool
    lenient: bool
    join_duplicates: bool
    make_exchange: Callable[[], Http1Exchange]
    dress: Dress
    max_body: int
    most_requests: float
    empty_requests_end: bool

    listeners: Mapping[Hashable, tuple[Callable[..., Any], ...]]
    arriving: set[asyncio.Task[Any]]
    upgraded: set[Raw]
    drain: DrainStage

    on_record: Callable[[Notes], object] | None
    record_clock: Callable[[], float]
    connection_numbers: Iterator[int]

    on_accept: Callable[[Any], bool]  # of any kind of connection
    on_gone: Callable[[Any], object]
    on_lost: Callable[[Any], object]
    call_listeners: Callable[[str, IncomingMessage, ServerResponse], object]
    dispatch: Callable[[IncomingMessage, ServerResponse, Any, bool], object]
    guest_starts: tuple[bytes, ...]
    take_head: Callable[[Any, Head], Any] | None
    wants_upgrade: Callable[[IncomingMessage], bool]
    on_upgrade: Callable[[IncomingMessage, Socket, bytes], object]
    on_client_error: Callable[[BaseException, Socket], bool]
    notify: Notify
    hold: Callable[[], object]
    open_by_hand: Callable[[Clock | None], object]
    close_if_drained: Callable[[], object]

    @property
    def keeps_idle(self) -> bool:
        """Whether idle connections stay although the server closes: in a drain, they may still bring a request."""
        return self.drain in (DrainStage.ANNOUNCED, DrainStage.GRACE)
