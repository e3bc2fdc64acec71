"""The request target: its path and its query, and what the path says once decoded (RFC 9112, 3.2)."""

from __future__ import annotations

_SLASH = ord("/")
_QUERY = ord("?")
_PERCENT = ord("%")


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Return the path and the query of a target, both as sent; the query is what follows the first `?`.

    Of the absolute form it is the path behind the authority, `/` if that is empty; `*` is its own path.
    """
    if target and target[0] != _SLASH:
        scheme = target.find(b"://")
        if scheme > 0:
            target = _behind_authority(target[scheme + 3 :])
    path, _, query = target.partition(b"?")
    return path, query


def _behind_authority(target: bytes) -> bytes:
    ends = [at for at in (target.find(b"/"), target.find(b"?")) if at >= 0]
    rest = target[min(ends) :] if ends else b""
    return rest if rest.startswith(b"/") else b"/" + rest


def authority_of(target: bytes) -> bytes | None:
    """Return the authority of a target in absolute form, as sent; None of any other form."""
    if not target or target[0] == _SLASH:
        return None
    scheme = target.find(b"://")
    if scheme <= 0:
        return None
    rest = target[scheme + 3 :]
    return rest.partition(b"/")[0].partition(b"?")[0]


def decoded_path(path: bytes) -> str:
    """Return a path percent-decoded as UTF-8: what is no UTF-8 becomes U+FFFD, an incomplete `%` stays."""
    if _PERCENT in path:
        from urllib.parse import unquote_to_bytes  # slow to import

        path = unquote_to_bytes(path)
    try:
        return path.decode()  # in half the time
    except UnicodeDecodeError:
        return path.decode("utf-8", "replace")
