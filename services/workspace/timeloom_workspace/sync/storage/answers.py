"""What became of mutations, for those that are sent again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_platform.database import Connection
from timeloom_workspace.sync.model import Result
from timeloom_workspace.sync.policies import Outcome

_COLUMNS: Final = "mutation_id, outcome, transaction_id, clock, reason, conflict_id, dead_letter_id"

# A client that gives up waiting sends its queue again while the first call is still under way.
LOCK_CLIENT: Final = """
SELECT pg_advisory_xact_lock(hashtextextended('timeloom mutations of ' || $1::text || ' ' || $2::text, 0))
"""

SELECT: Final = f"SELECT {_COLUMNS} FROM mutation_answers WHERE project_id = $1 AND mutation_id = ANY($2)"  # noqa: S608 - a constant

INSERT: Final = f"""
INSERT INTO mutation_answers (project_id, {_COLUMNS}, create_time)
SELECT $1, given.*, clock_timestamp()
FROM unnest(
    $2::text [], $3::smallint [], $4::bigint [], $5::text [], $6::text [], $7::uuid [], $8::uuid []
) AS given
"""  # noqa: S608 - a constant

# A mutation that was rejected and is applied later has a new answer.
REPLACE: Final = """
UPDATE mutation_answers
SET outcome = $3, transaction_id = $4, clock = $5, reason = $6, conflict_id = $7, dead_letter_id = $8
WHERE project_id = $1 AND mutation_id = $2
"""


async def lock_client(connection: Connection, project_id: UUID, client_id: str) -> None:
    """Makes the client's other batches wait until the transaction ends."""
    await connection.execute(LOCK_CLIENT, str(project_id), client_id)


async def select(connection: Connection, project_id: UUID, mutation_ids: Sequence[str]) -> dict[str, Result]:
    """Returns the answers to mutations that were sent before, by the ids of these."""
    rows = await connection.fetch(SELECT, project_id, mutation_ids)
    return {row["mutation_id"]: _result_of(row) for row in rows}


async def insert(connection: Connection, project_id: UUID, results: Collection[Result]) -> None:
    """Keeps the answers to mutations.

    Raises:
        UniqueViolationError: Another client has sent one of these mutations meanwhile.
    """
    if results:
        columns = zip(*map(_arguments, results), strict=True)
        await connection.execute(INSERT, project_id, *map(list, columns))


async def replace(connection: Connection, project_id: UUID, result: Result) -> None:
    """Keeps another answer to a mutation that was taken up again."""
    await connection.execute(REPLACE, project_id, *_arguments(result))


def _arguments(result: Result) -> tuple[object, ...]:
    return (
        result.mutation_id,
        int(result.outcome),
        result.transaction_id,
        result.clock,
        result.reason,
        result.conflict_id,
        result.dead_letter_id,
    )


def _result_of(row: asyncpg.Record) -> Result:
    return Result(
        mutation_id=row["mutation_id"],
        outcome=Outcome(row["outcome"]),
        transaction_id=row["transaction_id"],
        clock=row["clock"],
        reason=row["reason"],
        conflict_id=row["conflict_id"],
        dead_letter_id=row["dead_letter_id"],
        is_repeated=True,
    )
