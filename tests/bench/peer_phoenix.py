"""Phoenix, as its documentation says to serve it: our peer in taking OpenTelemetry."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
import venv
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

from timeloom_platform.embedded import ports

VERSION: Final = "20.26.1"
NAME: Final = f"Phoenix {VERSION}"
_PACKAGE: Final = f"arize-phoenix=={VERSION}"
START_SECONDS_MAX: Final = 180.0
_PROBE_SECONDS: Final = 0.5
_CACHE: Final = Path("~/.cache/timeloom-bench").expanduser()


@dataclass(frozen=True, kw_only=True)
class Phoenix:
    """A running Phoenix with its database in a file."""

    process: psutil.Process
    grpc_address: str
    database: Path

    def span_count(self) -> int:
        """How many spans can be queried."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=60)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM spans").fetchone()
        return int(count)


@contextmanager
def phoenix(directory: Path) -> Generator[Phoenix]:
    """Serves Phoenix from an environment of its own, which is made first if it is not there."""
    http, grpc = ports.choose(), ports.choose()
    directory.mkdir(parents=True, exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "PHOENIX_WORKING_DIR": str(directory),
        "PHOENIX_HOST": ports.LOOPBACK,
        "PHOENIX_PORT": str(http),
        "PHOENIX_GRPC_PORT": str(grpc),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    log = (directory / "phoenix.log").open("wb")
    process = subprocess.Popen(
        [str(_installed() / "bin" / "phoenix"), "serve"],
        env=environment,
        cwd=directory,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _await_health(process, f"http://{ports.LOOPBACK}:{http}/healthz")
        yield Phoenix(
            process=psutil.Process(process.pid),
            grpc_address=f"{ports.LOOPBACK}:{grpc}",
            database=directory / "phoenix.db",
        )
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        log.close()


def _await_health(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"Phoenix ended with {process.returncode}")
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(_PROBE_SECONDS)
    raise RuntimeError(f"Phoenix is not healthy after {START_SECONDS_MAX:g} s")


def _installed() -> Path:
    """Returns an environment with Phoenix and what it needs, and nothing of ours."""
    directory = _CACHE / f"phoenix-{VERSION}"
    if not (directory / "bin" / "phoenix").exists():
        venv.create(directory, with_pip=False, clear=True)
        uv = Path(sys.executable).parent / "uv"
        subprocess.run(
            [
                uv,
                "pip",
                "install",
                "--python",
                directory / "bin" / "python",
                "--quiet",
                f"arize-phoenix=={VERSION}",
            ],
            check=True,
        )
    return directory
