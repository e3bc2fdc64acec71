"""What an operator should know before anything starts: settings that are allowed, and are probably not meant.

Nothing is opened or bound; files are looked at.
"""

from __future__ import annotations

import os
import ssl
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from writehead._command.addresses import Address
from writehead._command.cpus import usable_cpus
from writehead._command.settings import (
    ACCESS_LOGFILE,
    ADMIN,
    ADMIN_TOKEN,
    CERTFILE,
    FORWARDED_ALLOW_IPS,
    HANG_TIMEOUT,
    KEYFILE,
    LOG_FILE,
    MAX_CONNECTIONS,
    MAX_REQUESTS,
    PID,
    PROXY_HEADERS,
    RELOAD,
    SHUTDOWN_DELAY,
    SHUTDOWN_TIMEOUT,
    TIMEOUT_KEEP_ALIVE,
    USER,
    WORKER_LIFETIME,
    WORKER_MAX_RSS,
    WORKERS,
)
from writehead._command.values import Values, addresses_of
from writehead._semantics.forwarded import EVERYBODY, packed_address
from writehead._tls.x509 import Certificate

#: Seconds that proxies keep connections, at the most of what is usual (nginx, ALB).
PROXIES_KEEP = 60

#: Seconds that a service may take to stop, by default.
KUBERNETES_GRACE, SYSTEMD_GRACE = 30, 90

#: Days before the end of a certificate.
ENDS_SOON = 14

_DAY = 86_400


def doubts(values: Values, environment: Mapping[str, str]) -> list[str]:
    """Return what is probably wrong, each in a sentence."""
    found = [*values.notes]
    for each in (_of_proxies, _of_processes, _of_limits, _of_admin, _of_addresses, _of_files):
        found += each(values)
    return [*found, *_of_stopping(values, environment), *_of_certificate(values)]


def is_loopback(address: Address) -> bool:
    """Tell whether an address can be reached from this machine alone."""
    if address.host is None:
        return True
    packed = packed_address(address.host)
    if packed is None:
        return address.host == "localhost"
    return packed[:1] == b"\x7f" if len(packed) == 4 else packed == bytes(15) + b"\x01"


def _of_proxies(values: Values) -> Iterator[str]:
    if not values[PROXY_HEADERS]:
        return
    open_to_others = [str(each) for each in addresses_of(values) if not is_loopback(each)]
    if EVERYBODY in values[FORWARDED_ALLOW_IPS] and open_to_others:
        yield (
            f"{values.source(FORWARDED_ALLOW_IPS)}: everyone who reaches {open_to_others[0]} is believed, so clients can "
            "say who they are; name the proxies"
        )
    keeps = values[TIMEOUT_KEEP_ALIVE] / 1000
    if values.source(FORWARDED_ALLOW_IPS) and 0 < keeps < PROXIES_KEEP:
        yield (
            f"{values.source(TIMEOUT_KEEP_ALIVE)}: {values.shown(TIMEOUT_KEEP_ALIVE)} is less than the {PROXIES_KEEP} s that "
            "proxies keep connections, so requests meet a connection that is being closed"
        )


def _of_processes(values: Values) -> Iterator[str]:
    workers = values[WORKERS] or 1
    if values[RELOAD] and workers > 1:
        yield f"{values.source(RELOAD)}: one worker is used, not {workers}"
    if workers > 2 * usable_cpus():
        yield f"{values.source(WORKERS)}: {workers} workers are more than twice the {usable_cpus()} CPUs"
    if 0 < values[HANG_TIMEOUT] < 30_000:
        yield (
            f"{values.source(HANG_TIMEOUT)}: {values.shown(HANG_TIMEOUT)} is short: a slow import or query would cost a "
            "worker; 30 s or more"
        )
    recycled = [each for each in (MAX_REQUESTS, WORKER_LIFETIME, WORKER_MAX_RSS) if values[each]]
    if recycled:
        yield f"{values.source(recycled[0])}: while a worker is replaced there are {workers + 1}; there has to be memory for them"


def _of_limits(values: Values) -> Iterator[str]:
    most = values[MAX_CONNECTIONS]
    if not most or sys.platform == "win32":
        return
    import resource

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    # The limit is each process's own.
    if soft != resource.RLIM_INFINITY and soft < most + 64:
        yield f"{values.source(MAX_CONNECTIONS)}: {most} connections need more than the {soft} descriptors of ulimit -n"


