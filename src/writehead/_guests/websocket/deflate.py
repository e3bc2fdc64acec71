"""permessage-deflate (RFC 7692): what is agreed, and zlib's objects, made when a message needs them.

The windows are of 4 KiB by default: some 45 KiB for a connection that sends and receives compressed messages, in
place of 300 with those of zlib.
"""

from __future__ import annotations

import zlib
from functools import cached_property
from typing import Any

from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.headers import build_extension
from websockets.typing import ExtensionHeader, ExtensionName

from writehead._guests.websocket.frames import RSV1, frame
from writehead._guests.websocket.options import DeflateOptions

_NAME = ExtensionName("permessage-deflate")


class Deflate(PerMessageDeflate):
    """The extension of one connection, as it was agreed.

    Args:
        made: the library's own, which has its zlib objects from the beginning.
        settings: what `zlib.compressobj` gets besides the window.
        threshold: messages of fewer bytes are sent as they are.
    """

    def __init__(self, made: PerMessageDeflate, settings: dict[str, Any], threshold: int) -> None:
        self.remote_no_context_takeover = made.remote_no_context_takeover
        self.local_no_context_takeover = made.local_no_context_takeover
        self.remote_max_window_bits = made.remote_max_window_bits
        self.local_max_window_bits = made.local_max_window_bits
        self.compress_settings = settings
        self.decode_cont_data = False
        self.threshold = threshold

    # The base class assigns both, and deletes them after a message without context takeover.

    @cached_property
    def decoder(self) -> Any:  # type: ignore[override]
        """What inflates the client's messages."""
        return zlib.decompressobj(wbits=-self.remote_max_window_bits)

    @cached_property
    def encoder(self) -> Any:  # type: ignore[override]
        """What deflates ours."""
        return zlib.compressobj(wbits=-self.local_max_window_bits, **self.compress_settings)

    def frame(self, first: int, payload: bytes) -> bytes:
        """Return a compressed frame; `first` is its first byte without RSV1."""
        made = self.encode(Frame(Opcode(first & 15), payload, bool(first & 128)))
        return frame(first | (RSV1 if made.rsv1 else 0), bytes(made.data))


def agree(offers: list[ExtensionHeader], options: DeflateOptions) -> tuple[str, Deflate] | None:
    """Return the value of our Sec-WebSocket-Extensions and the extension, for the first offer that can be met."""
    settings = {"level": options.level, "memLevel": options.mem_level}
    factory = ServerPerMessageDeflateFactory(
        server_no_context_takeover=options.server_no_context_takeover,
        client_no_context_takeover=options.client_no_context_takeover,
        server_max_window_bits=options.server_max_window_bits,
        client_max_window_bits=options.client_max_window_bits,
        compress_settings=settings,
    )
    for name, parameters in offers:
        # zlib cannot deflate with a window of 8 bits, and clients that offer one use 9 (madler/zlib#171).
        if name != _NAME or ("client_max_window_bits", "8") in parameters:
            continue
        try:
            agreed, made = factory.process_request_params(parameters, [])
        except NegotiationError:
            continue
        return build_extension([(name, agreed)]), Deflate(made, settings, options.threshold)
    return None
