"""One value over time: following the part of a state at a path along the deltas.

Deltas say what they touch. Operations on other members of the objects along the path are not applied at
all, and only where one touches the path the value is looked at, so that following it costs hardly more than
reading the deltas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from timeloom.state import align, delta, pointer
from timeloom.state.changes import ABSENT, ChangeKind
from timeloom.state.delta import Operation, Splice
from timeloom_snapshots import parts
from timeloom_snapshots.head import STATE_BEFORE_ALL
from timeloom_snapshots.steps import Delta


class ValueChange(Struct, frozen=True, kw_only=True):
    """A change of a value: which snapshot made it, and from what to what; `ABSENT` stands for nothing."""

    sequence: int
    old_value: Any
    new_value: Any

    @property
    def kind(self) -> ChangeKind:
        """What happened to it."""
        if self.old_value is ABSENT:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if self.new_value is ABSENT else ChangeKind.CHANGED


class ValueTrack:
    """Follows the value at a path from state to state.

    Attributes:
        sequence: The newest snapshot's.
        changes: What was found, oldest first.
    """

    def __init__(self, path: str, *, state: Any = ABSENT, sequence: int = 0) -> None:
        self.sequence = sequence
        self.changes: list[ValueChange] = []
        self._path = path
        self._tokens = pointer.parse(path)
        # Members beside the path may be out of date.
        self._state = STATE_BEFORE_ALL if state is ABSENT else state
        self._value = parts.part_or_absent(state, path)

    def advance(self, deltas: Sequence[Delta], *, limit: int) -> int:
        """Applies deltas until enough changes are found, and returns how many of them it took.

        It stops before one that follows a gap and does not set the root: what that is relative to cannot be
        told from here, so its state has to be read.

        Raises:
            DeltaError: A delta does not fit the state; `sequence` is that of the one before it.
        """
        for place, each in enumerate(deltas):
            if len(self.changes) >= limit:
                return place
            if each.sequence != self.sequence + 1 and not delta.sets_root(each.operations):
                return place
            needed = [operation for operation in each.operations if not is_beside(operation, self._tokens)]
            state = delta.apply(self._state, needed) if needed else self._state
            is_touched = any(touches(operation, self._tokens) for operation in needed)
            self._reach(each.sequence, state, look=is_touched)
        return len(deltas)

    def jump(self, sequence: int, state: Any) -> None:
        """Goes to a state that was read."""
        self._reach(sequence, state, look=True)

    def _reach(self, sequence: int, state: Any, *, look: bool) -> None:
        self.sequence, self._state = sequence, state
        if not look:
            return
        old, new = self._value, parts.part_or_absent(state, self._path)
        self._value = new
        if old is new or (old is not ABSENT and new is not ABSENT and align.same(old, new)):
            return
        self.changes.append(ValueChange(sequence=sequence, old_value=old, new_value=new))


def is_beside(operation: Operation, tokens: Sequence[str]) -> bool:
    """Tells whether an operation changes nothing but another member of an object along the path.

    Members keep their names, so that nothing of it ever comes onto the path, nor does anything on the path
    depend on it. Elements of lists change their places: from the first list on, this cannot be told.
    """
    for key, token in zip(operation.path, tokens, strict=False):
        if type(key) is not str:
            return False
        if key != token:
            return True
    return False


def touches(operation: Operation, tokens: Sequence[str]) -> bool:
    """Tells whether an operation may change what is at a path; if not, it certainly does not."""
    path = operation.path
    for key, token in zip(path, tokens, strict=False):
        if str(key) != token:
            return False
    if type(operation) is not Splice or type(operation.values) is str or len(path) >= len(tokens):
        return True
    # What lies before the splice of a list stays as it is.
    token = tokens[len(path)]
    return not (token.isdecimal() and int(token) < operation.index)
