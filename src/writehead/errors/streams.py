"""Errors of a stream whose methods are called in the wrong order."""

from __future__ import annotations

from writehead.errors.base import HTTPError


class StreamNullValuesError(HTTPError, TypeError):
    """Write a `str` or bytes: `None` is not a chunk; `b""` writes nothing."""

    code = "ERR_STREAM_NULL_VALUES"

    def __init__(self) -> None:
        super().__init__("May not write null values to stream: None is not a chunk")


class StreamWriteAfterEndError(HTTPError, RuntimeError):
    """Write before `end`: data written after it is dropped."""

    code = "ERR_STREAM_WRITE_AFTER_END"

    def __init__(self, call: str = "", place: str | None = None) -> None:
        """Add to the text which call, such as "end()", was too late, and its file and line."""
        where = "" if place is None else f" at {place}"
        super().__init__("write after end" + (f": {call} was called{where} after end()" if call else ""))
        self.place = place


class StreamAlreadyFinishedError(HTTPError, RuntimeError):
    """Call `method` only before the stream has finished."""

    code = "ERR_STREAM_ALREADY_FINISHED"

    def __init__(self, method: str) -> None:
        super().__init__(f"Cannot call {method} after a stream was finished")
        self.method = method


class StreamDestroyedError(HTTPError, RuntimeError):
    """Stop when the connection is closed: `method` was called after the stream was destroyed."""

    code = "ERR_STREAM_DESTROYED"

    def __init__(self, method: str) -> None:
        super().__init__(f"Cannot call {method} after a stream was destroyed")
        self.method = method


class StreamCannotPipeError(HTTPError, RuntimeError):
    """Pipe the request into the response: a response cannot be read."""

    code = "ERR_STREAM_CANNOT_PIPE"

    def __init__(self) -> None:
        super().__init__("Cannot pipe, not readable")


class PrematureCloseError(HTTPError, RuntimeError):
    """The stream was destroyed before its end, without an error."""

    code = "ERR_STREAM_PREMATURE_CLOSE"

    def __init__(self) -> None:
        super().__init__("Premature close")


class UnshiftAfterEndError(HTTPError, RuntimeError):
    """Call `unshift` before 'end': after it nothing is read."""

    code = "ERR_STREAM_UNSHIFT_AFTER_END_EVENT"

    def __init__(self) -> None:
        super().__init__("stream.unshift() after end event")


class UnhandledError(HTTPError, RuntimeError):
    """Add a listener of 'error': it was emitted without one, with `context`, which is not an exception."""

    code = "ERR_UNHANDLED_ERROR"

    def __init__(self, context: object = None) -> None:
        super().__init__(f"Unhandled error. ({context!r})")
        self.context = context


class AbortError(HTTPError, RuntimeError):
    """The operation was aborted on purpose, by a signal or by leaving a loop."""

    code = "ABORT_ERR"

    def __init__(self, text: str = "The operation was aborted") -> None:
        super().__init__(text)