def _of_admin(values: Values) -> Iterator[str]:
    admin = values[ADMIN]
    if admin is None or is_loopback(admin):
        return
    if values[ADMIN_TOKEN] is None:
        yield f"{values.source(ADMIN)}: {admin} can be reached from elsewhere, and there is no --admin-token"
    else:
        yield f"{values.source(ADMIN)}: {admin} can be reached from elsewhere, and the token is sent to it in plain text"


def _of_addresses(values: Values) -> Iterator[str]:
    for each in addresses_of(values):
        if each.port and not _may_bind(each.port):
            yield f"{each}: ports below 1024 need root, or the capability CAP_NET_BIND_SERVICE"


def _may_bind(port: int) -> bool:
    if sys.platform == "win32" or os.geteuid() == 0:
        return True
    return port >= _first_free_port() or _has_capability(10)  # CAP_NET_BIND_SERVICE


def _first_free_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text("ascii"))
    except (OSError, ValueError):
        return 1024


def _has_capability(number: int) -> bool:
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return False
    effective = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> number & 1)


def _of_files(values: Values) -> Iterator[str]:
    key = values[KEYFILE] or values[CERTFILE]
    if key is not None and (found := _stat(key)) is not None and found.st_mode & stat.S_IROTH:
        yield f"{values.source(KEYFILE) or values.source(CERTFILE)}: others can read {key}; chmod o-r {key}"
    user = values[USER]
    if user is None or sys.platform == "win32":
        return
    sockets = [each.path for each in addresses_of(values) if each.path and not each.path.startswith("@")]
    files = [values[PID], *(values[each] for each in (LOG_FILE, ACCESS_LOGFILE)), *sockets]
    for each in files:
        if each and each != "-" and not _may_write(user, Path(each).absolute().parent):
            yield f"{values.source(USER)}: {user} cannot write to {Path(each).absolute().parent}"


def _may_write(user: str, folder: Path) -> bool:
    """Tell whether a user can make files in a folder."""
    import pwd

    try:
        entry = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
        groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    except (KeyError, OSError, OverflowError):
        return True  # that it is no user is said elsewhere
    found = _stat(str(folder))
    if found is None:
        return False
    if entry.pw_uid == 0:
        return True
    if found.st_uid == entry.pw_uid:
        return bool(found.st_mode & stat.S_IWUSR)
    return bool(found.st_mode & (stat.S_IWGRP if found.st_gid in groups else stat.S_IWOTH))


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _of_stopping(values: Values, environment: Mapping[str, str]) -> Iterator[str]:
    seconds = (values[SHUTDOWN_TIMEOUT] + values[SHUTDOWN_DELAY]) / 1000
    if "KUBERNETES_SERVICE_HOST" in environment and seconds > KUBERNETES_GRACE:
        yield (
            f"a stop may take {seconds:g} s, and Kubernetes waits {KUBERNETES_GRACE} s by default: set "
            f"terminationGracePeriodSeconds to {seconds + 5:.0f} or more"
        )
    elif "INVOCATION_ID" in environment and seconds > SYSTEMD_GRACE:
        yield (
            f"a stop may take {seconds:g} s, and systemd waits {SYSTEMD_GRACE} s by default: set TimeoutStopSec to "
            f"{seconds + 5:.0f} or more"
        )


def _of_certificate(values: Values) -> Iterator[str]:
    path = values[CERTFILE]
    if path is None:
        return
    try:
        der = ssl.PEM_cert_to_DER_cert(_first_certificate(Path(path).read_text("latin-1")))
        days = (ssl.cert_time_to_seconds(Certificate(der).valid_to) - time.time()) / _DAY
    except (OSError, ValueError):
        return  # that it cannot be used is said elsewhere
    if days < 0:
        yield f"{values.source(CERTFILE)}: the certificate has ended {-days:.0f} days ago"
    elif days < ENDS_SOON:
        yield f"{values.source(CERTFILE)}: the certificate ends in {days:.0f} days"


def _first_certificate(text: str) -> str:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start = text.index(begin)
    return text[start : text.index(end, start) + len(end)]
