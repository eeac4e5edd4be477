"""Surveys of executions: what is known of all snapshots on the way to one, without their states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError, TooLargeError
from timeloom_snapshots.facts import Fact, on_the_way_to
from timeloom_snapshots.storage import deltas, facts, spans

SNAPSHOTS_MAX: Final = 100_000
"""The snapshots of an execution that is surveyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The snapshots on the way to one, in order; none if an execution has none yet."""

    sequence: int
    facts: Sequence[Fact]


class Survey:
    """Surveys executions."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def way(self, project_id: UUID, execution_id: UUID, sequence: int | None) -> Way:
        """Returns the way to a snapshot, or to the head.

        Raises:
            NotFoundError: There is no such execution or snapshot.
            TooLargeError: The execution has too many snapshots.
        """
        async with self._database.transaction(str(project_id)) as connection:
            span = await spans.select(connection, project_id, execution_id)
            if span is None:
                raise NotFoundError(f"There is no execution {execution_id}.")
            wanted = span.head if sequence is None else sequence
            found = await facts.select_up_to(
                connection, project_id, execution_id, last=wanted, limit=SNAPSHOTS_MAX + 1
            )
            turns = await deltas.select_turns(connection, project_id, execution_id, last=wanted)
        if len(found) > SNAPSHOTS_MAX:
            raise TooLargeError(
                f"Execution {execution_id} has more than {SNAPSHOTS_MAX:,} snapshots up to {wanted}."
            )
        if wanted and (not found or found[-1].sequence != wanted):
            raise NotFoundError(f"Execution {execution_id} has no snapshot {wanted}.")
        return Way(sequence=wanted, facts=on_the_way_to(wanted, found, turns))
