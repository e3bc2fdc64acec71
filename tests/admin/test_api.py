"""The admin API: what is shown to whom, what is done for whom, and nothing else."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

import pytest

from tests.kit.operated import Noted
from writehead import http, testing
from writehead._admin import api as admin_api
from writehead._admin.access import MOST_WRONG, WINDOW, Tokens
from writehead._admin.api import MOST_BODY, Api
from writehead._admin.operated import RefusedError
from writehead._metrics.render import OPENMETRICS, PROMETHEUS

TOKEN = "a-token-of-the-admin"
JSON = ("Content-Type", "application/json")
BEARER = ("Authorization", f"Bearer {TOKEN}")


class Stage:
    """An admin port in memory, and what it operates."""

    def __init__(self, token: str | None = TOKEN, **more: Any) -> None:
        self.now = 1000.0
        self.operated = Noted()
        api = Api(self.operated, tokens=Tokens(token), clock=lambda: self.now, **more)
        self.client = testing.connect(http.create_server(api))

    async def ask(
        self, method: str, path: str, *fields: tuple[str, str], host: str = "127.0.0.1", body: Any = None
    ) -> Any:
        data = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        return await self.client.request(method, path, [("Host", host), *fields], body=data)

    async def post(self, path: str, *fields: tuple[str, str], body: Any = None, **more: Any) -> Any:
        given = {name for name, _ in fields}
        fields = (*fields, *(each for each in (JSON, BEARER) if each[0] not in given))
        return await self.ask("POST", path, *fields, body={} if body is None else body, **more)


def error_of(response: Any) -> str:
    return str(response.json()["error"])


# -- what is shown -------------------------------------------------------------------


async def test_health() -> None:
    """A process whose loop turns is healthy; it is ready if it can serve."""
    stage = Stage()
    response = await stage.ask("GET", "/healthz")
    assert (response.status, response.text, response.headers["cache-control"]) == (200, "ok\n", "no-store")
    response = await stage.ask("GET", "/readyz")
    assert (response.status, response.text) == (200, "ready\n")


@pytest.mark.parametrize("state", ["starting", "draining", "no worker is ready"])
async def test_not_ready(state: Any) -> None:
    """503, and why; it is healthy all the same."""
    stage = Stage()
    stage.operated.ready = state
    response = await stage.ask("GET", "/readyz")
    assert (response.status, response.text) == (503, f"{state}\n")
    response = await stage.ask("HEAD", "/readyz")
    assert (response.status, response.body) == (503, b"")
    assert (await stage.ask("GET", "/healthz")).status == 200


async def test_metrics_in_both_formats() -> None:
    """By Accept."""
    stage = Stage()
    response = await stage.ask("GET", "/metrics")
    assert response.headers["content-type"] == PROMETHEUS
    assert response.text == "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n"
    response = await stage.ask("GET", "/metrics", ("Accept", "application/openmetrics-text"))
    assert response.headers["content-type"] == OPENMETRICS
    assert response.text.endswith("a_total 1\n# EOF\n")


async def test_status_config_and_slow_requests() -> None:
    """As JSON."""
    stage = Stage()
    assert (await stage.ask("GET", "/api/status")).json() == stage.operated.status()
    assert (await stage.ask("GET", "/api/config?x")).json() == list(stage.operated.config())
    assert (await stage.ask("GET", "/api/slow")).json() == list(await stage.operated.slow())


async def test_nothing_else_is_there() -> None:
    """404 for other paths, 405 for other methods."""
    stage = Stage()
    for path in ("/", "/api", "/api/", "/api/other", "/healthz/", "/metrics/x"):
        assert (await stage.ask("GET", path)).status == 404, path
    for method, path, allowed in [
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/metrics", "GET, HEAD"),
        ("DELETE", "/api/status", "GET, HEAD"),
        ("GET", "/api/stop", "POST"),
        ("PUT", "/api/drain", "POST"),
    ]:
        response = await stage.ask(method, path)
        assert (response.status, response.headers["allow"]) == (405, allowed)
    assert stage.operated.told == []


async def test_the_fields_of_every_response() -> None:
    """No script, no frame, no guess of types, no referrer, no cache, and no page of another origin may read it."""
    stage = Stage()
    for path in ("/api/status", "/nowhere", "/metrics"):
        headers = (await stage.ask("GET", path, ("Origin", "http://evil.example"))).headers
        policy = headers["content-security-policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert not [name for name in headers if name.startswith("access-control")]


# -- to whom -------------------------------------------------------------------------


async def test_another_host_is_misdirected() -> None:
    """421 for a name that is not ours, whatever is asked, but for health checks (DNS rebinding)."""
    stage = Stage(names=("admin.example",))
    for path in ("/metrics", "/api/status", "/"):
        assert (await stage.ask("GET", path, host="evil.example")).status == 421
    assert (await stage.post("/api/stop", host="evil.example")).status == 421
    assert stage.operated.told == []
    for path in ("/healthz", "/readyz"):
        assert (await stage.ask("GET", path, host="evil.example")).status == 200
    assert (await stage.ask("GET", "/api/status", host="admin.example:9090")).status == 200


async def test_no_orders_without_a_token() -> None:
    """401, and what is wanted; where there is none, 403 says how to get one."""
    stage = Stage()
    response = await stage.ask("POST", "/api/stop", JSON, body={})
    assert (response.status, response.headers["www-authenticate"]) == (401, "Bearer")
    stage = Stage(token=None)
    for fields in ((), (("Authorization", "Bearer "),), (("Authorization", "Bearer None"),)):
        response = await stage.ask("POST", "/api/stop", JSON, *fields, body={})
        assert response.status == 403 and "--admin-token" in error_of(response)
    assert stage.operated.told == []


async def test_wrong_tokens() -> None:
    """401; the sixth within a minute gets 429, and so does the right one."""
    stage = Stage()
    wrong = ("Authorization", "Bearer wrong")
    for _ in range(MOST_WRONG):
        assert (await stage.post("/api/stop", wrong)).status == 401
    for response in (await stage.post("/api/stop", wrong), await stage.post("/api/stop")):
        assert (response.status, response.headers["retry-after"]) == (429, "60")
    assert stage.operated.told == []
    stage.now += WINDOW
    assert (await stage.post("/api/stop")).status == 200


async def test_tokens_are_tried_by_reading_too() -> None:
    """A wrong token is counted wherever it is sent."""
    stage = Stage()
    for _ in range(MOST_WRONG):
        assert (await stage.ask("GET", "/api/status", ("Authorization", "Bearer x"))).status == 401
    assert (await stage.post("/api/stop")).status == 429
    assert (await stage.ask("GET", "/metrics", ("Authorization", "Bearer x"))).status == 200, "open to all"


async def test_an_address_that_others_reach() -> None:
    """Without a token it shows health and metrics alone."""
    stage = Stage(open=False)
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await stage.ask("GET", path)).status == 200
    for path in ("/", "/api/status", "/api/config", "/api/slow", "/api/other"):
        assert (await stage.ask("GET", path)).status == 401
    assert (await stage.ask("GET", "/api/status", BEARER)).status == 200
    stage = Stage(token=None, open=False)
    assert (await stage.ask("GET", "/api/status", BEARER)).status == 403
    assert (await stage.ask("GET", "/metrics")).status == 200


async def test_a_unix_socket_asks_for_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours, or root's: a token is not asked for, nor a Host; another user may look."""
    for user, status in ((os.geteuid(), 200), (0, 200), (os.geteuid() + 1, 403), (None, 403)):
        stage = Stage(token=None, unix=True)
        monkeypatch.setattr(admin_api, "_peer_of", lambda req, user=user: user)
        response = await stage.ask("POST", "/api/stop", JSON, body={}, host="anything.example")
        assert response.status == status
        assert stage.operated.told == ([("stop",)] if status == 200 else [])
        assert (await stage.ask("GET", "/api/status", host="anything.example")).status == 200


