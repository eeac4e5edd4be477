"""Every write to a record goes through here, whoever asks for it: REST, a synchronisation or a migration."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from timeloom_platform import outbox
from timeloom_platform.database import Connection
from timeloom_platform.errors import AlreadyExistsError
from timeloom_workspace import tombstones
from timeloom_workspace.records import events
from timeloom_workspace.records.model import Change, Operation, Record
from timeloom_workspace.records.tables import TABLES, Table

STATEMENTS_MAX: Final = 512
"""How many texts of statements are kept: one for each set of fields that somebody changed at once."""

_SAVEPOINT: Final = "SAVEPOINT record"
_RELEASE: Final = "RELEASE SAVEPOINT record"
_ROLLBACK: Final = "ROLLBACK TO SAVEPOINT record; RELEASE SAVEPOINT record"

_OWN: Final = ("create_time", "update_time", "version", "clock", "field_clocks")


async def write(
    connection: Connection, project_id: UUID, table: Table, record_id: UUID, change: Change
) -> Record | None:
    """Writes a record, and tells so, in the caller's transaction.

    Whoever updates or deletes has locked the record, and knows by its clock that this one is later.

    Args:
        connection: Within a transaction of the project.
        project_id: The transaction's.
        table: The record's.
        record_id: The record's.
        change: What is done to it.

    Returns:
        The record as it is now; None if it was deleted, or if there was none to update.

    Raises:
        AlreadyExistsError: There is a record of this id, or another that has what no two may have.
    """
    written: Record | None = None
    match change.operation:
        case Operation.INSERT:
            written = await _inserted(connection, project_id, table, record_id, change)
        case Operation.UPDATE:
            written = await _updated(connection, project_id, table, record_id, change)
        case Operation.DELETE:
            await connection.execute(_DELETES[table.name], project_id, record_id)
            await tombstones.bury(connection, project_id, table.name, record_id, change.clock)
    if written is not None or change.operation is Operation.DELETE:
        await outbox.enqueue(connection, str(project_id), [events.record_changed(table.name, record_id)])
    return written


async def lock(connection: Connection, project_id: UUID, table: Table, record_id: UUID) -> Record | None:
    """Returns a record that nobody else changes before the transaction ends; None if there is none."""
    row = await connection.fetchrow(_LOCKS[table.name], project_id, record_id)
    return record_of(table, row) if row else None


async def select(connection: Connection, project_id: UUID, table: Table, record_id: UUID) -> Record | None:
    """Returns a record; None if there is none."""
    row = await connection.fetchrow(_SELECTS[table.name], project_id, record_id)
    return record_of(table, row) if row else None


def record_of(table: Table, row: asyncpg.Record) -> Record:
    """Makes a record of a row that has its columns."""
    return Record(
        table=table,
        id=UUID(int=row["id"].int),
        values={name: row[name] for name in table.fields},
        create_time=row["create_time"],
        update_time=row["update_time"],
        version=row["version"],
        clock=row["clock"],
        field_clocks=msgspec.json.decode(row["field_clocks"], type=dict[str, str]),
    )


def columns_of(table: Table) -> str:
    """Returns the columns that `record_of` needs, for a statement."""
    return ", ".join(["id", *table.fields, *_OWN])


async def _inserted(
    connection: Connection, project_id: UUID, table: Table, record_id: UUID, change: Change
) -> Record:
    values = [change.values[name] for name in table.fields]
    row = await connection.fetchrow(
        _insert(table.name), project_id, record_id, change.clock, _clocks(change), *values
    )
    if row is not None:
        await tombstones.remove(connection, project_id, table.name, record_id)
        return record_of(table, row)
    if await select(connection, project_id, table, record_id) is None:
        raise _taken(table)
    raise AlreadyExistsError(f"There is {_article(table.noun)} {table.noun} {record_id} already.")


async def _updated(
    connection: Connection, project_id: UUID, table: Table, record_id: UUID, change: Change
) -> Record | None:
    names = tuple(change.values)
    arguments = (project_id, record_id, change.clock, _clocks(change), *change.values.values())
    if not set(names) & set(table.unique):
        row = await connection.fetchrow(_update(table.name, names), *arguments)
        return record_of(table, row) if row else None
    # What fails must not take the caller's transaction along: a batch goes on without it.
    await connection.execute(_SAVEPOINT)
    try:
        row = await connection.fetchrow(_update(table.name, names), *arguments)
    except asyncpg.UniqueViolationError:
        await connection.execute(_ROLLBACK)
        raise _taken(table) from None
    await connection.execute(_RELEASE)
    return record_of(table, row) if row else None


def _clocks(change: Change) -> str:
    return msgspec.json.encode(change.clocks).decode()


def _taken(table: Table) -> AlreadyExistsError:
    return AlreadyExistsError(f"There is another {table.noun} of this {table.unique[-1]} already.")


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


# Only names of tables and columns, constants all, and numbers of parameters are put together here.
@lru_cache(maxsize=len(TABLES))
def _insert(table: str) -> str:
    names = tuple(TABLES[table].fields)
    return f"""
    INSERT INTO {table} (
        project_id, id, clock, field_clocks, {", ".join(names)}, create_time, update_time, version
    )
    VALUES ($1, $2, $3, $4::jsonb, {", ".join(_parameters(names))}, now(), now(), 1)
    ON CONFLICT DO NOTHING
    RETURNING {columns_of(TABLES[table])}
    """  # noqa: S608 - see above


@lru_cache(maxsize=STATEMENTS_MAX)
def _update(table: str, names: tuple[str, ...]) -> str:
    changes = [f"{name} = {parameter}" for name, parameter in zip(names, _parameters(names), strict=True)]
    return f"""
    UPDATE {table}
    SET
        {"".join(f"{change}, " for change in changes)}
        clock = $3,
        field_clocks = field_clocks || $4::jsonb,
        version = version + 1,
        update_time = greatest(update_time + interval '1 microsecond', now())
    WHERE project_id = $1 AND id = $2
    RETURNING {columns_of(TABLES[table])}
    """  # noqa: S608 - see above


def _parameters(names: Sequence[str]) -> list[str]:
    return [f"${index}" for index, _ in enumerate(names, start=5)]


_SELECTS: Final = {
    name: f"SELECT {columns_of(table)} FROM {name} WHERE project_id = $1 AND id = $2"  # noqa: S608 - see above
    for name, table in TABLES.items()
}

_LOCKS: Final = {name: f"{statement} FOR UPDATE" for name, statement in _SELECTS.items()}

_DELETES: Final = {
    name: f"DELETE FROM {name} WHERE project_id = $1 AND id = $2"  # noqa: S608 - see above
    for name in TABLES
}
