"""What people ask about migrations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom_migration.changes import found
from timeloom_migration.hints import Hints
from timeloom_migration.lifecycle import ENDED, Status
from timeloom_migration.model import Conflict, Overview, StoredItem
from timeloom_migration.planning.model import Action, Family
from timeloom_migration.storage import items, migrations
from timeloom_platform.bell import wait
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import UnavailableError
from timeloom_platform.pagination import Cursors, ListIdentity, Page

POLL_SECONDS: Final = 1.0
"""How often somebody who follows a migration looks, where no hint comes."""


class Questions:
    """Answers them."""

    def __init__(self, *, database: Database, cursors: Cursors, hints: Hints) -> None:
        self._database = database
        self._cursors = cursors
        self._hints = hints

    async def get(self, project_id: UUID, migration_id: UUID) -> Overview:
        """Returns a migration.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.reading(str(project_id)) as connection:
            return await _overview(connection, project_id, migration_id)

    async def list_page(
        self, project_id: UUID, *, statuses: Sequence[Status], page_token: str, limit: int
    ) -> Page[Overview]:
        """Returns migrations, newest first.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "migrations",
            "project": str(project_id),
            "statuses": tuple(statuses),
        }
        before = _position(self._cursors.decode(page_token, of=identity))
        async with self._database.reading(str(project_id)) as connection:
            kept = await migrations.select_page(
                connection, project_id, before=before, statuses=statuses, limit=limit + 1
            )
            listed = await migrations.counted(connection, kept)
        return self._cursors.page(
            listed,
            limit=limit,
            of=identity,
            position=lambda each: (each.migration.create_time.isoformat(), str(each.migration.id)),
        )

    async def list_items(
        self,
        project_id: UUID,
        migration_id: UUID,
        *,
        actions: Sequence[Action],
        families: Sequence[Family],
        page_token: str,
        limit: int,
    ) -> Page[StoredItem]:
        """Returns what is planned and done, by number.

        Raises:
            NotFoundError: There is no such migration.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "migration items",
            "project": str(project_id),
            "migration": str(migration_id),
            "actions": tuple(actions),
            "families": tuple(families),
        }
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            found(await migrations.select(connection, project_id, migration_id), migration_id)
            kept = await items.select_after(
                connection,
                project_id,
                migration_id,
                number=int(position[0] or 0) if position else 0,
                limit=limit + 1,
                actions=actions,
                families=families,
            )
        return self._cursors.page(kept, limit=limit, of=identity, position=lambda each: (each.number,))

    async def list_conflicts(
        self, project_id: UUID, migration_id: UUID, *, only_open: bool, page_token: str, limit: int
    ) -> Page[Conflict]:
        """Returns conflicts, in the order in which they arose.

        Raises:
            NotFoundError: There is no such migration.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "migration conflicts",
            "project": str(project_id),
            "migration": str(migration_id),
            "open": only_open,
        }
        after = _position(self._cursors.decode(page_token, of=identity))
        async with self._database.reading(str(project_id)) as connection:
            found(await migrations.select(connection, project_id, migration_id), migration_id)
            kept = await items.select_conflicts(
                connection, project_id, migration_id, after=after, only_open=only_open, limit=limit + 1
            )
        return self._cursors.page(
            kept,
            limit=limit,
            of=identity,
            position=lambda each: (each.create_time.isoformat(), str(each.id)),
        )

    async def watch(self, project_id: UUID, migration_id: UUID) -> AsyncGenerator[Overview]:
        """Yields a migration now, whenever it has changed, and for the last time when it has ended.

        Raises:
            NotFoundError: There is none, or not any more.
            UnavailableError: The service is about to stop.
        """
        last: Overview | None = None
        with self._hints.changed.heard(migration_id) as something_happened:
            while True:
                overview = await self.get(project_id, migration_id)
                if overview != last:
                    yield overview
                    last = overview
                if overview.migration.status in ENDED:
                    return
                if self._hints.is_closed:
                    raise UnavailableError("The service is about to stop.", retry_after_seconds=POLL_SECONDS)
                await wait(something_happened, POLL_SECONDS)


async def _overview(connection: Connection, project_id: UUID, migration_id: UUID) -> Overview:
    migration = found(await migrations.select(connection, project_id, migration_id), migration_id)
    (overview,) = await migrations.counted(connection, [migration])
    return overview


def _position(given: Sequence[object] | None) -> tuple[datetime, UUID] | None:
    return (datetime.fromisoformat(str(given[0])), UUID(str(given[1]))) if given else None
