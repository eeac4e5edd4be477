"""Definitions of versions, read once: a version never changes."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_platform.bounded import LruCache
from timeloom_platform.database import Database
from timeloom_workflows.definitions.model import Definition
from timeloom_workflows.definitions.parsing import parse_definition
from timeloom_workflows.storage import workflows

DEFINITIONS_MAX: Final = 1_000
"""Versions that are kept; what a definition takes is bounded by its own limit."""


class Definitions:
    """The definitions of all projects."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: LruCache[tuple[UUID, str, int], Definition] = LruCache(DEFINITIONS_MAX)

    def known(self, project_id: UUID, workflow_id: str, version: int) -> Definition | None:
        """Return a definition that was read before."""
        return self._known.get((project_id, workflow_id, version))

    async def get(self, project_id: UUID, workflow_id: str, version: int) -> Definition | None:
        """Return the definition of a version; None if there is none.

        Raises:
            UnavailableError: The database cannot be reached.
        """
        definition = self.known(project_id, workflow_id, version)
        if definition is not None:
            return definition
        async with self._database.reading(str(project_id)) as connection:
            found = await workflows.select_definition(connection, project_id, workflow_id, version)
        if found is None:
            return None
        definition = parse_definition(found[1])
        self._known.put((project_id, workflow_id, version), definition)
        return definition
