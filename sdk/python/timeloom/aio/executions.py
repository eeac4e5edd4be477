"""Executions: create, read, list, change, end and delete them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from timeloom import _convert as convert
from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._pages import AsyncPager
from timeloom.resources import Execution, ExecutionFailure, ExecutionStatus
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom.snapshots.v1 import time_travel_service_pb2 as time_travel_pb


class AsyncExecutions:
    """The project's executions, each one run of an agent."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        *,
        agent_id: str,
        name: str = "",
        session_id: str = "",
        input: Any = None,  # noqa: A002 - the word that the API uses
        tags: Iterable[str] = (),
        metadata: Any = None,
        trace_id: str = "",
        execution_id: str = "",
    ) -> Execution:
        """Create an execution. With an `execution_id` (a UUID) the same call may be repeated.

        Raises:
            AlreadyExistsError: The identifier belongs to an execution with other content.
        """
        request = pb.CreateExecutionRequest(
            execution_id=execution_id or uuid7(),
            agent_id=agent_id,
            session_id=session_id,
            name=name,
            input=convert.optional_document(input, of="input"),
            tags=tags,
            metadata=convert.optional_document(metadata, of="metadata"),
            trace_id=trace_id,
        )
        response = await self._connection.unary(self._connection.snapshots.CreateExecution, request)
        return convert.execution(response.execution)

    async def get(self, execution_id: str) -> Execution:
        """Return an execution.

        Raises:
            NotFoundError: The project has none of this identifier.
        """
        request = pb.GetExecutionRequest(execution_id=execution_id)
        response = await self._connection.unary(self._connection.snapshots.GetExecution, request)
        return convert.execution(response.execution)

    def list(
        self,
        *,
        agent_id: str = "",
        session_id: str = "",
        statuses: Iterable[ExecutionStatus] = (),
        tags: Iterable[str] = (),
        name_contains: str = "",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncPager[Execution]:
        """List executions that meet every condition, newest first unless ordered otherwise.

        Args:
            agent_id: Only this agent's.
            session_id: Only this conversation's.
            statuses: Only those in one of these statuses.
            tags: Only those that have all of these tags.
            name_contains: Only those whose name contains this text, whatever the case.
            created_after: Only those created at or after this time.
            created_before: Only those created before this time.
            order_by: `create_time`, `update_time` or `name`, and ` desc` for the opposite order.
            limit: Stop after this many; None for all.
            page_size: How many a call fetches.
        """
        request = pb.ListExecutionsRequest(
            agent_id=agent_id,
            session_id=session_id,
            statuses=[convert.enum_number(status) for status in statuses],
            tags=tags,
            name_contains=name_contains,
            created_after=convert.timestamp(created_after),
            created_before=convert.timestamp(created_before),
            order_by=order_by,
        )

        async def fetch(size: int, token: str) -> tuple[list[Execution], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.snapshots.ListExecutions, request)
            return [convert.execution(one) for one in response.executions], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def update(
        self,
        execution_id: str,
        *,
        name: str | None = None,
        session_id: str | None = None,
        tags: Iterable[str] | None = None,
        metadata: Any = None,
        trace_id: str | None = None,
        etag: str = "",
    ) -> Execution:
        """Change an execution; what is None stays as it is.

        Raises:
            EtagMismatchError: The execution changed since the etag was read.
        """
        request = pb.UpdateExecutionRequest(
            execution_id=execution_id,
            name=name,
            session_id=session_id,
            tags=None if tags is None else pb.TagList(values=tags),
            metadata=convert.optional_document(metadata, of="metadata"),
            trace_id=trace_id,
            etag=etag,
        )
        response = await self._connection.unary(self._connection.snapshots.UpdateExecution, request)
        return convert.execution(response.execution)

    async def complete(
        self,
        execution_id: str,
        *,
        status: ExecutionStatus = ExecutionStatus.SUCCEEDED,
        output: Any = None,
        error: ExecutionFailure | None = None,
    ) -> Execution:
        """End an execution, which then takes no more snapshots. The same call may be repeated.

        Raises:
            ExecutionEndedError: It has ended already, in another way.
        """
        request = pb.CompleteExecutionRequest(
            execution_id=execution_id,
            status=convert.enum_number(status),
            output=convert.optional_document(output, of="output"),
            error=None if error is None else convert.failure_message(error),
        )
        response = await self._connection.unary(self._connection.snapshots.CompleteExecution, request)
        return convert.execution(response.execution)

    async def delete(self, execution_id: str, *, etag: str = "") -> None:
        """Delete an execution with all its snapshots.

        Raises:
            NotFoundError: The project has none of this identifier.
            EtagMismatchError: The execution changed since the etag was read.
        """
        request = pb.DeleteExecutionRequest(execution_id=execution_id, etag=etag)
        await self._connection.unary(self._connection.snapshots.DeleteExecution, request)

    async def fork(
        self,
        execution_id: str,
        sequence: int = 0,
        *,
        fork_execution_id: str = "",
        name: str = "",
        session_id: str | None = None,
        tags: Iterable[str] = (),
        metadata: Any = None,
        patch: Any = None,
    ) -> Execution:
        """Begin an execution that shares the snapshots up to one of another's, and goes on from there.

        Args:
            execution_id: The other execution; it may have ended.
            sequence: The last shared snapshot; the head if zero.
            fork_execution_id: A UUID for the fork, so that the same call may be repeated.
            name: For people; the other's name if empty.
            session_id: The conversation that the fork belongs to; the other's if None.
            tags: Any number of words to find it by.
            metadata: Any JSON value to keep with it; the other's if None.
            patch: A JSON Patch (RFC 6902) on the state, which is the fork's first own snapshot then.

        Raises:
            NotFoundError: There is no such snapshot.
            AlreadyExistsError: The identifier belongs to another execution.
        """
        request = time_travel_pb.ForkExecutionRequest(
            execution_id=execution_id,
            sequence=sequence,
            fork_execution_id=fork_execution_id or uuid7(),
            name=name,
            session_id=session_id,
            tags=tags,
            metadata=convert.optional_document(metadata, of="metadata"),
            patch=convert.optional_document(patch, of="patch"),
        )
        response = await self._connection.unary(self._connection.time_travel.ForkExecution, request)
        return convert.execution(response.execution)

    async def rollback(
        self,
        execution_id: str,
        sequence: int,
        *,
        expected_head_sequence: int,
        reason: str = "",
        reopen: bool = False,
    ) -> Execution:
        """Move the head to another snapshot. Nothing is deleted.

        Args:
            execution_id: The execution.
            sequence: The snapshot that it is to stand on.
            expected_head_sequence: The snapshot that it stands on by what the caller knows.
            reason: Why, for those who look at it later.
            reopen: Let an execution that has ended run again.

        Raises:
            StaleHeadError: It stands elsewhere by now.
            ExecutionEndedError: It has ended, and is not to be reopened.
        """
        request = time_travel_pb.RollbackExecutionRequest(
            execution_id=execution_id,
            sequence=sequence,
            expected_head_sequence=expected_head_sequence,
            reason=reason,
            reopen=reopen,
        )
        response = await self._connection.unary(self._connection.time_travel.RollbackExecution, request)
        return convert.execution(response.execution)
