"""Changing executions from outside: one transaction under the lock of the row, and then the word of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import NotFoundError
from timeloom_workflows import events
from timeloom_workflows.control.transitions import Change
from timeloom_workflows.model import Execution, Stage
from timeloom_workflows.storage import controls as storage


class Engine(Protocol):
    """What is told of changes that are committed."""

    def poke(self, execution_id: UUID) -> None:
        """Something came for an execution: whoever drives it here looks, and so do those who watch it."""

    def room_grew(self) -> None:
        """Something is in the queue that was not."""

    def told_ended(self, execution: Execution) -> None:
        """An execution has ended without its driver."""


class LockedExecution:
    """An execution whose row is locked until the transaction ends.

    Attributes:
        connection: The transaction's.
        execution: As it stands in the transaction, without its input and output.
        now: The database's time when it was locked.
    """

    def __init__(self, connection: Connection, locked: storage.Locked, *, changed: list[Execution]) -> None:
        self.connection = connection
        self.execution = locked.execution
        self.now = locked.now
        self._changed = changed

    async def write(self, change: Change) -> Execution:
        """Writes how the execution is to be, tells of it, and returns it with its documents."""
        execution = await storage.write(self.connection, change.execution, change.entries, now=self.now)
        event = events.execution_changed(
            execution.id,
            workflow_id=execution.workflow_id,
            status=execution.status,
            history_length=execution.history_length,
            has_inbox=not execution.status.has_ended,
        )
        await outbox.enqueue(self.connection, str(execution.project_id), [event])
        self.execution = execution
        self._changed.append(execution)
        return execution

    async def counted(self, execution: Execution) -> Execution:
        """Returns the execution with the counts of its steps as they are now."""
        counts = await storage.count_steps(self.connection, execution.project_id, execution.id)
        return replace(
            execution,
            step_count=counts.steps,
            succeeded_step_count=counts.succeeded,
            failed_step_count=counts.failed,
        )

    async def lock(self, execution_id: UUID) -> LockedExecution:
        """Locks another execution of the project, too.

        Raises:
            NotFoundError: There is none.
        """
        return await _locked(self.connection, self.execution.project_id, execution_id, changed=self._changed)


class Changing:
    """Locks executions, and pokes whoever drives them when their change is committed."""

    def __init__(self, *, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine

    @asynccontextmanager
    async def locked(self, project_id: UUID, execution_id: UUID) -> AsyncGenerator[LockedExecution]:
        """A transaction that has locked an execution.

        Raises:
            NotFoundError: There is none.
        """
        changed: list[Execution] = []
        async with self._database.transaction(str(project_id)) as connection:
            yield await _locked(connection, project_id, execution_id, changed=changed)
        for each in changed:
            self._tell(each)

    def _tell(self, execution: Execution) -> None:
        self._engine.poke(execution.id)
        if execution.stage == Stage.QUEUED:
            self._engine.room_grew()
        elif execution.stage == Stage.ENDED:
            self._engine.told_ended(execution)


async def _locked(
    connection: Connection, project_id: UUID, execution_id: UUID, *, changed: list[Execution]
) -> LockedExecution:
    locked = await storage.lock(connection, project_id, execution_id)
    if locked is None:
        raise NotFoundError(f"There is no execution {execution_id}.")
    return LockedExecution(connection, locked, changed=changed)
