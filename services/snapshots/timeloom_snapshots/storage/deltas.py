"""Runs of deltas, read some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from timeloom_platform.database import Connection

BYTES_MAX: Final = 8 * 1024 * 1024
"""What the deltas that are read at once may take, compressed, if no delta for itself has more."""

# Lengths are known without reading the deltas.
SELECT_RUN: Final = f"""
SELECT sequence, dictionary_id, delta
FROM (
    SELECT
        sequence, dictionary_id, delta,
        sum(octet_length(delta)) OVER (ORDER BY sequence) - octet_length(delta) AS bytes_before
    FROM run_of($1, $2, $3, $4)
) AS run
WHERE bytes_before < {BYTES_MAX}
ORDER BY sequence
"""  # noqa: S608 - a constant

# Where the way to a snapshot turns off: at one, deleted or not, whose parent is not the one before it.
SELECT_TURNS: Final = """
SELECT turns.sequence, turns.parent_sequence
FROM lineage_of($1, $2) AS line
CROSS JOIN LATERAL (
    SELECT sequence, parent_sequence
    FROM snapshots
    WHERE project_id = $1 AND execution_id = line.owner_id AND parent_sequence <> sequence - 1
    UNION ALL
    SELECT sequence, parent_sequence
    FROM deleted_turns
    WHERE project_id = $1 AND execution_id = line.owner_id
) AS turns
WHERE turns.sequence BETWEEN line.first_sequence AND least(line.last_sequence, $3)
ORDER BY turns.sequence
"""


class StoredDelta(NamedTuple):
    """A delta as it is stored, compressed; or a segment, if the dictionary is that of segments."""

    sequence: int
    dictionary_id: int
    content: bytes


async def select_run(
    connection: Connection, project_id: UUID, execution_id: UUID, *, after: int, last: int
) -> Sequence[StoredDelta]:
    """Returns the deltas after a sequence and up to another, in order; the first ones if they are large."""
    rows = await connection.fetch(SELECT_RUN, project_id, execution_id, after, last)
    return [StoredDelta(*row) for row in rows]


async def select_turns(
    connection: Connection, project_id: UUID, execution_id: UUID, *, last: int
) -> dict[int, int]:
    """Returns the parents of those snapshots up to a sequence that do not stand on the one before.

    Those of snapshots that were deleted are among them.
    """
    rows = await connection.fetch(SELECT_TURNS, project_id, execution_id, last)
    return {row["sequence"]: row["parent_sequence"] for row in rows}
