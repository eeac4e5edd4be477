"""What the questions of time travel are answered with: frozen values, like the resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from timeloom.resources import (
    NOT_LOADED,
    Change,
    ChangeKind,
    Effect,
    Execution,
    ExecutionStatus,
    Snapshot,
    SnapshotKind,
)


class FrameContent(StrEnum):
    """What a frame of a playback carries over the wire; its state is there in any case but `NONE`."""

    STATE = "STATE"
    DELTA = "DELTA"
    CHANGES = "CHANGES"
    NONE = "NONE"


class PlaybackState(StrEnum):
    """How a playback stands."""

    PLAYING = "PLAYING"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


class AlignmentKind(StrEnum):
    """How two executions compare at one place of their alignment."""

    SAME = "SAME"
    DIFFERENT = "DIFFERENT"
    MISSING = "MISSING"
    EXTRA = "EXTRA"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadMove:
    """A move of an execution's head by a rollback; its number counts the moves of the execution."""

    number: int
    from_sequence: int
    to_sequence: int
    reason: str
    create_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedEffect:
    """An effect without its request and response, and the snapshot that it belongs to."""

    sequence: int
    effect: Effect

    def __str__(self) -> str:
        return f"#{self.sequence} {self.effect.kind.lower()} {self.effect.name}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """What a rollback did.

    Attributes:
        effects: What the outside world did on the way that is rolled back, and which no rollback undoes.
        effects_truncated: There were more.
    """

    execution: Execution
    head_move: HeadMove
    effects: tuple[PassedEffect, ...]
    effects_truncated: bool

    def __str__(self) -> str:
        more = "+" if self.effects_truncated else ""
        return (
            f"head {self.head_move.from_sequence} → {self.head_move.to_sequence}; "
            f"{len(self.effects)}{more} effects are not undone"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """One value of a place over time: from this snapshot on, until the next one of the history.

    Attributes:
        old_value: None where the value was added.
        new_value: None where the value was removed.
    """

    sequence: int
    step_name: str
    create_time: datetime
    kind: ChangeKind
    old_value: Any
    new_value: Any

    def __str__(self) -> str:
        return f"#{self.sequence} {self.step_name}: {self.old_value!r} → {self.new_value!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One answer of a predicate in a bisection."""

    sequence: int
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bisection:
    """Where the first bad state is.

    Attributes:
        first_bad_sequence: The first bad snapshot; zero if the last one is not bad.
        last_good_sequence: The last good one before it; zero if there is none.
        evaluations: What was asked of the predicate, in order.
        not_monotone: The answers contradict a predicate that is false up to some snapshot and then true, or
            the good snapshot is bad. Only if all states were asked is it certain that none does.
        flips: Where the answer changes, if all states were asked.
    """

    first_bad_sequence: int
    last_good_sequence: int
    evaluations: tuple[Evaluation, ...]
    not_monotone: bool
    flips: tuple[int, ...]

    def __str__(self) -> str:
        if not self.first_bad_sequence:
            found = "no bad state"
        else:
            found = f"first bad snapshot: {self.first_bad_sequence} (after {self.last_good_sequence})"
        doubt = "; the predicate is not monotone" if self.not_monotone else ""
        return f"{found}, {len(self.evaluations)} evaluations{doubt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedStep:
    """A step of one execution beside the same step of another; a sequence is zero where the step lacks."""

    kind: AlignmentKind
    step_name: str
    sequence: int
    other_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two executions side by side.

    Attributes:
        steps: All places of the alignment, or the first ones, if a limit was given.
        first_divergence: The first place where they differ; None if they do not.
    """

    steps: tuple[AlignedStep, ...] = field(repr=False)
    first_divergence: AlignedStep | None
    same_count: int
    different_count: int
    missing_count: int
    extra_count: int

    @property
    def identical(self) -> bool:
        """Whether every step of one has an equal step of the other."""
        return self.first_divergence is None

    def __str__(self) -> str:
        counts = (
            f"{self.same_count} same, {self.different_count} different, "
            f"{self.missing_count} missing, {self.extra_count} extra"
        )
        if self.first_divergence is None:
            return f"identical: {counts}"
        first = self.first_divergence
        return f"{counts}; first divergence at {first.step_name!r} ({first.kind.lower()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Another execution that was forked from a snapshot of this one."""

    sequence: int
    execution_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """Something in the course of an execution: one of the attributes after `time` tells what."""

    time: datetime
    snapshot: Snapshot | None = None
    effect: PassedEffect | None = None
    head_move: HeadMove | None = None
    fork: Fork | None = None
    status: ExecutionStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationProblem:
    """Something that is not as it was recorded; in a row of another execution if this one is its fork."""

    execution_id: str
    sequence: int
    message: str

    def __str__(self) -> str:
        return f"{self.execution_id} #{self.sequence}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether all that is stored of an execution is as it was recorded.

    Attributes:
        snapshot_count: How many snapshots were checked.
        problems: In the order of the snapshots.
        truncated: There were more.
    """

    intact: bool
    snapshot_count: int
    problems: tuple[VerificationProblem, ...]
    truncated: bool

    def __bool__(self) -> bool:
        return self.intact

    def __str__(self) -> str:
        if self.intact:
            return f"intact: {self.snapshot_count} snapshots"
        return "\n".join(["broken:", *(f"  {problem}" for problem in self.problems)])


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """What is kept when snapshots are pruned: whatever any of its rules keeps.

    Attributes:
        keep_last: The newest so many snapshots of each execution; zero keeps none by this rule.
        keep_tagged: Those with a tag or label.
        keep_younger_than: Those younger than this.
        keep_kinds: Those of these kinds.
        delete_ended_after: Whole executions that ended longer ago are deleted; never if None.
    """

    keep_last: int = 0
    keep_tagged: bool = False
    keep_younger_than: timedelta | None = None
    keep_kinds: tuple[SnapshotKind, ...] = ()
    delete_ended_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedExecution:
    """What pruning did, or would do, to one execution."""

    execution_id: str
    snapshot_count: int
    stored_bytes: int
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What pruning did, or would do.

    Attributes:
        executions: Those that lose something; at most 1,000.
        snapshot_count: Over all executions.
        stored_bytes: Over all executions.
        truncated: There were more executions: call again.
    """

    executions: tuple[PrunedExecution, ...] = field(repr=False)
    snapshot_count: int
    stored_bytes: int
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakpoint:
    """Where a playback stops; give exactly one.

    Attributes:
        sequence: At this snapshot.
        step_name: At snapshots of this step.
        kind: At snapshots of this kind.
        changed_path: Where the value at this JSON pointer differs from the one in the frame before.
        expression: Where this CEL expression over `state` and `snapshot` is true.
    """

    sequence: int | None = None
    step_name: str | None = None
    kind: SnapshotKind | None = None
    changed_path: str | None = None
    expression: str | None = None

    def __post_init__(self) -> None:
        if sum(value is not None for value in self._conditions()) != 1:
            raise ValueError("A breakpoint has exactly one condition")

    def _conditions(self) -> Iterable[Any]:
        return self.sequence, self.step_name, self.kind, self.changed_path, self.expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One snapshot of a playback.

    Attributes:
        state: The state, or the part of it at the playback's path; `NOT_LOADED` if frames carry none, or if
            nothing is at the path.
        changes: What differs from the frame before, if frames carry that.
        breakpoints: The places of those at which the playback stopped here.
    """

    snapshot: Snapshot
    state: Any = field(default=NOT_LOADED, repr=False)
    changes: tuple[Change, ...] = ()
    changes_truncated: bool = False
    breakpoints: tuple[int, ...] = ()

    @property
    def sequence(self) -> int:
        """The snapshot's number."""
        return self.snapshot.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackStatus:
    """How a playback stands.

    Attributes:
        sequence: The snapshot that it stands on.
        speed: How many times faster than it was recorded it plays; zero is as fast as possible.
    """

    state: PlaybackState
    sequence: int
    first_sequence: int
    last_sequence: int
    speed: float
    reverse: bool


__all__ = [
    "AlignedStep",
    "AlignmentKind",
    "Bisection",
    "Breakpoint",
    "Comparison",
    "Evaluation",
    "Fork",
    "Frame",
    "FrameContent",
    "HeadMove",
    "PassedEffect",
    "PlaybackState",
    "PlaybackStatus",
    "PrunedExecution",
    "Pruning",
    "RetentionPolicy",
    "Rollback",
    "TimelineEntry",
    "ValueChange",
    "Verification",
    "VerificationProblem",
]
