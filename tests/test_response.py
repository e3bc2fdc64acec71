"""ServerResponse: its socket, its errors, one made by hand, subclasses."""

from __future__ import annotations

import errno
import types
from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.response_stage import Request, Writable, by_hand, code_of, fail_with, head_of, serve, settle
from tests.kit.stage import GET
from writehead import errors, http, testing

BIG = b"x" * 300_000


# -- the socket ----------------------------------------------------------------


def test_socket_and_connection() -> None:
    """The same thing, None from 'finish' on."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        assert res.socket is res.connection is res.req.socket
        res.on("finish", lambda: log.append((res.socket, res.connection)))
        res.end()

    serve(handler)
    assert log == [(None, None)]


@pytest.mark.parametrize("spelling", ["set_timeout", "setTimeout"])
@pytest.mark.parametrize("mapping", [False, True])
def test_the_socket_of_an_outgoing_message(spelling: str, mapping: bool) -> None:
    """Any object with the method, or a mapping, as an object of JavaScript; now or when it comes."""
    log: list[Any] = []
    facts = {spelling: log.append}
    socket: Any = facts if mapping else types.SimpleNamespace(**facts)
    message = http.OutgoingMessage()
    assert message.socket is message.connection is None
    message.set_timeout(41)
    message.emit("socket", socket)
    message.socket = socket
    assert message.socket is message.connection is socket
    message.set_timeout(42)
    message.set_timeout(43, lambda: None)
    assert log == [41, 42, 43]
    assert message.listener_count("timeout") == 1
    message.socket = None
    assert message.socket is None
    message.set_timeout(44)
    assert log == [41, 42, 43]


def test_a_message_destroys_the_socket_it_was_given() -> None:
    """With the error."""
    message, writable, error = http.OutgoingMessage(), Writable(), ValueError()
    message.socket = writable  # type: ignore[assignment]
    message.destroy(error)
    assert writable.destroyed_with == [error]


def test_a_socket_without_a_timeout() -> None:
    """Cannot have one set."""
    message = http.OutgoingMessage()
    message.socket = object()  # type: ignore[assignment]
    with pytest.raises(AttributeError, match="set_timeout"):
        message.set_timeout(42)


@pytest.mark.parametrize(
    ("request_like", "framed"),
    [
        (http.IncomingMessage(), "Connection: close||xy"),  # Node: a version of null counts as 1.0
        (http.IncomingMessage(http.Socket()), "Connection: close||xy"),
        (None, "keep"),
        ({}, "keep"),
        (object(), "keep"),
        ({"method": "GET"}, "keep"),
        ({"method": "HEAD"}, "Connection: keep-alive||"),
        (types.SimpleNamespace(method="HEAD"), "Connection: keep-alive||"),
        ({"http_version_major": None, "http_version_minor": None, "headers": None}, "Connection: close||xy"),
        ({"httpVersionMajor": 1, "httpVersionMinor": 1, "headers": {}}, "keep"),
        ({"httpVersionMajor": 1, "httpVersionMinor": 0}, "Connection: close||xy"),
        (types.SimpleNamespace(http_version="1.0", method="GET"), "Connection: close||xy"),
        (types.SimpleNamespace(http_version="1.1", method="GET"), "keep"),
        ({"httpVersionMajor": "one", "httpVersionMinor": object()}, "keep"),
        ({"http_version": "1.0", "headers": {"te": "chunked"}}, "close, chunked"),
        ({"http_version": "1.0", "headers": {"te": ["trailers", "chunked"]}}, "close, chunked"),
        ({"http_version": "1.0", "headers": {"te": 5}}, "Connection: close||xy"),
    ],
)
def test_a_response_to_whatever_is_like_a_request(request_like: Any, framed: str) -> None:
    """What is missing is taken as Node takes it: a GET of HTTP/1.1."""
    chunks = "Transfer-Encoding: chunked||1|x|1|y|0||"
    framed = {
        "keep": f"Connection: keep-alive|{chunks}",
        "close, chunked": f"Connection: close|{chunks}",
    }.get(framed, framed)
    res, writable = http.ServerResponse(request_like), Writable()
    res.send_date = False
    res.assign_socket(writable)
    res.set_header("A", "b")
    res.write("x")
    res.end("y")
    settle()
    text = writable.taken.decode().replace("\r\n", "|")
    assert text == f"HTTP/1.1 200 OK|A: b|{framed}"


@pytest.mark.parametrize("value", [True, False, None, 5])
def test_chunked_encoding_may_be_set(value: Any) -> None:
    """Before the head and after it, in both spellings; the framing is what the head says."""
    seen: list[Any] = []

    def handler(res: Any) -> None:
        assert res.chunked_encoding is res.chunkedEncoding is False
        res.chunkedEncoding = value
        seen.append(res.chunked_encoding)
        res.write("x")
        seen.append(res.chunked_encoding)
        res.chunked_encoding = value
        seen.append(res.chunkedEncoding)
        res.end("y")

    assert serve(handler).body == b"1\r\nx\r\n1\r\ny\r\n0\r\n\r\n"
    assert seen == [value, True, value]

    def whole(res: Any) -> None:
        res.chunked_encoding = value
        res.end("xy")

    assert serve(whole).text.endswith("Content-Length: 2||xy")


def test_chunked_encoding_of_a_status_without_a_body() -> None:
    """Node: the connection does not stay."""

    def handler(res: Any) -> None:
        res.status_code = 204
        res.chunked_encoding = True
        res.end()
        assert res.chunked_encoding is False

    assert serve(handler).text == "HTTP/1.1 204 No Content|Date: D|Connection: close||"


def test_a_second_response_on_the_servers_socket() -> None:
    """The socket of a connection takes another response once its own has let go of it."""
    served = serve()
    res = by_hand()
    assert code_of(lambda: res.assign_socket(served.client.socket)) == "ERR_HTTP_SOCKET_ASSIGNED"
    served.res.detach_socket(served.client.socket)
    res.assign_socket(served.client.socket)
    assert code_of(lambda: by_hand().assign_socket(served.client.socket)) == "ERR_HTTP_SOCKET_ASSIGNED"
    res.detach_socket(served.client.socket)


def test_a_socket_for_a_response_that_has_finished() -> None:
    """Is its own: no other finished response has it."""
    one, other = (serve(lambda res: res.end("x")).res for _ in range(2))
    w = Writable()
    one.socket = w
    assert (one.socket, other.socket) == (w, None)
    one.socket = None
    assert one.socket is None
    one.assign_socket(w)
    assert (one.socket, other.socket) == (w, None)
    one.detach_socket(w)
    assert one.socket is None


@pytest.mark.parametrize("hand", [False, True])
def test_the_socket_is_there_when_it_is_told(hand: bool) -> None:
    """A listener of 'socket' finds it; what it writes goes behind what waited."""
    seen: list[Any] = []

    def listen(res: Any) -> None:
        @res.on("socket")
        def on_socket(socket: Any) -> None:
            seen.append(res.socket is socket)
            res.write("b")

    if hand:
        w = Writable()
        res = by_hand()
        res.write("a")
        listen(res)
        res.assign_socket(w)
        res.end()
        settle()
        sent = w.taken
    else:
        held: list[Any] = []
        client = testing.connect(http.create_server(lambda req, res: held.append(res)))
        client.send(GET + GET)
        held[1].write("a")
        listen(held[1])
        held[0].end()
        settle()
        held[1].end()
        settle()
        sent = client.received
    assert seen == [True]
    assert sent.endswith(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")


def test_a_destroy_when_the_socket_is_told() -> None:
    """Cuts the connection; what waited is lost."""
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET + GET)
    held[1].on("socket", lambda socket: held[1].destroy())
    held[1].end("2")
    held[0].end("1")
    settle()
    assert client.received.endswith(b"\r\n\r\n1")
    assert client.closed
    assert held[1].closed


def test_the_head_and_informational_answers_wait_for_uncork() -> None:
    """Of the response, and of the socket."""
    for corked in (lambda res: res, lambda res: res.socket):
        served = serve()
        corked(served.res).cork()
        served.res.write_processing()
        served.res.flush_headers()
        settle()
        assert served.bytes == b""
        corked(served.res).uncork()
        settle()
        assert served.text.startswith("HTTP/1.1 102 Processing||HTTP/1.1 200 OK|")


def test_an_end_undoes_the_corks_of_the_socket() -> None:
    """The next response on it is not held back."""
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET)
    held[0].socket.cork()
    held[0].end("1")
    settle()
    client.send(GET)
    held[1].write("2")
    settle()
    assert client.received.endswith(b"\r\n\r\n1\r\n2\r\n")


# -- subclasses ----------------------------------------------------------------


class Noting(http.ServerResponse):
    """Notes which of its methods the library calls."""

    calls: list[Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.calls = [(len(args), options, self.socket)]

    def write_head(self, *args: Any) -> Any:
        self.calls.append(("write_head", *args))
        return super().write_head(*args)

    def set_header(self, name: str, value: Any) -> Any:
        self.calls.append(("set_header", name))
        return super().set_header(name, value)

    def appendHeader(self, name: str, value: Any) -> Any:  # the other spelling moves both
        self.calls.append(("append_header", name))
        return super().append_header(name, value)

    def remove_header(self, name: str) -> None:
        self.calls.append(("remove_header", name))
        super().remove_header(name)

    def write(self, *args: Any) -> bool:
        self.calls.append(("write",))
        return super().write(*args)

    def write_information(self, *args: Any) -> bool:
        self.calls.append(("write_information", args[0]))
        return super().write_information(*args)


def calls_of(handler: Any, **options: Any) -> list[Any]:
    served = serve(handler, ServerResponse=Noting, **options)
    calls: list[Any] = served.res.calls
    assert calls[0][0] == 1
    assert calls[0][2] is None  # assigned after the constructor
    return calls[1:]


def test_the_implicit_head_goes_through_write_head() -> None:
    """From write, end and flush_headers; `end(data)` does not call write."""
    assert calls_of(lambda res: res.end("x")) == [("write_head", 200)]
    assert calls_of(lambda res: res.flush_headers()) == [("write_head", 200)]
    assert calls_of(lambda res: res.write("x")) == [("write",), ("write_head", 200)]


def test_write_head_merges_through_the_methods_of_the_store() -> None:
    """With a used store; with an unused one it calls none."""
    unused = calls_of(lambda res: res.write_head(200, {"A": "1"}))
    assert unused == [("write_head", 200, {"A": "1"})]

    def mapping(res: Any) -> None:
        res.set_header("Z", "1")
        res.write_head(200, {"A": "1"})

    assert calls_of(mapping)[2:] == [("set_header", "A")]

    def flat(res: Any) -> None:
        res.set_header("Z", "1")
        res.write_head(200, ["A", "1", "A", "2"])

    assert calls_of(flat)[2:] == [
        ("remove_header", "A"),
        ("remove_header", "A"),
        ("append_header", "A"),
        ("set_header", "A"),
        ("append_header", "A"),
    ]


def test_set_headers_goes_through_set_header() -> None:
    """Pair by pair."""
    calls = calls_of(lambda res: res.set_headers({"A": "1", "set-cookie": ["x"], "B": "2"}))
    assert calls == [("set_header", "A"), ("set_header", "B"), ("set_header", "set-cookie")]


def test_informational_calls_go_through_write_information() -> None:
    """All three."""

    def handler(res: Any) -> None:
        res.write_continue()
        res.write_processing()
        res.write_early_hints({"link": "<a>"})

    assert calls_of(handler) == [("write_information", code) for code in (100, 102, 103)]


def test_the_options_reach_a_subclass() -> None:
    """The two that a response takes."""
    served = serve(
        lambda res: res.end(), ServerResponse=Noting, high_water_mark=99, reject_non_standard_body_writes=True
    )
    assert served.res.calls[0][1] == {"high_water_mark": 99, "reject_non_standard_body_writes": True}
    assert served.bytes.startswith(b"HTTP/1.1 200 OK")


def test_a_method_replaced_on_one_response_is_used() -> None:
    """`res.write_head = …` is heard by `end`."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        original = res.write_head

        def write_head(*args: Any) -> Any:
            log.append(args)
            return original(*args, {"A": "1"})

        res.write_head = write_head
        res.end("x")

    assert head_of(handler) == "HTTP/1.1 200 OK|A: 1"
    assert log == [(200,)]


