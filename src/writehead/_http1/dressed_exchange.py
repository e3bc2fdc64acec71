"""An exchange whose responses have fields that the server adds, or no Date; in the place of one without such options."""

from __future__ import annotations

from typing import Any, NamedTuple

from writehead._http1.exchange import Http1Exchange
from writehead._semantics.exchange import Entry, ResponseHead, StoredFields


class Dress(NamedTuple):
    """What is changed in every head.

    Args:
        fields: fields that are added, unless the program has set one of that name.
        date: whether there is a Date.
    """

    fields: tuple[Entry, ...]
    date: bool


class DressedExchange(Http1Exchange):
    """One request and its response, whose head is changed before it is rendered."""

    __slots__ = ()

    def begin(self, head: ResponseHead) -> None:
        """Render the head and hold it, with what the server adds."""
        connection: Any = self.connection
        dress: Dress = connection.dress
        fields = list(head.fields)
        have = {each[0] for each in fields}
        head.fields = [*fields, *(each for each in dress.fields if each[0] not in have)]
        if not dress.date:
            head.send_date = False
        super().begin(head)

    def respond(self, status: int, fields: StoredFields, body: bytes, announce: bool = True) -> bool:
        """Leave it to `begin` and `end`."""
        return False
