"""What runs in browsers, from web/: installed once, and run by npm."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.helpers import node
from tests.helpers.stack import free_ports

ROOT: Final = Path(__file__).parents[2]
WEB: Final = ROOT / "web"
_INSTALL_LIMIT_SECONDS: Final = 300.0
_RUN_LIMIT_SECONDS: Final = 240.0
_START_LIMIT_SECONDS: Final = 60.0
_STOP_LIMIT_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05


def installed() -> Path:
    """The folder web/ with its packages; skips the test where there is no Node.js that is new enough."""
    node.node()
    _run([str(ROOT / "tools" / "web.sh"), "install"], cwd=ROOT, limit_seconds=_INSTALL_LIMIT_SECONDS)
    return WEB


def npm(*arguments: str, settings: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Runs npm in web/, or elsewhere, and returns what it printed; fails the test with that if it fails."""
    folder = cwd or installed()
    return _run(["npm", *arguments], cwd=folder, limit_seconds=_RUN_LIMIT_SECONDS, settings=settings)


def program(*arguments: str, cwd: Path) -> str:
    """Runs a program, such as `node`, and returns what it printed; fails the test with that if it fails."""
    return _run(list(arguments), cwd=cwd, limit_seconds=_RUN_LIMIT_SECONDS)


@contextmanager
def server(workspace: str, *, settings: Mapping[str, str]) -> Generator[str]:
    """Runs the development server of a workspace, and tells its address."""
    port = free_ports(1)[0]
    command = ["npm", "run", "dev", "--workspace", workspace, "--", "--port", str(port), "--strictPort"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=installed(),
            env={**os.environ, **settings},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            url = f"http://localhost:{port}"
            _wait_for(url, process)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(_STOP_LIMIT_SECONDS)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended by itself"
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(_POLL_SECONDS)
    raise AssertionError(f"nothing answers at {url}")


def _run(
    command: list[str], *, cwd: Path, limit_seconds: float, settings: Mapping[str, str] | None = None
) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **(settings or {})},
        capture_output=True,
        text=True,
        timeout=limit_seconds,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}", pytrace=False)
    return done.stdout
