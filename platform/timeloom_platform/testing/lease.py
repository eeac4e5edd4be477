"""Keeps the throw-away PostgreSQL alive exactly as long as somebody in this test run uses it.

Each process of the run (pytest-xdist has several) holds a shared lock on one file. The keeper waits for the
exclusive lock, gets it when the last of them is gone (the kernel drops locks, also on kill -9) and cleans up.
"""

import atexit
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

LEASE_FILE = "lease"
ADDRESS_FILE = "postgres.json"
_START_FILE = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresAddress:
    """Where the run's PostgreSQL is and how to enter it; `{database}` stands for a database's name."""

    owner_url: str
    superuser_url: str

    def url(self, database: str, *, superuser: bool = False) -> str:
        """The address of one database."""
        return (self.superuser_url if superuser else self.owner_url).format(database=database)

    def to_json(self) -> str:
        """For the file that the processes of a run share."""
        return json.dumps(asdict(self))


class TestRun:
    """This test run's folder under the temporary directory, and this process's share in it."""

    __test__ = False

    def __init__(self) -> None:
        run_id = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"pid{os.getpid()}"
        self.directory = Path(tempfile.gettempdir()) / f"timeloom-tests-{os.geteuid()}-{run_id[:12]}"
        self._lease: IO[bytes] | None = None

    def postgres(self) -> PostgresAddress:
        """The run's PostgreSQL; the first who asks starts it."""
        while True:
            with self.locked(_START_FILE):
                if self._holds_lease():
                    address_file = self.directory / ADDRESS_FILE
                    if not address_file.exists():
                        self._start_keeper()
                    return PostgresAddress(**json.loads(address_file.read_text()))

    @contextmanager
    def locked(self, name: str) -> Generator[None]:
        """Lets one process of the run at a time pass."""
        # 711: PostgreSQL, which may run under another account, must pass through it.
        self.directory.mkdir(mode=0o711, exist_ok=True)
        with (self.directory / f"{name}.lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _holds_lease(self) -> bool:
        """Takes the lease; False if its folder went away with the keeper of those who left before us."""
        if self._lease is None:
            lease = (self.directory / LEASE_FILE).open("wb")
            # A keeper that is cleaning up holds it exclusively until it is gone.
            fcntl.flock(lease, fcntl.LOCK_SH)
            current = self.directory / LEASE_FILE
            if not current.exists() or not os.path.samestat(current.stat(), os.fstat(lease.fileno())):
                lease.close()
                return False
            self._lease = lease
            atexit.register(lease.close)
        return True

    def _start_keeper(self) -> None:
        command = [sys.executable, "-m", "timeloom_platform.testing.keeper", str(self.directory)]
        keeper = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
        )
        assert keeper.stdout is not None
        with keeper.stdout as output:
            ready = output.readline()
        if not ready:
            log = self.directory / "postgres.log"
            end = log.read_text(errors="replace")[-4000:] if log.exists() else ""
            message = f"the throw-away PostgreSQL did not start (exit code {keeper.wait()}): {end}"
            raise RuntimeError(message)
        # It outlives us if other processes of the run still use it: nobody waits for it.
        keeper.returncode = 0
