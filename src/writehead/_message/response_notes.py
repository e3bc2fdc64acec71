"""What is noted on a response besides HTTP: its route, whether it has an end of its own, and how it has ended."""

from __future__ import annotations

from collections.abc import Iterable

from writehead._message.served_response import ServedResponse
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import Entry
from writehead._semantics.outcome import Outcome
from writehead._streams.stages import CLOSED, FLUSHED


class ResponseNotes(ServedResponse):
    """The part of a `ServerResponse` with the notes on it."""

    _route: str | None = None
    _endless = False

    def _fields(self) -> Iterable[Entry]:
        """Return the fields that are set."""
        raise NotImplementedError

    @property
    def outcome(self) -> Outcome | None:
        """How the exchange has ended; None until it is over."""
        if self._writing is FLUSHED:
            return self._ruled
        if self._fate is CLOSED:
            return self._outcome or Outcome.DESTROYED
        return None

    @property
    def route(self) -> str | None:
        """The route that serves the request, such as "/users/{id}"; for logs and metrics, and None unless it is set."""
        return self._route

    @route.setter
    def route(self, value: str | None) -> None:
        self._route = value
        exchange = self._exchange
        if exchange.began is not None:
            exchange.route = value

    @property
    def endless(self) -> bool:
        """Whether the response has no end of its own, so that a drain of the server tells it by `req.signal`.

        An event stream (`Content-Type: text/event-stream`) need not say so.
        """
        return self._endless

    @endless.setter
    def endless(self, value: bool) -> None:
        self._endless = bool(value)
        source = getattr(self.req, "_source", None)
        if self._endless and source is not None:
            source.on_endless(self.req)

    @property
    def _is_endless(self) -> bool:
        """Whether it was said to have no end, or is an event stream."""
        return self._endless or any(
            key == "content-type" and type(value) is str and _fields.is_event_stream(value)
            for key, _, value in self._fields()
        )
