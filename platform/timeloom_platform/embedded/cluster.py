"""A PostgreSQL cluster on disk: where its files are, and how they are made."""

import asyncio
import hashlib
import os
import secrets
import shutil
import signal
from asyncio.subprocess import PIPE, STDOUT
from dataclasses import dataclass, field
from pathlib import Path

from timeloom_platform.embedded.accounts import Account, blocking_folder
from timeloom_platform.embedded.errors import EmbeddedError
from timeloom_platform.embedded.installation import LINK_FILE, SHARED_DIRECTORY, PostgresInstallation
from timeloom_platform.embedded.process import before_exec

SUPERUSER = "postgres"
"""Bootstraps the cluster; no service uses it."""
OWNER = "timeloom"
"""Owns the database and may make roles, as on a managed PostgreSQL; row-level security binds it."""
DATABASE = "timeloom"
MAJOR_VERSION = "18"

_PROGRAM_TIMEOUT_SECONDS = 60.0
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
    """The two passwords of a cluster; they are set when it is made."""

    superuser: str = field(repr=False)
    owner: str = field(repr=False)

    @classmethod
    def generate(cls) -> "PostgresPasswords":
        """Makes two that nobody guesses; their alphabet needs no quoting."""
        return cls(superuser=secrets.token_urlsafe(24), owner=secrets.token_urlsafe(24))


class Cluster:
    """The files of one cluster.

    Args:
        data_dir: Where people find it. If we are root and the account that runs PostgreSQL cannot enter one
            of its parents, it becomes a symbolic link into `/var/lib/timeloom`.
        account: Who owns the files and runs the programs; ourselves if None.
        installation: The programs.
        passwords: To set when the cluster is made.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        account: Account | None,
        installation: PostgresInstallation,
        passwords: PostgresPasswords,
    ) -> None:
        self._data_dir = data_dir
        self._account = account
        self._installation = installation
        self._passwords = passwords
        self.directory, self._unfinished = self._find_places()

    async def make_if_missing(self) -> None:
        """Makes the cluster if there is none; an interrupted attempt leaves nothing that looks like one.

        Raises:
            EmbeddedError: There is something else, or a cluster of another version; or a program failed.
        """
        if (self.directory / "PG_VERSION").exists():
            self._check_version()
            return
        if self._data_dir.is_dir() and any(self._data_dir.iterdir()):
            raise EmbeddedError(f"{self._data_dir} holds files, but no PostgreSQL cluster: move it away")
        self.directory.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._unfinished.mkdir(mode=0o700)
        self._give_away(self._unfinished)
        await self._run_initdb()
        await self._bootstrap()
        self._finish()

    def remove(self) -> None:
        """Removes the files, wherever they are; the server must have ended."""
        shutil.rmtree(self.directory, ignore_errors=True)
        if self._data_dir.is_symlink():
            self._data_dir.unlink()

    def _find_places(self) -> tuple[Path, Path]:
        """Decides where the files really are, and where they are until they are complete.

        The name in the shared directory is a new one each time: what is forgotten there has other passwords.
        """
        place = self._data_dir.resolve() if self._data_dir.is_symlink() else self._data_dir
        if (
            self._account is None
            or place != self._data_dir
            or blocking_folder(self._data_dir, self._account) is None
        ):
            return place, place.with_name(place.name + _UNFINISHED_SUFFIX)
        digest = hashlib.sha256(str(self._data_dir).encode()).hexdigest()[:8]
        place = SHARED_DIRECTORY / f"{self._data_dir.name}-{secrets.token_hex(4)}"
        return place, SHARED_DIRECTORY / f"{digest}{_UNFINISHED_SUFFIX}"

    def _check_version(self) -> None:
        found = (self.directory / "PG_VERSION").read_text().strip()
        if found != MAJOR_VERSION:
            raise EmbeddedError(
                f"{self.directory} holds a cluster of PostgreSQL {found}, and this is {MAJOR_VERSION}: "
                "dump it with the older version, move it away, and restore the dump"
            )

    def _finish(self) -> None:
        """Puts the complete cluster in its place."""
        is_elsewhere = self.directory != self._data_dir
        if is_elsewhere:
            (self._unfinished / LINK_FILE).write_text(f"{self._data_dir}\n")
        if self.directory.is_dir():
            self.directory.rmdir()
        self._unfinished.rename(self.directory)
        if is_elsewhere and not self._data_dir.is_symlink():
            self._data_dir.symlink_to(self.directory)

    async def _run_initdb(self) -> None:
        password_file = self._unfinished.with_name(f"{self._unfinished.name}.password")
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._passwords.superuser)
        self._give_away(password_file)
        try:
            await self._run(
                "initdb",
                f"--pgdata={self._unfinished}",
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

    async def _bootstrap(self) -> None:
        """Makes the extension, the owner and the database."""
        statements = _BOOTSTRAP.format(owner=OWNER, database=DATABASE, password=self._passwords.owner)
        options = ("-c", "exit_on_error=on", "-c", "fsync=off")
        await self._run(
            "postgres", "--single", "-D", str(self._unfinished), *options, "template1", stdin=statements
        )

    async def _run(self, program: str, *arguments: str, stdin: str = "") -> None:
        """Runs one of PostgreSQL's programs to its end, under the cluster's account."""
        process = await asyncio.create_subprocess_exec(
            self._installation.program(program),
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            cwd="/",
            env=postgres_environment(),
            # A terminal's Ctrl-C is not for it: whoever runs us decides what ends.
            start_new_session=True,
            preexec_fn=before_exec(self._account, signal.SIGKILL),
        )
        async with asyncio.timeout(_PROGRAM_TIMEOUT_SECONDS):
            output, _ = await process.communicate(stdin.encode())
        if process.returncode != 0:
            text = output.decode(errors="replace").strip()
            raise EmbeddedError(f"{program} failed with {process.returncode}:\n{text}")

    def _give_away(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)


def postgres_environment() -> dict[str, str]:
    """Nothing of ours leaks in: a PGDATA or PGPORT of the user's shell is not meant for this cluster."""
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
