"""The snapshots service, as whoever records workflow executions there speaks with it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import grpc.aio
from msgspec import Struct

from timeloom.snapshots.v1 import (
    snapshots_pb2,
    snapshots_service_pb2,
    snapshots_service_pb2_grpc,
    time_travel_service_pb2,
    time_travel_service_pb2_grpc,
)
from timeloom.state import canonical
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_platform.errors import UnavailableError
from timeloom_workflows.model import Execution, Status
from timeloom_workflows.storage.rows import failure_of
from timeloom_workflows.travel.passage import Mark

SERVICES: Final = (
    snapshots_service_pb2.DESCRIPTOR.services_by_name["SnapshotsService"],
    time_travel_service_pb2.DESCRIPTOR.services_by_name["TimeTravelService"],
)
TIMEOUT_SECONDS: Final = 30.0
RETRIED: Final = "The workflow execution was retried."

_STATUSES: Final = {
    Status.SUCCEEDED: snapshots_pb2.EXECUTION_STATUS_SUCCEEDED,
    Status.FAILED: snapshots_pb2.EXECUTION_STATUS_FAILED,
    Status.CANCELLED: snapshots_pb2.EXECUTION_STATUS_CANCELLED,
}
_AWAY: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAUTHENTICATED,
    }
)
_OVERTAKEN: Final = frozenset({grpc.StatusCode.ABORTED, grpc.StatusCode.FAILED_PRECONDITION})

AnswerT = TypeVar("AnswerT")


class OvertakenError(Exception):
    """Somebody else recorded something for this execution meanwhile: look again where it stands."""


class Standing(Struct, frozen=True, kw_only=True):
    """How far an execution is recorded.

    Attributes:
        head: The snapshot that it stands on; zero if it has none.
        recorded: The entry of its history that this snapshot stands for; zero if it has no own one.
        has_ended: Nothing more is recorded unless it is reopened.
    """

    head: int = 0
    recorded: int = 0
    has_ended: bool = False


class Chronicle:
    """Reads and writes agent executions, each call in the name of its project."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._snapshots = snapshots_service_pb2_grpc.SnapshotsServiceStub(channel)
        self._travel = time_travel_service_pb2_grpc.TimeTravelServiceStub(channel)

    async def find(self, project_id: UUID, execution_id: UUID) -> Standing | None:
        """Returns how far an execution is recorded; None if nothing of it is."""
        try:
            request = snapshots_service_pb2.GetExecutionRequest(execution_id=str(execution_id))
            answer = await self._call(project_id, self._snapshots.GetExecution, request)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return await self._standing(project_id, answer.execution)

    async def create(self, execution: Execution, *, session_id: UUID) -> Standing:
        """Creates the agent execution of a workflow execution, with its id."""
        request = snapshots_service_pb2.CreateExecutionRequest(
            execution_id=str(execution.id),
            agent_id=execution.workflow_id,
            session_id=str(session_id),
            name=execution.workflow_id,
            input=execution.input or b"",
            tags=execution.tags,
            metadata=_metadata(execution),
        )
        answer = await self._call(execution.project_id, self._snapshots.CreateExecution, request)
        return Standing(head=answer.execution.head_sequence)

    async def fork(
        self, execution: Execution, *, original_id: UUID, sequence: int, session_id: UUID
    ) -> Standing:
        """Creates the agent execution of a fork, which shares the original's snapshots up to one of them."""
        request = time_travel_service_pb2.ForkExecutionRequest(
            execution_id=str(original_id),
            sequence=sequence,
            fork_execution_id=str(execution.id),
            name=execution.workflow_id,
            session_id=str(session_id),
            tags=execution.tags,
            metadata=_metadata(execution),
        )
        answer = await self._call(execution.project_id, self._travel.ForkExecution, request)
        return Standing(head=answer.execution.head_sequence)

    async def sequence_of(self, project_id: UUID, execution_id: UUID, entry: int) -> int | None:
        """Returns the snapshot that stands for an entry of an execution's history; None if there is none."""
        request = snapshots_service_pb2.GetSnapshotRequest(
            execution_id=str(execution_id), key=key_of(execution_id, entry), path="/status"
        )
        try:
            answer = await self._call(project_id, self._snapshots.GetSnapshot, request)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return int(answer.snapshot.sequence)

    async def state(self, project_id: UUID, execution_id: UUID, sequence: int) -> Any:
        """Returns the state of a snapshot."""
        request = snapshots_service_pb2.GetSnapshotRequest(execution_id=str(execution_id), sequence=sequence)
        answer = await self._call(project_id, self._snapshots.GetSnapshot, request)
        return canonical.decode_trusted(answer.snapshot.state)

    async def record(self, execution: Execution, standing: Standing, marks: Sequence[Mark]) -> Standing:
        """Records snapshots on the one that the execution stands on, all of them or none.

        Raises:
            OvertakenError: It stands on another one by now, or has ended.
        """
        request = snapshots_service_pb2.BatchRecordSnapshotsRequest(
            execution_id=str(execution.id), snapshots=[_snapshot(execution, mark) for mark in marks]
        )
        request.snapshots[0].parent_sequence = standing.head
        answer = await self._call(execution.project_id, self._snapshots.BatchRecordSnapshots, request)
        return Standing(head=answer.snapshots[-1].sequence, recorded=marks[-1].entry.sequence)

    async def complete(self, execution: Execution, standing: Standing) -> Standing:
        """Ends the agent execution of a workflow execution that has ended."""
        request = snapshots_service_pb2.CompleteExecutionRequest(
            execution_id=str(execution.id),
            status=_STATUSES[execution.status],
            output=execution.output or b"",
        )
        failure = failure_of(execution.error)
        if failure is not None and execution.status is Status.FAILED:
            request.error.type = failure.type
            request.error.message = failure.message
            request.error.stack = failure.stack
        await self._call(execution.project_id, self._snapshots.CompleteExecution, request)
        return Standing(head=standing.head, recorded=standing.recorded, has_ended=True)

    async def reopen(self, execution: Execution, standing: Standing) -> Standing:
        """Lets an agent execution that has ended run again from where it stands."""
        request = time_travel_service_pb2.RollbackExecutionRequest(
            execution_id=str(execution.id),
            sequence=standing.head,
            expected_head_sequence=standing.head,
            reason=RETRIED,
            reopen=True,
        )
        await self._call(execution.project_id, self._travel.RollbackExecution, request)
        return Standing(head=standing.head, recorded=standing.recorded)

    async def _standing(self, project_id: UUID, found: snapshots_pb2.Execution) -> Standing:
        has_ended = found.status != snapshots_pb2.EXECUTION_STATUS_RUNNING
        if not found.head_sequence:
            return Standing(has_ended=has_ended)
        request = snapshots_service_pb2.GetSnapshotRequest(
            execution_id=found.id, sequence=found.head_sequence, path="/status"
        )
        answer = await self._call(project_id, self._snapshots.GetSnapshot, request)
        recorded = _entry_of(answer.snapshot.key, found.id)
        return Standing(head=found.head_sequence, recorded=recorded, has_ended=has_ended)

    async def _call(self, project_id: UUID, method: Any, request: Any) -> Any:
        identity = Identity(project_id=str(project_id), scope=Scope.WRITE)
        with acting_as(identity):
            return await _answered(method(request, timeout=TIMEOUT_SECONDS))


