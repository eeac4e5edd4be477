"""Workflows and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from timeloom_platform.database import Connection
from timeloom_workflows.model import Workflow, WorkflowKind

COLUMNS: Final = """
    w.project_id, w.id, v.version, v.kind, w.enabled, w.description, w.tags, w.revision,
    v.definition, v.definition_hash, w.create_time, v.create_time AS update_time
"""
COLUMNS_WITHOUT_DEFINITION: Final = COLUMNS.replace("v.definition,", "NULL AS definition,")

# The version is made under the lock of the row, so that it follows those of a workflow that was just deleted.
CLAIM: Final = """
INSERT INTO workflows (
    project_id, id, version, kind, enabled, description, tags, revision, create_time, update_time
)
VALUES ($1, $2, 0, $3, $4, '', '{}', 0, now(), now())
ON CONFLICT (project_id, id) DO NOTHING
"""

LOCK: Final = """
SELECT version FROM workflows WHERE project_id = $1 AND id = $2 FOR NO KEY UPDATE
"""

SELECT: Final = f"""
SELECT {COLUMNS}
FROM workflows AS w
JOIN workflow_versions AS v
    ON v.project_id = w.project_id AND v.workflow_id = w.id AND v.version = w.version
WHERE w.project_id = $1 AND w.id = $2
"""  # noqa: S608 - a constant

SELECT_VERSION: Final = f"""
SELECT {COLUMNS}
FROM workflows AS w
JOIN workflow_versions AS v ON v.project_id = w.project_id AND v.workflow_id = w.id
WHERE w.project_id = $1 AND w.id = $2 AND v.version = $3
"""  # noqa: S608 - a constant

SELECT_DEFINITION: Final = """
SELECT kind, definition
FROM workflow_versions
WHERE project_id = $1 AND workflow_id = $2 AND version = $3
"""

INSERT_VERSION: Final = """
INSERT INTO workflow_versions (
    project_id, workflow_id, version, kind, definition, definition_hash, create_time
)
SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, now()
FROM workflow_versions
WHERE project_id = $1 AND workflow_id = $2
RETURNING version
"""

UPDATE: Final = """
UPDATE workflows
SET
    version = $3,
    kind = $4,
    enabled = $5,
    description = $6,
    tags = $7,
    revision = revision + 1,
    update_time = greatest(update_time, now())
