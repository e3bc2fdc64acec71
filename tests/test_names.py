"""Every public member is there, in Python's spelling and in Node's, and says what it is for."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
from typing import Any

import pytest

import writehead
from writehead import errors, events, http, https, websocket
from writehead._semantics import exchange as _wire

EMITTER = """
    on add_listener once off remove_listener remove_all_listeners prepend_listener prepend_once_listener emit
    listeners raw_listeners listener_count event_names set_max_listeners get_max_listeners
"""

OPTIONS = """
    keep_alive_timeout keep_alive_timeout_buffer headers_timeout request_timeout connections_checking_interval
    timeout max_header_size max_headers_count max_requests_per_socket max_connections no_delay keep_alive
    keep_alive_initial_delay high_water_mark require_host_header join_duplicate_headers
    insecure_http_parser emit_close_after_finish write_timeout body_timeout
    reject_non_standard_body_writes optimize_empty_requests max_body_size default_headers send_date trusted_proxies forwarded_headers should_upgrade_callback unique_headers IncomingMessage
    ServerResponse
"""

SERVER = """
    listen close close_idle_connections close_all_connections address get_connections set_timeout ref unref
    listening
"""

OUTGOING = """
    end finished get_header get_header_names get_headers has_header headers_sent remove_header set_header
    set_timeout write add_trailers append_header chunked_encoding closed connection cork destroy destroyed
    errored flush_headers get_raw_header_names pipe send_date set_headers should_keep_alive socket
    strict_content_length uncork use_chunked_encoding_by_default writable writable_corked writable_ended
    writable_finished writable_high_water_mark writable_length writable_need_drain writable_object_mode
    drain wait_finished
"""

RESPONSE = """
    req status_code status_message write_head assign_socket detach_socket write_continue write_early_hints
    write_information write_processing send_file
"""

INCOMING = """
    method url http_version http_version_major http_version_minor headers headers_distinct raw_headers trailers
    trailers_distinct raw_trailers complete aborted destroyed errored closed readable readable_ended
    readable_flowing readable_length readable_high_water_mark readable_aborted readable_did_read
    readable_encoding socket connection read pause resume is_paused pipe unpipe set_encoding set_timeout destroy
    signal bytes text json __aiter__
"""

SOCKET = """
    write end destroy destroy_soon destroyed pause resume cork uncork set_timeout timeout set_no_delay
    set_keep_alive remote_address remote_family remote_port local_address local_family local_port address
    bytes_read bytes_written readable writable writable_length writable_high_water_mark ready_state encrypted
    authorized alpn_protocol get_cipher get_peer_certificate server ref unref drain transport __aiter__
"""

HTTP = """
    create_server run Server IncomingMessage OutgoingMessage ServerResponse Socket EventEmitter METHODS
    STATUS_CODES max_header_size native validate_header_name validate_header_value pipeline
"""

WEB_SOCKET = """
    CONNECTING OPEN CLOSING CLOSED ready_state protocol extensions buffered_amount binary_type is_paused pause resume
    send ping pong close terminate socket req close_code close_reason url receive drain wait_closed __aiter__
    __aenter__
"""

WEB_SOCKET_SERVER = """
    clients options address handle_upgrade should_handle close
"""

CLASSES: dict[Any, str] = {
    http.EventEmitter: EMITTER,
    http.Server: SERVER + OPTIONS + EMITTER,
    http.OutgoingMessage: OUTGOING + EMITTER,
    http.ServerResponse: OUTGOING + RESPONSE + EMITTER,
    http.IncomingMessage: INCOMING + EMITTER,
    http.Socket: SOCKET + EMITTER,
    websocket.WebSocket: WEB_SOCKET + EMITTER,
    websocket.WebSocketServer: WEB_SOCKET_SERVER + EMITTER,
}

MEMBERS = [(cls, name) for cls, names in CLASSES.items() for name in names.split()]


def in_node(name: str) -> str:
    """Return Node's spelling: `set_header` is `setHeader`."""
    if name == "insecure_http_parser":
        return "insecureHTTPParser"
    return re.sub(r"(?<=[a-z0-9])_([a-z])", lambda match: match[1].upper(), name)


def ids(value: object) -> str:
    return value.__name__ if isinstance(value, type) else str(value)


def statically(cls: Any, name: str) -> bool:
    """Tell whether a type checker sees `name` on `cls`: in its body, annotated, or set when it is made."""
    return any(
        name in vars(base)
        or name in vars(base).get("__annotations__", {})
        or f"self.{name} = " in inspect.getsource(base)
        for base in cls.__mro__[:-1]
    )


