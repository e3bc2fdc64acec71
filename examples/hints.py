"""What goes before an answer and what comes after it: early hints and trailers.

    python examples/hints.py
    curl -i --raw localhost:3000

A browser starts on the style sheet while the page is still being made; the
trailer carries what is known only once the body has been written.
"""

import asyncio
import base64
import hashlib
import os
import sys
from collections.abc import AsyncIterator

from writehead import http

PORT = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "3000"))


async def page(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    res.write_early_hints({"link": "</style.css>; rel=preload; as=style"})
    digest = hashlib.sha256()
    res.write_head(200, {"Content-Type": "text/html", "Trailer": "Content-Digest"})
    async for part in parts():
        digest.update(part)
        res.write(part)
    res.add_trailers({"Content-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"})
    res.end()


async def parts() -> AsyncIterator[bytes]:
    yield b"<link rel=stylesheet href=/style.css>\n"
    await asyncio.sleep(0.05)  # a database thinks
    yield b"<p>Hello\n"


server = http.create_server(page)


@server.on("listening")
def tell() -> None:
    address = server.address()
    assert isinstance(address, dict)  # else it is the path of a Unix socket
    print(f"listening on port {address['port']}", flush=True)


server.listen(PORT)
http.run()
