"""What PostgreSQL's log tells of tables: committed transactions, one after the other.

The slot is a temporary one: it belongs to the session that reads it and goes with it, however that ends. So a
slot that nobody reads cannot keep PostgreSQL from removing its log; whoever had followed it begins anew.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from timeloom_workspace.shapes import pgoutput
from timeloom_workspace.shapes.changes import Committed, RowChange, TableName, Transaction
from timeloom_workspace.shapes.limits import CHANGES_PER_POLL_MAX, ROWS_PER_FETCH
from timeloom_workspace.shapes.snapshots import CONNECT_TIMEOUT_SECONDS, TEXT_FORMS

SLOT_PREFIX: Final = "timeloom_shapes"
START_TIMEOUT_SECONDS: Final = 60.0
POLL_TIMEOUT_SECONDS: Final = 120.0

# The name of its session says where the replica is that has the slot, and goes with it.
_SESSION_NAME: Final = "timeloom-shapes "
_LOCK: Final = "SELECT pg_try_advisory_lock(1953264993, 1)"
_READER: Final = """
SELECT activity.application_name
FROM pg_locks AS held
JOIN pg_stat_activity AS activity ON activity.pid = held.pid
WHERE held.locktype = 'advisory' AND held.classid = 1953264993 AND held.objid = 1 AND held.objsubid = 2
AND held.granted AND activity.datname = current_database()
"""
_CREATE_SLOT: Final = """
SELECT lsn::text FROM pg_create_logical_replication_slot(
    $1 || '_' || pg_backend_pid()::text, 'pgoutput', temporary => true
)
"""
_PUBLISHED: Final = """
SELECT publication.pubname::text AS publication, published.schemaname::text AS schema,
    published.tablename::text AS name