# -- what is done --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/api/drain", {"slot": 2}, ("drain", 2)),
        ("/api/restart", {"slot": 1}, ("restart", 1)),
        ("/api/stacks", {"slot": 1}, ("stacks", 1)),
        ("/api/scale", {"count": 3}, ("scale", 3)),
        ("/api/reload", {}, ("reload",)),
        ("/api/reopen", "", ("reopen",)),
        ("/api/loglevel", {"level": "debug"}, ("loglevel", "debug", "writehead")),
        ("/api/loglevel", {"level": "info", "logger": "app"}, ("loglevel", "info", "app")),
        ("/api/stop", {}, ("stop",)),
    ],
)
async def test_operations(path: str, body: Any, told: tuple[object, ...]) -> None:
    """Each is done once, and says how it went."""
    stage = Stage()
    response = await stage.post(path, body=body)
    assert response.status == 200 and response.json() == {"message": " ".join(map(str, told)) + ": done"}
    assert stage.operated.told == [told]


@pytest.mark.parametrize(
    ("field", "status"),
    [
        (("Content-Type", "text/plain"), 415),
        (("Content-Type", "application/x-www-form-urlencoded"), 415),
        (("Content-Type", "multipart/form-data; boundary=x"), 415),
        (("Origin", "http://evil.example"), 403),
        (("Origin", "null"), 403),
        (("Sec-Fetch-Site", "cross-site"), 403),
        (("Sec-Fetch-Site", "same-site"), 403),
    ],
)
async def test_no_form_and_no_foreign_page_can_give_orders(field: tuple[str, str], status: int) -> None:
    """Not even with the right token (a browser could be made to send one)."""
    stage = Stage()
    assert (await stage.post("/api/stop", field)).status == status
    assert stage.operated.told == []


