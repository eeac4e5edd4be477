"""What has to be known of a workflow to begin an execution of it, kept for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from timeloom_platform.bounded import LruCache
from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_workflows.definitions.durations import parse_duration
from timeloom_workflows.model import Workflow, WorkflowKind
from timeloom_workflows.starting.inputs import InputSchema
from timeloom_workflows.storage import workflows as storage

KEPT_MAX: Final = 2_000
FRESH_SECONDS: Final = 1.0
"""How long a version counts as the newest without a look; a call has it checked when it is committed."""


class Version(Struct, frozen=True, kw_only=True):
    """A version of a workflow as executions begin with it.

    Attributes:
        definition: Decoded.
        schema: Of the input; None if any input will do.
        time_allowed: From beginning to end; for ever if None.
    """

    project_id: UUID
    workflow_id: str
    version: int
    kind: WorkflowKind
    definition: dict[str, Any]
    schema: InputSchema | None
    time_allowed: timedelta | None

    @classmethod
    def of(cls, workflow: Workflow) -> Version:
        """Reads the definition of a workflow, which was checked when it was made."""
        assert workflow.definition is not None, "it was asked for"
        definition: dict[str, Any] = msgspec.json.decode(workflow.definition)
        schema = definition.get("input")
        allowed = definition.get("timeouts", {}).get("execution")
        return cls(
            project_id=workflow.project_id,
            workflow_id=workflow.id,
            version=workflow.version,
            kind=workflow.kind,
            definition=definition,
            schema=None if schema is None else InputSchema(schema),
            time_allowed=None if allowed is None else parse_duration(allowed),
        )


class Versions:
    """Versions of workflows, as they were within the last second."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._kept: LruCache[tuple[UUID, str, int], tuple[float, Version]] = LruCache(KEPT_MAX)

    async def get(self, project_id: UUID, workflow_id: str, version: int = 0) -> Version:
        """Returns a version of a workflow, the newest if it is zero.

        Raises:
            NotFoundError: There is none.
        """
        key = (project_id, workflow_id, version)
        kept = self._kept.get(key)
        now = self._clock()
        if kept is not None and now < kept[0]:
            return kept[1]
        async with self._database.reading(str(project_id)) as connection:
            workflow = await storage.select(connection, project_id, workflow_id, version=version)
        if workflow is None:
            self._kept.discard(key)
            raise NotFoundError(
                f"There is no version {version} of a workflow {workflow_id}."
                if version
                else f"There is no workflow {workflow_id}."
            )
        is_known = kept is not None and kept[1].version == workflow.version
        found = kept[1] if kept is not None and is_known else Version.of(workflow)
        self._kept.put(key, (now + FRESH_SECONDS, found))
        return found

    def forget(self, project_id: UUID, workflow_id: str) -> None:
        """A workflow has changed: what is kept of it does not count any more."""
        self._kept.discard_where(
            lambda kept: kept[1].project_id == project_id and kept[1].workflow_id == workflow_id
        )
