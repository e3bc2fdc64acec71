"""Informational responses: 100 Continue, 102 Processing, 103 Early Hints and others (RFC 9110, 15.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from writehead._loop.ticks import later
from writehead._message.header_store import field_pairs
from writehead._message.outgoing import OutgoingMessage
from writehead._node.callbacks import Callback, UserCallback, user_callback
from writehead._semantics import fields as _fields
from writehead.errors import (
    HeadersSentError,
    InvalidArgTypeError,
    InvalidStatusCodeError,
    OutOfRangeError,
    StreamDestroyedError,
)

if TYPE_CHECKING:
    from writehead._node.argument_types import HeaderFields, HeaderValue


class Informing(OutgoingMessage):
    """The part of `ServerResponse` that sends informational responses."""

    _sent_100 = False

    def write_information(
        self,
        status_code: int,
        headers: HeaderFields | Callback | None = None,
        callback: Callback | None = None,
    ) -> bool:
        """Send an informational response at once, before the final one.

        Args:
            status_code: 100 to 199, but not 101.
            headers: a mapping, a flat list or a list of pairs; may be left out.
            callback: called once the operating system has the bytes, or with an error; at once
                where nothing is sent.

        Returns:
            As `write`; True, and nothing is sent, to an HTTP/1.0 client.

        Raises:
            HeadersSentError, InvalidArgTypeError, OutOfRangeError, InvalidArgValueError,
            InvalidStatusCodeError, InvalidHTTPTokenError, InvalidHeaderValueError,
            InvalidCharError; nothing is sent then.

        Source: RFC 9110, 15.2
        """
        if callable(headers):
            headers, callback = None, headers
        if self._rendered:
            raise HeadersSentError("write")
        code = _as_information(status_code)
        fields = [] if headers is None else self._information_fields(headers)
        done = user_callback(callback, self)
        if self._fate:
            if done is not None:
                later(done, StreamDestroyedError("write"))
            return False
        sent: bool = self._exchange.inform(code, fields, done)
        return sent

    writeInformation = write_information

    def _information_fields(self, headers: Any) -> list[tuple[str, Any]]:
        fields = []
        for name, value in field_pairs(headers):
            _fields.check_name(name)
            fields.append((name, _fields.check_value(name, value, self._lenient)))
        return fields

    def write_continue(self, callback: Callback | None = None) -> None:
        """Send `100 Continue`: the client may send the body.

        Raises:
            HeadersSentError.
        """
        self.write_information(100, None, callback)
        self._sent_100 = True

    writeContinue = write_continue

    def write_processing(self, callback: Callback | None = None) -> None:
        """Send `102 Processing`.

        Raises:
            HeadersSentError.
        """
        self.write_information(102, None, callback)

    writeProcessing = write_processing

    def write_early_hints(self, hints: Mapping[str, HeaderValue], callback: Callback | None = None) -> None:
        """Send `103 Early Hints` (RFC 8297).

        Args:
            hints: `link`, in any case, a Link value or a list of them; and other fields. Without
                `link` nothing is sent.
            callback: called once the operating system has the bytes, or with an error; at once
                where nothing is sent.

        Raises:
            InvalidArgTypeError, InvalidArgValueError, InvalidCharError, HeadersSentError.
        """
        if not isinstance(hints, Mapping):
            raise InvalidArgTypeError("hints", "a mapping", hints)
        links: list[Any] = []
        others: dict[Any, Any] = {}
        for name, value in hints.items():
            if _fields.lower(name) != "link":
                others[name] = value
            elif isinstance(value, (list, tuple)):
                links.extend(value)
            elif value is not None:
                links.append(value)
        if links:
            self.write_information(103, {"Link": _fields.check_link(links)} | others, callback)
        elif callback is not None and callable(callback):
            later(UserCallback(callback, self), None)

    writeEarlyHints = write_early_hints


def _as_information(code: Any) -> int:
    """Return the code of an informational response.

    Raises:
        InvalidArgTypeError, OutOfRangeError, InvalidStatusCodeError.
    """
    if isinstance(code, bool) or not isinstance(code, (int, float)):
        raise InvalidArgTypeError("status_code", "a whole number", code)
    if not math.isfinite(code) or code != int(code) or not 100 <= code <= 199:
        raise OutOfRangeError("status_code", "a whole number from 100 to 199", code)
    if code == 101:
        raise InvalidStatusCodeError(code)
    return int(code)
