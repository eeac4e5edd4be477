"""Delta channels: values that LangGraph stores only now and then, and makes of writes in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.checkpoint.base import DeltaChannelHistory, PendingWrite
from langgraph.checkpoint.serde.base import SerializerProtocol

from timeloom.langgraph.codec import CheckpointCodec
from timeloom.resources import Snapshot


class DeltaHistories:
    """What the values of some channels are made of, gathered from the newest ancestor to the oldest.

    An ancestor's writes are those that led to its successor: they come after the value that it holds.
    """

    def __init__(self, codec: CheckpointCodec, serde: SerializerProtocol, channels: Sequence[str]) -> None:
        self._codec = codec
        self._serde = serde
        self._open = set(channels)
        # Newest first, as they are met.
        self._writes: dict[str, list[PendingWrite]] = {channel: [] for channel in channels}
        self._seeds: dict[str, Any] = {}

    @property
    def complete(self) -> bool:
        """Whether older ancestors have nothing to add."""
        return not self._open

    def may_be_seeded_by(self, snapshot: Snapshot) -> bool:
        """Tell whether the snapshot's state is needed."""
        return self._codec.may_hold(self._serde, snapshot, self._open)

    def extend(self, snapshot: Snapshot) -> None:
        """Add the writes of an ancestor, which holds none of the values."""
        for write in reversed(self._codec.writes(self._serde, snapshot.effects)):
            if write[1] in self._open:
                self._writes[write[1]].append(write)

    def seed(self, snapshot: Snapshot) -> None:
        """Add the writes of an ancestor, and begin with the values that its state holds."""
        self.extend(snapshot)
        values = self._codec.values(self._serde, snapshot, self._open)
        self._seeds |= values
        self._open -= values.keys()

    def found(self) -> Mapping[str, DeltaChannelHistory]:
        """Return everything, the writes oldest first."""
        histories: dict[str, DeltaChannelHistory] = {}
        for channel, writes in self._writes.items():
            histories[channel] = {"writes": writes[::-1]}
            if channel in self._seeds:
                histories[channel]["seed"] = self._seeds[channel]
        return histories
