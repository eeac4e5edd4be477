"""What PostgreSQL's catalogue says of a table."""

from __future__ import annotations

from typing import Any, Final

from timeloom_workspace.shapes.tables import Column, Registration, Table

_SELECT_COLUMNS: Final = """
SELECT
    attribute.attname AS name,
    COALESCE(element.typname, type.typname)::text AS type_name,
    CASE WHEN element.oid IS NULL THEN 0 ELSE GREATEST(attribute.attndims, 1) END::integer AS dimensions,
    attribute.atttypmod AS modifier,
    attribute.attnotnull AS is_required,
    array_position(index.indkey::smallint [], attribute.attnum) AS key_position,
    class.relreplident = 'f' AS has_old_rows
FROM pg_attribute AS attribute
JOIN pg_class AS class ON class.oid = attribute.attrelid
JOIN pg_type AS type ON type.oid = attribute.atttypid
LEFT JOIN pg_type AS element ON element.oid = type.typelem AND type.typcategory = 'A'
LEFT JOIN pg_index AS index ON index.indrelid = attribute.attrelid AND index.indisprimary
WHERE attribute.attrelid = to_regclass($1) AND attribute.attnum > 0 AND NOT attribute.attisdropped
ORDER BY attribute.attnum
"""


async def describe(connection: Any, registration: Registration) -> Table | None:
    """The table as it is now; None if it is not there.

    Args:
        connection: To the database, of any role.
        registration: Of the table.
    """
    qualified = f"{_quoted(registration.schema)}.{_quoted(registration.table)}"
    rows = await connection.fetch(_SELECT_COLUMNS, qualified)
    if not rows:
        return None
    columns = tuple(_column(row, registration) for row in rows if _is_shown(row["name"], registration))
    key = registration.key or _primary_key(rows, registration) or tuple(column.name for column in columns)
    return Table(
        registration=registration,
        columns=columns,
        key=key,
        logged=tuple(row["name"] for row in rows),
        has_old_rows=bool(rows[0]["has_old_rows"]),
    )


def _is_shown(name: str, registration: Registration) -> bool:
    if registration.columns is not None:
        return name in registration.columns
    return name != registration.project_column and name not in registration.hidden


def _column(row: Any, registration: Registration) -> Column:
    has_words = any(each.column == row["name"] for each in registration.words)
    return Column(
        name=row["name"],
        type_name="text" if has_words else row["type_name"],
        dimensions=row["dimensions"],
        modifier=row["modifier"],
        is_required=row["is_required"],
    )


def _primary_key(rows: Any, registration: Registration) -> tuple[str, ...]:
    parts = [(row["key_position"], row["name"]) for row in rows if row["key_position"] is not None]
    return tuple(name for _, name in sorted(parts) if _is_shown(name, registration))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
