"""A walk along an execution: one snapshot after the other with its state, each proved by its hash.

It makes one pass over the deltas, so that a step costs what it changed, however large the states are: the
states share all that is equal, and the next hash is made from the one before.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_snapshots import work
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.runs import DeltaRuns
from timeloom_snapshots.steps import Cursor, Delta, Step, make_steps
from timeloom_snapshots.storage import snapshots as storage
from timeloom_snapshots.storage.snapshots import SnapshotFilter

CHUNK: Final = 64
"""So many steps are made at once; other calls go on in between."""


class Walk:
    """Walks along executions."""

    def __init__(self, *, database: Database, reader: StateReader, runs: DeltaRuns) -> None:
        self._database = database
        self._reader = reader
        self._runs = runs

    async def forward(
        self, project_id: UUID, execution_id: UUID, *, first: int, last: int, after: Step | None = None
    ) -> AsyncGenerator[Sequence[Step]]:
        """Yields the snapshots from one sequence to another, some at a time; those that are there.

        The order is that of the sequences, whichever parents the snapshots stand on.

        Args:
            project_id: The project.
            execution_id: The execution.
            first: The first sequence.
            last: The last sequence.
            after: A step that was made before: with the one right before the first, nothing is read twice.

        Raises:
            DataLossError: A state does not have its hash, or cannot be read.
        """
        cursor = Cursor.at(after) if after else None
        run = self._runs.read(project_id, execution_id, after=first - 1, last=last)
        async with aclosing(run):
            async for deltas in run:
                facts = await self._facts(project_id, execution_id, deltas)
                for start in range(0, len(deltas), CHUNK):
                    chunk = deltas[start : start + CHUNK]
                    steps, cursor = await self._advance(project_id, execution_id, cursor, chunk, facts)
                    if steps:
                        yield steps

    async def _facts(
        self, project_id: UUID, execution_id: UUID, deltas: Sequence[Delta]
    ) -> Mapping[int, Snapshot]:
        """Returns the facts of those snapshots of a run that were not deleted."""
        after, last = deltas[0].sequence - 1, deltas[-1].sequence
        found: dict[int, Snapshot] = {}
        while after < last:
            wanted = SnapshotFilter(after_sequence=after, before_sequence=last + 1)
            async with self._database.transaction(str(project_id)) as connection:
                page = await storage.select_page(connection, project_id, execution_id, wanted, len(deltas))
            found.update((each.sequence, each) for each in page.snapshots)
            if not page.has_more:
                break
            after = page.snapshots[-1].sequence
        return found

    async def _advance(
        self,
        project_id: UUID,
        execution_id: UUID,
        cursor: Cursor | None,
        deltas: Sequence[Delta],
        facts: Mapping[int, Snapshot],
    ) -> tuple[list[Step], Cursor | None]:
        """Makes some steps; where the way to them is not at hand, their states are read."""
        steps: list[Step] = []
        while deltas:
            size_bytes = sum([len(each.encoded) for each in deltas])
            made, cursor, count = await work.on(size_bytes, make_steps, execution_id, cursor, deltas, facts)
            steps += made
            deltas = deltas[count:]
            if deltas:
                cursor = await self._read(project_id, execution_id, deltas[0].sequence)
                if cursor is None:
                    deltas = deltas[1:]
        return steps, cursor

    async def _read(self, project_id: UUID, execution_id: UUID, sequence: int) -> Cursor | None:
        read = await self._reader.read(project_id, execution_id, sequence)
        if read is None:
            return None
        return Cursor(sequence, read.state, read.state_hash)
