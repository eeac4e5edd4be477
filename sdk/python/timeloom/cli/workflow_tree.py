"""An execution as a tree of its steps, which grows and changes while somebody looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.text import Text
from rich.tree import Tree

from timeloom.cli import wording
from timeloom.workflow_resources import (
    ExecutionChange,
    Step,
    StepStatus,
    WaitReason,
    WorkflowExecution,
    WorkflowExecutionStatus,
)

SHOWN_CHILDREN_MAX: Final = 20
"""Of a step's children that have succeeded, only the last ones are shown beyond that."""

MESSAGE_LENGTH_MAX: Final = 200

_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAMES_A_SECOND: Final = 8

_SIGNS: Final = {
    StepStatus.PENDING: ("○", "dim"),
    StepStatus.RETRYING: ("↻", "yellow"),
    StepStatus.WAITING: ("◷", "cyan"),
    StepStatus.SUCCEEDED: ("✓", "green"),
    StepStatus.FAILED: ("✗", "red"),
    StepStatus.CANCELLED: ("⊘", "magenta"),
    StepStatus.SKIPPED: ("→", "dim"),
}
_STATUS_STYLES: Final = {
    WorkflowExecutionStatus.PENDING: "dim",
    WorkflowExecutionStatus.RUNNING: "yellow",
    WorkflowExecutionStatus.PAUSED: "cyan",
    WorkflowExecutionStatus.SUCCEEDED: "green",
    WorkflowExecutionStatus.FAILED: "red",
    WorkflowExecutionStatus.CANCELLED: "magenta",
}
_WAITS: Final = {
    WaitReason.TIME: "waits",
    WaitReason.EVENT: "waits for the event",
    WaitReason.SIGNAL: "waits for the signal",
    WaitReason.APPROVAL: "asks:",
    WaitReason.EXECUTION: "waits for the execution",
    WaitReason.WORKER: "waits for a worker",
    WaitReason.SLOT: "waits for a slot",
    WaitReason.WEBHOOK: "waits for a call back",
}
_UNNAMED_WAITS: Final = {
    WaitReason.EVENT: "waits for an event",
    WaitReason.SIGNAL: "waits for a signal",
    WaitReason.APPROVAL: "waits for a decision",
    WaitReason.EXECUTION: "waits for an execution",
}


class StepTree:
    """The steps of one execution as far as they are known."""

    def __init__(self, execution: WorkflowExecution, steps: Iterable[Step] = ()) -> None:
        self.execution = execution
        self._steps = {step.id: step for step in steps}

    def take(self, change: ExecutionChange) -> None:
        """Take what has changed."""
        self.execution = change.execution
        self._steps.update((step.id, step) for step in change.steps)

    def render(self, now: datetime | None = None) -> Tree:
        """Return the tree as it is to be shown at a time; now if None."""
        now = now or datetime.now(UTC)
        children: dict[str, list[Step]] = defaultdict(list)
        for step in sorted(self._steps.values(), key=lambda each: each.position):
            children[step.parent_id if step.parent_id in self._steps else ""].append(step)
        tree = Tree(heading(self.execution, now), guide_style="dim")
        _grow(tree, "", children, now)
        return tree


def _grow(tree: Tree, parent_id: str, children: dict[str, list[Step]], now: datetime) -> None:
    shown, hidden_count = _shown(children[parent_id])
    if hidden_count:
        tree.add(Text(f"… {hidden_count:,} more that succeeded", style="dim"))
    for step in shown:
        branch = tree.add(step_line(step, now))
        if step.id in children:
            _grow(branch, step.id, children, now)


def _shown(steps: Sequence[Step]) -> tuple[Sequence[Step], int]:
    """Return the steps to show, and how many are left out: the earliest of those that succeeded."""
    too_many = len(steps) - SHOWN_CHILDREN_MAX
    if too_many <= 0:
        return steps, 0
    over = [step.id for step in steps if step.status in (StepStatus.SUCCEEDED, StepStatus.SKIPPED)]
    hidden = frozenset(over[:too_many])
    return [step for step in steps if step.id not in hidden], len(hidden)


def heading(execution: WorkflowExecution, now: datetime) -> Text:
    """Return the line of an execution: what it is of, how it stands, for how long, and what it waits for."""
    line = Text.assemble((execution.workflow_id, "bold"), (f" v{execution.workflow_version} ", "dim"))
    line.append_text(status(execution))
    began = execution.start_time or execution.create_time
    line.append(f" {_length(began, execution.end_time or now)}", style="dim")
    if execution.retry_count:
        line.append(f", retried {wording.plural(execution.retry_count, 'time')}", style="dim")
    if execution.waiting_for is not None and not execution.has_ended:
        line.append(f"  {_wait(execution.waiting_for, '', execution.wake_time, now)}", style="cyan")
    return line.append(f"  {execution.id}", style="dim")


def status(execution: WorkflowExecution) -> Text:
    """Return an execution's status in its colour."""
    if execution.cancelling and not execution.has_ended:
        return Text("cancelling", style="magenta")
    return Text(execution.status.lower(), style=_STATUS_STYLES[execution.status])


def step_line(step: Step, now: datetime) -> Text:
    """Return the line of a step: its state, how long it took, and what it waits for or why it failed."""
    sign, style = _SIGNS.get(step.status, (_spinner(now), "yellow"))
    line = Text.assemble(
        (f"{sign} ", style), (_name(step), "dim" if step.status is StepStatus.SKIPPED else "")
    )
    if step.start_time is not None and step.status is not StepStatus.SKIPPED:
        line.append(f" {_length(step.start_time, step.end_time or now)}", style="dim")
    if step.attempt > 1:
        line.append(f" try {step.attempt}", style="yellow")
    if step.status is StepStatus.WAITING and step.waiting_for is not None:
        line.append(f"  {_wait(step.waiting_for, step.waiting_name, step.wake_time, now)}", style="cyan")
    if step.status is StepStatus.RETRYING and step.wake_time is not None:
        line.append(f"  again in {_left(step.wake_time, now)}", style="yellow")
    if step.error is not None and step.status in (StepStatus.RETRYING, StepStatus.FAILED):
        line.append(f"  {_cut(str(step.error))}", style="red")
    return line


def _name(step: Step) -> str:
    """Return a step's name without what it is within, which the tree shows."""
    within = f"{step.parent_id}."
    return step.id.removeprefix(within) if step.parent_id else step.id


def _spinner(now: datetime) -> str:
    return _FRAMES[int(now.timestamp() * _FRAMES_A_SECOND) % len(_FRAMES)]


def _wait(reason: WaitReason, name: str, until: datetime | None, now: datetime) -> str:
    said = f"{_WAITS[reason]} {_cut(name)}" if name else _UNNAMED_WAITS.get(reason, _WAITS[reason])
    if until is None:
        return said
    left = _left(until, now)
    return f"{said} {left}" if reason is WaitReason.TIME else f"{said}, for {left} at most"


def _left(until: datetime, now: datetime) -> str:
    return wording.duration((until - now).total_seconds())


def _length(begin: datetime, end: datetime) -> str:
    return wording.duration((end - begin).total_seconds())


def _cut(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= MESSAGE_LENGTH_MAX else f"{line[: MESSAGE_LENGTH_MAX - 1]}…"
