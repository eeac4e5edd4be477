"""A walk along an execution: one snapshot after the other with its state, each proved by its hash.

It makes one pass over the deltas, so that a step costs what it changed, however large the states are: the
states share all that is equal, and the next hash is made from the one before.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from timeloom.state import delta
from timeloom.state.statehash import StateHash
from timeloom_platform.database import Database
from timeloom_platform.errors import DataLossError
from timeloom_snapshots import work
from timeloom_snapshots.head import STATE_BEFORE_ALL
from timeloom_snapshots.model import Snapshot
from timeloom_snapshots.reader import ReadState, StateReader
from timeloom_snapshots.runs import Delta, DeltaRuns, unreadable
from timeloom_snapshots.storage import snapshots as storage
from timeloom_snapshots.storage.snapshots import SnapshotFilter

CHUNK: Final = 64
"""So many steps are made at once; other calls go on in between."""


class Step(NamedTuple):
    """A snapshot on the way.

    Attributes:
        snapshot: Its facts.
        state: Shares what is equal with the states of its neighbours; not to be changed.
        state_hash: The state's, as it was recorded.
        delta: What is stored: relative to the snapshot numbered one less, unless it sets the root.
    """

    snapshot: Snapshot
    state: Any
    state_hash: StateHash
    delta: Delta

    @property
    def sequence(self) -> int:
        """The snapshot's."""
        return self.snapshot.sequence


class _Cursor(NamedTuple):
    """A state on the way; that of a snapshot, or of one that was deleted but is still stood on."""

    sequence: int
    state: Any
    state_hash: StateHash

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls(step.snapshot.sequence, step.state, step.state_hash)


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
        cursor = _Cursor.of(after) if after else None
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
        cursor: _Cursor | None,
        deltas: Sequence[Delta],
        facts: Mapping[int, Snapshot],
    ) -> tuple[list[Step], _Cursor | None]:
        """Makes some steps; where the way to them is not at hand, their states are read."""
        steps: list[Step] = []
        rest: list[Delta] = list(deltas)
        while rest:
            if not _follows(cursor, rest[0]):
                cursor = await self._anchor(project_id, execution_id, rest[0].sequence)
                if cursor is None:
                    del rest[0]
                    continue
            made, reached = await work.on(_size_of(rest), _make, execution_id, cursor, rest, facts)
            steps.extend(made)
            rest = [each for each in rest if each.sequence > reached.sequence]
            cursor = reached
        return steps, cursor

    async def _anchor(self, project_id: UUID, execution_id: UUID, sequence: int) -> _Cursor | None:
        read = await self._reader.read(project_id, execution_id, sequence)
        return await work.on(read.snapshot.state_bytes, _anchored, read) if read else None


def _make(
    execution_id: UUID, cursor: _Cursor | None, deltas: Sequence[Delta], facts: Mapping[int, Snapshot]
) -> tuple[list[Step], _Cursor]:
    """Makes the steps that follow one another; the first of the deltas does."""
    steps: list[Step] = []
    at = cursor or _BEFORE_ALL
    for each in deltas:
        if not _follows(at, each):
            break
        at = _next(execution_id, at, each)
        snapshot = facts.get(each.sequence)
        if snapshot is None:
            continue
        if at.state_hash.digest != snapshot.state_hash:
            raise damaged(snapshot)
        steps.append(Step(snapshot, at.state, at.state_hash, each))
    return steps, at


def _next(execution_id: UUID, at: _Cursor, each: Delta) -> _Cursor:
    if at.sequence == each.sequence:
        return at
    try:
        state = delta.apply(at.state, each.operations)
    except delta.DeltaError as error:
        raise unreadable(execution_id, each.sequence) from error
    return _Cursor(each.sequence, state, at.state_hash.updated(state, each.operations))


_BEFORE_ALL: Final = _Cursor(0, STATE_BEFORE_ALL, StateHash.of(STATE_BEFORE_ALL))


def _follows(cursor: _Cursor | None, each: Delta) -> bool:
    """Tells whether a delta can be applied where the walk stands, or is what led there."""
    if delta.sets_root(each.operations):
        return True
    return cursor is not None and cursor.sequence in {each.sequence - 1, each.sequence}


def _anchored(read: ReadState) -> _Cursor:
    state_hash = StateHash.of(read.state)
    if state_hash.digest != read.snapshot.state_hash:
        raise damaged(read.snapshot)
    return _Cursor(read.snapshot.sequence, read.state, state_hash)


def _size_of(deltas: Sequence[Delta]) -> int:
    """Returns how much there is to work on: what the deltas touch, roughly, is what they are."""
    return sum([len(each.encoded) for each in deltas])


def damaged(snapshot: Snapshot) -> DataLossError:
    """Returns the error for a state that is not what was recorded."""
    return DataLossError(f"Snapshot {snapshot.sequence} of {snapshot.execution_id} fails its hash.")
