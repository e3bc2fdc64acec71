"""Probes and what they find: a probe asks a running server for one feature."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from comparison.client import Client
from comparison.servers import Running, Server, running, wait_until_ready


@dataclass(frozen=True)
class Verdict:
    """What a probe has found: `good` is None if the server does not offer the feature."""

    good: bool | None
    seen: str = ""


def check(good: bool, seen: object) -> Verdict:
    """Return a verdict, with what was seen."""
    return Verdict(good, " ".join(str(seen).split()))


def not_offered(seen: str = "") -> Verdict:
    return Verdict(None, seen)


@dataclass(frozen=True)
class Probe:
    """A row of the report."""

    section: str
    title: str
    ask: Callable[[Any], Verdict]
    interface: str

    @property
    def name(self) -> str:
        return self.ask.__name__


PROBES: list[Probe] = []


def probe(section: str, title: str, interface: str = "asgi") -> Callable[[Any], Any]:
    """Make a row of a function that asks for it."""

    def keep(function: Any) -> Any:
        PROBES.append(Probe(section, title, function, interface))
        return function

    return keep


class Tried(Client):
    """A server that a probe asks: one runs for all probes of an interface, others are started as they need them."""

    def __init__(self, shared: Running) -> None:
        super().__init__(shared.port)
        self.shared = shared
        self.server: Server = shared.server
        self.interface = shared.interface

    @contextlib.contextmanager
    def another(self, options: str = "", **more: Any) -> Iterator[tuple[Client, Running]]:
        """Run the server with other options or another environment, and wait until it listens."""
        with running(self.server, self.interface, options, **more) as made:
            if not wait_until_ready(made):
                raise Unready(made.log()[-300:])
            yield Client(made.port), made


class Unready(Exception):
    """The server did not start."""


def ask(probe: Probe, tried: Tried) -> Verdict:
    """Return what a probe finds; what it cannot understand is no good."""
    try:
        return probe.ask(tried)
    except Exception as error:
        return Verdict(False, f"{type(error).__name__}: {error}".splitlines()[0][:120])
