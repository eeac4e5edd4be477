"""Reading executions: one, lists of them, their steps and their history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar
from timeloom_workflows import limits
from timeloom_workflows.model import Execution, HistoryRecord, Step
from timeloom_workflows.storage import queries as storage
from timeloom_workflows.storage.queries import ExecutionFilter, ExecutionOrder, StepFilter

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Ends(Protocol):
    """Whoever knows when executions end."""

    async def wait(self, project_id: UUID, execution_id: UUID, seconds: float) -> bool:
        """Returns when an execution has ended, or after so many seconds, and tells whether it has."""
        ...


class Reading:
    """What can be seen of executions."""

    def __init__(self, *, database: Database, cursors: Cursors, ends: Ends) -> None:
        self._database = database
        self._cursors = cursors
        self._ends = ends

    async def get(self, project_id: UUID, execution_id: UUID, *, wait_seconds: float = 0) -> Execution:
        """Returns an execution; when it has ended, or after so many seconds at the latest.

        Raises:
            NotFoundError: There is none.
        """
        if not wait_seconds:
            return await self._get(project_id, execution_id)
        # Waiting begins before the look: an end in between is not missed.
        waiting = asyncio.ensure_future(self._ends.wait(project_id, execution_id, wait_seconds))
        try:
            execution = await self._get(project_id, execution_id)
            if execution.status.has_ended:
                return execution
            await waiting
        finally:
            waiting.cancel()
        return await self._get(project_id, execution_id)

    async def _get(self, project_id: UUID, execution_id: UUID) -> Execution:
        async with self._database.reading(str(project_id)) as connection:
            return found(await storage.select(connection, project_id, execution_id), execution_id)

    async def list_executions(
        self, project_id: UUID, *, wanted: ExecutionFilter, order: ExecutionOrder, page_token: str, limit: int
    ) -> Page[Execution]:
        """Returns a page of executions without their inputs and outputs.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity = _identity(project_id, wanted, order)
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            executions = await storage.select_page(
                connection,
                project_id,
                wanted=wanted,
                order=order,
                after=_after(position, order) if position else None,
                limit=limit + 1,
            )
        return self._cursors.page(
            executions, limit=limit, of=identity, position=lambda each: _position(each, order)
        )

    async def first_steps(self, project_id: UUID, execution_id: UUID) -> Sequence[Step]:
        """Returns the first steps of an execution without inputs and outputs."""
        async with self._database.reading(str(project_id)) as connection:
            return await storage.select_steps(
                connection,
                project_id,
                execution_id,
                wanted=StepFilter(),
                after=None,
                limit=limits.FIRST_STEPS,
            )

    async def list_steps(
        self,
        project_id: UUID,
        execution_id: UUID,
        *,
        wanted: StepFilter,
        with_documents: bool,
        page_token: str,
        limit: int,
    ) -> Page[Step]:
        """Returns a page of an execution's steps, in the order in which they began.

        Raises:
            NotFoundError: There is no such execution.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "workflow steps",
            "project": str(project_id),
            "execution": str(execution_id),
            "statuses": wanted.statuses,
            "parent": wanted.parent_id,
            "documents": with_documents,
        }
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            steps = await storage.select_steps(
                connection,
                project_id,
                execution_id,
                wanted=wanted,
                after=(int(str(position[0])), str(position[1])) if position else None,
                limit=limit + 1,
            )
            if not steps:
                await require(connection, project_id, execution_id)
            entries = steps[:limit]
            if with_documents:
                entries = await storage.select_steps_fitting(
                    connection,
                    project_id,
                    execution_id,
                    [step.id for step in entries],
                    bytes_max=limits.PAGE_BYTES_MAX,
                )
        if len(entries) == len(steps):
            return Page(entries=tuple(entries))
        last = entries[-1]
        token = self._cursors.encode([last.position, last.id], of=identity)
        return Page(entries=tuple(entries), next_page_token=token)

    async def get_step(self, project_id: UUID, execution_id: UUID, step_id: str) -> Step:
        """Returns a step with its documents.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.reading(str(project_id)) as connection:
            step = await storage.select_step(connection, project_id, execution_id, step_id)
            if step is None:
                await require(connection, project_id, execution_id)
                raise NotFoundError(f"Execution {execution_id} has no step {step_id}.")
        return step

    async def list_history(
        self, project_id: UUID, execution_id: UUID, *, after_sequence: int, page_token: str, limit: int
    ) -> Page[HistoryRecord]:
        """Returns a page of what happened, in order.

        Raises:
            NotFoundError: There is no such execution.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "workflow history",
            "project": str(project_id),
            "execution": str(execution_id),
            "after": after_sequence,
        }
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            entries = await storage.select_history(
                connection,
                project_id,
                execution_id,
                after_sequence=int(str(position[0])) if position else after_sequence,
                limit=limit + 1,
            )
            if not entries:
                await require(connection, project_id, execution_id)
        return self._cursors.page(entries, limit=limit, of=identity, position=lambda entry: [entry.sequence])


async def require(connection: Connection, project_id: UUID, execution_id: UUID) -> Execution:
    """Returns an execution without its input and output.

    Raises:
        NotFoundError: There is none.
    """
    return found(await storage.select_light(connection, project_id, execution_id), execution_id)


def found(execution: Execution | None, execution_id: UUID) -> Execution:
    """Returns the execution that was looked for.

    Raises:
        NotFoundError: There is none.
    """
    if execution is None:
        raise NotFoundError(f"There is no execution {execution_id}.")
    return execution


def _identity(project_id: UUID, wanted: ExecutionFilter, order: ExecutionOrder) -> ListIdentity:
    return {
        "list": "workflow executions",
        "project": str(project_id),
        "workflows": wanted.workflow_ids,
        "statuses": wanted.statuses,
        "tags": wanted.tags,
        "attributes": wanted.attributes,
        "after": _microseconds(wanted.created_after),
        "before": _microseconds(wanted.created_before),
        "trigger": wanted.trigger,
        "parent": str(wanted.parent_id or ""),
        "version": wanted.workflow_version,
        "error": wanted.error_type,
        "waiting": wanted.waiting_for,
        "order": order.field,
        "descending": order.descending,
    }


def _position(execution: Execution, order: ExecutionOrder) -> list[Scalar]:
    if order.field == "priority":
        return [execution.priority, str(execution.id)]
    return [_microseconds(getattr(execution, order.column)), str(execution.id)]


def _after(position: list[Scalar], order: ExecutionOrder) -> tuple[object, UUID]:
    value, execution_id = position
    assert isinstance(value, int)
    if order.field == "priority":
        return value, UUID(str(execution_id))
    return _EPOCH + value * _MICROSECOND, UUID(str(execution_id))


def _microseconds(time: datetime | None) -> int | None:
    return None if time is None else (time - _EPOCH) // _MICROSECOND
