"""WebSockets (RFC 6455, RFC 7692), for ASGI applications and in the manner of npm's `ws`."""
