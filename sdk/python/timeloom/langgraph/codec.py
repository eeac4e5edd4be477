"""Between LangGraph's checkpoints and Timeloom's snapshots.

A thread's checkpoint namespace is an execution, a checkpoint a snapshot of it:

- its state is the values of the channels, as readable JSON;
- its key is the checkpoint's id;
- its metadata hold the rest of the checkpoint, LangGraph's metadata and the parent's id;
- its effects are the writes that tasks make before the next checkpoint.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_id,
    get_serializable_checkpoint_metadata,
    writes_sort_key,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from timeloom._cache import SizedCache
from timeloom.langgraph.transcoding import TAG, Document, Order, Packer, Transcoder
from timeloom.resources import Effect, EffectKind, Snapshot

REMEMBERED_CHECKPOINTS_MAX: Final = 1024

_COUNTED_VALUES: Final = "countedValues"
"""In a snapshot's metadata: delta channels whose values it holds though LangGraph counts them as older."""


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """Names one checkpoint namespace of one thread."""

    thread_id: str
    checkpoint_ns: str

    @classmethod
    def of(cls, config: RunnableConfig) -> ThreadRef:
        """Return what a configuration names."""
        configurable = config.get("configurable", {})
        return cls(str(configurable["thread_id"]), configurable.get("checkpoint_ns") or "")

    def config(self, checkpoint_id: str) -> RunnableConfig:
        """Return the configuration that names one of its checkpoints."""
        return {
            "configurable": {
                "thread_id": self.thread_id,
                "checkpoint_ns": self.checkpoint_ns,
                "checkpoint_id": checkpoint_id,
            }
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRecord:
    """A checkpoint, ready to be recorded."""

    ref: ThreadRef
    checkpoint_id: str
    parent_id: str | None
    step_name: str
    state: dict[str, Any]
    metadata: dict[str, Any]
    create_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WritesRecord:
    """Writes of one task, ready to be recorded.

    LangGraph writes again what it has written when it repeats a task. The first writes count, unless all are
    to special channels, such as that of errors: then the last ones do.
    """

    ref: ThreadRef
    checkpoint_id: str
    effects: tuple[Effect, ...]
    replace: bool


@dataclass(frozen=True, slots=True)
class _Remembered:
    """The checkpoint that an execution's next one is likely to follow."""

    checkpoint_id: str
    versions: ChannelVersions
    documents: Mapping[str, Document]
    versions_seen: Mapping[str, ChannelVersions]


class CheckpointCodec:
    """Turns checkpoints into records and snapshots into checkpoints. Threads may share it."""

    def __init__(self) -> None:
        self._transcoder = Transcoder()
        # What a task writes may have another shape than what the channel makes of it.
        self._writes_transcoder = Transcoder()
        self._bookkeeping = Transcoder(ordered=False)
        self._remembered: SizedCache[ThreadRef, _Remembered] = SizedCache(REMEMBERED_CHECKPOINTS_MAX)

    # -- Recording ----------------------------------------------------------------

    def record(
        self,
        serde: SerializerProtocol,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> CheckpointRecord:
        """Return the record of a checkpoint, whose parent the configuration names."""
        ref, parent_id = ThreadRef.of(config), get_checkpoint_id(config)
        before = self._remembered.get(ref)
        if before is not None and before.checkpoint_id != parent_id:
            before = None
        documents = self._documents(serde, checkpoint, new_versions, before)
        self._remembered.put(
            ref,
            _Remembered(
                checkpoint["id"],
                dict(checkpoint["channel_versions"]),
                documents,
                {node: dict(seen) for node, seen in checkpoint["versions_seen"].items()},
            ),
        )
        kept = get_serializable_checkpoint_metadata(config, metadata)
        rest = {key: value for key, value in checkpoint.items() if key not in ("id", "channel_values")}
        return CheckpointRecord(
            ref=ref,
            checkpoint_id=checkpoint["id"],
            parent_id=parent_id,
            step_name=_step_name(checkpoint, metadata, before),
            state=_state(documents),
            metadata={
                "checkpoint": self._bookkeeping.encode(serde.dumps_typed(rest)).tree,
                "metadata": self._bookkeeping.encode(serde.dumps_typed(kept)).tree,
                "parentId": parent_id,
                **_counted_values(checkpoint, metadata),
            },
            create_time=_moment(checkpoint["ts"]),
        )

    def _documents(
        self,
        serde: SerializerProtocol,
        checkpoint: Checkpoint,
        new_versions: ChannelVersions,
        before: _Remembered | None,
    ) -> dict[str, Document]:
        """Return the channels' documents; those of unchanged channels are the parent's."""
        versions = checkpoint["channel_versions"]
        documents: dict[str, Document] = {}
        for channel, value in checkpoint["channel_values"].items():
            if (
                before is not None
                and channel in before.documents
                and channel not in new_versions
                and versions.get(channel) is not None
                and versions[channel] == before.versions.get(channel)
            ):
                documents[channel] = before.documents[channel]
            else:
                documents[channel] = self._transcoder.encode(serde.dumps_typed(value))
        return documents

    def record_writes(
        self,
        serde: SerializerProtocol,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str,
    ) -> WritesRecord:
        """Return the record of a task's writes on the checkpoint that the configuration names."""
        replace = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        effects: dict[str, Effect] = {}
        for position, (channel, value) in enumerate(writes):
            index = WRITES_IDX_MAP.get(channel, position)
            document = self._writes_transcoder.encode(serde.dumps_typed(value))
            request: dict[str, Any] = {"taskId": task_id, "taskPath": task_path, "index": index}
            if document.orders:
                request["orders"] = _listed(document.orders)
            effect = Effect(
                key=f"{task_id}:{index}",
                kind=EffectKind.WRITE,
                name=channel,
                request=request,
                response=document.tree,
            )
            if replace or effect.key not in effects:
                effects[effect.key] = effect
        return WritesRecord(
            ref=ThreadRef.of(config),
            checkpoint_id=config.get("configurable", {})["checkpoint_id"],
            effects=tuple(effects.values()),
            replace=replace,
        )

    # -- Loading --------------------------------------------------------------------

    def metadata(self, serde: SerializerProtocol, snapshot: Snapshot) -> CheckpointMetadata:
        """Return LangGraph's metadata of a checkpoint."""
        typed = self._bookkeeping.decode(Document(snapshot.metadata["metadata"]))
        return cast("CheckpointMetadata", serde.loads_typed(typed))

    def counted(self, serde: SerializerProtocol, snapshot: Snapshot) -> AbstractSet[str]:
        """Return the delta channels whose values a checkpoint does not hold: older ones make them up.

        LangGraph counts, in the metadata, the steps since it last stored the value of a delta channel.
        """
        counted = self.metadata(serde, snapshot).get("counters_since_delta_snapshot") or {}
        return counted.keys() - set(snapshot.metadata.get(_COUNTED_VALUES, ()))

    def may_hold(self, serde: SerializerProtocol, snapshot: Snapshot, channels: AbstractSet[str]) -> bool:
        """Tell whether a checkpoint may hold the value of a channel; False only if it surely holds none."""
        return bool(channels - self.counted(serde, snapshot))

    def values(
        self, serde: SerializerProtocol, snapshot: Snapshot, channels: Container[str]
    ) -> dict[str, Any]:
        """Return the values of those of the channels that a snapshot, with its state, holds."""
        state = dict(snapshot.state)
        orders = _orders(state.pop(TAG, ["orders", []])[1])
        return {
            channel: serde.loads_typed(self._transcoder.decode(Document(tree, orders)))
            for channel, tree in state.items()
            if channel in channels
        }

    def load(
        self,
        serde: SerializerProtocol,
        ref: ThreadRef,
        snapshot: Snapshot,
        *,
        packer: Packer | None = None,
        remember: bool = False,
    ) -> CheckpointTuple:
        """Return the checkpoint that a snapshot, with its state and effects, recorded.

        Args:
            serde: Loads the values.
            ref: The thread.
            snapshot: What was recorded.
            packer: Packs what several states share only once.
            remember: The next checkpoint to be recorded will probably follow this one.
        """
        packer = packer or Packer()
        state = dict(snapshot.state)
        orders = _orders(state.pop(TAG, ["orders", []])[1])
        self._transcoder.learn(orders)
        documents = {channel: Document(tree, orders) for channel, tree in state.items()}
        values = {
            channel: serde.loads_typed(self._transcoder.decode(document, packer))
            for channel, document in documents.items()
        }
        rest = serde.loads_typed(self._bookkeeping.decode(Document(snapshot.metadata["checkpoint"])))
        if remember:
            versions, seen = dict(rest["channel_versions"]), rest["versions_seen"]
            self._remembered.put(ref, _Remembered(snapshot.key, versions, documents, seen))
        parent_id = snapshot.metadata["parentId"]
        return CheckpointTuple(
            config=ref.config(snapshot.key),
            checkpoint=cast("Checkpoint", {**rest, "id": snapshot.key, "channel_values": values}),
            metadata=self.metadata(serde, snapshot),
            parent_config=ref.config(parent_id) if parent_id else None,
            pending_writes=self.writes(serde, snapshot.effects),
        )

    def writes(self, serde: SerializerProtocol, effects: Iterable[Effect]) -> list[PendingWrite]:
        """Return the writes that were recorded as effects, in the order in which LangGraph applies them."""
        writes = [effect for effect in effects if effect.kind is EffectKind.WRITE]
        writes.sort(key=_write_order)
        return [
            (
                effect.request["taskId"],
                effect.name,
                serde.loads_typed(
                    self._writes_transcoder.decode(
                        Document(effect.response, _orders(effect.request.get("orders", ())))
                    )
                ),
            )
            for effect in writes
        ]


def _counted_values(checkpoint: Checkpoint, metadata: CheckpointMetadata) -> dict[str, list[str]]:
    counted = metadata.get("counters_since_delta_snapshot") or {}
    held = sorted(channel for channel in counted if channel in checkpoint["channel_values"])
    return {_COUNTED_VALUES: held} if held else {}


def _write_order(effect: Effect) -> tuple[str, str, int]:
    request = effect.request
    return writes_sort_key(request["taskPath"], request["taskId"], request["index"])


def _state(documents: Mapping[str, Document]) -> dict[str, Any]:
    if TAG in documents:
        raise ValueError(f"A channel of the graph is called {TAG!r}, which Timeloom needs for itself")
    state = {channel: document.tree for channel, document in documents.items()}
    orders = frozenset[Order]().union(*(document.orders for document in documents.values()))
    return {TAG: ["orders", _listed(orders)], **state} if orders else state


def _listed(orders: Iterable[Order]) -> list[list[str]]:
    return [list(order) for order in sorted(orders)]


def _orders(listed: Iterable[Sequence[str]]) -> frozenset[Order]:
    return frozenset(tuple(order) for order in listed)


def _step_name(checkpoint: Checkpoint, metadata: CheckpointMetadata, before: _Remembered | None) -> str:
    """Return the nodes that ran since the parent, or else what made it: `input`, `update`, `fork`."""
    source = str(metadata.get("source", ""))
    if source != "loop" or before is None:
        return source
    ran = [
        node
        for node, seen in checkpoint["versions_seen"].items()
        if seen != before.versions_seen.get(node) and node not in ("__input__", "__interrupt__")
    ]
    return ", ".join(sorted(ran))[:500] or source


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
