"""Server-sent events: an answer without an end, until the client leaves.

    python examples/events.py
    curl -N localhost:3000

'close' on the response tells that the client has gone. The ticker is a task
that 'close' cancels; a client that is slow is waited for, not buffered for.
"""

import asyncio
import os
import sys

from writehead import http

PORT = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "3000"))
PAUSE = 0.1  # seconds

clients = 0


async def tick(res: http.ServerResponse) -> None:
    number = 0
    while True:
        number += 1
        res.write(f"id: {number}\nevent: tick\ndata: {clients} watching\n\n")
        await res.drain()
        await asyncio.sleep(PAUSE)


def subscribe(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    global clients
    clients += 1
    print(f"a client came, {clients} watching", flush=True)
    res.write_head(200, {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    ticker = asyncio.create_task(tick(res))

    @res.on("close")
    def leave() -> None:
        global clients
        clients -= 1
        ticker.cancel()
        print(f"a client left, {clients} watching", flush=True)


server = http.create_server(subscribe)


@server.on("listening")
def tell() -> None:
    address = server.address()
    assert isinstance(address, dict)  # else it is the path of a Unix socket
    print(f"listening on port {address['port']}", flush=True)


server.listen(PORT)
http.run()
