"""The kind of values that are a field of a response: `Name: value`."""

from __future__ import annotations

from typing import Any

from writehead._command.kinds import Kind
from writehead._semantics.fields import validate_header_name, validate_header_value
from writehead.errors import HTTPError


class HeaderLine(Kind["tuple[str, str]"]):
    """A field, checked as `set_header` does."""

    metavar = "LINE"

    def read(self, text: str) -> tuple[str, str]:
        name, colon, value = text.partition(":")
        if not colon:
            raise ValueError("is not a field (write 'Name: value')")
        field = (name.strip(), value.strip())
        try:
            validate_header_name(field[0])
            validate_header_value(*field)
        except HTTPError as error:
            raise ValueError(f"is not a field: {error}") from None
        return field

    def show(self, value: Any) -> str:
        return ": ".join(value)

    def plain(self, value: Any) -> Any:
        return list(value)

    def made(self, data: Any) -> Any:
        return tuple(data)
