"""The token of the admin port, as a setting says it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

#: Characters that a token has at least.
LEAST = 16


def read_token(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the token of a setting: itself, or what `file:PATH` or `env:NAME` has.

    Raises:
        ValueError: there is none, or it is too short, or no header field can have it; the token is not in the message.
    """
    if text.startswith("file:"):
        try:
            token = Path(text[5:]).read_text("utf-8").strip()
        except (OSError, UnicodeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ValueError(f"cannot be read: {reason}") from None
    elif text.startswith("env:"):
        found = (os.environ if environ is None else environ).get(text[4:])
        if found is None:
            raise ValueError("is a variable that is not set")
        token = found.strip()
    else:
        token = text
    if len(token) < LEAST:
        raise ValueError(f"is shorter than {LEAST} characters")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("is not of ASCII letters, digits and signs alone")
    return token
