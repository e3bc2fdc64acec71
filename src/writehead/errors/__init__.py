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
        |   gave it the wrong thing
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
        |   the server's life
        +-- ServerAlreadyListenError     ERR_SERVER_ALREADY_LISTEN         RuntimeError
        +-- ServerNotRunningError        ERR_SERVER_NOT_RUNNING            RuntimeError
        |   the client, and the way to it
        +-- ParseError                   HPE_...                           ValueError
        +-- PayloadTooLargeError         ERR_HTTP_PAYLOAD_TOO_LARGE        ValueError
        +-- RequestTimeoutError          ERR_HTTP_REQUEST_TIMEOUT          TimeoutError
        +-- WriteTimeoutError            ERR_HTTP_WRITE_TIMEOUT            TimeoutError
        +-- HandshakeTimeoutError        ERR_TLS_HANDSHAKE_TIMEOUT         TimeoutError
        +-- TLSError                     ERR_SSL_...                       OSError
        +-- SystemCallError              EADDRINUSE, EPIPE, ENOTFOUND, ... OSError
            +-- ConnectionLostError      ECONNRESET                        ConnectionResetError

`except HTTPError` takes them all; the builtin named last takes them too.
`error.code` is Node's code, `error.message` the sentence, `error.status` the
status a server answers with, where a client caused the error.
"""

from __future__ import annotations

import errno as _errno
from typing import Any, ClassVar

from writehead.errors.base import HTTPError as HTTPError  # it is of this module to everybody
from writehead.errors.base import restored
from writehead.errors.received import as_json, described, number, plain, shown
from writehead.errors.system import name_of, sentence, text_of

# The response used in the wrong order.


class HeadersSentError(HTTPError, RuntimeError):
    """The head is fixed: make header calls before the first `write`, `end` or `flush_headers`.

    `action` is what came too late: "set", "append", "remove", "write" or the like.
    """

    code = "ERR_HTTP_HEADERS_SENT"

    def __init__(self, action: str) -> None:
        super().__init__(f"Cannot {action} headers after they are sent to the client")
        self.action = action


class TrailerInvalidError(HTTPError, RuntimeError):
    """Remove the `Trailer` header, or `Content-Length`: trailers need a chunked body (RFC 9112, 7.1.2)."""

    code = "ERR_HTTP_TRAILER_INVALID"

    def __init__(self) -> None:
        super().__init__("Trailers are invalid with this transfer encoding: they need a chunked body")


class ContentLengthMismatchError(HTTPError, RuntimeError):
    """Write as many bytes as `Content-Length` says, or leave `strict_content_length` off.

    `written` and `promised` are bytes.
    """

    code = "ERR_HTTP_CONTENT_LENGTH_MISMATCH"

    def __init__(self, written: int, promised: int | str | None) -> None:
        super().__init__(
            f"Response body's content-length of {written} byte(s) does not match the "
            f"content-length of {promised} byte(s) set in header"
        )
        self.written = written
        self.promised = promised


class BodyNotAllowedError(HTTPError, RuntimeError):
    """End the answer without data: HEAD, 1xx, 204 and 304 have no body (RFC 9110, 6.4.1)."""

    code = "ERR_HTTP_BODY_NOT_ALLOWED"

    def __init__(self) -> None:
        super().__init__("Adding content for this request method or response status is not allowed.")


class FileChangedError(HTTPError, RuntimeError):
    """Leave a file alone while it is sent: it became shorter than the promised length, so the connection was cut.

    `promised` and `sent` are bytes.
    """

    code = "ERR_HTTP_FILE_CHANGED"

    def __init__(self, promised: int, sent: int) -> None:
        super().__init__(f"The file ended after {sent} of {promised} byte(s)")
        self.promised = promised
        self.sent = sent


class SocketAssignedError(HTTPError, RuntimeError):
    """Call `detach_socket` on the response that has this socket first."""

    code = "ERR_HTTP_SOCKET_ASSIGNED"

    def __init__(self) -> None:
        super().__init__("ServerResponse has an already assigned socket")


class SocketEncodingError(HTTPError, RuntimeError):
    """Call `set_encoding` on the request: HTTP reads bytes from its socket (RFC 9112, 2.2)."""

    code = "ERR_HTTP_SOCKET_ENCODING"

    def __init__(self) -> None:
        super().__init__("Changing the socket encoding is not allowed per RFC7230 Section 3.")


class InternalAssertionError(HTTPError, RuntimeError):
    """Detach only the socket that is attached; anything else that raises this is a bug of the library."""

    code = "ERR_INTERNAL_ASSERTION"

    def __init__(self, text: str) -> None:
        super().__init__(text)


class MethodNotImplementedError(HTTPError, NotImplementedError):
    """Use a `ServerResponse`, or write `method` in the subclass: a plain `OutgoingMessage` has no head."""

    code = "ERR_METHOD_NOT_IMPLEMENTED"

    def __init__(self, method: str) -> None:
        super().__init__(f"The {method} method is not implemented")
        self.method = method


# The wrong thing given.


class InvalidHTTPTokenError(HTTPError, TypeError, ValueError):
    """Spell the name with letters, digits and ``!#$%&'*+-.^_`|~`` alone (RFC 9110, 5.6.2).

    `kind` is what was named ("Header name"), `name` the value given.
    """

    code = "ERR_INVALID_HTTP_TOKEN"

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f'{kind} must be a valid HTTP token ["{plain(name)}"]')
        self.kind = kind
        self.name = name


class InvalidHeaderValueError(HTTPError, TypeError, ValueError):
    """Give the header a value, or call `remove_header`: `None` is no value."""

    code = "ERR_HTTP_INVALID_HEADER_VALUE"

    def __init__(self, value: object, name: str) -> None:
        super().__init__(
            f'Invalid value "{plain(value)}" for header "{name}"; it must be a str, a number, bytes or a list of these'
        )
        self.value = value
        self.name = name


class InvalidCharError(HTTPError, TypeError, ValueError):
    """Encode the text first: it holds a control character, a line break or one above U+00FF (RFC 9110, 5.5).

    `where` is the place ("header content"), `name` the field's name if it has one; `character`
    is the first that may not be there, `position` its index.
    """

    code = "ERR_INVALID_CHAR"

    def __init__(self, where: str, name: str | None, character: str, position: int) -> None:
        field = "" if name is None else f' ["{name}"]'
        super().__init__(
            f"Invalid character in {where}{field}: {character!a} at index {position}; "
            "a tab and U+0020 to U+00FF without U+007F may be there"
        )
        self.where = where
        self.name = name
        self.character = character
        self.position = position


def _named(argument: str) -> str:
    if argument.endswith(" argument"):  # "first argument"
        return f"The {argument}"
    return f'The "{argument}" {"property" if "." in argument else "argument"}'


class InvalidArgTypeError(HTTPError, TypeError):
    """Pass `argument` as one of the types that `expected` names."""

    code = "ERR_INVALID_ARG_TYPE"

    def __init__(self, argument: str, expected: str, value: object) -> None:
        super().__init__(f"{_named(argument)} must be {expected}. Received {described(value)}")
        self.argument = argument
        self.expected = expected
        self.value = value


class InvalidArgValueError(HTTPError, TypeError, ValueError):
    """Pass another value for `argument`: the type may be right, `reason` says what is not."""

    code = "ERR_INVALID_ARG_VALUE"

    def __init__(self, argument: str, value: object, reason: str = "is invalid") -> None:
        kind = "property" if "." in argument else "argument"
        super().__init__(f"The {kind} '{argument}' {reason}. Received {shown(value)}")
        self.argument = argument
        self.value = value
        self.reason = reason


class UnknownOptionError(HTTPError, TypeError):
    """Take an option that `owner` has: Node ignores the others, and with them every slip of the pen."""

    code = "ERR_UNKNOWN_OPTION"

    def __init__(self, owner: str, name: object, hint: str | None = None) -> None:
        super().__init__(f"{owner} has no option {name!r}" + (f", {hint}" if hint else ""))
        self.owner = owner
        self.name = name
        self.hint = hint


class OutOfRangeError(HTTPError, ValueError):
    """Pass a value within `range`, a text such as ">= 0"."""

    code = "ERR_OUT_OF_RANGE"

    def __init__(self, argument: str, range: str, value: object) -> None:
        super().__init__(
            f'The value of "{argument}" is out of range. It must be {range}. Received {number(value)}'
        )
        self.argument = argument
        self.range = range
        self.value = value


class InvalidStatusCodeError(HTTPError, ValueError):
    """Use a status from 100 to 999 (RFC 9110, 15); not 101 for an informational answer."""

    code = "ERR_HTTP_INVALID_STATUS_CODE"

    def __init__(self, value: object) -> None:
        super().__init__(
            f"Invalid status code: {plain(value)}; it must be from 100 to 999, of a 1xx answer not 101"
        )
        self.value = value


class UnknownEncodingError(HTTPError, TypeError, ValueError):
    """Use utf8, latin1, binary, ascii, hex, base64, base64url, ucs2 or utf16le."""

    code = "ERR_UNKNOWN_ENCODING"

    def __init__(self, encoding: object) -> None:
        super().__init__(
            f"Unknown encoding: {plain(encoding)}; it must be one of "
            "utf8, latin1, binary, ascii, hex, base64, base64url, ucs2, utf16le"
        )
        self.encoding = encoding


class BadPortError(HTTPError, ValueError):
    """Use a whole number from 0 (any free port) to 65535."""

    code = "ERR_SOCKET_BAD_PORT"

    def __init__(self, argument: str, value: object) -> None:
        super().__init__(f"{argument} should be >= 0 and < 65536. Received {described(value)}.")
        self.argument = argument
        self.value = value


class InvalidProtocolVersionError(HTTPError, TypeError, ValueError):
    """Use "TLSv1.2", "TLSv1.3" or an `ssl.TLSVersion`; `which` is "minimum" or "maximum"."""

    code = "ERR_TLS_INVALID_PROTOCOL_VERSION"

    def __init__(self, value: object, which: str) -> None:
        super().__init__(
            f'{as_json(value)} is not a valid {which} TLS protocol version; it must be "TLSv1.2" or "TLSv1.3"'
        )
        self.value = value
        self.which = which


class ServerNameRequiredError(HTTPError, ValueError):
    """Name the host, or "*" for any, that the certificate is for."""

    code = "ERR_TLS_REQUIRED_SERVER_NAME"

    def __init__(self) -> None:
        super().__init__(
            '"servername" is required parameter for Server.addContext: name a host, or "*" for any'
        )


# A stream used in the wrong order.


class StreamNullValuesError(HTTPError, TypeError):
    """Write a `str` or bytes, `b""` for nothing: `None` is no chunk."""

    code = "ERR_STREAM_NULL_VALUES"

    def __init__(self) -> None:
        super().__init__("May not write null values to stream: None is no chunk")


class StreamWriteAfterEndError(HTTPError, RuntimeError):
    """Write before `end`: what comes after it is dropped."""

    code = "ERR_STREAM_WRITE_AFTER_END"

    def __init__(self, call: str = "", place: str | None = None) -> None:
        """Say which call of the program's, such as "end()", was too late, and in which file and line."""
        where = "" if place is None else f" at {place}"
        super().__init__("write after end" + (f": {call} was called{where} after end()" if call else ""))
        self.place = place


