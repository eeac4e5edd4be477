"""What is asked of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from timeloom_observability.alerts.model import Alert
from timeloom_observability.alerts.storage import alerts as storage
from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page


class Alerts:
    """The alerts of all projects."""

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def list_page(
        self,
        project_id: UUID,
        *,
        rule_id: UUID | None,
        statuses: Sequence[int],
        page_token: str,
        limit: int,
    ) -> Page[Alert]:
        """Returns a page of alerts, newest first.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        wanted = sorted({int(each) for each in statuses})
        identity: ListIdentity = {
            "list": "alerts",
            "project": str(project_id),
            "rule": str(rule_id or ""),
            "statuses": wanted,
        }
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select_page(
                connection,
                project_id,
                rule_id=rule_id,
                statuses=wanted,
                before=UUID(str(position[0])) if position else None,
                limit=limit + 1,
            )
        return self._cursors.page(found, limit=limit, of=identity, position=lambda each: (str(each.id),))

    async def acknowledge(self, project_id: UUID, alert_id: UUID) -> Alert:
        """Notes that somebody has seen an alert, and returns it; the first time counts.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.transaction(str(project_id)) as connection:
            await storage.acknowledge(connection, project_id, alert_id)
            alert = await storage.select(connection, project_id, alert_id)
        if alert is None:
            raise NotFoundError(f"There is no alert {alert_id}.")
        return alert
