"""Recording and finding checkpoints, in the client's event loop."""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from timeloom import _convert as convert
from timeloom._cache import SizedCache
from timeloom.aio import AsyncTimeloom
from timeloom.errors import NotFoundError
from timeloom.langgraph.codec import CheckpointRecord, ThreadRef, WritesRecord
from timeloom.langgraph.directory import Directory, execution_id_of, ref_of
from timeloom.langgraph.edits import edited, is_checkpoint
from timeloom.recording.lane import Lane
from timeloom.resources import Effect, Execution, Snapshot, SnapshotKind
from timeloom.snapshots.v1 import snapshots_service_pb2 as pb

THREADS_MAX: Final = 1024
"""Of how many threads it is remembered where they stand."""

CHECKPOINTS_PER_THREAD_MAX: Final = 4096
"""Of how many checkpoints of a thread the sequence is remembered."""

EARLY_CHECKPOINTS_MAX: Final = 64
"""For how many checkpoints of a thread writes may come before the checkpoint itself."""

PASSED_PER_LOADED_MAX: Final = 4
"""To load several states at once, so many others are passed for each of them at most."""


class _Thread:
    """Where one checkpoint namespace of one thread stands.

    Attributes:
        execution_id: The execution that keeps it, or that will, as far as is known.
        lane: The way of its snapshots.
        exists: Whether that execution is known to exist.
        edits: Where the checkpoints are that somebody has edited; None if that is not known.
        sequences: The snapshots of checkpoints, some of them still on their way.
        early: Writes for checkpoints that are yet to come.
    """

    def __init__(self, ref: ThreadRef) -> None:
        self.ref = ref
        self.exists = False
        self.edits: dict[str, int] | None = None
        self.keep_in(execution_id_of(ref))
        self.creation = asyncio.Lock()
        self.sequences: OrderedDict[str, asyncio.Future[int]] = OrderedDict()
        self.early: OrderedDict[str, dict[str, Effect]] = OrderedDict()

    def keep_in(self, execution_id: str) -> None:
        """Go on in this execution."""
        self.execution_id = execution_id
        self.lane = Lane(execution_id, head=0, owned=True)

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
        for effect in record.effects:
            if record.replace or effect.key not in held:
                held[effect.key] = effect
        while len(self.early) > EARLY_CHECKPOINTS_MAX:
            self.early.popitem(last=False)


