"""The command `writehead`: serves an application, or runs a script and then its servers."""

from writehead._command.main import main

__all__ = ["main"]
