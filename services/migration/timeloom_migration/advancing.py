"""Doing the next bounded part of a migration's work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid5

from timeloom_migration import lifecycle
from timeloom_migration.changes import Changes, found
from timeloom_migration.lifecycle import ENDED, WORKING, Status
from timeloom_migration.lifecycle import Phase as PhaseName
from timeloom_migration.limits import ADVANCE_SECONDS
from timeloom_migration.model import Migration, Overview, Stage
from timeloom_migration.phases.batch import Batch, Part, Phase, Work, answered
from timeloom_migration.phases.matching import Matching
from timeloom_migration.phases.reading import Reading, TooManyItemsError
from timeloom_migration.phases.restoring import Restoring
from timeloom_migration.phases.verifying import Verifying
from timeloom_migration.phases.writing import Writing
from timeloom_migration.storage import items as item_storage
from timeloom_migration.storage import migrations as storage
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_platform.database import Connection, Database

BUSY_SECONDS: Final = 1.0
"""Whoever finds that another call does the work waits so long, so that it does not ask for nothing."""

_TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('migration ' || $1, 0))"


class Advancing:
    """Does the work of migrations, one call at a time for each."""

    def __init__(self, *, database: Database, changes: Changes, work: Work) -> None:
        self._database = database
        self._changes = changes
        matching = Matching(work)
        self._phases: Mapping[PhaseName, Phase] = {
            PhaseName.READING: Reading(work),
            PhaseName.MATCHING: matching,
            PhaseName.WRITING: Writing(work, matching),
            PhaseName.VERIFYING: Verifying(work),
            PhaseName.RESTORING: Restoring(work),
        }

    async def advance(self, project_id: UUID, migration_id: UUID) -> tuple[Overview, bool]:
        """Does batches for a bounded time; tells whether nothing is left to do until somebody asks.

        Raises:
            NotFoundError: There is no such migration.
            UnavailableError: A service that is needed does not answer.
        """
        async with self._alone(project_id, migration_id) as is_alone:
            if not is_alone:
                await asyncio.sleep(BUSY_SECONDS)
                overview = await self._overview(project_id, migration_id)
                return overview, overview.migration.status not in WORKING
            with acting_as(Identity(project_id=str(project_id), scope=Scope.INTERNAL)):
                return await self._work_on(project_id, migration_id)

    async def verify(self, project_id: UUID, migration: Migration) -> Migration:
        """Returns a migration that has ended with a verification of now.

        Raises:
            UnavailableError: A service that is needed does not answer.
        """
        verifying = self._phases[PhaseName.VERIFYING]
        current = replace(migration, position=0, verification=None)
        with acting_as(Identity(project_id=str(project_id), scope=Scope.INTERNAL)):
            while True:
                batch = await answered(verifying.step(current), migration_id=current.id)
                current = replace(current, position=batch.position, verification=batch.verification)
                if batch.is_last:
                    return current

    async def _work_on(self, project_id: UUID, migration_id: UUID) -> tuple[Overview, bool]:
        end = time.monotonic() + ADVANCE_SECONDS
        while True:
            migration = await self._current(project_id, migration_id)
            if migration.status not in WORKING:
                return await self._overview(project_id, migration_id), True
            try:
                batch = await answered(
                    self._phases[migration.phase].step(migration), migration_id=migration_id
                )
            except TooManyItemsError as error:
                overview = await self._fail(migration, str(error))
            else:
                overview = await self._store(migration, batch)
            is_done = overview.migration.status not in WORKING
            if is_done or time.monotonic() >= end:
                return overview, is_done

    async def _store(self, seen: Migration, batch: Batch) -> Overview:
        """Notes what a batch came to, and goes on to what follows."""
        async with self._database.transaction(str(seen.project_id)) as connection:
            now = await self._changes.locked(connection, seen.project_id, seen.id)
            is_read_already = batch.part is not None and now.position != seen.position
            is_overtaken = now.phase is not seen.phase or is_read_already
            if batch.part is not None and not is_overtaken:
                await _keep(connection, seen, batch.part)
            await item_storage.update(connection, seen.project_id, seen.id, batch.items)
            for each in batch.conflicts:
                await item_storage.insert_conflict(
                    connection,
                    seen.project_id,
                    seen.id,
                    conflict_id=uuid5(seen.id, f"{seen.start_time}/{each.item_number}/{each.from_rollback}"),
                    item_number=each.item_number,
                    existing=each.existing,
                    incoming=each.incoming,
                    from_rollback=each.from_rollback,
                    now=self._changes.clock(),
                )
            if is_overtaken:
                # Somebody wants something else by now: what was done is noted, and nothing else.
                return self._changes.wake(await self._changes.tell(connection, now))
            new = replace(
                now,
                position=batch.position,
                item_count=now.item_count if batch.item_count is None else batch.item_count,
                verification=batch.verification or now.verification,
            )
            new = replace(new, progress=await self._progress(connection, new))
            if batch.is_last:
                new = await self._passed(connection, new)
            overview = await self._changes.write(connection, new)
        return self._changes.wake(overview)

    async def _progress(self, connection: Connection, migration: Migration) -> float:
        done, count = migration.position, migration.item_count
        if migration.phase is PhaseName.READING:
            count = migration.record_count
        elif migration.phase is PhaseName.WRITING:
            done = await item_storage.count(connection, migration.project_id, migration.id, [Stage.DONE])
        elif migration.phase is PhaseName.RESTORING:
            left = await item_storage.count_written(connection, migration.project_id, migration.id)
            count = done + left
        return lifecycle.progress(migration.phase, done=done, count=count, before=migration.progress)

    async def _passed(self, connection: Connection, migration: Migration) -> Migration:
        """Returns a migration whose phase has ended."""
        (overview,) = await storage.counted(connection, [migration])
        verification = migration.verification
        is_sound = verification is not None and verification.ok
        status, phase = lifecycle.after(
            migration.phase,
            migration.goal,
            has_open_conflicts=overview.open_conflict_count > 0,
            is_sound=is_sound,
        )
        is_paused = migration.status is Status.PAUSED and phase is not PhaseName.NOTHING
        error = migration.error
        if status is Status.FAILED and verification is not None:
            error = (
                f"The verification found {verification.problem_count} of {verification.checked_count}"
                " resources that are not as they should be."
            )
        return replace(
            migration,
            status=Status.PAUSED if is_paused else status,
            phase=phase,
            position=0,
            error=error,
            end_time=self._changes.clock() if status in ENDED else migration.end_time,
        )

    async def _fail(self, seen: Migration, error: str) -> Overview:
        async with self._database.transaction(str(seen.project_id)) as connection:
            now = await self._changes.locked(connection, seen.project_id, seen.id)
            failed = replace(
                now,
                status=Status.FAILED,
                phase=PhaseName.NOTHING,
                error=error,
                end_time=self._changes.clock(),
            )
            overview = await self._changes.write(connection, failed)
        return self._changes.wake(overview)

    async def _current(self, project_id: UUID, migration_id: UUID) -> Migration:
        async with self._database.reading(str(project_id)) as connection:
            return found(await storage.select(connection, project_id, migration_id), migration_id)

    async def _overview(self, project_id: UUID, migration_id: UUID) -> Overview:
        async with self._database.reading(str(project_id)) as connection:
            migration = found(await storage.select(connection, project_id, migration_id), migration_id)
            (overview,) = await storage.counted(connection, [migration])
        return overview

    @asynccontextmanager
    async def _alone(self, project_id: UUID, migration_id: UUID) -> AsyncGenerator[bool]:
        """Tells whether nobody else works on the migration, until the block ends.

        The lock is a transaction's: with the process, or with PostgreSQL, it goes by itself.
        """
        async with self._database.transaction(str(project_id)) as connection:
            yield await connection.fetchval(_TRY_LOCK, str(migration_id))


async def _keep(connection: Connection, migration: Migration, part: Part) -> None:
    if migration.position == 0:
        await item_storage.forget(connection, migration.project_id, migration.id)
    await item_storage.settle(connection, migration.project_id, migration.id, part.settled)
    await item_storage.insert(connection, migration.project_id, migration.id, part.items)
