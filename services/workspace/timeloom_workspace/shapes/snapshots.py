"""Rows as they are, read within one snapshot of PostgreSQL and under the rights of one project."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from timeloom_workspace.shapes.changes import TableName
from timeloom_workspace.shapes.clauses.lexing import Token, TokenKind, tokens_of
from timeloom_workspace.shapes.clauses.parsing import Clause
from timeloom_workspace.shapes.errors import ClauseError, InvalidShapeRequestError, reasons_of
from timeloom_workspace.shapes.limits import ORDER_COLUMNS_MAX, SNAPSHOT_RETRY_SECONDS
from timeloom_workspace.shapes.tables import Registration, Table, Words

CONNECT_TIMEOUT_SECONDS: Final = 5.0
STATEMENT_TIMEOUT_MS: Final = 120_000
ORDER_OFFSET: Final = len("SELECT 1 ORDER BY ")

# The log writes values as these say, too.
TEXT_FORMS: Final[Mapping[str, str]] = {
    "bytea_output": "hex",
    "DateStyle": "ISO, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
}

_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SNAPSHOT: Final = """
SELECT
    pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
    pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
    ARRAY(SELECT xip::text FROM pg_snapshot_xip(pg_current_snapshot()) AS xip) AS in_progress,
    (pg_current_wal_insert_lsn() - '0/0')::text AS lsn
