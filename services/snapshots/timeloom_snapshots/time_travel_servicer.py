"""The TimeTravelService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom.snapshots.v1 import time_travel_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_snapshots import (
    answers,
    playback_answers,
    playback_requests,
    reading_answers,
    reading_requests,
    travel_answers,
    travel_requests,
    work,
)
from timeloom_snapshots.executions import Executions
from timeloom_snapshots.forks import Forks
from timeloom_snapshots.keeping_answers import kept_policy_message, pruned_message
from timeloom_snapshots.keeping_requests import policy_of, scope_of
from timeloom_snapshots.marks import Marks
from timeloom_snapshots.playing import Playing
from timeloom_snapshots.pruning import Pruning
from timeloom_snapshots.questions import Questions
from timeloom_snapshots.requests import tags_of
from timeloom_snapshots.retention import Retention
from timeloom_snapshots.rollbacks import Rollbacks
from timeloom_snapshots.transfer.exporter import Exporter
from timeloom_snapshots.transfer.importer import Importer
from timeloom_snapshots.verification import Verifications

_Context = grpc.aio.ServicerContext[Any, Any]


class TimeTravelServicer(services.TimeTravelServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(
        self,
        *,
        executions: Executions,
        exporter: Exporter,
        forks: Forks,
        importer: Importer,
        marks: Marks,
        playing: Playing,
        pruning: Pruning,
        questions: Questions,
        retention: Retention,
        rollbacks: Rollbacks,
        verifications: Verifications,
    ) -> None:
        self._executions = executions
        self._exporter = exporter
        self._forks = forks
        self._importer = importer
        self._marks = marks
        self._playing = playing
        self._pruning = pruning
        self._questions = questions
        self._retention = retention
        self._rollbacks = rollbacks
        self._verifications = verifications

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_TimeTravelServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["TimeTravelService"],
        )

    async def PlayExecution(
        self, request: messages.PlayExecutionRequest, context: _Context
    ) -> AsyncGenerator[messages.PlayExecutionResponse]:
        playback = self._playing.play(
            _project_id(),
            playback_requests.showing_of(request, request.execution_id),
            playback_requests.range_of(request),
        )
        async with aclosing(playback):
            async for event in playback:
                yield playback_answers.play_response(event)

    async def ControlPlayback(
        self, request_iterator: AsyncIterator[messages.ControlPlaybackRequest], context: _Context
    ) -> AsyncGenerator[messages.ControlPlaybackResponse]:
        commands = playback_requests.commands_of(request_iterator)
        playback = self._playing.control(_project_id(), commands)
        async with aclosing(playback):
            async for request_id, event in playback:
                yield playback_answers.control_response(request_id, event)

    async def ForkExecution(
        self, request: messages.ForkExecutionRequest, context: _Context
    ) -> messages.ForkExecutionResponse:
        wanted = await work.on(request.ByteSize(), travel_requests.fork_of, request, fork_id=uuid7())
        execution = await self._forks.fork(_project_id(), wanted)
        return messages.ForkExecutionResponse(execution=answers.execution_message(execution))

    async def RollbackExecution(
        self, request: messages.RollbackExecutionRequest, context: _Context
    ) -> messages.RollbackExecutionResponse:
        rolled_back = await self._rollbacks.roll_back(_project_id(), travel_requests.rollback_of(request))
        return travel_answers.rolled_back_message(rolled_back)

    async def GetValueHistory(
        self, request: messages.GetValueHistoryRequest, context: _Context
    ) -> messages.GetValueHistoryResponse:
        page = await self._questions.value_history.list_changes(
            _project_id(),
            UUID(request.execution_id),
            path=request.path,
            sequence=request.sequence,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return reading_answers.value_history_message(page)

    async def BisectExecution(
        self, request: messages.BisectExecutionRequest, context: _Context
    ) -> messages.BisectExecutionResponse:
        finding = await self._questions.bisecting.bisect(_project_id(), reading_requests.question_of(request))
        return reading_answers.finding_message(finding)

    async def CompareExecutions(
        self, request: messages.CompareExecutionsRequest, context: _Context
    ) -> messages.CompareExecutionsResponse:
        comparison = await self._questions.comparing.compare(
            _project_id(),
            UUID(request.execution_id),
            UUID(request.other_execution_id),
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return reading_answers.comparison_message(comparison)

    async def GetTimeline(
        self, request: messages.GetTimelineRequest, context: _Context
    ) -> messages.GetTimelineResponse:
        page = await self._questions.timeline.list_items(
            _project_id(),
            UUID(request.execution_id),
            descending=request.descending,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return reading_answers.timeline_message(page)

    async def VerifyExecution(
        self, request: messages.VerifyExecutionRequest, context: _Context
    ) -> messages.VerifyExecutionResponse:
        found = await self._verifications.verify(_project_id(), UUID(request.execution_id))
        return travel_answers.verification_message(found)

    async def ExportExecution(
        self, request: messages.ExportExecutionRequest, context: _Context
    ) -> AsyncGenerator[messages.ExportExecutionResponse]:
        parts = self._exporter.export(_project_id(), UUID(request.execution_id))
        async with aclosing(parts):
            async for part in parts:
                yield messages.ExportExecutionResponse(chunk=part)

    async def ImportExecution(
        self, request_iterator: AsyncIterator[messages.ImportExecutionRequest], context: _Context
    ) -> messages.ImportExecutionResponse:
        chunks = (request.chunk async for request in request_iterator)
        execution = await self._importer.take(_project_id(), chunks)
        return messages.ImportExecutionResponse(execution=answers.execution_message(execution))

    async def UpdateSnapshot(
        self, request: messages.UpdateSnapshotRequest, context: _Context
    ) -> messages.UpdateSnapshotResponse:
        snapshot = await self._marks.update(
            _project_id(),
            UUID(request.execution_id),
            request.sequence,
            label=travel_requests.label_of(request),
            tags=tags_of(request.tags.values) if request.HasField("tags") else None,
        )
        return messages.UpdateSnapshotResponse(snapshot=answers.snapshot_message(snapshot))

    async def ModifyTags(
        self, request: messages.ModifyTagsRequest, context: _Context
    ) -> messages.ModifyTagsResponse:
        execution = await self._executions.modify_tags(
            _project_id(),
            UUID(request.execution_id),
            add=tags_of(request.add, field="add"),
            remove=tags_of(request.remove, field="remove"),
        )
        return messages.ModifyTagsResponse(execution=answers.execution_message(execution))

    async def DeleteSnapshots(
        self, request: messages.DeleteSnapshotsRequest, context: _Context
    ) -> messages.DeleteSnapshotsResponse:
        count = await self._pruning.delete(
            _project_id(), UUID(request.execution_id), sorted(set(request.sequences))
        )
        return messages.DeleteSnapshotsResponse(snapshot_count=count)

    async def PruneExecutions(
        self, request: messages.PruneExecutionsRequest, context: _Context
    ) -> messages.PruneExecutionsResponse:
        project_id = _project_id()
        given = policy_of(request.policy) if request.HasField("policy") else None
        policy = await self._retention.resolved(project_id, given)
        pruned = await self._pruning.prune(project_id, policy, scope_of(request), dry_run=request.dry_run)
        return pruned_message(pruned)

    async def GetRetentionPolicy(
        self, request: messages.GetRetentionPolicyRequest, context: _Context
    ) -> messages.GetRetentionPolicyResponse:
        return kept_policy_message(await self._retention.get(_project_id()))

    async def UpdateRetentionPolicy(
        self, request: messages.UpdateRetentionPolicyRequest, context: _Context
    ) -> messages.UpdateRetentionPolicyResponse:
        policy = policy_of(request.policy) if request.HasField("policy") else None
        answer = kept_policy_message(await self._retention.update(_project_id(), policy))
        if policy is None:
            return messages.UpdateRetentionPolicyResponse()
        return messages.UpdateRetentionPolicyResponse(policy=answer.policy, update_time=answer.update_time)


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
