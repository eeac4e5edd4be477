"""Versions of what the stack consists of."""

import importlib.metadata
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping

from timeloom_platform.embedded.errors import EmbeddedError
from timeloom_platform.embedded.installation import PostgresInstallation
from timeloom_platform.embedded.nats import nats_binary

_DISTRIBUTION = "timeloom-stack"
_TIMEOUT_SECONDS = 10
_NUMBER = re.compile(r"\d+(\.\d+)+")


def version() -> str:
    """Timeloom's own."""
    return importlib.metadata.version(_DISTRIBUTION)


def all_versions() -> Mapping[str, str]:
    """Timeloom, Python, PostgreSQL, NATS and Node.js; a dash for what is missing or does not run."""
    return {
        "timeloom": version(),
        "python": platform.python_version(),
        "postgres": postgres_version() or "-",
        "nats": nats_version() or "-",
        "node": node_version() or "-",
    }


def postgres_version() -> str | None:
    """Of the embedded PostgreSQL."""
    try:
        return _ask(PostgresInstallation.packaged().program("postgres"))
    except EmbeddedError:
        return None


def nats_version() -> str | None:
    """Of the embedded NATS."""
    try:
        return _ask(str(nats_binary()))
    except EmbeddedError:
        return None


def node_version() -> str | None:
    """Of the Node.js that building the console would use."""
    program = shutil.which("node")
    return _ask(program) if program else None


def _ask(program: str) -> str | None:
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = _NUMBER.search(answer.stdout)
    return found.group() if found else None
