"""Outcome: how an exchange ended."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How an exchange, one request and its response, ended; each is a string, too."""

    #: The operating system has every byte of the response.
    FINISHED = "finished"
    #: The client ended its side, and the response had not been sent whole.
    CLIENT_CLOSED = "client_closed"
    #: The client has reset the connection, or the network has.
    CLIENT_RESET = "client_reset"
    #: The request took longer than `request_timeout`.
    TIMEOUT_REQUEST = "timeout_request"
    #: Its body made no progress for `body_timeout`.
    TIMEOUT_BODY = "timeout_body"
    #: The client took nothing of the response for `write_timeout`.
    TIMEOUT_WRITE = "timeout_write"
    #: The program did not respond in time.
    TIMEOUT_HANDLER = "timeout_handler"
    #: There was no traffic for `timeout`.
    TIMEOUT_IDLE = "timeout_idle"
    #: The parser or a limit has refused the request.
    BAD_REQUEST = "bad_request"
    #: The server has refused it: it had too many.
    REFUSED = "refused"
    #: The handler has raised after the head of the response was sent.
    FAILED = "failed"
    #: The program has called `destroy`.
    DESTROYED = "destroyed"
    #: The server has closed the connection, at the deadline of a stop or by `close_all_connections`.
    SERVER_CUT = "server_cut"
    #: The connection was handed over to 'upgrade' or 'connect'.
    UPGRADED = "upgraded"
