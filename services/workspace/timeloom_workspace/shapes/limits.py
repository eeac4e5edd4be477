"""How much shapes may take, and for how long things are waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CHUNK_BYTES: Final = 10 * 1024 * 1024
TABLE_CHARACTERS_MAX: Final = 260
"""Two names of 63 characters in quotes, with a quote doubled here and there."""
WHERE_CHARACTERS_MAX: Final = 8192
WHERE_TOKENS_MAX: Final = 2000
WHERE_DEPTH_MAX: Final = 50
"""How deep parentheses, NOTs and casts may nest."""
PARAMETERS_MAX: Final = 200
PARAMETER_CHARACTERS_MAX: Final = 65_536
COLUMNS_MAX: Final = 200
LIKE_CHARACTERS_MAX: Final = 1000
ARRAY_ELEMENTS_MAX: Final = 10_000

SUBSET_ROWS_MAX: Final = 50_000
SUBSET_BYTES_MAX: Final = 32 * 1024 * 1024
ORDER_COLUMNS_MAX: Final = 8

RECENT_TRANSACTIONS_MAX: Final = 8192
"""How many decoded transactions are remembered, to find a snapshot that was taken too early for them."""
HELD_CHANGES_MAX: Final = 200_000
"""How many changes are held back while a snapshot is being taken; with more, the shape is given up."""
SNAPSHOT_ATTEMPTS_MAX: Final = 50
SNAPSHOT_RETRY_SECONDS: Final = 0.02
SNAPSHOT_ROWS_PER_FETCH: Final = 1000
CHANGES_PER_POLL_MAX: Final = 20_000
ROWS_PER_FETCH: Final = 2000
PREPARED_ANSWERS_MAX: Final = 8
"""How many answers of one shape are kept in memory, for clients that ask the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeLimits:
    """What an installation may set.

    Attributes:
        chunk_bytes: An answer ends when it is at least so large; the client asks for the rest.
        live_seconds: How long an answer to a live request is waited for.
        sse_seconds: How long a stream of events lasts; the client opens the next.
        keep_alive_seconds: How long a stream of events may be silent.
        poll_seconds: How often PostgreSQL is asked for changes.
        shapes_max: How many shapes there are at once; those that nobody reads make room.
        shape_bytes_max: A shape that takes more on disk, even compacted, is begun anew.
        members_max: Of how many rows a shape remembers what they were, where their table's log does not say
            it, some 350 bytes each; a shape with more is refused.
        all_members_max: All such shapes together; the one that was read longest ago makes room.
        disk_bytes_max: All shapes together; the one that was read longest ago makes room.
        compaction_bytes: A shape's log is compacted each time it has grown by so much.
        idle_seconds: A shape that nobody has read for so long is given up.
        snapshots_at_once: How many snapshots are read from PostgreSQL at a time.
        start_seconds: How long a shape's beginning is waited for.
    """

    chunk_bytes: int = CHUNK_BYTES
    live_seconds: float = 20.0
    sse_seconds: float = 60.0
    keep_alive_seconds: float = 21.0
    poll_seconds: float = 0.04
    shapes_max: int = 2000
    shape_bytes_max: int = 512 * 1024 * 1024
    members_max: int = 100_000
    all_members_max: int = 500_000
    disk_bytes_max: int = 4 * 1024 * 1024 * 1024
    compaction_bytes: int = 8 * 1024 * 1024
    idle_seconds: float = 900.0
    snapshots_at_once: int = 2
    start_seconds: float = 120.0
