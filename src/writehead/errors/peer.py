"""Errors caused by clients or the network."""

from __future__ import annotations

import errno as _errno
from typing import Any, ClassVar

from writehead.errors.base import HTTPError, restored
from writehead.errors.system import name_of, sentence, text_of


class ParseError(HTTPError, ValueError):
    """The client sent invalid HTTP: respond with `status` and close.

    `code` is the parser's (HPE_...), `reason` its text, `bytes_parsed` the
    offset in `raw_packet`, the bytes of that read.
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

    def move_to(self, data: bytes, at: int) -> None:
        """Note that the parsed data begins inside `data`, at the offset `at`."""
        if self.raw_packet is not None:
            self.raw_packet = data
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
    """Raise `limit` (bytes) to accept such bodies; the client gets a 413 (RFC 9110, 15.5.14)."""

    code = "ERR_HTTP_PAYLOAD_TOO_LARGE"
    status: int | None = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than the limit of {limit} byte(s)")
        self.limit = limit


class RequestTimeoutError(HTTPError, TimeoutError):
    """Raise `headers_timeout` or `request_timeout` to accept such slow clients; they get a 408."""

    code = "ERR_HTTP_REQUEST_TIMEOUT"
    status: int | None = 408

    def __init__(self) -> None:
        super().__init__("Request timeout")


class WriteTimeoutError(HTTPError, TimeoutError):
    """Raise `write_timeout` to accept clients that read so slowly; the connection was closed."""

    code = "ERR_HTTP_WRITE_TIMEOUT"

    def __init__(self) -> None:
        super().__init__("Write timeout")


class HandshakeTimeoutError(HTTPError, TimeoutError):
    """Raise `handshake_timeout` to give clients more time for the TLS handshake."""

    code = "ERR_TLS_HANDSHAKE_TIMEOUT"

    def __init__(self) -> None:
        super().__init__("TLS handshake timeout")


class TLSError(HTTPError, OSError):
    """The TLS library refused a certificate, a key or what the client sent; `code` says why."""

    code: str = "ERR_SSL"

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code

    @classmethod
    def from_sslerror(cls, error: OSError) -> TLSError:
        """Return the error whose code is made of the reason of an `ssl.SSLError`."""
        reason = str(getattr(error, "reason", None) or "unknown").upper().replace(" ", "_")
        library = getattr(error, "library", None) or "SSL"
        return cls(f"ERR_{library if library == 'SSL' else f'OSSL_{library}'}_{reason}", str(error))


class SystemCallError(HTTPError, OSError):
    """A system call failed; `code` and `syscall` say which and why.

    `errno` is the positive number (Node's is negative), or `None`; `address` and
    `port` are those of the call, if it had any.
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
        state = {**self.__dict__, "errno": self.errno, "strerror": self.strerror}
        return restored, (type(self), self.args), state

    @classmethod
    def from_oserror(
        cls, error: OSError, syscall: str, address: str | None = None, port: int | None = None
    ) -> SystemCallError:
        """Return `error`, raised by `syscall`, as an error with Node's code and text."""
        name = name_of(error, syscall)
        if name == "ECONNRESET":
            return ConnectionLostError(f"{syscall} ECONNRESET", syscall)
        text = str(error) if name == "UNKNOWN" else None
        return SystemCallError(name, syscall, address, port, text)


class ConnectionLostError(SystemCallError, ConnectionResetError):
    """The client left before the exchange was complete: stop working for it."""

    code: str = "ECONNRESET"

    def __init__(self, text: str = "aborted", syscall: str | None = None) -> None:
        HTTPError.__init__(self, text)
        self.errno: int | None = _errno.ECONNRESET
        self.strerror: str = text_of("ECONNRESET")
        self.syscall = syscall
        self.address: str | None = None
        self.port: int | None = None
