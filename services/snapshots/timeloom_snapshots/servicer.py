"""The SnapshotsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from itertools import repeat
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import snapshots_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import InvalidFieldError, TimeloomError
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_platform.times import optional_time
from timeloom_snapshots import answers, limits, requests, work
from timeloom_snapshots.executions import Executions
from timeloom_snapshots.history import History
from timeloom_snapshots.model import Execution, ExecutionStatus, Record, Snapshot
from timeloom_snapshots.recording import Recording, StreamAnswer, StreamMessage, StreamPart
from timeloom_snapshots.storage.executions import ExecutionOrder
from timeloom_snapshots.storage.snapshots import SnapshotFilter

_Context = grpc.aio.ServicerContext[Any, Any]


class SnapshotsServicer(services.SnapshotsServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(
        self, *, executions: Executions, recording: Recording, history: History, clock: Callable[[], datetime]
    ) -> None:
        self._executions = executions
        self._recording = recording
        self._history = history
        self._clock = clock

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_SnapshotsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["SnapshotsService"],
        )

    # -- Executions ---------------------------------------------------------------

    async def CreateExecution(
        self, request: messages.CreateExecutionRequest, context: _Context
    ) -> messages.CreateExecutionResponse:
        execution = await work.on(
            request.ByteSize(), requests.new_execution_of, request, execution_id=uuid7(), now=self._clock()
        )
        created = await self._executions.create(
            _project_id(), execution, create_time=optional_time(request, "create_time", "createTime")
        )
        return messages.CreateExecutionResponse(execution=answers.execution_message(created))

    async def GetExecution(
        self, request: messages.GetExecutionRequest, context: _Context
    ) -> messages.GetExecutionResponse:
        execution = await self._executions.get(_project_id(), UUID(request.execution_id))
        return messages.GetExecutionResponse(execution=answers.execution_message(execution))

    async def ListExecutions(
        self, request: messages.ListExecutionsRequest, context: _Context
    ) -> messages.ListExecutionsResponse:
        page = await self._executions.list_page(
            _project_id(),
            wanted=requests.execution_filter_of(request),
            order=ExecutionOrder.parse(request.order_by),
            page_token=request.page_token,
            limit=page_size(request.page_size),
            with_documents=not request.without_documents,
        )
        write = partial(answers.execution_message, with_documents=not request.without_documents)
        return messages.ListExecutionsResponse(
            executions=map(write, page.entries), next_page_token=page.next_page_token
        )

    async def CountExecutions(
        self, request: messages.CountExecutionsRequest, context: _Context
    ) -> messages.CountExecutionsResponse:
        counts = await self._executions.count(
            _project_id(),
            requests.execution_filter_of(request),
            value_limit=request.value_limit or limits.FACET_VALUES,
        )
        return answers.counts_message(counts)

    async def UpdateExecution(
        self, request: messages.UpdateExecutionRequest, context: _Context
    ) -> messages.UpdateExecutionResponse:
        execution = await self._executions.update(
            _project_id(),
            UUID(request.execution_id),
            requests.execution_changes_of(request),
            etag=request.etag,
        )
        return messages.UpdateExecutionResponse(execution=answers.execution_message(execution))

    async def DeleteExecution(
        self, request: messages.DeleteExecutionRequest, context: _Context
    ) -> messages.DeleteExecutionResponse:
        await self._executions.delete(_project_id(), UUID(request.execution_id), etag=request.etag)
        return messages.DeleteExecutionResponse()

    async def CompleteExecution(
        self, request: messages.CompleteExecutionRequest, context: _Context
    ) -> messages.CompleteExecutionResponse:
        execution = await self._executions.complete(
            _project_id(),
            UUID(request.execution_id),
            status=ExecutionStatus(request.status),
            output=requests.document_of(request.output, "output", limits.DOCUMENT_BYTES_MAX),
            error=requests.execution_error_of(request.error) if request.HasField("error") else None,
            end_time=optional_time(request, "end_time", "endTime"),
        )
        return messages.CompleteExecutionResponse(execution=answers.execution_message(execution))

    # -- Recording ----------------------------------------------------------------

    async def RecordSnapshot(
        self, request: messages.RecordSnapshotRequest, context: _Context
    ) -> messages.RecordSnapshotResponse:
        record = await work.on(requests.size_of(request), requests.record_of, request, now=self._clock())
        (snapshot,) = await self._recording.record(_project_id(), UUID(request.execution_id), [record])
        return messages.RecordSnapshotResponse(snapshot=answers.snapshot_message(snapshot))

    async def BatchRecordSnapshots(
        self, request: messages.BatchRecordSnapshotsRequest, context: _Context
    ) -> messages.BatchRecordSnapshotsResponse:
        records = await work.on(sum(map(requests.size_of, request.snapshots)), self._batched, request)
        recorded = await self._recording.record(_project_id(), UUID(request.execution_id), records)
        return messages.BatchRecordSnapshotsResponse(snapshots=map(answers.snapshot_message, recorded))

    async def StreamSnapshots(
        self, request_iterator: AsyncIterator[messages.StreamSnapshotsRequest], context: _Context
    ) -> AsyncGenerator[messages.StreamSnapshotsResponse]:
        stream = self._recording.record_stream(_project_id(), self._stream_messages(request_iterator))
        async with aclosing(stream):
            async for answer in stream:
                yield _stream_response(answer)

    async def RecordEffects(
        self, request: messages.RecordEffectsRequest, context: _Context
    ) -> messages.RecordEffectsResponse:
        new = await work.on(request.ByteSize(), requests.effects_of, request.effects, now=self._clock())
        effects = await self._recording.record_effects(
            _project_id(), UUID(request.execution_id), request.sequence, new, replace_known=request.replace
        )
        return messages.RecordEffectsResponse(effects=map(answers.effect_message, effects))

    # -- Looking back -------------------------------------------------------------

    async def ListSnapshots(
        self, request: messages.ListSnapshotsRequest, context: _Context
    ) -> messages.ListSnapshotsResponse:
        wanted = SnapshotFilter(
            after_sequence=request.after_sequence,
            before_sequence=request.before_sequence,
            kinds=tuple(request.kinds),
            tag=request.tag,
            descending=request.descending,
            with_effects=request.include_effects,
        )
        execution_id = UUID(request.execution_id)
        entries, next_page_token = await self._history.list_snapshots(
            _project_id(),
            execution_id,
            wanted=wanted,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return answers.snapshots_page(execution_id, entries, next_page_token)

    async def GetSnapshot(
        self, request: messages.GetSnapshotRequest, context: _Context
    ) -> messages.GetSnapshotResponse:
        if request.key and request.sequence:
            raise InvalidFieldError.of("key", "must be empty where a sequence is given")
        view = await self._history.get(
            _project_id(), UUID(request.execution_id), request.key or request.sequence, path=request.path
        )
        message = answers.snapshot_message(view.snapshot, state=view.state, effects=view.effects)
        return messages.GetSnapshotResponse(snapshot=message)

    async def DiffSnapshots(
        self, request: messages.DiffSnapshotsRequest, context: _Context
    ) -> messages.DiffSnapshotsResponse:
        comparison = await self._history.compare(
            _project_id(),
            from_execution_id=UUID(request.execution_id),
            from_sequence=request.from_sequence,
            to_execution_id=UUID(request.to_execution_id or request.execution_id),
            to_sequence=request.to_sequence,
            path=request.path,
        )
        return answers.comparison_message(comparison)

    async def TailSnapshots(
        self, request: messages.TailSnapshotsRequest, context: _Context
    ) -> AsyncGenerator[messages.TailSnapshotsResponse]:
        tail = self._history.tail(
            _project_id(), UUID(request.execution_id), after_sequence=request.after_sequence
        )
        async with aclosing(tail):
            async for each in tail:
                if isinstance(each, Execution):
                    yield messages.TailSnapshotsResponse(execution=answers.execution_message(each))
                else:
                    yield messages.TailSnapshotsResponse(snapshot=answers.snapshot_message(each))

    def _batched(self, request: messages.BatchRecordSnapshotsRequest) -> list[Record]:
        now, records = self._clock(), list[Record]()
        for index, snapshot in enumerate(request.snapshots):
            prefix = f"snapshots[{index}]."
            if snapshot.execution_id and UUID(snapshot.execution_id) != UUID(request.execution_id):
                raise InvalidFieldError.of(f"{prefix}executionId", "must be the batch's, or empty")
            records.append(requests.record_of(snapshot, now=now, prefix=prefix))
        return records

    async def _stream_messages(
        self, request_iterator: AsyncIterator[messages.StreamSnapshotsRequest]
    ) -> AsyncIterator[StreamMessage]:
        async for request in request_iterator:
            size_bytes = sum(map(requests.size_of, request.snapshots))
            yield await work.on(size_bytes, self._stream_message, request)

    def _stream_message(self, request: messages.StreamSnapshotsRequest) -> StreamMessage:
        places: dict[str, list[int]] = {}
        for place, snapshot in enumerate(request.snapshots):
            places.setdefault(snapshot.execution_id, []).append(place)
        parts = [self._stream_part(request, execution_id, each) for execution_id, each in places.items()]
        return StreamMessage(request_id=request.request_id, parts=parts)

    def _stream_part(
        self, request: messages.StreamSnapshotsRequest, execution_id: str, places: Sequence[int]
    ) -> StreamPart:
        now = self._clock()
        records: list[Record] | TimeloomError
        try:
            records = [
                requests.record_of(request.snapshots[place], now=now, prefix=f"snapshots[{place}].")
                for place in places
            ]
        except TimeloomError as error:
            records = error
        return StreamPart(execution_id=UUID(execution_id), places=places, records=records)


def _project_id() -> UUID:
    return UUID(current_identity().project_id)


def _stream_response(answer: StreamAnswer) -> messages.StreamSnapshotsResponse:
    outcomes: dict[int, Snapshot | Exception] = {}
    for part, outcome in zip(answer.message.parts, answer.outcomes, strict=True):
        each = repeat(outcome, len(part.places)) if isinstance(outcome, Exception) else outcome
        outcomes.update(zip(part.places, each, strict=True))
    response = messages.StreamSnapshotsResponse(request_id=answer.message.request_id)
    for place in range(len(outcomes)):
        answers.write_ack(response.acks.add(), outcomes[place])
    return response
