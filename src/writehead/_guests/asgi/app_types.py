"""The types of ASGI: an application, and what it is called with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

#: What a connection, or the lifespan, is about: a dict with a `type`.
Scope = MutableMapping[str, Any]

#: An event: a dict with a `type`.
Message = MutableMapping[str, Any]

#: Waits for the next event.
Receive = Callable[[], Awaitable[Message]]

#: Sends an event.
Send = Callable[[Message], Awaitable[None]]

#: An application of ASGI 3: an `async def` function, or an object that can be called like one.
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
