"""Files from a directory, copied to the client by the kernel where it can.

    python examples/download.py 3000 /some/directory
    curl -O localhost:3000/photo.jpg
    curl -r 0-99 localhost:3000/photo.jpg

`send_file` announces the exact length. Should the file shrink while it is being
sent, or the client leave, it raises: never an answer of the wrong length.
"""

import mimetypes
import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from writehead import http
from writehead.errors import HTTPError

PORT = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "3000"))
DIRECTORY = Path(sys.argv[2] if len(sys.argv) > 2 else ".").resolve()


async def send(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    path = (DIRECTORY / unquote(urlsplit(req.url).path).lstrip("/")).resolve()
    if not path.is_relative_to(DIRECTORY) or not path.is_file():
        res.write_head(404).end("no such file\n")
        return
    size = path.stat().st_size
    first, last = wanted(req.headers.get("range", ""), size)
    if last < size - 1 or first > 0:
        res.status_code = 206
        res.set_header("Content-Range", f"bytes {first}-{last}/{size}")
    res.set_header("Content-Type", mimetypes.guess_type(path.name)[0] or "application/octet-stream")
    res.set_header("Accept-Ranges", "bytes")
    try:
        await res.send_file(path, offset=first, count=last - first + 1)
    except HTTPError as error:
        print(f"{path.name}: broken off ({error.code})", flush=True)
    else:
        print(f"{path.name}: sent", flush=True)


def wanted(field: str, size: int) -> tuple[int, int]:
    """Return the first and the last byte of a simple range; the whole file for any other."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", field)
    if match is None or int(match[1]) >= size:
        return 0, size - 1
    return int(match[1]), min(int(match[2] or size), size - 1)


server = http.create_server(send)
server.listen(PORT, lambda: print(f"listening on port {server.address()['port']}", flush=True))
http.run()
