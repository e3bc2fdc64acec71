"""No hostile stream puts the two sides out of step, and every odd but valid one is served."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.hostile.peers import node_peer, writehead_peer
from tests.hostile.suite import load_cases, play
from tests.kit.node import node_path

CASES = load_cases()
GROUPS = sorted({case["group"] for case in CASES})


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the tracebacks of handlers that are meant to fail out of the output."""
    logger = logging.getLogger("writehead")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(level)


def test_the_suite_is_large_and_a_quarter_of_it_must_be_served() -> None:
    """At least 200 cases; at least one in four is odd but valid."""
    served = [case for case in CASES if case["expect"] == "accept"]
    assert len(CASES) >= 200
    assert len(served) * 4 >= len(CASES)


@pytest.mark.parametrize("group", GROUPS)
async def test_a_group_passes_however_it_is_cut(group: str) -> None:
    """Whole, byte by byte and in random cuts, every case of the group has the outcome it must have."""
    async with writehead_peer() as port:
        tallies = await play((case for case in CASES if case["group"] == group), port)
    assert tallies[group].failures == []


@pytest.mark.node
@pytest.mark.skipif(node_path() is None, reason="no Node.js here")
async def test_the_runner_judges_node_as_recorded() -> None:
    """The verdicts on Node are those kept in the cases: the runner sees what is there."""
    groups = ("chunked", "smuggle", "te-cl", "trailers", "pipeline")
    failing = ("connection/good-then-bad-chunk", "connection/past-close", "connection/good-then-host")
    chosen = [case for case in CASES if case["group"] in groups or case["id"] in failing]
    async with node_peer() as port:
        tallies = await play(chosen, port, ["whole"])
    failed = {text.split(" ", 1)[0] for tally in tallies.values() for text in tally.failures}
    assert failed == {case["id"] for case in chosen if not case["node"]["pass"]}


# -- the judge can fail ----------------------------------------------------------


async def _failed(chosen: list[Any], port: int) -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.hostile.client.PATIENCE", 0.3)  # what fails may be waited for in vain
        tallies = await play(chosen, port, ["whole"])
    return {text.split(" ", 1)[0] for tally in tallies.values() for text in tally.failures}


async def test_a_server_that_is_lenient_fails() -> None:
    """With the insecure parser the library itself reads streams in two ways, and the judge says so."""
    groups = ("te-cl", "obs-fold", "transfer-encoding", "smuggle", "line-endings", "version", "trailers")
    async with writehead_peer(insecure_http_parser=True) as port:
        failed = await _failed([case for case in CASES if case["group"] in groups], port)
    for group in groups:
        assert sum(case.startswith(group + "/") for case in failed) > 4, group
    assert {"te-cl/is-te-then-cl", "smuggle/te-cl", "smuggle/term-ext", "obs-fold/is-hidden-coding"} <= failed


@contextlib.asynccontextmanager
async def _stub(answer: Callable[[bytes], bytes]) -> AsyncIterator[int]:
    """Run a server that answers each packet that begins with a request line with what `answer` makes of it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                while b"\r\n" not in data and (more := await reader.read(65536)):  # it came in two
                    data += more
                writer.write(answer(data))
        finally:
            writer.close()  # what `answer` cannot read ends the connection; of itself not before Python 3.11.4

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_server_that_splits_responses_fails() -> None:
    """Text that is let through unchecked makes every case fail that must be refused."""
    chosen = [
        case
        for case in CASES
        if case["id"].startswith("reflect/header-value") and case["id"].endswith(("-crlf", "-lf", "-full"))
    ]

    def reflect(data: bytes) -> bytes:
        text = bytes.fromhex(data.split(b" ")[1].split(b"/")[-1].decode())
        return b"HTTP/1.1 200 OK\r\nX-Reflect: " + text + b"\r\nContent-Length: 0\r\n\r\n"

    async with _stub(reflect) as port:
        assert await _failed(chosen, port) == {case["id"] for case in chosen}
    assert len(chosen) >= 3


async def test_a_server_that_is_out_of_step_fails() -> None:
    """One answer too many, or one too few, is seen by the request that follows."""
    chosen = [case for case in CASES if case["group"] == "pipeline" and case["expect"] == "accept"]
    empty = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    for count in (0, 1, 2):
        async with _stub(lambda data, count=count: empty * (count * data.count(b" HTTP/1.1\r\n"))) as port:
            assert await _failed(chosen, port) == {case["id"] for case in chosen}, count
