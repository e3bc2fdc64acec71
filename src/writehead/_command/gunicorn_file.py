"""Settings files of gunicorn and hypercorn, which are programs: what of them to write in TOML.

Pure: the file is parsed, not run.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

#: Names of their files, and ours; those that are spelt alike are not here.
NAMES = {
    "accesslog": "access-logfile",
    "access_log_format": "access-log-format",
    "application_path": "target",
    "backlog": "backlog",
    "bind": "bind",
    "ca_certs": "ca-certs",
    "capture_output": "capture-output",
    "cert_reqs": "cert-reqs",
    "certfile": "certfile",
    "chdir": "chdir",
    "ciphers": "ciphers",
    "errorlog": "log-file",
    "forwarded_allow_ips": "forwarded-allow-ips",
    "graceful_timeout": "shutdown-timeout",
    "group": "group",
    "keep_alive_timeout": "timeout-keep-alive",
    "keepalive": "timeout-keep-alive",
    "keyfile": "keyfile",
    "keyfile_password": "keyfile-password",
    "limit_request_field_size": "max-header-size",
    "limit_request_fields": "max-headers-count",
    "logconfig": "log-config",
    "loglevel": "log-level",
    "max_requests": "max-requests",
    "max_requests_jitter": "max-requests-jitter",
    "pidfile": "pid",
    "pid_path": "pid",
    "proc_name": "name",
    "pythonpath": "app-dir",
    "reload": "reload",
    "root_path": "root-path",
    "threads": "threads",
    "timeout": "hang-timeout",
    "umask": "umask",
    "user": "user",
    "verify_mode": "cert-reqs",
    "worker_connections": "max-connections",
    "workers": "workers",
    "wsgi_app": "target",
}


def how_to_move(source: str, path: Path, data: bytes) -> str:
    """Return the error for a settings file that is a program, with what to write in its place.

    Args:
        source: the name that it was given by.
        path: the file.
        data: its bytes.
    """
    head = f"{source}: {str(path)!r} is a program, and settings are read from TOML"
    lines = _lines(data)
    if lines:
        return f"{head}; write\n\n" + "\n".join(f"  {each}" for each in lines) + "\n\ninto writehead.toml"
    width = max(map(len, NAMES))
    table = "\n".join(f"  {theirs.ljust(width)}  {ours}" for theirs, ours in NAMES.items())
    return f"{head}; its names are here:\n\n{table}\n"


def _lines(data: bytes) -> list[str]:
    """Return lines of TOML for what a program assigns at its top level."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        _line(target.id, node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and not target.id.startswith("_")
    ]


def _line(name: str, value: ast.expr) -> str:
    if name not in NAMES:
        return f"# {name}: there is no such setting"
    try:
        written = _toml(ast.literal_eval(value))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return f"# {NAMES[name]} = what {name} is worked out as"
    return f"{NAMES[name]} = {written}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    raise ValueError(value)
