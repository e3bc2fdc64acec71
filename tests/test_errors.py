"""Every error: its code, its builtins, its facts, its sentence."""

from __future__ import annotations

import builtins
import copy
import errno
import inspect
import json
import pickle
import re
import socket
import ssl
from collections.abc import Callable

import pytest

from tests.kit.node import HERE, run_on_node
from writehead import errors
from writehead.errors import HTTPError
from writehead.errors.received import described

# An error, its code, the sentence, the builtins that catch it, the status it answers with.
ROWS: list[tuple[HTTPError, str, str, list[type[Exception]], int | None]] = [
    (
        errors.HeadersSentError("set"),
        "ERR_HTTP_HEADERS_SENT",
        "Cannot set headers after they are sent to the client",
        [RuntimeError],
        None,
    ),
    (
        errors.TrailerInvalidError(),
        "ERR_HTTP_TRAILER_INVALID",
        "Trailers are invalid with this transfer encoding: they need a chunked body",
        [RuntimeError],
        None,
    ),
    (
        errors.ContentLengthMismatchError(3, 2),
        "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
        "Response body's content-length of 3 byte(s) does not match the content-length of 2 byte(s) set in header",
        [RuntimeError],
        None,
    ),
    (
        errors.BodyNotAllowedError(),
        "ERR_HTTP_BODY_NOT_ALLOWED",
        "Adding content for this request method or response status is not allowed.",
        [RuntimeError],
        None,
    ),
    (
        errors.FileChangedError(10, 4),
        "ERR_HTTP_FILE_CHANGED",
        "The file ended after 4 of 10 byte(s)",
        [RuntimeError],
        None,
    ),
    (
        errors.SocketAssignedError(),
        "ERR_HTTP_SOCKET_ASSIGNED",
        "ServerResponse has an already assigned socket",
        [RuntimeError],
        None,
    ),
    (
        errors.SocketEncodingError(),
        "ERR_HTTP_SOCKET_ENCODING",
        "Changing the socket encoding is not allowed per RFC7230 Section 3.",
        [RuntimeError],
        None,
    ),
    (
        errors.InternalAssertionError("the socket carries another response"),
        "ERR_INTERNAL_ASSERTION",
        "the socket carries another response",
        [RuntimeError],
        None,
    ),
    (
        errors.MethodNotImplementedError("write()"),
        "ERR_METHOD_NOT_IMPLEMENTED",
        "The write() method is not implemented",
        [RuntimeError, NotImplementedError],
        None,
    ),
    (
        errors.InvalidHTTPTokenError("Header name", "a b"),
        "ERR_INVALID_HTTP_TOKEN",
        'Header name must be a valid HTTP token ["a b"]',
        [TypeError, ValueError],
        None,
    ),
    (
        errors.InvalidHTTPTokenError("Header name", 5),
        "ERR_INVALID_HTTP_TOKEN",
        'Header name must be a valid HTTP token ["5"]',
        [TypeError, ValueError],
        None,
    ),
    (
        errors.InvalidHeaderValueError(None, "X-A"),
        "ERR_HTTP_INVALID_HEADER_VALUE",
        'Invalid value "None" for header "X-A"; it must be a str, a number, bytes or a list of these',
        [TypeError, ValueError],
        None,
    ),
    (
        errors.InvalidCharError("header content", "X-A", "\n", 2),
        "ERR_INVALID_CHAR",
        (
            "Invalid character in header content [\"X-A\"]: '\\n' at index 2; "
            "only a tab and U+0020 to U+00FF without U+007F are valid"
        ),
        [TypeError, ValueError],
        None,
    ),
    (
        errors.InvalidCharError("status_message", None, "\x7f", 0),
        "ERR_INVALID_CHAR",
        (
            "Invalid character in status_message: '\\x7f' at index 0; "
            "only a tab and U+0020 to U+00FF without U+007F are valid"
        ),
        [TypeError, ValueError],
        None,
    ),
    (
        errors.InvalidArgTypeError("chunk", "a str or bytes-like", 5),
        "ERR_INVALID_ARG_TYPE",
        'The "chunk" argument must be a str or bytes-like. Received type int (5)',
        [TypeError],
        None,
    ),
    (
        errors.UnknownOptionError("a server", "prot", "did you mean 'port'?"),
        "ERR_UNKNOWN_OPTION",
        "a server has no option 'prot', did you mean 'port'?",
        [TypeError],
        None,
    ),
    (
        errors.InvalidArgValueError("headers", ["a"]),
        "ERR_INVALID_ARG_VALUE",
        "The argument 'headers' is invalid. Received an instance of list",
        [TypeError, ValueError],
        None,
    ),
    (
        errors.OutOfRangeError("timeout", ">= 0", -1),
        "ERR_OUT_OF_RANGE",
        'The value of "timeout" is out of range. It must be >= 0. Received -1',
        [ValueError],
        None,
    ),
    (
        errors.InvalidStatusCodeError("abc"),
        "ERR_HTTP_INVALID_STATUS_CODE",
        "Invalid status code: abc; it must be from 100 to 999; an informational response cannot be 101",
        [ValueError],
        None,
    ),
    (
        errors.UnknownEncodingError("klingon"),
        "ERR_UNKNOWN_ENCODING",
        (
            "Unknown encoding: klingon; it must be one of "
            "utf8, latin1, binary, ascii, hex, base64, base64url, ucs2, utf16le"
        ),
        [TypeError, ValueError],
        None,
    ),
    (
        errors.BadPortError("port", 99999),
        "ERR_SOCKET_BAD_PORT",
        "port should be >= 0 and < 65536. Received type int (99999).",
        [ValueError],
        None,
    ),
    (
        errors.StreamNullValuesError(),
        "ERR_STREAM_NULL_VALUES",
        "May not write null values to stream: None is not a chunk",
        [TypeError],
        None,
    ),
    (
        errors.StreamWriteAfterEndError(),
        "ERR_STREAM_WRITE_AFTER_END",
        "write after end",
        [RuntimeError],
        None,
    ),
    (
        errors.StreamAlreadyFinishedError("end"),
        "ERR_STREAM_ALREADY_FINISHED",
        "Cannot call end after a stream was finished",
        [RuntimeError],
        None,
    ),
    (
        errors.StreamDestroyedError("write"),
        "ERR_STREAM_DESTROYED",
        "Cannot call write after a stream was destroyed",
        [RuntimeError],
        None,
    ),
    (
        errors.StreamCannotPipeError(),
        "ERR_STREAM_CANNOT_PIPE",
        "Cannot pipe, not readable",
        [RuntimeError],
        None,
    ),
    (errors.PrematureCloseError(), "ERR_STREAM_PREMATURE_CLOSE", "Premature close", [RuntimeError], None),
    (
        errors.UnshiftAfterEndError(),
        "ERR_STREAM_UNSHIFT_AFTER_END_EVENT",
        "stream.unshift() after end event",
        [RuntimeError],
        None,
    ),
    (
        errors.UnhandledError({"a": 1}),
        "ERR_UNHANDLED_ERROR",
        "Unhandled error. ({'a': 1})",
        [RuntimeError],
        None,
    ),
    (errors.AbortError(), "ABORT_ERR", "The operation was aborted", [RuntimeError], None),
    (
        errors.ServerAlreadyListenError(),
        "ERR_SERVER_ALREADY_LISTEN",
        "Listen method has been called more than once without closing.",
        [RuntimeError],
        None,
    ),
    (
        errors.ServerNotRunningError(),
        "ERR_SERVER_NOT_RUNNING",
        "Server is not running.",
        [RuntimeError],
        None,
    ),
    (
        errors.ASGIMessageError("http.response.start", "status", "must be an int", "200"),
        "ERR_ASGI_MESSAGE",
        "The ASGI message 'http.response.start': 'status' must be an int. Received '200'",
        [ValueError, TypeError],
        None,
    ),
    (
        errors.ASGIStateError("http.response.body", "the response has not begun", "http.response.start"),
        "ERR_ASGI_STATE",
        "The ASGI message 'http.response.body' does not fit: the response has not begun; expected http.response.start",
        [RuntimeError],
        None,
    ),
    (
        errors.LifespanError("startup", "no database"),
        "ERR_ASGI_LIFESPAN",
        "no database",
        [RuntimeError],
        None,
    ),
    (
        errors.WSGIStateError("write", "was called after the response"),
        "ERR_WSGI_STATE",
        "write() was called after the response",
        [RuntimeError],
        None,
    ),
    (
        errors.ParseError("HPE_INVALID_METHOD", "Invalid method encountered", 3, b"get"),
        "HPE_INVALID_METHOD",
        "Parse Error: Invalid method encountered",
        [ValueError],
        400,
    ),
    (
        errors.ParseError("HPE_INVALID_EOF_STATE", "Invalid EOF state", 0),
        "HPE_INVALID_EOF_STATE",
        "Parse Error",
        [ValueError],
        400,
    ),
    (
        errors.ParseError("HPE_HEADER_OVERFLOW", "Header overflow", 9),
        "HPE_HEADER_OVERFLOW",
        "Parse Error: Header overflow",
        [ValueError],
        431,
    ),
    (
        errors.ParseError("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow", 9),
        "HPE_CHUNK_EXTENSIONS_OVERFLOW",
        "Parse Error: Chunk extensions overflow",
        [ValueError],
        413,
    ),
    (
        errors.InvalidProtocolVersionError("x", "minimum"),
        "ERR_TLS_INVALID_PROTOCOL_VERSION",
        '"x" is not a valid minimum TLS protocol version; it must be "TLSv1.2" or "TLSv1.3"',
        [TypeError, ValueError],
        None,
    ),
    (
        errors.ServerNameRequiredError(),
        "ERR_TLS_REQUIRED_SERVER_NAME",
        '"servername" is required parameter for Server.addContext: name a host, or "*" for any',
        [ValueError],
        None,
    ),
    (
        errors.PayloadTooLargeError(10),
        "ERR_HTTP_PAYLOAD_TOO_LARGE",
        "The request body is larger than the limit of 10 byte(s)",
        [ValueError],
        413,
    ),
    (
        errors.RequestTimeoutError(),
        "ERR_HTTP_REQUEST_TIMEOUT",
        "Request timeout",
        [TimeoutError, OSError],
        408,
    ),
    (
        errors.WriteTimeoutError(),
        "ERR_HTTP_WRITE_TIMEOUT",
        "Write timeout",
        [TimeoutError, OSError],
        None,
    ),
    (
        errors.HandshakeTimeoutError(),
        "ERR_TLS_HANDSHAKE_TIMEOUT",
        "TLS handshake timeout",
        [TimeoutError, OSError],
        None,
    ),
    (
        errors.WebSocketError("ERR_WEBSOCKET_HANDSHAKE", "this origin may not connect", status=403),
        "ERR_WEBSOCKET_HANDSHAKE",
        "this origin may not connect",
        [ValueError],
        403,
    ),
    (
        errors.WebSocketError("WS_ERR_EXPECTED_MASK", "Invalid WebSocket frame: MASK must be set", 1002),
        "WS_ERR_EXPECTED_MASK",
        "Invalid WebSocket frame: MASK must be set",
        [ValueError],
        None,
    ),
    (
        errors.WebSocketNotOpenError(2),
        "ERR_WEBSOCKET_NOT_OPEN",
        "WebSocket is not open: readyState 2 (CLOSING)",
        [RuntimeError],
        None,
    ),
    (
        errors.TLSError("ERR_SSL_HTTP_REQUEST", "http request"),
        "ERR_SSL_HTTP_REQUEST",
        "http request",
        [OSError],
        None,
    ),
    (errors.DrainingError(), "ERR_SERVER_DRAINING", "The server is draining", [errors.AbortError], None),
    (
        errors.ServerCutError(),
        "ERR_SERVER_CUT",
        "The connection is cut: the time of the drain is over",
        [errors.AbortError],
        None,
    ),
    (
        errors.SystemCallError("EADDRINUSE", "listen", "127.0.0.1", 8080),
        "EADDRINUSE",
        "listen EADDRINUSE: address already in use 127.0.0.1:8080",
        [OSError],
        None,
    ),
    (errors.ConnectionLostError(), "ECONNRESET", "aborted", [OSError, ConnectionResetError], None),
]
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, HTTPError)]


