"""Bring a room's schema up to date: roles, the platform's own tables, then the room's numbered `.sql` files.

Files lie in `<package>/migrations/NNNN_name.sql`, are applied once and in order, and are never edited
afterwards: the ledger keeps their SHA-256. A file runs in one transaction with its ledger entry, except one
that begins with `-- no transaction` (for `CREATE INDEX CONCURRENTLY`): it holds a single statement that may
safely run again. Within a file the schema is the search path, so tables are named without it, and each table
ends with `SELECT protect_table('…')`.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Self

import asyncpg
import structlog

from timeloom_platform.database import CONNECT_TIMEOUT_SECONDS, role_of, system_role_of

START_TIMEOUT_SECONDS = 30.0
LOCK_POLL_SECONDS = 0.05
LOCK_ATTEMPTS = 1200
ROLE_ATTEMPTS = 20
LOCK_TIMEOUT_MS = 10_000

PLATFORM_PACKAGE = "timeloom_platform"
NO_TRANSACTION = "-- no transaction"

_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_ROOM = re.compile(r"[a-z][a-z0-9_]{0,30}")

_TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('timeloom migrations of ' || $1, 0))"

_CREATE_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    IF NOT pg_has_role(session_user, '{role}', 'SET') THEN
        GRANT {role} TO SESSION_USER WITH INHERIT FALSE, SET TRUE;
    END IF;
END $$
"""

_CREATE_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS {room};
GRANT USAGE ON SCHEMA {room} TO {role}, {system_role};
CREATE TABLE IF NOT EXISTS {room}.schema_migrations (
    package text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum bytea NOT NULL,
    apply_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, number)
)
"""

_SELECT_APPLIED = "SELECT number, name, checksum FROM schema_migrations WHERE package = $1"
_INSERT_APPLIED = "INSERT INTO schema_migrations (package, number, name, checksum) VALUES ($1, $2, $3, $4)"

# What an interrupted CREATE INDEX CONCURRENTLY leaves behind, and would trip over.
_SELECT_INVALID_INDEXES = """
SELECT format('%I', class.relname) AS name
FROM pg_index AS index
JOIN pg_class AS class ON class.oid = index.indexrelid
WHERE class.relnamespace = $1::text::regnamespace AND NOT index.indisvalid
"""

logger = structlog.get_logger(__name__)


class MigrationError(Exception):
    """The schema and the migration files do not fit together, or the lock was not to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> bytes:
        """The SHA-256 of the file's text."""
        return hashlib.sha256(self.sql.encode()).digest()

    @property
    def is_transactional(self) -> bool:
        """Whether the file runs in one transaction with its ledger entry."""
        return not self.sql.startswith(NO_TRANSACTION)

    @classmethod
    def of(cls, name: str, sql: str) -> Self:
        """The migration of a file; refuses a name that is not `NNNN_name.sql`."""
        matched = _FILE_NAME.fullmatch(name)
        if matched is None:
            raise MigrationError(f"{name} is not named NNNN_name.sql")
        return cls(number=int(matched[1]), name=name, sql=sql)


async def migrate(url: str, *, room: str, package: str) -> int:
    """Apply what is missing and return how many files that were; safe to call from several starters at once.

    Args:
        url: A role that may create schemas and roles, or at least is a member of the room's two roles.
        room: The schema's name.
        package: The package whose `migrations` folder holds the room's files.

    Raises:
        MigrationError: PostgreSQL was not there within the deadline, an applied file was edited or renamed, a
            number was inserted before applied ones, or another migrator held the lock beyond the deadline.
    """
    if not _ROOM.fullmatch(room):
        raise MigrationError(f"{room!r} is not the name of a room")
    sources = {source: read_migrations(source) for source in dict.fromkeys((PLATFORM_PACKAGE, package))}
    connection = await _connect(url, room)
    try:
        await _lock(connection, room)
        await _prepare(connection, room)
        return sum([await _apply_missing(connection, room, *source) for source in sources.items()])
    finally:
        # The lock ends with its session.
        await connection.close()


