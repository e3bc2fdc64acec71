"""What every test file may use: `async def` tests on either loop, and a limit for each."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
import tempfile
from typing import Any

import hypothesis
import pytest

from tests.kit.loops import TIMEOUT, loop_factory

sys.dont_write_bytecode = True
# A change is judged by what it changes: the machine that checks it draws the same examples every time.
hypothesis.settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("repeatable")

RUNTIME = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that choose the loop and let the long tests in."""
    parser.addoption(
        "--loop", choices=("uvloop", "asyncio"), default="uvloop", help="the loop of async tests"
    )
    ours = "{python} -m writehead {target} --port {port}"
    parser.addoption("--asgi-server", default=ours, help="the server of tests/apps, for ASGI: a command line")
    parser.addoption("--wsgi-server", default=ours, help="the same for WSGI")
    parser.addoption("--all-apps", action="store_true", help="fail where packages of tests/apps are missing")
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the programs that tests start which loop is under test, and let them hear SIGINT."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell's `make test &` has it ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--loop") == "asyncio":
        os.environ["WRITEHEAD_LOOP"] = "asyncio"
    # Control sockets of the supervisors that tests start; one that is killed leaves its own behind.
    config.stash[RUNTIME] = folder = tempfile.TemporaryDirectory(prefix="writehead-tests-")
    os.environ["XDG_RUNTIME_DIR"] = folder.name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the programs of the tests have left."""
    if RUNTIME in config.stash:
        config.stash[RUNTIME].cleanup()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out unless they were asked for."""
    if not config.getoption("--slow"):
        skip = pytest.mark.skip(reason="slow; run with --slow")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an `async def` test to its end on a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in names}
    loop = pyfuncitem.config.getoption("--loop")
    with asyncio.Runner(loop_factory=loop_factory(loop), debug=loop == "asyncio") as runner:
        runner.run(_within_the_limit(pyfuncitem.obj(**arguments)))
    return True


async def _within_the_limit(test: Any) -> None:
    async with asyncio.timeout(TIMEOUT):  # a hung test is a failed test, not a hung run
        await test