@pytest.mark.parametrize(("error", "code", "sentence", "kinds", "status"), ROWS, ids=lambda value: "")
def test_an_error_tells_code_sentence_and_status(
    error: HTTPError, code: str, sentence: str, kinds: list[type[Exception]], status: int | None
) -> None:
    """The class makes the sentence from the facts; the builtins that fit catch it."""
    assert error.code == code
    assert str(error) == error.message == sentence
    assert error.status == status
    assert isinstance(error, HTTPError)
    assert all(isinstance(error, kind) for kind in kinds)


def test_every_class_has_a_row() -> None:
    """No class is left out of the table above."""
    assert {type(row[0]) for row in ROWS} == set(CLASSES) - {HTTPError}


@pytest.mark.parametrize(
    "copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"]
)
@pytest.mark.parametrize("error", [row[0] for row in ROWS], ids=lambda error: type(error).__name__)
def test_a_copy_says_the_same(error: HTTPError, copied: Callable[[HTTPError], HTTPError]) -> None:
    """An error that crosses to another process keeps its code, its facts and its sentence."""
    twin = copied(error)
    assert type(twin) is type(error)
    assert (twin.code, str(twin), twin.args, vars(twin)) == (error.code, str(error), error.args, vars(error))
    assert getattr(twin, "errno", None) == getattr(error, "errno", None)


