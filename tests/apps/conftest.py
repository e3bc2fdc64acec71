"""The applications of these tests, each started once for a run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.apps.applications import APPLICATIONS, Application, Served, command_for, skip_or_fail

DATA = random.Random(1).randbytes(1 << 20)


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that the applications send."""
    path = tmp_path_factory.mktemp("apps") / "data.bin"
    path.write_bytes(DATA)
    return path


@pytest.fixture(scope="session")
def _started() -> Iterator[dict[str, Served]]:
    started: dict[str, Served] = {}
    yield started
    for each in started.values():
        each.program.__exit__(None, None, None)


@pytest.fixture
def serve(
    request: pytest.FixtureRequest, _started: dict[str, Served], file: Path
) -> Callable[[Application | str], Served]:
    """Return what serves an application: the process of this run, started by the first test that needs it."""

    def find(application: Application | str) -> Served:
        if isinstance(application, str):
            application = APPLICATIONS[application]
        skip_or_fail(request, application)
        known = _started.get(application.name)
        if known is None or known.program.process.poll() is not None:
            known = Served(application, command_for(request, application), APPS_FILE=str(file))
            _started[application.name] = known
            known.wait_until_ready()
        return known

    return find


@pytest.fixture
def serve_anew(request: pytest.FixtureRequest, file: Path) -> Iterator[Callable[[str], Served]]:
    """Return what serves an application in a process of this test alone."""
    made: list[Served] = []

    def start(name: str) -> Served:
        application = APPLICATIONS[name]
        skip_or_fail(request, application)
        made.append(Served(application, command_for(request, application), APPS_FILE=str(file)))
        made[-1].wait_until_ready()
        return made[-1]

    yield start
    for each in made:
        each.program.__exit__(None, None, None)
