"""Failures of the system in Node's words."""

from __future__ import annotations

import errno
import socket

import pytest

from writehead.errors.system import name_of, sentence, text_of


def test_a_name_has_its_meaning() -> None:
    """Meanings are libuv's where those differ from the C library's, which may know no such name."""
    assert text_of("EADDRINUSE") == "address already in use"
    assert text_of("EADDRNOTAVAIL") == "address not available"
    assert text_of("ENOTFOUND") == "unknown error"


@pytest.mark.parametrize(
    ("name", "syscall", "address", "port", "text", "words"),
    [
        ("ECONNRESET", "read", None, None, None, "read ECONNRESET"),
        ("ENOTFOUND", "getaddrinfo", "no.invalid", None, None, "getaddrinfo ENOTFOUND no.invalid"),
        ("EADDRINUSE", "listen", "::", 80, None, "listen EADDRINUSE: address already in use :::80"),
        ("EADDRINUSE", "listen", "/run/a", -1, None, "listen EADDRINUSE: address already in use /run/a"),
        ("UNKNOWN", "bind", None, None, "no number", "bind UNKNOWN: no number"),
    ],
)
def test_a_failure_is_one_sentence(
    name: str, syscall: str, address: str | None, port: int | None, text: str | None, words: str
) -> None:
    """Call, name, what it means where the call has an address, and the address."""
    assert sentence(name, syscall, address, port, text) == words


@pytest.mark.parametrize(
    ("error", "syscall", "name"),
    [
        (OSError(errno.EADDRINUSE, ""), "listen", "EADDRINUSE"),
        (OSError(errno.ENOENT, ""), "listen", "EACCES"),
        (OSError(errno.ENOENT, ""), "open", "ENOENT"),
        (OSError(99999, ""), "open", "UNKNOWN"),
        (OSError("no number"), "open", "UNKNOWN"),
        (ConnectionResetError(), "read", "ECONNRESET"),
        (ConnectionAbortedError(), "read", "ECONNABORTED"),
        (BrokenPipeError(), "write", "EPIPE"),
        (TimeoutError(), "connect", "ETIMEDOUT"),
        (socket.gaierror(socket.EAI_NONAME, ""), "getaddrinfo", "ENOTFOUND"),
        (socket.gaierror(socket.EAI_AGAIN, ""), "getaddrinfo", "EAI_AGAIN"),
        (socket.gaierror(12345, ""), "getaddrinfo", "ENOTFOUND"),
    ],
)
def test_an_error_has_a_name(error: OSError, syscall: str, name: str) -> None:
    """By its number, the resolver's number, or its class where a loop raised it bare."""
    assert name_of(error, syscall) == name
