"""Node's `http` server for Python."""

__version__ = "0.1.0"
