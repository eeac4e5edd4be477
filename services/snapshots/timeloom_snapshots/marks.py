"""Marks: snapshots get other labels and tags. What was recorded stays as it is, and with it the chain."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from timeloom_platform import outbox
from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_snapshots import events
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.storage import effects, snapshots
from timeloom_snapshots.storage import marks as storage


class Marks:
    """Labels and tags that snapshots are given afterwards; whoever shares a snapshot sees them."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def update(
        self,
        project_id: UUID,
        execution_id: UUID,
        sequence: int,
        *,
        label: str | None,
        tags: Sequence[str] | None,
    ) -> Snapshot:
        """Gives a snapshot another label or other tags, or both; None leaves them as they are.

        Raises:
            NotFoundError: There is no such snapshot.
        """
        async with self._database.transaction(str(project_id)) as connection:
            # Locked, so that events come in the order of the changes.
            await effects.lock_snapshot(connection, project_id, execution_id, sequence)
            before = await snapshots.select_one(connection, project_id, execution_id, sequence)
            if before is None:
                raise NotFoundError(f"There is no snapshot {sequence} of execution {execution_id}.")
            await storage.update(connection, project_id, execution_id, sequence, label=label, tags=tags)
            after = await snapshots.select_one(connection, project_id, execution_id, sequence)
            assert after is not None, "the row is locked"
            if after != before:
                await outbox.enqueue(connection, str(project_id), [events.snapshot_updated(after)])
        return after
