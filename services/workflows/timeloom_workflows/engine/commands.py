"""What the engine commits: the only ways in which who drives an execution changes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from timeloom_workflows.model import (
    Failure,
    HistoryEntry,
    Stage,
    Status,
    Step,
    StepRef,
    TriggerType,
    WaitReason,
    WorkflowKind,
)


class VersionCheck(IntEnum):
    """What has to be true of the version of an execution when it is committed, or it does not begin."""

    NONE = 0
    EXISTS = 1
    IS_NEWEST = 2


class Slot(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One of a limited number of places that executions share.

    Attributes:
        key: Executions with the same key share the places.
        limit: How many there are.
        is_single: A second execution that is alive is refused.
        replaces: Whatever else is alive with the key is cancelled.
    """

    key: str
    limit: int
    is_single: bool = False
    replaces: bool = False


class Flow(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What an execution is held back by.

    Attributes:
        slots: It needs all of them before it begins, and holds them until its end.
        start_ms: It is cancelled if it has not begun so long after it might have.
    """

    slots: Sequence[Slot] = ()
    start_ms: int | None = None


class NewExecution(Struct, frozen=True, kw_only=True):
    """An execution that is to begin.

    Attributes:
        version_check: Whether its workflow has to be there, or the version has to be the newest.
        owned: The engine that commits it goes on with it at once; else it is queued.
        held_back: A slot or its turn has to be waited for first: nobody takes it until somebody queues it.
        start_time: Not before then; at once if None.
        deadline: When it fails if it has not ended by then.
        time_allowed: How long it may take from its beginning on, if no deadline is given.
        idempotency_key: Another execution of the workflow with this key is returned instead.
        flow: What it is held back by; nothing if None.
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
    version_check: VersionCheck = VersionCheck.NONE
    owned: bool = False
    held_back: bool = False
    start_time: datetime | None = None
    deadline: datetime | None = None
    time_allowed: timedelta | None = None
    idempotency_key: str | None = None
    parent: StepRef | None = None
    forked_from: StepRef | None = None
    traceparent: str = ""
    flow: Flow | None = None
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


class Requeued(Struct, frozen=True, kw_only=True):
    """Somebody else is to go on with it: its worker leaves, was lost, or cannot run it.

    Attributes:
        is_forgiven: This hand-out does not count against it, as one does that ends with a lost worker.
    """

    is_forgiven: bool = False


class Ended(Struct, frozen=True, kw_only=True):
    """It has come to its end.

    The end is not taken while the execution is paused, nor if it is to be cancelled and its driver does not
    know: its steps are committed, and it stays with its driver, who is told so.

    Attributes:
        knows_cancelling: The driver has seen that it is to be cancelled, and this is what came of it. An end
            as CANCELLED needs no such word.
    """

    status: Status
    output: bytes | None = None
    failure: Failure | None = None
    knows_cancelling: bool = False


Outcome: TypeAlias = Running | Parked | Requeued | Ended


class Advance(Struct, frozen=True, kw_only=True):
    """What became of an execution that its driver holds.

    Attributes:
        token: Nothing is written if the execution has another one by now.
        seen_inbox: Nothing is written if more than this has come from outside, for it may have decided
            otherwise: a wait is given up, and its signal has come. None if that does not matter.
        steps: New steps, and those that changed, as they are to be: whole rows. One that has ended by now
            stays as it is, and what `entries` say of it is left out.
        entries: What happened, in order, except how the execution began and ended: that is written by itself.
        children: Executions that its steps begin.
    """

    project_id: UUID
    execution_id: UUID
    token: int
    outcome: Outcome
    seen_inbox: int | None = None
    steps: Sequence[Step] = ()
    entries: Sequence[HistoryEntry] = ()
    children: Sequence[NewExecution] = ()


class Advanced(Struct, frozen=True, kw_only=True):
    """What a commit found.

    Attributes:
        committed: If not, nothing was written. Either the token was not the execution's own any more, and it
            is to be forgotten; or, where its stage is OWNED, its driver has not seen all that has come.
        stage: Who has it now: OWNED means that its driver goes on. It is QUEUED instead of PARKED if its
            inbox had grown, and OWNED instead of ENDED if it is paused or to be cancelled.
        inbox: How much has come from outside so far.
        paused: Nothing new may begin.
        cancelling: What is done is to be compensated, and nothing else may begin.
        history_length: How many entries its history has now.
    """

    committed: bool
    stage: Stage = Stage.QUEUED
    inbox: int = 0
    paused: bool = False
    cancelling: bool = False
    history_length: int = 0


NOT_COMMITTED: Final = Advanced(committed=False)


class Begun(Struct, frozen=True, kw_only=True):
    """What became of an execution that was to begin.

    Attributes:
        execution_id: Its id, or that of the one that began with the same idempotency key before.
        is_new: Whether it is this one that began.
        is_outdated: It did not begin: its version is not as it has to be.
        stage: Who has it, if it is new.
        create_time: When it was committed, if it is new.
    """

    execution_id: UUID
    is_new: bool
    is_outdated: bool = False
    stage: Stage
    create_time: datetime
