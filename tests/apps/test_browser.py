"""A browser as the client: EventSource, WebSocket, fetch. Without Chromium all of it is left out, and said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.apps.applications import Application, Served
from tests.apps.browser import CHROMIUM, Browser
from tests.apps.test_apps import apps, key

Serve = Callable[[Application | str], Served]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM here: no application is tried in a browser"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser of this run."""
    pytest.importorskip("websockets")
    with Browser() as opened:
        yield opened


def page(serve: Serve, app: Application, browser: Browser) -> Served:
    served = serve(app)
    browser.visit(f"{served.url}/hello")
    return served


EVENTS = """async () => {
  const said = []
  const source = new EventSource("/events/KEY")
  await new Promise(resolve => {
    source.onopen = () => said.push("open")
    source.onmessage = event => { said.push(event.data); resolve() }
  })
  source.close()
  return said
}"""


@apps("events")
def test_an_event_source(serve: Serve, app: Application, browser: Browser) -> None:
    """It opens, hears an event, and is closed: then the generator of the application ends."""
    served, mine = page(serve, app, browser), key()
    assert browser.run(EVENTS.replace("KEY", mine)) == ["open", "0"]
    assert served.wait(f"left {mine}") == "open"


STREAM = """async () => {
  const reader = (await fetch("/stream/KEY")).body.pipeThrough(new TextDecoderStream()).getReader()
  const said = [(await reader.read()).value]
  await fetch("/open?name=go%20KEY", {method: "POST"})
  said.push((await reader.read()).value, (await reader.read()).done)
  return said
}"""


@apps("stream")
def test_a_stream_by_fetch(serve: Serve, app: Application, browser: Browser) -> None:
    """The first piece comes before the second is made."""
    page(serve, app, browser)
    assert browser.run(STREAM.replace("KEY", key())) == ["first\n", "second\n", True]


SOCKET = """async () => {
  const said = []
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws/KEY", ["chat"])
  socket.binaryType = "arraybuffer"
  const message = () => new Promise(resolve => {
    socket.onmessage = event => resolve(event.data)
  })
  await new Promise(resolve => { socket.onopen = resolve })
  said.push(socket.protocol, socket.extensions.split(";")[0])
  for (const text of ["hello", "x".repeat(100000)]) {
    socket.send(text)
    said.push(await message() === text)
  }
  socket.send(new Uint8Array([0, 255]))
  said.push(Array.from(new Uint8Array(await message())))
  socket.send("close 4001")
  const closed = await new Promise(resolve => { socket.onclose = resolve })
  said.push(closed.code, closed.reason, closed.wasClean)
  return said
}"""


@apps("echo")
def test_a_websocket(serve: Serve, app: Application, browser: Browser) -> None:
    """It echoes, in the subprotocol that was asked for and compressed, and is closed with the code of the application."""
    page(serve, app, browser)
    said = browser.run(SOCKET.replace("KEY", key()))
    assert said == ["chat", "permessage-deflate", True, True, [0, 255], 4001, "as asked", True], json.dumps(
        said
    )


FORM = """async () => {
  const form = new FormData()
  form.append("file", new Blob([new Uint8Array(1000000)]), "a.bin")
  return await (await fetch("/form", {method: "POST", body: form})).json()
}"""


@apps("form")
def test_a_form(serve: Serve, app: Application, browser: Browser) -> None:
    """A file in a form, as a browser sends it."""
    page(serve, app, browser)
    answer = browser.run(FORM)
    assert (answer["name"], answer["size"]) == ("a.bin", 1_000_000)


def test_sse_starlette_in_a_browser(serve: Serve, browser: Browser) -> None:
    """Its events come, the first at once."""
    served, mine = serve("sse-starlette"), key()
    browser.visit(f"{served.url}/")
    assert browser.run(EVENTS.replace("KEY", mine)) == ["open", "0"]
    assert served.wait(f"left {mine}") == "open"
