"""An upload that goes to disk as it comes.

    python examples/upload.py 3000 /some/directory
    curl -T photo.jpg localhost:3000/photo.jpg

While a chunk is being written no other is read: the client is slowed down to
the speed of the disk. What a client leaves half sent is removed.
"""

import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from writehead import http
from writehead.errors import HTTPError

PORT = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "3000"))
DIRECTORY = Path(sys.argv[2] if len(sys.argv) > 2 else "uploads")
LIMIT = 1 << 30  # bytes


async def receive(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    name = Path(unquote(urlsplit(req.url).path)).name  # the last part alone: no way out of the directory
    if req.method != "PUT" or not name:
        res.write_head(405, {"Allow": "PUT"}).end("PUT /name\n")
        return
    part = DIRECTORY / f".{name}.part"
    try:
        size = await save(req, part)
    except HTTPError as error:
        part.unlink(missing_ok=True)
        print(f"{name}: broken off ({error.code})", flush=True)
        return
    except ValueError:
        part.unlink(missing_ok=True)
        res.write_head(413, {"Connection": "close"}).end(f"more than {LIMIT} bytes\n")
        return
    part.replace(DIRECTORY / name)
    print(f"{name}: {size} bytes", flush=True)
    res.write_head(201, {"Location": f"/{name}"}).end(f"{size} bytes\n")


async def save(req: http.IncomingMessage, path: Path) -> int:
    size = 0
    with path.open("wb") as file:
        async for chunk in req:
            size += len(chunk)
            if size > LIMIT:
                raise ValueError("too large")
            await asyncio.to_thread(file.write, chunk)
    return size


DIRECTORY.mkdir(parents=True, exist_ok=True)
server = http.create_server(receive)
server.listen(PORT, lambda: print(f"listening on port {server.address()['port']}", flush=True))
http.run()
