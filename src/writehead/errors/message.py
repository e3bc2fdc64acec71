"""Errors of a response whose methods are called in the wrong order."""

from __future__ import annotations

from writehead.errors.base import HTTPError


class HeadersSentError(HTTPError, RuntimeError):
    """Set headers before the first `write`, `end` or `flush_headers`: after that the head is sent.

    `action` is the call that came too late: "set", "append", "remove", "write" or the like.
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

    `written` and `promised` are numbers of bytes.
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
    """End the response without data: HEAD, 1xx, 204 and 304 have no body (RFC 9110, 6.4.1)."""

    code = "ERR_HTTP_BODY_NOT_ALLOWED"

    def __init__(self) -> None:
        super().__init__("Adding content for this request method or response status is not allowed.")


class FileChangedError(HTTPError, RuntimeError):
    """Do not truncate a file while it is sent: it got shorter than Content-Length, so the connection was closed.

    `promised` and `sent` are numbers of bytes.
    """

    code = "ERR_HTTP_FILE_CHANGED"

    def __init__(self, promised: int, sent: int) -> None:
        super().__init__(f"The file ended after {sent} of {promised} byte(s)")
        self.promised = promised
        self.sent = sent


class SocketAssignedError(HTTPError, RuntimeError):
    """First call `detach_socket` on the response that has this socket."""

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
