"""What people ask of migrations: plan, start, pause, resume, decide, verify, roll back, delete."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from timeloom_migration import lifecycle
from timeloom_migration.advancing import Advancing
from timeloom_migration.changes import Changes, found
from timeloom_migration.errors import WrongStatusError
from timeloom_migration.leftovers import Leftovers
from timeloom_migration.lifecycle import Command, Goal, Phase, Status, allows, statuses_for
from timeloom_migration.model import Migration, Overview, Verification
from timeloom_migration.planning.model import Resolution
from timeloom_migration.storage import items, migrations
from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError


class Commands:
    """Changes what migrations are to do; whoever drives them does it."""

    def __init__(
        self, *, database: Database, changes: Changes, advancing: Advancing, leftovers: Leftovers
    ) -> None:
        self._database = database
        self._changes = changes
        self._advancing = advancing
        self._leftovers = leftovers

    async def plan(self, project_id: UUID, migration_id: UUID, resolution: Resolution | None) -> Overview:
        """Has a migration planned, or planned anew.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It cannot be planned now.
        """
        async with self._database.transaction(str(project_id)) as connection:
            migration = await self._changes.locked(connection, project_id, migration_id, Command.PLAN)
            planned = replace(
                _begun(migration, Phase.READING, Goal.PLAN),
                conflict_resolution=resolution or migration.conflict_resolution,
            )
            overview = await self._changes.write(connection, planned)
        return self._changes.wake(overview)

    async def start(self, project_id: UUID, migration_id: UUID) -> Overview:
        """Starts a migration, by its plan if it has one.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It cannot be started now.
        """
        async with self._database.transaction(str(project_id)) as connection:
            migration = await self._changes.locked(connection, project_id, migration_id, Command.START)
            phase = Phase.WRITING if migration.status is Status.PLANNED else Phase.READING
            started = replace(_begun(migration, phase, Goal.MIGRATE), start_time=self._changes.clock())
            overview = await self._changes.write(connection, started)
        return self._changes.wake(overview)

    async def pause(self, project_id: UUID, migration_id: UUID) -> Overview:
        """Pauses a migration after the batch that is under way.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It does nothing that could be paused.
        """
        async with self._database.transaction(str(project_id)) as connection:
            migration = await self._changes.locked(connection, project_id, migration_id, Command.PAUSE)
            if migration.status is Status.PAUSED:
                return await self._changes.tell(connection, migration)
            paused = replace(migration, status=Status.PAUSED, driven=True)
            overview = await self._changes.write(connection, paused)
        return self._changes.wake(overview)

    async def resume(self, project_id: UUID, migration_id: UUID) -> Overview:
        """Lets a migration go on that was paused or failed.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It was neither.
        """
        async with self._database.transaction(str(project_id)) as connection:
            migration = await self._changes.locked(connection, project_id, migration_id, Command.RESUME)
            if migration.status is Status.PAUSED:
                resumed = replace(
                    _driven_anew(migration), status=lifecycle.working(migration.phase), restarts=0
                )
            else:
                resumed = self._after_failure(migration)
            overview = await self._changes.write(connection, resumed)
        return self._changes.wake(overview)

    async def roll_back(self, project_id: UUID, migration_id: UUID) -> Overview:
        """Has everything taken back that a migration has written.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It has written nothing, or is taken back already.
        """
        async with self._database.transaction(str(project_id)) as connection:
            migration = await self._changes.locked(connection, project_id, migration_id, Command.ROLL_BACK)
            begun = _begun(migration, Phase.RESTORING, Goal.ROLL_BACK)
            overview = await self._changes.write(connection, replace(begun, progress=migration.progress))
        return self._changes.wake(overview)

    async def resolve(
        self, project_id: UUID, migration_id: UUID, conflict_id: UUID | None, resolution: Resolution | None
    ) -> Overview:
        """Decides a conflict, or all that are open; what was decided is done if the migration waited for it.

        Raises:
            NotFoundError: There is no such migration, or no such open conflict.
            InvalidFieldError: The resolution decides nothing.
            WrongStatusError: Nothing can be decided now.
            EtagMismatchError: A rollback left it alone, and somebody changed it since it was listed.
            UnavailableError: A service that is needed does not answer.
        """
        if resolution in {None, Resolution.ASK}:
            raise InvalidFieldError.of("resolution", "must be SKIP, OVERWRITE, MERGE or RENAME")
        assert resolution is not None
        if conflict_id is not None:
            async with self._database.reading(str(project_id)) as connection:
                is_left = await items.is_from_rollback(connection, project_id, migration_id, conflict_id)
            if is_left:
                return await self._leftovers.decide(project_id, migration_id, conflict_id, resolution)
        async with self._database.transaction(str(project_id)) as connection:
            migration = await self._changes.locked(connection, project_id, migration_id)
            numbers = await items.resolve(
                connection,
                project_id,
                migration_id,
                conflict_id=conflict_id,
                resolution=resolution,
                now=self._changes.clock(),
            )
            if numbers is None:
                raise NotFoundError(f"There is no open conflict {conflict_id}.")
            if numbers and not allows(migration.status, Command.RESOLVE):
                raise WrongStatusError(
                    f"The migration is {migration.status}: to resolve needs one of"
                    f" {statuses_for(Command.RESOLVE)}."
                )
            await items.decide(connection, project_id, migration_id, numbers, resolution)
            if numbers and migration.status is Status.WAITING:
                migration = _begun(migration, Phase.WRITING, Goal.MIGRATE)
            elif numbers and migration.status is Status.PLANNED:
                migration = _begun(migration, Phase.MATCHING, Goal.PLAN)
            overview = await self._changes.write(connection, migration)
        return self._changes.wake(overview)

    async def verify(self, project_id: UUID, migration_id: UUID) -> Verification:
        """Compares what was migrated with what is there.

        Raises:
            NotFoundError: There is no such migration.
            WrongStatusError: It has not ended, or was taken back.
        """
        async with self._database.reading(str(project_id)) as connection:
            migration = found(await migrations.select(connection, project_id, migration_id), migration_id)
        if not allows(migration.status, Command.VERIFY):
            raise WrongStatusError(
                f"The migration is {migration.status}: to verify needs one of {statuses_for(Command.VERIFY)}."
            )
        verified = await self._advancing.verify(project_id, migration)
        assert verified.verification is not None
        async with self._database.transaction(str(project_id)) as connection:
            now = await self._changes.locked(connection, project_id, migration_id)
            if allows(now.status, Command.VERIFY):
                overview = await self._changes.write(
                    connection, replace(now, verification=verified.verification)
                )
                self._changes.wake(overview)
        return verified.verification

    async def delete(self, project_id: UUID, migration_id: UUID) -> None:
        """Deletes a migration with what is kept of it; what it has written stays.

        Raises:
            WrongStatusError: It is at work.
        """
        async with self._database.transaction(str(project_id)) as connection:
            migration = await migrations.lock(connection, project_id, migration_id)
            if migration is None:
                raise NotFoundError(f"There is no migration {migration_id}.")
            if not allows(migration.status, Command.DELETE):
                raise WrongStatusError("The migration is at work: pause it first.")
            await migrations.delete(connection, project_id, migration_id)

    def _after_failure(self, migration: Migration) -> Migration:
        if migration.goal is Goal.ROLL_BACK:
            return replace(_begun(migration, Phase.RESTORING, Goal.ROLL_BACK), progress=migration.progress)
        phase = Phase.WRITING if migration.item_count and migration.start_time else Phase.READING
        return replace(_begun(migration, phase, migration.goal), verification=None)


def _begun(migration: Migration, phase: Phase, goal: Goal) -> Migration:
    """Returns a migration that is set going."""
    is_anew = migration.status is Status.ROLLED_BACK
    return replace(
        _driven_anew(migration),
        status=lifecycle.working(phase),
        phase=phase,
        goal=goal,
        position=0,
        # Only what was read to its end can be written.
        item_count=0 if phase is Phase.READING else migration.item_count,
        error="",
        restarts=0,
        progress=lifecycle.UPLOADED if is_anew else migration.progress,
        verification=None if is_anew else migration.verification,
        start_time=None if is_anew else migration.start_time,
        end_time=None,
    )


def _driven_anew(migration: Migration) -> Migration:
    return replace(migration, runs=migration.runs + 1, driven=False)