def test_a_response_for_an_odd_request() -> None:
    """Made by hand for a request without headers; HTTP/0.9 has no TE."""
    res = http.ServerResponse(type("R", (), {
        "method": "GET", "http_version_major": 1, "http_version_minor": 0, "headers": None
    })())  # fmt: skip
    assert not res.should_keep_alive
    assert not res.use_chunked_encoding_by_default
    assert http.ServerResponse(Request()).use_chunked_encoding_by_default


def test_a_request_by_hand_has_what_is_read() -> None:
    """Options of the constructor: positional, by keyword, in one mapping."""
    assert http.ServerResponse(Request(), 5).writable_high_water_mark == 5
    assert http.ServerResponse(Request(), high_water_mark=6).writable_high_water_mark == 6
    assert http.ServerResponse(Request(), {"high_water_mark": 7}).writable_high_water_mark == 7


# -- errors --------------------------------------------------------------------


def _raise_body() -> None:
    res = by_hand("HEAD", reject_non_standard_body_writes=True)
    res.write("x")


def _raise_mismatch() -> None:
    res = by_hand()
    res.strict_content_length = True
    res.set_header("Content-Length", 1).end("xy")


def _sent() -> Any:
    return by_hand().write_head(200)


def _assign_twice() -> None:
    writable = Writable()
    by_hand().assign_socket(writable)
    by_hand().assign_socket(writable)


