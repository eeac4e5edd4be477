"""Executions: begin, find, edit, end and delete them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from timeloom_platform import outbox
from timeloom_platform.database import Database
from timeloom_platform.errors import AlreadyExistsError, InvalidFieldError, NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar
from timeloom_snapshots import events, limits
from timeloom_snapshots.errors import ExecutionEndedError
from timeloom_snapshots.etags import check_etag
from timeloom_snapshots.hints import Hints
from timeloom_snapshots.model import Execution, ExecutionChanges, ExecutionError, ExecutionStatus
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.storage import counting, lineage
from timeloom_snapshots.storage import executions as storage
from timeloom_snapshots.storage.counting import ExecutionCounts
from timeloom_snapshots.storage.executions import ExecutionFilter, ExecutionOrder

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Executions:
    """The executions of all projects."""

    def __init__(self, *, database: Database, reader: StateReader, hints: Hints, cursors: Cursors) -> None:
        self._database = database
        self._reader = reader
        self._hints = hints
        self._cursors = cursors

    async def create(
        self, project_id: UUID, execution: Execution, *, create_time: datetime | None
    ) -> Execution:
        """Begins an execution, now if no time is given; returns it if it was begun before in the same way.

        Raises:
            AlreadyExistsError: The id belongs to another execution.
        """
        async with self._database.transaction(str(project_id)) as connection:
            created = await storage.insert(connection, project_id, execution, create_time=create_time)
            if created is not None:
                await outbox.enqueue(connection, str(project_id), [events.execution_created(created)])
                return created
            found = await storage.select(connection, project_id, execution.id)
        if found is None or not _begins_alike(found, execution):
            raise AlreadyExistsError(f"Another execution has the id {execution.id}.")
        return found

    async def get(self, project_id: UUID, execution_id: UUID) -> Execution:
        """Returns an execution.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.transaction(str(project_id)) as connection:
            return _found(await storage.select(connection, project_id, execution_id), execution_id)

    async def list_page(
        self,
        project_id: UUID,
        *,
        wanted: ExecutionFilter,
        order: ExecutionOrder,
        page_token: str,
        limit: int,
        with_documents: bool = True,
    ) -> Page[Execution]:
        """Returns a page of executions.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity = _identity(project_id, wanted, order)
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.transaction(str(project_id)) as connection:
            ids = await storage.select_ids(
                connection,
                project_id,
                wanted=wanted,
                order=order,
                after=_after(position, order) if position else None,
                limit=limit + 1,
            )
            found = await storage.select_many(
                connection, project_id, ids[:limit], with_documents=with_documents
            )
        if len(found) == len(ids) or not found:
            return Page(entries=tuple(found))
        token = self._cursors.encode(_position(found[-1], order), of=identity)
        return Page(entries=tuple(found), next_page_token=token)

    async def count(self, project_id: UUID, wanted: ExecutionFilter, *, value_limit: int) -> ExecutionCounts:
        """Counts executions by what they can be filtered by."""
        async with self._database.transaction(str(project_id)) as connection:
            return await counting.count(connection, project_id, wanted, value_limit=value_limit)

    async def update(
        self, project_id: UUID, execution_id: UUID, changes: ExecutionChanges, *, etag: str
    ) -> Execution:
        """Changes fields of an execution.

        Raises:
            NotFoundError: There is no such execution.
            EtagMismatchError: It has another etag by now.
        """
        async with self._database.transaction(str(project_id)) as connection:
            before = _found(await storage.lock(connection, project_id, execution_id), execution_id)
            check_etag(before, etag)
            wanted = changes.applied_to(before)
            if wanted == before:
                return before
            after = await storage.update(connection, project_id, wanted)
            await outbox.enqueue(connection, str(project_id), [events.execution_updated(after)])
        return after

    async def modify_tags(
        self, project_id: UUID, execution_id: UUID, *, add: Sequence[str], remove: Collection[str]
    ) -> Execution:
        """Adds tags behind those that are there, and takes tags away; a tag that is in both is added.

        Raises:
            NotFoundError: There is no such execution.
            InvalidFieldError: It would have more tags than an execution may have.
        """
        async with self._database.transaction(str(project_id)) as connection:
            before = _found(await storage.lock(connection, project_id, execution_id), execution_id)
            kept = (tag for tag in before.tags if tag not in remove or tag in add)
            tags = tuple(dict.fromkeys((*kept, *add)))
            if tags == before.tags:
                return before
            if len(tags) > limits.TAGS_MAX:
                raise InvalidFieldError.of(
                    "add", f"would give the execution {len(tags)} tags; at most {limits.TAGS_MAX} are allowed"
                )
            after = await storage.update(connection, project_id, replace(before, tags=tags))
            await outbox.enqueue(connection, str(project_id), [events.execution_updated(after)])
        return after

    async def complete(
        self,
        project_id: UUID,
        execution_id: UUID,
        *,
        status: ExecutionStatus,
        output: str | None,
        error: ExecutionError | None,
        end_time: datetime | None,
    ) -> Execution:
        """Ends an execution, now if no time is given; returns it if it ended in the same way before.

        Raises:
            NotFoundError: There is no such execution.
            ExecutionEndedError: It ended in another way.
            InvalidFieldError: It began after that time.
        """
        async with self._database.transaction(str(project_id)) as connection:
            before = _found(await storage.lock(connection, project_id, execution_id), execution_id)
            if before.has_ended:
                if (before.status, before.output, before.error) == (status, output, error):
                    return before
                raise ExecutionEndedError(
                    f"Execution {execution_id} has ended already: {before.status.name}."
                )
            if end_time is not None and end_time < before.create_time:
                raise InvalidFieldError.of(
                    "endTime", f"must not be before the execution began, at {before.create_time.isoformat()}"
                )
            after = await storage.complete(
                connection,
                project_id,
                execution_id,
                status=status,
                output=output,
                error=error,
                end_time=end_time,
            )
            await outbox.enqueue(connection, str(project_id), [events.execution_updated(after)])
        self._reader.forget_head(project_id, execution_id)
        self._hints.tell(project_id, execution_id)
        return after

    async def delete(self, project_id: UUID, execution_id: UUID, *, etag: str) -> None:
        """Deletes an execution with all that belongs to it.

        What forks share of it stays for them, and for nobody else; it goes with the last of them.

        Raises:
            NotFoundError: There is no such execution.
            EtagMismatchError: It has another etag by now.
        """
        async with self._database.transaction(str(project_id)) as connection:
            owners = await lineage.lock(connection, project_id, execution_id)
            before = _found(await storage.lock(connection, project_id, execution_id), execution_id)
            check_etag(before, etag)
            await lineage.delete(connection, project_id, execution_id, owners)
            await outbox.enqueue(connection, str(project_id), [events.execution_deleted(execution_id)])
        self._reader.forget_head(project_id, execution_id)
        self._hints.tell(project_id, execution_id)


def _found(execution: Execution | None, execution_id: UUID) -> Execution:
    if execution is None:
        raise NotFoundError(f"There is no execution {execution_id}.")
    return execution


def _begins_alike(found: Execution, wanted: Execution) -> bool:
    def beginning(execution: Execution) -> tuple[object, ...]:
        return (
            execution.agent_id,
            execution.session_id,
            execution.name,
            execution.input,
            execution.tags,
            execution.metadata,
            execution.trace_id,
        )

    return beginning(found) == beginning(wanted)


def _identity(project_id: UUID, wanted: ExecutionFilter, order: ExecutionOrder) -> ListIdentity:
    return {
        "list": "executions",
        "project": str(project_id),
        "agent": wanted.agent_id,
        "session": wanted.session_id,
        "statuses": wanted.statuses,
        "tags": wanted.tags,
        "name": wanted.name_contains,
        "after": _microseconds(wanted.created_after) if wanted.created_after else None,
        "before": _microseconds(wanted.created_before) if wanted.created_before else None,
        "agents": wanted.agent_ids,
        "durations": [wanted.duration_ms_min, wanted.duration_ms_max],
        "order": order.column,
        "descending": order.descending,
    }


def _position(execution: Execution, order: ExecutionOrder) -> list[Scalar]:
    value: Scalar
    if order.column == "name":
        value = execution.name[: storage.NAME_ORDER_LENGTH]
    else:
        value = _microseconds(getattr(execution, order.column))
    return [value, str(execution.id)]


def _after(position: list[Scalar], order: ExecutionOrder) -> tuple[object, UUID]:
    value, execution_id = position
    if order.column != "name":
        assert isinstance(value, int)
        return _EPOCH + value * _MICROSECOND, UUID(str(execution_id))
    return value, UUID(str(execution_id))


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND
