"""A playback: what it shows of each snapshot, where it stops, and how long it waits.

Everything here is computed from the steps that are handed over, in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, TypeAlias

from msgspec import Struct

from timeloom.state import align, canonical, delta
from timeloom.state.changes import ABSENT, Change
from timeloom_platform.expressions import Expression
from timeloom_snapshots import parts
from timeloom_snapshots.model import Snapshot, SnapshotKind
from timeloom_snapshots.steps import Delta, Step

PAUSE_SECONDS_DEFAULT: Final = 5.0
"""Longer pauses of a recording are cut to this, unless a playback says otherwise."""

EXPRESSION_VARIABLES: Final = ("state", "snapshot")


class FrameContent(IntEnum):
    """What a frame carries. The numbers are those of the contract."""

    STATE = 1
    DELTA = 2
    CHANGES = 3
    NONE = 4


class PlaybackState(IntEnum):
    """How a playback stands. The numbers are those of the contract."""

    PLAYING = 1
    PAUSED = 2
    ENDED = 3


class AtSequence(Struct, frozen=True):
    """Stops at one snapshot."""

    sequence: int


class AtStepName(Struct, frozen=True):
    """Stops at the snapshots of a step."""

    step_name: str


class AtKind(Struct, frozen=True):
    """Stops at the snapshots of a kind."""

    kind: int


class AtChange(Struct, frozen=True):
    """Stops where the value at a JSON pointer differs from the one in the frame before."""

    path: str


class AtCondition(Struct, frozen=True):
    """Stops where an expression over the state and the snapshot is true."""

    expression: Expression


Breakpoint: TypeAlias = AtSequence | AtStepName | AtKind | AtChange | AtCondition


class Frame(Struct, frozen=True, kw_only=True):
    """One snapshot of a playback.

    Attributes:
        state: In canonical form, or the part of it at the playback's path; empty if the frame does not carry
            it, or if nothing is at the path.
        delta: From the frame before; empty if the frame does not carry it.
        breakpoints: The places of those at which the playback stops here.
    """

    snapshot: Snapshot
    state: bytes = b""
    delta: bytes = b""
    changes: Sequence[Change] = ()
    is_truncated: bool = False
    breakpoints: tuple[int, ...] = ()


class Status(Struct, frozen=True, kw_only=True):
    """How a playback stands."""

    state: PlaybackState
    sequence: int
    first_sequence: int
    last_sequence: int
    speed: float
    is_reverse: bool


class Playback:
    """Makes frames of steps, one after the other in the order in which they are shown."""

    def __init__(
        self,
        *,
        content: FrameContent,
        path: str,
        breakpoints: Sequence[Breakpoint],
        pause_seconds_max: float,
    ) -> None:
        self._content = content
        self._path = path
        self._pause_seconds_max = pause_seconds_max
        self.breakpoints = breakpoints
        self.shown: Step | None = None
        """The step of the newest frame."""

    @property
    def may_take_long(self) -> bool:
        """Whether a breakpoint may take long to tell whether it stops."""
        return any(
            isinstance(each, AtCondition) and each.expression.may_take_long for each in self.breakpoints
        )

    def show(self, step: Step, *, stops: bool, jumps: bool = False) -> Frame:
        """Makes the next frame.

        Args:
            step: What is to be shown.
            stops: Whether it stops where a breakpoint says so.
            jumps: Whether the frame does not follow the one before it.

        Raises:
            InvalidExpressionError: The condition of a breakpoint has no answer for this state.
            TooLargeError: The first change alone is larger than an answer.
        """
        before, self.shown = self.shown, step
        hits = tuple(self._hits(before, step)) if stops else ()
        match self._content:
            case FrameContent.NONE:
                return Frame(snapshot=step.snapshot, breakpoints=hits)
            case FrameContent.CHANGES:
                found, is_truncated = self._changes(before, step)
                return Frame(
                    snapshot=step.snapshot, changes=found, is_truncated=is_truncated, breakpoints=hits
                )
            case FrameContent.DELTA if before is not None and not jumps:
                state, encoded = self._delta(before, step)
                return Frame(snapshot=step.snapshot, state=state, delta=encoded, breakpoints=hits)
            case _:
                return Frame(snapshot=step.snapshot, state=self._state(step), breakpoints=hits)

    def work_bytes(self, step: Step) -> int:
        """Returns on how much there is to work for a frame: the state, unless only what changed matters."""
        looks_at_all = any(isinstance(each, AtCondition) for each in self.breakpoints)
        is_slim = self._content is FrameContent.NONE or (
            self._content is FrameContent.DELTA
            and not self._path
            and self.shown is not None
            and _stored_between(self.shown, step) is not None
        )
        return 0 if is_slim and not looks_at_all else step.snapshot.state_bytes

    def pause_seconds(self, following: Step, *, speed: float, is_reverse: bool) -> float:
        """Returns how long the frame that is shown stands before the next one; not at all at speed zero."""
        if self.shown is None or speed == 0:
            return 0.0
        passed = _seconds_between(self.shown, following)
        return min(max(-passed if is_reverse else passed, 0.0), self._pause_seconds_max) / speed

    def _hits(self, before: Step | None, step: Step) -> list[int]:
        return [place for place, each in enumerate(self.breakpoints) if _stops_at(each, before, step)]

    def _state(self, step: Step) -> bytes:
        return _encoded(parts.part_or_absent(step.state, self._path))

    def _delta(self, before: Step, step: Step) -> tuple[bytes, bytes]:
        """Returns the delta, and before it the whole part where there is no delta to it."""
        if not self._path:
            return b"", _delta_between(before, step)
        old = parts.part_or_absent(before.state, self._path)
        new = parts.part_or_absent(step.state, self._path)
        if old is ABSENT or new is ABSENT:
            return _encoded(new), b""
        return b"", delta.encode(delta.diff(old, new))

    def _changes(self, before: Step | None, step: Step) -> tuple[Sequence[Change], bool]:
        old = ABSENT if before is None else parts.part_or_absent(before.state, self._path)
        new = parts.part_or_absent(step.state, self._path)
        if old is ABSENT and new is ABSENT:
            return (), False
        return parts.changes_between(old, new, prefix=self._path)


def expression_variables(step: Step) -> Mapping[str, Any]:
    """Returns what an expression sees of a step: the state, and the snapshot's fields by their names."""
    return {"state": step.state, "snapshot": snapshot_variable(step.snapshot)}


