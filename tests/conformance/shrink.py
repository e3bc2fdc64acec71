"""Makes a failing scenario smaller while it goes on failing."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from .language import Scenario

Fails = Callable[[Scenario], Awaitable[bool]]
TRIES = 400


def programs(data: Any) -> Iterator[list[Any]]:
    """Every list of instructions inside a piece of a scenario, outermost first."""
    if isinstance(data, list):
        if data and all(isinstance(item, list) and item and isinstance(item[0], str) for item in data):
            yield data
        for item in data:
            yield from programs(item)
    elif isinstance(data, dict):
        for item in data.values():
            yield from programs(item)


def sound(scenario: Scenario) -> bool:
    """Whether every cork still has its uncork, and what the generator puts first is still there."""
    made = {step[1] for step in scenario["client"] if step[0] == "connect"} or {"c"}
    if not {step[2].get("conn", "c") for step in scenario["client"] if step[0] == "send"} <= made:
        return False
    if not scenario["handlers"]:
        return scenario["server"][:1] != [] and scenario["server"][0][0] == "new"
    if "request" not in scenario["handlers"]:
        return "'socket', 'error'" in repr(scenario["handlers"])
    text = repr(scenario["handlers"])
    first = [step[2:3] for step in scenario["handlers"].get("request", [])[:2]]
    return text.count("'cork'") == text.count("'uncork'") and first == [["error"], ["finish"]]


def smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with one thing less, the largest things first."""
    for key in list(scenario["options"]):
        if key != "emitCloseAfterFinish":
            less = copy.deepcopy(scenario)
            del less["options"][key]
            yield less
    routes = next((step[1] for step in scenario["handlers"].get("request", []) if step[0] == "route"), {})
    for path in routes:
        less = copy.deepcopy(scenario)
        next(step[1] for step in less["handlers"].get("request", []) if step[0] == "route").pop(path)
        yield less
    count = len(list(programs([scenario["server"], scenario["handlers"], scenario["client"]])))
    for which in range(count):
        length = len(list(programs([scenario["server"], scenario["handlers"], scenario["client"]]))[which])
        for index in range(length - 1, -1, -1):
            less = copy.deepcopy(scenario)
            del list(programs([less["server"], less["handlers"], less["client"]]))[which][index]
            yield less
    for index, step in enumerate(scenario["client"]):
        if step[0] == "split":
            less = copy.deepcopy(scenario)
            less["client"][index] = ["send", step[1], {}]
            yield less
    for field in (
        "TE: chunked",
        "X-Any: 1",
        "Cookie: a=b",
        "Accept: */*",
        "Connection: foo",
    ):
        less = copy.deepcopy(scenario)
        for step in less["client"]:
            if step[0] == "send":
                step[1] = step[1].replace(f"{field}\r\n", "", 1)
        if less != scenario:
            yield less


async def shrink(scenario: Scenario, fails: Fails) -> Scenario:
    """Take away what is not needed for the failure."""
    tries = 0
    progress = True
    while progress and tries < TRIES:
        progress = False
        for less in smaller(scenario):
            tries += 1
            if tries > TRIES:
                break
            if less["client"] and sound(less) and await fails(less):
                scenario, progress = less, True
                break
    return scenario
