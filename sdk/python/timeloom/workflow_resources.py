"""What the workflows client returns and takes: frozen values, with the names of the API's contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class WorkflowKind(StrEnum):
    """Who decides what comes next in an execution: the engine by a definition, or the code of a worker."""

    DAG = "DAG"
    CODE = "CODE"


class WorkflowExecutionStatus(StrEnum):
    """How a workflow execution stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in (self.SUCCEEDED, self.FAILED, self.CANCELLED)


class StepStatus(StrEnum):
    """How a step stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    WAITING = "WAITING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self in (self.SUCCEEDED, self.FAILED, self.CANCELLED, self.SKIPPED)


class StepType(StrEnum):
    """What a step does."""

    RUN = "RUN"
    ACTION = "ACTION"
    CONDITION = "CONDITION"
    SWITCH = "SWITCH"
    PARALLEL = "PARALLEL"
    FOREACH = "FOREACH"
    LOOP = "LOOP"
    WAIT = "WAIT"
    HUMAN_APPROVAL = "HUMAN_APPROVAL"
    WEBHOOK = "WEBHOOK"
    TRANSFORM = "TRANSFORM"
    WORKFLOW = "WORKFLOW"
    COMPENSATION = "COMPENSATION"
    PATCH = "PATCH"


class WaitReason(StrEnum):
    """What an execution or a step waits for."""

    TIME = "TIME"
    EVENT = "EVENT"
    SIGNAL = "SIGNAL"
    APPROVAL = "APPROVAL"
    EXECUTION = "EXECUTION"
    WORKER = "WORKER"
    SLOT = "SLOT"
    WEBHOOK = "WEBHOOK"


class TriggerType(StrEnum):
    """What made an execution begin."""

    MANUAL = "MANUAL"
    EVENT = "EVENT"
    CRON = "CRON"
    WEBHOOK = "WEBHOOK"
    WORKFLOW = "WORKFLOW"
    FORK = "FORK"


class HistoryEventType(StrEnum):
    """What happened to an execution."""

    EXECUTION_CREATED = "EXECUTION_CREATED"
    EXECUTION_STARTED = "EXECUTION_STARTED"
    EXECUTION_PAUSED = "EXECUTION_PAUSED"
    EXECUTION_RESUMED = "EXECUTION_RESUMED"
    EXECUTION_SUCCEEDED = "EXECUTION_SUCCEEDED"
    EXECUTION_FAILED = "EXECUTION_FAILED"
    CANCELLATION_REQUESTED = "CANCELLATION_REQUESTED"
    EXECUTION_CANCELLED = "EXECUTION_CANCELLED"
    EXECUTION_RETRIED = "EXECUTION_RETRIED"
    EXECUTION_TAKEN_OVER = "EXECUTION_TAKEN_OVER"
    EXECUTION_FORKED = "EXECUTION_FORKED"
    STEP_SCHEDULED = "STEP_SCHEDULED"
    STEP_STARTED = "STEP_STARTED"
    STEP_WAITING = "STEP_WAITING"
    STEP_SUCCEEDED = "STEP_SUCCEEDED"
    STEP_RETRYING = "STEP_RETRYING"
    STEP_FAILED = "STEP_FAILED"
    STEP_SKIPPED = "STEP_SKIPPED"
    STEP_CANCELLED = "STEP_CANCELLED"
    SIGNAL_RECEIVED = "SIGNAL_RECEIVED"
    EVENT_RECEIVED = "EVENT_RECEIVED"
    APPROVAL_DECIDED = "APPROVAL_DECIDED"


class ApprovalDecision(StrEnum):
    """What somebody decided."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class ControlAction(StrEnum):
    """What can be done to many executions."""

    PAUSE = "PAUSE"
    RESUME = "RESUME"
    CANCEL = "CANCEL"
    RETRY = "RETRY"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A definition of what is to be done. Each change of it is a new version.

    Attributes:
        version: Of this definition, from 1 on.
        definition: The whole of it, as a JSON value; None in lists.
        enabled: Whether its triggers fire.
        update_time: When this version was made.
        etag: Changes with every version, and when it is switched on or off.
    """

    id: str
    version: int
    kind: WorkflowKind
    description: str
    definition: Any
    enabled: bool
    tags: Sequence[str]
    create_time: datetime
    update_time: datetime
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFailure:
    """Why an execution or step failed.

    Attributes:
        type: The class of the error, such as `TimeoutError`.
        stack: The stack trace; may be empty.
        step_id: The step it came from; empty if it came from none.
        is_final: Trying again cannot help.
    """

    type: str
    message: str
    stack: str
    step_id: str
    is_final: bool

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRef:
    """Names a step of an execution."""

    execution_id: str
    step_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowExecution:
    """One run of a workflow.

    Attributes:
        id: Also that of the agent execution which time travel shows.
        input: What it was given; None in lists.
        output: What it returned; None until it succeeded, and in lists.
        error: Why it failed; None unless it did.
        attributes: Values to find it by.
        trigger_id: The event, schedule, webhook or execution that made it begin; empty for a call.
        parent: The execution and step that wait for it.
        forked_from: Where it was forked from.
        waiting_for: What it waits for; None while something runs, and when it has ended.
        wake_time: When it is woken at the latest.
        cancelling: A cancellation was asked for, and compensations run.
        retry_count: How often it was taken up again after it had failed.
        deadline: When it fails if it has not ended by then.
    """

    id: str
    workflow_id: str
    workflow_version: int
    status: WorkflowExecutionStatus
    input: Any
    output: Any
    error: WorkflowFailure | None
    priority: int
    tags: Sequence[str]
    attributes: Any
    trigger: TriggerType
    trigger_id: str
    parent: StepRef | None
    forked_from: StepRef | None
    waiting_for: WaitReason | None
    wake_time: datetime | None
    cancelling: bool
    retry_count: int
    history_length: int
    step_count: int
    succeeded_step_count: int
    failed_step_count: int
    create_time: datetime
    start_time: datetime | None
    update_time: datetime
    end_time: datetime | None
    deadline: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether it succeeded, failed or was cancelled."""
        return self.status.has_ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an execution, as it stands now.

    Attributes:
        id: Unique in the execution, such as `documents[3].summarise`, or `fetch:2` for a repeated name.
        parent_id: The step that it is within; empty at the top.
        position: In which order steps began, from 1 on.
        attempt: Which try this is, from 1 on; zero before the first.
        input: None in lists, unless asked for.
        output: None in lists, unless asked for.
        error: Why the last try failed; None if none has.
        waiting_name: The name of the event or signal, the id of the execution, or the question.
        wake_time: When it is tried again, or stops waiting.
        worker_id: The worker that runs it, or ran it last; empty if the engine does.
        progress: What the worker said about its progress last.
    """

    execution_id: str
    id: str
    type: StepType
    status: StepStatus
    parent_id: str
    position: int
    attempt: int
    input: Any
    output: Any
    error: WorkflowFailure | None
    waiting_for: WaitReason | None
    waiting_name: str
    wake_time: datetime | None
    worker_id: str
    progress: Any
    create_time: datetime
    start_time: datetime | None
    end_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """One thing that happened to an execution.

    Attributes:
        sequence: From 1 on, without gaps.
        step_id: The step it is about; empty if it is about none.
        attributes: What else there is to say, such as `reason` or `workerId`.
    """

    sequence: int
    type: HistoryEventType
    time: datetime
    step_id: str
    attempt: int
    attributes: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionChange:
    """How an execution got on.

    Attributes:
        execution: Without input and output until it has ended.
        steps: Those that changed since the previous change, without input and output.
        sequence: The last entry of the history that is in it.
    """

    execution: WorkflowExecution
    steps: Sequence[Step]
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowEvent:
    """Something that happened in the world, that workflows begin or go on by.

    Attributes:
        id: An event that is published twice with the same id counts once.
        name: Such as `document/uploaded`.
        data: Any JSON value.
        occur_time: When it happened; the time of its publication if None is given.
        create_time: When it was published.
        started_execution_ids: The first hundred executions that it began.
        woken_execution_ids: The first hundred executions that it woke.
    """

    id: str = ""
    name: str
    data: Any = None
    occur_time: datetime | None = None
    create_time: datetime | None = None
    started_execution_ids: Sequence[str] = ()
    woken_execution_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What makes a workflow begin by itself.

    Attributes:
        index: Its place in the definition's `triggers`.
        expression: The expression of a schedule, or the name of an event.
        time_zone: Of a schedule, such as `Europe/Vienna`.
        next_fire_time: When a schedule fires next; None for others, and while the workflow is switched off.
        path: Of a webhook: where to call it.
        problem: Why it last did not fire; empty if it did.
    """

    workflow_id: str
    index: int
    type: TriggerType
    expression: str
    time_zone: str
    next_fire_time: datetime | None
    last_fire_time: datetime | None
    path: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """What a webhook's callers sign with.

    Attributes:
        secret: The key of the HMAC.
        path: Where to call.
    """

    secret: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Work that was given up, to be looked at and tried again.

    Attributes:
        execution_id: The execution that failed for good; or empty.
        step_id: The step in it.
        event_id: The event that could not be handled; or empty.
        redrive_time: When it was tried again.
    """

    id: str
    workflow_id: str
    execution_id: str
    step_id: str
    event_id: str
    error: WorkflowFailure | None
    create_time: datetime
    redrive_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTemplate:
    """A definition to begin with.

    Attributes:
        definition: None in lists.
        example_input: An input that it runs with as it is.
    """

    id: str
    title: str
    description: str
    tags: Sequence[str]
    definition: Any
    example_input: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionProblem:
    """A place of a definition that is wrong.

    Attributes:
        place: Where, such as `steps[2].retry.maxAttempts`.
        step_id: The step it is in; empty if it is in none.
        code: Such as `CYCLE`, `UNKNOWN_STEP` or `UNBOUNDED_LOOP`.
    """

    place: str
    step_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowExecutionFilter:
    """Which executions are meant. What is left out does not matter.

    Attributes:
        tags: All of these.
        attributes: Values that its search attributes must have.
        error_type: The class of the error, such as `TimeoutError`.
    """

    workflow_ids: Sequence[str] = ()
    statuses: Sequence[WorkflowExecutionStatus] = ()
    tags: Sequence[str] = ()
    attributes: Mapping[str, Any] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    trigger: TriggerType | None = None
    parent_execution_id: str = ""
    workflow_version: int = 0
    error_type: str = ""
    waiting_for: WaitReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Controlled:
    """What a call did to many executions.

    Attributes:
        changed_count: Those that it was done to, or would have been.
        skipped_count: Those that it could not be done to, such as pausing what ended meanwhile.
        more: There are others that it was not done to, or that were not counted.
    """

    changed_count: int
    skipped_count: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStats:
    """How executions or steps of one kind went within a time.

    Attributes:
        workflow_version: Zero for all versions.
        step_id: The step in the definition; empty for whole executions.
        retry_count: Tries beyond the first.
        failure_rate: Failed among those that ended, from 0 to 1.
        duration_p50_ms: From start to end of those that succeeded.
        queue_p50_ms: From creation to start.
    """

    workflow_id: str
    workflow_version: int
    step_id: str
    pending_count: int
    running_count: int
    waiting_count: int
    paused_count: int
    succeeded_count: int
    failed_count: int
    cancelled_count: int
    retry_count: int
    failure_rate: float
    duration_p50_ms: float
    duration_p95_ms: float
    duration_p99_ms: float
    queue_p50_ms: float
    queue_p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowsStats:
    """How a project's workflows went.

    Attributes:
        total: All together.
        workflows: A line for each workflow, or each of its versions.
        steps: Lines for the steps, if asked for.
        worker_ids: Workers that are connected.
    """

    total: WorkflowStats | None
    workflows: Sequence[WorkflowStats]
    steps: Sequence[WorkflowStats]
    worker_ids: Sequence[str]
