"""What an execution's history becomes in time travel. Pure.

The state of an execution is `{"input", "steps": {<id>: {"status", "attempt", "output", "error"}}, "status"}`,
and `output` or `error` once it has ended. Each entry of the history changes it; where a step or the execution
itself came to something, there is a snapshot. What changed since the snapshot before is its delta, so that
nobody has to know the whole state, however large it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, TypeAlias

from msgspec import Struct

from timeloom.state import canonical, delta
from timeloom_workflows.model import Execution, HistoryRecord, HistoryType, StepStatus, StepType

Path: TypeAlias = tuple[str, ...]


class Kind(IntEnum):
    """What a snapshot is. The numbers are those of the contract of snapshots."""

    EXECUTION_START = 1
    STEP_END = 3
    DECISION_POINT = 4
    ERROR_STATE = 5
    EXECUTION_END = 6
    CHECKPOINT = 7


class StepOutcome(Struct, frozen=True, kw_only=True):
    """What a step came to, as its row has it by now."""

    type: StepType
    status: StepStatus
    output: bytes | None
    error: bytes | None


class Mark(Struct, frozen=True, kw_only=True):
    """A snapshot that is to be recorded.

    Attributes:
        entry: The entry of the history that it stands for.
        step_name: The step that it is about; empty if it is about the execution.
        document: The whole state, or the delta from the snapshot before.
        is_whole: Which of the two.
    """

    entry: HistoryRecord
    kind: Kind
    step_name: str
    label: str
    document: bytes
    is_whole: bool


STEP_ENDS: Final = frozenset({HistoryType.STEP_SUCCEEDED, HistoryType.STEP_FAILED})
EXECUTION_ENDS: Final = frozenset(
    {HistoryType.EXECUTION_SUCCEEDED, HistoryType.EXECUTION_FAILED, HistoryType.EXECUTION_CANCELLED}
)

_STEP_STATUSES: Final[Mapping[HistoryType, StepStatus]] = {
    HistoryType.STEP_SCHEDULED: StepStatus.PENDING,
    HistoryType.STEP_STARTED: StepStatus.RUNNING,
    HistoryType.STEP_WAITING: StepStatus.WAITING,
    HistoryType.STEP_SUCCEEDED: StepStatus.SUCCEEDED,
    HistoryType.STEP_RETRYING: StepStatus.RETRYING,
    HistoryType.STEP_FAILED: StepStatus.FAILED,
    HistoryType.STEP_SKIPPED: StepStatus.SKIPPED,
    HistoryType.STEP_CANCELLED: StepStatus.CANCELLED,
}
_STATUSES: Final[Mapping[HistoryType, str]] = {
    HistoryType.EXECUTION_CREATED: "PENDING",
    HistoryType.EXECUTION_STARTED: "RUNNING",
    HistoryType.EXECUTION_PAUSED: "PAUSED",
    HistoryType.EXECUTION_RESUMED: "RUNNING",
    HistoryType.EXECUTION_SUCCEEDED: "SUCCEEDED",
    HistoryType.EXECUTION_FAILED: "FAILED",
    HistoryType.EXECUTION_CANCELLED: "CANCELLED",
    HistoryType.EXECUTION_RETRIED: "RUNNING",
}
_DECISIONS: Final = frozenset({StepType.CONDITION, StepType.SWITCH, StepType.HUMAN_APPROVAL})
_REMOVED: Final[Any] = object()


class Passage:
    """One execution's way through its history, from a snapshot on."""

    def __init__(self, execution: Execution, *, base: dict[str, Any] | None) -> None:
        """Begin.

        Args:
            execution: Whose history it is.
            base: The state before the first entry, if no snapshot has it yet; None after one that has.
        """
        self._execution = execution
        self._base = base
        self._pending: dict[Path, Any] = {}

    def take(self, entry: HistoryRecord, outcome: StepOutcome | None) -> Mark | None:
        """Takes the next entry, and returns the snapshot that stands for it, if one does.

        Args:
            entry: What happened.
            outcome: What the entry's step came to; None if it is gone, or the entry is about none.
        """
        if entry.type in _STATUSES:
            self._pending["status",] = _STATUSES[entry.type]
        if entry.type in _STEP_STATUSES:
            self._pending["steps", entry.step_id] = _step(entry, outcome)
        if entry.type in EXECUTION_ENDS:
            self._end()
        kind = _kind(entry, outcome)
        return None if kind is None else self._mark(entry, kind)

    def forget(self, state: Mapping[str, Any], *, kept: Sequence[str]) -> None:
        """Takes back what a retried execution has had: all of its state but the steps that it keeps.

        Args:
            state: Of the snapshot before.
            kept: The steps that are not run again.
        """
        for name in state["steps"]:
            if name not in kept:
                self._pending["steps", name] = _REMOVED
        for name in ("output", "error"):
            if name in state:
                self._pending[name,] = _REMOVED

    def _end(self) -> None:
        for name, document in (("output", self._execution.output), ("error", self._execution.error)):
            if document is not None:
                self._pending[name,] = canonical.decode(document)

    def _mark(self, entry: HistoryRecord, kind: Kind) -> Mark:
        base, self._base = self._base, None
        pending, self._pending = self._pending, {}
        return Mark(
            entry=entry,
            kind=kind,
            step_name=entry.step_id,
            label="retried" if entry.type is HistoryType.EXECUTION_RETRIED else "",
            document=_delta(pending) if base is None else _whole(base, pending),
            is_whole=base is not None,
        )


def first_state(execution: Execution, steps: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the state that an execution begins from.

    Args:
        execution: The execution.
        steps: What a fork has had; nothing for another one.
    """
    given = None if execution.input is None else canonical.decode(execution.input)
    return {"input": given, "steps": dict(steps), "status": "PENDING"}


def step_state(status: StepStatus, attempt: int, outcome: StepOutcome | None) -> dict[str, Any]:
    """Returns a step as the state shows it."""
    state: dict[str, Any] = {"status": status.name, "attempt": attempt}
    if outcome is not None and outcome.status is status:
        for name, document in (("output", outcome.output), ("error", outcome.error)):
            if document is not None:
                state[name] = canonical.decode(document)
    return state


def _step(entry: HistoryRecord, outcome: StepOutcome | None) -> dict[str, Any]:
    return step_state(_STEP_STATUSES[entry.type], entry.attempt, outcome)


def _kind(entry: HistoryRecord, outcome: StepOutcome | None) -> Kind | None:
    if entry.type is HistoryType.EXECUTION_STARTED:
        return Kind.EXECUTION_START
    if entry.type is HistoryType.STEP_SUCCEEDED:
        is_decision = outcome is not None and outcome.type in _DECISIONS
        return Kind.DECISION_POINT if is_decision else Kind.STEP_END
    if entry.type is HistoryType.STEP_FAILED:
        return Kind.ERROR_STATE
    if entry.type is HistoryType.EXECUTION_RETRIED:
        return Kind.CHECKPOINT
    return Kind.EXECUTION_END if entry.type in EXECUTION_ENDS else None


def _delta(pending: Mapping[Path, Any]) -> bytes:
    operations = [
        delta.Remove(path) if value is _REMOVED else delta.Set(path, value) for path, value in pending.items()
    ]
    return delta.encode(operations)


def _whole(base: dict[str, Any], pending: Mapping[Path, Any]) -> bytes:
    operations = [delta.Set(path, value) for path, value in pending.items() if value is not _REMOVED]
    return canonical.encode(delta.apply(base, operations))
