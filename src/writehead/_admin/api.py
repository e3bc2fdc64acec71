"""The admin API: which requests are let in, what each shows, and what each does.

    Host -> token or peer -> path and method -> form of the body -> the operation

Invariant: no request gets further than the first rule that it breaks.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from writehead._admin.access import Judgement, Tokens, is_json, is_known_host, is_same_origin
from writehead._admin.operated import Operated, RefusedError
from writehead._admin.peer_user import may_operate, peer_user
from writehead._guests.health import send_health
from writehead._metrics.render import format_for, render
from writehead.errors import ConnectionLostError, PayloadTooLargeError
from writehead.http import IncomingMessage, ServerResponse

logger = logging.getLogger("writehead.admin")

#: Bytes of a body.
MOST_BODY = 4096

HEALTH, READY, METRICS = "/healthz", "/readyz", "/metrics"

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Show = Callable[[], Awaitable[object]]
Operate = Callable[[Mapping[str, Any]], Awaitable[str]]


class Denied(Exception):
    """A request was not let in, or cannot be carried out."""

    def __init__(self, status: int, text: str, **fields: str) -> None:
        super().__init__(text)
        self.status = status
        self.fields = fields


class Api:
    """Serves the admin API: a listener of 'request'.

    Args:
        operated: what is shown and operated.
        tokens: the token, of TCP.
        names: what Host may be, besides IP literals and localhost.
        open: whether all may be seen without a token: an address that this machine alone reaches, or a Unix socket.
        unix: whether clients come by a Unix socket: their user counts in place of a token.
    """

    def __init__(
        self,
        operated: Operated,
        *,
        tokens: Tokens,
        names: tuple[str, ...] = (),
        open: bool = True,
        unix: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._operated = operated
        self._tokens = tokens
        self._names = names
        self._open = open
        self._unix = unix
        self._clock = clock
        self._shown: dict[str, Show] = {
            "/api/status": self._status,
            "/api/config": self._config,
            "/api/slow": operated.slow,
        }
        self._operations: dict[str, Operate] = {
            "/api/drain": lambda body: operated.drain(_whole(body, "slot")),
            "/api/restart": lambda body: operated.restart(_whole(body, "slot")),
            "/api/stacks": lambda body: operated.stacks(_whole(body, "slot")),
            "/api/scale": lambda body: operated.scale(_whole(body, "count")),
            "/api/reload": lambda body: operated.reload(),
            "/api/reopen": lambda body: operated.reopen(),
            "/api/loglevel": lambda body: operated.set_log_level(
                _text(body, "level"), _text(body, "logger", "writehead")
            ),
            "/api/stop": self._stop,
        }

    async def __call__(self, req: IncomingMessage, res: ServerResponse) -> None:
        """Serve a request."""
        for name, value in _HEADERS.items():
            res.set_header(name, value)
        try:
            await self._serve(req, res)
        except Denied as denied:
            _send(res, denied.status, {"error": str(denied)}, denied.fields)
        except RefusedError as error:
            _send(res, 409, {"error": str(error)})
        except (ConnectionLostError, PayloadTooLargeError):
            pass  # the client has left, or has got 413
        except Exception as error:
            logger.exception("%s %s failed", req.method, req.url.partition("?")[0])
            _send(res, 500, {"error": f"{type(error).__name__}: {error}"})

    async def _serve(self, req: IncomingMessage, res: ServerResponse) -> None:
        path = req.url.partition("?")[0]
        reads = req.method in ("GET", "HEAD")
        if path in (HEALTH, READY):
            send_health(req, res, None if path == HEALTH else self._operated.readiness())
            return
        if not self._unix and not is_known_host(_field(req, "host"), self._names):
            raise Denied(421, "this port answers to IP addresses, localhost and the names of --admin-host")
        if path == METRICS:
            if not reads:
                raise _only("GET, HEAD")
            kind = format_for(_field(req, "accept"))
            _write(res, 200, kind, render(self._operated.metrics(), kind))
            return
        good = self._is_authorized(req)
        if not (self._open or good):
            raise self._unauthorized("is not shown without a token")
        if path in self._shown:
            if not reads:
                raise _only("GET, HEAD")
            _send(res, 200, await self._shown[path]())
        elif path in self._operations:
            if req.method != "POST":
                raise _only("POST")
            await self._operate(req, res, self._operations[path], good)
        else:
            raise Denied(404, "there is nothing here")

    # -- who ---------------------------------------------------------------------

    def _is_authorized(self, req: IncomingMessage) -> bool:
        """Tell whether a request may give orders; a wrong token is refused at once."""
        if self._unix:
            return may_operate(_peer_of(req))
        address = str(req.socket.remote_address)
        now = self._clock()
        judgement = self._tokens.judge(_field(req, "authorization"), address, now)
        if judgement is Judgement.TOO_MANY:
            wait = str(self._tokens.wait(address, now))
            raise Denied(429, "too many wrong tokens", **{"Retry-After": wait})
        if judgement is Judgement.WRONG and self._tokens.wanted:
            raise self._unauthorized("wants another token")
        return judgement is Judgement.GOOD

    def _unauthorized(self, what: str) -> Denied:
        if not self._tokens.wanted:
            return Denied(403, f"this {what}: start it with --admin-token, or use the control socket")
        return Denied(401, f"this {what}", **{"WWW-Authenticate": "Bearer"})

    # -- what --------------------------------------------------------------------

    async def _operate(self, req: IncomingMessage, res: ServerResponse, operate: Operate, good: bool) -> None:
        if not good:
            if self._unix:
                raise Denied(403, "only the user of the server, and root, may do this")
            raise self._unauthorized("is not done without a token")
        if not is_json(_field(req, "content-type")):
            raise Denied(415, "Content-Type must be application/json")
        if not is_same_origin(req.headers):
            raise Denied(403, "this may not be sent by a page of another site")
        body = _json_object(await req.bytes(MOST_BODY))
        message = await operate(body)
        logger.info("%s: %s", req.url.partition("?")[0].removeprefix("/api/"), message.partition("\n")[0])
        _send(res, 200, {"message": message})

    async def _status(self) -> object:
        return self._operated.status()

    async def _config(self) -> object:
        return list(self._operated.config())

    async def _stop(self, body: Mapping[str, Any]) -> str:
        return self._operated.stop()


# -- what a request has, and what a response gets ------------------------------------


def _field(req: IncomingMessage, name: str) -> str | None:
    value = req.headers.get(name)
    return value if isinstance(value, str) else None


def _peer_of(req: IncomingMessage) -> int | None:
    transport: Any = req.socket._channel.transport
    sock = None if transport is None else transport.get_extra_info("socket")
    return None if sock is None else peer_user(sock)


def _json_object(body: bytes) -> Mapping[str, Any]:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Denied(400, "the body must be a JSON object")
    return found


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or value < 1:
        raise Denied(400, f"{name!r} must be a whole number, 1 or more")
    return value


def _text(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or not value:
        raise Denied(400, f"{name!r} must be a text")
    return value


def _only(methods: str) -> Denied:
    return Denied(405, f"only {methods}", Allow=methods)


def _send(res: ServerResponse, status: int, value: object, fields: Mapping[str, str] | None = None) -> None:
    for name, text in (fields or {}).items():
        res.set_header(name, text)
    _write(res, status, "application/json", json.dumps(value).encode() + b"\n")


def _write(res: ServerResponse, status: int, kind: str, body: bytes) -> None:
    if res.headers_sent or res.destroyed:
        return
    res.write_head(status, {"Content-Type": kind, "Content-Length": len(body)})
    res.end(body)
