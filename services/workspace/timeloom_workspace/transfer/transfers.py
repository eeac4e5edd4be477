"""Writing records on behalf of a migration, and taking those writes back.

A write is known by its id, which is the node of the clock that it gives: so it is done once, however often it
is tried, and taken back only where nobody has written since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import AlreadyExistsError, InvalidFieldError, MalformedJsonError
from timeloom_platform.sealing import MasterKeys
from timeloom_workspace.clocks import HybridClock, after, node_of
from timeloom_workspace.records import events
from timeloom_workspace.records.checking import changed_values, new_values, values_of_json
from timeloom_workspace.records.model import Change, Operation, Record
from timeloom_workspace.records.secrets import put as put_secrets
from timeloom_workspace.records.showing import document_of
from timeloom_workspace.records.tables import ENVIRONMENTS, PREFERENCES, Table
from timeloom_workspace.records.writing import lock, select, write
from timeloom_workspace.transfer import images

_NODE_PREFIX: Final = "migration:"

_SAVEPOINT: Final = "SAVEPOINT transfer"
_RELEASE: Final = "RELEASE SAVEPOINT transfer"
_ROLLBACK: Final = "ROLLBACK TO SAVEPOINT transfer; RELEASE SAVEPOINT transfer"

_BY_NAME: Final[Mapping[str, str]] = {
    ENVIRONMENTS.name: "SELECT id FROM environments WHERE project_id = $1 AND name = $2",
    PREFERENCES.name: "SELECT id FROM preferences WHERE project_id = $1 AND key = $2 AND user_id = $3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordName:
    """A record that may be there: by its id, or by what only one may have."""

    table: Table
    id: UUID | None
    unique_name: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecord:
    """A record as it is.

    Attributes:
        value: As REST shows it.
        image: All that is kept of it.
    """

    id: UUID | None = None
    value: bytes = field(default=b"", repr=False)
    clock: str = ""
    image: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWrite:
    """A record to be written, if it still has the clock at which it was read."""

    table: Table
    id: UUID
    write_id: str
    base_clock: str
    value: bytes = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRestoration:
    """A write to be taken back; its clock is empty where nobody knows whether it was done.

    Attributes:
        replaces_changes: Somebody decided that what was changed since goes; the clock is that of what is
            there now.
    """

    table: Table
    id: UUID
    write_id: str
    clock: str
    image: str = field(repr=False)
    replaces_changes: bool = False


class Outcome(Enum):
    """What became of a write, or of taking it back."""

    DONE = auto()
    CHANGED = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one record."""

    outcome: Outcome
    clock: str = ""
    reason: str = ""


class Transfers:
    """Takes records in, and puts them back."""

    def __init__(self, *, database: Database, clock: HybridClock, master_keys: MasterKeys) -> None:
        self._database = database
        self._clock = clock
        self._master_keys = master_keys

    async def read(self, project_id: UUID, names: Sequence[RecordName]) -> list[FoundRecord]:
        """Returns records as they are, in the order of their names."""
        async with self._database.reading(str(project_id)) as connection:
            return [await _found(connection, project_id, each) for each in names]

    async def write(self, project_id: UUID, writes: Sequence[RecordWrite]) -> list[Result]:
        """Writes records in one transaction; one that is refused keeps no other from being written."""
        async with self._database.transaction(str(project_id)) as connection:
            return [await self._write(connection, project_id, each) for each in writes]

    async def restore(self, project_id: UUID, restorations: Sequence[RecordRestoration]) -> list[Result]:
        """Takes writes back in one transaction, in the order that is given."""
        async with self._database.transaction(str(project_id)) as connection:
            return [await _restored(connection, project_id, each) for each in restorations]

    async def _write(self, connection: Connection, project_id: UUID, wanted: RecordWrite) -> Result:
        there = await lock(connection, project_id, wanted.table, wanted.id)
        own = _own_clock(there, wanted.write_id)
        if own:
            return Result(outcome=Outcome.DONE, clock=own)
        if (there.clock if there else "") != wanted.base_clock:
            return Result(outcome=Outcome.CHANGED)
        await connection.execute(_SAVEPOINT)
        try:
            written = await self._put(connection, project_id, wanted, there)
        except (AlreadyExistsError, InvalidFieldError, MalformedJsonError) as error:
            await connection.execute(_ROLLBACK)
            return Result(outcome=Outcome.REFUSED, reason=error.message)
        await connection.execute(_RELEASE)
        return Result(outcome=Outcome.DONE, clock=written.clock)

    async def _put(
        self, connection: Connection, project_id: UUID, wanted: RecordWrite, there: Record | None
    ) -> Record:
        given = values_of_json(wanted.table, wanted.value)
        values = new_values(wanted.table, given) if there is None else changed_values(wanted.table, given)
        change = Change(
            operation=Operation.INSERT if there is None else Operation.UPDATE,
            values=values,
            clock=self._next(there, wanted.write_id),
        )
        written = await write(connection, project_id, wanted.table, wanted.id, change)
        assert written is not None, "it was inserted, or is locked"
        if not wanted.secrets:
            return written
        if wanted.table is not ENVIRONMENTS:
            raise InvalidFieldError.of("secrets", "belong to environments alone")
        names = await put_secrets(connection, project_id, wanted.id, wanted.secrets, self._master_keys)
        change = Change(
            operation=Operation.UPDATE,
            values={"secret_names": names},
            clock=self._next(written, wanted.write_id),
        )
        sealed = await write(connection, project_id, wanted.table, wanted.id, change)
        assert sealed is not None, "it is locked"
        return sealed

    def _next(self, there: Record | None, write_id: str) -> str:
        """Returns a clock of the write that is later than the record's."""
        previous = there.clock if there else ""
        milliseconds_and_counter, _, _ = self._clock.next(previous).rpartition("-")
        return after(previous, f"{milliseconds_and_counter}-{_NODE_PREFIX}{write_id}")


