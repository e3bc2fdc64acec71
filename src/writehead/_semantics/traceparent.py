"""traceparent: the field by which a client says of which trace a request is part.

Source: https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re

# Version, trace-id, parent-id, flags; a later version may have more behind a further dash.
_FORM = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?", re.DOTALL)

_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16

#: The longest value that is looked at: a version of the future may be longer than the 55 characters of this one.
_LONGEST = 512


def trace_of(value: str | None) -> tuple[str, str] | None:
    """Return the id of the trace and that of the client's span; None if there is none, or it is malformed."""
    if value is None or len(value) > _LONGEST:
        return None
    found = _FORM.fullmatch(value)
    if found is None:
        return None
    version, trace, span, more = found.groups()
    if trace == _NO_TRACE or span == _NO_SPAN or (more is not None and version == "00"):
        return None
    return trace, span
