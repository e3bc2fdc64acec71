"""Files from a directory, or parts of them, copied to the client by the kernel where it can.

    python examples/download.py 3000 /some/directory
    curl -O localhost:3000/photo.jpg
    curl -r 0-99 localhost:3000/photo.jpg

`send_file` announces the exact length. Should the file shrink while it is being
sent, or the client leave, it raises: a response never has the wrong length.
"""

import asyncio
import mimetypes
import os
import re
import sys
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from writehead import http
from writehead.errors import HTTPError

PORT = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "3000"))
DIRECTORY = Path(sys.argv[2] if len(sys.argv) > 2 else ".").resolve()


async def send(req: http.IncomingMessage, res: http.ServerResponse) -> None:
    if req.method not in ("GET", "HEAD"):
        res.write_head(405, {"Allow": "GET, HEAD"}).end("GET or HEAD\n")
        return
    file = await asyncio.to_thread(opened, req.url)
    if file is None:
        res.write_head(404).end("no such file\n")
        return
    with file:
        await send_open(file, req, res)


def opened(target: str) -> BinaryIO | None:
    """Open the file that a request target names; None if there is none that may be read."""
    name = re.sub("^https?://[^/?]*", "", target.partition("?")[0], flags=re.IGNORECASE)
    try:
        path = (DIRECTORY / unquote(name).lstrip("/")).resolve()
        if not path.is_relative_to(DIRECTORY) or not path.is_file():
            return None
        return path.open("rb")
    except (OSError, ValueError, RuntimeError):  # too long, not permitted; a NUL in the name; a loop of links
        return None


async def send_open(file: BinaryIO, req: http.IncomingMessage, res: http.ServerResponse) -> None:
    facts = os.fstat(file.fileno())
    size = facts.st_size
    tag = f'"{facts.st_mtime_ns:x}-{size:x}"'
    res.set_header("ETag", tag)
    res.set_header("Accept-Ranges", "bytes")
    if names(req.headers.get("if-none-match", ""), tag):
        res.status_code = 304
        res.end()
        return
    part = wanted(req, tag, size)
    if part is None:
        part = range(size)
    elif part:
        res.status_code = 206
        res.set_header("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}")
    else:
        res.status_code = 416
        res.set_header("Content-Range", f"bytes */{size}")
        res.end("the file ends before that\n")
        return
    kind, coding = mimetypes.guess_type(file.name)
    res.set_header("Content-Type", kind if kind and not coding else "application/octet-stream")
    name = ascii(Path(file.name).name)[1:-1]
    try:
        await res.send_file(file, offset=part.start, count=len(part))
    except HTTPError as error:
        print(f"{name}: broken off ({error.code})", flush=True)
    else:
        print(f"{name}: sent", flush=True)


def names(field: str, tag: str) -> bool:
    """Tell whether an If-None-Match field names the version of the file that is there."""
    return field == "*" or tag in [each.strip().removeprefix("W/") for each in field.split(",")]


def wanted(req: http.IncomingMessage, tag: str, size: int) -> range | None:
    """Return the bytes that a Range field asks for, an empty range if they are none or none of the file's.

    None stands for the whole file, which is the answer to a field that is invalid, has another unit or
    several parts, comes with another method than GET (RFC 9110, 14.2), or was meant for another version
    of the file (13.1.5).
    """
    unit, _, specs = req.headers.get("range", "").partition("=")
    parts = [each.strip() for each in specs.split(",") if each.strip()]
    match = re.fullmatch("([0-9]*)-([0-9]*)", parts[0]) if len(parts) == 1 else None
    if match is None or match[0] == "-" or unit.lower() != "bytes":
        return None
    if req.method != "GET" or req.headers.get("if-range", tag) != tag:
        return None
    first, last = (number(digits) for digits in match.groups())
    if not match[1]:  # the last so many bytes
        return None if last and not size else range(max(size - last, 0), size)
    return range(first, min(last + 1, size) if match[2] else size)


def number(digits: str) -> int:
    """Return a number, or one that is larger than any file; `int` refuses what has thousands of digits."""
    return int(digits.lstrip("0")[:30] or 0)


server = http.create_server(send)


@server.on("listening")
def tell() -> None:
    address = server.address()
    assert isinstance(address, dict)  # else it is the path of a Unix socket
    print(f"listening on port {address['port']}", flush=True)


server.listen(PORT)
http.run()
