"""Node's `http` for Python: servers, requests, responses.

Source: https://nodejs.org/api/http.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from writehead._http1.exchange import Http1Exchange
from writehead._message.incoming import IncomingMessage
from writehead._message.outgoing import OutgoingMessage
from writehead._message.pipeline import pipeline
from writehead._message.response import ServerResponse
from writehead._message.standalone import set_exchange_by_hand
from writehead._native.choice import NATIVE
from writehead._net.addresses import AddressInfo
from writehead._net.socket import Socket
from writehead._process.run import run
from writehead._semantics.fields import validate_header_name, validate_header_value
from writehead._semantics.outcome import Outcome
from writehead._semantics.record import Record
from writehead._semantics.status import METHODS, STATUS_CODES
from writehead._server.drain import DrainInfo
from writehead._server.option_types import ServerOptions
from writehead._server.options import MAX_HEADER_SIZE
from writehead._server.server import Server
from writehead.events import EventEmitter

__all__ = [
    "METHODS",
    "STATUS_CODES",
    "AddressInfo",
    "DrainInfo",
    "EventEmitter",
    "IncomingMessage",
    "Outcome",
    "OutgoingMessage",
    "Record",
    "Server",
    "ServerOptions",
    "ServerResponse",
    "Socket",
    "createServer",
    "create_server",
    "maxHeaderSize",
    "max_header_size",
    "native",
    "pipeline",
    "run",
    "validateHeaderName",
    "validateHeaderValue",
    "validate_header_name",
    "validate_header_value",
]

set_exchange_by_hand(Http1Exchange)

#: The default limit on the bytes of a request's target and fields.
max_header_size = MAX_HEADER_SIZE
maxHeaderSize = max_header_size

#: Whether the functions in C are used: they were built, and `WRITEHEAD_NATIVE=0` does not switch them off.
native = NATIVE


def create_server(
    options: ServerOptions | Callable[..., object] | None = None,
    handler: Callable[..., object] | None = None,
    **keywords: Unpack[ServerOptions],
) -> Server:
    """Make a server that does not listen yet.

    Args:
        options: a mapping of options in either spelling, or the handler.
        handler: a plain or `async def` function of `(req, res)`: a listener of 'request'.
        keywords: options in Python spelling; durations in milliseconds.

    Raises:
        InvalidArgTypeError, OutOfRangeError: an option of a wrong type or value.

    Source: https://nodejs.org/api/http.html#httpcreateserveroptions-requestlistener
    """
    return Server(options, handler, **keywords)


createServer = create_server
validateHeaderName = validate_header_name
validateHeaderValue = validate_header_value
