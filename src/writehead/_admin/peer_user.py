"""The user at the other end of a Unix socket, as the system tells it."""

from __future__ import annotations

import os
import socket as system
import struct
import sys


def peer_user(sock: system.socket) -> int | None:
    """Return the number of the user whose process has connected; None if the system does not tell."""
    try:
        if hasattr(system, "SO_PEERCRED"):  # Linux: pid, uid, gid
            found = sock.getsockopt(system.SOL_SOCKET, system.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", found)[1])
        if sys.platform == "darwin":  # struct xucred: version, uid, ...
            found = sock.getsockopt(0, 1, 76)  # SOL_LOCAL, LOCAL_PEERCRED
            return int(struct.unpack_from("2I", found)[1])
    except (OSError, struct.error):
        return None
    return None


def may_operate(user: int | None) -> bool:
    """Tell whether a user may give orders to this process: it is ours, or root."""
    return user is not None and user in (0, os.geteuid())
