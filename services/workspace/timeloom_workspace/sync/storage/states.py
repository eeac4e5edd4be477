"""Records as policies see them, read and written, with what is kept of those that were deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from timeloom_platform.database import Connection
from timeloom_workspace.clocks import NEVER
from timeloom_workspace.records import writing
from timeloom_workspace.records.model import Change
from timeloom_workspace.records.model import Operation as Writing
from timeloom_workspace.records.model import Record as StoredRecord
from timeloom_workspace.records.tables import TABLES, Kind, Table
from timeloom_workspace.sync.policies import Record

SELECT_TOMBSTONE: Final = """
SELECT record_values, field_clocks, clock, delete_clock, user_id, user_clock
FROM tombstones
WHERE project_id = $1 AND record_table = $2 AND record_id = $3
FOR UPDATE
"""

SELECT_OWNER_WRITE: Final = """
SELECT clock FROM owner_writes WHERE project_id = $1 AND record_table = $2 AND record_id = $3 AND user_id = $4
"""

ENTOMB: Final = """
INSERT INTO tombstones (
    project_id, record_table, record_id, record_values, field_clocks, clock, delete_clock,
    user_id, user_clock, create_time
)
VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6, $7, $8, $9, clock_timestamp())
ON CONFLICT (project_id, record_table, record_id) DO UPDATE
SET
    record_values = excluded.record_values,
    field_clocks = excluded.field_clocks,
    clock = excluded.clock,
    delete_clock = excluded.delete_clock,
    user_id = excluded.user_id,
    user_clock = excluded.user_clock,
    create_time = excluded.create_time
"""

UPSERT_OWNER_WRITE: Final = """
INSERT INTO owner_writes (project_id, record_table, record_id, user_id, clock)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (project_id, record_table, record_id) DO UPDATE
SET user_id = excluded.user_id, clock = excluded.clock
"""

_LOCKS: Final = {
    table: f"SELECT FROM {table} WHERE project_id = $1 AND id = ANY($2) ORDER BY id FOR UPDATE"
    for table in TABLES
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A record that is locked, in two forms.

    Attributes:
        record: As policies see it, or what is kept of one that was deleted; None if there is neither.
        stored: As REST shows it; None if it does not exist.
    """

    record: Record | None = None
    stored: StoredRecord | None = None


# 32 bits of it, as the replication stream has it and clients of shapes expect it.
TRANSACTION_ID: Final = "SELECT pg_current_xact_id()::text::bigint & 4294967295"


async def lock_in_order(
    connection: Connection, project_id: UUID, record_ids: Mapping[str, Sequence[UUID]]
) -> None:
    """Locks records, by table, in the same order for everybody, so that nobody waits in a circle."""
    for table in sorted(record_ids):
        await connection.execute(_LOCKS[table], project_id, record_ids[table])


async def lock(connection: Connection, project_id: UUID, table: Table, record_id: UUID) -> Locked:
    """Returns a record, or what is kept of it, that nobody else changes before the transaction ends."""
    stored = await writing.lock(connection, project_id, table, record_id)
    if stored is not None:
        user_id = str(stored.values["user_id"])
        user_clock = await _owner_clock(connection, project_id, stored, user_id) if user_id else NEVER
        record = Record(
            values=stored.values,
            field_clocks=stored.field_clocks,
            clock=stored.clock,
            user_id=user_id,
            user_clock=user_clock,
        )
        return Locked(record=record, stored=stored)
    row = await connection.fetchrow(SELECT_TOMBSTONE, project_id, table.name, record_id)
    if row is None:
        return Locked()
    kept = row["record_values"]
    buried = Record(
        values=None if kept is None else _restored(table, kept),
        field_clocks=msgspec.json.decode(row["field_clocks"], type=dict[str, str]),
        clock=row["clock"],
        delete_clock=row["delete_clock"],
        user_id=row["user_id"],
        user_clock=row["user_clock"],
    )
    return Locked(record=buried)


async def store(
    connection: Connection,
    project_id: UUID,
    table: Table,
    record_id: UUID,
    *,
    before: Record | None,
    after: Record,
) -> bool:
    """Writes what a locked record has become; returns whether anybody sees a difference.

    Raises:
        AlreadyExistsError: There is a record of this id meanwhile, or another that has what no two may have.
    """
    if after == before:
        return False
    existed = before is not None and before.exists
    change = _change(table, before, after)
    if change is not None:
        await writing.write(connection, project_id, table, record_id, change)
    if not after.exists:
        await _entomb(connection, project_id, table, record_id, after)
    elif after.user_clock != NEVER and (before is None or after.user_clock != before.user_clock):
        await connection.execute(
            UPSERT_OWNER_WRITE, project_id, table.name, record_id, after.user_id, after.user_clock
        )
    return existed or after.exists


async def select(
    connection: Connection, project_id: UUID, table: Table, record_id: UUID
) -> StoredRecord | None:
    """Returns a record as REST shows it; None if there is none."""
    return await writing.select(connection, project_id, table, record_id)


class Transaction:
    """Tells the id of a transaction as it stands in the replication stream; PostgreSQL is asked once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._id: int | None = None

    async def id(self) -> int:
        """Returns the id."""
        if self._id is None:
            self._id = int(await self._connection.fetchval(TRANSACTION_ID))
        return self._id


def _change(table: Table, before: Record | None, after: Record) -> Change | None:
    if before is None or not before.exists:
        return _insertion(table, after) if after.exists else None
    if not after.exists:
        return Change(operation=Writing.DELETE, clock=after.clock)
    values = after.values or {}
    changed = [
        name for name, clock in after.field_clocks.items() if before.field_clocks.get(name, NEVER) != clock
    ]
    return Change(
        operation=Writing.UPDATE,
        clock=after.clock,
        values={name: values[name] for name in changed},
        field_clocks={name: after.field_clocks[name] for name in changed},
    )


def _insertion(table: Table, after: Record) -> Change:
    initial = {name: field.initial for name, field in table.fields.items()}
    return Change(
        operation=Writing.INSERT,
        clock=after.clock,
        values={**initial, **(after.values or {})},
        field_clocks=after.field_clocks,
    )


async def _owner_clock(connection: Connection, project_id: UUID, stored: StoredRecord, user_id: str) -> str:
    clock = await connection.fetchval(SELECT_OWNER_WRITE, project_id, stored.table.name, stored.id, user_id)
    return clock or NEVER


async def _entomb(
    connection: Connection, project_id: UUID, table: Table, record_id: UUID, record: Record
) -> None:
    # What the service sets by itself is not brought back: the secrets of an environment are gone.
    kept = None
    if record.values is not None:
        settable = {name: value for name, value in record.values.items() if table.fields[name].is_settable}
        kept = msgspec.json.encode(settable).decode()
    clocks = {name: clock for name, clock in record.field_clocks.items() if table.fields[name].is_settable}
    await connection.execute(
        ENTOMB,
        project_id,
        table.name,
        record_id,
        kept,
        msgspec.json.encode(clocks).decode(),
        record.clock,
        record.delete_clock,
        record.user_id,
        record.user_clock,
    )


def _restored(table: Table, kept: str) -> Mapping[str, object]:
    values = msgspec.json.decode(kept, type=dict[str, Any])
    return {name: _restored_value(table.fields[name].kind, value) for name, value in values.items()}


def _restored_value(kind: Kind, value: Any) -> object:
    if value is None:
        return None
    match kind:
        case Kind.UUID:
            return UUID(value)
        case Kind.TIME:
            return msgspec.convert(value, datetime)
        case _:
            return value
