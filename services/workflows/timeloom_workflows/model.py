"""The nouns of the service as values. The numbers of the enums are those of the contract.

JSON documents are `bytes`, as they came: the engine passes them on, and looks into them only where a
definition says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from msgspec import Struct


class WorkflowKind(IntEnum):
    """Who decides what comes next in an execution."""

    DAG = 1
    CODE = 2


class Status(IntEnum):
    """How an execution stands."""

    PENDING = 1
    RUNNING = 2
    PAUSED = 3
    SUCCEEDED = 4
    FAILED = 5
    CANCELLED = 6

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens, unless somebody takes it up again."""
        return self >= Status.SUCCEEDED


class Stage(IntEnum):
    """Who has an execution."""

    QUEUED = 1
    OWNED = 2
    PARKED = 3
    HELD_BACK = 4
    ENDED = 5


class StepStage(IntEnum):
    """Who has a step that runs apart from its execution's driver."""

    NONE = 0
    QUEUED = 1
    OWNED = 2


class StepStatus(IntEnum):
    """How a step stands."""

    PENDING = 1
    RUNNING = 2
    RETRYING = 3
    WAITING = 4
    SUCCEEDED = 5
    FAILED = 6
    CANCELLED = 7
    SKIPPED = 8

    @property
    def has_ended(self) -> bool:
        """Whether it has come to what it comes to."""
        return self >= StepStatus.SUCCEEDED


class StepType(IntEnum):
    """What a step does."""

    RUN = 1
    ACTION = 2
    CONDITION = 3
    SWITCH = 4
    PARALLEL = 5
    FOREACH = 6
    LOOP = 7
    WAIT = 8
    HUMAN_APPROVAL = 9
    WEBHOOK = 10
    TRANSFORM = 11
    WORKFLOW = 12
    COMPENSATION = 13
    PATCH = 14


class WaitReason(IntEnum):
    """What an execution or a step waits for."""

    NONE = 0
    TIME = 1
    EVENT = 2
    SIGNAL = 3
    APPROVAL = 4
    EXECUTION = 5
    WORKER = 6
    SLOT = 7
    WEBHOOK = 8


class TriggerType(IntEnum):
    """What made an execution begin."""

    MANUAL = 1
    EVENT = 2
    CRON = 3
    WEBHOOK = 4
    WORKFLOW = 5
    FORK = 6


class HistoryType(IntEnum):
    """What happened to an execution."""

    EXECUTION_CREATED = 1
    EXECUTION_STARTED = 2
    EXECUTION_PAUSED = 3
    EXECUTION_RESUMED = 4
    EXECUTION_SUCCEEDED = 5
    EXECUTION_FAILED = 6
    CANCELLATION_REQUESTED = 7
    EXECUTION_CANCELLED = 8
    EXECUTION_RETRIED = 9
    EXECUTION_TAKEN_OVER = 10
    EXECUTION_FORKED = 11
    STEP_SCHEDULED = 20
    STEP_STARTED = 21
    STEP_WAITING = 22
    STEP_SUCCEEDED = 23
    STEP_RETRYING = 24
    STEP_FAILED = 25
    STEP_SKIPPED = 26
    STEP_CANCELLED = 27
    SIGNAL_RECEIVED = 30
    EVENT_RECEIVED = 31
    APPROVAL_DECIDED = 32


class Failure(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Why an execution or step failed. Its JSON is what the tables keep.

    Attributes:
        type: The class of the error.
        step_id: The step it came from; empty if it came from none.
        is_final: Trying again cannot help.
    """

    type: str
    message: str = ""
    stack: str = ""
    step_id: str = ""
    is_final: bool = False


class StepRef(Struct, frozen=True):
    """Names a step of an execution."""

    execution_id: UUID
    step_id: str


class Workflow(Struct, frozen=True, kw_only=True):
    """A workflow in one of its versions.

    Attributes:
        version: From 1 on; zero while its first one is being made.
        revision: Rises with everything that changes, also with what makes no new version.
        definition: The whole definition as JSON; None where it was not asked for.
        definition_hash: Of the definition's canonical form: equal definitions have the same.
        update_time: When this version was made.
    """

    project_id: UUID
    id: str
    version: int
    kind: WorkflowKind
    enabled: bool
    description: str
    tags: Sequence[str]
    revision: int
    definition: bytes | None
    definition_hash: bytes
    create_time: datetime
    update_time: datetime


class Execution(Struct, frozen=True, kw_only=True):
    """One run of a workflow, as its row has it."""

    project_id: UUID
    id: UUID
    workflow_id: str
    workflow_version: int
    kind: WorkflowKind
    status: Status
    stage: Stage
    priority: int
    trigger: TriggerType
    waiting_for: WaitReason
    paused: bool
    cancelling: bool
    token: int
    inbox: int
    delivery: int
    retry_count: int
    history_length: int
    step_count: int
    succeeded_step_count: int
    failed_step_count: int
    owner: UUID | None
    ready_time: datetime
    due_time: datetime | None
    deadline: datetime | None
    create_time: datetime
    start_time: datetime | None
    update_time: datetime
    end_time: datetime | None
    parent_id: UUID | None
    parent_step_id: str | None
    forked_from_id: UUID | None
    forked_from_step_id: str | None
    trigger_id: str
    idempotency_key: str | None
    traceparent: str
    holds_slots: bool
    tags: Sequence[str]
    attributes: bytes | None
    input: bytes | None
    output: bytes | None
    error: bytes | None


class Step(Struct, frozen=True, kw_only=True):
    """A step of an execution, as its row has it.

    Attributes:
        parent_id: The step that it is within; empty at the top.
        task: The worker's task that runs it; None if none does.
        waiting_name: The event, signal, execution or question that it waits for.
        details: What else its wait or task is made of, as JSON.
    """

    execution_id: UUID
    id: str
    position: int
    type: StepType
    status: StepStatus
    attempt: int
    create_time: datetime
    waiting_for: WaitReason = WaitReason.NONE
    stage: StepStage = StepStage.NONE
    token: int = 0
    owner: UUID | None = None
    priority: int = 0
    ready_time: datetime | None = None
    wake_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    parent_id: str = ""
    task: str | None = None
    waiting_name: str | None = None
    details: bytes | None = None
    worker_id: str = ""
    input: bytes | None = None
    output: bytes | None = None
    error: bytes | None = None
    progress: bytes | None = None


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """Something that happened to an execution; the commit numbers it.

    Attributes:
        time: When it happened; when it is committed if None.
        attributes: What else there is to say: a JSON object.
    """

    type: HistoryType
    step_id: str = ""
    attempt: int = 0
    time: datetime | None = None
    attributes: bytes | None = None


class HistoryRecord(Struct, frozen=True, kw_only=True):
    """An entry of the history as it was committed; sequences count from 1 on, without gaps."""

    sequence: int
    type: HistoryType
    time: datetime
    step_id: str
    attempt: int
    attributes: bytes | None
