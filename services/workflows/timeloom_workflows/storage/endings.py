"""Children that have ended, and the steps of their parents that wait for them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom_platform import outbox
from timeloom_workflows import events
from timeloom_workflows.model import Status
from timeloom_workflows.storage.system import SystemConnection

TELL_PARENTS: Final = (
    "SELECT project_id, execution_id, workflow_id, status, history_length FROM tell_parents($1)"
)


async def tell_parents(connection: SystemConnection, *, limit: int) -> list[UUID]:
    """Ends the steps that waited for children which have ended, at most so many, and returns the parents."""
    async with connection.turn() as turn, turn.transaction():
        rows = await turn.fetch(TELL_PARENTS, limit)
        changes: dict[UUID, list[events_pb2.Event]] = {}
        for row in rows:
            changes.setdefault(row["project_id"], []).append(
                events.execution_changed(
                    row["execution_id"],
                    workflow_id=row["workflow_id"],
                    status=Status(row["status"]),
                    history_length=row["history_length"],
                    has_inbox=True,
                )
            )
        for project_id, told in changes.items():
            await outbox.enqueue(turn, str(project_id), told)
    return [row["execution_id"] for row in rows]
