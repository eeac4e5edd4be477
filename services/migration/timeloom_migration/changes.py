"""Changing a migration: its row is locked, its next version written, and told in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom_migration.answers import migration_message
from timeloom_migration.errors import WrongStatusError
from timeloom_migration.hints import Hints
from timeloom_migration.lifecycle import Command, allows, statuses_for
from timeloom_migration.model import Migration, Overview
from timeloom_migration.storage import migrations as storage
from timeloom_platform import outbox
from timeloom_platform.database import Connection
from timeloom_platform.errors import NotFoundError


class Changes:
    """Writes migrations, and tells of it."""

    def __init__(self, *, clock: Callable[[], datetime], hints: Hints) -> None:
        self.clock = clock
        self._hints = hints

    async def locked(
        self, connection: Connection, project_id: UUID, migration_id: UUID, command: Command | None = None
    ) -> Migration:
        """Returns a migration that nobody else changes until the transaction ends.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It does not take the command now.
        """
        migration = found(await storage.lock(connection, project_id, migration_id), migration_id)
        if command is not None and not allows(migration.status, command):
            raise WrongStatusError(
                f"The migration is {migration.status}: to {command} needs one of {statuses_for(command)}."
            )
        return migration

    async def write(self, connection: Connection, migration: Migration) -> Overview:
        """Writes the next version of a locked migration."""
        new = await storage.update(connection, migration, now=self.clock())
        return await self.tell(connection, new)

    async def tell(self, connection: Connection, migration: Migration) -> Overview:
        """Tells that a migration got on."""
        (overview,) = await storage.counted(connection, [migration])
        event = events_pb2.Event(topic=f"migration/{migration.id}")
        event.migration_updated.migration.CopyFrom(migration_message(overview))
        await outbox.enqueue(connection, str(migration.project_id), [event])
        return overview

    def wake(self, overview: Overview) -> Overview:
        """Wakes those who wait, when the transaction has committed."""
        self._hints.changed.ring(overview.migration.id)
        if not overview.migration.driven:
            self._hints.has_undriven.set()
        return overview


def found(migration: Migration | None, migration_id: UUID) -> Migration:
    """Returns a migration that is there.

    Raises:
        NotFoundError: It is not.
    """
    if migration is None:
        raise NotFoundError(f"There is no migration {migration_id}.")
    return migration
