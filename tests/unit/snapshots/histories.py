"""Executions in memory: states that follow one another, with their deltas and facts, as they are recorded."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.unit.state.strategies import related_pairs, values
from timeloom.state import delta
from timeloom.state.statehash import StateHash
from timeloom_snapshots.model import Snapshot, SnapshotKind
from timeloom_snapshots.steps import Cursor, Delta, Step, make_steps

EXECUTION = UUID(int=7)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


class Recording:
    """An execution's snapshots: some numbers may be missing, as where snapshots were deleted."""

    def __init__(self, states: dict[int, Any], parents: dict[int, int]) -> None:
        self.states = states
        self.parents = parents
        self.snapshots = {number: self._snapshot(number) for number in states}
        self.deltas = [self._delta(number) for number in states]

    async def forward(
        self, _project_id: UUID, _execution_id: UUID, *, first: int, last: int, after: Step | None = None
    ) -> AsyncGenerator[Sequence[Step]]:
        """Walks as `Walk` does, in small batches."""
        cursor = Cursor.at(after) if after else None
        run = [each for each in self.deltas if first <= each.sequence <= last]
        while run:
            steps, cursor, count = make_steps(EXECUTION, cursor, run[:3], self.snapshots)
            if steps:
                yield steps
            run = run[count:]
            if run and count < 3:
                number = run[0].sequence
                cursor = Cursor(number, self.states[number], StateHash.of(self.states[number]))

    def _snapshot(self, number: int) -> Snapshot:
        state_hash = StateHash.of(self.states[number])
        return Snapshot(
            execution_id=EXECUTION,
            sequence=number,
            parent_sequence=self.parents[number],
            kind=SnapshotKind.STEP_END,
            step_name="odd" if number % 2 else "even",
            label="",
            key="",
            tags=(),
            metadata=None,
            state_hash=state_hash.digest,
            chain_hash=b"",
            state_bytes=state_hash.size_bytes,
            stored_bytes=0,
            effect_count=0,
            create_time=BEGIN + timedelta(seconds=number),
        )

    def _delta(self, number: int) -> Delta:
        """Returns what is stored: a branch and the first one are whole, what follows a gap has a bridge."""
        before = [each for each in self.states if each < number]
        is_whole = not before or self.parents[number] != number - 1
        old = None if is_whole else self.states[before[-1]]
        operations = (
            [delta.Set((), self.states[number])] if is_whole else delta.diff(old, self.states[number])
        )
        return Delta(number, operations, delta.encode(operations))


@st.composite
def recordings(draw: st.DrawFn, *, length_max: int = 14) -> Recording:
    """Executions whose states are edited from step to step, with branches and gaps."""
    length = draw(st.integers(1, length_max))
    states: dict[int, Any] = {1: draw(values)}
    parents = {1: 0}
    for number in range(2, length + 1):
        parents[number] = draw(st.one_of(st.just(number - 1), st.integers(1, number - 1)))
        states[number] = draw(_successors(states[parents[number]]))
    gone = draw(st.sets(st.integers(1, length), max_size=length - 1))
    # What stands on a branch's first snapshot would lose what it is relative to.
    gone = {each for each in gone if each == 1 or parents[each] == each - 1} - {1}
    return Recording({each: state for each, state in states.items() if each not in gone}, parents)


def _successors(state: Any) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.just(state), values, related_pairs().map(lambda pair: {"before": state, "now": pair[1]})
    )
