"""The clusters of a namespace, page by page."""

from __future__ import annotations

from uuid import UUID

from timeloom_memory.sharing.access import Access
from timeloom_memory.storage import clusters
from timeloom_memory.storage.clusters import Cluster
from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page


class ClusterList:
    """The clusters of all projects, as they were found last."""

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def page(
        self, project_id: UUID, namespace: str, *, page_token: str, limit: int, as_agent_id: str
    ) -> Page[Cluster]:
        """Returns a page of the clusters of a namespace, largest first.

        Raises:
            NotFoundError: The agent may not read the namespace.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "clusters",
            "project": str(project_id),
            "namespace": namespace,
            "agent": as_agent_id,
        }
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.transaction(str(project_id)) as connection:
            scope = await Access.of(connection, project_id, as_agent_id)
            if not scope.may_read(namespace):
                raise NotFoundError(f"There is no namespace {namespace}.")
            found = await clusters.select_page(
                connection,
                project_id,
                namespace,
                after=(int(position[0] or 0), UUID(str(position[1]))) if position else None,
                limit=limit + 1,
            )
        return self._cursors.page(
            found, limit=limit, of=identity, position=lambda each: [each.memory_count, str(each.id)]
        )
