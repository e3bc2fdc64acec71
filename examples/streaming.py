"""A large answer made piece by piece, at the speed of the client.

    python examples/streaming.py
    curl -s localhost:3000/100000 | tail -1
    curl -s --limit-rate 1M localhost:3000/10000000 >/dev/null

`write` returns False once more than `writable_high_water_mark` bytes wait for
the client; `await res.drain()` waits until they have gone. However slow the
client, the server holds no more than that in memory.
"""

import os
import sys

from writehead import http
from writehead.errors import HTTPError

PORT = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "3000"))


async def count(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    path = req.url[1:]
    if not path.isdecimal():
        res.write_head(404, {"Content-Type": "text/plain"}).end(
            "Ask for /100000, or another number of lines\n"
        )
        return
    res.set_header("Content-Type", "text/plain")
    waits = 0
    for number in range(1, int(path) + 1):
        if not res.write(f"line {number}\n"):
            waits += 1
            try:
                await res.drain()
            except HTTPError as error:
                print(f"the client left at line {number}: {error.code}", flush=True)
                return
    res.end(lambda: print(f"all sent; waited {waits} times for the client", flush=True))


server = http.create_server(count)


@server.on("listening")
def tell() -> None:
    address = server.address()
    assert isinstance(address, dict)  # else it is the path of a Unix socket
    print(f"listening on port {address['port']}", flush=True)


server.listen(PORT)
http.run()
