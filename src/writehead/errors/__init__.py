"""Every error of the library, one class for each code.

    Exception
    +-- HTTPError
        |   used the response in the wrong order
        +-- HeadersSentError             ERR_HTTP_HEADERS_SENT             RuntimeError
        +-- TrailerInvalidError          ERR_HTTP_TRAILER_INVALID          RuntimeError
        +-- ContentLengthMismatchError   ERR_HTTP_CONTENT_LENGTH_MISMATCH  RuntimeError
        +-- BodyNotAllowedError          ERR_HTTP_BODY_NOT_ALLOWED         RuntimeError
        +-- FileChangedError             ERR_HTTP_FILE_CHANGED             RuntimeError
        +-- SocketAssignedError          ERR_HTTP_SOCKET_ASSIGNED          RuntimeError
        +-- SocketEncodingError          ERR_HTTP_SOCKET_ENCODING          RuntimeError
        +-- InternalAssertionError       ERR_INTERNAL_ASSERTION            RuntimeError
        +-- MethodNotImplementedError    ERR_METHOD_NOT_IMPLEMENTED        NotImplementedError
        |   passed a wrong argument
        +-- InvalidHTTPTokenError        ERR_INVALID_HTTP_TOKEN            TypeError, ValueError
        +-- InvalidHeaderValueError      ERR_HTTP_INVALID_HEADER_VALUE     TypeError, ValueError
        +-- InvalidCharError             ERR_INVALID_CHAR                  TypeError, ValueError
        +-- InvalidArgTypeError          ERR_INVALID_ARG_TYPE              TypeError
        +-- InvalidArgValueError         ERR_INVALID_ARG_VALUE             TypeError, ValueError
        +-- UnknownOptionError           ERR_UNKNOWN_OPTION                TypeError
        +-- OutOfRangeError              ERR_OUT_OF_RANGE                  ValueError
        +-- InvalidStatusCodeError       ERR_HTTP_INVALID_STATUS_CODE      ValueError
        +-- UnknownEncodingError         ERR_UNKNOWN_ENCODING              TypeError, ValueError
        +-- BadPortError                 ERR_SOCKET_BAD_PORT               ValueError
        +-- InvalidProtocolVersionError  ERR_TLS_INVALID_PROTOCOL_VERSION  TypeError, ValueError
        +-- ServerNameRequiredError      ERR_TLS_REQUIRED_SERVER_NAME      ValueError
        |   used a stream in the wrong order
        +-- StreamNullValuesError        ERR_STREAM_NULL_VALUES            TypeError
        +-- StreamWriteAfterEndError     ERR_STREAM_WRITE_AFTER_END        RuntimeError
        +-- StreamAlreadyFinishedError   ERR_STREAM_ALREADY_FINISHED       RuntimeError
        +-- StreamDestroyedError         ERR_STREAM_DESTROYED              RuntimeError
        +-- StreamCannotPipeError        ERR_STREAM_CANNOT_PIPE            RuntimeError
        +-- PrematureCloseError          ERR_STREAM_PREMATURE_CLOSE        RuntimeError
        +-- UnshiftAfterEndError         ERR_STREAM_UNSHIFT_AFTER_END_EVENT  RuntimeError
        +-- UnhandledError               ERR_UNHANDLED_ERROR               RuntimeError
        +-- AbortError                   ABORT_ERR                         RuntimeError
            +-- DrainingError            ERR_SERVER_DRAINING               RuntimeError
            +-- ServerCutError           ERR_SERVER_CUT                    RuntimeError
        |   the server's life
        +-- ServerAlreadyListenError     ERR_SERVER_ALREADY_LISTEN         RuntimeError
        +-- ServerNotRunningError        ERR_SERVER_NOT_RUNNING            RuntimeError
        |   hosted an ASGI application
        +-- ASGIMessageError             ERR_ASGI_MESSAGE                  ValueError, TypeError
        +-- ASGIStateError               ERR_ASGI_STATE                    RuntimeError
        +-- LifespanError                ERR_ASGI_LIFESPAN                 RuntimeError
        |   hosted a WSGI application
        +-- WSGIStateError               ERR_WSGI_STATE                    RuntimeError
        |   caused by the client or the network
        +-- ParseError                   HPE_...                           ValueError
        +-- PayloadTooLargeError         ERR_HTTP_PAYLOAD_TOO_LARGE        ValueError
        +-- RequestTimeoutError          ERR_HTTP_REQUEST_TIMEOUT          TimeoutError
        +-- WriteTimeoutError            ERR_HTTP_WRITE_TIMEOUT            TimeoutError
        +-- HandshakeTimeoutError        ERR_TLS_HANDSHAKE_TIMEOUT         TimeoutError
        +-- WebSocketError               WS_ERR_..., ERR_WEBSOCKET_...     ValueError
        +-- WebSocketNotOpenError        ERR_WEBSOCKET_NOT_OPEN            RuntimeError
        +-- TLSError                     ERR_SSL_...                       OSError
        +-- SystemCallError              EADDRINUSE, EPIPE, ENOTFOUND, ... OSError
            +-- ConnectionLostError      ECONNRESET                        ConnectionResetError

`except HTTPError` catches them all; `except` with the builtin named last works, too.
`error.code` is Node's code, `error.message` the text, `error.status` the status
of the response, if a client caused the error.
"""

