"""What is to be done next in an execution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from timeloom_workflows.definitions.model import Action, Leaf
from timeloom_workflows.engine.commands import Ended
from timeloom_workflows.model import HistoryEntry, Step, WaitReason


class Work(Struct, frozen=True, kw_only=True):
    """Something that the driver has to see to.

    Attributes:
        step: Its row, as the plan has it. A task's is PENDING, and has no stage: the driver says who runs it.
        spec: What the definition says about it; of a compensation, about the step that it undoes.
        action: What is to be called; None if nothing is: it waits, or begins another execution.
    """

    step: Step
    spec: Leaf
    action: Action | None


class Plan(Struct, frozen=True, kw_only=True):
    """What follows from what happened. All of it is committed together, and only then is anything done.

    Attributes:
        steps: Rows that are new or changed, whole.
        entries: What is to be told about them in the history, in order.
        begun: Steps that begin, or are tried again: to be run, or to begin to wait.
        found: Steps that were running or waiting when the execution was last left: only in a first plan.
        stopped: Steps that were running or waiting, and are cancelled.
        overdue: Steps that run, and whose `wake_time` has passed: the driver decides about them.
        outcome: How the execution ends; None while it does not.
        due_time: When to plan again at the latest; never if None.
        waiting_for: What it waits for, for people; nothing while something runs.
        is_idle: Nothing runs: the execution only waits.
    """

    steps: Sequence[Step] = ()
    entries: Sequence[HistoryEntry] = ()
    begun: Sequence[Work] = ()
    found: Sequence[Work] = ()
    stopped: Sequence[Step] = ()
    overdue: Sequence[Step] = ()
    outcome: Ended | None = None
    due_time: datetime | None = None
    waiting_for: WaitReason = WaitReason.NONE
    is_idle: bool = False
