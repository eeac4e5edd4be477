"""What runs in browsers, from web/: installed once, and run by npm."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.helpers import node

ROOT: Final = Path(__file__).parents[2]
WEB: Final = ROOT / "web"
_INSTALL_LIMIT_SECONDS: Final = 300.0
_RUN_LIMIT_SECONDS: Final = 240.0


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