class StreamAlreadyFinishedError(HTTPError, RuntimeError):
    """Call `method` once: the stream has finished."""

    code = "ERR_STREAM_ALREADY_FINISHED"

    def __init__(self, method: str) -> None:
        super().__init__(f"Cannot call {method} after a stream was finished")
        self.method = method


class StreamDestroyedError(HTTPError, RuntimeError):
    """Stop when the other side is gone: `method` was called after the stream was destroyed."""

    code = "ERR_STREAM_DESTROYED"

    def __init__(self, method: str) -> None:
        super().__init__(f"Cannot call {method} after a stream was destroyed")
        self.method = method


class StreamCannotPipeError(HTTPError, RuntimeError):
    """Pipe the request into the response: a response cannot be read."""

    code = "ERR_STREAM_CANNOT_PIPE"

    def __init__(self) -> None:
        super().__init__("Cannot pipe, not readable")


class PrematureCloseError(HTTPError, RuntimeError):
    """Expect less: the stream was destroyed, without an error, before its end."""

    code = "ERR_STREAM_PREMATURE_CLOSE"

    def __init__(self) -> None:
        super().__init__("Premature close")


class UnshiftAfterEndError(HTTPError, RuntimeError):
    """Call `unshift` before 'end': nobody reads after it."""

    code = "ERR_STREAM_UNSHIFT_AFTER_END_EVENT"

    def __init__(self) -> None:
        super().__init__("stream.unshift() after end event")


