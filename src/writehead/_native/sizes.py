"""Sizes that both languages know."""

#: A body, or a piece of it, of so many bytes is passed on as it is, not copied; in C it is in `chunks.h`.
LARGE = 16384
