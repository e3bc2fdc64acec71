"""Whose doing an error is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest

from writehead.errors import (
    ConnectionLostError,
    ParseError,
    PayloadTooLargeError,
    RequestTimeoutError,
    StreamDestroyedError,
    SystemCallError,
    WriteTimeoutError,
)
from writehead.errors.client import is_client_error


def raised(function: Callable[[], object]) -> BaseException:
    """Return what `function` raises."""
    try:
        function()
    except BaseException as error:  # noqa: BLE001  # cancellation and groups of it, too
        return error
    raise AssertionError("it raised nothing")


def lose() -> None:
    raise ConnectionLostError


def wrapped(kind: type[Exception] = RuntimeError) -> None:
    try:
        lose()
    except ConnectionLostError as error:
        raise kind("upload failed") from error


def reraised() -> None:
    try:
        lose()
    except ConnectionLostError:
        raise RuntimeError("upload failed")  # noqa: B904


@contextlib.contextmanager
def translating() -> Iterator[None]:
    try:
        yield
    except ConnectionLostError:
        raise RuntimeError("upload failed")  # noqa: B904


def translated() -> None:
    with translating():
        lose()


def written_behind_its_end() -> None:
    try:
        lose()
    finally:
        refuse()


def refuse() -> None:
    raise StreamDestroyedError("write")


def failed_clean_up() -> None:
    try:
        lose()
    finally:
        {}["missing"]


def clean_up() -> None:
    raise LookupError("on purpose")


def failed_in_a_call() -> None:
    try:
        lose()
    except ConnectionLostError:
        clean_up()


def suppressed() -> None:
    try:
        lose()
    except ConnectionLostError:
        raise LookupError("another matter") from None


def in_a_ring() -> None:
    first, second = LookupError("1"), LookupError("2")
    first.__cause__, second.__cause__ = second, first
    raise first


def group(*errors: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise BaseExceptionGroup("of a task group", errors)

    return fail


LOST = ConnectionLostError()
WRAPPED = raised(wrapped)


@pytest.mark.parametrize(
    "fail",
    [
        lose,
        wrapped,
        lambda: wrapped(ConnectionResetError),
        lambda: wrapped(BrokenPipeError),
        reraised,
        translated,
        written_behind_its_end,
        group(LOST),
        group(LOST, LOST),
        group(WRAPPED, WRAPPED, LOST),
        group(LOST, asyncio.CancelledError()),
        group(LOST, BaseExceptionGroup("inner", [asyncio.CancelledError()])),
        group(ExceptionGroup("inner", [LOST, SystemCallError("EPIPE", "write")]), LOST),
        group(SystemCallError("ETIMEDOUT", "read"), SystemCallError("ENOTCONN", "shutdown")),
        group(PayloadTooLargeError(1), ParseError("HPE_INVALID_CHUNK_SIZE", "no")),
        group(RequestTimeoutError(), WriteTimeoutError()),
    ],
)
def test_what_stands_for_the_end_of_a_client_is_no_failure(fail: Callable[[], object]) -> None:
    """Groups of nothing else, what was raised from it, and what its handler raised in its place."""
    assert is_client_error(raised(fail))


@pytest.mark.parametrize(
    "fail",
    [
        failed_clean_up,
        failed_in_a_call,
        suppressed,
        in_a_ring,
        refuse,
        group(LOST, LookupError()),
        group(ExceptionGroup("inner", [LOST, LookupError()]), LOST),
        group(asyncio.CancelledError()),
        group(BaseExceptionGroup("inner", [asyncio.CancelledError()])),
        lambda: wrapped_other(LookupError()),
        lambda: wrapped_other(ConnectionResetError()),
        group(SystemCallError("EADDRINUSE", "listen")),
        group(SystemCallError("EIO", "read")),
    ],
)
def test_a_failure_beside_the_end_of_a_client_is_one(fail: Callable[[], object]) -> None:
    """What failed while that was handled, or beside it, is no client's doing."""
    assert not is_client_error(raised(fail))


def wrapped_other(error: Exception) -> None:
    raise RuntimeError("upload failed") from error


def test_a_long_chain_of_causes_is_followed() -> None:
    """However often a program has wrapped it."""
    error: BaseException = LOST
    for _ in range(5000):
        outer = RuntimeError("again")
        outer.__cause__ = error
        error = outer
    assert is_client_error(error)
