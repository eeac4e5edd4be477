"""Images of records: every row that is kept of one, as JSON, and rows made of them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from timeloom_platform.database import Connection
from timeloom_workspace.records.tables import TABLES, Table

_COMPANIONS: Final[Mapping[str, str]] = {
    "tombstones": "record_table = $2 AND record_id = $3",
    "owner_writes": "record_table = $2 AND record_id = $3",
    "environment_secrets": "$2 = 'environments' AND environment_id = $3",
}
"""Where other rows of a record are."""

_RECORD: Final = "record"
_OWN: Final = ("create_time", "update_time", "version", "clock", "field_clocks")


async def image_of(connection: Connection, project_id: UUID, table: Table, record_id: UUID) -> str:
    """Returns all that is kept of a record; empty if nothing is."""
    row = await connection.fetchrow(_IMAGES[table.name], project_id, table.name, record_id)
    assert row is not None, "a statement of subqueries has one row"
    # PostgreSQL's own text of its values, which it reads back as exactly the same.
    members = [f'"{name}":{row[name]}' for name in (_RECORD, *_COMPANIONS) if row[name] is not None]
    return f"{{{','.join(members)}}}" if members else ""


def has_record(image: str) -> bool:
    """Tells whether the record itself was there, and not only what remembers it."""
    return image.startswith(f'{{"{_RECORD}":')


async def restore(
    connection: Connection, project_id: UUID, table: Table, record_id: UUID, image: str
) -> None:
    """Makes what is kept of a record what its image says.

    Raises:
        asyncpg.UniqueViolationError: Another record has what no two may have.
    """
    kept = msgspec.json.decode(image, type=dict[str, msgspec.Raw]) if image else {}
    if _RECORD in kept:
        text = bytes(kept[_RECORD]).decode()
        await connection.execute(_PUTS[table.name], project_id, record_id, text)
    else:
        await connection.execute(_DELETES[table.name], project_id, record_id)
    for name in _COMPANIONS:
        await connection.execute(_CLEARS[name], project_id, table.name, record_id)
        if name in kept:
            await connection.execute(_REFILLS[name], bytes(kept[name]).decode(), project_id)


def _image_statement(table: str) -> str:
    companions = ", ".join(
        f"""(
            SELECT jsonb_agg(to_jsonb({name}) ORDER BY to_jsonb({name})::text)::text
            FROM {name} WHERE project_id = $1 AND {where}
        ) AS {name}"""  # noqa: S608 - names of tables, constants all
        for name, where in _COMPANIONS.items()
    )
    return f"""
    SELECT
        (SELECT to_jsonb({table})::text FROM {table} WHERE project_id = $1 AND id = $3) AS {_RECORD},
        {companions}
    """  # noqa: S608 - see above


def _put_statement(table: str) -> str:
    columns = (*TABLES[table].fields, *_OWN)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return f"""
    INSERT INTO {table}
    SELECT kept.*
    FROM jsonb_populate_record(
        NULL::{table}, $3::jsonb || jsonb_build_object('project_id', $1::uuid, 'id', $2::uuid)
    ) AS kept
    ON CONFLICT (project_id, id) DO UPDATE SET {changes}
    """  # noqa: S608 - see above


_IMAGES: Final = {name: _image_statement(name) for name in TABLES}
_PUTS: Final = {name: _put_statement(name) for name in TABLES}
_DELETES: Final = {
    name: f"DELETE FROM {name} WHERE project_id = $1 AND id = $2"  # noqa: S608 - see above
    for name in TABLES
}
_CLEARS: Final = {
    name: f"DELETE FROM {name} WHERE project_id = $1 AND {where}"  # noqa: S608 - see above
    for name, where in _COMPANIONS.items()
}
_REFILLS: Final = {
    name: f"""
    INSERT INTO {name}
    SELECT refilled.* FROM jsonb_populate_recordset(NULL::{name}, $1::jsonb) AS refilled
    WHERE refilled.project_id = $2
    """  # noqa: S608 - see above
    for name in _COMPANIONS
}
