"""Asking a running server: HTTP over its control socket, and which socket that is."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from writehead._admin.control_socket import find, folders
from writehead._command.failures import FAILED, USAGE, CommandError

#: The exit code where no server was found.
NOBODY = 4

#: Seconds that a server has to connect, and to answer what it can answer at once.
PATIENCE = 10.0


class Reply(NamedTuple):
    """What a server has answered."""

    status: int
    text: str

    @property
    def value(self) -> Any:
        """The answer, read as JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            raise CommandError("ctl: the server has sent what is no JSON", FAILED) from None


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.settimeout(PATIENCE)
            self.sock.connect("\0" + self._path[1:] if self._path.startswith("@") else self._path)
            self.sock.settimeout(self.timeout)
        except BaseException:
            self.sock.close()
            raise


def ask(
    path: str,
    method: str,
    target: str,
    body: Mapping[str, object] | None = None,
    patience: float | None = PATIENCE,
) -> Reply:
    """Send one request to the control socket at `path`.

    Args:
        patience: seconds to wait for the answer; None: as long as it takes.

    Raises:
        OSError: nobody is there, or it does not answer.
    """
    connection = _Connection(path, patience)
    data = None if body is None else json.dumps(body).encode()
    fields = {"Accept": "application/json", "Connection": "close"}
    if data is not None:
        fields["Content-Type"] = "application/json"
    try:
        connection.request(method, target, data, fields)
        response = connection.getresponse()
        return Reply(response.status, response.read().decode("utf-8", "replace"))
    except http.client.HTTPException as error:
        raise ConnectionError(f"it does not speak HTTP ({type(error).__name__})") from None
    finally:
        connection.close()


def find_socket(
    environ: Mapping[str, str], *, control: str | None = None, pid: int | None = None, name: str | None = None
) -> str:
    """Return the control socket that is meant: the only one, unless it is said which.

    Raises:
        CommandError: there is none (exit code 4), or there are several.
    """
    if control is not None:
        return control.removeprefix("unix:")
    living = []
    for path in find(environ, os.geteuid()):
        if pid is not None and path.stem != str(pid):
            continue
        found = _name_at(path)
        if found is not None and (name is None or found == name):
            living.append((path, found))
    if not living:
        raise CommandError(f"ctl: {_nobody(environ, pid, name)}", NOBODY)
    if len(living) > 1:
        listed = "".join(f"\n  --pid {path.stem}  {found}" for path, found in living)
        raise CommandError(f"ctl: there are several servers; say which:{listed}", USAGE)
    return str(living[0][0])


def _name_at(path: Path) -> str | None:
    """Return what the server of a socket serves; None if its process has gone."""
    try:
        return str(ask(str(path), "GET", "/api/status").value["name"])
    except ConnectionRefusedError:
        return None
    except (OSError, CommandError, KeyError, TypeError):
        return "?"  # somebody is there


def _nobody(environ: Mapping[str, str], pid: int | None, name: str | None) -> str:
    if pid is not None:
        return f"no server with a control socket is process {pid}"
    if name is not None:
        return f"no server with a control socket serves {name}"
    places = " and ".join(map(str, folders(environ, os.geteuid())))
    return (
        f"no server with a control socket was found in {places}; a single process has one with --control PATH"
    )
