"""`timeloom up` as a process of its own, to be looked at, interrupted and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from timeloom_platform.embedded import ports
from timeloom_platform.embedded.accounts import Account, blocking_folder
from timeloom_platform.embedded.cluster import DATABASE
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_stack.directory import DataDirectory
from timeloom_stack.secrets import Secrets

REPOSITORY = Path(__file__).parents[2]
START_LIMIT_SECONDS = 60.0
STOP_LIMIT_SECONDS = 60.0
_POLL_SECONDS = 0.02
_SYSTEM_PYTHON = Path("/usr/bin/python3.11")
_MAIN = "import sys; from timeloom.cli import main; main(sys.argv[1:])"


def free_ports(count: int) -> list[int]:
    """Returns ports on which nothing listens."""
    chosen: list[int] = []
    while len(chosen) < count:
        chosen.append(ports.choose(taken=frozenset(chosen)))
    return chosen


class StackProcess:
    """The command line in an environment of its own: a data directory, free ports, perhaps another user.

    Args:
        data_dir: `TIMELOOM_DATA_DIR`.
        settings: Further variables.
        account: Who runs it; ourselves if None.
    """

    def __init__(
        self, data_dir: Path, *, settings: Mapping[str, str] | None = None, account: Account | None = None
    ) -> None:
        self.data_dir = data_dir
        self.http_port, self.grpc_port, self.otlp_grpc_port, self.otlp_http_port = free_ports(4)
        self.log_file = data_dir.with_name(f"{data_dir.name}.up.log")
        self._account = account
        self._python = sys.executable if account is None else str(python_for(account))
        self._environment = {**self._make_environment(), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def credentials(self) -> dict[str, str]:
        return dict(json.loads((self.data_dir / "credentials.json").read_text()))

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    def start(self) -> "StackProcess":
        """Starts `timeloom up`, without waiting."""
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                self._command("up"),
                process_group=0,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as_user(),
            )
        return self

    def up(self) -> "StackProcess":
        """Starts `timeloom up` and waits until it is ready."""
        self.start()
        self.wait_for(lambda status: bool(status and status["ready"]))
        return self

    def wait_for(self, accepts: Any, *, timeout_seconds: float = START_LIMIT_SECONDS) -> dict[str, Any]:
        """Waits until the state of the stack is as wanted, and returns it."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise AssertionError(f"timeloom up ended by itself:\n{self.log()}")
            state = self.state()
            if accepts(state):
                return state
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"not within {timeout_seconds:g} s: {self.state()}\n{self.log()}")

    def state(self) -> dict[str, Any]:
        """The state file as a document; empty if there is none. `ready` is added."""
        try:
            state = json.loads((self.data_dir / "state.json").read_text())
            processes = {each["name"]: each for each in state["processes"]}
        except (FileNotFoundError, ValueError, KeyError):
            return {}
        is_current = self._process is None or state["pid"] == self._process.pid
        ready = (
            is_current
            and state["start_seconds"] is not None
            and all(each["state"] == "ready" for each in processes.values())
        )
        return {**state, "processes": processes, "ready": ready}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs another command in the same environment, to its end."""
        return subprocess.run(
            self._command(*arguments),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=START_LIMIT_SECONDS,
            check=False,
            **self._as_user(),
        )

    def spawn(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Begins another command in the same environment, and leaves it to the caller."""
        return subprocess.Popen(
            self._command(*arguments),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as_user(),
        )

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_LIMIT_SECONDS)

    def family(self) -> list[psutil.Process]:
        """The supervisor with everything below it."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def database_url(self) -> str:
        """The address of the embedded PostgreSQL's database, as its superuser."""
        directory = DataDirectory(self.data_dir)
        passwords = Secrets.load_or_create(directory.secrets).postgres
        port = int(self.state()["processes"]["postgres"]["address"].rpartition(":")[2])
        postgres = EmbeddedPostgres(directory.postgres, port=port, passwords=passwords)
        return postgres.url_of(DATABASE, superuser=True)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")[-6000:]

    def end(self) -> None:
        """Leaves nothing running, whatever the test did."""
        if self._process is not None and self._process.poll() is None:
            self.interrupt()

    def _command(self, *arguments: str) -> Sequence[str]:
        return [self._python, "-P", "-c", _MAIN, *arguments]

    def _as_user(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        return {"user": self._account.uid, "group": self._account.gid, "extra_groups": [], "cwd": "/"}

    def _make_environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIMELOOM_")}
        own = {
            "TIMELOOM_DATA_DIR": str(self.data_dir),
            "TIMELOOM_HTTP_PORT": str(self.http_port),
            "TIMELOOM_GRPC_PORT": str(self.grpc_port),
            "TIMELOOM_OTLP_GRPC_PORT": str(self.otlp_grpc_port),
            "TIMELOOM_OTLP_HTTP_PORT": str(self.otlp_http_port),
        }
        # The system's Python does not know of our virtual environment.
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        home = {"HOME": str(self.data_dir.parent)}
        return {**inherited, **own, **(path | home if self._account else {})}


def python_for(account: Account) -> Path | None:
    """A Python of our version that the account may run: a virtual environment's may be closed to it."""
    for candidate in (Path(sys.executable), _SYSTEM_PYTHON):
        if candidate.exists() and blocking_folder(candidate, account) is None:
            return candidate
    return None
