"""What becomes of the projects' memories by itself."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom_memory.model import MemoryPolicy
from timeloom_platform.database import Connection

_COLUMNS: Final = ", ".join(MemoryPolicy.__struct_fields__)

_SELECT: Final = f"SELECT {_COLUMNS} FROM memory_policies WHERE project_id = $1"  # noqa: S608 - a constant

_SELECT_ARCHIVING: Final = f"""
SELECT project_id, {_COLUMNS}
FROM memory_policies
WHERE archive_retention_below > 0
ORDER BY random()
LIMIT $1
"""  # noqa: S608 - constants

_UPSERT: Final = f"""
INSERT INTO memory_policies (project_id, {_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, now())
ON CONFLICT (project_id) DO UPDATE
SET
    decay_model = excluded.decay_model,
    half_life_days = excluded.half_life_days,
    purge_deleted_after_days = excluded.purge_deleted_after_days,
    purge_expired_after_days = excluded.purge_expired_after_days,
    archive_retention_below = excluded.archive_retention_below,
    archive_importance_below = excluded.archive_importance_below,
    update_time = excluded.update_time
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants


async def select(connection: Connection, project_id: UUID) -> MemoryPolicy:
    """Returns a project's policy: the defaults if it has set none."""
    row = await connection.fetchrow(_SELECT, project_id)
    return MemoryPolicy() if row is None else MemoryPolicy(**dict(row))


async def select_archiving(connection: Connection, *, limit: int) -> list[tuple[UUID, MemoryPolicy]]:
    """Returns the projects that want faded memories to be archived, with their policies."""
    rows = await connection.fetch(_SELECT_ARCHIVING, limit)
    found: list[tuple[UUID, MemoryPolicy]] = []
    for row in rows:
        values = dict(row)
        found.append((UUID(bytes=values.pop("project_id").bytes), MemoryPolicy(**values)))
    return found


async def upsert(connection: Connection, project_id: UUID, policy: MemoryPolicy) -> MemoryPolicy:
    """Writes a project's policy and returns it with its time."""
    row = await connection.fetchrow(
        _UPSERT,
        project_id,
        policy.decay_model,
        policy.half_life_days,
        policy.purge_deleted_after_days,
        policy.purge_expired_after_days,
        policy.archive_retention_below,
        policy.archive_importance_below,
    )
    assert row is not None, "the statement returns a row"
    return MemoryPolicy(**dict(row))
