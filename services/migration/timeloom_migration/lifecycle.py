"""How a migration gets from one status to the next: pure, and the only place that knows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Final


class Status(StrEnum):
    """How far a migration is; as in the contract, without the prefix."""

    UPLOADING = "UPLOADING"
    UPLOADED = "UPLOADED"
    PLANNING = "PLANNING"
    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    WAITING = "WAITING"
    VERIFYING = "VERIFYING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ROLLING_BACK = "ROLLING_BACK"
    ROLLED_BACK = "ROLLED_BACK"


class Phase(IntEnum):
    """What is to be done next; the numbers are stored."""

    NOTHING = 0
    READING = 1
    MATCHING = 2
    WRITING = 3
    VERIFYING = 4
    RESTORING = 5


class Goal(StrEnum):
    """What somebody set a migration going for."""

    NONE = ""
    PLAN = "PLAN"
    MIGRATE = "MIGRATE"
    ROLL_BACK = "ROLL_BACK"


class Command(StrEnum):
    """What a person may ask for."""

    APPEND = "append"
    DELETE = "delete"
    PLAN = "plan"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    RESOLVE = "resolve"
    VERIFY = "verify"
    ROLL_BACK = "roll back"
    DECIDE = "decide about what a rollback left alone"


WORKING: Final = frozenset({Status.PLANNING, Status.RUNNING, Status.VERIFYING, Status.ROLLING_BACK})
"""The statuses in which a workflow does the next part."""

ENDED: Final = frozenset({Status.SUCCEEDED, Status.FAILED, Status.ROLLED_BACK})
"""The statuses in which nothing happens until somebody asks for more."""

_ALLOWED: Final[Mapping[Command, frozenset[Status]]] = {
    Command.APPEND: frozenset({Status.UPLOADING}),
    Command.DELETE: frozenset(Status) - WORKING,
    Command.PLAN: frozenset({Status.UPLOADED, Status.PLANNED, Status.ROLLED_BACK}),
    Command.START: frozenset({Status.UPLOADED, Status.PLANNED, Status.ROLLED_BACK}),
    Command.PAUSE: WORKING | {Status.PAUSED},
    Command.RESUME: frozenset({Status.PAUSED, Status.FAILED}),
    Command.RESOLVE: frozenset({Status.PLANNED, Status.RUNNING, Status.PAUSED, Status.WAITING}),
    Command.VERIFY: frozenset({Status.SUCCEEDED, Status.FAILED}),
    Command.DECIDE: frozenset({Status.ROLLED_BACK}),
    Command.ROLL_BACK: frozenset(
        {Status.RUNNING, Status.PAUSED, Status.WAITING, Status.VERIFYING, Status.SUCCEEDED, Status.FAILED}
    ),
}

_STATUS_OF_PHASE: Final[Mapping[Phase, Status]] = {
    Phase.READING: Status.PLANNING,
    Phase.MATCHING: Status.PLANNING,
    Phase.WRITING: Status.RUNNING,
    Phase.VERIFYING: Status.VERIFYING,
    Phase.RESTORING: Status.ROLLING_BACK,
}


def allows(status: Status, command: Command) -> bool:
    """Tells whether a migration of this status takes this command."""
    return status in _ALLOWED[command]


def statuses_for(command: Command) -> str:
    """Returns the statuses that take a command, for people."""
    return ", ".join(sorted(_ALLOWED[command]))


def working(phase: Phase) -> Status:
    """Returns the status of a migration that is in this phase.

    Raises:
        ValueError: Nothing is done in it.
    """
    if phase is Phase.NOTHING:
        raise ValueError("nothing is done in this phase")
    return _STATUS_OF_PHASE[phase]


def after(phase: Phase, goal: Goal, *, has_open_conflicts: bool, is_sound: bool) -> tuple[Status, Phase]:
    """Returns what follows a phase that has ended.

    Args:
        phase: That has ended.
        goal: What the migration was set going for.
        has_open_conflicts: A person has to decide first.
        is_sound: The verification found nothing wrong; it only matters after that.
    """
    if phase is Phase.MATCHING:
        return (Status.RUNNING, Phase.WRITING) if goal is Goal.MIGRATE else (Status.PLANNED, Phase.NOTHING)
    if phase is Phase.WRITING and has_open_conflicts:
        return Status.WAITING, Phase.NOTHING
    if phase is Phase.VERIFYING and not is_sound:
        return Status.FAILED, Phase.NOTHING
    return _AFTER[phase]


_AFTER: Final[Mapping[Phase, tuple[Status, Phase]]] = {
    Phase.READING: (Status.PLANNING, Phase.MATCHING),
    Phase.WRITING: (Status.VERIFYING, Phase.VERIFYING),
    Phase.VERIFYING: (Status.SUCCEEDED, Phase.NOTHING),
    Phase.RESTORING: (Status.ROLLED_BACK, Phase.NOTHING),
}

_SHARES: Final[Mapping[Phase, tuple[float, float]]] = {
    Phase.READING: (0.1, 0.15),
    Phase.MATCHING: (0.15, 0.25),
    Phase.WRITING: (0.25, 0.85),
    Phase.VERIFYING: (0.85, 1.0),
    Phase.RESTORING: (1.0, 0.0),
}
UPLOADED: Final = 0.1


def uploaded(received: int, count: int) -> float:
    """Returns the progress of an upload."""
    return UPLOADED * (received / count if count else 1.0)


def progress(phase: Phase, *, done: int, count: int, before: float) -> float:
    """Returns how far a migration is: it never falls, but while it is rolled back.

    Args:
        phase: In which it is.
        done: How many items have passed it.
        count: How many there are.
        before: What it was.
    """
    if phase is Phase.NOTHING:
        return before
    begin, end = _SHARES[phase]
    reached = begin + (end - begin) * (min(done, count) / count if count else 1.0)
    return min(before, reached) if phase is Phase.RESTORING else max(before, reached)