# An error of Node's, as its code and what it is made with, and the same one of ours.
TWINS: list[tuple[list[object], HTTPError]] = [
    *[
        (["ERR_HTTP_HEADERS_SENT", word], errors.HeadersSentError(word))
        for word in ("set", "append", "write")
    ],
    (["ERR_HTTP_TRAILER_INVALID"], errors.TrailerInvalidError()),
    (["ERR_HTTP_CONTENT_LENGTH_MISMATCH", 3, 2], errors.ContentLengthMismatchError(3, 2)),
    (["ERR_HTTP_BODY_NOT_ALLOWED"], errors.BodyNotAllowedError()),
    (["ERR_HTTP_SOCKET_ASSIGNED"], errors.SocketAssignedError()),
    (["ERR_HTTP_SOCKET_ENCODING"], errors.SocketEncodingError()),
    (["ERR_METHOD_NOT_IMPLEMENTED", "write()"], errors.MethodNotImplementedError("write()")),
    *[
        (["ERR_INVALID_HTTP_TOKEN", "Header name", name], errors.InvalidHTTPTokenError("Header name", name))
        for name in ("a b", "", "a" * 200, "it's", 3840, -1, 1.5, None, True)
    ],
    *[
        (["ERR_HTTP_INVALID_HEADER_VALUE", value, "X-A"], errors.InvalidHeaderValueError(value, "X-A"))
        for value in (None, "it's", 5)
    ],
    (
        ["ERR_INVALID_CHAR", "header content", "X-A"],
        errors.InvalidCharError("header content", "X-A", "\n", 0),
    ),
    (["ERR_INVALID_CHAR", "statusMessage"], errors.InvalidCharError("statusMessage", None, "\n", 0)),
    *[
        (
            ["ERR_INVALID_ARG_TYPE", name, "string", value],
            errors.InvalidArgTypeError(name, "of type str", value),
        )
        for name in ("name", "options.name", "first argument")
        for value in (5, 1.5, "", "a", "it's", "x" * 28, "x" * 29, None, True, False, [], [1], {})
    ],
    *[
        (["ERR_INVALID_ARG_VALUE", name, value, reason], errors.InvalidArgValueError(name, value, reason))
        for name, reason in (("headers", "is invalid"), ("options.port", "must be a port"))
        for value in (5, "a", "it's", "x" * 126, "x" * 127, "x" * 200, None, True)
    ],
    *[
        (["ERR_OUT_OF_RANGE", "size", ">= 0", value], errors.OutOfRangeError("size", ">= 0", value))
        for value in (-1, 1.5, 2**32, 2**32 + 1, -(2**40), "a")
    ],
    *[
        (["ERR_HTTP_INVALID_STATUS_CODE", value], errors.InvalidStatusCodeError(value))
        for value in ("abc", "it's", "", 99, 1000.5, None, True)
    ],
    (["ERR_UNKNOWN_ENCODING", "klingon"], errors.UnknownEncodingError("klingon")),
    *[
        (["ERR_SOCKET_BAD_PORT", "options.port", value], errors.BadPortError("options.port", value))
        for value in (99999, -1, 1.5, "x", None, True)
    ],
    *[
        (["ERR_TLS_INVALID_PROTOCOL_VERSION", value, which], errors.InvalidProtocolVersionError(value, which))
        for value, which in (("x", "minimum"), ('"é\n', "maximum"), (5, "maximum"))
    ],
    (["ERR_TLS_REQUIRED_SERVER_NAME"], errors.ServerNameRequiredError()),
    (["ERR_STREAM_NULL_VALUES"], errors.StreamNullValuesError()),
    (["ERR_STREAM_WRITE_AFTER_END"], errors.StreamWriteAfterEndError()),
    (["ERR_STREAM_ALREADY_FINISHED", "end"], errors.StreamAlreadyFinishedError("end")),
    (["ERR_STREAM_DESTROYED", "write"], errors.StreamDestroyedError("write")),
    (["ERR_STREAM_CANNOT_PIPE"], errors.StreamCannotPipeError()),
    (["ERR_STREAM_PREMATURE_CLOSE"], errors.PrematureCloseError()),
    (["ERR_STREAM_UNSHIFT_AFTER_END_EVENT"], errors.UnshiftAfterEndError()),
    (["ERR_UNHANDLED_ERROR", 5], errors.UnhandledError(5)),
    (["ERR_SERVER_ALREADY_LISTEN"], errors.ServerAlreadyListenError()),
    (["ERR_SERVER_NOT_RUNNING"], errors.ServerNotRunningError()),
    (["ERR_HTTP_REQUEST_TIMEOUT"], errors.RequestTimeoutError()),
    (["ERR_TLS_HANDSHAKE_TIMEOUT"], errors.HandshakeTimeoutError()),
]
# Node's asks to report a bug of Node's.
NOT_NODES_WORDS = {"ERR_INTERNAL_ASSERTION"}
# The names of JavaScript, and what Python calls the same.
WORDS = {
    "type string": "type str",
    "type boolean": "type bool",
    "type number (1.5)": "type float (1.5)",
    "type number": "type int",
    "an instance of Array": "an instance of list",
    "an instance of Object": "an instance of dict",
    "null": "None",
    "true": "True",
    "false": "False",
}


