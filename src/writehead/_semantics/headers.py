"""The type of `req.headers`: a `dict` by lower-case name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self, TypeVar, overload

if TYPE_CHECKING:
    T = TypeVar("T")

    class Headers(dict[str, str | list[str]]):
        """Fields by lower-case name; 'set-cookie' alone is a list."""

        @overload
        def __getitem__(self, name: Literal["set-cookie"], /) -> list[str]: ...  # type: ignore[overload-overlap]
        @overload
        def __getitem__(self, name: str, /) -> str: ...
        def __getitem__(self, name: str, /) -> str | list[str]:
            """Return the value of a field.

            Raises:
                KeyError: there is no such field.
            """

        @overload  # type: ignore[override]  # narrower than that of a dict: by name
        def get(self, name: Literal["set-cookie"], /) -> list[str] | None: ...  # type: ignore[overload-overlap]
        @overload
        def get(self, name: str, /) -> str | None: ...
        @overload
        def get(self, name: Literal["set-cookie"], default: T, /) -> list[str] | T: ...
        @overload
        def get(self, name: str, default: T, /) -> str | T: ...
        def get(self, name: str, default: T | None = None, /) -> str | list[str] | T | None:
            """Return the value of a field, or `default`."""

        def copy(self) -> Self:
            """Return a new `Headers` with the same fields."""

else:
    Headers = dict
