"""A Timeloom for the examples: the one that runs, or else a temporary one of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from timeloom import configuration
from timeloom.errors import ConfigurationError
from timeloom_platform.embedded import ports

CONNECT_SECONDS_MAX = 1.0
TIMELOOM = Path(sys.executable).with_name("timeloom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a Timeloom is, and whether it goes away with the example."""

    grpc_address: str
    http_url: str
    api_key: str
    is_temporary: bool


@contextmanager
def running_timeloom(console: Console) -> Generator[Whereabouts]:
    """Lend the Timeloom that the settings name if it answers; start one for the block if not."""
    found = _answering(os.environ, Path.cwd())
    if found is not None:
        yield _whereabouts(found, is_temporary=False)
        return
    console.print("[dim]No Timeloom runs here: starting one for this demo …[/dim]")
    directory = Path(tempfile.mkdtemp(prefix="timeloom-demo-"))
    # PostgreSQL must not run as root; the account that it gets instead has to pass through.
    directory.chmod(0o711)
    environment = _environment(directory / "data")
    try:
        subprocess.run([TIMELOOM, "up", "--detach"], env=environment, check=True, stdout=subprocess.DEVNULL)
        try:
            yield _whereabouts(configuration.resolve(environ=environment), is_temporary=True)
        finally:
            subprocess.run([TIMELOOM, "down"], env=environment, check=True, stdout=subprocess.DEVNULL)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _answering(environ: Mapping[str, str], directory: Path) -> configuration.Configuration | None:
    try:
        found = configuration.resolve(environ=environ, directory=directory)
        parts = urlsplit(found.grpc_address if "://" in found.grpc_address else f"//{found.grpc_address}")
        with socket.create_connection((parts.hostname, parts.port or 443), timeout=CONNECT_SECONDS_MAX):
            return found
    except (ConfigurationError, OSError):
        return None


def _environment(data_directory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIMELOOM_")}
    names = ("HTTP", "GRPC", "OTLP_GRPC", "OTLP_HTTP")
    chosen: list[int] = []
    for _ in names:
        chosen.append(ports.choose(taken=frozenset(chosen)))
    return {
        **kept,
        "TIMELOOM_DATA_DIR": str(data_directory),
        **{f"TIMELOOM_{name}_PORT": str(port) for name, port in zip(names, chosen, strict=True)},
    }


def _whereabouts(found: configuration.Configuration, *, is_temporary: bool) -> Whereabouts:
    return Whereabouts(
        grpc_address=found.grpc_address,
        http_url=found.http_url,
        api_key=found.api_key,
        is_temporary=is_temporary,
    )