def in_python(sentence: str) -> str:
    """Return a sentence of Node's with the names that Python has for types and values."""
    for theirs, ours in WORDS.items():
        sentence = re.sub(rf"\b{re.escape(theirs)}(?!\w| values)", ours, sentence)
    return sentence


def node_sentences(asked: list[list[object]]) -> list[str | None]:
    """Return what Node says of each error, None of one that it does not have."""
    sentences: list[str | None] = run_on_node(
        "--expose-internals", HERE / "errors_peer.js", json.dumps(asked)
    )
    return sentences


@pytest.mark.node
def test_nodes_sentence_comes_first_and_whole() -> None:
    """What the library adds stands behind Node's sentence and a colon or a semicolon."""
    said = node_sentences([asked for asked, _ in TWINS])
    wrong = []
    for (asked, ours), theirs in zip(TWINS, said, strict=True):
        first = in_python(theirs or "")
        rest = str(ours).removeprefix(first)
        if ours.code != asked[0] or not str(ours).startswith(first) or rest[:2] not in ("", ": ", "; "):
            wrong.append((str(ours), theirs))
    assert not wrong


@pytest.mark.node
def test_no_code_of_nodes_is_left_out() -> None:
    """Each class whose code Node has is compared with Node's."""
    codes = sorted({row[1] for row in ROWS} - NOT_NODES_WORDS - {str(asked[0]) for asked, _ in TWINS})
    said = node_sentences([[code] for code in codes])
    assert [code for code, sentence in zip(codes, said, strict=True) if sentence is not None] == []