async def _answered(call: Awaitable[AnswerT]) -> AnswerT:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        if error.code() in _AWAY:
            raise UnavailableError("The snapshots service cannot be reached.") from error
        if error.code() in _OVERTAKEN:
            raise OvertakenError from error
        raise


def key_of(execution_id: UUID, entry: int) -> str:
    """Returns the key of the snapshot that stands for an entry of a history. A fork's are its own."""
    return f"{execution_id}:{entry}"


def _entry_of(key: str, execution_id: str) -> int:
    own, _, entry = key.partition(":")
    return int(entry) if own == execution_id and entry.isdigit() else 0


def _metadata(execution: Execution) -> bytes:
    return canonical.encode(
        {
            "workflowId": execution.workflow_id,
            "workflowVersion": execution.workflow_version,
            "trigger": execution.trigger.name,
        }
    )


def _snapshot(execution: Execution, mark: Mark) -> snapshots_service_pb2.RecordSnapshotRequest:
    request = snapshots_service_pb2.RecordSnapshotRequest(
        kind=snapshots_pb2.SnapshotKind.ValueType(mark.kind),
        step_name=mark.step_name,
        label=mark.label,
        key=key_of(execution.id, mark.entry.sequence),
    )
    if mark.is_whole:
        request.state = mark.document
    else:
        request.delta = mark.document
    request.create_time.FromDatetime(mark.entry.time)
    return request
