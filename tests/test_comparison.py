"""The comparison with other servers: what it asks, writehead does; and its page shows what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import comparison.asgi_probes
import comparison.websocket_probes
import comparison.wsgi_probes  # noqa: F401 - it has probes
from comparison.page import PAGE, kept, page
from comparison.servers import SERVERS, Running, running, wait_until_ready
from comparison.verdicts import PROBES, Probe, Tried
from tests.kit.programs import ROOT

#: Probes that take more than a second or two, or need the certificate of the peers.
SLOW = {"tls", "startup_first", "flood", "back_pressure_out", "too_big", "slow_uploads", "back_pressure_in"}

#: What the command does not do yet; the page says so.
NOT_YET: set[str] = set()


def marks_of(probe: Probe) -> list[pytest.MarkDecorator]:
    slow = [pytest.mark.slow] if probe.name in SLOW else []
    return [*slow, pytest.mark.xfail(reason="not yet")] if probe.name in NOT_YET else slow


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Running]]:
    """The command, serving the application of the probes by ASGI and by WSGI."""
    with running(SERVERS["writehead"], "asgi") as asgi, running(SERVERS["writehead"], "wsgi") as wsgi:
        assert wait_until_ready(asgi), asgi.log()
        assert wait_until_ready(wsgi), wsgi.log()
        yield {"asgi": asgi, "wsgi": wsgi}


@pytest.mark.parametrize(
    "probe",
    [pytest.param(each, marks=marks_of(each)) for each in PROBES],
    ids=lambda each: f"{each.interface}-{each.name}",
)
def test_writehead_does_what_is_asked(probe: Probe, servers: dict[str, Running]) -> None:
    """Each row of the page, asked of the command."""
    verdict = probe.ask(Tried(servers[probe.interface]))
    assert verdict.good, verdict.seen


def test_a_probe_has_a_name_of_its_own() -> None:
    """Results are kept by interface and name."""
    names = [(each.interface, each.name) for each in PROBES]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_the_page_is_what_was_found() -> None:
    """docs/topics/servers.md is made of comparison/results.json: `make asgi-report` writes both."""
    assert PAGE.read_text("utf-8") == page(*kept())


def test_every_server_was_asked_everything() -> None:
    """No cell of the page is open."""
    results, versions = kept()
    for each in PROBES:
        for name, server in SERVERS.items():
            if server.command(each.interface):
                assert (each.interface, each.name, name) in results
    assert set(SERVERS) < set(versions)


def test_the_page_is_found() -> None:
    """The README names it, and make writes it."""
    assert "docs/topics/servers.md" in (ROOT / "README.md").read_text("utf-8")
    assert re.search(r"(?m)^asgi-report:", (ROOT / "Makefile").read_text("utf-8"))
