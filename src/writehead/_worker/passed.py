"""What the supervisor passes to a worker with its first message."""

from __future__ import annotations

import os
import socket
from typing import Any

from writehead._shared.block import Block, Row
from writehead._shared.channel import Message


class Passed:
    """The facts and descriptors of the first message, each in its place."""

    def __init__(self, hello: Message) -> None:
        self.slot: int = hello.facts["slot"]
        self.facts: dict[str, Any] = hello.facts["facts"]
        self.sockets: list[socket.socket] = []
        descriptors: dict[str, int] = {}
        for kind, descriptor in zip(hello.facts["kinds"], hello.descriptors, strict=True):
            if kind == "socket":
                self.sockets.append(socket.socket(fileno=descriptor))
            else:
                descriptors[kind] = descriptor
        _restore_stdin(descriptors["stdin"])
        self.block = Block.attach(descriptors["block"])
        self.row: Row = self.block.row(hello.facts["row"])


def _restore_stdin(descriptor: int) -> None:
    """Put the standard input, for which the pair has stood, in its place; programs and debuggers read it."""
    os.dup2(descriptor, 0, inheritable=True)
    os.close(descriptor)