class UnhandledError(HTTPError, RuntimeError):
    """Listen to 'error': one was emitted with `context`, which is no exception, and nobody listened."""

    code = "ERR_UNHANDLED_ERROR"

    def __init__(self, context: object = None) -> None:
        super().__init__(f"Unhandled error. ({context!r})")
        self.context = context


class AbortError(HTTPError, RuntimeError):
    """Nothing to mend: the operation was given up on purpose, by a signal or by leaving a loop."""

    code = "ABORT_ERR"

    def __init__(self, text: str = "The operation was aborted") -> None:
        super().__init__(text)


# The server's life.


class ServerAlreadyListenError(HTTPError, RuntimeError):
    """Call `close` before the next `listen`."""

    code = "ERR_SERVER_ALREADY_LISTEN"

    def __init__(self) -> None:
        super().__init__("Listen method has been called more than once without closing.")


class ServerNotRunningError(HTTPError, RuntimeError):
    """Call `listen` before `close`: the server is not running."""

    code = "ERR_SERVER_NOT_RUNNING"

    def __init__(self) -> None:
        super().__init__("Server is not running.")


# The client, and the way to it.


class ParseError(HTTPError, ValueError):
    """The client sent what is no HTTP; answer with `status` and close.

    `code` is the parser's (HPE_...), `reason` its words, `bytes_parsed` the
    offset in `raw_packet`, the bytes that were being read.
    """

    code: str = "HPE_INTERNAL"
    status: int | None = 400
    _statuses: ClassVar[dict[str, int]] = {"HPE_HEADER_OVERFLOW": 431, "HPE_CHUNK_EXTENSIONS_OVERFLOW": 413}

    def __init__(
        self, code: str, reason: str, bytes_parsed: int | None = None, raw_packet: bytes | None = None
    ) -> None:
        # Node: an early end of input has no reason in its message.
        super().__init__("Parse Error" if code == "HPE_INVALID_EOF_STATE" else f"Parse Error: {reason}")
        self.code = code
        self.status = self._statuses.get(code, 400)
        self.reason = reason
        self.bytes_parsed = bytes_parsed
        self.raw_packet = raw_packet

    def move_to(self, packet: bytes, at: int) -> None:
        """Note that what was read begins inside `packet`, at the offset `at`."""
        if self.raw_packet is not None:
            self.raw_packet = packet
            if self.bytes_parsed is not None:
                self.bytes_parsed += at

    @property
    def bytesParsed(self) -> int | None:
        """The Node spelling of `bytes_parsed`."""
        return self.bytes_parsed

    @property
    def rawPacket(self) -> bytes | None:
        """The Node spelling of `raw_packet`."""
        return self.raw_packet


