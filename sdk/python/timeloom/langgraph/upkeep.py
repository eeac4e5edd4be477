"""Whole threads: copying, forking, pruning and deleting them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, get_args

from langgraph.checkpoint.serde.base import SerializerProtocol

from timeloom.aio import AsyncTimeloom
from timeloom.errors import AlreadyExistsError, NotFoundError, SnapshotInUseError
from timeloom.langgraph.codec import CheckpointCodec, ThreadRef
from timeloom.langgraph.directory import EXECUTION_TAG, metadata_of, name_of, ref_of, session_id_of
from timeloom.langgraph.store import CheckpointStore
from timeloom.resources import Execution, Snapshot, SnapshotKind

Strategy = Literal["keep_latest", "delete"]

PAGE_SIZE: Final = 1000
DELETIONS_PER_CALL_MAX: Final = 10_000
CALLS_AT_ONCE_MAX: Final = 16

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The snapshots of an execution, as those that stay and those that go.

    Attributes:
        going: Their sequences, newest first.
        last_staying: The newest that stays; zero if none does.
    """

    going: Sequence[int]
    last_staying: int


class Upkeep:
    """Works on whole threads. Belongs to the event loop of its client."""

    def __init__(self, client: AsyncTimeloom, store: CheckpointStore, codec: CheckpointCodec) -> None:
        self._client = client
        self._store = store
        self._directory = store.directory
        self._codec = codec

    # -- Deleting -----------------------------------------------------------------------

    async def delete(self, thread_id: str) -> None:
        """Delete everything that was recorded of a thread."""
        async for execution in self._directory.session(thread_id):
            await self._delete(execution)

    async def _delete(self, execution: Execution) -> None:
        try:
            await self._client.executions.delete(execution.id)
        except NotFoundError:
            pass  # somebody else was faster
        finally:
            self._store.forget(ref_of(execution))

    async def delete_for_runs(self, serde: SerializerProtocol, run_ids: Collection[str]) -> None:
        """Delete the checkpoints of some runs, but for those that delta channels of others are made of."""
        if not run_ids:
            return

        def stays(snapshot: Snapshot) -> bool:
            return self._codec.metadata(serde, snapshot).get("run_id") not in run_ids

        executions = self._directory.executions(None, None)
        async for batch in _batches(executions):
            await _at_once(self._delete_but(serde, execution, stays) for execution in batch)

    async def prune(self, serde: SerializerProtocol, thread_ids: Sequence[str], strategy: str) -> None:
        """Delete what is not the latest of its namespace, or everything.

        Raises:
            TypeError: The threads are one text.
            ValueError: There is no such strategy.
        """
        if isinstance(thread_ids, str):
            raise TypeError("Name the threads in a list, also if it is only one")
        if strategy not in get_args(Strategy):
            raise ValueError(f"Unknown strategy {strategy!r}: it is one of {', '.join(get_args(Strategy))}")
        for thread_id in map(str, thread_ids):
            if strategy == "delete":
                await self.delete(thread_id)
            else:
                await self._keep_latest(serde, thread_id)

    async def _keep_latest(self, serde: SerializerProtocol, thread_id: str) -> None:
        executions = {ref_of(found).checkpoint_ns: found async for found in self._executions(thread_id)}
        root = executions.pop("", None)
        for execution in executions.values():
            if root is not None and await self._is_call_of_the_past(serde, root, execution):
                await self._delete(execution)
            else:
                await self._keep_head(serde, execution)
        if root is not None:
            await self._keep_head(serde, root)

    async def _keep_head(self, serde: SerializerProtocol, execution: Execution) -> None:
        def stays(snapshot: Snapshot) -> bool:
            return snapshot.sequence == execution.head_sequence

        await self._delete_but(serde, execution, stays, pass_over_shared=True)

    async def _is_call_of_the_past(
        self, serde: SerializerProtocol, root: Execution, execution: Execution
    ) -> bool:
        """Tell whether an execution is a subgraph's run within a step that is not the thread's latest.

        The namespace of such a run ends with the id of its task, after a colon. That of a subgraph with a
        memory of its own does not, and goes on from run to run.
        """
        if ":" not in ref_of(execution).checkpoint_ns:
            return False
        head = await self._head(execution)
        if head is None:
            return False
        within = self._codec.metadata(serde, head).get("parents", {}).get("")
        if not within:
            return False
        at = await self._store.get(ref_of(root), within)
        return at is not None and at.sequence != root.head_sequence

    async def _delete_but(
        self,
        serde: SerializerProtocol,
        execution: Execution,
        stays: Callable[[Snapshot], bool],
        *,
        pass_over_shared: bool = False,
    ) -> None:
        """Delete an execution's snapshots but those that stay, and those that these are made of.

        Raises:
            SnapshotInUseError: Some are shared with another thread, and are not to be passed over.
        """
        found = await self._sort(serde, execution, stays)
        if not found.going:
            return
        if not found.last_staying:
            await self._delete(execution)
            return
        try:
            if execution.head_sequence in found.going:
                await self._client.executions.rollback(
                    execution.id, found.last_staying, expected_head_sequence=execution.head_sequence
                )
            for first in range(0, len(found.going), DELETIONS_PER_CALL_MAX):
                going = found.going[first : first + DELETIONS_PER_CALL_MAX]
                await self._delete_snapshots(execution.id, going, pass_over_shared=pass_over_shared)
        finally:
            self._store.forget(ref_of(execution))

    async def _delete_snapshots(
        self, execution_id: str, sequences: Sequence[int], *, pass_over_shared: bool
    ) -> None:
        try:
            await self._client.snapshots.delete(execution_id, sequences)
        except SnapshotInUseError as error:
            shared_through = int(error.metadata.get("sharedThrough", 0))
            if not pass_over_shared or not shared_through:
                raise
            unshared = [sequence for sequence in sequences if sequence > shared_through]
            if unshared:
                await self._client.snapshots.delete(execution_id, unshared)

    async def _sort(
        self, serde: SerializerProtocol, execution: Execution, stays: Callable[[Snapshot], bool]
    ) -> _Sorted:
        going: list[int] = []
        last_staying = 0
        # The channels whose values, or writes, an older checkpoint must have.
        needed: defaultdict[str, set[str]] = defaultdict(set)
        async for snapshot in self._snapshots(execution):
            open_channels = needed.pop(snapshot.key, set())
            if stays(snapshot):
                last_staying = last_staying or snapshot.sequence
                open_channels |= self._codec.counted(serde, snapshot)
            elif not open_channels:
                going.append(snapshot.sequence)
                continue
            open_channels -= await self._held(serde, snapshot, open_channels)
            if open_channels and (parent_id := snapshot.metadata["parentId"]):
                needed[parent_id] |= open_channels
        return _Sorted(going, last_staying)

    async def _held(
        self, serde: SerializerProtocol, snapshot: Snapshot, channels: AbstractSet[str]
    ) -> AbstractSet[str]:
        """Return at least those of the channels whose values a checkpoint holds."""
        if not channels or not self._codec.may_hold(serde, snapshot, channels):
            return frozenset()
        whole = await self._store.state_of(snapshot)
        return frozenset() if whole is None else whole.state.keys()

    # -- Copying ------------------------------------------------------------------------

    async def copy(self, source_thread_id: str, target_thread_id: str) -> None:
        """Make a thread that shares all checkpoints of another one.

        Raises:
            AlreadyExistsError: The target exists.
        """
        await self._fork_all(
            [
                (execution, newest, ThreadRef(target_thread_id, ref_of(execution).checkpoint_ns))
                async for execution in self._executions(source_thread_id)
                if (newest := await self._newest(execution)) is not None
            ]
        )

    async def fork(
        self, serde: SerializerProtocol, source: ThreadRef, checkpoint_id: str | None, target_thread_id: str
    ) -> Snapshot:
        """Make a thread that shares the checkpoints of another one up to one of them, and return that one.

        Raises:
            NotFoundError: There is no such checkpoint.
            AlreadyExistsError: The target exists.
        """
        last = await self._store.get(source, checkpoint_id)
        if last is None:
            raise NotFoundError(f"Thread {source.thread_id!r} has no checkpoint {checkpoint_id or ''!r}")
        forks: list[tuple[Execution, Snapshot, ThreadRef]] = []
        async for execution in self._executions(source.thread_id):
            checkpoint_ns = ref_of(execution).checkpoint_ns
            if checkpoint_ns == source.checkpoint_ns:
                at: Snapshot | None = last
            else:
                at = await self._as_of(serde, execution, source.checkpoint_ns, last.key)
            if at is not None:
                forks.append((execution, at, ThreadRef(target_thread_id, checkpoint_ns)))
        await self._fork_all(forks)
        return last

    async def _as_of(
        self, serde: SerializerProtocol, execution: Execution, checkpoint_ns: str, checkpoint_id: str
    ) -> Snapshot | None:
        """Return where another namespace stood at a checkpoint; the ids of checkpoints grow with time."""
        async for snapshot in self._snapshots(execution):
            within = self._codec.metadata(serde, snapshot).get("parents", {}).get(checkpoint_ns, "")
            if within and within <= checkpoint_id:
                return snapshot
        return None

    async def _fork_all(self, forks: Sequence[tuple[Execution, Snapshot, ThreadRef]]) -> None:
        # The main namespace comes last: whoever sees it sees the others.
        inner = [fork for fork in forks if fork[2].checkpoint_ns]
        await _at_once(self._fork(*fork) for fork in inner)
        await _at_once(self._fork(*fork) for fork in forks if fork not in inner)

    async def _fork(self, execution: Execution, last: Snapshot, target: ThreadRef) -> None:
        async def create(fork_execution_id: str) -> Execution:
            return await self._client.executions.fork(
                execution.id,
                last.sequence,
                fork_execution_id=fork_execution_id,
                name=name_of(target),
                session_id=session_id_of(target.thread_id),
                tags=(EXECUTION_TAG,),
                metadata=metadata_of(target),
            )

        fork_id, is_new = await self._directory.begin(target, create)
        if not is_new:
            raise AlreadyExistsError(f"Thread {target.thread_id!r} exists already")
        self._store.forget(target)
        if last.sequence > execution.head_sequence:
            # The thread was rolled back, and so is its copy.
            await self._client.executions.rollback(
                fork_id, execution.head_sequence, expected_head_sequence=last.sequence
            )

    # -- Finding ------------------------------------------------------------------------

    def _executions(self, thread_id: str) -> AsyncIterator[Execution]:
        return self._directory.executions(thread_id, None)

    async def _snapshots(self, execution: Execution) -> AsyncIterator[Snapshot]:
        async for snapshot in self._client.snapshots.list(
            execution.id, kinds=(SnapshotKind.CHECKPOINT,), descending=True, page_size=PAGE_SIZE
        ):
            yield await self._store.as_checkpoint(snapshot)

    async def _newest(self, execution: Execution) -> Snapshot | None:
        found = self._client.snapshots.list(execution.id, descending=True, limit=1)
        return await anext(aiter(found), None)

    async def _head(self, execution: Execution) -> Snapshot | None:
        return await self._store.get(ref_of(execution), None)


async def _batches(executions: AsyncIterator[Execution]) -> AsyncIterator[list[Execution]]:
    batch: list[Execution] = []
    async for execution in executions:
        batch.append(execution)
        if len(batch) == CALLS_AT_ONCE_MAX:
            yield batch
            batch = []
    yield batch


async def _at_once(calls: Iterable[Coroutine[Any, Any, ResultT]]) -> list[ResultT]:
    """Await a bounded number at a time; the first error ends the others."""
    turns = asyncio.Semaphore(CALLS_AT_ONCE_MAX)

    async def take_turn(call: Coroutine[Any, Any, ResultT]) -> ResultT:
        async with turns:
            return await call

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(take_turn(call)) for call in calls]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
