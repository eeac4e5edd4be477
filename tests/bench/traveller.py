"""Travel through recorded executions, as a debugger does it: by real gRPC."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from tests.bench.installation import Installation
from tests.bench.recorder import MESSAGE_BYTES_MAX
from timeloom.snapshots.v1 import snapshots_service_pb2, snapshots_service_pb2_grpc
from timeloom.snapshots.v1 import time_travel_pb2 as nouns
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom.snapshots.v1 import time_travel_service_pb2_grpc as services


class Traveller:
    """Travels in one project, on one channel."""

    def __init__(self, installation: Installation, channel: grpc.aio.Channel) -> None:
        self._installation = installation
        self._stub = services.TimeTravelServiceStub(channel)
        self._snapshots = snapshots_service_pb2_grpc.SnapshotsServiceStub(channel)

    @classmethod
    @asynccontextmanager
    async def open(cls, installation: Installation) -> AsyncIterator[Traveller]:
        """Lends a traveller that calls the service itself, without the gateway."""
        options = [("grpc.max_receive_message_length", MESSAGE_BYTES_MAX)]
        async with grpc.aio.insecure_channel(installation.snapshots_address, options=options) as channel:
            yield cls(installation, channel)

    async def play(self, execution_id: str, *, reverse: bool = False) -> int:
        """Plays an execution as deltas, as fast as possible, and returns how many frames came."""
        request = messages.PlayExecutionRequest(
            execution_id=execution_id, content=nouns.FRAME_CONTENT_DELTA, reverse=reverse
        )
        call = self._stub.PlayExecution(request, metadata=self._metadata)
        return len([answer async for answer in call if answer.HasField("frame")])

    @asynccontextmanager
    async def playback(self, execution_id: str) -> AsyncGenerator[PlaybackControl]:
        """Lends a playback, opened at the first snapshot."""
        call = self._stub.ControlPlayback(metadata=self._metadata)
        control = PlaybackControl(call)
        await control.do(
            execution_id=execution_id, open=messages.OpenPlayback(content=nouns.FRAME_CONTENT_DELTA)
        )
        yield control
        await call.done_writing()
        call.cancel()

    async def history(self, execution_id: str, path: str) -> int:
        """Asks for the first page of a value's history and returns how many changes it has."""
        request = messages.GetValueHistoryRequest(execution_id=execution_id, path=path, page_size=1000)
        return len((await self._stub.GetValueHistory(request, metadata=self._metadata)).changes)

    async def bisect(self, execution_id: str, expression: str, **fields: Any) -> int:
        """Bisects an execution and returns its first bad snapshot."""
        request = messages.BisectExecutionRequest(execution_id=execution_id, expression=expression, **fields)
        return (await self._stub.BisectExecution(request, metadata=self._metadata)).first_bad_sequence

    async def compare(self, execution_id: str, other_execution_id: str) -> int:
        """Compares two executions and returns how many steps are the same."""
        request = messages.CompareExecutionsRequest(
            execution_id=execution_id, other_execution_id=other_execution_id
        )
        return (await self._stub.CompareExecutions(request, metadata=self._metadata)).same_count

    async def timeline(self, execution_id: str) -> int:
        """Asks for the first page of a timeline and returns how many entries it has."""
        request = messages.GetTimelineRequest(execution_id=execution_id)
        return len((await self._stub.GetTimeline(request, metadata=self._metadata)).entries)

    async def first_page(self, execution_id: str) -> int:
        """Asks for the first page of snapshots and returns how many it has."""
        request = snapshots_service_pb2.ListSnapshotsRequest(execution_id=execution_id)
        return len((await self._snapshots.ListSnapshots(request, metadata=self._metadata)).snapshots)

    async def fork(self, execution_id: str, sequence: int) -> str:
        """Forks an execution and returns the fork's id."""
        request = messages.ForkExecutionRequest(execution_id=execution_id, sequence=sequence)
        return (await self._stub.ForkExecution(request, metadata=self._metadata)).execution.id

    @property
    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return self._installation.metadata()


class PlaybackControl:
    """An open playback."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def do(self, **command: Any) -> float:
        """Sends a command and returns how many seconds passed until its status came."""
        begin = time.perf_counter()
        await self._call.write(messages.ControlPlaybackRequest(request_id=1, **command))
        while True:
            answer = await self._call.read()
            assert isinstance(answer, messages.ControlPlaybackResponse), await self._call.details()
            if answer.HasField("status"):
                return time.perf_counter() - begin
