"""ASGI applications as guests: scope, receive, send and lifespan, by the ASGI specification 3.0."""
