"""The header store of an outgoing message.

Law: keys are lower-case; an entry keeps the spelling and the value that were given.
`None` in place of the store means that no header was ever set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from writehead import _fields
from writehead._http1.framing import (
    FRAMING_NAMES,
    REMOVED_CONNECTION,
    REMOVED_LENGTH,
    REMOVED_TRANSFER_ENCODING,
)
from writehead.errors import HeadersSentError, InvalidArgTypeError, InvalidArgValueError
from writehead.events import EventEmitter

_passed = _fields._passed
_known = _fields._known

_MARKS = {
    "content-length": REMOVED_LENGTH,
    "transfer-encoding": REMOVED_TRANSFER_ENCODING,
    "connection": REMOVED_CONNECTION,
}


class HeaderStore(EventEmitter):
    """Headers that are set and not yet sent."""

    _store: dict[str, tuple[str, Any]] | None = None
    _removed = 0  # which automatic lines `remove_header` keeps away
    _rendered = False
    _odd = False  # anything was asked that the commonest answer does not have
    _send_date = False
    _lenient = False  # insecure_http_parser: more characters in values

    def set_header(self, name: str, value: Any) -> Self:
        """Set a header, in place of an older one of that name.

        Args:
            name: the field name, sent as spelled here.
            value: `str`, number, `bool`, bytes (latin-1), or a list of these: one line each.

        Raises:
            HeadersSentError, InvalidHTTPTokenError, InvalidHeaderValueError,
            InvalidCharError, InvalidArgTypeError.

        Source: RFC 9110, 5; https://nodejs.org/api/http.html#responsesetheadername-value
        """
        if self._rendered:
            raise HeadersSentError("set")
        key = _known.get(name) if type(name) is str else None
        if key is None:
            key = _fields.check_name(name)
            name = str.__str__(name)  # a member of a (str, Enum) would be formatted as `Kind.NAME`
        if type(value) is not str or value not in _passed:  # most have passed before: a call saved
            value = _fields.check_value(name, value, self._lenient)
        store = self._store
        if store is None:
            self._store = {key: (name, value)}
        else:
            store[key] = (name, value)
        if key in FRAMING_NAMES:
            self._odd = True
            self._removed &= ~_MARKS.get(key, 0)
        return self

    setHeader = set_header

    def append_header(self, name: str, value: Any) -> Self:
        """Add a value to a header; the header becomes a list.

        Raises: as `set_header`.
        """
        if self._rendered:
            raise HeadersSentError("append")
        key = _fields.check_name(name)
        checked = _fields.check_value(name, value, self._lenient)
        entry = None if self._store is None else self._store.get(key)
        if entry is None:
            return self.set_header(name, checked)
        spelled, old = entry
        values = list(old) if isinstance(old, list) else [old]
        values.extend(checked if isinstance(checked, list) else [checked])
        assert self._store is not None
        self._store[key] = (spelled, values)
        return self

    appendHeader = append_header

    def set_headers(self, headers: Mapping[str, Any]) -> Self:
        """Set each header of a mapping (or of any object with `.items()`).

        Pairs named exactly `set-cookie` are gathered and set together at the end.

        Raises: as `set_header`; InvalidArgTypeError for anything but a mapping.
        """
        if self._rendered:
            raise HeadersSentError("set")
        items = getattr(headers, "items", None)
        if items is None or not callable(items):
            raise InvalidArgTypeError("headers", "a mapping", headers)
        cookies: list[Any] = []
        for name, value in items():
            if name == "set-cookie":
                cookies.extend(value if isinstance(value, (list, tuple)) else [value])
            else:
                self.set_header(name, value)
        if cookies:
            self.set_header("set-cookie", cookies)
        return self

    setHeaders = set_headers

    def get_header(self, name: str) -> Any:
        """Return the value as it was set; None if it is not there.

        Raises:
            InvalidArgTypeError: `name` is not a `str`.
        """
        entry = self._entry(name)
        return None if entry is None else entry[1]

    getHeader = get_header

    def has_header(self, name: str) -> bool:
        """Tell whether a header is set.

        Raises:
            InvalidArgTypeError: `name` is not a `str`.
        """
        return self._entry(name) is not None

    hasHeader = has_header

    def _entry(self, name: str) -> tuple[str, Any] | None:
        if not isinstance(name, str):
            raise InvalidArgTypeError("name", "a str", name)
        return None if self._store is None else self._store.get(name.lower())

    def get_headers(self) -> dict[str, Any]:
        """Return a new dict of lower-case names and the values as they were set."""
        return {key: value for key, (_, value) in (self._store or {}).items()}

    getHeaders = get_headers

    def get_header_names(self) -> list[str]:
        """Return the names in lower case, in the order of setting."""
        return list(self._store or ())

    getHeaderNames = get_header_names

    def get_raw_header_names(self) -> list[str]:
        """Return the names as spelled, in the order of setting."""
        return [name for name, _ in (self._store or {}).values()]

    getRawHeaderNames = get_raw_header_names

    def remove_header(self, name: str) -> None:
        """Remove a header; a removed automatic one (Date, Connection, …) stays away.

        Raises:
            InvalidArgTypeError: `name` is not a `str`.
            HeadersSentError: the head is rendered.
        """
        if not isinstance(name, str):
            raise InvalidArgTypeError("name", "a str", name)
        if self._rendered:
            raise HeadersSentError("remove")
        key = name.lower()
        if self._store is not None:
            self._store.pop(key, None)
        self._odd = True
        if key == "date":
            self._send_date = False
        else:
            self._removed |= _MARKS.get(key, 0)

    removeHeader = remove_header


def pairs_of(headers: Any) -> list[tuple[Any, Any]]:
    """Return the pairs of a flat list `[name, value, …]` or of a list of pairs.

    Raises:
        InvalidArgValueError: a flat list of odd length.
    """
    if headers and isinstance(headers[0], (list, tuple)):
        pairs = []
        for pair in headers:
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise InvalidArgValueError("headers", headers, "must hold pairs of name and value")
            pairs.append((pair[0], pair[1]))
        return pairs
    if len(headers) % 2:
        raise InvalidArgValueError("headers", headers, "must have a value for each name")
    return list(zip(headers[::2], headers[1::2], strict=True))


def field_pairs(headers: Any, argument: str = "headers") -> Iterable[tuple[Any, Any]]:
    """Return the pairs of a mapping, a flat list or a list of pairs.

    Raises:
        InvalidArgTypeError, InvalidArgValueError.
    """
    if isinstance(headers, (list, tuple)):
        return pairs_of(headers)
    items = getattr(headers, "items", None)
    if items is None or not callable(items):
        raise InvalidArgTypeError(argument, "a mapping or a list", headers)
    return list(items())
