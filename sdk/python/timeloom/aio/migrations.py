"""Migrations: what browser apps kept by themselves, brought over, verified, and undone if need be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Final

from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._messages import assign, read, write
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.errors import AlreadyExistsError, UnavailableError
from timeloom.exports import FORMAT_VERSION, Export
from timeloom.migration.v1 import migration_pb2 as nouns
from timeloom.migration.v1 import migration_service_pb2 as pb
from timeloom.migrations import (
    ConflictResolution,
    Migration,
    MigrationAction,
    MigrationConflict,
    MigrationItem,
    MigrationStatus,
    RecordFamily,
    SecretPolicy,
    Verification,
)

UPLOAD_TIMEOUT_SECONDS: Final = 60.0
VERIFY_TIMEOUT_SECONDS: Final = 120.0
WATCH_RETRIES_MAX: Final = 10
WATCH_RETRY_SECONDS_MAX: Final = 2.0
FOUND_MAX: Final = 1000
"""How many of the newest migrations are looked through for an export."""


class AsyncMigrations:
    """The project's migrations, each one import of a browser's data."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- Uploading --------------------------------------------------------------------

    async def upload(
        self,
        export: Export,
        *,
        conflict_resolution: ConflictResolution | None = None,
        secret_policy: SecretPolicy | None = None,
        user_id: str = "",
        migration_id: str = "",
        progress: Callable[[int], None] | None = None,
    ) -> Migration:
        """Upload an export, or the rest of one, and return its migration; nothing is changed by that.

        Args:
            export: As `Export.load` reads it from a file.
            conflict_resolution: What becomes of what is there already; it is skipped if None.
            secret_policy: What becomes of secrets that the app kept in clear; they are sealed if None.
            user_id: Whose data it is, if the export does not say so.
            migration_id: A UUID of your own, under which a broken upload goes on.
            progress: Is told how many records have arrived.

        Raises:
            DamagedFileError: A record is too large to travel.
        """
        migration = await self._create(
            export,
            migration_id or uuid7(),
            conflict_resolution=conflict_resolution,
            secret_policy=secret_policy,
            user_id=user_id,
        )
        if progress is not None:
            progress(migration.received_record_count)
        for first, records in export.parts(first=migration.received_record_count):
            request = pb.AppendRecordsRequest(migration_id=migration.id, first_index=first, records=records)
            response = await self._connection.unary(
                self._connection.migration.AppendRecords, request, timeout_seconds=UPLOAD_TIMEOUT_SECONDS
            )
            migration = read(Migration, response.migration)
            if progress is not None:
                progress(migration.received_record_count)
        return migration

    async def _create(
        self,
        export: Export,
        migration_id: str,
        *,
        conflict_resolution: ConflictResolution | None,
        secret_policy: SecretPolicy | None,
        user_id: str,
    ) -> Migration:
        source = write(export.source, nouns.ExportSource)
        source.user_id = source.user_id or user_id
        request = pb.CreateMigrationRequest(
            migration_id=migration_id,
            format_version=FORMAT_VERSION,
            source=source,
            record_count=len(export.records),
            sha256=export.sha256,
        )
        assign(request, "conflict_resolution", conflict_resolution)
        assign(request, "secret_policy", secret_policy)
        try:
            response = await self._connection.unary(self._connection.migration.CreateMigration, request)
        except AlreadyExistsError:
            found = await self.get(migration_id)
            if found.sha256 != export.sha256:
                raise
            return found
        return read(Migration, response.migration)

    # -- Looking ----------------------------------------------------------------------

    async def get(self, migration_id: str) -> Migration:
        """Return a migration."""
        request = pb.GetMigrationRequest(migration_id=migration_id)
        method = self._connection.migration.GetMigration
        return read(Migration, (await self._connection.unary(method, request)).migration)

    async def find(self, export: Export) -> Migration | None:
        """Return the newest migration of an export; None if there is none among the newest 1,000."""
        async for migration in self.list(limit=FOUND_MAX):
            if migration.sha256 == export.sha256:
                return migration
        return None

    def list(
        self,
        *,
        statuses: Iterable[MigrationStatus] = (),
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Migration]:
        """List migrations, newest first: all, or those that stand so."""
        request = pb.ListMigrationsRequest()
        assign(request, "statuses", tuple(statuses))
        return listed(
            self._connection,
            lambda: self._connection.migration.ListMigrations,
            request,
            kind=Migration,
            field="migrations",
            limit=limit,
            page_size=page_size,
        )

    def items(
        self,
        migration_id: str,
        *,
        actions: Iterable[MigrationAction] = (),
        families: Iterable[RecordFamily] = (),
        limit: int | None = None,
        page_size: int = 500,
    ) -> AsyncPager[MigrationItem]:
        """List what is planned, and done, with each resource.

        Args:
            migration_id: The migration.
            actions: Only those with which this is done.
            families: Only those of such records.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = pb.ListMigrationItemsRequest(migration_id=migration_id)
        assign(request, "actions", tuple(actions))
        assign(request, "families", tuple(families))
        return listed(
            self._connection,
            lambda: self._connection.migration.ListMigrationItems,
            request,
            kind=MigrationItem,
            field="items",
            limit=limit,
            page_size=page_size,
        )

    def conflicts(
        self,
        migration_id: str,
        *,
        only_open: bool = False,
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncPager[MigrationConflict]:
        """List resources that a person has to decide about, or that a rollback left alone."""
        return listed(
            self._connection,
            lambda: self._connection.migration.ListMigrationConflicts,
            pb.ListMigrationConflictsRequest(migration_id=migration_id, only_open=only_open),
            kind=MigrationConflict,
            field="conflicts",
            limit=limit,
            page_size=page_size,
        )

    async def watch(self, migration_id: str) -> AsyncGenerator[Migration]:
        """Yield a migration, and again whenever it gets on, until it ends or waits for somebody.

        A connection that breaks is taken up again.
        """
        failures = 0
        while True:
            request = pb.WatchMigrationRequest(migration_id=migration_id)
            try:
                method = self._connection.migration.WatchMigration
                async for response in self._connection.stream(method, request):
                    failures = 0
                    yield read(Migration, response.migration)
            except UnavailableError as error:
                failures += 1
                if failures > WATCH_RETRIES_MAX:
                    raise
                backoff = min(0.1 * 2**failures, WATCH_RETRY_SECONDS_MAX)
                await asyncio.sleep(error.retry_after_seconds or backoff)
            else:
                return

    async def wait(
        self, migration_id: str, *, progress: Callable[[Migration], None] | None = None
    ) -> Migration:
        """Return a migration once it does not get on by itself any more: ended, planned, paused or waiting.

        Args:
            migration_id: The migration.
            progress: Is told how it stands, whenever it gets on.
        """
        found = await self.get(migration_id)
        while found.status.is_working:
            async for found in self.watch(migration_id):
                if progress is not None:
                    progress(found)
                if not found.status.is_working:
                    break
        return found

    # -- The hand on one --------------------------------------------------------------

    async def plan(
        self, migration_id: str, *, conflict_resolution: ConflictResolution | None = None
    ) -> Migration:
        """Plan a migration without changing anything; `wait` for it, and look at its `items`.

        Args:
            migration_id: The migration.
            conflict_resolution: Another one from now on; as it is if None.
        """
        request = pb.PlanMigrationRequest(migration_id=migration_id)
        assign(request, "conflict_resolution", conflict_resolution)
        method = self._connection.migration.PlanMigration
        return read(Migration, (await self._connection.unary(method, request)).migration)

    async def start(self, migration_id: str) -> Migration:
        """Start a migration; it is planned first if it is not yet."""
        request = pb.StartMigrationRequest(migration_id=migration_id)
        method = self._connection.migration.StartMigration
        return read(Migration, (await self._connection.unary(method, request)).migration)

    async def pause(self, migration_id: str) -> Migration:
        """Pause a migration after the batch that is under way."""
        request = pb.PauseMigrationRequest(migration_id=migration_id)
        method = self._connection.migration.PauseMigration
        return read(Migration, (await self._connection.unary(method, request)).migration)

    async def resume(self, migration_id: str) -> Migration:
        """Let a migration go on that was paused or failed."""
        request = pb.ResumeMigrationRequest(migration_id=migration_id)
        method = self._connection.migration.ResumeMigration
        return read(Migration, (await self._connection.unary(method, request)).migration)

    async def resolve(
        self, migration_id: str, resolution: ConflictResolution, *, conflict_id: str = ""
    ) -> Migration:
        """Decide a conflict, or all that are open; a migration that waited for it goes on.

        What a rollback left alone is decided one by one: `SKIP` keeps it, `OVERWRITE` restores what was there
        before the migration.

        Raises:
            EtagMismatchError: It was changed since it was listed; the conflict shows what is there now.
        """
        request = pb.ResolveMigrationConflictRequest(migration_id=migration_id, conflict_id=conflict_id)
        assign(request, "resolution", resolution)
        method = self._connection.migration.ResolveMigrationConflict
        return read(Migration, (await self._connection.unary(method, request)).migration)

    async def verify(self, migration_id: str) -> Verification:
        """Compare everything that was migrated with what is there now."""
        response = await self._connection.unary(
            self._connection.migration.VerifyMigration,
            pb.VerifyMigrationRequest(migration_id=migration_id),
            timeout_seconds=VERIFY_TIMEOUT_SECONDS,
        )
        return read(Verification, response.verification)

    async def roll_back(self, migration_id: str) -> Migration:
        """Take a migration back; what people changed since stays, and is listed as a conflict."""
        request = pb.RollBackMigrationRequest(migration_id=migration_id)
        method = self._connection.migration.RollBackMigration
        return read(Migration, (await self._connection.unary(method, request)).migration)

    async def delete(self, migration_id: str) -> None:
        """Delete a migration with the records that it kept; what it migrated stays."""
        request = pb.DeleteMigrationRequest(migration_id=migration_id)
        await self._connection.unary(self._connection.migration.DeleteMigration, request)