async def _found(connection: Connection, project_id: UUID, name: RecordName) -> FoundRecord:
    record = await select(connection, project_id, name.table, name.id) if name.id else None
    if record is None and name.unique_name and name.table.name in _BY_NAME:
        own = (name.user_id,) if name.table is PREFERENCES else ()
        other = await connection.fetchval(_BY_NAME[name.table.name], project_id, name.unique_name, *own)
        record = await select(connection, project_id, name.table, other) if other else None
    if record is None:
        image = await images.image_of(connection, project_id, name.table, name.id) if name.id else ""
        return FoundRecord(image=image)
    return FoundRecord(
        id=record.id,
        value=document_of(record),
        clock=record.clock,
        image=await images.image_of(connection, project_id, name.table, record.id),
    )


async def _restored(connection: Connection, project_id: UUID, wanted: RecordRestoration) -> Result:
    there = await lock(connection, project_id, wanted.table, wanted.id)
    if await images.image_of(connection, project_id, wanted.table, wanted.id) == wanted.image:
        return Result(outcome=Outcome.DONE)
    refused = _kept_alone(there, wanted)
    if refused is not None:
        return Result(outcome=refused)
    await connection.execute(_SAVEPOINT)
    try:
        await images.restore(connection, project_id, wanted.table, wanted.id, wanted.image)
    except asyncpg.UniqueViolationError:
        # Somebody has given its name to another one since.
        await connection.execute(_ROLLBACK)
        return Result(outcome=Outcome.CHANGED)
    await connection.execute(_RELEASE)
    await outbox.enqueue(connection, str(project_id), [events.record_changed(wanted.table.name, wanted.id)])
    return Result(outcome=Outcome.DONE)


def _kept_alone(there: Record | None, wanted: RecordRestoration) -> Outcome | None:
    """Returns why a record is left as it is; None if it is restored."""
    if wanted.replaces_changes:
        return None if (there.clock if there else "") == wanted.clock else Outcome.CHANGED
    if there is None:
        # Somebody deleted it since, or else it is only what remembers it that is put back.
        return Outcome.CHANGED if images.has_record(wanted.image) else None
    own = wanted.clock or _own_clock(there, wanted.write_id)
    if not own:
        # Nobody knew whether it was written: it was not.
        return Outcome.DONE
    return None if there.clock == own else Outcome.CHANGED


def _own_clock(record: Record | None, write_id: str) -> str:
    """Returns the clock that a write gave a record, or a field of it; empty if it did not."""
    if record is None or not write_id:
        return ""
    node = f"{_NODE_PREFIX}{write_id}"
    clocks = [record.clock, *record.field_clocks.values()]
    return max((each for each in clocks if each and node_of(each) == node), default="")
