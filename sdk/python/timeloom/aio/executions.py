"""Executions: create, read, list, change, end and delete them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from timeloom import _convert as convert
from timeloom import _travel_convert as travel_convert
from timeloom._ids import uuid7
from timeloom._pages import AsyncPager
from timeloom.aio.inquiries import AsyncInquiries
from timeloom.aio.transfers import AsyncTransfers
from timeloom.resources import Execution, ExecutionFailure, ExecutionStatus
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb
from timeloom.snapshots.v1 import time_travel_service_pb2 as travel_pb
from timeloom.time_travel import Pruning, RetentionPolicy, Rollback

PRUNE_TIMEOUT_SECONDS: Final = 120.0


class AsyncExecutions(AsyncInquiries, AsyncTransfers):
    """The project's executions, each one run of an agent.

    One class for those who use it, in three files for those who read it.
    """

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
        create_time: datetime | None = None,
    ) -> Execution:
        """Create an execution. With an `execution_id` (a UUID) the same call may be repeated.

        Args:
            agent_id: Which agent runs.
            name: For people.
            session_id: The conversation that the run belongs to.
            input: What the agent is given; anything that JSON can say.
            tags: To find it by.
            metadata: Anything to keep with it that JSON can say.
            trace_id: The OpenTelemetry trace of the run, as 32 hex digits.
            execution_id: Its identifier; a new one if empty.
            create_time: When the agent began, for what is recorded afterwards; now if None.

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
            create_time=convert.timestamp(create_time),
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
        end_time: datetime | None = None,
    ) -> Execution:
        """End an execution, which then takes no more snapshots. The same call may be repeated.

        Args:
            execution_id: Its identifier.
            status: How it ended.
            output: What the agent answered; anything that JSON can say.
            error: Why it failed.
            end_time: When the agent ended, not before it began; now if None.

        Raises:
            ExecutionEndedError: It has ended already, in another way.
        """
        request = pb.CompleteExecutionRequest(
            execution_id=execution_id,
            status=convert.enum_number(status),
            output=convert.optional_document(output, of="output"),
            error=None if error is None else convert.failure_message(error),
            end_time=convert.timestamp(end_time),
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

    # -- Time travel ----------------------------------------------------------------

    async def fork(
        self,
        execution_id: str,
        sequence: int = 0,
        *,
        patch: Iterable[Any] | None = None,
        name: str = "",
        session_id: str | None = None,
        tags: Iterable[str] = (),
        metadata: Any = None,
        fork_execution_id: str = "",
    ) -> Execution:
        """Begin a new execution that shares the snapshots up to one of this execution, and runs from there.

        `client.resume(fork.id)` records how it goes on.

        Args:
            execution_id: The execution.
            sequence: The last shared snapshot; the head if zero.
            patch: A JSON Patch (RFC 6902) on the state: the fork's first own snapshot has the patched state.
            name: For people; the name of the execution if empty.
            session_id: The conversation that the fork belongs to; the execution's if None.
            tags: Any number of words to find it by.
            metadata: Any JSON value to keep with it; the execution's if None.
            fork_execution_id: A UUID of your own for the fork.

        Raises:
            NotFoundError: There is no such execution or snapshot.
            PatchMismatchError: The patch does not apply to the state.
        """
        request = travel_pb.ForkExecutionRequest(
            execution_id=execution_id,
            sequence=sequence,
            fork_execution_id=fork_execution_id or uuid7(),
            name=name,
            session_id=session_id,
            tags=tags,
            metadata=convert.optional_document(metadata, of="metadata"),
            patch=b"" if patch is None else convert.document(list(patch), of="patch"),
        )
        response = await self._connection.unary(self._connection.time_travel.ForkExecution, request)
        return convert.execution(response.execution)

    async def rollback(
        self,
        execution_id: str,
        sequence: int,
        *,
        expected_head_sequence: int = 0,
        reason: str = "",
        reopen: bool = False,
    ) -> Rollback:
        """Move the head to an earlier snapshot, or to any other. Nothing is deleted.

        Args:
            execution_id: The execution.
            sequence: The snapshot that it is to stand on.
            expected_head_sequence: The snapshot that you believe it stands on; what it stands on now if zero.
            reason: Why, for those who look at it later.
            reopen: Let an execution that has ended run again.

        Raises:
            StaleHeadError: It stands on another snapshot.
            ExecutionEndedError: It has ended, and is not to be reopened.
        """
        expected = expected_head_sequence or (await self.get(execution_id)).head_sequence
        request = travel_pb.RollbackExecutionRequest(
            execution_id=execution_id,
            sequence=sequence,
            expected_head_sequence=expected,
            reason=reason,
            reopen=reopen,
        )
        response = await self._connection.unary(self._connection.time_travel.RollbackExecution, request)
        return travel_convert.rollback(response)

    async def modify_tags(
        self, execution_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Execution:
        """Add tags and take tags away; the others stay."""
        request = travel_pb.ModifyTagsRequest(execution_id=execution_id, add=add, remove=remove)
        response = await self._connection.unary(self._connection.time_travel.ModifyTags, request)
        return convert.execution(response.execution)

    async def prune(
        self,
        policy: RetentionPolicy | None = None,
        *,
        execution_ids: Iterable[str] = (),
        agent_id: str = "",
        session_id: str = "",
        dry_run: bool = False,
    ) -> Pruning:
        """Delete the snapshots that a policy does not keep, or tell which these are.

        Args:
            policy: What to keep; the project's own policy if None.
            execution_ids: Only these executions.
            agent_id: Only this agent's.
            session_id: Only this conversation's.
            dry_run: Only tell what would go.
        """
        request = travel_pb.PruneExecutionsRequest(
            policy=None if policy is None else travel_convert.policy_message(policy),
            execution_ids=execution_ids,
            agent_id=agent_id,
            session_id=session_id,
            dry_run=dry_run,
        )
        method = self._connection.time_travel.PruneExecutions
        timeout = max(PRUNE_TIMEOUT_SECONDS, self._connection.timeout_seconds)
        return travel_convert.pruning(await self._connection.unary(method, request, timeout_seconds=timeout))