async def test_a_page_of_its_own_can() -> None:
    """The same origin."""
    stage = Stage()
    fields = ("Origin", "http://127.0.0.1"), ("Sec-Fetch-Site", "same-origin")
    assert (await stage.post("/api/reload", *fields)).status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/drain", {}),
        ("/api/drain", {"slot": "1"}),
        ("/api/drain", {"slot": 0}),
        ("/api/drain", {"slot": True}),
        ("/api/scale", {"count": 1.5}),
        ("/api/loglevel", {}),
        ("/api/loglevel", {"level": "debug", "logger": 1}),
        ("/api/drain", "[1]"),
        ("/api/drain", "{"),
        ("/api/drain", "[" * 4000),
    ],
)
async def test_wrong_bodies(path: str, body: Any) -> None:
    """400, and nothing is done."""
    stage = Stage()
    response = await stage.post(path, body=body)
    assert response.status == 400 and error_of(response)
    assert stage.operated.told == []


async def test_large_bodies() -> None:
    """More than 4 KiB get 413."""
    stage = Stage()
    assert (await stage.post("/api/stop", body={"x": "y" * MOST_BODY})).status == 413
    assert stage.operated.told == []


async def test_refusals_and_failures(caplog: pytest.LogCaptureFixture) -> None:
    """What was refused is 409 with its reason; what failed is 500 and in the log, and the next is served."""
    stage = Stage()
    stage.operated.refusal = RefusedError("a reload is under way")
    response = await stage.post("/api/reload")
    assert (response.status, error_of(response)) == (409, "a reload is under way")
    stage.operated.refusal = LookupError("what")
    response = await stage.post("/api/reload")
    assert (response.status, error_of(response)) == (500, "LookupError: what")
    assert [each.getMessage() for each in caplog.records] == ["POST /api/reload failed"]
    stage.operated.refusal = None
    assert (await stage.post("/api/reload")).status == 200


async def test_orders_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """With what came of them; looking is not."""
    caplog.set_level(logging.INFO, "writehead.admin")
    stage = Stage()
    await stage.ask("GET", "/api/status")
    await stage.post("/api/scale", body={"count": 2})
    assert [each.getMessage() for each in caplog.records] == ["scale: scale 2: done"]