RAISED: list[tuple[str, Callable[[], Any], tuple[type[Exception], ...], str]] = [
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().set_header("a", "1"), (RuntimeError,), "set"),
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().append_header("a", "1"), (RuntimeError,), "append"),
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().remove_header("a"), (RuntimeError,), "remove"),
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().write_head(200), (RuntimeError,), "write"),
    ("ERR_HTTP_HEADERS_SENT", lambda: _sent().write_continue(), (RuntimeError,), "write"),
    ("ERR_INVALID_HTTP_TOKEN", lambda: by_hand().set_header("a b", "1"), (TypeError, ValueError), "a b"),
    ("ERR_INVALID_HTTP_TOKEN", lambda: by_hand().add_trailers({"a b": "1"}), (TypeError, ValueError), "Trailer name"),
    ("ERR_INVALID_HTTP_TOKEN", lambda: http.validate_header_name("a b", "My name"), (TypeError,), "My name"),
    ("ERR_HTTP_INVALID_HEADER_VALUE", lambda: by_hand().set_header("x-a", None), (TypeError, ValueError), "x-a"),
    ("ERR_HTTP_INVALID_HEADER_VALUE", lambda: http.validate_header_value("x-a", None), (TypeError,), "x-a"),
    ("ERR_INVALID_CHAR", lambda: by_hand().set_header("x-a", "\n"), (TypeError, ValueError), "x-a"),
    ("ERR_INVALID_CHAR", lambda: http.validate_header_value("x-a", "\n"), (TypeError, ValueError), "x-a"),
    ("ERR_INVALID_CHAR", lambda: by_hand().add_trailers({"x-a": "\n"}), (TypeError,), "trailer"),
    ("ERR_INVALID_CHAR", lambda: by_hand().write_head(200, "\n"), (TypeError,), "statusMessage"),
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().write(5), (TypeError,), "int"),
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().get_header(5), (TypeError,), "name"),  # type: ignore[arg-type]
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().set_headers(5), (TypeError,), "headers"),  # type: ignore[arg-type]
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().set_timeout("5"), (TypeError,), "msecs"),
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().set_timeout(5, "x"), (TypeError,), "callback"),  # type: ignore[arg-type]
    ("ERR_INVALID_ARG_TYPE", lambda: by_hand().write_early_hints("x"), (TypeError,), "hints"),  # type: ignore[arg-type]
    ("ERR_INVALID_ARG_VALUE", lambda: by_hand().write_head(200, ["a"]), (TypeError, ValueError), "headers"),
    ("ERR_INVALID_ARG_VALUE", lambda: by_hand().write_early_hints({"link": "x"}), (TypeError, ValueError), "hints"),
    ("ERR_OUT_OF_RANGE", lambda: by_hand().write_information(200), (ValueError,), "200"),
    ("ERR_OUT_OF_RANGE", lambda: by_hand().set_timeout(-1), (ValueError,), "-1"),
    ("ERR_HTTP_INVALID_STATUS_CODE", lambda: by_hand().write_head(99), (ValueError,), "99"),
    ("ERR_HTTP_INVALID_STATUS_CODE", lambda: by_hand().write_information(101), (ValueError,), "101"),
    ("ERR_HTTP_TRAILER_INVALID", lambda: by_hand("HEAD").write_head(200, {"trailer": "x"}), (RuntimeError,), "railer"),
    ("ERR_HTTP_CONTENT_LENGTH_MISMATCH", _raise_mismatch, (RuntimeError,), "2"),
    ("ERR_HTTP_BODY_NOT_ALLOWED", _raise_body, (RuntimeError,), "content"),
    ("ERR_HTTP_SOCKET_ASSIGNED", _assign_twice, (RuntimeError,), "assigned socket"),
    ("ERR_INTERNAL_ASSERTION", lambda: by_hand().detach_socket(Writable()), (RuntimeError,), "not assigned"),
    ("ERR_METHOD_NOT_IMPLEMENTED", lambda: http.OutgoingMessage().write("x"), (NotImplementedError,), "implicit"),
    ("ERR_STREAM_NULL_VALUES", lambda: by_hand().write(None), (TypeError,), "None"),
    ("ERR_UNKNOWN_ENCODING", lambda: by_hand().write("x", "nope"), (TypeError, ValueError), "nope"),
    ("ERR_UNKNOWN_ENCODING", lambda: by_hand().end("x", "nope"), (TypeError, ValueError), "nope"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "call", "classes", "says"), RAISED)