def snapshot_variable(snapshot: Snapshot) -> Mapping[str, Any]:
    """Returns a snapshot as an expression sees it."""
    return {
        "execution_id": str(snapshot.execution_id),
        "sequence": snapshot.sequence,
        "parent_sequence": snapshot.parent_sequence,
        "kind": SnapshotKind(snapshot.kind).name,
        "step_name": snapshot.step_name,
        "label": snapshot.label,
        "key": snapshot.key,
        "tags": list(snapshot.tags),
        "metadata": None
        if snapshot.metadata is None
        else canonical.decode_trusted(snapshot.metadata.encode()),
        "state_bytes": snapshot.state_bytes,
        "effect_count": snapshot.effect_count,
        "create_time": snapshot.create_time,
    }


def _stops_at(breakpoint_: Breakpoint, before: Step | None, step: Step) -> bool:
    match breakpoint_:
        case AtSequence(sequence):
            return step.sequence == sequence
        case AtStepName(step_name):
            return step.snapshot.step_name == step_name
        case AtKind(kind):
            return step.snapshot.kind == kind
        case AtChange(path):
            return before is not None and _differs(before.state, step.state, path)
        case AtCondition(expression):
            return expression.holds(expression_variables(step))


def _differs(old: Any, new: Any, path: str) -> bool:
    old, new = parts.part_or_absent(old, path), parts.part_or_absent(new, path)
    if old is ABSENT or new is ABSENT:
        return old is not new
    return not align.same(old, new)


def _delta_between(before: Step, step: Step) -> bytes:
    stored = _stored_between(before, step)
    if stored is None:
        return delta.encode(delta.diff(before.state, step.state))
    if stored is step.delta:
        return stored.encoded
    return delta.encode(delta.invert(step.state, stored.operations))


def _stored_between(before: Step, step: Step) -> Delta | None:
    """Returns the delta that is stored between neighbours; None if there is none but a whole state."""
    if abs(before.sequence - step.sequence) != 1:
        return None
    stored = max(before, step, key=_sequence_of).delta
    return None if delta.sets_root(stored.operations) else stored


def _sequence_of(step: Step) -> int:
    return step.sequence


def _encoded(part: Any) -> bytes:
    return b"" if part is ABSENT else canonical.encode_trusted(part)


def _seconds_between(before: Step, step: Step) -> float:
    start: datetime = before.snapshot.create_time
    return (step.snapshot.create_time - start).total_seconds()
