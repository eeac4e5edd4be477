"""A LangGraph checkpointer that keeps its checkpoints in Timeloom."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_id,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from timeloom.client import Timeloom
from timeloom.langgraph.codec import CheckpointCodec, ThreadRef, WritesRecord
from timeloom.langgraph.delta_channels import DeltaHistories
from timeloom.langgraph.store import CheckpointStore
from timeloom.langgraph.transcoding import Packer
from timeloom.langgraph.upkeep import Upkeep
from timeloom.resources import Effect, Snapshot

AGENT_ID_DEFAULT: Final = "langgraph"
LOAD_AHEAD_MIN: Final = 4
LOAD_AHEAD_MAX: Final = 64
"""How many checkpoints are loaded at once, although whoever asks may stop at any."""


class TimeloomSaver(BaseCheckpointSaver[str]):
    """Records every step of a LangGraph agent, so that people can read, search and compare its states.

        graph = builder.compile(checkpointer=TimeloomSaver(client, agent_id="researcher"))

    Each thread is an execution whose session is the thread's id; each checkpoint is a snapshot whose state is
    the values of the channels, as JSON. Any number of threads may be recorded at the same time, with the
    blocking methods and the asynchronous ones alike.

    It has everything that LangGraph asks of a checkpointer, and `fork_thread` besides. In one thing it
    differs from others: checkpoints are immutable, so one that is put again stays as it is. LangGraph never
    puts one again.
    """

    def __init__(
        self,
        client: Timeloom | None = None,
        *,
        agent_id: str = AGENT_ID_DEFAULT,
        serde: SerializerProtocol | None = None,
    ) -> None:
        """Prepare a checkpointer.

        Args:
            client: The client to record with; one with the settings of the environment if None.
            agent_id: Which agent the executions belong to.
            serde: Turns values into bytes and back, in this process; LangGraph's own if None.
        """
        super().__init__(serde=serde)
        self.client = Timeloom() if client is None else client
        self._codec = CheckpointCodec()
        self._store = CheckpointStore(self.client.twin, agent_id=agent_id)
        self._upkeep = Upkeep(self.client.twin, self._store, self._codec)

    # -- Recording ----------------------------------------------------------------

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Record a checkpoint, whose parent `config` names, and return its own configuration."""
        record = self._codec.record(self.serde, config, checkpoint, metadata, new_versions)
        self.client.portal.run(self._store.put(record))
        return record.ref.config(record.checkpoint_id)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Record a checkpoint, like `put`."""
        record = await asyncio.to_thread(
            self._codec.record, self.serde, config, checkpoint, metadata, new_versions
        )
        await self.client.portal.run_from_async(self._store.put(record))
        return record.ref.config(record.checkpoint_id)

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Record what a task wrote since the checkpoint that `config` names."""
        record = self._codec.record_writes(self.serde, config, writes, task_id, task_path)
        self.client.portal.run(self._store.put_writes(record))

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Record what a task wrote, like `put_writes`."""
        record = await asyncio.to_thread(
            self._codec.record_writes, self.serde, config, writes, task_id, task_path
        )
        await self.client.portal.run_from_async(self._store.put_writes(record))

    async def record_effects(self, ref: ThreadRef, checkpoint_id: str, effects: Sequence[Effect]) -> None:
        """Record what tasks that began from a checkpoint were answered; in the client's event loop."""
        await self._store.put_writes(
            WritesRecord(ref=ref, checkpoint_id=checkpoint_id, effects=tuple(effects), replace=False)
        )

    # -- Finding --------------------------------------------------------------------

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that `config` names, or that its thread stands on, if there is one."""
        ref = ThreadRef.of(config)
        snapshot = self.client.portal.run(self._store.get(ref, get_checkpoint_id(config)))
        return None if snapshot is None else self._codec.load(self.serde, ref, snapshot, remember=True)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, like `get_tuple`."""
        ref = ThreadRef.of(config)
        snapshot = await self.client.portal.run_from_async(self._store.get(ref, get_checkpoint_id(config)))
        if snapshot is None:
            return None
        return await asyncio.to_thread(self._codec.load, self.serde, ref, snapshot, remember=True)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield checkpoints, newest first.

        Args:
            config: Only those of this thread, and of this namespace and this checkpoint if it names them;
                those of all threads if None.
            filter: Only those whose metadata have these values.
            before: Only those before this checkpoint.
            limit: At most this many.
        """
        for batch in self.client.portal.iterate(self._found(config, filter, before, limit)):
            yield from batch

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield checkpoints, like `list`."""
        found = self._found(config, filter, before, limit)
        async for batch in self.client.portal.iterate_from_async(found):
            for checkpoint in batch:
                yield checkpoint

    async def _found(
        self,
        config: RunnableConfig | None,
        wanted: dict[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
    ) -> AsyncIterator[Sequence[CheckpointTuple]]:
        """Find checkpoints without their states, then load a few ahead of those that are wanted."""
        remaining = limit
        ahead: list[tuple[ThreadRef, Snapshot]] = []
        # Without a limit, whoever asks may stop at any checkpoint.
        ahead_max = LOAD_AHEAD_MIN if limit is None else min(max(limit, 1), LOAD_AHEAD_MAX)
        takes_all = before is None and not wanted and not (config and get_checkpoint_id(config))
        page_size = ahead_max if limit is not None and takes_all else LOAD_AHEAD_MAX
        async for found in self._candidates(config, before, page_size):
            if remaining is not None and len(ahead) >= remaining:
                break
            if wanted and not _agrees(self._codec.metadata(self.serde, found[1]), wanted):
                continue
            ahead.append(found)
            if len(ahead) < ahead_max:
                continue
            yield await self._loaded(ahead)
            remaining = None if remaining is None else remaining - len(ahead)
            ahead, ahead_max = [], min(2 * ahead_max, LOAD_AHEAD_MAX)
        yield await self._loaded(ahead)

    async def _candidates(
        self, config: RunnableConfig | None, before: RunnableConfig | None, page_size: int
    ) -> AsyncIterator[tuple[ThreadRef, Snapshot]]:
        checkpoint_id = None if config is None else get_checkpoint_id(config)
        before_id = None if before is None else get_checkpoint_id(before)
        configurable = {} if config is None else config.get("configurable", {})
        thread_id = None if config is None else str(configurable["thread_id"])
        if config is not None and checkpoint_id and "checkpoint_ns" in configurable:
            ref = ThreadRef.of(config)
            named = await self._store.get(ref, checkpoint_id)
            if named is not None and not (before_id and named.key >= before_id):
                yield ref, named
            return
        history = self._store.history(thread_id, configurable.get("checkpoint_ns"), page_size=page_size)
        async for ref, snapshot in history:
            if checkpoint_id and snapshot.key != checkpoint_id:
                continue
            if before_id and snapshot.key >= before_id:
                continue
            yield ref, snapshot

    async def _loaded(self, found: Sequence[tuple[ThreadRef, Snapshot]]) -> Sequence[CheckpointTuple]:
        snapshots = await self._store.load(found)

        def load() -> Sequence[CheckpointTuple]:
            packer = Packer()
            return [
                self._codec.load(self.serde, ref, snapshot, packer=packer)
                for (ref, _), snapshot in zip(found, snapshots, strict=True)
                if snapshot is not None
            ]

        return await asyncio.to_thread(load)

    # -- Delta channels ----------------------------------------------------------------

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what each channel's value is made of: its last stored value, and the writes since then.

        Args:
            config: The checkpoint, whose own writes are not among them; the thread's latest if it names none.
            channels: The channels.
        """
        return self.client.portal.run(self._delta_history(config, channels))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what each channel's value is made of, like `get_delta_channel_history`."""
        return await self.client.portal.run_from_async(self._delta_history(config, channels))

    async def _delta_history(
        self, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        histories = DeltaHistories(self._codec, self.serde, channels)
        ref = ThreadRef.of(config)
        async with aclosing(self._store.ancestors(ref, get_checkpoint_id(config))) as ancestors:
            async for snapshot in ancestors:
                if histories.may_be_seeded_by(snapshot):
                    whole = await self._store.state_of(snapshot)
                    if whole is None:
                        break  # it is being deleted
                    histories.seed(whole)
                else:
                    histories.extend(snapshot)
                if histories.complete:
                    break
        return histories.found()

    # -- Whole threads -----------------------------------------------------------------

    def delete_thread(self, thread_id: str) -> None:
        """Delete everything that was recorded of a thread."""
        self.client.portal.run(self._upkeep.delete(str(thread_id)))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete everything that was recorded of a thread."""
        await self.client.portal.run_from_async(self._upkeep.delete(str(thread_id)))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete all checkpoints that these runs have made, in whatever thread.

        Those that a delta channel of a later checkpoint is made of stay. Every thread is looked through.
        """
        self.client.portal.run(self._upkeep.delete_for_runs(self.serde, frozenset(run_ids)))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete all checkpoints that these runs have made, like `delete_for_runs`."""
        await self.client.portal.run_from_async(self._upkeep.delete_for_runs(self.serde, frozenset(run_ids)))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete what is not needed any more of some threads.

        Args:
            thread_ids: The threads.
            strategy: `keep_latest` keeps the latest checkpoint of each namespace, and those that its delta
                channels are made of, but no subgraph's checkpoints of earlier steps; `delete` keeps nothing.
                What another thread shares stays in either case.
        """
        self.client.portal.run(self._upkeep.prune(self.serde, thread_ids, strategy))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete what is not needed any more, like `prune`."""
        await self.client.portal.run_from_async(self._upkeep.prune(self.serde, thread_ids, strategy))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Make a thread with all the checkpoints of another one, which goes its own way from then on.

        It takes no room: both share what they have in common.

        Raises:
            AlreadyExistsError: The target exists.
        """
        self.client.portal.run(self._upkeep.copy(str(source_thread_id), str(target_thread_id)))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Make a thread with all the checkpoints of another one, like `copy_thread`."""
        await self.client.portal.run_from_async(
            self._upkeep.copy(str(source_thread_id), str(target_thread_id))
        )

    def fork_thread(self, config: RunnableConfig, thread_id: str) -> RunnableConfig:
        """Make a thread that has the checkpoints up to the one that `config` names, to go on from there.

        The other thread stays as it is, while `graph.update_state` and `graph.invoke` from an earlier
        checkpoint add a branch to it.

        Returns:
            What to invoke the graph with: it names the checkpoint, unless the other thread stands on it, too,
            and so its steps are run anew.

        Raises:
            NotFoundError: There is no such checkpoint.
            AlreadyExistsError: The new thread exists.
        """
        return self.client.portal.run(self._fork_thread(config, thread_id))

    async def afork_thread(self, config: RunnableConfig, thread_id: str) -> RunnableConfig:
        """Make a thread that shares another one's past, like `fork_thread`."""
        return await self.client.portal.run_from_async(self._fork_thread(config, thread_id))

    async def _fork_thread(self, config: RunnableConfig, thread_id: str) -> RunnableConfig:
        source = ThreadRef.of(config)
        last = await self._upkeep.fork(self.serde, source, get_checkpoint_id(config), thread_id)
        latest = await self._store.get(source, None)
        configurable = {"thread_id": thread_id, "checkpoint_ns": source.checkpoint_ns}
        if latest is not None and latest.key != last.key:
            configurable["checkpoint_id"] = last.key
        return {"configurable": configurable}

    def get_next_version(
        self,
        current: str | float | None,
        channel: None,  # noqa: ARG002 - LangGraph does not use it any more
    ) -> str:
        """Return a channel's next version: versions sort as text, and those of two branches differ."""
        if current is None:
            number = 0
        elif isinstance(current, str):
            number = int(current.split(".", maxsplit=1)[0])
        else:
            number = int(current)
        return f"{number + 1:032}.{random.random():016}"  # noqa: S311 - tells branches apart, guards nothing


def _agrees(metadata: CheckpointMetadata, wanted: Mapping[str, Any]) -> bool:
    return all(metadata.get(name) == value for name, value in wanted.items())
