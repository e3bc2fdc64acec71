"""Errors of arguments and options."""

from __future__ import annotations

from writehead.errors.base import HTTPError
from writehead.errors.received import as_json, described, number, plain, shown


class InvalidHTTPTokenError(HTTPError, TypeError, ValueError):
    """Spell the name with letters, digits and ``!#$%&'*+-.^_`|~`` alone (RFC 9110, 5.6.2).

    `kind` says which name ("Header name"), `name` is the value given.
    """

    code = "ERR_INVALID_HTTP_TOKEN"

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f'{kind} must be a valid HTTP token ["{plain(name)}"]')
        self.kind = kind
        self.name = name


class InvalidHeaderValueError(HTTPError, TypeError, ValueError):
    """Give the header a str, a number, bytes or a list of these; to remove it, call `remove_header`."""

    code = "ERR_HTTP_INVALID_HEADER_VALUE"

    def __init__(self, value: object, name: str) -> None:
        super().__init__(
            f'Invalid value "{plain(value)}" for header "{name}"; it must be a str, a number, bytes or a list of these'
        )
        self.value = value
        self.name = name


class InvalidCharError(HTTPError, TypeError, ValueError):
    """Encode the text first: it has a control character, a line break or one above U+00FF (RFC 9110, 5.5).

    `where` is the place ("header content"), `name` the name of the field if there is one; `character`
    is the first invalid character, `position` its index.
    """

    code = "ERR_INVALID_CHAR"

    def __init__(self, where: str, name: str | None, character: str, position: int) -> None:
        field = "" if name is None else f' ["{name}"]'
        super().__init__(
            f"Invalid character in {where}{field}: {character!a} at index {position}; "
            "only a tab and U+0020 to U+00FF without U+007F are valid"
        )
        self.where = where
        self.name = name
        self.character = character
        self.position = position


def _named(argument: str) -> str:
    if argument.endswith(" argument"):  # "first argument"
        return f"The {argument}"
    return f'The "{argument}" {"property" if "." in argument else "argument"}'


class InvalidArgTypeError(HTTPError, TypeError):
    """Pass `argument` as one of the types that `expected` names."""

    code = "ERR_INVALID_ARG_TYPE"

    def __init__(self, argument: str, expected: str, value: object) -> None:
        super().__init__(f"{_named(argument)} must be {expected}. Received {described(value)}")
        self.argument = argument
        self.expected = expected
        self.value = value


class InvalidArgValueError(HTTPError, TypeError, ValueError):
    """Pass another value for `argument`; `reason` says what is wrong with it."""

    code = "ERR_INVALID_ARG_VALUE"

    def __init__(self, argument: str, value: object, reason: str = "is invalid") -> None:
        kind = "property" if "." in argument else "argument"
        super().__init__(f"The {kind} '{argument}' {reason}. Received {shown(value)}")
        self.argument = argument
        self.value = value
        self.reason = reason


class UnknownOptionError(HTTPError, TypeError):
    """Pass only options that `owner` has: Node ignores others, and so every misspelled one."""

    code = "ERR_UNKNOWN_OPTION"

    def __init__(self, owner: str, name: object, hint: str | None = None) -> None:
        super().__init__(f"{owner} has no option {name!r}" + (f", {hint}" if hint else ""))
        self.owner = owner
        self.name = name
        self.hint = hint


class OutOfRangeError(HTTPError, ValueError):
    """Pass a value within `range`, such as ">= 0"."""

    code = "ERR_OUT_OF_RANGE"

    def __init__(self, argument: str, range: str, value: object) -> None:
        super().__init__(
            f'The value of "{argument}" is out of range. It must be {range}. Received {number(value)}'
        )
        self.argument = argument
        self.range = range
        self.value = value


class InvalidStatusCodeError(HTTPError, ValueError):
    """Use a status from 100 to 999 (RFC 9110, 15), but not 101 for an informational response."""

    code = "ERR_HTTP_INVALID_STATUS_CODE"

    def __init__(self, value: object) -> None:
        super().__init__(
            f"Invalid status code: {plain(value)}; it must be from 100 to 999; an informational response cannot be 101"
        )
        self.value = value


class UnknownEncodingError(HTTPError, TypeError, ValueError):
    """Use utf8, latin1, binary, ascii, hex, base64, base64url, ucs2 or utf16le."""

    code = "ERR_UNKNOWN_ENCODING"

    def __init__(self, encoding: object) -> None:
        super().__init__(
            f"Unknown encoding: {plain(encoding)}; it must be one of "
            "utf8, latin1, binary, ascii, hex, base64, base64url, ucs2, utf16le"
        )
        self.encoding = encoding


class BadPortError(HTTPError, ValueError):
    """Use a whole number from 0 (any free port) to 65535."""

    code = "ERR_SOCKET_BAD_PORT"

    def __init__(self, argument: str, value: object) -> None:
        super().__init__(f"{argument} should be >= 0 and < 65536. Received {described(value)}.")
        self.argument = argument
        self.value = value


class InvalidProtocolVersionError(HTTPError, TypeError, ValueError):
    """Use "TLSv1.2", "TLSv1.3" or an `ssl.TLSVersion`; `which` is "minimum" or "maximum"."""

    code = "ERR_TLS_INVALID_PROTOCOL_VERSION"

    def __init__(self, value: object, which: str) -> None:
        super().__init__(
            f'{as_json(value)} is not a valid {which} TLS protocol version; it must be "TLSv1.2" or "TLSv1.3"'
        )
        self.value = value
        self.which = which


class ServerNameRequiredError(HTTPError, ValueError):
    """Name the host that the certificate is for, or "*" for any."""

    code = "ERR_TLS_REQUIRED_SERVER_NAME"

    def __init__(self) -> None:
        super().__init__(
            '"servername" is required parameter for Server.addContext: name a host, or "*" for any'
        )
