"""The whole stack as a user has it: `timeloom up` in a process, with data and ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.helpers.stack import free_ports

START_LIMIT_SECONDS = 60.0
STOP_LIMIT_SECONDS = 60.0
_POLL_SECONDS = 0.05

TIMELOOM = Path(sys.executable).with_name("timeloom")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStack:
    """Where the stack is, and the key that it wrote down for its user."""

    data_dir: Path
    http_url: str
    grpc_address: str
    project_id: str
    api_key: str
    otlp_http_url: str

    def client(self, api_key: str | None = None) -> httpx.Client:
        """A REST client with the stack's key or another; with none if it is empty."""
        key = self.api_key if api_key is None else api_key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.http_url, headers=headers, timeout=20.0, trust_env=False)

    def run(self, *arguments: str) -> str:
        """Runs the command line against this stack and returns what it prints."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command line against this stack, however that ends."""
        return subprocess.run(
            [TIMELOOM, *arguments],
            env=_environment(self.data_dir),
            capture_output=True,
            text=True,
            timeout=START_LIMIT_SECONDS,
            check=False,
        )


@contextmanager
def running_stack() -> Generator[RunningStack]:
    """Starts the stack, lends it when it is ready, and stops it as Ctrl-C does."""
    directory = Path(tempfile.mkdtemp(prefix="timeloom-e2e-"))
    # PostgreSQL, which may run under another account, must pass through it.
    directory.chmod(0o711)
    log_file = directory / "up.log"
    ports = _free_ports()
    try:
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [TIMELOOM, "up"],
                env=_environment(directory / "data") | ports,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield _wait_until_ready(process, directory / "data", ports, log_file)
        finally:
            process.send_signal(signal.SIGINT)
            exit_code = process.wait(STOP_LIMIT_SECONDS)
        assert exit_code == 0, _tail(log_file)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until_ready(
    process: subprocess.Popen[bytes], data_dir: Path, ports: dict[str, str], log_file: Path
) -> RunningStack:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"timeloom up ended by itself:\n{_tail(log_file)}"
        if stack := _if_ready(data_dir, ports):
            return stack
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"not ready within {START_LIMIT_SECONDS:g} s:\n{_tail(log_file)}")


def _if_ready(data_dir: Path, ports: dict[str, str]) -> RunningStack | None:
    try:
        credentials = json.loads((data_dir / "credentials.json").read_text(encoding="utf-8"))
        ready = httpx.get(f"{credentials['httpUrl']}/readyz", trust_env=False).is_success
    except (FileNotFoundError, httpx.TransportError):
        return None
    if not ready:
        return None
    return RunningStack(
        data_dir=data_dir,
        http_url=credentials["httpUrl"],
        grpc_address=credentials["grpcAddress"],
        project_id=credentials["projectId"],
        api_key=credentials["apiKey"],
        otlp_http_url=f"http://127.0.0.1:{ports['TIMELOOM_OTLP_HTTP_PORT']}",
    )


def _environment(data_dir: Path) -> dict[str, str]:
    """Ours without Timeloom's settings: a stack that runs beside the tests is not meant."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIMELOOM_")}
    ours = {
        "TIMELOOM_DATA_DIR": str(data_dir),
        "TIMELOOM_CORS_ORIGINS": "http://desk.example",
        "TIMELOOM_SHAPES_ALLOW_DELETION": "true",
        "TIMELOOM_WORKFLOWS_PRIVATE_HOSTS": "localhost",
        "TIMELOOM_SELF_TELEMETRY": "true",
        # Only what a test asks for is recorded of the stack itself.
        "TIMELOOM_TRACE_SAMPLE_RATIO": "0",
        "NO_COLOR": "1",
    }
    return {**inherited, **ours}


def _free_ports() -> dict[str, str]:
    names = ("HTTP", "GRPC", "OTLP_GRPC", "OTLP_HTTP")
    return {f"TIMELOOM_{name}_PORT": str(port) for name, port in zip(names, free_ports(4), strict=True)}


def _tail(log_file: Path) -> str:
    return log_file.read_text(encoding="utf-8", errors="replace")[-4000:]
