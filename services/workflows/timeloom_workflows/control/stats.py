"""How executions and their steps went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Database
from timeloom_workflows.storage import stats as storage
from timeloom_workflows.storage.stats import StatsFilter, StatsLine


class Statistics(Struct, frozen=True):
    """How executions went, all together and each workflow's; and their steps, if they were asked for.

    Attributes:
        worker_ids: Workers that are connected.
    """

    total: StatsLine
    workflows: Sequence[StatsLine]
    steps: Sequence[StatsLine]
    worker_ids: Sequence[str] = ()


class Workers(Protocol):
    """Whoever knows which workers are connected."""

    async def ids(self, project_id: UUID) -> Sequence[str]:
        """Returns the ids of a project's workers."""
        ...


class Stats:
    """Counts, durations and failure rates."""

    def __init__(self, *, database: Database, workers: Workers) -> None:
        self._database = database
        self._workers = workers

    async def get(self, project_id: UUID, wanted: StatsFilter, *, with_steps: bool) -> Statistics:
        """Counts executions, and their steps if asked for, that were created within a time."""
        async with self._database.reading(str(project_id)) as connection:
            total, workflows = await storage.select_executions(connection, project_id, wanted)
            steps = await storage.select_steps(connection, project_id, wanted) if with_steps else []
        return Statistics(total, workflows, steps, await self._workers.ids(project_id))