def read_migrations(package: str) -> Sequence[Migration]:
    """The files of a package in their order.

    Raises:
        MigrationError: A file is not named as it should be, or two have the same number.
    """
    folder = resources.files(package) / "migrations"
    if not folder.is_dir():
        raise MigrationError(f"{package} has no folder of migrations")
    found = sorted(
        (
            Migration.of(file.name, file.read_text(encoding="utf-8"))
            for file in folder.iterdir()
            if file.name.endswith(".sql")
        ),
        key=lambda migration: migration.name,
    )
    for earlier, later in itertools.pairwise(found):
        if earlier.number == later.number:
            raise MigrationError(f"{earlier.name} and {later.name} have the same number")
    return found


async def _connect(url: str, room: str) -> asyncpg.Connection[asyncpg.Record]:
    """Wait for a PostgreSQL that is about to start, as everything is when an installation is."""
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_SECONDS
    while True:
        try:
            return await asyncpg.connect(
                url,
                timeout=CONNECT_TIMEOUT_SECONDS,
                server_settings={
                    "application_name": f"timeloom-migrate-{room}",
                    "search_path": room,
                    "lock_timeout": str(LOCK_TIMEOUT_MS),
                    # "already exists, skipping" is what a second start is meant to find.
                    "client_min_messages": "warning",
                    # Whoever makes a role must not inherit it: the owner would see what only the role may.
                    "createrole_self_grant": "",
                },
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise MigrationError(
                    f"PostgreSQL could not be reached within {START_TIMEOUT_SECONDS:g} s"
                ) from error
            await asyncio.sleep(LOCK_POLL_SECONDS)


async def _lock(connection: asyncpg.Connection[asyncpg.Record], room: str) -> None:
    """Poll for the room's lock: `pg_advisory_lock` would deadlock with CREATE INDEX CONCURRENTLY."""
    for _ in range(LOCK_ATTEMPTS):
        if await connection.fetchval(_TRY_LOCK, room):
            return
        await asyncio.sleep(LOCK_POLL_SECONDS)
    raise MigrationError(f"another migrator of {room} did not finish in time")


async def _prepare(connection: asyncpg.Connection[asyncpg.Record], room: str) -> None:
    role, system_role = role_of(room), system_role_of(room)
    await _create_role(connection, role)
    await _create_role(connection, system_role)
    await connection.execute(_CREATE_SCHEMA.format(room=room, role=role, system_role=system_role))


async def _create_role(connection: asyncpg.Connection[asyncpg.Record], role: str) -> None:
    """Make a role unless it is there; other databases of the cluster share it, and their migrators race."""
    for attempt in range(ROLE_ATTEMPTS):
        try:
            await connection.execute(_CREATE_ROLE.format(role=role))
        except asyncpg.InsufficientPrivilegeError as error:
            raise MigrationError(
                f"{role} is missing, or not ours to use, and may not be granted: {error}"
            ) from error
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError, asyncpg.InternalServerError):
            await asyncio.sleep(LOCK_POLL_SECONDS * attempt)
        else:
            return
    raise MigrationError(f"{role} could not be made")


async def _apply_missing(
    connection: asyncpg.Connection[asyncpg.Record], room: str, package: str, migrations: Sequence[Migration]
) -> int:
    applied = {row["number"]: row for row in await connection.fetch(_SELECT_APPLIED, package)}
    missing = [migration for migration in migrations if not _is_applied(migration, applied)]
    for migration in missing:
        if applied and migration.number < max(applied):
            raise MigrationError(
                f"{migration.name} of {package} is numbered before migrations already applied"
            )
        await _apply(connection, room, package, migration)
        logger.info("migration applied", room=room, package=package, migration=migration.name)
    return len(missing)


def _is_applied(migration: Migration, applied: Mapping[int, asyncpg.Record]) -> bool:
    row = applied.get(migration.number)
    if row is None:
        return False
    if (row["name"], row["checksum"]) != (migration.name, migration.checksum):
        raise MigrationError(f"{migration.name} was edited after it had been applied as {row['name']}")
    return True


async def _apply(
    connection: asyncpg.Connection[asyncpg.Record], room: str, package: str, migration: Migration
) -> None:
    entry = (package, migration.number, migration.name, migration.checksum)
    if migration.is_transactional:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(_INSERT_APPLIED, *entry)
        return
    for row in await connection.fetch(_SELECT_INVALID_INDEXES, room):
        await connection.execute(f"DROP INDEX CONCURRENTLY {row['name']}")
    await connection.execute(migration.sql)
    await connection.execute(_INSERT_APPLIED, *entry)