WHERE project_id = $1 AND id = $2
"""

DELETE: Final = """
DELETE FROM workflows WHERE project_id = $1 AND id = $2
"""

SELECT_VERSIONS: Final = f"""
SELECT {COLUMNS_WITHOUT_DEFINITION}
FROM workflows AS w
JOIN workflow_versions AS v ON v.project_id = w.project_id AND v.workflow_id = w.id
WHERE w.project_id = $1 AND w.id = $2 AND v.version < $3
ORDER BY v.version DESC
LIMIT $4
"""  # noqa: S608 - a constant

VERSION_END: Final = 2**31 - 1
"""Above all versions."""


class WorkflowFilter(Struct, frozen=True, kw_only=True):
    """Which workflows are wanted; what is empty does not restrict them."""

    tags: Sequence[str] = ()
    kind: WorkflowKind | None = None
    text: str = ""


async def lock(connection: Connection, project_id: UUID, workflow_id: str) -> Workflow | None:
    """Returns a workflow that nobody else changes before the transaction ends; None if there is none."""
    if await connection.fetchval(LOCK, project_id, workflow_id) is None:
        return None
    return await select(connection, project_id, workflow_id)


async def claim(
    connection: Connection, project_id: UUID, workflow_id: str, *, kind: WorkflowKind, enabled: bool
) -> Workflow | None:
    """Locks a workflow and returns it; if there is none, makes its row, to which a version has to be added.

    Returns:
        The workflow as it was before; None if it is new.
    """
    await connection.execute(CLAIM, project_id, workflow_id, kind, enabled)
    return await lock(connection, project_id, workflow_id)


async def select(
    connection: Connection, project_id: UUID, workflow_id: str, *, version: int = 0
) -> Workflow | None:
    """Returns a workflow in its newest version, or in the one that is asked for; None if there is none."""
    if version:
        row = await connection.fetchrow(SELECT_VERSION, project_id, workflow_id, version)
    else:
        row = await connection.fetchrow(SELECT, project_id, workflow_id)
    return workflow_of(row) if row else None


async def select_definition(
    connection: Connection, project_id: UUID, workflow_id: str, version: int
) -> tuple[WorkflowKind, bytes] | None:
    """Returns what executions of a version go by, even if its workflow was deleted; None if there is none."""
    row = await connection.fetchrow(SELECT_DEFINITION, project_id, workflow_id, version)
    return (WorkflowKind(row["kind"]), row["definition"].encode()) if row else None


async def insert_version(connection: Connection, workflow: Workflow) -> int:
    """Adds a version to a workflow that is locked, and returns its number."""
    assert workflow.definition is not None, "a version is its definition"
    version: int = await connection.fetchval(
        INSERT_VERSION,
        workflow.project_id,
        workflow.id,
        workflow.kind,
        workflow.definition.decode(),
        workflow.definition_hash,
    )
    return version


async def update(connection: Connection, workflow: Workflow) -> Workflow:
    """Writes the fields of a workflow that is locked, and returns it as it is now."""
    await connection.execute(
        UPDATE,
        workflow.project_id,
        workflow.id,
        workflow.version,
        workflow.kind,
        workflow.enabled,
        workflow.description,
        workflow.tags,
    )
    updated = await select(connection, workflow.project_id, workflow.id)
    assert updated is not None, "the row is locked"
    return updated


async def delete(connection: Connection, project_id: UUID, workflow_id: str) -> None:
    """Deletes a workflow; its versions stay for its executions."""
    await connection.execute(DELETE, project_id, workflow_id)


async def select_page(
    connection: Connection, project_id: UUID, *, wanted: WorkflowFilter, after: str, limit: int
) -> list[Workflow]:
    """Returns workflows by id, without their definitions, beginning after an id."""
    conditions: list[str] = []
    arguments: list[object] = [project_id]
    for condition, value in (
        ("w.tags @> ${}::text[]", wanted.tags),
        ("w.kind = ${}", wanted.kind),
        ("strpos(lower(w.id || ' ' || w.description), lower(${})) > 0", wanted.text),
        ("w.id > ${}", after),
    ):
        if value:
            arguments.append(value)
            conditions.append(f"AND {condition.format(len(arguments))}")
    arguments.append(limit)
    # Only constants of this module and numbers of parameters are put together here.
    statement = f"""
        SELECT {COLUMNS_WITHOUT_DEFINITION}
        FROM workflows AS w
        JOIN workflow_versions AS v
            ON v.project_id = w.project_id AND v.workflow_id = w.id AND v.version = w.version
        WHERE w.project_id = $1 {" ".join(conditions)}
        ORDER BY w.id
        LIMIT ${len(arguments)}
    """  # noqa: S608 - see above
    return [workflow_of(row) for row in await connection.fetch(statement, *arguments)]


async def select_versions(
    connection: Connection, project_id: UUID, workflow_id: str, *, before: int, limit: int
) -> list[Workflow]:
    """Returns the versions of a workflow, newest first, without their definitions."""
    rows = await connection.fetch(SELECT_VERSIONS, project_id, workflow_id, before, limit)
    return [workflow_of(row) for row in rows]


def workflow_of(row: asyncpg.Record) -> Workflow:
    """Makes a workflow from a row that has its columns."""
    definition: str | None = row["definition"]
    return Workflow(
        project_id=UUID(bytes=row["project_id"].bytes),
        id=row["id"],
        version=row["version"],
        kind=WorkflowKind(row["kind"]),
        enabled=row["enabled"],
        description=row["description"],
        tags=tuple(row["tags"]),
        revision=row["revision"],
        definition=None if definition is None else definition.encode(),
        definition_hash=row["definition_hash"],
        create_time=row["create_time"],
        update_time=row["update_time"],
    )
