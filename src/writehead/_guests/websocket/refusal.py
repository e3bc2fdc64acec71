"""How handshakes are refused; without the library that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from writehead._net.socket import Socket, channel_of
from writehead._semantics.fields import check_name, check_text
from writehead._semantics.status import STATUS_CODES
from writehead.errors import InvalidArgTypeError, OutOfRangeError


class Refusal(NamedTuple):
    """The response to a handshake that is refused."""

    status: int
    text: str
    fields: tuple[tuple[str, str], ...] = ()

    def render(self) -> bytes:
        """Return its bytes: a head, and one line that says what is wrong."""
        body = f"{self.text}\n".encode() if self.text else b""
        own = {name.lower() for name, _ in self.fields}
        fields = [
            *([("Content-Type", "text/plain")] if body else []),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        lines = [
            f"HTTP/1.1 {self.status} {STATUS_CODES.get(self.status, 'unknown')}",
            *(f"{name}: {value}" for name, value in self.fields),
            *(f"{name}: {value}" for name, value in fields if name.lower() not in own),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def answer(self, socket: Socket) -> None:
        """Send it on a socket that 'upgrade' has passed on, and close."""
        channel = channel_of(socket)
        channel.refuse_upgrade(self.render())
        channel.expects_more = True
        channel.destroy_soon()


#: How the handshakes are refused of a server that is closing,
CLOSING = Refusal(503, "the server is closing")

#: where the library is missing,
NOT_INSTALLED = Refusal(501, "WebSockets are not supported here")

#: for the path or the origin,
WRONG_PATH = Refusal(400, "there is no WebSocket at this path")
WRONG_ORIGIN = Refusal(403, "this origin may not connect")

#: when the application closes it before it is accepted,
FORBIDDEN = Refusal(403, "")

#: and when the program has failed.
FAILED = Refusal(500, "Internal Server Error")

#: Fields that say how the response is framed.
_OURS = frozenset(("content-length", "connection", "transfer-encoding"))


def not_verified(code: int, message: str | None, headers: Mapping[str, str] | None) -> Refusal:
    """Return the refusal that `verify_client` asks for.

    Raises:
        InvalidArgTypeError, OutOfRangeError: `code` is no status that refuses.
        InvalidHTTPTokenError, InvalidCharError: `headers` have what no header may have.
    """
    if isinstance(code, bool) or not isinstance(code, int):
        raise InvalidArgTypeError("code", "of type number", code)
    if not 300 <= code <= 599:
        raise OutOfRangeError("code", ">= 300 && <= 599", code)
    fields = tuple(
        (name, check_text(str(value), "header content"))
        for name, value in (headers or {}).items()
        if check_name(name) not in _OURS
    )
    return Refusal(code, message or STATUS_CODES.get(code, "refused"), fields)