def test_every_class_tells_its_user_what_to_do() -> None:
    """Every class has a docstring of its own."""
    assert all("__doc__" in vars(kind) and kind.__doc__ for kind in CLASSES)


def test_the_drawn_tree_is_the_real_one() -> None:
    """The tree in the module's docstring names each class, its code and the builtins that catch it."""
    lines = re.findall(
        r"\+-- (\w+Error) +([A-Z_]+)\S*(?:, .*?\.\.\.)? +([A-Z]\w+(?:, \w+)?)$", errors.__doc__ or "", re.M
    )
    drawn = {name: (code, bases.split(", ")) for name, code, bases in lines}
    assert drawn.keys() == {kind.__name__ for kind in CLASSES} - {"HTTPError"}
    examples = {type(row[0]).__name__: row[1] for row in ROWS}
    for name, (code, bases) in drawn.items():
        kind = getattr(errors, name)
        assert all(issubclass(kind, getattr(builtins, base)) for base in bases), name
        assert examples[name].startswith(code) or name == "SystemCallError", name


def test_a_parse_error_has_both_spellings_of_its_facts() -> None:
    """`bytes_parsed` and `raw_packet` answer to Node's names too."""
    error = errors.ParseError("HPE_STRICT", "Expected LF after CR", 7, b"packet")
    assert (error.bytes_parsed, error.bytesParsed) == (7, 7)
    assert (error.raw_packet, error.rawPacket) == (b"packet", b"packet")
    assert error.reason == "Expected LF after CR"