class CheckpointStore:
    """Checkpoints in Timeloom. Belongs to the event loop of its client."""

    def __init__(self, client: AsyncTimeloom, *, agent_id: str) -> None:
        self._client = client
        self.directory = Directory(client, agent_id=agent_id)
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
                _request(record, thread.execution_id, effects),
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
            if not thread.exists:
                execution_id = await self.directory.create(thread.ref)
                if execution_id != thread.execution_id:
                    thread.keep_in(execution_id)
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
        if record.effects:
            await self._client.snapshots.record_effects(
                thread.execution_id, sequence, record.effects, replace=record.replace
            )

    def forget(self, ref: ThreadRef) -> None:
        """Know nothing of a thread any more: it was changed by other means."""
        self._threads.pop(ref)

    # -- Finding --------------------------------------------------------------------

    async def get(self, ref: ThreadRef, checkpoint_id: str | None) -> Snapshot | None:
        """Return the snapshot of a checkpoint, or of the one that the thread stands on, and all it holds."""
        thread = self._thread(ref)
        snapshot = await self._get(thread, checkpoint_id)
        if snapshot is None and not thread.exists:
            execution_id = await self.directory.find(ref)
            if execution_id is None:
                return None
            thread.exists = True
            if execution_id != thread.execution_id:
                thread.keep_in(execution_id)
                snapshot = await self._get(thread, checkpoint_id)
        if snapshot is None and checkpoint_id:
            snapshot = await self._edited(thread, checkpoint_id)
        if snapshot is None:
            return None
        thread.know(snapshot)
        if not checkpoint_id or not thread.lane.has_state:
            thread.lane.stand_on(snapshot.sequence, snapshot.state)
        return snapshot

    async def _get(self, thread: _Thread, checkpoint_id: str | None) -> Snapshot | None:
        try:
            snapshot = await self._client.snapshots.get(thread.execution_id, key=checkpoint_id or "")
        except NotFoundError:
            return None
        return await self.as_checkpoint(snapshot)

    async def _edited(self, thread: _Thread, checkpoint_id: str) -> Snapshot | None:
        """Return an edited checkpoint, whose id nobody has recorded. Only forks have such."""
        if thread.edits is None and thread.exists:
            thread.edits = await self._edits(thread.execution_id)
        sequence = (thread.edits or {}).get(checkpoint_id)
        found = None if sequence is None else await self._at(thread.execution_id, sequence)
        return None if found is None else await self.as_checkpoint(found)

    async def _edits(self, execution_id: str) -> dict[str, int]:
        execution = await self._client.executions.get(execution_id)
        if execution.forked_from is None:
            return {}
        return {
            (await self.as_checkpoint(snapshot)).key: snapshot.sequence
            async for snapshot in self._client.snapshots.list(
                execution_id, before_sequence=execution.forked_from.sequence + 2
            )
            if not is_checkpoint(snapshot)
        }

    async def as_checkpoint(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot as a checkpoint, also if it was edited.

        Raises:
            NotFoundError: It was not made from any checkpoint.
        """
        if is_checkpoint(snapshot):
            return snapshot
        parent = await self._client.snapshots.get(snapshot.execution_id, snapshot.parent_sequence)
        return edited(snapshot, await self.as_checkpoint(parent))

    async def ancestors(self, ref: ThreadRef, checkpoint_id: str | None) -> AsyncGenerator[Snapshot]:
        """Yield what a checkpoint was made from, newest first, with effects and without states.

        Args:
            ref: The thread.
            checkpoint_id: The checkpoint, which is not yielded itself; the latest if None.
        """
        thread = self._thread(ref)
        if checkpoint_id is None:
            latest = await self.get(ref, None)
            checkpoint_id = None if latest is None else latest.key
        sequence = await self._sequence(thread, checkpoint_id) if checkpoint_id else None
        if sequence is None:
            return
        wanted = checkpoint_id
        async for snapshot in self._client.snapshots.list(
            thread.execution_id,
            kinds=(SnapshotKind.CHECKPOINT,),
            before_sequence=sequence + 1,
            descending=True,
            include_effects=True,
        ):
            if not is_checkpoint(snapshot):
                snapshot = await self.as_checkpoint(snapshot)  # noqa: PLW2901 - the same one
            if snapshot.key != wanted:
                continue
            if wanted != checkpoint_id:
                yield snapshot
            wanted = snapshot.metadata["parentId"]
            if not wanted:
                return

    async def history(
        self, thread_id: str | None, checkpoint_ns: str | None, *, page_size: int
    ) -> AsyncIterator[tuple[ThreadRef, Snapshot]]:
        """Yield the snapshots of a thread or of all threads, newest first, with effects, without states.

        The snapshots of an execution are in order, and executions come in the order of their last change.
        So an execution is not looked into before it can hold the next newest snapshot.
        """
        executions = self.directory.executions(thread_id, checkpoint_ns)
        execution = await anext(executions, None)
        newest: list[_Cursor] = []
        while execution is not None or newest:
            if execution is not None and (
                not newest or execution.update_time >= newest[0].snapshot.create_time
            ):
                cursor = await _Cursor.open(self._client, execution, page_size)
                execution = await anext(executions, None)
                if cursor is not None:
                    heapq.heappush(newest, cursor)
                continue
            cursor = newest[0]
            yield cursor.ref, await self.as_checkpoint(cursor.snapshot)
            if await cursor.advance():
                heapq.heapreplace(newest, cursor)
            else:
                heapq.heappop(newest)

    async def load(self, found: Sequence[tuple[ThreadRef, Snapshot]]) -> list[Snapshot | None]:
        """Load the states of listed snapshots at once; None for one that was deleted meanwhile."""
        by_execution: dict[str, list[Snapshot]] = {}
        for _, snapshot in found:
            by_execution.setdefault(snapshot.execution_id, []).append(snapshot)
        loaded = await asyncio.gather(*map(self._states_of, by_execution.values()))
        states = {place: state for states in loaded for place, state in states.items()}
        return [
            replace(snapshot, state=states[place]) if (place := _place(snapshot)) in states else None
            for _, snapshot in found
        ]

    async def _states_of(self, snapshots: Sequence[Snapshot]) -> dict[tuple[str, int], Any]:
        """Load states of one execution: if they are near each other, by what differs between them."""
        wanted = {snapshot.sequence: snapshot for snapshot in snapshots}
        first, last = min(wanted), max(wanted)
        found: dict[int, Any] = {}
        if last - first < PASSED_PER_LOADED_MAX * (len(wanted) - 1):
            frames = self._client.frames(
                snapshots[0].execution_id,
                from_sequence=last,
                to_sequence=first,
                reverse=True,
                timeout_seconds=self._client.timeout_seconds,
            )
            with suppress(NotFoundError):  # the last one was deleted meanwhile
                found = {frame.sequence: frame.state async for frame in frames if frame.sequence in wanted}
        alone = [snapshot for sequence, snapshot in wanted.items() if sequence not in found]
        for whole in await asyncio.gather(*map(self.state_of, alone)):
            if whole is not None:
                found[whole.sequence] = whole.state
        return {_place(wanted[sequence]): state for sequence, state in found.items()}

    async def state_of(self, snapshot: Snapshot) -> Snapshot | None:
        """Load what a list has left out; None if the snapshot was deleted meanwhile."""
        whole = await self._at(snapshot.execution_id, snapshot.sequence)
        return None if whole is None else await self.as_checkpoint(whole)

    async def _at(self, execution_id: str, sequence: int) -> Snapshot | None:
        try:
            return await self._client.snapshots.get(execution_id, sequence)
        except NotFoundError:
            return None

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
    async def open(cls, client: AsyncTimeloom, execution: Execution, page_size: int) -> _Cursor | None:
        found = client.snapshots.list(
            execution.id,
            kinds=(SnapshotKind.CHECKPOINT,),
            descending=True,
            include_effects=True,
            page_size=page_size,
        )
        snapshots = aiter(found)
        first = await anext(snapshots, None)
        return None if first is None else cls(ref_of(execution), snapshots, first)

    async def advance(self) -> bool:
        snapshot = await anext(self._snapshots, None)
        if snapshot is None:
            return False
        self.snapshot = snapshot
        return True

    def __lt__(self, other: _Cursor) -> bool:
        return self.snapshot.create_time > other.snapshot.create_time


def _place(snapshot: Snapshot) -> tuple[str, int]:
    return snapshot.execution_id, snapshot.sequence


def _request(
    record: CheckpointRecord, execution_id: str, effects: Sequence[Effect]
) -> pb.RecordSnapshotRequest:
    return pb.RecordSnapshotRequest(
        execution_id=execution_id,
        kind=convert.enum_number(SnapshotKind.CHECKPOINT),
        step_name=record.step_name,
        key=record.checkpoint_id,
        metadata=convert.document(record.metadata, of="metadata"),
        effects=[convert.effect_message(effect) for effect in effects],
        create_time=convert.timestamp(record.create_time),
    )
