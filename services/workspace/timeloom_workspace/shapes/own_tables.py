"""Tables of an installation's own: found in the catalogue, and made ready to be followed."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import structlog

from timeloom_workspace.shapes.errors import InvalidShapeRequestError, ShapesUnavailableError
from timeloom_workspace.shapes.snapshots import CONNECT_TIMEOUT_SECONDS, quoted
from timeloom_workspace.shapes.tables import Registration

OWN_PUBLICATION: Final = "timeloom_shapes_own"
RELY_SECONDS: Final = 1.0
"""For so long nobody looks again whether a table is still what it was."""
REMEMBERED_MAX: Final = 1000
LOOK_SECONDS_MAX: Final = 10.0
LOCK_SECONDS_MAX: Final = 3
"""Making a table ready waits for who writes to it, and others wait behind that: not for long."""
IDLE_SECONDS: Final = 60.0

_logger = structlog.get_logger(__name__)
_LOST: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_PART: Final = r'(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$]*))'
_NAME: Final = re.compile(rf"(?:{_PART}\.)?{_PART}")

_FIND: Final = """
SELECT
    class.oid::bigint AS oid,
    namespace.nspname::text AS schema,
    class.relname::text AS name,
    class.relkind = 'r' AND class.relpersistence = 'p' AS is_ordinary,
    class.relrowsecurity AS has_policies,
    class.relreplident = 'f' AS is_full,
    has_schema_privilege(namespace.oid, 'USAGE') AND has_table_privilege(class.oid, 'SELECT') AS is_readable,
    EXISTS (
        SELECT FROM pg_publication AS publication
        JOIN pg_publication_rel AS published ON published.prpubid = publication.oid
        WHERE publication.pubname = $3 AND published.prrelid = class.oid
    ) AS is_published,
    bool_or(attribute.attgenerated <> '') AS is_generated,
    bool_or(attribute.attname = 'project_id' AND attribute.atttypid = 'uuid'::regtype) AS has_project,
    md5(
        string_agg(
            concat_ws(
                ' ', attribute.attname, attribute.atttypid, attribute.atttypmod, attribute.attnotnull,
                array_position(index.indkey::smallint [], attribute.attnum)
            ),
            ',' ORDER BY attribute.attnum
        )
    ) AS form
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
JOIN pg_attribute AS attribute
    ON attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
LEFT JOIN pg_index AS index ON index.indrelid = class.oid AND index.indisprimary
WHERE namespace.nspname = ANY($1::text []) AND class.relname = $2
AND class.relkind IN ('r', 'p', 'v', 'm', 'f')
GROUP BY class.oid, namespace.oid
"""


class OwnTables:
    """Finds tables of the schemas that the installation names, also those that are made later.

    Args:
        url: Of the database, as the role under which they are read.
        schemas: Where they are; none may be asked for if empty.
    """

    def __init__(self, url: str, *, schemas: Sequence[str] = ()) -> None:
        self._url = url
        self._schemas = tuple(schemas)
        self._pool: Any = None
        self._known: OrderedDict[str, tuple[float, Registration]] = OrderedDict()
        self._preparing = asyncio.Lock()

    async def find(self, name: str) -> Registration:
        """The table that a client means, ready to be followed.

        Raises:
            InvalidShapeRequestError: There is none, or none that shapes can be made of.
            ShapesUnavailableError: PostgreSQL cannot be reached, or the table is in use for long.
        """
        remembered = self._known.get(name)
        if remembered is not None and time.monotonic() - remembered[0] < RELY_SECONDS:
            return remembered[1]
        try:
            async with asyncio.timeout(LOOK_SECONDS_MAX), self._connection() as connection:
                registration = await self._look(connection, name)
        except _LOST as error:
            _logger.warning("a table could not be looked up", exc_info=error)
            raise ShapesUnavailableError("The database cannot be reached.") from error
        self._known[name] = time.monotonic(), registration
        self._known.move_to_end(name)
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return registration

    async def close(self) -> None:
        """Closes its connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        if self._pool is None:
            self._pool = asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=2,
                max_inactive_connection_lifetime=IDLE_SECONDS,
                timeout=CONNECT_TIMEOUT_SECONDS,
                command_timeout=LOOK_SECONDS_MAX,
                server_settings={"application_name": "timeloom-shapes-tables"},
            )
        await self._pool
        async with self._pool.acquire() as connection:
            yield connection

    async def _look(self, connection: Any, text: str) -> Registration:
        schema, name = _parts(text)
        row = await self._row(connection, text, schema, name)
        if not (row["is_full"] and row["is_published"]):
            async with self._preparing:
                await _prepare(connection, row)
        return Registration(
            name=f"{row['schema']}.{row['name']}",
            schema=row["schema"],
            table=row["name"],
            role=None,
            project_column="project_id" if row["has_project"] else None,
            key=None,
            publication=OWN_PUBLICATION,
            oid=row["oid"],
            form=row["form"],
        )

    async def _row(self, connection: Any, text: str, schema: str | None, name: str) -> Any:
        schemas = [each for each in self._schemas if schema in (None, each)]
        rows: list[Any] = []
        if schemas:
            rows = await connection.fetch(_FIND, schemas, name, OWN_PUBLICATION)
        if len(rows) > 1:
            rows = [row for row in rows if row["schema"] == "public"]
            if not rows:
                raise _refused(f'There are several tables "{text}": name the schema, too')
        if not rows:
            raise _refused(f'There is no shape of a table "{text}"')
        row: Any = rows[0]
        if not row["is_ordinary"]:
            raise _refused(f'"{text}" is not an ordinary table, of which alone changes can be followed')
        if row["is_generated"]:
            raise _refused(f'"{text}" has generated columns, which changes do not tell')
        if row["has_policies"]:
            raise _refused(f'"{text}" has row-level security, which changes do not heed')
        if not row["is_readable"]:
            raise _refused(f'"{text}" cannot be read by the database role of this service: grant it SELECT')
        return row


async def _prepare(connection: Any, row: Any) -> None:
    """Publishes a table with its old rows.

    Nobody writes to it meanwhile: what was written before is committed before, and in the first snapshot.
    """
    table = f"{quoted(row['schema'])}.{quoted(row['name'])}"
    statements = [f"ALTER TABLE {table} REPLICA IDENTITY FULL"]
    if not row["is_published"]:
        statements.append(f"ALTER PUBLICATION {OWN_PUBLICATION} ADD TABLE {table}")
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS_MAX}s'")
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            for statement in statements:
                await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        raise _refused(
            "The database role of this service does not own the table, and cannot have it followed. "
            f"Let a superuser run: {'; '.join(statements)}"
        ) from None
    except asyncpg.DuplicateObjectError:
        # Another replica was faster.
        return
    except asyncpg.LockNotAvailableError as error:
        raise ShapesUnavailableError(
            "The table is in use, and cannot be made ready to be followed, yet.", retry_after_seconds=5
        ) from error


def _parts(text: str) -> tuple[str | None, str]:
    """Schema and name, written as in SQL: folded to small letters unless they are quoted."""
    found = _NAME.fullmatch(text.strip())
    if found is None:
        raise _refused(
            f'"{text}" does not name a table: all but letters, digits and _ stand in double quotes'
        )
    parts = [
        quoted_part.replace('""', '"') if quoted_part else plain and plain.lower()
        for quoted_part, plain in ((found[1], found[2]), (found[3], found[4]))
    ]
    return parts[0] or None, parts[1] or ""


def _refused(reason: str) -> InvalidShapeRequestError:
    return InvalidShapeRequestError.of("table", reason)
