"""The settings of limits: time, connections, sizes."""

from __future__ import annotations

from writehead._command.kinds import Duration, Number, Size
from writehead._command.setting import Setting, WithScript

DEFAULT = WithScript.DEFAULT

TIMEOUT_KEEP_ALIVE = Setting(
    "timeout-keep-alive",
    Duration(),
    75_000.0,
    "how long idle connections stay",
    "How long an idle connection is kept after a response; 0 is no limit. It is longer than the 60 seconds of nginx, so that the proxy "
    "closes first. Servers of scripts keep the 5 seconds of the library.",
    aliases=("keep-alive",),
    shown="75s",
    reload=True,
    with_script=DEFAULT,
)
TIMEOUT_HEADERS = Setting(
    "timeout-headers",
    Duration(),
    60_000.0,
    "how long the head of a request may take",
    "How long the head of a request may take, from its first byte. (A bare number of `--http1-header-read-timeout` is in milliseconds.)",
    alone={"http1-header-read-timeout": Duration(bare="ms")},
    shown="60s",
    reload=True,
    with_script=DEFAULT,
)
TIMEOUT_REQUEST = Setting(
    "timeout-request",
    Duration(),
    300_000.0,
    "how long a whole request may take",
    "How long a whole request may take, with its body.",
    shown="300s",
    reload=True,
    with_script=DEFAULT,
)
TIMEOUT_BODY = Setting(
    "timeout-body",
    Duration(),
    30_000.0,
    "how long a body may not come on",
    "How long the body of a request may make no progress. Servers of scripts have no such limit.",
    shown="30s",
    reload=True,
    with_script=DEFAULT,
)
TIMEOUT_WRITE = Setting(
    "timeout-write",
    Duration(),
    60_000.0,
    "how long a client may not read on",
    "How long a response that has bytes to send may make no progress. Servers of scripts have no such limit.",
    shown="60s",
    reload=True,
    with_script=DEFAULT,
)
MAX_CONNECTIONS = Setting(
    "max-connections",
    Number("connections"),
    0,
    "connections of a worker",
    "How many connections a worker may have at a time. Past that the one that has been idle for longest makes room; where none is idle, no more are "
    "accepted until one has closed. Servers of scripts drop what is past it, as Node does.",
    aliases=("worker-connections", "backpressure"),
    shown="0",
    reload=True,
    with_script=DEFAULT,
)
MAX_HEADER_SIZE = Setting(
    "max-header-size",
    Size(least=1024, most=1024**2, zero=False),
    16 * 1024,
    "bytes of the head of a request",
    "How many bytes target, field names and values of a request may have, `1k` to `1m`; more is answered with 431.",
    shown="16k",
    reload=True,
    with_script=DEFAULT,
)
MAX_HEADERS_COUNT = Setting(
    "max-headers-count",
    Number("fields"),
    2000,
    "fields of the head of a request",
    "How many fields a request may have; more are answered with 431.",
    aliases=("limit-request-fields",),
    shown="2000",
    reload=True,
    with_script=DEFAULT,
)
MAX_BODY = Setting(
    "max-body",
    Size(),
    0,
    "bytes of the body of a request",
    "How many bytes the body of a request may have, in chunks too; more is answered with 413. 0 is no limit.",
    shown="0",
    reload=True,
    with_script=DEFAULT,
)
GROUP = (
    TIMEOUT_KEEP_ALIVE,
    TIMEOUT_HEADERS,
    TIMEOUT_REQUEST,
    TIMEOUT_BODY,
    TIMEOUT_WRITE,
    MAX_CONNECTIONS,
    MAX_HEADER_SIZE,
    MAX_HEADERS_COUNT,
    MAX_BODY,
)
