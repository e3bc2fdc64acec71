"""Node's `http` server for Python: one request, one response, and the whole life of a response in your hands.

`http` and `https` make servers, `events` has the emitter that everything is,
`errors` all that can go wrong; `testing` drives handlers without a port.
"""

from writehead import errors, events, http, https

__version__ = "0.2.0"

__all__ = ["__version__", "errors", "events", "http", "https"]