class PayloadTooLargeError(HTTPError, ValueError):
    """Raise `limit` (bytes) if such bodies are welcome; the client gets a 413 (RFC 9110, 15.5.14)."""

    code = "ERR_HTTP_PAYLOAD_TOO_LARGE"
    status: int | None = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than the limit of {limit} byte(s)")
        self.limit = limit


class RequestTimeoutError(HTTPError, TimeoutError):
    """Raise `headers_timeout` or `request_timeout` if clients may be this slow; they get a 408."""

    code = "ERR_HTTP_REQUEST_TIMEOUT"
    status: int | None = 408

    def __init__(self) -> None:
        super().__init__("Request timeout")


class WriteTimeoutError(HTTPError, TimeoutError):
    """Raise `write_timeout` if clients may take their answers this slowly; the connection was cut."""

    code = "ERR_HTTP_WRITE_TIMEOUT"

    def __init__(self) -> None:
        super().__init__("Write timeout")


class HandshakeTimeoutError(HTTPError, TimeoutError):
    """Raise `handshake_timeout` if clients may take longer to set up TLS."""

    code = "ERR_TLS_HANDSHAKE_TIMEOUT"

    def __init__(self) -> None:
        super().__init__("TLS handshake timeout")


class TLSError(HTTPError, OSError):
    """Look at `code`: the TLS library refused what the client sent, or its certificate."""

    code: str = "ERR_SSL"

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code

    @classmethod
    def from_sslerror(cls, error: OSError) -> TLSError:
        """Return the error that has as its code what an `ssl.SSLError` has as its reason."""
        reason = str(getattr(error, "reason", None) or "unknown").upper().replace(" ", "_")
        library = getattr(error, "library", None) or "SSL"
        return cls(f"ERR_{library if library == 'SSL' else f'OSSL_{library}'}_{reason}", str(error))


