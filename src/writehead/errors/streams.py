"""The errors of a stream that is used in the wrong order."""

from __future__ import annotations

from writehead.errors.base import HTTPError


class StreamNullValuesError(HTTPError, TypeError):
    """Write a `str` or bytes, `b""` for nothing: `None` is no chunk."""

    code = "ERR_STREAM_NULL_VALUES"

    def __init__(self) -> None:
        super().__init__("May not write null values to stream: None is no chunk")


class StreamWriteAfterEndError(HTTPError, RuntimeError):
    """Write before `end`: what comes after it is dropped."""

    code = "ERR_STREAM_WRITE_AFTER_END"

    def __init__(self, call: str = "", place: str | None = None) -> None:
        """Say which call of the program's, such as "end()", was too late, and in which file and line."""
        where = "" if place is None else f" at {place}"
        super().__init__("write after end" + (f": {call} was called{where} after end()" if call else ""))
        self.place = place


class StreamAlreadyFinishedError(HTTPError, RuntimeError):
    """Call `method` once: the stream has finished."""

    code = "ERR_STREAM_ALREADY_FINISHED"

    def __init__(self, method: str) -> None:
        super().__init__(f"Cannot call {method} after a stream was finished")
        self.method = method


class StreamDestroyedError(HTTPError, RuntimeError):
    """Stop when the other side is gone: `method` was called after the stream was destroyed."""

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
    """Expect less: the stream was destroyed, without an error, before its end."""

    code = "ERR_STREAM_PREMATURE_CLOSE"

    def __init__(self) -> None:
        super().__init__("Premature close")


class UnshiftAfterEndError(HTTPError, RuntimeError):
    """Call `unshift` before 'end': nobody reads after it."""

    code = "ERR_STREAM_UNSHIFT_AFTER_END_EVENT"

    def __init__(self) -> None:
        super().__init__("stream.unshift() after end event")


class UnhandledError(HTTPError, RuntimeError):
    """Listen to 'error': one was emitted with `context`, which is not an exception, and there was no listener."""

    code = "ERR_UNHANDLED_ERROR"

    def __init__(self, context: object = None) -> None:
        super().__init__(f"Unhandled error. ({context!r})")
        self.context = context


class AbortError(HTTPError, RuntimeError):
    """Nothing to mend: the operation was given up on purpose, by a signal or by leaving a loop."""

    code = "ABORT_ERR"

    def __init__(self, text: str = "The operation was aborted") -> None:
        super().__init__(text)
