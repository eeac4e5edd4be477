"""What becomes of each resource, and the conflicts about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_migration.model import Conflict, Stage, StoredItem
from timeloom_migration.planning.model import Action, Family, Resolution, Table
from timeloom_platform.database import Connection

_COLUMNS: Final = (
    "number",
    "record_index",
    "key",
    "family",
    "source_id",
    "target_table",
    "source_target_id",
    "unique_name",
    "source_fields",
    "source_action",
    "source_reason",
    "source_update_time",
    "resolution",
    "action",
    "target_id",
    "fields",
    "changed",
    "reason",
    "stage",
    "existing_mark",
    "before",
    "mark",
)
_LIST: Final = ", ".join(_COLUMNS)
_LIST_OF_ITEM: Final = ", ".join(f"items.{column}" for column in _COLUMNS if column != "resolution")

# The others have their defaults until an item is planned.
_INSERT: Final = """
INSERT INTO items (
    project_id, migration_id, number, record_index, key, family, source_id, target_table, source_target_id,
    unique_name, source_fields, source_action, source_reason, source_update_time, action, target_id, reason,
    stage
)
SELECT $1, $2, new.*
FROM unnest(
    $3::integer [], $4::integer [], $5::text [], $6::text [], $7::text [], $8::text [], $9::uuid [],
    $10::text [], $11::text [], $12::text [], $13::text [], $14::text [], $15::text [], $16::uuid [],
    $17::text [], $18::smallint []
) AS new
"""

# The same, of what a later part of the export has again.
_SETTLE: Final = """
UPDATE items SET
    source_fields = '{}', source_action = new.action, source_reason = new.reason, action = new.action,
    reason = new.reason, stage = 2
FROM unnest($3::integer [], $4::text [], $5::text []) AS new (number, action, reason)
WHERE items.project_id = $1 AND items.migration_id = $2 AND items.number = new.number
"""

# Each is looked up by itself: a table without statistics, as a new one is, would be read as a whole.
_SELECT_HOLDERS: Final = f"""
SELECT holder.*
FROM unnest($3::text [], $4::uuid [], $5::text []) AS wanted (target_table, id, unique_name)
CROSS JOIN LATERAL (
    SELECT {_LIST} FROM items
    WHERE
        project_id = $1 AND migration_id = $2 AND target_table = wanted.target_table AND source_action = ''
        AND source_target_id = wanted.id
        AND (wanted.target_table <> 'mutations' OR unique_name = wanted.unique_name)
    LIMIT 1
) AS holder
ORDER BY holder.number
"""  # noqa: S608 - constants

_SELECT_STAGE: Final = f"""
SELECT {_LIST} FROM items
WHERE project_id = $1 AND migration_id = $2 AND stage = ANY($3::smallint []) AND action <> $4
ORDER BY number
LIMIT $5
"""  # noqa: S608 - constants

_SELECT_WRITTEN: Final = f"""
SELECT {_LIST} FROM items
WHERE project_id = $1 AND migration_id = $2 AND stage IN (3, 4) AND before IS NOT NULL
ORDER BY number DESC
LIMIT $3
"""  # noqa: S608 - constants

_SELECT_AFTER: Final = f"""
SELECT {_LIST} FROM items
WHERE
    project_id = $1 AND migration_id = $2 AND number > $3
    AND (cardinality($4::text []) = 0 OR action = ANY($4))
    AND (cardinality($5::text []) = 0 OR family = ANY($5))
    AND action <> ''
ORDER BY number
LIMIT $6
"""  # noqa: S608 - constants

_UPDATE: Final = """
UPDATE items SET
    resolution = new.resolution, action = new.action, target_id = new.target_id, fields = new.fields,
    changed = coalesce(string_to_array(nullif(new.changed, ''), chr(10)), '{}'), reason = new.reason,
    stage = new.stage, existing_mark = new.existing_mark, before = new.before, mark = new.mark
