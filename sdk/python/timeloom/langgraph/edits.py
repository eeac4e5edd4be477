"""Checkpoints that LangGraph has not made: states that somebody has edited.

A fork whose state was patched begins with a snapshot that knows nothing of LangGraph. It is a checkpoint all
the same: no node has run since its parent, so the parent's bookkeeping is its own. All it lacks is an id.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from timeloom.langgraph.transcoding import TAG
from timeloom.resources import Snapshot

_GREGORIAN_EPOCH: Final = datetime(1582, 10, 15, tzinfo=UTC)


def is_checkpoint(snapshot: Snapshot) -> bool:
    """Tell whether LangGraph has made it."""
    match snapshot.metadata:
        case {"checkpoint": _, "metadata": _}:
            return True
        case _:
            return False


def edited(snapshot: Snapshot, parent: Snapshot) -> Snapshot:
    """Return a snapshot, made by editing a checkpoint, as a checkpoint."""
    metadata = parent.metadata
    return replace(
        snapshot,
        key=_id_after(parent.key, snapshot),
        metadata={**metadata, "metadata": _edited(metadata["metadata"]), "parentId": parent.key},
    )


def _edited(metadata: Any) -> Any:
    """Return LangGraph's metadata for an update, unless a serde has hidden them."""
    match metadata:
        case {"step": int(step), **rest} if TAG not in rest:
            return {**metadata, "source": "update", "step": step + 1}
        case _:
            return metadata


def _id_after(parent_id: str, snapshot: Snapshot) -> str:
    """Return a UUIDv6, always the same for a snapshot; it sorts after the parent's, as LangGraph's ids do."""
    since = snapshot.create_time - _GREGORIAN_EPOCH
    ticks = (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10
    ticks = max(ticks, _ticks_of(parent_id) + 1)
    rest = int(snapshot.chain_hash[:16], 16)
    high, low = divmod(ticks, 1 << 12)
    return str(uuid.UUID(int=high << 80 | 6 << 76 | low << 64 | 2 << 62 | rest >> 2))


def _ticks_of(checkpoint_id: str) -> int:
    try:
        found = uuid.UUID(checkpoint_id)
    except ValueError:
        return 0
    return found.int >> 80 << 12 | found.int >> 64 & 0xFFF if found.version == 6 else 0
