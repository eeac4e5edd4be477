"""Writing what programs measure, together with the telemetry that it came with."""

from __future__ import annotations

from collections import defaultdict
from typing import Final
from uuid import UUID

import structlog

from timeloom_observability.ingesting import Batch
from timeloom_observability.measurements import storage
from timeloom_observability.model import MetricPoint
from timeloom_platform.database import Connection

SERIES_MAX: Final = 20_000
"""Of one project: attributes come from those who send them, who may put anything into one."""

logger = structlog.get_logger(__name__)


class PointsOfTelemetry:
    """Writes the points of a batch, whose series and times make them the same when they are sent again.

    Points of new series are left out once a project has all the series that it may have.
    """

    def __init__(self, *, series_max: int = SERIES_MAX) -> None:
        self._series_max = series_max

    async def write(self, connection: Connection, project_id: UUID, batch: Batch) -> None:
        """Writes points; see `Companion`."""
        if not batch.points:
            return
        by_series = {UUID(bytes=point.series): point for point in batch.points}
        known = await storage.select_known(connection, project_id, by_series)
        new = {series_id: point for series_id, point in by_series.items() if series_id not in known}
        if new:
            room = max(self._series_max - await storage.lock_series(connection, project_id), 0)
            taken = dict(sorted(new.items())[:room])
            await storage.insert_series(connection, project_id, taken)
            known.update(taken)
            if len(taken) < len(new):
                logger.warning(
                    "points of new series left out: the project has too many",
                    project_id=str(project_id),
                    series_count=len(new) - len(taken),
                )
        points = [point for point in batch.points if UUID(bytes=point.series) in known]
        by_name: dict[str, list[MetricPoint]] = defaultdict(list)
        for point in points:
            by_name[point.name].append(point)
        # All writers take instruments in one order, so that none waits for another in a circle.
        for name in sorted(by_name):
            await storage.upsert_instrument(connection, project_id, by_name[name])
        await storage.insert_points(connection, project_id, points)
