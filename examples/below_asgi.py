"""An ASGI application below /api, and beside it a handler and a protocol of one's own, on one port.

    writehead examples/below_asgi.py:server --port 3000
    curl localhost:3000/api/hello
    curl -i --raw localhost:3000/

The application stands for one of FastAPI or Django. The handler does what ASGI has no
message for: it tells the client that it works on the request, before it answers.
"""

import asyncio

from writehead import asgi, http


async def app(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    """Answer with the path that the application sees."""
    if scope["type"] != "http":
        raise ValueError(f"{scope['type']} is not served")
    body = f"{scope['path']} below {scope['root_path']}\n".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


async def handle(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    res.write_processing()
    await asyncio.sleep(0.05)  # a database thinks
    res.write_head(200, {"Content-Type": "text/plain", "Trailer": "X-Rows"})
    res.write("a report\n")
    res.add_trailers({"X-Rows": "1"})
    res.end()


def shout(req: http.IncomingMessage, socket: http.Socket, head: bytes) -> None:
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: shout\r\nConnection: Upgrade\r\n\r\n")
    socket.write(head.upper())  # what came with the request
    socket.on("data", lambda data: socket.write(data.upper()))
    socket.on("end", socket.end)


server = http.create_server(handle)
server.on("upgrade", shout)
asgi.attach(server, app, path="/api")
