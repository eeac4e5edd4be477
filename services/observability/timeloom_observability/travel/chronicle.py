"""The snapshots service, as whoever records traces there speaks with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import grpc.aio

from timeloom.snapshots.v1 import (
    snapshots_pb2,
    snapshots_service_pb2,
    snapshots_service_pb2_grpc,
    time_travel_service_pb2,
    time_travel_service_pb2_grpc,
)
from timeloom.state import canonical
from timeloom_observability.model import Event, EventStatus
from timeloom_observability.travel.model import Told
from timeloom_observability.travel.steps import Recorded, Step, canonical_document
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_platform.errors import UnavailableError
from timeloom_platform.times import time_of, write_time

SERVICES: Final = (
    snapshots_service_pb2.DESCRIPTOR.services_by_name["SnapshotsService"],
    time_travel_service_pb2.DESCRIPTOR.services_by_name["TimeTravelService"],
)
TIMEOUT_SECONDS: Final = 30.0
PAGE: Final = 1_000
"""Snapshots that are listed at once."""

TAGS_MAX: Final = 100
AGENT_ID_LENGTH_MAX: Final = 200
NAMELESS_AGENT: Final = "unnamed"
LATE: Final = "Spans of the trace arrived late."

_AWAY: Final = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAUTHENTICATED}
)


class Chronicle:
    """Reads and writes executions, each call in the name of a trace's project."""

    def __init__(self, channel: grpc.aio.Channel, project_id: UUID, execution_id: UUID) -> None:
        self._snapshots: Any = snapshots_service_pb2_grpc.SnapshotsServiceStub(channel)
        self._travel: Any = time_travel_service_pb2_grpc.TimeTravelServiceStub(channel)
        self._identity = Identity(project_id=str(project_id), scope=Scope.WRITE)
        self._id = str(execution_id)

    async def open(self, told: Told, root: Event) -> snapshots_pb2.Execution:
        """Returns the execution of a trace, which is created if it is not there."""
        agent_id = told.agent_id or told.name.strip()[:AGENT_ID_LENGTH_MAX] or NAMELESS_AGENT
        request = snapshots_service_pb2.CreateExecutionRequest(
            execution_id=self._id,
            agent_id=agent_id,
            session_id=told.session_id,
            name=told.name,
            input=canonical_document(root.input),
            tags=[tag for tag in told.tags if tag][:TAGS_MAX],
            metadata=canonical.encode(
                {"traceId": told.id, "serviceNames": list(told.service_names), "models": list(told.models)}
            ),
            trace_id=told.id,
        )
        write_time(request.create_time, root.start_time)
        answer = await self._call(self._snapshots.CreateExecution, request)
        execution: snapshots_pb2.Execution = answer.execution
        return execution

    async def recorded(self) -> list[Recorded]:
        """Returns all snapshots of the execution, which are bounded as states of traces are."""
        found: list[Recorded] = []
        request = snapshots_service_pb2.ListSnapshotsRequest(execution_id=self._id, page_size=PAGE)
        while True:
            answer = await self._call(self._snapshots.ListSnapshots, request)
            found += [
                Recorded(
                    sequence=each.sequence,
                    parent=each.parent_sequence,
                    key=each.key,
                    state_hash=each.state_hash,
                )
                for each in answer.snapshots
            ]
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token

    async def record(self, steps: Sequence[tuple[str, Step]], *, parent: int, is_branch: bool) -> int:
        """Records steps with their keys on a snapshot, all of them or none; returns the last one's sequence.

        Args:
            steps: With their keys.
            parent: What the first of them stands on; zero for the state before all.
            is_branch: The execution stands on another one, and is to leave that.
        """
        request = snapshots_service_pb2.BatchRecordSnapshotsRequest(execution_id=self._id)
        for key, step in steps:
            snapshot = request.snapshots.add(
                kind=snapshots_pb2.SnapshotKind.ValueType(step.kind),
                step_name=step.step_name,
                key=key,
                metadata=step.metadata,
                delta=step.delta,
            )
            write_time(snapshot.create_time, step.end_time)
        request.snapshots[0].parent_sequence = parent
        request.snapshots[0].branch = is_branch
        answer = await self._call(self._snapshots.BatchRecordSnapshots, request)
        sequence: int = answer.snapshots[-1].sequence
        return sequence

    async def reopen(self, *, sequence: int, head: int) -> None:
        """Lets the execution, which stands on `head`, run again from a snapshot."""
        request = time_travel_service_pb2.RollbackExecutionRequest(
            execution_id=self._id,
            sequence=sequence,
            expected_head_sequence=head,
            reason=LATE,
            reopen=True,
        )
        await self._call(self._travel.RollbackExecution, request)

    async def complete(self, root: Event, execution: snapshots_pb2.Execution) -> None:
        """Ends the execution as and when the trace's root ended."""
        is_failed = root.status is EventStatus.ERROR
        request = snapshots_service_pb2.CompleteExecutionRequest(
            execution_id=self._id,
            status=snapshots_pb2.EXECUTION_STATUS_FAILED
            if is_failed
            else snapshots_pb2.EXECUTION_STATUS_SUCCEEDED,
            output=canonical_document(root.output),
        )
        # Nothing ends before it begins, whatever clocks say.
        write_time(request.end_time, max(root.end_time, time_of(execution.create_time, "createTime")))
        if is_failed:
            request.error.type = root.error_type
            request.error.message = root.message
        await self._call(self._snapshots.CompleteExecution, request)

    async def _call(self, method: Any, request: Any) -> Any:
        with acting_as(self._identity):
            try:
                return await method(request, timeout=TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() in _AWAY:
                    raise UnavailableError("The snapshots service cannot be reached.") from error
                raise
