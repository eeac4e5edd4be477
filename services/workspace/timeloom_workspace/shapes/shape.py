"""A shape: which rows of which table, and what of them; and what becomes of a change in it."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

import msgspec

from timeloom_workspace.shapes.changes import RowChange, Transaction
from timeloom_workspace.shapes.clauses.nodes import Row
from timeloom_workspace.shapes.clauses.parsing import Clause, parse
from timeloom_workspace.shapes.compaction import Kind
from timeloom_workspace.shapes.errors import (
    ClauseError,
    InvalidShapeRequestError,
    ShapeError,
    reasons_of,
)
from timeloom_workspace.shapes.limits import COLUMNS_MAX, PREPARED_ANSWERS_MAX
from timeloom_workspace.shapes.log import Entry, ShapeLog, Slice
from timeloom_workspace.shapes.membership import Membership, UntellableError
from timeloom_workspace.shapes.offsets import Offset
from timeloom_workspace.shapes.requests import ShapeRequest
from timeloom_workspace.shapes.tables import Table

CLAUSE_OFFSET = len("SELECT 1 WHERE ")
"""Where clients expect a clause to begin in the places that errors name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What two clients have to agree in, so that they share a shape.

    Attributes:
        project_id: Whose rows; of a table without projects it is empty.
        table: What is registered.
        where: Which rows, as it was written.
        parameters: What `$1` and so on stand for.
        columns: Those that are sent, in the table's order.
        is_full_replica: Whether changes show whole rows, and what was there before.
        has_snapshot: Whether the log begins with the rows that there are.
    """

    project_id: str
    table: Table
    where: str
    parameters: tuple[tuple[int, str], ...]
    columns: tuple[str, ...]
    is_full_replica: bool
    has_snapshot: bool


def defined(request: ShapeRequest, table: Table, project_id: str) -> tuple[Definition, Clause | None]:
    """The definition of a request, and its clause.

    Raises:
        InvalidShapeRequestError: Its columns or its clause are wrong, or the table cannot do as it says.
    """
    columns = _columns(request, table)
    if request.is_full_replica and not table.has_old_rows:
        raise InvalidShapeRequestError.of(
            "replica", f"can't be full for {table.registration.name}: what its rows were before is not logged"
        )
    clause = None
    if request.where is not None:
        clause = clause_of(request.where, table, request.parameters, "where")
    definition = Definition(
        project_id=project_id,
        table=table,
        where=request.where or "",
        parameters=tuple(sorted(request.parameters.items())) if clause else (),
        columns=columns,
        is_full_replica=request.is_full_replica,
        has_snapshot=request.has_snapshot,
    )
    return definition, clause


def clause_of(text: str, table: Table, parameters: Mapping[int, str], field: str) -> Clause:
    """The clause of a text; InvalidShapeRequestError names the field and the place if it is none."""
    try:
        return parse(text, table.for_clauses, parameters)
    except ClauseError as error:
        raise InvalidShapeRequestError({field: reasons_of(error, CLAUSE_OFFSET)}) from None


def _columns(request: ShapeRequest, table: Table) -> tuple[str, ...]:
    if request.columns is None:
        return tuple(column.name for column in table.columns)
    chosen = set(request.columns)
    if len(request.columns) > COLUMNS_MAX:
        raise InvalidShapeRequestError.of("columns", f"should be at most {COLUMNS_MAX}")
    if unknown := sorted(chosen - table.names):
        raise InvalidShapeRequestError.of(
            "columns", f"The following columns are not found on the table: {', '.join(unknown)[:500]}"
        )
    if missing := [name for name in table.key if name not in chosen]:
        raise InvalidShapeRequestError.of(
            "columns",
            f"The list of columns must include all primary key columns, missing: {', '.join(missing)}",
        )
    return tuple(column.name for column in table.columns if column.name in chosen)


Message: TypeAlias = tuple[Kind, Row, Row, Row | None]
"""What happened to a row, that row, and of it what is sent: its values, and those that it had."""


class _RowMessage(msgspec.Struct):
    """A row of a snapshot."""

    key: str
    value: dict[str, str | None]


class State(Enum):
    """How far a shape is."""

    BEGINNING = auto()
    READY = auto()
    GONE = auto()


class Shape:
    """A shape that is kept.

    Changes arrive in the order of their commits. Those that arrive while the snapshot is being taken wait
    until it is known which of them the snapshot has.
    """

    def __init__(
        self,
        *,
        handle: str,
        definition: Definition,
        clause: Clause | None,
        log: ShapeLog,
        members_max: int,
    ) -> None:
        self.handle = handle
        self.definition = definition
        self.clause = clause
        self.log = log
        self.state = State.BEGINNING
        self.ready = asyncio.Event()
        self.error: ShapeError | None = None
        self.read_time = 0.0
        self.waiting = 0
        self.compacted_bytes = 0
        self._changed = asyncio.Event()
        self._prepared: OrderedDict[Offset, Slice] = OrderedDict()
        self._events: OrderedDict[Offset, tuple[Slice, bytes]] = OrderedDict()
        self._columns = frozenset(definition.columns)
        table = definition.table
        self._key = table.key
        self._key_columns = frozenset(table.key)
        self._booleans = frozenset(column.name for column in table.columns if column.is_boolean)
        self.membership = None if table.has_old_rows else Membership(definition.columns, rows_max=members_max)
        self.schema_header = table.schema_of(definition.columns)

    @property
    def member_count(self) -> int:
        """How many rows it remembers."""
        return 0 if self.membership is None else len(self.membership)

    async def change(self) -> None:
        """Returns when there is more to read, or the shape is gone."""
        await self._changed.wait()

    def wake(self) -> None:
        """Wakes everybody who waits for more."""
        self._prepared.clear()
        self._events.clear()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def after(self, offset: Offset) -> Slice:
        """What follows a place; read once for all who ask at the same time."""
        found = self._prepared.get(offset)
        if found is None:
            found = self._prepared[offset] = self.log.after(offset)
            if len(self._prepared) > PREPARED_ANSWERS_MAX:
                self._prepared.popitem(last=False)
        return found

    def events_after(self, offset: Offset, write: Callable[[Slice], bytes]) -> tuple[Slice, bytes]:
        """What follows a place, and the events that say so: written once for all at the same place."""
        prepared = self._events.get(offset)
        if prepared is None:
            found = self.after(offset)
            prepared = self._events[offset] = found, write(found)
            if len(self._events) > PREPARED_ANSWERS_MAX:
                self._events.popitem(last=False)
        return prepared

    def entries_of(self, transaction: Transaction, changes: Sequence[RowChange]) -> list[Entry]:
        """What the changes of a transaction are in this shape.

        Raises:
            UntellableError: The log does not say enough of one.
        """
        told = self._messages if self.membership is None else self._remembered
        found = [message for change in changes for message in told(change)]
        entries: list[Entry] = []
        for number, (kind, row, value, old_value) in enumerate(found):
            offset = Offset(transaction.lsn, number * 2)
            headers: dict[str, object] = {
                "operation": kind.name.lower(),
                "lsn": str(transaction.lsn),
                "op_position": offset.operation,
                "txids": [transaction.xid],
                "relation": self.definition.table.relation,
            }
            if number == len(found) - 1:
                headers["last"] = True
            key = self.definition.table.key_of(row)
            document: dict[str, object] = {"key": key, "value": value, "headers": headers}
            if old_value is not None:
                document["old_value"] = old_value
            data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            entries.append(Entry(offset=offset, data=data, kind=kind, key=key))
        return entries

    def remember(self, rows: Sequence[bytes]) -> None:
        """Takes in rows of the snapshot, as messages, where the log will not say what they were."""
        if self.membership is not None:
            for row in rows:
                message = msgspec.json.decode(row, type=_RowMessage)
                self.membership.add(message.key, message.value)

    def _remembered(self, change: RowChange) -> Iterator[Message]:
        """What a change means if the log does not say what the row was."""
        membership = self.membership
        assert membership is not None
        key_of = self.definition.table.key_of
        new = change.new
        if new is not None and not self._has_now(new):
            new = None
        for row in (change.old, change.new):
            is_other = row is not None and (new is None or key_of(row) != key_of(new))
            if row is not None and is_other and membership.remove(key_of(row)):
                yield Kind.DELETE, row, self._removed(row), None
        if new is None:
            return
        shown = {name: self._shown(name, new[name]) for name in self.definition.columns if name in new}
        meaning = membership.put(key_of(new), shown)
        if meaning is not None and meaning.kind is Kind.INSERT:
            yield Kind.INSERT, new, shown, None
        elif meaning is not None:
            told = self._key_columns | set(meaning.changed)
            yield Kind.UPDATE, new, {name: shown[name] for name in shown if name in told}, None

    def _has_now(self, row: Row) -> bool:
        try:
            return self._has(row)
        except KeyError:
            raise UntellableError("The clause is about a value that was not told.") from None

    def _messages(self, change: RowChange) -> Iterator[Message]:
        old = change.old if change.old is not None and self._has(change.old) else None
        new = change.new if change.new is not None and self._has(change.new) else None
        if old is not None and new is not None:
            if any(old[name] != new[name] for name in self._key):
                yield Kind.DELETE, old, self._removed(old), None
                yield Kind.INSERT, new, self._sent(new), None
            elif changed := [name for name in self.definition.columns if old[name] != new[name]]:
                yield self._update(old, new, changed)
        elif new is not None:
            yield Kind.INSERT, new, self._sent(new), None
        elif old is not None:
            yield Kind.DELETE, old, self._removed(old), None

    def _has(self, row: Row) -> bool:
        return self.clause is None or self.clause.matches(row)

    def _update(self, old: Row, new: Row, changed: Sequence[str]) -> Message:
        if self.definition.is_full_replica:
            before = {name: self._shown(name, old[name]) for name in changed}
            return Kind.UPDATE, new, self._sent(new), before
        shown = self._key_columns | set(changed)
        value = {name: self._shown(name, new[name]) for name in self.definition.columns if name in shown}
        return Kind.UPDATE, new, value, None

    def _removed(self, row: Row) -> Mapping[str, str | None]:
        if self.definition.is_full_replica:
            return self._sent(row)
        return {name: self._shown(name, row[name]) for name in self._key}

    def _sent(self, row: Row) -> Mapping[str, str | None]:
        return {name: self._shown(name, row[name]) for name in self.definition.columns}

    def _shown(self, name: str, value: str | None) -> str | None:
        """A value as a cast to text writes it, so that snapshot and log agree."""
        if name in self._booleans and value is not None:
            return "true" if value == "t" else "false"
        return value