FROM pg_publication AS publication
LEFT JOIN pg_publication_tables AS published ON published.pubname = publication.pubname
WHERE publication.pubname = ANY($1::text [])
"""
_POSITION: Final = "SELECT (pg_current_wal_insert_lsn() - '0/0')::text"
_CHANGES: Final = """
SELECT data FROM pg_logical_slot_get_binary_changes(
    $1 || '_' || pg_backend_pid()::text, NULL, $2, 'proto_version', '1', 'publication_names', $3
)
"""

_SKIP: Final = """
SELECT end_lsn::text
FROM pg_replication_slot_advance($1 || '_' || pg_backend_pid()::text, pg_current_wal_flush_lsn())
"""


class AnotherReaderError(Exception):
    """Another process has the slot.

    Attributes:
        address: Where it serves; empty if that is not known.
    """

    def __init__(self, address: str) -> None:
        super().__init__("another replica follows changes")
        self.address = address


class Assembler:
    """Makes transactions of messages."""

    def __init__(self) -> None:
        self._relations: dict[int, pgoutput.Relation] = {}
        self._transaction: Transaction | None = None
        self._changes: dict[TableName, list[RowChange]] = {}
        self._keyed: set[TableName] = set()
        self._spoilt: set[TableName] = set()
        self._learnt: list[pgoutput.Relation] = []

    def take(self, data: bytes) -> Committed | None:
        """Takes a message; returns the transaction that is whole by it."""
        message = pgoutput.decode(data)
        match message:
            case pgoutput.Insert():
                self._add(message.relation_id, None, message.new)
            case pgoutput.Update():
                self._add(message.relation_id, message.old, message.new)
            case pgoutput.Delete():
                self._add(message.relation_id, message.old, None)
            case pgoutput.Begin():
                self._transaction = Transaction(lsn=message.lsn, xid=message.xid)
                self._changes, self._keyed, self._spoilt, self._learnt = {}, set(), set(), []
            case pgoutput.Relation():
                self._learn(message)
            case pgoutput.Truncate():
                self._spoilt.update(self._name(relation_id) for relation_id in message.relation_ids)
            case pgoutput.Commit():
                return self._committed()
            case None:
                pass
        return None

    def _learn(self, relation: pgoutput.Relation) -> None:
        known = self._relations.get(relation.id)
        if known is not None and known != relation:
            self._spoilt.update({(known.schema, known.name), (relation.schema, relation.name)})
        self._relations[relation.id] = relation
        self._learnt.append(relation)

    def _committed(self) -> Committed:
        if self._transaction is None:
            raise pgoutput.DecodeError("a commit without its beginning")
        return Committed(
            transaction=self._transaction,
            changes=self._changes,
            keyed=frozenset(self._keyed),
            spoilt=frozenset(self._spoilt),
            relations=tuple(self._learnt),
        )

    def _name(self, relation_id: int) -> TableName:
        relation = self._relations[relation_id]
        return relation.schema, relation.name

    def _add(self, relation_id: int, old: pgoutput.Values | None, new: pgoutput.Values | None) -> None:
        relation = self._relations[relation_id]
        table = relation.schema, relation.name
        if not relation.is_full:
            self._keyed.add(table)
        elif new is not None and old is None and pgoutput.UNCHANGED in new:
            # Without its old row nobody knows what left a shape, or came into it.
            self._spoilt.add(table)
            return
        elif new is not None and old is not None:
            new = tuple(
                before if value is pgoutput.UNCHANGED else value
                for before, value in zip(old, new, strict=True)
            )
        change = RowChange(old=_row(relation, old), new=_row(relation, new))
        self._changes.setdefault(table, []).append(change)


def _row(relation: pgoutput.Relation, values: pgoutput.Values | None) -> dict[str, str | None] | None:
    """The values by column, without those that were not sent."""
    if values is None:
        return None
    named = zip(relation.columns, values, strict=True)
    return {name: value for name, value in named if not isinstance(value, pgoutput.Unchanged)}


class Stream:
    """A slot that is being read.

    Args:
        connection: Whose session the slot belongs to.
        publications: Those that there are.
        tables: What they publish.
    """

    def __init__(self, connection: Any, publications: frozenset[str], tables: frozenset[TableName]) -> None:
        self.publications = publications
        self.tables = tables
        self._connection = connection
        self._assembler = Assembler()
        self._position = -1

    async def read(self, publications: Collection[str], take: Callable[[Committed], None]) -> bool:
        """Hands over what was committed since the last call; returns whether there may be more at once.

        PostgreSQL is asked for changes only if its log has grown at all, and only for those that are wanted:
        to read past others costs it little. A transaction, however large, is in one answer, of which only a
        part is held at a time.

        Args:
            publications: Of the tables of which changes are wanted.
            take: Called with each transaction.
        """
        position = int(await self._connection.fetchval(_POSITION, timeout=POLL_TIMEOUT_SECONDS))
        if position == self._position:
            return False
        count = await self._read(publications, take) if publications else await self._skip()
        if count < CHANGES_PER_POLL_MAX:
            self._position = position
            return False
        return True

    async def _read(self, publications: Collection[str], take: Callable[[Committed], None]) -> int:
        count = 0
        async with self._connection.transaction():
            cursor = self._connection.cursor(
                _CHANGES,
                SLOT_PREFIX,
                CHANGES_PER_POLL_MAX,
                ",".join(sorted(publications)),
                prefetch=ROWS_PER_FETCH,
                timeout=POLL_TIMEOUT_SECONDS,
            )
            async for row in cursor:
                count += 1
                committed = self._assembler.take(row["data"])
                if committed is not None:
                    take(committed)
        return count

    async def _skip(self) -> int:
        """Goes past changes that nobody wants to know of."""
        await self._connection.fetchval(_SKIP, SLOT_PREFIX, timeout=POLL_TIMEOUT_SECONDS)
        return 0


@asynccontextmanager
async def open_stream(url: str, publications: Collection[str], *, address: str) -> AsyncGenerator[Stream]:
    """Opens a slot, which begins now and ends with the block.

    Args:
        url: Of the database, as a role that may replicate.
        publications: What it tells of; those that are not there are left out.
        address: Where this process serves.

    Raises:
        AnotherReaderError: Another process has one.
    """
    connection = await asyncpg.connect(
        url,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=START_TIMEOUT_SECONDS,
        server_settings={
            "application_name": f"{_SESSION_NAME}{address}",
            "jit": "off",
            "idle_session_timeout": "0",
            **TEXT_FORMS,
        },
    )
    try:
        if not await connection.fetchval(_LOCK):
            name = await connection.fetchval(_READER) or ""
            raise AnotherReaderError(name.removeprefix(_SESSION_NAME))
        rows = await connection.fetch(_PUBLISHED, list(publications))
        await connection.fetchval(_CREATE_SLOT, SLOT_PREFIX)
        yield Stream(
            connection,
            frozenset(row["publication"] for row in rows),
            frozenset((row["schema"], row["name"]) for row in rows if row["name"] is not None),
        )
    finally:
        # Terminating it would leave the slot until PostgreSQL notices.
        await connection.close(timeout=CONNECT_TIMEOUT_SECONDS)
