"""What people decide: conflicts, dead letters, and the policies that decide for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar
from timeloom_workspace.clocks import HybridClock
from timeloom_workspace.records.showing import document_of
from timeloom_workspace.records.tables import TABLES, table_of
from timeloom_workspace.sync.applying import Applying
from timeloom_workspace.sync.errors import WrongStatusError
from timeloom_workspace.sync.model import Choice, Conflict, ConflictStatus, DeadLetter, Result
from timeloom_workspace.sync.policies import Operation, Outcome, Policy, Write, decide
from timeloom_workspace.sync.preparing import PoisonError, Prepared, prepared_at, values_of
from timeloom_workspace.sync.storage import conflicts, dead_letters, policies, states

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Conflicts:
    """The conflicts of all projects."""

    def __init__(self, *, database: Database, cursors: Cursors, clock: HybridClock) -> None:
        self._database = database
        self._cursors = cursors
        self._clock = clock

    async def list_page(
        self,
        project_id: UUID,
        *,
        status: ConflictStatus | None,
        table: str,
        record_id: UUID | None,
        page_token: str,
        limit: int,
    ) -> Page[Conflict]:
        """Returns a page of conflicts, the newest first.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "sync conflicts",
            "project": str(project_id),
            "status": status,
            "table": table,
            "record": str(record_id or ""),
        }
        after = _position_of(self._cursors.decode(page_token, of=identity))
        async with self._database.reading(str(project_id)) as connection:
            found = await conflicts.select_page(
                connection,
                project_id,
                status=status,
                table=table,
                record_id=record_id,
                after=after,
                limit=limit + 1,
            )
        return self._cursors.page(
            found, limit=limit, of=identity, position=lambda each: _position(each.create_time, each.id)
        )

    async def get(self, project_id: UUID, conflict_id: UUID) -> Conflict:
        """Returns a conflict.

        Raises:
            NotFoundError: There is none of this id.
        """
        async with self._database.reading(str(project_id)) as connection:
            found = await conflicts.select(connection, project_id, conflict_id)
        return _found(found, conflict_id)

    async def resolve(
        self, project_id: UUID, conflict_id: UUID, choice: Choice, value: bytes | None
    ) -> Conflict:
        """Decides an open conflict.

        Raises:
            AlreadyExistsError: Another record has what no two may have.
            InvalidFieldError: The value is missing or not allowed.
            NotFoundError: There is no such conflict.
            WrongStatusError: It was decided before, or nothing is left of its record.
        """
        if (value is not None) is not (choice is Choice.VALUE):
            raise InvalidFieldError.of("value", "is required for CHOICE_VALUE, and for no other")
        async with self._database.transaction(str(project_id)) as connection:
            conflict = _found(await conflicts.lock(connection, project_id, conflict_id), conflict_id)
            if conflict.status is not ConflictStatus.OPEN:
                raise WrongStatusError(f"The conflict {conflict_id} was decided before.")
            if choice is not Choice.SERVER:
                await self._write(connection, project_id, conflict, value)
            table, record_id = table_of(conflict.mutation.table), UUID(conflict.mutation.record_id)
            stored = await states.select(connection, project_id, table, record_id)
            result = document_of(stored) if stored else None
            return await conflicts.resolve(connection, project_id, conflict_id, result)

    async def _write(
        self, connection: Connection, project_id: UUID, conflict: Conflict, value: bytes | None
    ) -> None:
        table, record_id = table_of(conflict.mutation.table), UUID(conflict.mutation.record_id)
        before = (await states.lock(connection, project_id, table, record_id)).record
        base_clock = before.clock if before else ""
        clock = self._clock.next(base_clock)
        try:
            if value is None:
                ready = prepared_at(conflict.mutation, clock=clock, base_clock=base_clock)
            else:
                operation = Operation.UPDATE if before and before.exists else Operation.INSERT
                write = Write(
                    operation=operation,
                    clock=clock,
                    base_clock=base_clock,
                    values=values_of(table, operation, value),
                )
                ready = Prepared(table=table, record_id=record_id, write=write)
        except PoisonError as error:
            raise InvalidFieldError.of("value", f"cannot be applied: {error}") from None
        # It knows all that there is, so that by any policy it is applied, unless nothing is left to apply to.
        verdict = decide(Policy.LAST_WRITE_WINS, before, ready.write)
        if verdict.outcome is not Outcome.APPLIED or verdict.record is None:
            raise WrongStatusError(
                f"Nothing is left of the record: {verdict.reason}. Choose the server's state or a value."
            )
        await states.store(connection, project_id, table, record_id, before=before, after=verdict.record)


