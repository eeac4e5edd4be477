"""The hash that binds a snapshot to all before it.

    chain hash = SHA-256(parent's chain hash || state hash || length of the facts (4 bytes, big-endian) ||
    facts || delta)

The facts are what was recorded with the snapshot and never changes: a MessagePack array of sequence, parent
sequence, kind, time (microseconds since 1970), step name, label, key, tags and metadata (canonical JSON). The
delta is the one from the parent's state, uncompressed. The parent of a first snapshot is the genesis of its
execution:

    genesis = SHA-256("timeloom chain 1" || project (16 bytes) || execution (16 bytes))

So a snapshot's hash tells whether anything before it was changed, left out, or brought from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

_PURPOSE: Final = b"timeloom chain 1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_pack: Final = msgspec.msgpack.Encoder().encode


def genesis(project_id: UUID, execution_id: UUID) -> bytes:
    """Returns the hash that an execution's first snapshot stands on."""
    return sha256(_PURPOSE + project_id.bytes + execution_id.bytes).digest()


def facts(
    *,
    sequence: int,
    parent_sequence: int,
    kind: int,
    create_time: datetime,
    step_name: str,
    label: str,
    key: str,
    tags: Sequence[str],
    metadata: str | None,
) -> bytes:
    """Returns the fixed encoding of what was recorded with a snapshot."""
    microseconds = (create_time - _EPOCH) // _MICROSECOND
    return _pack((sequence, parent_sequence, kind, microseconds, step_name, label, key, tags, metadata))


def link(parent: bytes, *, state_hash: bytes, facts: bytes, delta: bytes) -> bytes:
    """Returns a snapshot's chain hash."""
    return sha256(b"".join((parent, state_hash, len(facts).to_bytes(4, "big"), facts, delta))).digest()
