"""Steps along an execution: from one state to the next by its delta, each proved by its recorded hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from timeloom.state import delta
from timeloom.state.delta import Operation
from timeloom.state.statehash import StateHash
from timeloom_platform.errors import DataLossError
from timeloom_snapshots.head import STATE_BEFORE_ALL
from timeloom_snapshots.model import Snapshot


class Delta(NamedTuple):
    """What changed in one snapshot.

    Attributes:
        sequence: The snapshot's.
        operations: Relative to the snapshot that precedes it, unless they set the root. After a gap, where
            snapshots were deleted, they may also be relative to one that is not there any more.
        encoded: The same in canonical form.
    """

    sequence: int
    operations: Sequence[Operation]
    encoded: bytes


class Step(NamedTuple):
    """A snapshot on the way.

    Attributes:
        snapshot: Its facts.
        state: Shares what is equal with the states of its neighbours; not to be changed.
        state_hash: The state's, as it was recorded.
        delta: What is stored of it.
    """

    snapshot: Snapshot
    state: Any
    state_hash: StateHash
    delta: Delta

    @property
    def sequence(self) -> int:
        """The snapshot's."""
        return self.snapshot.sequence


class Cursor(NamedTuple):
    """A state on the way: that of a snapshot, or of one that was deleted and is still stood on."""

    sequence: int
    state: Any
    state_hash: StateHash

    @classmethod
    def at(cls, step: Step) -> Self:
        """Returns where a step led to."""
        return cls(step.sequence, step.state, step.state_hash)


BEFORE_ALL: Final = Cursor(0, STATE_BEFORE_ALL, StateHash.of(STATE_BEFORE_ALL))


def make_steps(
    execution_id: UUID, cursor: Cursor | None, deltas: Sequence[Delta], facts: Mapping[int, Snapshot]
) -> tuple[list[Step], Cursor | None, int]:
    """Makes the steps that follow one another.

    Args:
        execution_id: The execution.
        cursor: Where the walk stands; None if it stands nowhere yet.
        deltas: What comes next, in order; the first one may be what led to the cursor.
        facts: Of the snapshots. One that is not there was deleted: what stands on it is still made.

    Returns:
        The steps, where they lead, and how many of the deltas they took. What follows those is not relative
        to anything at hand: its state has to be read.

    Raises:
        DataLossError: A state does not have its hash, or cannot be made.
    """
    steps: list[Step] = []
    for place, each in enumerate(deltas):
        snapshot = facts.get(each.sequence)
        reached = _next(execution_id, cursor, each, snapshot)
        if reached is None:
            return steps, cursor, place
        cursor = reached
        if snapshot is not None:
            _prove(snapshot, cursor.state_hash)
            steps.append(Step(snapshot, cursor.state, cursor.state_hash, each))
    return steps, cursor, len(deltas)


def unreadable(execution_id: UUID, sequence: int) -> DataLossError:
    """Returns the error for a snapshot that cannot be made from what is stored."""
    return DataLossError(f"Snapshot {sequence} of {execution_id} cannot be read from what is stored.")


def _next(execution_id: UUID, cursor: Cursor | None, each: Delta, snapshot: Snapshot | None) -> Cursor | None:
    """Returns where a delta leads; None if it is relative to something that is not at hand."""
    sets_root = delta.sets_root(each.operations)
    if not sets_root and (cursor is None or cursor.sequence == each.sequence):
        return cursor
    at = cursor or BEFORE_ALL
    is_after_gap = not sets_root and at.sequence != each.sequence - 1
    try:
        reached = _applied(at, each)
    except delta.DeltaError as error:
        if is_after_gap:
            return None
        raise unreadable(execution_id, each.sequence) from error
    # The hash tells what a delta after a gap is relative to.
    if is_after_gap and (snapshot is None or reached.state_hash.digest != snapshot.state_hash):
        return None
    return reached


def _applied(cursor: Cursor, each: Delta) -> Cursor:
    state = delta.apply(cursor.state, each.operations)
    return Cursor(each.sequence, state, cursor.state_hash.updated(state, each.operations))


def _prove(snapshot: Snapshot, state_hash: StateHash) -> None:
    if state_hash.digest != snapshot.state_hash:
        raise DataLossError(f"Snapshot {snapshot.sequence} of {snapshot.execution_id} fails its hash.")