def test_a_received_value_is_shown_only_where_it_is_short_and_harmless() -> None:
    """Types are always told, values if they are scalars, long ones cut."""
    assert described(None) == "None"
    assert described(True) == "type bool (True)"
    assert described("x" * 99) == f"type str ('{'x' * 25}...')"
    assert described({"secret": 1}) == "an instance of dict"
    assert described(len) == "function len"


def test_a_system_error_keeps_what_the_system_said() -> None:
    """`errno` is Python's positive number, beside the call, the address and the port."""
    error = errors.SystemCallError("EADDRINUSE", "listen", "127.0.0.1", 8080)
    assert (error.errno, error.strerror) == (errno.EADDRINUSE, "address already in use")
    assert (error.syscall, error.address, error.port) == ("listen", "127.0.0.1", 8080)


@pytest.mark.parametrize(
    ("given", "syscall", "code", "sentence"),
    [
        (
            OSError(errno.EADDRINUSE, "long words of a loop"),
            "listen",
            "EADDRINUSE",
            "listen EADDRINUSE: address already in use a:8",
        ),
        (
            OSError(errno.EADDRNOTAVAIL, ""),
            "listen",
            "EADDRNOTAVAIL",
            "listen EADDRNOTAVAIL: address not available a:8",
        ),
        (PermissionError(errno.EACCES, ""), "listen", "EACCES", "listen EACCES: permission denied a:8"),
        (FileNotFoundError(errno.ENOENT, ""), "listen", "EACCES", "listen EACCES: permission denied a:8"),
        (FileNotFoundError(errno.ENOENT, ""), "open", "ENOENT", "open ENOENT a:8"),
        (BrokenPipeError(), "write", "EPIPE", "write EPIPE a:8"),
        (ConnectionAbortedError(), "read", "ECONNABORTED", "read ECONNABORTED a:8"),
        (TimeoutError(), "connect", "ETIMEDOUT", "connect ETIMEDOUT: connection timed out a:8"),
        (OSError("no number"), "bind", "UNKNOWN", "bind UNKNOWN: no number a:8"),
        (OSError(99999, "odd"), "bind", "UNKNOWN", "bind UNKNOWN: [Errno 99999] odd a:8"),
        (socket.gaierror(socket.EAI_NONAME, ""), "getaddrinfo", "ENOTFOUND", "getaddrinfo ENOTFOUND a:8"),
        (socket.gaierror(socket.EAI_AGAIN, ""), "getaddrinfo", "EAI_AGAIN", "getaddrinfo EAI_AGAIN a:8"),
    ],
)
def test_an_error_of_the_system_is_told_in_nodes_words(
    given: OSError, syscall: str, code: str, sentence: str
) -> None:
    """The code is the name of the number, the sentence Node's, whatever the loop wrote."""
    error = errors.SystemCallError.from_oserror(given, syscall, "a", 8)
    assert (error.code, str(error)) == (code, sentence)


