"""Listing what makes workflows begin by themselves."""

from __future__ import annotations

from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors, ListIdentity, Page
from timeloom_workflows.storage import triggers as storage
from timeloom_workflows.storage.triggers import Trigger


class Listing:
    """Lists triggers."""

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def list_page(
        self, project_id: UUID, *, workflow_id: str, page_token: str, limit: int
    ) -> Page[Trigger]:
        """Returns a page of triggers, by workflow and place.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {"list": "triggers", "project": str(project_id), "workflow": workflow_id}
        position = self._cursors.decode(page_token, of=identity)
        after = (str(position[0]), int(position[1] or 0)) if position else ("", -1)
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select_page(
                connection, project_id, workflow_id=workflow_id, after=after, limit=limit + 1
            )
        return self._cursors.page(
            found, limit=limit, of=identity, position=lambda each: (each.workflow_id, each.number)
        )
