"""Looks for what keeps the stack from starting or running well, and says what to do about it."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from timeloom_platform.embedded import ports
from timeloom_platform.embedded.accounts import unprivileged_account
from timeloom_platform.embedded.errors import EmbeddedError
from timeloom_platform.embedded.installation import LINK_FILE, SHARED_DIRECTORY
from timeloom_platform.embedded.postgres import MAJOR_VERSION
from timeloom_stack import locks, versions
from timeloom_stack.directory import FORMAT, DataDirectory
from timeloom_stack.plan import public_ports
from timeloom_stack.port_owners import describe_owner
from timeloom_stack.settings import StackSettings
from timeloom_stack.state import StackRecord

_PYTHON_MIN = (3, 11)
_NODE_MIN = (20, 19)
_MEBIBYTE = 1024 * 1024
_DISK_BYTES_MIN = 200 * _MEBIBYTE
_DISK_BYTES_COMFORTABLE = 2048 * _MEBIBYTE
_MEMORY_BYTES_COMFORTABLE = 512 * _MEBIBYTE


class Verdict(StrEnum):
    """Failed is what keeps Timeloom from running; a warning does not."""

    FINE = "fine"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def examine(settings: StackSettings) -> list[Finding]:
    """Looks at everything; nothing is changed."""
    directory = DataDirectory(settings.data_dir)
    return [
        _examine_python(),
        _examine_program("PostgreSQL", versions.postgres_version(), major=MAJOR_VERSION),
        _examine_program("NATS", versions.nats_version(), major="2"),
        _examine_node(),
        _examine_account(directory),
        _examine_directory(directory),
        *_examine_secrets(directory),
        _examine_cluster(directory),
        *_examine_leftovers(),
        _examine_disk(directory),
        _examine_memory(),
        *_examine_ports(settings, directory),
        _examine_processes(directory),
    ]


def _examine_python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _PYTHON_MIN:
        return _failed("Python", found, "Timeloom needs Python 3.11 or newer")
    return _fine("Python", found)


def _examine_program(name: str, version: str | None, *, major: str) -> Finding:
    if version is None:
        return _failed(name, "its program is missing or does not run here", "install again: make clean setup")
    if version.split(".")[0] != major:
        return _failed(name, f"{version} instead of {major}", "install again: make clean setup")
    return _fine(name, version)


def _examine_node() -> Finding:
    version = versions.node_version()
    if version is None:
        return _warning(
            "Node.js",
            "not found",
            "install Node.js 20.19 or newer to build the console; the rest runs without",
        )
    if tuple(map(int, version.split(".")[:2])) < _NODE_MIN:
        return _warning(
            "Node.js", f"{version} is too old to build the console", "install Node.js 20.19 or newer"
        )
    return _fine("Node.js", version)


def _examine_account(directory: DataDirectory) -> Finding:
    try:
        account = unprivileged_account(directory.postgres)
    except EmbeddedError as error:
        return _failed("Account", str(error), "start Timeloom as an ordinary user")
    if account is None:
        return _fine("Account", f"everything runs as you (user {os.geteuid()})")
    return _fine("Account", f"you are root; PostgreSQL runs as {account.name}")


def _examine_directory(directory: DataDirectory) -> Finding:
    subject = "Data directory"
    existing = next(folder for folder in (directory.root, *directory.root.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        owner = existing.stat().st_uid
        return _failed(
            subject,
            f"{existing} belongs to user {owner} and is closed to you",
            "start Timeloom as its owner, or choose another folder by TIMELOOM_DATA_DIR",
        )
    if existing != directory.root:
        return _fine(subject, f"{directory.root} will be made by the first start")
    found = directory.read_format()
    if found is not None and found > FORMAT:
        return _failed(
            subject, f"{directory.root} was made by a newer Timeloom (format {found})", "update Timeloom"
        )
    return _fine(subject, f"{directory.root}, format {found or 'not written yet'}")


def _examine_secrets(directory: DataDirectory) -> Iterator[Finding]:
    try:
        files = [*directory.secrets.glob("*"), directory.credentials_file]
        loose = [file for file in files if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077]
    except PermissionError:
        yield _failed("Secrets", f"{directory.secrets} is closed to you", "start Timeloom as its owner")
        return
    for file in loose:
        yield _failed("Secrets", f"{file} can be read by other users", f"chmod 600 {file}")
    if not loose:
        yield _fine("Secrets", "only their owner can read them")


def _examine_cluster(directory: DataDirectory) -> Finding:
    subject = "Database files"
    if directory.postgres.is_symlink() and not directory.postgres.exists():
        target = directory.postgres.readlink()
        return _failed(
            subject,
            f"{directory.postgres} points to {target}, which is gone",
            f"rm {directory.postgres} to begin anew",
        )
    try:
        version = (directory.postgres / "PG_VERSION").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return _fine(subject, "none yet")
    except OSError as error:
        return _failed(
            subject, f"{directory.postgres}: {error.strerror}", "start Timeloom as the user who made it"
        )
    if version != MAJOR_VERSION:
        return _failed(
            subject,
            f"of PostgreSQL {version}, and this is {MAJOR_VERSION}",
            "move them over with pg_dump of the older version",
        )
    return _fine(subject, f"of PostgreSQL {version}, in {directory.postgres.resolve()}")


def _examine_leftovers() -> Iterator[Finding]:
    """Clusters that root keeps for data directories that are gone."""
    for cluster in sorted(SHARED_DIRECTORY.glob("postgres-*")):
        try:
            link = Path((cluster / LINK_FILE).read_text(encoding="utf-8").strip())
        except OSError:
            continue
        if not (link.is_symlink() and link.resolve() == cluster):
            yield _warning(
                "Leftovers",
                f"{cluster} belonged to {link}, which is gone",
                f"rm -r {cluster} if you do not need its data",
            )


def _examine_disk(directory: DataDirectory) -> Finding:
    existing = next(folder for folder in (directory.root, *directory.root.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free // _MEBIBYTE:,} MiB free at {existing}"
    if free < _DISK_BYTES_MIN:
        return _failed("Disk", detail, "make room, or choose another folder by TIMELOOM_DATA_DIR")
    if free < _DISK_BYTES_COMFORTABLE:
        return _warning("Disk", detail, "PostgreSQL stops when the disk is full: make room")
    return _fine("Disk", detail)


def _examine_memory() -> Finding:
    available = psutil.virtual_memory().available
    detail = f"{available // _MEBIBYTE:,} MiB available"
    if available < _MEMORY_BYTES_COMFORTABLE:
        return _warning("Memory", detail, "Timeloom takes about 370 MiB: close something else")
    return _fine("Memory", detail)


def _examine_ports(settings: StackSettings, directory: DataDirectory) -> Iterator[Finding]:
    record = StackRecord.read(directory.state_file) if locks.is_held(directory.lock_file) else None
    ours = set[str]()
    if record:
        served = (record.http_url, record.grpc_address, record.otlp_endpoint, record.otlp_http_endpoint)
        ours = {address.rpartition(":")[2] for address in served}
    for port in public_ports(settings):
        subject = f"Port {port.number}"
        if str(port.number) in ours:
            yield _fine(subject, f"{port.purpose}, in use by the running stack")
        elif ports.is_free(port.number, port.host):
            yield _fine(subject, f"free, for {port.purpose}")
        else:
            yield _failed(
                subject,
                f"wanted for {port.purpose}, taken by {describe_owner(port.number)}",
                f"end that process, or choose another port: {port.variable}={port.number + 10}",
            )


def _examine_processes(directory: DataDirectory) -> Finding:
    if not locks.is_held(directory.lock_file):
        return _fine("Stack", "not running; `timeloom up` starts it")
    record = StackRecord.read(directory.state_file)
    if record is None:
        return _warning(
            "Stack",
            "running, but its record cannot be read",
            "it is written again with the next change; or restart: timeloom down",
        )
    troubled = [
        f"{each.name} ({each.restarts} restarts, last: {each.last_exit})"
        for each in record.processes
        if each.restarts
    ]
    if troubled:
        return _warning("Stack", f"running; restarted: {', '.join(troubled)}", "timeloom logs tells why")
    return _fine("Stack", f"running (process {record.pid})")


def _fine(subject: str, detail: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.FINE, detail=detail)


def _warning(subject: str, detail: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.WARNING, detail=detail, remedy=remedy)


def _failed(subject: str, detail: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.FAILED, detail=detail, remedy=remedy)
