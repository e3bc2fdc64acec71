"""How many arguments each event of the library has: a listener that takes fewer is called with as many as it takes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

#: How many arguments the events of the library have.
ARGUMENT_COUNTS: Mapping[Hashable, float] = {
    "abort": 1,
    "aborted": 0,
    "checkContinue": 2,
    "checkExpectation": 2,
    "clientError": 2,
    "close": 1,
    "connect": 3,
    "connection": 1,
    "data": 1,
    "drain": 0,
    "draining": 1,
    "drop": 1,
    "dropRequest": 2,
    "end": 0,
    "error": 1,
    "finish": 0,
    "listening": 0,
    "newListener": 2,
    "pause": 0,
    "pipe": 1,
    "prefinish": 0,
    "readable": 0,
    "record": 1,
    "removeListener": 2,
    "request": 2,
    "resume": 0,
    "secureConnection": 1,
    "socket": 1,
    "timeout": 1,
    "tlsClientError": 2,
    "unpipe": 1,
    "upgrade": 3,
}


#: The same for requests and responses.
MESSAGE_ARGUMENT_COUNTS: Mapping[Hashable, float] = {**ARGUMENT_COUNTS, "close": 0}