def test_an_address_stands_alone_where_there_is_no_port() -> None:
    """A Unix path has the port -1, a host name none; the path of the socket ends the sentence."""
    path = errors.SystemCallError("EADDRINUSE", "listen", "/run/a.sock", -1)
    assert str(path) == "listen EADDRINUSE: address already in use /run/a.sock"
    name = errors.SystemCallError("ENOTFOUND", "getaddrinfo", "no.invalid")
    assert str(name) == "getaddrinfo ENOTFOUND no.invalid"
    assert name.errno is None


@pytest.mark.parametrize("given", [ConnectionResetError(), ConnectionResetError(errno.ECONNRESET, "peer")])
def test_a_reset_is_a_lost_connection(given: OSError) -> None:
    """A reset by the client becomes the error that a lost connection always is."""
    error = errors.SystemCallError.from_oserror(given, "read", "a", 8)
    assert isinstance(error, errors.ConnectionLostError)
    assert (error.code, str(error), error.syscall) == ("ECONNRESET", "read ECONNRESET", "read")
    assert error.errno == errno.ECONNRESET


def test_an_error_of_tls_has_its_reason_as_code() -> None:
    """The code is Node's: plain HTTP on the TLS port is ERR_SSL_HTTP_REQUEST."""
    server, plain = ssl.MemoryBIO(), ssl.MemoryBIO()
    plain_request = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_bio(server, plain, server_side=True)
    server.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        plain_request.do_handshake()
    error = errors.TLSError.from_sslerror(caught.value)
    assert error.code == "ERR_SSL_HTTP_REQUEST"
    assert str(error) == str(caught.value)
    assert errors.TLSError.from_sslerror(OSError("odd")).code == "ERR_SSL_UNKNOWN"


def test_websocket_errors_have_both_spellings_of_their_facts() -> None:
    """`close_code`, `by_client` and `ready_state`."""
    error = errors.WebSocketError("WS_ERR_INVALID_UTF8", "x", 1007)
    assert (error.close_code, error.closeCode, error.by_client, error.byClient) == (1007, 1007, True, True)
    assert errors.WebSocketError("ERR_WEBSOCKET_HANDSHAKE", "x", status=400).by_client
    assert not errors.WebSocketError("ERR_WEBSOCKET_READ_TWICE", "x").by_client
    late = errors.WebSocketNotOpenError(3)
    assert (late.ready_state, late.readyState) == (3, 3)