class DeadLetters:
    """The dead letters of all projects."""

    def __init__(self, *, database: Database, cursors: Cursors, clock: HybridClock) -> None:
        self._database = database
        self._cursors = cursors
        self._clock = clock

    async def list_page(
        self, project_id: UUID, *, client_id: str, table: str, page_token: str, limit: int
    ) -> Page[DeadLetter]:
        """Returns a page of mutations that cannot be applied, the newest first.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "mutation dead letters",
            "project": str(project_id),
            "client": client_id,
            "table": table,
        }
        after = _position_of(self._cursors.decode(page_token, of=identity))
        async with self._database.reading(str(project_id)) as connection:
            found = await dead_letters.select_page(
                connection, project_id, client_id=client_id, table=table, after=after, limit=limit + 1
            )
        return self._cursors.page(
            found, limit=limit, of=identity, position=lambda each: _position(each.create_time, each.id)
        )

    async def redrive(self, project_id: UUID, letter_id: UUID, value: bytes | None) -> Result:
        """Applies a mutation once more, with another value if one is given.

        Raises:
            NotFoundError: There is no such dead letter.
        """
        async with self._database.transaction(str(project_id)) as connection:
            letter = await dead_letters.lock(connection, project_id, letter_id)
            if letter is None:
                raise _missing(letter_id)
            applying = Applying(
                connection=connection,
                transaction=states.Transaction(connection),
                project_id=project_id,
                client_id=letter.client_id,
                policies=await policies.select(connection, project_id),
                clock=self._clock,
                is_careful=True,
            )
            return await applying.redrive(letter, value=value)

    async def discard(self, project_id: UUID, letter_id: UUID) -> None:
        """Gives up a mutation.

        Raises:
            NotFoundError: There is no such dead letter.
        """
        async with self._database.transaction(str(project_id)) as connection:
            if not await dead_letters.delete(connection, project_id, letter_id):
                raise _missing(letter_id)


class Policies:
    """The conflict policies of all projects."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def all(self, project_id: UUID) -> dict[str, Policy]:
        """Returns the policy of each table."""
        async with self._database.reading(str(project_id)) as connection:
            return await policies.select(connection, project_id)

    async def set(self, project_id: UUID, table: str, policy: Policy) -> None:
        """Sets the policy of a table, for the mutations that arrive from now on.

        Raises:
            NotFoundError: There is no such table.
        """
        if table not in TABLES:
            raise NotFoundError(f"There is no table {table!r}: there are {', '.join(TABLES)}.")
        async with self._database.transaction(str(project_id)) as connection:
            await policies.upsert(connection, project_id, table, policy)


def _position(create_time: datetime, own_id: UUID) -> tuple[Scalar, ...]:
    return ((create_time - _EPOCH) // _MICROSECOND, str(own_id))


def _position_of(position: list[Scalar] | None) -> tuple[datetime, UUID] | None:
    if position is None:
        return None
    return (_EPOCH + int(str(position[0])) * _MICROSECOND, UUID(str(position[1])))


def _found(conflict: Conflict | None, conflict_id: UUID) -> Conflict:
    if conflict is None:
        raise NotFoundError(f"There is no conflict {conflict_id}.")
    return conflict


def _missing(letter_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no dead letter {letter_id}.")