class SystemCallError(HTTPError, OSError):
    """Look at `code` and `syscall`: the system refused a call.

    `errno` is the positive number (Node's is negative), `None` where there is
    none; `address` and `port` say what the call was about, if it was about one.
    """

    code: str = "UNKNOWN"

    def __init__(
        self,
        errno_name: str,
        syscall: str,
        address: str | None = None,
        port: int | None = None,
        text: str | None = None,
    ) -> None:
        number = getattr(_errno, errno_name, None)
        super().__init__(sentence(errno_name, syscall, address, port, text))
        self.code = errno_name
        self.errno: int | None = number
        self.strerror: str = text_of(errno_name) if text is None else text
        self.syscall: str | None = syscall
        self.address = address
        self.port = port

    def __reduce__(self) -> tuple[Any, ...]:
        facts = {**self.__dict__, "errno": self.errno, "strerror": self.strerror}
        return restored, (type(self), self.args), facts

    @classmethod
    def from_oserror(
        cls, error: OSError, syscall: str, address: str | None = None, port: int | None = None
    ) -> SystemCallError:
        """Return the error of `syscall` that says in Node's words what `error` says in Python's."""
        name = name_of(error, syscall)
        if name == "ECONNRESET":
            return ConnectionLostError(f"{syscall} ECONNRESET", syscall)
        text = str(error) if name == "UNKNOWN" else None
        return SystemCallError(name, syscall, address, port, text)


class ConnectionLostError(SystemCallError, ConnectionResetError):
    """Stop working for this client: it left before the exchange was complete."""

    code: str = "ECONNRESET"

    def __init__(self, text: str = "aborted", syscall: str | None = None) -> None:
        HTTPError.__init__(self, text)
        self.errno: int | None = _errno.ECONNRESET
        self.strerror: str = text_of("ECONNRESET")
        self.syscall = syscall
        self.address: str | None = None
        self.port: int | None = None
