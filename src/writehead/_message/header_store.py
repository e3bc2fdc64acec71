"""The header store of an outgoing message.

Invariant: keys are lower-case; an entry keeps the spelling and the value that were given.
`None` in place of the store means that no header was ever set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from writehead._native.choice import check_field
from writehead._node.event_arguments import MESSAGE_ARGUMENT_COUNTS
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import (
    FRAMING_NAMES,
    REMOVED_CONNECTION,
    REMOVED_LENGTH,
    REMOVED_TRANSFER_ENCODING,
    Entry,
)
from writehead.errors import HeadersSentError, InvalidArgTypeError, InvalidArgValueError
from writehead.events import EventEmitter

if TYPE_CHECKING:
    from writehead._message.outgoing_emitter import OutgoingEmitter
    from writehead._node.argument_types import HeaderFields, HeaderItem, HeaderValue
else:  # the same, without the types of its events
    OutgoingEmitter = EventEmitter

_MARKS = {
    "content-length": REMOVED_LENGTH,
    "transfer-encoding": REMOVED_TRANSFER_ENCODING,
    "connection": REMOVED_CONNECTION,
}


class HeaderStore(OutgoingEmitter):
    """Headers that are set and not yet sent."""

    _argument_counts = MESSAGE_ARGUMENT_COUNTS
    _store: dict[str, Entry] | None = None
    _removed = 0  # the automatic lines that `remove_header` suppresses
    _rendered = False
    _general = False  # something was set that the fast path of `end` does not handle
    _send_date = False
    _trailers: Sequence[tuple[str, str]] = ()
    _unique_headers: frozenset[str] = frozenset()
    _lenient = False  # insecure_http_parser: allows more characters in values

    def set_header(self, name: str, value: HeaderValue) -> Self:
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
        if type(value) is list:
            value = value[:]  # what is checked is what is sent
        key = check_field(name, value)
        if key is None or type(value) is tuple:
            key, name, value = checked_entry(name, value, self._lenient)
        if key in FRAMING_NAMES:
            self._general = True
            self._removed &= ~_MARKS.get(key, 0)
        if self._store is None:
            self._store = {key: (key, name, value)}
        else:
            self._store[key] = key, name, value
        return self

    setHeader = set_header

    def append_header(self, name: str, value: HeaderValue) -> Self:
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
        _, spelled, old = entry
        values = list(old) if isinstance(old, list) else [old]
        values.extend(checked if isinstance(checked, list) else [checked])
        assert self._store is not None
        self._store[key] = key, spelled, values
        return self

    appendHeader = append_header

    def set_headers(self, headers: Mapping[str, HeaderValue]) -> Self:
        """Set each header of a mapping (or of any object with `.items()`).

        Pairs named exactly `set-cookie` are gathered and set together at the end.

        Raises: as `set_header`; InvalidArgTypeError for anything but a mapping.
        """
        if self._rendered:
            raise HeadersSentError("set")
        items = getattr(headers, "items", None)
        if items is None or not callable(items):
            raise InvalidArgTypeError("headers", "a mapping", headers)
        cookies: list[HeaderItem] = []
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
        """Return the value as it was set; None if the header is not set.

        Raises:
            InvalidArgTypeError: `name` is not a `str`.
        """
        entry = self._entry(name)
        if entry is None:
            return None
        if isinstance(entry[2], list):
            self._general = True  # the program may change the list
        return entry[2]

    getHeader = get_header

    def has_header(self, name: str) -> bool:
        """Tell whether a header is set.

        Raises:
            InvalidArgTypeError: `name` is not a `str`.
        """
        return self._entry(name) is not None

    hasHeader = has_header

    def _entry(self, name: str) -> Entry | None:
        if not isinstance(name, str):
            raise InvalidArgTypeError("name", "of type str", name)
        return None if self._store is None else self._store.get(_fields.lower(name))

    def get_headers(self) -> dict[str, Any]:
        """Return a new dict of lower-case names and the values as they were set."""
        self._general = True  # the program may change the lists among them
        return {key: value for key, _, value in (self._store or {}).values()}

    getHeaders = get_headers

    def get_header_names(self) -> list[str]:
        """Return the names in lower case, in the order of setting."""
        return list(self._store or ())

    getHeaderNames = get_header_names

    def get_raw_header_names(self) -> list[str]:
        """Return the names as spelled, in the order of setting."""
        return [name for _, name, _ in (self._store or {}).values()]

    getRawHeaderNames = get_raw_header_names

    def remove_header(self, name: str) -> None:
        """Remove a header; an automatic one (Date, Connection, …) that was removed is not sent.

        Raises:
            InvalidArgTypeError: `name` is not a `str`.
            HeadersSentError: the head is rendered.
        """
        if not isinstance(name, str):
            raise InvalidArgTypeError("name", "of type str", name)
        if self._rendered:
            raise HeadersSentError("remove")
        key = _fields.lower(name)
        if self._store is not None:
            self._store.pop(key, None)
        self._general = True
        if key == "date":
            self._send_date = False
        else:
            self._removed |= _MARKS.get(key, 0)

    removeHeader = remove_header

    def add_trailers(self, headers: HeaderFields) -> None:
        """Set the trailers, in place of earlier ones; sent after a chunked body only.

        Args:
            headers: a mapping, or a list of `[name, value]` pairs.

        Raises:
            InvalidArgTypeError, InvalidHTTPTokenError, InvalidCharError,
            InvalidHeaderValueError; then the earlier trailers stay.

        Source: RFC 9110, 6.5; RFC 9112, 7.1.2
        """
        if isinstance(headers, (list, tuple)) and not all(
            isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in headers
        ):
            raise InvalidArgTypeError("headers", "a mapping or a list of pairs", headers)
        trailers: list[tuple[str, str]] = []
        for name, value in field_pairs(headers):
            key = _fields.check_name(name, "Trailer name")
            value = _fields.check_value(name, value, self._lenient, "trailer content")
            several = isinstance(value, list) and len(value) > 1 and key not in self._unique_headers
            # Node: each of several values has a line of its own, a Cookie's too, unlike in a head.
            items = value if several else _fields.items(name, value, join=True)
            trailers.extend((str.__str__(name), _fields.text(item)) for item in items)
        self._trailers = trailers
        self._general = True

    addTrailers = add_trailers


def checked_entry(name: Any, value: Any, lenient: bool) -> Entry:
    """Return a field as it is stored.

    Raises:
        As `HeaderStore.set_header`.
    """
    key = check_field(name, value)
    if key is not None and type(value) is not tuple:
        return key, name, value if type(value) is not list else value[:]
    key = _fields.check_name(name)
    # A member of a (str, Enum) would be formatted as `Kind.NAME`.
    return key, str.__str__(name), _fields.check_value(name, value, lenient)


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
