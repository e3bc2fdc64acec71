"""An upload that goes to disk as it comes.

    python examples/upload.py 3000 /some/directory
    curl -T photo.jpg localhost:3000/photo.jpg

While a chunk is being written no other is read: the client is slowed down to
the speed of the disk. Each upload has a part file of its own, which becomes the
file when it is complete, and is removed when the client leaves before that.
"""

import asyncio
import errno
import os
import re
import secrets
import sys
from pathlib import Path
from urllib.parse import quote, unquote

from writehead import http
from writehead.errors import HTTPError

PORT = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "3000"))
DIRECTORY = Path(sys.argv[2] if len(sys.argv) > 2 else "uploads")
LIMIT = 1 << 30  # bytes
UNFIT = (
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.EINVAL,
    errno.EILSEQ,
)  # a name that this file system does not take


async def receive(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    if req.method != "PUT":
        res.write_head(405, {"Allow": "PUT"}).end("PUT /name\n")
        return
    name = name_in(req.url)
    if name is None or "content-range" in req.headers:  # RFC 9110, 9.3.4: a part is not taken for the whole
        res.write_head(400).end("no name, or not one to store a file under, or only a part of a file\n")
        return
    try:
        status, text = await store(req, DIRECTORY / name)
    except HTTPError as error:
        print(f"{name}: broken off ({error.code})", flush=True)
        return
    print(f"{name}: {text}", flush=True)
    headers = {201: {"Location": f"/{quote(name)}"}, 413: {"Connection": "close"}}.get(status)
    res.write_head(status, headers).end(f"{text}\n")


def name_in(target: str) -> str | None:
    """Return the last part of a path, decoded, so that none leads out of the directory; None if it is no name."""
    path = re.sub("^https?://[^/?]*", "", target.partition("?")[0], flags=re.IGNORECASE)
    try:
        name = unquote(path, errors="strict").rpartition("/")[2]
        fits = 0 < len(os.fsencode(name)) < 256
    except ValueError:  # bytes that are no text
        return None
    return name if fits and name.isprintable() and not name.startswith(".") else None


async def store(req: http.IncomingMessage, path: Path) -> tuple[int, str]:
    """Save the body, give it its name when it is complete, and return a status and what to say."""
    if int(req.headers.get("content-length", 0)) > LIMIT:
        return 413, f"more than {LIMIT} bytes"
    part = path.with_name(f".{secrets.token_hex(16)}.part")
    try:
        size = await save(req, part)
        if size > LIMIT:
            return 413, f"more than {LIMIT} bytes"
        status = 200 if path.exists() else 201
        part.replace(path)
    except OSError as error:
        if error.errno not in UNFIT:
            raise
        return 409, f"cannot be stored: {error.strerror}"
    finally:
        part.unlink(missing_ok=True)
    return status, f"{size} bytes"


async def save(req: http.IncomingMessage, path: Path) -> int:
    size = 0
    with path.open("xb") as file:
        async for chunk in req:
            size += len(chunk)
            if size > LIMIT:
                break
            await asyncio.to_thread(file.write, chunk)
    return size


DIRECTORY.mkdir(parents=True, exist_ok=True)
server = http.create_server(receive)


@server.on("listening")
def tell() -> None:
    address = server.address()
    assert isinstance(address, dict)  # else it is the path of a Unix socket
    print(f"listening on port {address['port']}", flush=True)


server.listen(PORT)
http.run()
