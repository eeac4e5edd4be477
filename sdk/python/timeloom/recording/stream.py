"""One stream a client, on which the snapshots of all its executions travel.

What is recorded at the same time goes in one message. Entries stay here until the server has answered for
them: if the connection breaks they are sent again, and their keys let the server recognise those that it
had committed. So nothing is lost and nothing doubled, whoever fails in between.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import grpc

from timeloom._calls import Connection
from timeloom._faults import from_refusal
from timeloom.errors import (
    AuthenticationError,
    DeadlineExceededError,
    InternalError,
    MissingScopeError,
    RetryableError,
    TimeloomError,
    UnavailableError,
)
from timeloom.final_status import FinalStatus
from timeloom.recording.lane import Committed, Entry, Lane
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb

ENTRIES_PER_MESSAGE_MAX: Final = 256
BYTES_PER_MESSAGE_MAX: Final = 4 * 1024 * 1024
MESSAGES_IN_FLIGHT_MAX: Final = 8
WINDOW_ENTRIES_MAX: Final = 1024
WINDOW_BYTES_MAX: Final = 32 * 1024 * 1024
IDLE_SECONDS_MAX: Final = 5.0
BACKOFF_SECONDS_MIN: Final = 0.05
BACKOFF_SECONDS_MAX: Final = 2.0

_logger = logging.getLogger("timeloom")

_Call = grpc.aio.StreamStreamCall[pb.StreamSnapshotsRequest, pb.StreamSnapshotsResponse]


class SnapshotStream:
    """Sends the entries of lanes in order, and settles each."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lanes: dict[Lane, None] = {}  # those with entries, in the order of their arrival
        self._in_flight: dict[int, list[Entry]] = {}
        self._request_id = 0
        self._suspects = 0
        self._failures = 0
        self._entries_waiting = 0
        self._bytes_waiting = 0
        self._room = asyncio.Event()
        self._room.set()
        self._work = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._repairs: dict[Lane, asyncio.Task[None]] = {}
        self._patience: asyncio.Timeout | None = None
        self._closed = False

    async def room(self) -> None:
        """Wait until the window takes another entry."""
        while not self._room.is_set():
            await self._room.wait()

    def submit(
        self,
        lane: Lane,
        request: pb.RecordSnapshotRequest,
        state: Any,
        *,
        timeout_seconds: float,
        parent: int | None = None,
        frozen: bool = False,
        default: Callable[[Any], Any] | None = None,
    ) -> asyncio.Future[Committed]:
        """Send a snapshot as soon as it may go, and return where its outcome will be; see `Lane.append`."""
        loop = asyncio.get_running_loop()
        entry = lane.append(
            request,
            state,
            deadline=loop.time() + timeout_seconds,
            future=loop.create_future(),
            parent=parent,
            frozen=frozen,
            default=default,
        )
        self._add(entry)
        return entry.future

    def _add(self, entry: Entry) -> None:
        self._entries_waiting += 1
        self._bytes_waiting += entry.content_bytes
        entry.future.add_done_callback(partial(self._release, entry.content_bytes))
        self._limit()
        self._lanes[entry.lane] = None
        self._mend(entry.lane)
        self._work.set()
        if self._runner is None:
            self._runner = asyncio.create_task(self._run(), name="timeloom-stream")

    async def close(self) -> None:
        """Stop. What is not committed by now fails."""
        self._closed = True
        tasks = [task for task in (self._runner, *self._repairs.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._fail(self._waiting(), UnavailableError("The client was closed before the step was committed"))

    # -- The connection ---------------------------------------------------------

    async def _run(self) -> None:
        """Converse with the server for as long as there is something to say."""
        try:
            while self._lanes:
                self._interrupted(await self._converse())
                await self._back_off()
        except Exception:
            # The recorders would wait for ever on a stream that a defect of this client has ended.
            _logger.exception("The stream of snapshots failed")
            self._fail(self._waiting(), InternalError("The stream of snapshots failed; the log says why"))
        finally:
            self._runner = None

    async def _converse(self) -> TimeloomError | None:
        """Send and receive until the stream ends, and return why it did."""
        call = self._connection.snapshots.StreamSnapshots(metadata=self._connection.metadata)
        status = FinalStatus(call)
        writer = asyncio.create_task(self._write(call), name="timeloom-stream-writer")
        try:
            async with asyncio.timeout(None) as self._patience:
                async for response in call:
                    self._answered(response)
        except TimeoutError:
            return DeadlineExceededError("Timeloom did not answer in time")
        except grpc.aio.AioRpcError as fault:
            error = await status.of(fault)
            if error is not None:
                return self._connection.failed(error)
        finally:
            self._patience = None
            writer.cancel()
            call.cancel()
            # What keeps the writer from writing is what the reader has reported.
            await asyncio.gather(writer, return_exceptions=True)
        return UnavailableError("Timeloom ended the stream early") if self._in_flight else None

    async def _write(self, call: _Call) -> None:
        while True:
            self._work.clear()
            if entries := self._next_message():
                self._request_id = (self._request_id + 1) % 2**32
                self._in_flight[self._request_id] = entries
                self._extend_patience()
                snapshots = [entry.request for entry in entries]
                await call.write(pb.StreamSnapshotsRequest(request_id=self._request_id, snapshots=snapshots))
                continue
            try:
                async with asyncio.timeout(IDLE_SECONDS_MAX):
                    await self._work.wait()
            except TimeoutError:
                if not self._lanes:
                    # A stream that nobody uses would only keep a server from shutting down.
                    await call.done_writing()
                    return

    def _next_message(self) -> list[Entry]:
        if len(self._in_flight) >= (1 if self._suspects else MESSAGES_IN_FLIGHT_MAX):
            return []
        count = 1 if self._suspects else ENTRIES_PER_MESSAGE_MAX
        size = BYTES_PER_MESSAGE_MAX
        message: list[Entry] = []
        for lane in self._lanes:
            if count <= 0 or size <= 0:
                break
            taken = lane.take(count_max=count, bytes_max=size)
            count -= len(taken)
            size -= sum(entry.content_bytes for entry in taken)
            message += taken
        return message

    # -- Answers ----------------------------------------------------------------

    def _answered(self, response: pb.StreamSnapshotsResponse) -> None:
        entries = self._in_flight.pop(response.request_id)
        self._failures = 0
        self._suspects = max(0, self._suspects - len(entries))
        neighbours = Counter(entry.lane for entry in entries)
        for entry, ack in zip(entries, response.acks, strict=True):
            if ack.HasField("committed"):
                sequence, state_hash = ack.committed.sequence, ack.committed.state_hash
                entry.lane.commit(entry, Committed(sequence=sequence, state_hash=state_hash))
            else:
                refused = ack.refused
                error = from_refusal(code=refused.code, reason=refused.reason, message=refused.message)
                entry.lane.refuse(entry, error, shared=neighbours[entry.lane] > 1)
        self._settle(neighbours)

    def _interrupted(self, error: TimeloomError | None) -> None:
        """Take back what was in flight when the stream ended."""
        unanswered = [entry for entries in self._in_flight.values() for entry in entries]
        self._in_flight.clear()
        for lane in self._lanes:
            lane.requeue()
        if error is not None:
            self._failures += 1
            if isinstance(error, (AuthenticationError, MissingScopeError)):
                self._fail(self._waiting(), error)
            elif not isinstance(error, RetryableError):
                self._suspect(unanswered, error)
            self._expire(self._waiting(), error)
        self._settle(list(self._lanes))

    def _suspect(self, unanswered: list[Entry], error: TimeloomError) -> None:
        """Find the entry for which the server ends the whole stream: sent one by one, it is the last."""
        if len(unanswered) == 1:
            self._suspects = max(0, self._suspects - 1)
            self._fail(unanswered, error)
        else:
            self._suspects = len(unanswered)

    def _settle(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            if len(lane):
                self._mend(lane)
            else:
                self._lanes.pop(lane, None)
        self._extend_patience()
        self._work.set()

    async def _back_off(self) -> None:
        if not self._failures or not self._lanes:
            return
        delay = min(BACKOFF_SECONDS_MIN * 2 ** min(self._failures - 1, 10), BACKOFF_SECONDS_MAX)
        await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnections

    # -- Lanes that disagree with the server ---------------------------------------

    def _mend(self, lane: Lane) -> None:
        if lane.broken and not lane.in_flight and lane not in self._repairs and not self._closed:
            task = asyncio.create_task(self._repair(lane), name="timeloom-stream-repair")
            self._repairs[lane] = task

    async def _repair(self, lane: Lane) -> None:
        """Ask for the head of the execution and let the lane start anew from it."""
        failures = 0
        try:
            while lane.broken and len(lane):
                failures += 1
                await asyncio.sleep(self._pause(lane, failures))
                request = pb.GetExecutionRequest(execution_id=lane.execution_id)
                try:
                    response = await self._connection.unary(self._connection.snapshots.GetExecution, request)
                except RetryableError as error:
                    self._expire(list(lane), error)
                except TimeloomError as error:
                    self._fail(list(lane), error)
                else:
                    lane.restart(response.execution.head_sequence)
        finally:
            del self._repairs[lane]
            self._settle([lane])

    @staticmethod
    def _pause(lane: Lane, failures: int) -> float:
        """Return how long to wait: not at all, unless the server has asked for patience."""
        pauses = [
            error.retry_after_seconds or BACKOFF_SECONDS_MIN * 2 ** min(entry.attempts, 10)
            for entry in lane
            if isinstance(error := entry.refusal, RetryableError)
        ]
        if failures > 1:
            pauses.append(BACKOFF_SECONDS_MIN * 2 ** min(failures, 10))
        return min(max(pauses, default=0.0), BACKOFF_SECONDS_MAX)

    # -- Bounds -------------------------------------------------------------------

    def _waiting(self) -> list[Entry]:
        return [entry for lane in self._lanes for entry in lane]

    def _fail(self, entries: Iterable[Entry], error: TimeloomError) -> None:
        for entry in entries:
            entry.lane.fail(entry, error)

    def _expire(self, entries: Iterable[Entry], error: TimeloomError) -> None:
        """Give up the entries whose time is over, for the reason that kept them waiting."""
        now = asyncio.get_running_loop().time()
        self._fail([entry for entry in entries if entry.deadline <= now], error)

    def _extend_patience(self) -> None:
        """End the conversation when the first deadline of what is in flight passes."""
        if self._patience is not None and not self._patience.expired():
            deadlines = (entry.deadline for entries in self._in_flight.values() for entry in entries)
            self._patience.reschedule(min(deadlines, default=None))

    def _release(self, size: int, future: asyncio.Future[Committed]) -> None:
        if not future.cancelled():
            future.exception()  # Whoever waits hears of it; nobody has to.
        self._entries_waiting -= 1
        self._bytes_waiting -= size
        self._limit()

    def _limit(self) -> None:
        if self._entries_waiting < WINDOW_ENTRIES_MAX and self._bytes_waiting < WINDOW_BYTES_MAX:
            self._room.set()
        else:
            self._room.clear()
