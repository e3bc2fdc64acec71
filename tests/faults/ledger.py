"""Keeps what was promised and what came: endings and callbacks, without holding on to any message."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Promise:
    """One callback that was handed over."""

    what: str
    queued: bool
    """It was given while the response waited for its turn, or was gone: then it need not be called."""
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def __call__(self, *args: Any) -> None:
        self.calls.append(args)


@dataclass(slots=True)
class Account:
    """One exchange."""

    number: int
    endings: list[str] = field(default_factory=list)
    request_ends: list[str] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)


class Ledger:
    """All exchanges of one run."""

    def __init__(self) -> None:
        self.accounts: list[Account] = []
        self.alive: list[weakref.ref[Any]] = []

    def open(self, req: Any, res: Any) -> Account:
        """Start an account for a request that has come."""
        account = Account(len(self.accounts))
        self.accounts.append(account)
        self.alive += [weakref.ref(req), weakref.ref(res)]
        if req.socket is not None:
            self.alive.append(weakref.ref(req.socket))
        for name in ("finish", "close"):
            res.on(name, lambda name=name: account.endings.append(name))
        for name in ("aborted", "close"):
            req.on(name, lambda name=name: account.request_ends.append(name))
        req.on("error", lambda _error: None)
        return account

    def complaints(
        self, close_after_finish: bool, read_in_part: bool = False, born_ended: bool = False
    ) -> list[str]:
        """Return every promise that was not kept.

        With `read_in_part` a request may be silent of its end if it has been answered (bytes of it may be
        left unread), with `born_ended` in any case (`optimize_empty_requests`, and before a CONNECT).
        """
        found = []
        for account in self.accounts:
            name = f"response {account.number}"
            allowed = [["finish", "close"], ["close"]] if close_after_finish else [["finish"], ["close"]]
            if account.endings not in allowed:
                found.append(f"{name} ended {account.endings}")
            allowed_ends = [["close"], ["aborted", "close"]]
            if born_ended or (read_in_part and "finish" in account.endings):
                allowed_ends.append([])
            if account.request_ends not in allowed_ends:
                found.append(f"request {account.number} ended {account.request_ends}")
            found += [f"{name}: {text}" for text in _kept(account)]
        return found


def _kept(account: Account) -> list[str]:
    finished = "finish" in account.endings
    found = []
    for promise in account.promises:
        count = len(promise.calls)
        if count > 1:
            found.append(f"callback of {promise.what} called {count} times")
        elif promise.what == "end":
            if finished != (count == 1):
                found.append(f"callback of end called {count} times, endings {account.endings}")
        elif finished:
            if count != 1 or any(arg is not None for args in promise.calls for arg in args):
                found.append(f"finished, yet the callback of {promise.what} got {promise.calls}")
        elif count == 0 and not promise.queued:
            found.append(f"callback of {promise.what} never called")
    return found
