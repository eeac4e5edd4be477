"""CRC-32 checksums, as signed numbers, of what the hashes of a chain do not cover."""

from __future__ import annotations

import zlib
from datetime import datetime

from timeloom_snapshots.model import Effect


def of_snapshot(
    *,
    base_sequence: int,
    dictionary_id: int,
    state_bytes: int,
    stored_bytes: int,
    delta: bytes,
    bridge: bytes | None = None,
) -> int:
    """Returns the checksum of how a snapshot is stored."""
    facts = b"%d %d %d %d " % (base_sequence, dictionary_id, state_bytes, stored_bytes)
    return _of(facts, delta) if bridge is None else _of(facts, delta, b" %d " % len(bridge), bridge)


def of_keyframe(*, sequence: int, dictionary_id: int, state: bytes) -> int:
    """Returns the checksum of a keyframe."""
    return _of(b"%d %d " % (sequence, dictionary_id), state)


def of_segment(first_sequence: int, last_sequence: int, content: bytes) -> int:
    """Returns the checksum of a segment."""
    return _of(b"%d %d " % (first_sequence, last_sequence), content)


def of_effect(effect: Effect, *, sequence: int, dictionary_id: int) -> int:
    """Returns the checksum of an effect as it is stored."""
    facts = b"%d %d %d %d %d %d " % (
        sequence,
        dictionary_id,
        effect.ordinal,
        effect.kind,
        effect.document_bytes,
        _microseconds(effect.create_time),
    )
    parts = (effect.key.encode(), effect.name.encode(), effect.request, effect.response)
    return _of(facts, *(b"-" if part is None else b"%d:%b" % (len(part), part) for part in parts))


def _of(*parts: bytes) -> int:
    value = 0
    for part in parts:
        value = zlib.crc32(part, value)
    return value - (1 << 32) if value >= 1 << 31 else value


def _microseconds(time: datetime) -> int:
    return int(time.timestamp()) * 1_000_000 + time.microsecond
