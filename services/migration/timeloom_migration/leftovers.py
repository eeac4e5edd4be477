"""What a rollback left alone because somebody had changed it: people decide whether it stays."""

from __future__ import annotations

from uuid import UUID

from timeloom_migration.changes import Changes
from timeloom_migration.lifecycle import Command
from timeloom_migration.model import Overview, StoredItem
from timeloom_migration.phases.batch import Work, answered, decoded, shown
from timeloom_migration.phases.restoring import left_alone, there_now
from timeloom_migration.planning.model import Resolution, Table
from timeloom_migration.storage import items as storage
from timeloom_migration.targets.target import Outcome, Restoration
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_platform.database import Connection
from timeloom_platform.errors import EtagMismatchError, InvalidFieldError, NotFoundError


class Leftovers:
    """Keeps what people made of it, or restores what was there before the migration."""

    def __init__(self, *, changes: Changes, work: Work) -> None:
        self._changes = changes
        self._work = work

    async def decide(
        self, project_id: UUID, migration_id: UUID, conflict_id: UUID, resolution: Resolution
    ) -> Overview:
        """Decides a rollback's conflict. What is restored twice is as if restored once.

        Raises:
            NotFoundError: There is no such open conflict.
            InvalidFieldError: It can be kept or overwritten, and nothing else.
            WrongStatusError: The migration is not rolled back.
            EtagMismatchError: Somebody changed it since it was listed: it shows what is there now.
            UnavailableError: A service that is needed does not answer.
        """
        if resolution not in {Resolution.SKIP, Resolution.OVERWRITE}:
            raise InvalidFieldError.of(
                "resolution",
                "must be SKIP, which keeps what is there, or OVERWRITE: a rollback left it alone",
            )
        # The row is locked until all is noted, so that nobody starts the migration again meanwhile.
        async with self._work.database.transaction(str(project_id)) as connection:
            migration = await self._changes.locked(connection, project_id, migration_id, Command.DECIDE)
            found = await storage.select_conflicts(
                connection, project_id, migration_id, conflict_id=conflict_id, only_open=True, limit=1
            )
            if not found:
                raise NotFoundError(f"There is no open conflict {conflict_id}.")
            with acting_as(Identity(project_id=str(project_id), scope=Scope.INTERNAL)):
                is_done = resolution is Resolution.SKIP or await self._restored(migration_id, found[0].item)
                if not is_done:
                    await self._show(connection, project_id, migration_id, conflict_id, found[0].item)
            if is_done:
                await storage.resolve(
                    connection,
                    project_id,
                    migration_id,
                    conflict_id=conflict_id,
                    resolution=resolution,
                    now=self._changes.clock(),
                )
            overview = await self._changes.write(connection, migration)
        self._changes.wake(overview)
        if not is_done:
            raise EtagMismatchError(
                "Somebody changed it since it was listed; the conflict shows what is there now."
            )
        return overview

    async def _restored(self, migration_id: UUID, item: StoredItem) -> bool:
        """Restores what was there before, if what is there now is what the conflict shows."""
        assert item.target_id is not None
        restoration = Restoration(
            table=item.table,
            id=item.target_id,
            write_id="",
            mark=item.mark,
            fields=decoded(item.fields),
            image=item.before or "",
            replaces_changes=True,
        )
        (result,) = await answered(
            self._work.targets[Table(item.table)].restore([restoration]), migration_id=migration_id
        )
        return result.outcome is Outcome.DONE

    async def _show(
        self,
        connection: Connection,
        project_id: UUID,
        migration_id: UUID,
        conflict_id: UUID,
        item: StoredItem,
    ) -> None:
        """Has a conflict show what is there now."""
        (there,) = await answered(
            there_now(self._work.targets[Table(item.table)], [item]), migration_id=migration_id
        )
        await storage.update(connection, project_id, migration_id, [left_alone(item, there)])
        await storage.update_conflict(
            connection,
            project_id,
            migration_id,
            conflict_id=conflict_id,
            existing=shown(there.fields) if there else None,
        )