FROM unnest(
    $3::integer [], $4::text [], $5::text [], $6::uuid [], $7::text [], $8::text [], $9::text [],
    $10::smallint [], $11::text [], $12::text [], $13::text []
) AS new (
    number, resolution, action, target_id, fields, changed, reason, stage, existing_mark, before, mark
)
WHERE items.project_id = $1 AND items.migration_id = $2 AND items.number = new.number
"""

# Each name is looked up by itself, as above.
_SELECT_TWINS: Final = """
SELECT mine.number
FROM unnest($3::integer [], $4::text [], $5::text []) AS mine (number, target_table, unique_name)
CROSS JOIN LATERAL (
    SELECT FROM items AS other
    WHERE
        other.project_id = $1 AND other.migration_id = $2
        AND md5(other.unique_name) = md5(mine.unique_name) AND other.unique_name <> ''
        AND other.number < mine.number AND other.unique_name = mine.unique_name
        AND other.target_table = mine.target_table AND other.source_action = ''
    LIMIT 1
) AS twin
"""

_SELECT_MUTATED: Final = """
SELECT DISTINCT source_target_id FROM items
WHERE project_id = $1 AND migration_id = $2 AND target_table = 'mutations'
    AND source_target_id = ANY($3::uuid [])
"""

_LAST_NUMBER: Final = """
SELECT coalesce(max(number), 0) FROM items WHERE project_id = $1 AND migration_id = $2
"""

_FORGET: Final = "DELETE FROM items WHERE project_id = $1 AND migration_id = $2"
_FORGET_CONFLICTS: Final = "DELETE FROM conflicts WHERE project_id = $1 AND migration_id = $2"

_COUNT_STAGES: Final = """
SELECT count(*)::integer FROM items
WHERE project_id = $1 AND migration_id = $2 AND stage = ANY($3::smallint [])
"""

_COUNT_WRITTEN: Final = """
SELECT count(*)::integer FROM items
WHERE project_id = $1 AND migration_id = $2 AND stage IN (3, 4) AND before IS NOT NULL
"""

_INSERT_CONFLICT: Final = """
INSERT INTO conflicts
    (project_id, migration_id, id, item_number, existing, incoming, from_rollback, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (project_id, migration_id, id) DO NOTHING
"""

_SELECT_CONFLICTS: Final = f"""
SELECT
    conflicts.id, conflicts.existing, conflicts.incoming, conflicts.from_rollback, conflicts.resolution,
    conflicts.create_time, conflicts.resolve_time, {_LIST_OF_ITEM}
FROM conflicts
INNER JOIN items
    ON
        items.project_id = conflicts.project_id AND items.migration_id = conflicts.migration_id
        AND items.number = conflicts.item_number
WHERE
    conflicts.project_id = $1 AND conflicts.migration_id = $2
    AND ($3::timestamptz IS NULL OR (conflicts.create_time, conflicts.id) > ($3, $4))
    AND (NOT $5 OR conflicts.resolution = '')
    AND ($6::uuid IS NULL OR conflicts.id = $6)
ORDER BY conflicts.create_time, conflicts.id
LIMIT $7
"""  # noqa: S608 - constants

_RESOLVE: Final = """
UPDATE conflicts SET resolution = $4, resolve_time = $5
WHERE
    project_id = $1 AND migration_id = $2 AND resolution = '' AND ($3::uuid IS NULL OR id = $3)
    AND (NOT from_rollback OR $3 IS NOT NULL)
RETURNING item_number, from_rollback
"""

_UPDATE_CONFLICT: Final = """
UPDATE conflicts SET existing = $4 WHERE project_id = $1 AND migration_id = $2 AND id = $3
"""

_IS_FROM_ROLLBACK: Final = """
SELECT from_rollback FROM conflicts WHERE project_id = $1 AND migration_id = $2 AND id = $3
"""

_DECIDE: Final = """
UPDATE items SET resolution = $4, action = '', stage = 1
WHERE project_id = $1 AND migration_id = $2 AND number = ANY($3::integer []) AND action = 'ASK'
"""


async def insert(
    connection: Connection, project_id: UUID, migration_id: UUID, items: Sequence[StoredItem]
) -> None:
    """Keeps items that were not there, and that nobody has planned yet."""
    await connection.execute(
        _INSERT,
        project_id,
        migration_id,
        [each.number for each in items],
        [each.record_index for each in items],
        [each.key for each in items],
        [each.family for each in items],
        [each.source_id for each in items],
        [each.table for each in items],
        [each.source_target_id for each in items],
        [each.unique_name for each in items],
        [each.source_fields for each in items],
        [each.source_action or "" for each in items],
        [each.source_reason for each in items],
        [each.source_update_time for each in items],
        [each.action or "" for each in items],
        [each.target_id for each in items],
        [each.reason for each in items],
        [each.stage for each in items],
    )


async def select_holders(
    connection: Connection, project_id: UUID, migration_id: UUID, items: Sequence[StoredItem]
) -> list[StoredItem]:
    """Returns what was read before of that which these items are about, if nothing is decided about it."""
    rows = await connection.fetch(
        _SELECT_HOLDERS,
        project_id,
        migration_id,
        [each.table for each in items],
        [each.source_target_id for each in items],
        [each.unique_name for each in items],
    )
    return [_item(row) for row in rows]


async def settle(
    connection: Connection, project_id: UUID, migration_id: UUID, items: Sequence[StoredItem]
) -> None:
    """Writes that items which were read before do not count."""
    await connection.execute(
        _SETTLE,
        project_id,
        migration_id,
        [each.number for each in items],
        [each.source_action or "" for each in items],
        [each.source_reason for each in items],
    )


async def select_stages(
    connection: Connection,
    project_id: UUID,
    migration_id: UUID,
    *,
    stages: Sequence[Stage],
    limit: int,
    but: Action | None = None,
) -> list[StoredItem]:
    """Returns the first items that are so far, but for those of one action."""
    rows = await connection.fetch(_SELECT_STAGE, project_id, migration_id, stages, but or "none", limit)
    return [_item(row) for row in rows]


async def select_written(
    connection: Connection, project_id: UUID, migration_id: UUID, *, limit: int
) -> list[StoredItem]:
    """Returns the last items that were written, or may have been, and are not taken back."""
    rows = await connection.fetch(_SELECT_WRITTEN, project_id, migration_id, limit)
    return [_item(row) for row in rows]


async def select_after(
    connection: Connection,
    project_id: UUID,
    migration_id: UUID,
    *,
    number: int,
    limit: int,
    actions: Sequence[Action] = (),
    families: Sequence[Family] = (),
) -> list[StoredItem]:
    """Returns items that are planned, by their numbers."""
    rows = await connection.fetch(
        _SELECT_AFTER, project_id, migration_id, number, list(actions), list(families), limit
    )
    return [_item(row) for row in rows]


async def update(
    connection: Connection, project_id: UUID, migration_id: UUID, items: Sequence[StoredItem]
) -> None:
    """Writes what became of some items."""
    await connection.execute(
        _UPDATE,
        project_id,
        migration_id,
        [each.number for each in items],
        [each.resolution or "" for each in items],
        [each.action or "" for each in items],
        [each.target_id for each in items],
        # What is written as it was read is not kept twice.
        ["" if each.fields == each.source_fields else each.fields for each in items],
        ["\n".join(each.changed) for each in items],
        [each.reason for each in items],
        [each.stage for each in items],
        [each.existing_mark for each in items],
        [each.before for each in items],
        [each.mark for each in items],
    )


async def select_twins(
    connection: Connection, project_id: UUID, migration_id: UUID, items: Sequence[StoredItem]
) -> frozenset[int]:
    """Returns the numbers of those items whose name an earlier one has, too."""
    named = [each for each in items if each.unique_name and each.table != Table.MUTATIONS]
    rows = await connection.fetch(
        _SELECT_TWINS,
        project_id,
        migration_id,
        [each.number for each in named],
        [each.table for each in named],
        [each.unique_name for each in named],
    )
    return frozenset(row["number"] for row in rows)


async def select_mutated(
    connection: Connection, project_id: UUID, migration_id: UUID, ids: Sequence[UUID]
) -> frozenset[UUID]:
    """Returns which of these records the migration's own mutations are about."""
    rows = await connection.fetch(_SELECT_MUTATED, project_id, migration_id, ids)
    return frozenset(UUID(int=row["source_target_id"].int) for row in rows)


async def forget(connection: Connection, project_id: UUID, migration_id: UUID) -> None:
    """Removes the plan of a migration, and what was in conflict with it."""
    await connection.execute(_FORGET_CONFLICTS, project_id, migration_id)
    await connection.execute(_FORGET, project_id, migration_id)


async def last_number(connection: Connection, project_id: UUID, migration_id: UUID) -> int:
    """Returns the number of the last item; 0 if there is none."""
    found: int = await connection.fetchval(_LAST_NUMBER, project_id, migration_id)
    return found


async def count(connection: Connection, project_id: UUID, migration_id: UUID, stages: Sequence[Stage]) -> int:
    """Returns how many items are so far."""
    counted: int = await connection.fetchval(_COUNT_STAGES, project_id, migration_id, stages)
    return counted


async def count_written(connection: Connection, project_id: UUID, migration_id: UUID) -> int:
    """Returns how many items were written, or may have been, and are not taken back."""
    counted: int = await connection.fetchval(_COUNT_WRITTEN, project_id, migration_id)
    return counted


async def insert_conflict(
    connection: Connection,
    project_id: UUID,
    migration_id: UUID,
    *,
    conflict_id: UUID,
    item_number: int,
    existing: str | None,
    incoming: str | None,
    from_rollback: bool,
    now: datetime,
) -> None:
    """Opens a conflict, unless it was opened before."""
    await connection.execute(
        _INSERT_CONFLICT,
        project_id,
        migration_id,
        conflict_id,
        item_number,
        existing,
        incoming,
        from_rollback,
        now,
    )


async def select_conflicts(
    connection: Connection,
    project_id: UUID,
    migration_id: UUID,
    *,
    after: tuple[datetime, UUID] | None = None,
    only_open: bool = False,
    conflict_id: UUID | None = None,
    limit: int,
) -> list[Conflict]:
    """Returns conflicts, in the order in which they arose."""
    time, own_id = after or (None, None)
    rows = await connection.fetch(
        _SELECT_CONFLICTS, project_id, migration_id, time, own_id, only_open, conflict_id, limit
    )
    return [
        Conflict(
            id=row["id"],
            item=_item(row),
            existing=row["existing"],
            incoming=row["incoming"],
            from_rollback=row["from_rollback"],
            resolution=Resolution(row["resolution"]) if row["resolution"] else None,
            create_time=row["create_time"],
            resolve_time=row["resolve_time"],
        )
        for row in rows
    ]


async def resolve(
    connection: Connection,
    project_id: UUID,
    migration_id: UUID,
    *,
    conflict_id: UUID | None,
    resolution: Resolution,
    now: datetime,
) -> list[int] | None:
    """Decides an open conflict, or all; returns the items to be planned anew; None if it is not there."""
    rows = await connection.fetch(_RESOLVE, project_id, migration_id, conflict_id, resolution, now)
    if not rows and conflict_id is not None:
        return None
    return [row["item_number"] for row in rows if not row["from_rollback"]]


async def update_conflict(
    connection: Connection, project_id: UUID, migration_id: UUID, *, conflict_id: UUID, existing: str | None
) -> None:
    """Has a conflict show what is there now."""
    await connection.execute(_UPDATE_CONFLICT, project_id, migration_id, conflict_id, existing)


async def is_from_rollback(
    connection: Connection, project_id: UUID, migration_id: UUID, conflict_id: UUID
) -> bool:
    """Tells whether a conflict arose from a rollback."""
    return bool(await connection.fetchval(_IS_FROM_ROLLBACK, project_id, migration_id, conflict_id))


async def decide(
    connection: Connection,
    project_id: UUID,
    migration_id: UUID,
    numbers: Sequence[int],
    resolution: Resolution,
) -> None:
    """Has items planned anew, by what a person decided."""
    await connection.execute(_DECIDE, project_id, migration_id, numbers, resolution)


def _item(row: asyncpg.Record) -> StoredItem:
    return StoredItem(
        number=row["number"],
        record_index=row["record_index"],
        key=row["key"],
        family=Family(row["family"]),
        source_id=row["source_id"],
        table=row["target_table"],
        source_target_id=row["source_target_id"],
        unique_name=row["unique_name"],
        source_fields=row["source_fields"],
        source_action=Action(row["source_action"]) if row["source_action"] else None,
        source_reason=row["source_reason"],
        source_update_time=row["source_update_time"],
        resolution=Resolution(row["resolution"]) if row["resolution"] else None,
        action=Action(row["action"]) if row["action"] else None,
        target_id=row["target_id"],
        fields=row["fields"] or row["source_fields"],
        changed=tuple(row["changed"] or ()),
        reason=row["reason"],
        stage=Stage(row["stage"]),
        existing_mark=row["existing_mark"],
        before=row["before"],
        mark=row["mark"],
    )
