"""What TARGET of the command line says, by its spelling alone.

    ping.py, ./ping, /srv/ping.py    a script
    pkg.mod:attr, pkg.mod:a.b        an attribute of a module
    dir/file.py:attr                 the same of a file
    pkg.mod:make("x", debug=True)    called with literals; the result is the target
    pkg.mod                          its `application`, `app` or `server`

Pure: nothing is imported, and no file is looked at.
"""

from __future__ import annotations

import ast
import re
from typing import Any, NamedTuple

from writehead._command.failures import USAGE, CommandError

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
# The module ends at the first colon behind which an attribute stands: a path may have colons, and so may a literal.
_ATTRIBUTE = re.compile(
    r"(?P<module>.+?):(?P<attribute>[^\W\d]\w*(?:\.[^\W\d]\w*)*)(?P<call>\(.*\))?", re.DOTALL
)


class Script(NamedTuple):
    """A script, which is run."""

    path: str


class Call(NamedTuple):
    """The arguments of a call, all of them literals."""

    positional: tuple[Any, ...]
    keywords: dict[str, Any]


class Reference(NamedTuple):
    """An attribute of a module or of a file; without an attribute the module itself."""

    text: str  # as it was written
    module: str  # "pkg.mod", or the path of a file
    attribute: str = ""
    call: Call | None = None

    @property
    def is_file(self) -> bool:
        """Whether the module is named by the path of its file."""
        return self.module.endswith(".py") or "/" in self.module

    @property
    def name(self) -> str:
        """What stands before the arguments."""
        return f"{self.module}:{self.attribute}" if self.attribute else self.module


def read_target(text: str) -> Script | Reference:
    """Return what `text` names.

    Raises:
        CommandError: it is no target.
    """
    if ":" not in text:
        is_module = _MODULE.fullmatch(text) and not text.endswith(".py")
        return Reference(text, text) if is_module else Script(text)
    match = _ATTRIBUTE.fullmatch(text)
    if match is None:
        raise _wrong(text, "write a module, a colon and an attribute of it: main:app, main:make()")
    found = Reference(text, match["module"], match["attribute"])
    if not (found.is_file or _MODULE.fullmatch(found.module)):
        raise _wrong(
            text, f"{found.module!r} is neither a module, such as pkg.mod, nor a file, such as dir/file.py"
        )
    return found._replace(call=_read_call(match["call"], text)) if match["call"] else found


def _read_call(call: str, text: str) -> Call:
    try:
        node = ast.parse(f"f{call}", mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            raise ValueError(call)
        keywords = {each.arg: ast.literal_eval(each.value) for each in node.keywords if each.arg}
        if len(keywords) != len(node.keywords):  # **more
            raise ValueError(call)
        return Call(tuple(map(ast.literal_eval, node.args)), keywords)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise _wrong(text, 'the arguments have to be literals, such as "x", 3 or debug=True') from None


def _wrong(text: str, why: str) -> CommandError:
    return CommandError(f"{text!r} is no target: {why}", USAGE)