"""
# Of these types a cast to text writes another text than the log has.
_OUTPUTS: Final[Mapping[str, str]] = {"bpchar": "bpcharout", "inet": "inet_out"}
_WRITERS: Final = """
SELECT array_agg(virtualtransaction)
FROM pg_locks
WHERE locktype = 'relation' AND relation = to_regclass($1) AND mode = 'RowExclusiveLock' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_WRITERS_LEFT: Final = _WRITERS + "AND virtualtransaction = ANY($2::text [])"
_ROLE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MODULUS: Final = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """Which transactions a snapshot has.

    Attributes:
        xmin: Those before it have all ended.
        xmax: That one, and those after it, had not ended.
        in_progress: Those between that had not ended.
        lsn: What is written there and later, the snapshot does not have.
    """

    xmin: int
    xmax: int
    in_progress: frozenset[int]
    lsn: int

    def has(self, xid: int) -> bool:
        """Whether the snapshot has a transaction, of whose id 32 bits are known."""
        difference = (xid - self.xmax) % _MODULUS
        whole = self.xmax + (difference if difference < _MODULUS // 2 else difference - _MODULUS)
        return whole < self.xmin or (whole < self.xmax and whole not in self.in_progress)

    def described(self) -> dict[str, object]:
        """What the protocol says of it."""
        return {
            "xmin": str(self.xmin),
            "xmax": str(self.xmax),
            "xip_list": [str(xid) for xid in sorted(self.in_progress)],
            "database_lsn": str(self.lsn),
        }

    def message(self) -> bytes:
        """The protocol's message after the rows: by it a client knows whether its own write is among them."""
        headers = {"control": "snapshot-end", **self.described()}
        del headers["database_lsn"]
        return json.dumps({"headers": headers}, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowQuery:
    """Which rows are read, and what of them.

    Attributes:
        table: Where they are.
        columns: What of them.
        project_id: Whose they are.
        clauses: All of which they have to meet.
        order: In which order: SQL of this module's making.
        limit: How many at most.
        offset: How many are left out before.
        mark: What each row says of the subset that it is part of.
    """

    table: Table
    columns: Sequence[str]
    project_id: str
    clauses: Sequence[Clause] = ()
    order: str = ""
    limit: int | None = None
    offset: int | None = None
    mark: int | None = None

    def statement(self) -> tuple[str, list[str | None]]:
        """The SQL, which writes the protocol's messages, and its parameters."""
        parameters: list[str | None] = []
        columns = ", ".join(f"{self._text(name)} AS {quoted(name)}" for name in self.columns)
        # Names come from the catalogue, and clauses bind what clients wrote.
        statement = [f"SELECT {self._message(parameters)} FROM (SELECT {columns} FROM {self._source}"]  # noqa: S608 - see above
        conditions = [clause.write(parameters) for clause in self.clauses]
        column = self.table.registration.project_column
        if column is not None:
            parameters.append(self.project_id)
            conditions.insert(0, f"{quoted(column)} = CAST(${len(parameters)}::text AS uuid)")
        if conditions:
            statement.append("WHERE " + " AND ".join(conditions))
        if self.order:
            statement.append(f"ORDER BY {self.order}")
        for word, count in (("LIMIT", self.limit), ("OFFSET", self.offset)):
            if count is not None:
                statement.append(f"{word} {int(count)}")
        return " ".join([*statement, f") AS {self._row}"]), parameters

    def _text(self, name: str) -> str:
        """A value as the log writes it."""
        output = _OUTPUTS.get(self.table.types.get(name, ""))
        column = quoted(name)
        return f"CAST({column} AS text)" if output is None else f"textin({output}({column}))"

    @property
    def _row(self) -> str:
        """What rows are called in the statement: not as one of their columns."""
        name = "sent"
        while name in self.table.names:
            name += "_"
        return name

    @property
    def _source(self) -> str:
        """The table as clauses and clients know it."""
        registration = self.table.registration
        source = f"{quoted(registration.schema)}.{quoted(registration.table)}"
        if not registration.words and registration.gone_column is None:
            return source
        project = () if registration.project_column is None else (registration.project_column,)
        words = {each.column: each for each in registration.words}
        columns = ", ".join(
            _worded(words[name]) if name in words else quoted(name) for name in (*self.table.names, *project)
        )
        gone = f" WHERE {quoted(registration.gone_column)} IS NULL" if registration.gone_column else ""
        return f"(SELECT {columns} FROM {source}{gone}) AS shown"  # noqa: S608 - as above

    def _message(self, parameters: list[str | None]) -> str:
        parameters.append(self.table.key_prefix)
        parts = [f"${len(parameters)}::text"]
        parts += [
            f"""COALESCE('/"' || replace({self._row}.{quoted(name)}, '/', '//') || '"', '/_')"""
            for name in self.table.key
        ]
        headers: dict[str, object] = {"operation": "insert", "relation": self.table.relation}
        if self.mark is not None:
            headers["snapshot_mark"] = self.mark
        parameters.append(f',"headers":{json.dumps(headers, separators=(",", ":"))}}}')
        key = f"to_json({' || '.join(parts)})::text"
        return (
            f"""'{{"key":' || {key} || ',"value":' || row_to_json({self._row})::text"""
            f""" || ${len(parameters)}::text"""
        )


def _worded(words: Words) -> str:
    """A column's words; they are those of a contract, as its name is."""
    column = quoted(words.column)
    cases = " ".join(f"WHEN {number} THEN '{word}'" for number, word in words.by_number)
    return f"CASE {column} {cases} ELSE {column}::text END AS {column}"


def quoted(name: str) -> str:
    """A name as SQL has it; names come from the catalogue, never from clients."""
    return '"' + name.replace('"', '""') + '"'


def order_of(text: str, table: Table) -> str:
    """The SQL of an order: columns with their directions.

    Raises:
        InvalidShapeRequestError: It is none.
    """
    try:
        return _Order(tokens_of(text), table).sql()
    except ClauseError as error:
        raise InvalidShapeRequestError({"subset__order_by": reasons_of(error, ORDER_OFFSET)}) from None


class _Order:
    def __init__(self, tokens: Sequence[Token], table: Table) -> None:
        self._tokens = tokens
        self._names = table.names
        self._next = 0

    def sql(self) -> str:
        parts = [self._part()]
        while self._takes(","):
            parts.append(self._part())
        if len(parts) > ORDER_COLUMNS_MAX:
            raise ClauseError(0, f"an order has at most {ORDER_COLUMNS_MAX} columns")
        if self._tokens[self._next].kind is not TokenKind.END:
            raise self._unexpected()
        return ", ".join(parts)

    def _part(self) -> str:
        token = self._tokens[self._next]
        if token.kind not in (TokenKind.NAME, TokenKind.QUOTED_NAME):
            raise self._unexpected()
        if token.text not in self._names:
            raise ClauseError(token.position, f'column "{token.text}" does not exist')
        self._next += 1
        direction = " DESC" if self._takes("desc") else ""
        if not direction:
            self._takes("asc")
        nulls = ""
        if self._takes("nulls"):
            nulls = " NULLS FIRST" if self._takes("first") else " NULLS LAST"
            if nulls.endswith("LAST") and not self._takes("last"):
                raise self._unexpected()
        return quoted(token.text) + direction + nulls

    def _takes(self, text: str) -> bool:
        token = self._tokens[self._next]
        if token.kind not in (TokenKind.NAME, TokenKind.OPERATOR) or token.text != text:
            return False
        self._next += 1
        return True

    def _unexpected(self) -> ClauseError:
        token = self._tokens[self._next]
        shown = f'or near "{token.source[:100]}"' if token.source else "end of input"
        return ClauseError(token.position, f"syntax error at {shown}")


class SnapshotReader:
    """Opens snapshots, each over a connection of its own.

    Args:
        url: Of the database, as a role that may take on those of the rooms.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Any]:
        """A connection that writes values as the log does."""
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=STATEMENT_TIMEOUT_MS / 1000,
            server_settings={
                "application_name": "timeloom-shapes-snapshot",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "jit": "off",
                **TEXT_FORMS,
            },
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_SECONDS)

    @asynccontextmanager
    async def open(
        self, registration: Registration, project_id: str
    ) -> AsyncGenerator[tuple[Any, Visibility]]:
        """A connection within a snapshot that sees one project's rows, and which transactions it has."""
        async with self.connection() as connection:
            await connection.execute(_BEGIN)
            await _restrict(connection, registration, project_id)
            row = await connection.fetchrow(_SNAPSHOT)
            assert row is not None
            yield (
                connection,
                Visibility(
                    xmin=int(row["xmin"]),
                    xmax=int(row["xmax"]),
                    in_progress=frozenset(int(xid) for xid in row["in_progress"]),
                    lsn=int(row["lsn"]),
                ),
            )

    @staticmethod
    async def rows(connection: Any, query: RowQuery, at_once: int) -> AsyncGenerator[list[bytes]]:
        """The protocol's messages of rows, some at a time."""
        statement, parameters = query.statement()
        cursor = await connection.cursor(statement, *parameters)
        while records := await cursor.fetch(at_once):
            yield [record[0].encode() for record in records]

    async def outlast_writers(self, table: TableName) -> None:
        """Returns when all have ended who are writing a table as it is called.

        For an instant, or as long as a standby makes them wait, they may have committed in the log, and not
        yet for snapshots.
        """
        name = ".".join(map(quoted, table))
        async with self.connection() as connection:
            writers = await connection.fetchval(_WRITERS, name)
            while writers:
                await asyncio.sleep(SNAPSHOT_RETRY_SECONDS)
                writers = await connection.fetchval(_WRITERS_LEFT, name, writers)


async def _restrict(connection: Any, registration: Registration, project_id: str) -> None:
    if registration.role is not None:
        if not _ROLE.fullmatch(registration.role):
            raise ValueError(f"{registration.role!r} is not the name of a role")
        await connection.execute(f"SET LOCAL ROLE {registration.role}")
    if registration.project_column is not None:
        await connection.execute("SELECT set_config('app.project', $1, true)", str(UUID(project_id)))
