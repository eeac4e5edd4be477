"""A TimeTravelService in memory, for the forms that its methods take over HTTP: sockets, files, streams."""

# ruff: noqa: N802, ARG002 - the names and the parameters are gRPC's

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from timeloom.snapshots.v1 import (
    snapshots_pb2,
    time_travel_pb2,
    time_travel_service_pb2,
    time_travel_service_pb2_grpc,
)
from timeloom_platform.auth import current_identity
from timeloom_platform.calls import remaining_seconds
from timeloom_platform.errors import InvalidFieldError, NotFoundError, UnimplementedError
from timeloom_platform.server import ServiceBinding

pb, service = time_travel_pb2, time_travel_service_pb2

UNKNOWN = "019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47"
"""No execution has this id; every other is found."""


class MemoryTimeTravel(time_travel_service_pb2_grpc.TimeTravelServiceServicer):
    """Plays frames that have no more than their numbers, and keeps files as they come."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.open_calls = 0
        self.ended: list[str] = []
        self.projects: list[str] = []
        self.remaining: list[float | None] = []
        self.commands: list[Any] = []
        self.parts: list[bytes] = []
        self.file: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.taking = asyncio.Event()
        self.taking.set()
        self.refuses_after: int | None = None

    def binding(self) -> ServiceBinding:
        return ServiceBinding(
            add=time_travel_service_pb2_grpc.add_TimeTravelServiceServicer_to_server,
            servicer=self,
            descriptor=service.DESCRIPTOR.services_by_name["TimeTravelService"],
        )

    async def PlayExecution(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self._require(request.execution_id)
        for sequence in range(request.from_sequence or 1, request.to_sequence + 1):
            yield service.PlayExecutionResponse(frame=_frame(sequence))
        yield service.PlayExecutionResponse(status=pb.PlaybackStatus(sequence=request.to_sequence))

    async def ControlPlayback(self, request_iterator: Any, context: Any) -> AsyncIterator[Any]:
        """Answers `open` and `jump` with one frame and `step` with many; `pause` ends the call."""
        self.open_calls += 1
        self.projects.append(current_identity().project_id)
        self.remaining.append(remaining_seconds())
        try:
            async for request in request_iterator:
                await self.taking.wait()
                self.commands.append(request)
                if request.HasField("open"):
                    self._require(request.execution_id)
                if request.HasField("pause"):
                    break
                for sequence in _wanted(request):
                    yield service.ControlPlaybackResponse(
                        request_id=request.request_id, frame=_frame(sequence)
                    )
            # Nobody asks for more of a call that was cancelled, whose requests end, too.
            yield service.ControlPlaybackResponse(status=pb.PlaybackStatus(speed=2.0))
            self.ended.append("well")
        except (asyncio.CancelledError, GeneratorExit):
            self.ended.append("cancelled")
            raise
        finally:
            self.open_calls -= 1

    async def ExportExecution(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self._require(request.execution_id)
        self.open_calls += 1
        try:
            while (part := await self.file.get()) is not None:
                if isinstance(part, Exception):
                    raise part
                yield service.ExportExecutionResponse(chunk=part)
        finally:
            self.open_calls -= 1

    async def ImportExecution(self, request_iterator: Any, context: Any) -> Any:
        self.open_calls += 1
        try:
            async for request in request_iterator:
                await self.taking.wait()
                self.parts.append(request.chunk)
                if self.refuses_after is not None and len(self.parts) > self.refuses_after:
                    raise InvalidFieldError.of("chunk", "is damaged")
            await self.taking.wait()
            size = sum(map(len, self.parts))
            return service.ImportExecutionResponse(
                execution=snapshots_pb2.Execution(id=UNKNOWN, agent_id=str(size))
            )
        finally:
            self.open_calls -= 1

    async def _unimplemented(self, request: Any, context: Any) -> Any:
        raise UnimplementedError("These tests do without it.")

    ForkExecution = RollbackExecution = GetValueHistory = BisectExecution = CompareExecutions = _unimplemented
    GetTimeline = VerifyExecution = UpdateSnapshot = ModifyTags = DeleteSnapshots = _unimplemented
    PruneExecutions = GetRetentionPolicy = UpdateRetentionPolicy = _unimplemented

    @staticmethod
    def _require(execution_id: str) -> None:
        if execution_id == UNKNOWN:
            raise NotFoundError("There is no such execution.")


def _wanted(request: Any) -> range:
    if request.HasField("step"):
        return range(1, request.step.count + 1)
    return range(request.jump.sequence or 1, (request.jump.sequence or 1) + 1)


def _frame(sequence: int) -> pb.PlaybackFrame:
    return pb.PlaybackFrame(snapshot=snapshots_pb2.Snapshot(sequence=sequence))
