"""IncomingMessage: the order of its events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.request_stage import post
from tests.kit.stage import GET, Stage, answer, events
from writehead.testing import settle


def order(handle: Any, *packets: bytes, left: str = "", options: dict[str, Any] | None = None) -> list[str]:
    """Return what happened: events of the request, of the response with RES, of the socket with socket."""
    log: list[str] = []

    def listen(req: Any, res: Any) -> None:
        events(log, res, "finish close", "RES ")
        handle(req, res, log)
        log.append("|")

    stage = Stage(listen, **(options or {}))
    client = stage.send(*packets)
    if left:
        getattr(client, left)()
    return log


def hear(req: Any, log: list[str], names: str = "end close aborted error pause resume") -> None:
    events(log, req, names)


@pytest.mark.parametrize("later_close", [False, True])
def test_order_get_answered_untouched(later_close: bool) -> None:
    """The empty body is discarded behind 'finish'."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log)
        res.end()

    wanted = ["|", "RES finish", "resume", "RES close", "end", "close"]
    if not later_close:
        wanted.remove("RES close")
    assert order(handle, GET, options={"emit_close_after_finish": later_close}) == wanted


@pytest.mark.parametrize("later_close", [False, True])
def test_order_get_read_then_answered(later_close: bool) -> None:
    """'end' lets the handler answer, then the request closes."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data resume end close")
        req.on("end", res.end)

    wanted = ["|", "resume", "end", "RES finish", "close", "RES close"]
    got = order(handle, GET, options={"emit_close_after_finish": later_close})
    assert [each for each in got if each != "RES close"] == wanted[:-1]
    assert ("RES close" in got) is later_close


def test_order_an_end_listener_alone_starts_nothing() -> None:
    """Until the response finishes."""
    held: list[Any] = []

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log)
        held.append((res, log))

    assert order(handle, GET) == ["|"]
    res, log = held[0]
    res.end()
    settle()
    assert log == ["|", "RES finish", "resume", "end", "close"]


def test_order_get_by_readable() -> None:
    """'readable' once, with nothing to read, then 'end'."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close resume")
        req.on("readable", lambda: log.append(f"readable {req.read()}"))

    assert order(handle, GET) == ["|", "readable None", "end", "close"]


def test_order_post_in_one_packet() -> None:
    """The body follows when the handler has returned."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data resume end close")
        req.on("end", res.end)

    assert order(handle, post(b"abc")) == ["|", "resume", "data b'abc'", "end", "RES finish", "close"]


def test_order_post_in_later_packets() -> None:
    """A piece for each packet."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data resume end close")
        req.on("end", res.end)

    assert order(handle, post(b"", 4), b"ab", b"cd") == [
        "|",
        "resume",
        "data b'ab'",
        "data b'cd'",
        "end",
        "RES finish",
        "close",
    ]


def test_order_post_by_readable() -> None:
    """And once more at the end, with nothing to read."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close resume")
        req.on("readable", lambda: log.append(f"readable {req.read()}"))

    assert order(handle, post(b"", 4), b"ab", b"cd") == [
        "|",
        "readable b'ab'",
        "readable b'cd'",
        "readable None",
        "end",
        "close",
    ]


def test_order_post_never_read() -> None:
    """It is thrown away as it comes."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log)
        res.end()

    assert order(handle, post(b"ab", 4), b"cd") == ["|", "RES finish", "resume", "end", "close"]


def test_order_post_answered_before_it_is_read() -> None:
    """The body goes on behind 'finish'."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data resume end close")
        res.end()

    assert order(handle, post(b"", 2), b"ab") == [
        "|",
        "resume",
        "RES finish",
        "data b'ab'",
        "end",
        "close",
    ]


def test_order_pause_and_resume() -> None:
    """'pause' inside the call, 'resume' on a later turn."""
    held: list[Any] = []

    def handle(req: Any, res: Any, log: list[str]) -> None:
        req.on("data", lambda chunk: log.append("data") or (req.pause() if not held else None))
        hear(req, log, "pause resume end")
        req.on("pause", lambda: held.append((req, log)))

    assert order(handle, post(b"", 2), b"a", b"b") == ["|", "resume", "data", "pause"]
    req, log = held[0]
    req.resume()
    log.append("|")
    settle()
    assert log[4:] == ["|", "resume", "data", "end"]


@pytest.mark.parametrize(
    ("left", "first"),
    [
        ("end", ["socket error HPE_INVALID_EOF_STATE"]),
        ("reset", ["socket error ECONNRESET"]),
    ],
)
def test_order_client_gone_in_the_body(left: str, first: list[str]) -> None:
    """Socket, 'aborted', response, socket, then the request's 'error' and 'close'."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "data end close aborted error")
        events(log, req.socket, "error close", "socket ")

    assert order(handle, post(b"", 2), b"a", left=left) == [
        "|",
        "data b'a'",
        *first,
        "aborted",
        "RES close",
        "socket close True",
        "error ECONNRESET",
        "close",
    ]


@pytest.mark.parametrize(("left", "error"), [("end", False), ("reset", True)])
def test_order_client_gone_before_the_request_was_read(left: str, error: bool) -> None:
    """FIN is no error of the socket, RST is one."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close aborted error")
        events(log, req.socket, "end close", "socket ")

    got = order(handle, GET, left=left)
    assert got == [
        "|",
        *(["socket end"] if left == "end" else []),
        "aborted",
        "RES close",
        f"socket close {error}",
        "error ECONNRESET",
        "close",
    ]


def test_order_client_gone_behind_the_answer() -> None:
    """The request whose body never came whole says 'close', and no more."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close aborted error")
        res.end()

    assert order(handle, post(b"a", 2), left="reset") == ["|", "RES finish", "close"]


def test_order_destroyed_in_the_handler() -> None:
    """'aborted' inside the call."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close aborted error")
        events(log, req.socket, "error close", "socket ")
        req.destroy()

    assert order(handle, GET) == ["aborted", "|", "close", "RES close", "socket close False"]


def test_order_destroyed_with_an_error_in_the_handler() -> None:
    """The socket's 'error' comes first, then the request's."""

    def handle(req: Any, res: Any, log: list[str]) -> None:
        hear(req, log, "end close aborted error")
        events(log, req.socket, "error close", "socket ")
        req.destroy(LookupError("why"))

    assert order(handle, GET) == [
        "aborted",
        "|",
        "socket error why",
        "error why",
        "close",
        "RES close",
        "socket close True",
    ]


def test_destroying_a_request_that_was_read_leaves_the_connection() -> None:
    """It is destroyed already."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        req.resume()
        req.on("close", lambda: (req.destroy(LookupError()), res.end("ok")))
        events(log, req, "aborted error close")

    client = Stage(handle).send(GET)
    assert (dateless(client.received), client.closed, log) == (answer(b"ok"), False, ["close"])


def test_an_error_that_nobody_listens_to_is_no_error() -> None:
    """A request's 'error' is never unhandled."""
    client = Stage(lambda req, res: None).send(post(b"a", 2))
    client.reset()
    assert client.closed
