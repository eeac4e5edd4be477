"""The programs in tests/clients, with what they need from npm."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.needs import is_missing

SOURCES = Path(__file__).parents[1] / "clients"
# 20.14 brought --test-force-exit: ElectricSQL's client leaves a timer running for a minute.
VERSION_MIN = (20, 14)
_NEED = "the official clients need Node.js 20.14 or newer with npm"
_INSTALL_LIMIT_SECONDS = 300.0
_VERSION_LIMIT_SECONDS = 20.0


def node() -> str:
    """Where Node.js is; skips the test where there is none that is new enough."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        is_missing(f"{_NEED}; there is none")
    done = subprocess.run(
        [found, "--version"], capture_output=True, text=True, timeout=_VERSION_LIMIT_SECONDS, check=True
    )
    version = re.match(r"v(\d+)\.(\d+)\.", done.stdout)
    if version is None or (int(version[1]), int(version[2])) < VERSION_MIN:
        is_missing(f"the official clients need Node.js {VERSION_MIN} or newer; this is {done.stdout.strip()}")
    return found


def programs() -> Path:
    """A folder with the programs and their packages, in the virtual environment: the sources stay clean.

    The packages are installed once for each state of the lock; the programs are copied each time, because
    modules look for packages beside themselves.
    """
    lock = (SOURCES / "package-lock.json").read_bytes()
    folder = Path(sys.prefix) / "clients" / hashlib.sha256(lock).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for source in SOURCES.iterdir():
            _copy(source, folder / source.name)
        if not (folder / "installed").exists():
            _install(folder)
            (folder / "installed").touch()
    return folder


def environment(*, http_url: str, api_key: str) -> dict[str, str]:
    """What a program has to be told."""
    return {**os.environ, "TIMELOOM_URL": http_url, "TIMELOOM_API_KEY": api_key, "NO_COLOR": "1"}


def _copy(source: Path, target: Path) -> None:
    # Another process may be about to start the program that is there already.
    if not target.exists() or target.read_bytes() != source.read_bytes():
        temporary = target.with_name(f".{target.name}.new")
        shutil.copyfile(source, temporary)
        temporary.replace(target)


def _install(folder: Path) -> None:
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_INSTALL_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"npm ci failed:\n{done.stdout}{done.stderr}", pytrace=False)
