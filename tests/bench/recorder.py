"""Calls of the snapshots service as the client of a framework makes them: it computes its deltas itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc

from tests.bench.installation import Installation
from tests.bench.workload import Step
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import snapshots_service_pb2_grpc as services
from timeloom.state import canonical, delta

MESSAGE_BYTES_MAX = 72 * 1024 * 1024
PAGE_SIZE_MAX = 1000

STREAM_MESSAGE_SNAPSHOTS = 64
STREAM_WINDOW_MESSAGES = 8


def encode(steps: Sequence[Step]) -> list[bytes]:
    """The deltas of the steps, the first of which sets the whole state."""
    encoded: list[bytes] = []
    previous: Any = None
    for _, state, _ in steps:
        encoded.append(delta.encode(delta.diff(previous, state)))
        previous = state
    return encoded


class Recorder:
    """Records and reads in one project, on one channel."""

    def __init__(self, installation: Installation, channel: grpc.aio.Channel) -> None:
        self._installation = installation
        self._stub = services.SnapshotsServiceStub(channel)

    @classmethod
    @asynccontextmanager
    async def open(cls, installation: Installation) -> AsyncIterator[Recorder]:
        """Lends a recorder that calls the service itself, without the gateway."""
        options = [
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        async with grpc.aio.insecure_channel(installation.snapshots_address, options=options) as channel:
            yield cls(installation, channel)

    async def create(self) -> str:
        """Begins an execution and returns its id."""
        request = messages.CreateExecutionRequest(agent_id="bench", name="a measured execution")
        answer = await self._stub.CreateExecution(request, metadata=self._metadata)
        return answer.execution.id

    async def record(self, execution_id: str, deltas: Sequence[bytes]) -> float:
        """Records snapshots one at a time, each by a call, and returns how many seconds that took."""
        begin = time.perf_counter()
        for content in deltas:
            await self._stub.RecordSnapshot(_snapshot_request(execution_id, content), metadata=self._metadata)
        return time.perf_counter() - begin

    @asynccontextmanager
    async def open_stream(self) -> AsyncIterator[AckStream]:
        """Lends a stream on which snapshots are recorded one by one, as the SDK does it."""
        stream = AckStream(self._stub.StreamSnapshots(metadata=self._metadata))
        async with asyncio.TaskGroup() as tasks:
            reader, writer = tasks.create_task(stream.read()), tasks.create_task(stream.write())
            yield stream
            writer.cancel()
            await stream.close()
            await reader

    async def record_at_once(self, execution_ids: Sequence[str], deltas: Sequence[bytes]) -> float:
        """Records the same snapshots in all executions, each one at a time; returns the seconds."""
        return await _at_once([self.record(execution_id, deltas) for execution_id in execution_ids])

    async def record_rate(self, count: int, deltas: Sequence[bytes], *, by_stream: bool = False) -> float:
        """Records in so many new executions at once and returns the snapshots per second.

        The first delta, which sets the whole state, is recorded before the clock starts. All executions share
        one channel, or one stream; each waits for its acknowledgement before it records its next snapshot.
        """
        execution_ids = [await self.create() for _ in range(count)]
        await self.record_at_once(execution_ids, deltas[:1])
        if by_stream:
            async with self.open_stream() as stream:
                seconds = await _at_once([stream.record(each, deltas[1:]) for each in execution_ids])
        else:
            seconds = await self.record_at_once(execution_ids, deltas[1:])
        return count * (len(deltas) - 1) / seconds

    async def stream(self, execution_ids: Sequence[str], deltas: Sequence[bytes]) -> float:
        """Records the same snapshots in all executions by one stream; returns the seconds to the last ack."""
        begin = time.perf_counter()
        window = asyncio.Semaphore(STREAM_WINDOW_MESSAGES)
        call = self._stub.StreamSnapshots(metadata=self._metadata)
        expected = 0
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(_count_committed(call, window))
            for start in range(0, len(deltas), STREAM_MESSAGE_SNAPSHOTS):
                chunk = deltas[start : start + STREAM_MESSAGE_SNAPSHOTS]
                for execution_id in execution_ids:
                    await window.acquire()
                    await call.write(_stream_request(execution_id, chunk))
                    expected += len(chunk)
            await call.done_writing()
        assert reader.result() == expected
        return time.perf_counter() - begin

    async def stream_rate(self, count: int, deltas: Sequence[bytes]) -> float:
        """Records in so many new executions by one stream; otherwise like `record_rate`."""
        execution_ids = [await self.create() for _ in range(count)]
        await self.stream(execution_ids, deltas[:1])
        seconds = await self.stream(execution_ids, deltas[1:])
        return count * (len(deltas) - 1) / seconds

    async def load(self, execution_id: str, sequence: int) -> Any:
        """Returns the state after a step, as a Python value."""
        request = messages.GetSnapshotRequest(execution_id=execution_id, sequence=sequence)
        answer = await self._stub.GetSnapshot(request, metadata=self._metadata)
        return canonical.decode_trusted(answer.snapshot.state)  # as the client does

    async def list_all(self, execution_id: str) -> int:
        """Lists the snapshots of an execution, up to a page, and returns how many they are."""
        request = messages.ListSnapshotsRequest(execution_id=execution_id, page_size=PAGE_SIZE_MAX)
        answer = await self._stub.ListSnapshots(request, metadata=self._metadata)
        return len(answer.snapshots)

    async def catch_up(self, execution_id: str, count: int) -> float:
        """Reads so many snapshots from the beginning by a tail; returns the seconds."""
        begin = time.perf_counter()
        async with aclosing(self._tail(execution_id, 0)) as sequences:
            async for sequence in sequences:
                if sequence == count:
                    break
        return time.perf_counter() - begin

    async def follow(self, execution_id: str, deltas: Sequence[bytes]) -> list[float]:
        """Records snapshots one at a time; returns the seconds from each call to its arrival at a tail."""
        head = await self.head(execution_id)
        seconds = []
        # It resumes before the head, so that the first arrival proves that the tail is there.
        async with aclosing(self._tail(execution_id, head - 1)) as sequences:
            await anext(sequences)
            for sequence, content in enumerate(deltas, start=head + 1):
                begin = time.perf_counter()
                recorded = asyncio.create_task(self.record(execution_id, [content]))
                assert await anext(sequences) == sequence
                seconds.append(time.perf_counter() - begin)
                await recorded
        return seconds

    async def head(self, execution_id: str) -> int:
        """Returns the newest sequence of an execution."""
        request = messages.GetExecutionRequest(execution_id=execution_id)
        answer = await self._stub.GetExecution(request, metadata=self._metadata)
        return answer.execution.head_sequence

    async def _tail(self, execution_id: str, after_sequence: int) -> AsyncGenerator[int]:
        request = messages.TailSnapshotsRequest(execution_id=execution_id, after_sequence=after_sequence)
        call = self._stub.TailSnapshots(request, metadata=self._metadata)
        try:
            async for answer in call:
                yield answer.snapshot.sequence
        finally:
            call.cancel()

    @property
    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return self._installation.metadata()


class AckStream:
    """One stream, on which any number of tasks record, each waiting for its acknowledgements.

    As in the SDK, snapshots that come while a message is being written go into the next one together.
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self._unsent: list[tuple[messages.RecordSnapshotRequest, asyncio.Future[None]]] = []
        self._sent: dict[int, Sequence[asyncio.Future[None]]] = {}
        self._request_id = 0
        self._has_unsent = asyncio.Event()

    async def record(self, execution_id: str, deltas: Sequence[bytes]) -> None:
        """Records snapshots one at a time."""
        for content in deltas:
            acknowledged = asyncio.get_running_loop().create_future()
            self._unsent.append((_snapshot_request(execution_id, content), acknowledged))
            self._has_unsent.set()
            await acknowledged

    async def write(self) -> None:
        """Sends what is recorded, until cancelled."""
        while True:
            await self._has_unsent.wait()
            self._has_unsent.clear()
            while self._unsent:
                batch, self._unsent = (
                    self._unsent[:STREAM_MESSAGE_SNAPSHOTS],
                    self._unsent[STREAM_MESSAGE_SNAPSHOTS:],
                )
                self._request_id += 1
                self._sent[self._request_id] = [acknowledged for _, acknowledged in batch]
                await self._call.write(
                    messages.StreamSnapshotsRequest(
                        request_id=self._request_id, snapshots=[request for request, _ in batch]
                    )
                )

    async def read(self) -> None:
        """Hands acknowledgements to those who wait for them, until the stream ends."""
        async for answer in self._call:
            waiting = self._sent.pop(answer.request_id)
            assert _committed_in(answer) == len(waiting)
            for acknowledged in waiting:
                acknowledged.set_result(None)

    async def close(self) -> None:
        """Tells the service that nothing more comes."""
        await self._call.done_writing()


async def _at_once(recordings: Sequence[Coroutine[Any, Any, object]]) -> float:
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for recording in recordings:
            tasks.create_task(recording)
    return time.perf_counter() - begin


def _stream_request(execution_id: str, deltas: Sequence[bytes]) -> messages.StreamSnapshotsRequest:
    return messages.StreamSnapshotsRequest(
        snapshots=[_snapshot_request(execution_id, content) for content in deltas]
    )


def _snapshot_request(execution_id: str, content: bytes) -> messages.RecordSnapshotRequest:
    return messages.RecordSnapshotRequest(execution_id=execution_id, step_name="step", delta=content)


async def _count_committed(call: Any, window: asyncio.Semaphore) -> int:
    committed = 0
    async for answer in call:
        window.release()
        committed += _committed_in(answer)
    return committed


def _committed_in(answer: messages.StreamSnapshotsResponse) -> int:
    for ack in answer.acks:
        if not ack.HasField("committed"):
            raise AssertionError(f"a snapshot was refused: {ack.refused.message}")
    return len(answer.acks)
