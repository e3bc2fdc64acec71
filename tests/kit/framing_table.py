"""The framing and persistence rules as tables of data, apart from the code that decides by them.

Law: a rule is a row; its condition is written in words. A row holds if all the words of one of its
alternatives hold ("!word": it must not). Of a table the first row that holds applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

KEEP_ALIVE = "Keep-Alive: timeout=5"

# Condition, lines added, what becomes of the connection.
PERSISTENCE: list[tuple[list[str], list[str], str]] = [
    (["CONN=close"], [], "close"),
    (["CONN"], [], "stay"),
    (["rmCONN keep"], [], "stay"),
    (["rmCONN"], [], "close"),
    (["keep CL last", "keep may_chunk last"], ["Connection: close"], "stay"),
    (["keep CL KA", "keep may_chunk KA"], ["Connection: keep-alive"], "stay"),
    (["keep CL", "keep may_chunk"], ["Connection: keep-alive", KEEP_ALIVE], "stay"),
    ([""], ["Connection: close"], "close"),
]

# Condition, line added, form of the body, what becomes of the connection (None: as above).
BODY: list[tuple[list[str], list[str], str, str | None]] = [
    (["!body_ok"], [], "none", None),
    (["TE=chunked"], [], "chunked", None),
    (["TE"], [], "raw", None),
    (["CL"], [], "raw", None),
    (["!may_chunk"], [], "raw", "close"),
    (["L !rmCL !TRAILER"], ["Content-Length: {L}"], "raw", None),
    (["!rmTE"], ["Transfer-Encoding: chunked"], "chunked", None),
    ([""], [], "raw", "close"),
]


@dataclass
class Expected:
    """What the tables say of one response."""

    lines: list[str]  # automatic ones, after Date
    body: str  # "none", "raw" or "chunked"
    chunked: bool  # what `chunked_encoding` says
    fate: str  # of the connection: "stay" or "close"


def holds(condition: list[str], words: set[str]) -> bool:
    return any(
        all((word[1:] not in words) if word[0] == "!" else (word in words) for word in alternative.split())
        for alternative in condition
    )


def expect(words: Iterable[str], status: int, length: int | None) -> Expected | None:
    """Look up one response; None is the error of a Trailer field without chunks."""
    words = set(words)
    if length is not None:
        words.add("L")
    chunked = "TE=chunked" in words
    if chunked and status in (204, 304):
        chunked = False
        words.discard("keep")
    _, lines, fate = next(row for row in PERSISTENCE if holds(row[0], words))
    _, added, body, instead = next(row for row in BODY if holds(row[0], words))
    chunked = chunked or body == "chunked"
    if "TRAILER" in words and not chunked:
        return None
    return Expected([*lines, *(line.format(L=length) for line in added)], body, chunked, instead or fate)


# The request: the words it brings, and how it says so.
VERSIONS: dict[str, tuple[str, bytes]] = {
    "1.1": ("keep may_chunk", b"HTTP/1.1\r\nHost: a\r\n\r\n"),
    "1.1 close": ("may_chunk", b"HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    "1.0": ("", b"HTTP/1.0\r\n\r\n"),
    "1.0 keep-alive": ("keep", b"HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
    "1.0 keep-alive, TE": ("keep may_chunk", b"HTTP/1.0\r\nConnection: keep-alive\r\nTE: chunked\r\n\r\n"),
    "1.0 TE": ("may_chunk", b"HTTP/1.0\r\nTE: chunked\r\n\r\n"),
}
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "DELETE", "QUERY"]
STATUSES = [100, 101, 102, 199, 200, 204, 205, 206, 304, 404, 500, 599, 999]
NO_BODY = {100, 101, 102, 199, 204, 304}


@dataclass
class Preparation:
    """What a handler does before it writes: fields set, fields removed, attributes set."""

    words: str
    fields: dict[str, Any]
    removed: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()  # set to False
    undone: tuple[str, ...] = ()  # removed first, and set after all


_CL, _TE, _C, _T = "Content-Length", "Transfer-Encoding", "Connection", "Trailer"
PREPARATIONS: dict[str, Preparation] = {
    "nothing": Preparation("", {}),
    "length": Preparation("CL", {_CL: 3}),
    "length, as text, too long": Preparation("CL", {"content-length": "9"}),
    "length 0": Preparation("CL", {_CL: 0}),
    "chunked": Preparation("TE TE=chunked", {_TE: "chunked"}),
    "gzip, Chunked": Preparation("TE TE=chunked", {"transfer-encoding": "gzip, Chunked"}),
    "a list of encodings": Preparation("TE TE=chunked", {_TE: ["gzip", "chunked"]}),
    "xchunked": Preparation("TE", {_TE: "xchunked"}),
    "gzip": Preparation("TE", {_TE: "gzip"}),
    "length and chunked": Preparation("CL TE TE=chunked", {_CL: 3, _TE: "chunked"}),
    "length and gzip": Preparation("CL TE", {_CL: 3, _TE: "gzip"}),
    "no length": Preparation("rmCL", {}, (_CL,)),
    "no encoding": Preparation("rmTE", {}, ("transfer-encoding",)),
    "neither": Preparation("rmCL rmTE", {}, (_CL, _TE)),
    "close": Preparation("CONN CONN=close", {_C: "close"}),
    "Close among others": Preparation("CONN CONN=close", {_C: "x, Close"}),
    "close in a list": Preparation("CONN CONN=close", {_C: ["keep-alive", "close"]}),
    "x-close": Preparation("CONN CONN=close", {_C: "x-close"}),
    "closed": Preparation("CONN", {_C: "closed"}),
    "keep-alive": Preparation("CONN", {_C: "keep-alive"}),
    "keep-alive and length": Preparation("CONN CL", {_C: "keep-alive", _CL: 3}),
    "foo": Preparation("CONN", {"connection": "foo"}),
    "no connection": Preparation("rmCONN", {}, (_C,)),
    "no connection, no length": Preparation("rmCONN rmCL", {}, (_C, _CL)),
    "Keep-Alive": Preparation("KA", {"Keep-Alive": "timeout=77"}),
    "Trailer": Preparation("TRAILER", {_T: "x"}),
    "Trailer and length": Preparation("TRAILER CL", {_T: "x", _CL: 3}),
    "Trailer and chunked": Preparation("TRAILER TE TE=chunked", {_T: "x", _TE: "chunked"}),
    "removed, then set": Preparation("CL", {_CL: 3}, undone=(_CL,)),
    "client's wish refused": Preparation("!keep", {}, attributes=("should_keep_alive",)),
    "no chunks by default": Preparation("!may_chunk", {}, attributes=("use_chunked_encoding_by_default",)),
}

# The calls that make the response, and what they mean: the length, if the head knows it, and the pieces.
CALLS: dict[str, tuple[list[tuple[Any, ...]], int | None, list[bytes]]] = {
    "end()": ([("end",)], 0, []),
    "end(str)": ([("end", "abc")], 3, [b"abc"]),
    "end(bytes)": ([("end", b"abc")], 3, [b"abc"]),
    "end('')": ([("end", "")], 0, []),
    "end(b'')": ([("end", b"")], 0, []),
    "write, end": ([("write", "abc"), ("end",)], None, [b"abc"]),
    "write, end(str)": ([("write", b"ab"), ("end", "c")], None, [b"ab", b"c"]),
    "empty write, end(str)": ([("write", ""), ("end", "abc")], None, [b"abc"]),
    "write_head, end(str)": ([("write_head", ...), ("end", "abc")], None, [b"abc"]),
    "write_head, write, end()": ([("write_head", ...), ("write", "abc"), ("end",)], None, [b"abc"]),
    "flush_headers, end()": ([("flush_headers",), ("end",)], None, []),
    "flush_headers, end(str)": ([("flush_headers",), ("end", "abc")], None, [b"abc"]),
    "writes, end(str)": ([("write", "a"), ("write", "b"), ("end", "cd")], None, [b"a", b"b", b"cd"]),
}


def words_of(version: str, preparation: str, method: str, status: int) -> set[str]:
    """Return the words that hold for a case."""
    words = {*VERSIONS[version][0].split(), *PREPARATIONS[preparation].words.split()}
    words = {word for word in words if word[0] != "!" and "!" + word not in words}
    if method != "HEAD" and status not in NO_BODY:
        words.add("body_ok")
    return words


def body_bytes(form: str, pieces: list[bytes]) -> bytes:
    """Return the pieces as they stand on the wire."""
    if form == "none":
        return b""
    if form == "raw":
        return b"".join(pieces)
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def every_case() -> Iterator[tuple[str, str, int, str, str]]:
    """Yield every combination: version, method, status, preparation, calls."""
    return product(VERSIONS, METHODS, STATUSES, PREPARATIONS, CALLS)
