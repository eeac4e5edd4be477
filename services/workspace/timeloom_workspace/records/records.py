"""What callers do with records: make, find, change and delete them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.errors import EtagMismatchError, NotFoundError
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import Cursors, Page
from timeloom_platform.sealing import MasterKeys
from timeloom_workspace.clocks import HybridClock
from timeloom_workspace.records import reading, secrets
from timeloom_workspace.records.checking import changed_values, new_values
from timeloom_workspace.records.documents import decoded, encoded_patched
from timeloom_workspace.records.model import Change, Operation, Record
from timeloom_workspace.records.reading import Wanted
from timeloom_workspace.records.tables import Table
from timeloom_workspace.records.writing import lock, select, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a caller gives for a record.

    Attributes:
        values: By the names of fields, what they become, each in the form of its kind.
        patches: By the names of fields that are documents, JSON merge patches of them.
        secrets: To seal, by name; one that is empty is removed. Of environments alone.
    """

    values: Mapping[str, object] = field(default_factory=dict[str, object])
    patches: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class Records:
    """The records of all projects."""

    def __init__(
        self, *, database: Database, cursors: Cursors, clock: HybridClock, master_keys: MasterKeys
    ) -> None:
        self._database = database
        self._cursors = cursors
        self._clock = clock
        self._master_keys = master_keys

    async def create(self, project_id: UUID, table: Table, record_id: UUID | None, given: Given) -> Record:
        """Makes a record, of an id of the caller's choice or of a new one.

        Raises:
            InvalidFieldError: A value is missing or not allowed.
            MalformedJsonError: A document is none.
            AlreadyExistsError: There is a record of this id, or another that has what no two may have.
        """
        values = new_values(table, given.values)
        if given.secrets:
            values["secret_names"] = sorted(name for name, value in given.secrets.items() if value)
        record_id = record_id or uuid7()
        async with self._database.transaction(str(project_id)) as connection:
            change = Change(operation=Operation.INSERT, values=values, clock=self._clock.next())
            record = await write(connection, project_id, table, record_id, change)
            assert record is not None, "it was inserted"
            if given.secrets:
                await secrets.put(connection, project_id, record_id, given.secrets, self._master_keys)
        return record

    async def get(self, project_id: UUID, table: Table, record_id: UUID) -> Record:
        """Returns a record.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.reading(str(project_id)) as connection:
            return _found(await select(connection, project_id, table, record_id), table, record_id)

    async def list_page(
        self, project_id: UUID, table: Table, wanted: Wanted, *, page_token: str, limit: int
    ) -> Page[Record]:
        """Returns a page of records.

        Raises:
            InvalidFieldError: There is no such order, or too many words are searched for.
            InvalidPageTokenError: The token belongs to another list.
        """
        async with self._database.reading(str(project_id)) as connection:
            return await reading.list_page(
                connection, self._cursors, project_id, table, wanted, page_token=page_token, limit=limit
            )

    async def update(
        self, project_id: UUID, table: Table, record_id: UUID, given: Given, *, etag: str
    ) -> Record:
        """Changes a record, and returns it as it is then.

        Raises:
            NotFoundError: There is none.
            EtagMismatchError: It has another etag by now.
            InvalidFieldError: A value is not allowed.
            MalformedJsonError: A document is none.
            AlreadyExistsError: Another record has what no two may have.
        """
        # What is wrong in itself is refused before anybody has to wait.
        values = changed_values(table, given.values)
        patches = {name: decoded(table.fields[name].json_name, raw) for name, raw in given.patches.items()}
        async with self._database.transaction(str(project_id)) as connection:
            record = _found(await lock(connection, project_id, table, record_id), table, record_id)
            _check_etag(record, etag)
            for name, patch in patches.items():
                values[name] = encoded_patched(table.fields[name], record.values[name], patch)
            if given.secrets:
                values["secret_names"] = await secrets.put(
                    connection, project_id, record_id, given.secrets, self._master_keys
                )
            if not values:
                return record
            clock = self._clock.next(record.clock)
            change = Change(operation=Operation.UPDATE, values=values, clock=clock)
            written = await write(connection, project_id, table, record_id, change)
        assert written is not None, "the row is locked"
        return written

    async def delete(self, project_id: UUID, table: Table, record_id: UUID, *, etag: str) -> None:
        """Deletes a record for good.

        Raises:
            NotFoundError: There is none.
            EtagMismatchError: It has another etag by now.
        """
        async with self._database.transaction(str(project_id)) as connection:
            record = _found(await lock(connection, project_id, table, record_id), table, record_id)
            _check_etag(record, etag)
            change = Change(operation=Operation.DELETE, clock=self._clock.next(record.clock))
            await write(connection, project_id, table, record_id, change)


def _found(record: Record | None, table: Table, record_id: UUID) -> Record:
    if record is None:
        raise NotFoundError(f"There is no {table.noun} {record_id}.")
    return record


def _check_etag(record: Record, expected: str) -> None:
    if expected and expected != record.etag:
        raise EtagMismatchError(
            f"The {record.table.noun} {record.id} has changed: its etag is {record.etag} now.",
            metadata={"etag": record.etag},
        )