@pytest.mark.parametrize(("cls", "name"), MEMBERS, ids=ids)
def test_a_member_is_there_in_both_spellings(cls: Any, name: str) -> None:
    """The class body has each member under Python's name and under Node's."""
    assert statically(cls, name), f"{cls.__name__} lacks {name}"
    assert statically(cls, in_node(name)), f"{cls.__name__} lacks {in_node(name)}, the Node name of {name}"


class OtherMessage(http.IncomingMessage):
    """Another class of requests."""


class OtherResponse(http.ServerResponse):
    """Another class of responses."""


OTHERS: dict[str, Any] = {
    "unique_headers": {"x"},
    "default_headers": (("X-A", "b"),),
    "trusted_proxies": ("::1",),
    "forwarded_headers": ("forwarded",),
    "should_upgrade_callback": callable,
    "IncomingMessage": OtherMessage,
    "ServerResponse": OtherResponse,
}


def _another(value: Any, name: str) -> Any:
    """Return a value that an option may have, and has not."""
    return OTHERS[name] if name in OTHERS else not value if isinstance(value, bool) else 7


@pytest.mark.parametrize(("cls", "name"), MEMBERS, ids=ids)
def test_both_spellings_are_one_member(cls: Any, name: str) -> None:
    """Node's spelling is the same function or descriptor, so that neither can stray."""
    if name in OPTIONS.split():
        server = http.create_server()
        value = _another(getattr(server, name), name)
        setattr(server, in_node(name), value)
        assert getattr(server, name) == getattr(server, in_node(name)) == value
    elif name in dir(cls) and in_node(name) in dir(cls):
        assert getattr(cls, name) is getattr(cls, in_node(name))


@pytest.mark.parametrize(("cls", "name"), MEMBERS, ids=ids)
def test_a_method_says_what_it_is_for(cls: Any, name: str) -> None:
    """Methods and properties have docstrings."""
    member = inspect.getattr_static(cls, name, None)
    if inspect.isfunction(member) or isinstance(member, property):
        assert inspect.getdoc(member), f"{cls.__name__}.{name} has no docstring"


PUBLIC = ("write_head", "get_headers", "readable_flowing", "remote_address", "close_idle_connections")


def test_the_spellings_of_node() -> None:
    """The rule that makes one spelling of the other is the one of Node's documentation."""
    assert [in_node(name) for name in PUBLIC] == [
        "writeHead",
        "getHeaders",
        "readableFlowing",
        "remoteAddress",
        "closeIdleConnections",
    ]


@pytest.mark.parametrize("cls", CLASSES, ids=ids)
def test_no_public_member_has_but_one_spelling(cls: Any) -> None:
    """A member outside the lists above, too, answers to both spellings."""
    seams = {
        *dir(asyncio.Protocol),
        *dir(_wire.Sink),
        "put_ahead",
    }  # a socket is also what the loop and the framing know
    public = {name for name in dir(cls) if not name.startswith("_")} - seams
    lacking = sorted(
        name for name in public if name == name.lower() and "_" in name and in_node(name) not in public
    )
    assert not lacking


@pytest.mark.parametrize("name", HTTP.split())
def test_http_has(name: str) -> None:
    """The module `http` has each name of the contract, in both spellings, with a docstring if it is called."""
    member = getattr(http, name)
    if name == name.lower():
        assert getattr(http, in_node(name)) == member
    if callable(member):
        assert inspect.getdoc(member)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (https, ("create_server", "createServer", "Server")),
        (events, ("EventEmitter", "once")),
        (errors, ("HTTPError", "ParseError", "SystemCallError")),
    ],
)
def test_the_other_modules_have(module: Any, names: tuple[str, ...]) -> None:
    """The modules beside `http` have theirs."""
    for name in names:
        assert getattr(module, name)


@pytest.mark.parametrize(
    "error",
    [
        member
        for member in vars(errors).values()
        if isinstance(member, type) and issubclass(member, errors.HTTPError)
    ],
    ids=ids,
)
def test_an_error_says_what_it_is(error: type[errors.HTTPError]) -> None:
    """Every error has a code, a docstring and, but for the base, a builtin that takes it too."""
    assert inspect.getdoc(error)
    if error is not errors.HTTPError:
        assert isinstance(error.code, str)
        assert any(base.__module__ == "builtins" and base is not Exception for base in error.__mro__[1:-3])


def test_the_package() -> None:
    """`writehead` gives its public modules and its version, once."""
    assert set(writehead.__all__) == {"__version__", "errors", "events", "http", "https"}
    for name in writehead.__all__:
        assert getattr(writehead, name)


@pytest.mark.parametrize("name", ["errors", "events", "http", "https", "websocket", "testing"])
def test_a_public_module_says_what_lives_there(name: str) -> None:
    """Each public module has a docstring."""
    assert importlib.import_module(f"writehead.{name}").__doc__
