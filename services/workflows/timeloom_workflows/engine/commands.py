"""What the engine commits: the only ways in which who drives an execution changes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from timeloom_workflows.model import (
    Failure,
    HistoryEntry,
    Status,
    Step,
    StepRef,
    TriggerType,
    WaitReason,
    WorkflowKind,
)


class NewExecution(Struct, frozen=True, kw_only=True):
    """An execution that is to begin.

    Attributes:
        owned: The engine that commits it goes on with it at once; else it is queued.
        held_back: A slot or its turn has to be waited for first.
        start_time: Not before then; at once if None.
        deadline: When it fails if it has not ended by then.
        idempotency_key: Another execution of the workflow with this key is returned instead.
        steps: Those that it has had from the beginning, as a fork has.
    """

    project_id: UUID
    id: UUID
    workflow_id: str
    workflow_version: int
    kind: WorkflowKind
    input: bytes | None
    trigger: TriggerType
    trigger_id: str = ""
    priority: int = 0
    tags: Sequence[str] = ()
    attributes: bytes | None = None
    owned: bool = False
    held_back: bool = False
    start_time: datetime | None = None
    deadline: datetime | None = None
    idempotency_key: str | None = None
    parent: StepRef | None = None
    forked_from: StepRef | None = None
    traceparent: str = ""
    steps: Sequence[Step] = ()


class Running(Struct, frozen=True):
    """It goes on, with whoever has it."""


class Parked(Struct, frozen=True, kw_only=True):
    """Nothing of it runs: nobody has it until something comes from outside, or its time has come.

    Attributes:
        inbox: The inbox that its driver has seen: if it has grown meanwhile, the execution is queued at once.
        due_time: When to look at it again at the latest; never if None.
        waiting_for: What it waits for, for people.
    """

    inbox: int
    due_time: datetime | None
    waiting_for: WaitReason


class Requeued(Struct, frozen=True):
    """Somebody else is to go on with it: its worker leaves, or cannot run it."""


class Ended(Struct, frozen=True, kw_only=True):
    """It has come to its end."""

    status: Status
    output: bytes | None = None
    failure: Failure | None = None


Outcome: TypeAlias = Running | Parked | Requeued | Ended


class Advance(Struct, frozen=True, kw_only=True):
    """What became of an execution that its driver holds.

    Attributes:
        token: Nothing is written if the execution has another one by now.
        steps: New steps, and those that changed, as they are to be: whole rows.
        entries: What happened, in order.
        children: Executions that its steps begin.
    """

    project_id: UUID
    execution_id: UUID
    token: int
    outcome: Outcome
    steps: Sequence[Step] = ()
    entries: Sequence[HistoryEntry] = ()
    children: Sequence[NewExecution] = ()


class Advanced(Struct, frozen=True, kw_only=True):
    """What a commit found.

    Attributes:
        committed: Whether the token was still the execution's own. If not, nothing was written.
        inbox: How much has come from outside so far.
        paused: Nothing new may begin.
        cancelling: What is done is to be compensated, and nothing else may begin.
        queued: It was parked, and is queued again, because its inbox had grown.
    """

    committed: bool
    inbox: int = 0
    paused: bool = False
    cancelling: bool = False
    queued: bool = False
