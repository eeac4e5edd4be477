"""Recording and finding checkpoints, in the client's event loop."""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Final

from timeloom import _convert as convert
from timeloom.aio import AsyncTimeloom
from timeloom.errors import AlreadyExistsError, NotFoundError
from timeloom.langgraph._cache import SizedCache
from timeloom.langgraph.codec import CheckpointRecord, ThreadRef, WritesRecord
from timeloom.recording.lane import Lane
from timeloom.resources import Effect, Execution, Snapshot, SnapshotKind
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb

EXECUTION_TAG: Final = "langgraph"

THREADS_MAX: Final = 1024
"""Of how many threads it is remembered where they stand."""

CHECKPOINTS_PER_THREAD_MAX: Final = 4096
"""Of how many checkpoints of a thread the sequence is remembered."""

EARLY_CHECKPOINTS_MAX: Final = 64
"""For how many checkpoints of a thread writes may come before the checkpoint itself."""

SESSION_ID_LENGTH_MAX: Final = 200
NAME_LENGTH_MAX: Final = 500


class _Thread:
    """Where one checkpoint namespace of one thread stands.

    Attributes:
        lane: The way of its snapshots.
        exists: Whether its execution is known to exist.
        sequences: The snapshots of checkpoints, some of them still on their way.
        early: Writes for checkpoints that are yet to come.
    """

    def __init__(self, ref: ThreadRef) -> None:
        self.ref = ref
        self.lane = Lane(ref.execution_id, head=0, owned=True)
        self.exists = False
        self.creation = asyncio.Lock()
        self.sequences: OrderedDict[str, asyncio.Future[int]] = OrderedDict()
        self.early: OrderedDict[str, dict[str, Effect]] = OrderedDict()

    def expect(self, checkpoint_id: str) -> asyncio.Future[int]:
        """Note that a checkpoint is on its way, and return where its sequence will be."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # Whoever records the checkpoint hears of its error; nobody else needs to ask.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self.sequences[checkpoint_id] = future
        while len(self.sequences) > CHECKPOINTS_PER_THREAD_MAX:
            self.sequences.popitem(last=False)
        return future

    def know(self, snapshot: Snapshot) -> None:
        """Note where a checkpoint is that was loaded."""
        self.exists = True
        if snapshot.key not in self.sequences:
            self.expect(snapshot.key).set_result(snapshot.sequence)

    def hold(self, record: WritesRecord) -> None:
        """Keep writes until their checkpoint comes."""
        held = self.early.setdefault(record.checkpoint_id, {})
        held.update({effect.key: effect for effect in record.replacing})
        for effect in record.adding:
            held.setdefault(effect.key, effect)
        while len(self.early) > EARLY_CHECKPOINTS_MAX:
            self.early.popitem(last=False)


class CheckpointStore:
    """Checkpoints in Timeloom. Belongs to the event loop of its client."""

    def __init__(self, client: AsyncTimeloom, *, agent_id: str) -> None:
        self._client = client
        self._agent_id = agent_id
        self._threads: SizedCache[ThreadRef, _Thread] = SizedCache(THREADS_MAX)

    # -- Recording ----------------------------------------------------------------

    async def put(self, record: CheckpointRecord) -> None:
        """Record a checkpoint, together with the writes that came before it.

        Raises:
            TimeloomError: It was not stored.
        """
        thread = self._thread(record.ref)
        effects = tuple(thread.early.pop(record.checkpoint_id, {}).values())
        try:
            await self._put(thread, record, effects)
        except NotFoundError:
            # Somebody deleted the thread. It begins anew, as with any other checkpointer.
            self._threads.pop(record.ref)
            await self._put(self._thread(record.ref), record, effects)

    async def _put(self, thread: _Thread, record: CheckpointRecord, effects: Sequence[Effect]) -> None:
        expected = thread.expect(record.checkpoint_id)
        try:
            await self._create(thread)
            parent = await self._parent(thread, record.parent_id)
            await self._client.stream.room()
            committed = await self._client.stream.submit(
                thread.lane,
                _request(record, effects),
                record.state,
                timeout_seconds=self._client.timeout_seconds,
                parent=parent,
                frozen=True,
            )
            expected.set_result(committed.sequence)
        finally:
            if not expected.done():
                expected.cancel()
                thread.sequences.pop(record.checkpoint_id, None)

    async def _create(self, thread: _Thread) -> None:
        async with thread.creation:
            if thread.exists:
                return
            ref = thread.ref
            # It exists if it was recorded before, under another agent or with other tags.
            with suppress(AlreadyExistsError):
                await self._client.executions.create(
                    execution_id=ref.execution_id,
                    agent_id=self._agent_id,
                    session_id=_session_id(ref.thread_id),
                    name=f"{ref.thread_id} {ref.checkpoint_ns}".strip()[:NAME_LENGTH_MAX],
                    tags=(EXECUTION_TAG,),
                    metadata={"threadId": ref.thread_id, "checkpointNs": ref.checkpoint_ns},
                )
            thread.exists = True

    async def _parent(self, thread: _Thread, checkpoint_id: str | None) -> int:
        """Return the sequence of a parent; zero if there is none, or it was never recorded."""
        sequence = await self._sequence(thread, checkpoint_id) if checkpoint_id else None
        return sequence or 0

    async def _sequence(self, thread: _Thread, checkpoint_id: str) -> int | None:
        """Return where a checkpoint is, waiting while it is on its way; None if nobody recorded it."""
        if checkpoint_id not in thread.sequences:
            await self.get(thread.ref, checkpoint_id)
        expected = thread.sequences.get(checkpoint_id)
        if expected is None:
            return None
        await asyncio.wait([expected])
        return None if expected.cancelled() else expected.result()

    async def put_writes(self, record: WritesRecord) -> None:
        """Record a task's writes.

        LangGraph does not wait for a checkpoint before it writes to it. Writes that are early are recorded
        with their checkpoint: without it they would mean nothing.

        Raises:
            TimeloomError: They were not stored.
        """
        thread = self._thread(record.ref)
        sequence = await self._sequence(thread, record.checkpoint_id)
        if sequence is None:
            thread.hold(record)
            return
        for effects, replace in ((record.replacing, True), (record.adding, False)):
            if effects:
                await self._client.snapshots.record_effects(
                    record.ref.execution_id, sequence, effects, replace=replace
                )

    async def delete(self, thread_id: str) -> None:
        """Delete everything that was recorded of a thread."""
        for execution in [found async for found in self._executions(thread_id, None)]:
            self._threads.pop(_ref(execution))
            try:
                await self._client.executions.delete(execution.id)
            except NotFoundError:
                continue  # somebody else was faster

    # -- Finding --------------------------------------------------------------------

    async def get(self, ref: ThreadRef, checkpoint_id: str | None) -> Snapshot | None:
        """Return the snapshot of a checkpoint, or of the one that the thread stands on, and all it holds."""
        try:
            snapshot = await self._client.snapshots.get(ref.execution_id, key=checkpoint_id or "")
        except NotFoundError:
            return None
        thread = self._thread(ref)
        thread.know(snapshot)
        if not checkpoint_id or not thread.lane.has_state:
            thread.lane.stand_on(snapshot.sequence, snapshot.state)
        return snapshot

    async def history(
        self, thread_id: str | None, checkpoint_ns: str | None
    ) -> AsyncIterator[tuple[ThreadRef, Snapshot]]:
        """Yield the snapshots of a thread or of all threads, newest first, without their states.

        The snapshots of an execution are in order, and executions come in the order of their last change.
        So an execution is not looked into before it can hold the next newest snapshot.
        """
        executions = self._executions(thread_id, checkpoint_ns)
        execution = await anext(executions, None)
        newest: list[_Cursor] = []
        while execution is not None or newest:
            if execution is not None and (
                not newest or execution.update_time >= newest[0].snapshot.create_time
            ):
                cursor = await _Cursor.open(self._client, execution)
                execution = await anext(executions, None)
                if cursor is not None:
                    heapq.heappush(newest, cursor)
                continue
            cursor = newest[0]
            yield cursor.ref, cursor.snapshot
            if await cursor.advance():
                heapq.heapreplace(newest, cursor)
            else:
                heapq.heappop(newest)

    async def load(self, found: Sequence[tuple[ThreadRef, Snapshot]]) -> list[Snapshot | None]:
        """Load the states of several snapshots at once; None for one that was deleted meanwhile."""
        return await asyncio.gather(*(self._load(ref, snapshot) for ref, snapshot in found))

    async def _load(self, ref: ThreadRef, snapshot: Snapshot) -> Snapshot | None:
        try:
            return await self._client.snapshots.get(ref.execution_id, snapshot.sequence)
        except NotFoundError:
            return None

    async def _executions(self, thread_id: str | None, checkpoint_ns: str | None) -> AsyncIterator[Execution]:
        found = self._client.executions.list(
            session_id="" if thread_id is None else _session_id(thread_id),
            tags=(EXECUTION_TAG,),
            order_by="update_time desc",
        )
        async for execution in found:
            ref = _ref(execution)
            if thread_id in (None, ref.thread_id) and checkpoint_ns in (None, ref.checkpoint_ns):
                yield execution

    def _thread(self, ref: ThreadRef) -> _Thread:
        thread = self._threads.get(ref)
        if thread is None:
            thread = _Thread(ref)
            self._threads.put(ref, thread)
        return thread


class _Cursor:
    """A place in an execution's snapshots, from the newest to the oldest; the newest is the smallest."""

    def __init__(self, ref: ThreadRef, snapshots: AsyncIterator[Snapshot], snapshot: Snapshot) -> None:
        self.ref = ref
        self.snapshot = snapshot
        self._snapshots = snapshots

    @classmethod
    async def open(cls, client: AsyncTimeloom, execution: Execution) -> _Cursor | None:
        snapshots = aiter(
            client.snapshots.list(execution.id, kinds=(SnapshotKind.CHECKPOINT,), descending=True)
        )
        first = await anext(snapshots, None)
        return None if first is None else cls(_ref(execution), snapshots, first)

    async def advance(self) -> bool:
        snapshot = await anext(self._snapshots, None)
        if snapshot is None:
            return False
        self.snapshot = snapshot
        return True

    def __lt__(self, other: _Cursor) -> bool:
        return self.snapshot.create_time > other.snapshot.create_time


def _request(record: CheckpointRecord, effects: Sequence[Effect]) -> pb.RecordSnapshotRequest:
    return pb.RecordSnapshotRequest(
        execution_id=record.ref.execution_id,
        kind=convert.enum_number(SnapshotKind.CHECKPOINT),
        step_name=record.step_name,
        key=record.checkpoint_id,
        metadata=convert.document(record.metadata, of="metadata"),
        effects=[convert.effect_message(effect) for effect in effects],
        create_time=convert.timestamp(record.create_time),
    )


def _ref(execution: Execution) -> ThreadRef:
    return ThreadRef(execution.metadata["threadId"], execution.metadata["checkpointNs"])


def _session_id(thread_id: str) -> str:
    return thread_id[:SESSION_ID_LENGTH_MAX]