def test_what_is_raised(code: str, call: Any, classes: tuple[type[Exception], ...], says: str) -> None:
    """Code, class, and what the message tells."""
    error = fail_with(call)
    assert isinstance(error, errors.HTTPError)
    assert error.code == code
    for each in classes:
        assert isinstance(error, each)
    assert says in str(error)


def test_what_is_told() -> None:
    """Errors of callbacks and events: code and class."""
    told: list[Any] = []
    res = by_hand()
    res.on("error", told.append)
    res.end()
    res.write("x")
    res.pipe()
    gone = by_hand()
    gone.destroy()
    gone.write("x", told.append)
    w = Writable()
    again = by_hand()
    again.assign_socket(w)
    again.end()
    again.end(told.append)
    settle()
    assert {error.code for error in told} == {
        "ERR_STREAM_WRITE_AFTER_END",
        "ERR_STREAM_CANNOT_PIPE",
        "ERR_STREAM_DESTROYED",
        "ERR_STREAM_ALREADY_FINISHED",
    }
    assert all(isinstance(error, RuntimeError) for error in told)


@pytest.mark.parametrize(
    ("cause", "code"), [(ConnectionResetError(errno.ECONNRESET, "reset"), "ECONNRESET"), (None, "EPIPE")]
)
def test_write_callbacks_hear_what_the_system_says(cause: Any, code: str) -> None:
    """An OSError with the system's code and text."""
    told: list[Any] = []
    served = serve(lambda res: res.flush_headers())
    served.client.stall()
    served.res.write(BIG, told.append)
    settle()
    served.client.transport.feed(cause or BrokenPipeError(errno.EPIPE, "pipe"))
    settle()
    (error,) = told
    assert isinstance(error, OSError)
    assert error.code == code  # type: ignore[attr-defined]