from __future__ import annotations

from writehead.errors.arguments import (
    BadPortError,
    InvalidArgTypeError,
    InvalidArgValueError,
    InvalidCharError,
    InvalidHeaderValueError,
    InvalidHTTPTokenError,
    InvalidProtocolVersionError,
    InvalidStatusCodeError,
    OutOfRangeError,
    ServerNameRequiredError,
    UnknownEncodingError,
    UnknownOptionError,
)
from writehead.errors.asgi import (
    ASGIMessageError,
    ASGIStateError,
    LifespanError,
)
from writehead.errors.base import (
    HTTPError,
)
from writehead.errors.message import (
    BodyNotAllowedError,
    ContentLengthMismatchError,
    FileChangedError,
    HeadersSentError,
    InternalAssertionError,
    MethodNotImplementedError,
    SocketAssignedError,
    SocketEncodingError,
    TrailerInvalidError,
)
from writehead.errors.peer import (
    ConnectionLostError,
    HandshakeTimeoutError,
    ParseError,
    PayloadTooLargeError,
    RequestTimeoutError,
    SystemCallError,
    TLSError,
    WriteTimeoutError,
)
from writehead.errors.server import (
    DrainingError,
    ServerAlreadyListenError,
    ServerCutError,
    ServerNotRunningError,
)
from writehead.errors.streams import (
    AbortError,
    PrematureCloseError,
    StreamAlreadyFinishedError,
    StreamCannotPipeError,
    StreamDestroyedError,
    StreamNullValuesError,
    StreamWriteAfterEndError,
    UnhandledError,
    UnshiftAfterEndError,
)
from writehead.errors.websocket import (
    WebSocketError,
    WebSocketNotOpenError,
)
from writehead.errors.wsgi import (
    WSGIStateError,
)

__all__ = [
    "ASGIMessageError",
    "ASGIStateError",
    "AbortError",
    "BadPortError",
    "BodyNotAllowedError",
    "ConnectionLostError",
    "ContentLengthMismatchError",
    "DrainingError",
    "FileChangedError",
    "HTTPError",
    "HandshakeTimeoutError",
    "HeadersSentError",
    "InternalAssertionError",
    "InvalidArgTypeError",
    "InvalidArgValueError",
    "InvalidCharError",
    "InvalidHTTPTokenError",
    "InvalidHeaderValueError",
    "InvalidProtocolVersionError",
    "InvalidStatusCodeError",
    "LifespanError",
    "MethodNotImplementedError",
    "OutOfRangeError",
    "ParseError",
    "PayloadTooLargeError",
    "PrematureCloseError",
    "RequestTimeoutError",
    "ServerAlreadyListenError",
    "ServerCutError",
    "ServerNameRequiredError",
    "ServerNotRunningError",
    "SocketAssignedError",
    "SocketEncodingError",
    "StreamAlreadyFinishedError",
    "StreamCannotPipeError",
    "StreamDestroyedError",
    "StreamNullValuesError",
    "StreamWriteAfterEndError",
    "SystemCallError",
    "TLSError",
    "TrailerInvalidError",
    "UnhandledError",
    "UnknownEncodingError",
    "UnknownOptionError",
    "UnshiftAfterEndError",
    "WSGIStateError",
    "WebSocketError",
    "WebSocketNotOpenError",
    "WriteTimeoutError",
]

for _each in __all__:  # a traceback names the module that a program imports from
    globals()[_each].__module__ = __name__
