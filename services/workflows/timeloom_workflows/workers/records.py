"""Between the steps that worker and engine tell one another of and those that rows keep. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb
from timeloom_workflows import limits
from timeloom_workflows.model import (
    Failure,
    HistoryEntry,
    HistoryType,
    Step,
    StepStage,
    StepStatus,
    StepType,
    WaitReason,
)
from timeloom_workflows.retries import RetryPolicy
from timeloom_workflows.workers.times import duration, moment, span, stamp

ID_LENGTH_MAX: Final = 500
NAME_LENGTH_MAX: Final = 256
QUESTION_LENGTH_MAX: Final = 10_000
WAITING_NAME_LENGTH_MAX: Final = 500
APPROVERS_MAX: Final = 100
NULL: Final = b"null"
DETACHED: Final = b'{"isDetached":true}'
"""The details of a step that begins an execution and does not wait for its end."""

_RUN_BY_WORKER: Final = (StepType.RUN, StepType.COMPENSATION)
_TYPES: Final = {
    StepType.RUN,
    StepType.COMPENSATION,
    StepType.PATCH,
    StepType.WAIT,
    StepType.HUMAN_APPROVAL,
    StepType.WORKFLOW,
    StepType.ACTION,
}
_TYPE_BY_NUMBER: Final = {int(each): each for each in _TYPES}
_STATUS_BY_NUMBER: Final = {int(each): each for each in StepStatus}
_ENTRIES: Final = {
    StepStatus.RUNNING: HistoryType.STEP_STARTED,
    StepStatus.RETRYING: HistoryType.STEP_RETRYING,
    StepStatus.WAITING: HistoryType.STEP_WAITING,
    StepStatus.PENDING: HistoryType.STEP_SCHEDULED,
    StepStatus.SUCCEEDED: HistoryType.STEP_SUCCEEDED,
    StepStatus.FAILED: HistoryType.STEP_FAILED,
    StepStatus.CANCELLED: HistoryType.STEP_CANCELLED,
    StepStatus.SKIPPED: HistoryType.STEP_SKIPPED,
}

_check_syntax: Final = msgspec.json.Decoder(Raw).decode


class Refusal(Exception):  # noqa: N818 - it is what the contract calls it
    """A worker's message cannot be kept; its execution fails with this."""

    def __init__(self, kind: str, message: str, *, step_id: str = "") -> None:
        super().__init__(message)
        self.failure = Failure(type=kind, message=message, step_id=step_id, is_final=True)


class TaskDetails(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The details of a step that a task of any worker does, for a workflow's code.

    Attributes:
        timeout: For one try.
    """

    retry: RetryPolicy = RetryPolicy()
    timeout: timedelta | None = None


class _Condition(Struct, frozen=True, kw_only=True):
    condition: str = ""
    variables: dict[str, Raw] = {}


class _Question(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    question: str
    approvers: Sequence[str]
    required_count: int


def is_wait(step: Step) -> bool:
    """Whether a step is one that the engine brings to its end, and not its worker."""
    return step.type not in _RUN_BY_WORKER and step.type is not StepType.PATCH


def checked(document: bytes, field: str, *, step_id: str = "") -> bytes | None:
    """Returns a document as rows keep it; None for one that is absent.

    Raises:
        Refusal: It is too large, or no JSON.
    """
    if not document:
        return None
    if len(document) > limits.DOCUMENT_BYTES_MAX:
        raise Refusal(
            "TooLargeError",
            f"its {field} has {len(document):,} bytes; {limits.DOCUMENT_BYTES_MAX:,} are allowed",
            step_id=step_id,
        )
    try:
        document.decode()
        _check_syntax(document)
    except (UnicodeDecodeError, msgspec.DecodeError):
        raise Refusal("MalformedJsonError", f"its {field} is not JSON", step_id=step_id) from None
    return document


def failure_of(error: pb.WorkflowError, *, step_id: str = "") -> Failure:
    """Returns an error as rows keep it."""
    return Failure(
        type=error.type.replace("\x00", "") or "Error",
        message=error.message.replace("\x00", ""),
        stack=error.stack.replace("\x00", ""),
        step_id=error.step_id.replace("\x00", "") or step_id,
        is_final=error.is_final,
    )


def failure_message(failure: Failure) -> pb.WorkflowError:
    """Returns an error as messages have it."""
    return pb.WorkflowError(
        type=failure.type,
        message=failure.message,
        stack=failure.stack,
        step_id=failure.step_id,
        is_final=failure.is_final,
    )


def step_of(
    record: messages.StepRecord,
    execution_id: UUID,
    *,
    worker_id: str,
    now: datetime,
    input_of: Callable[[], bytes | None],
) -> Step:
    """Returns the row of a step that a worker tells of.

    Args:
        record: What it says.
        execution_id: Whose step it is.
        worker_id: Who says it.
        now: The database's time, from which durations count.
        input_of: Returns the execution's input, for conditions that look at it.

    Raises:
        Refusal: It cannot be kept.
    """
    step_id = record.id
    step_type = _TYPE_BY_NUMBER.get(record.type)
    status = _STATUS_BY_NUMBER.get(record.status)
    if not 0 < len(step_id) <= ID_LENGTH_MAX or "\x00" in step_id:
        raise Refusal("InvalidStepError", f"a step's id must have 1 to {ID_LENGTH_MAX} characters")
    if step_type is None or status is None:
        raise Refusal("InvalidStepError", "no worker has steps of this type and status", step_id=step_id)
    start_time = moment(record.start_time)
    fields: dict[str, Any] = {}
    if status.has_ended:
        fields["end_time"] = moment(record.end_time)
    elif status is StepStatus.RETRYING:
        fields["wake_time"] = now + span(record.wait.time.duration)
    elif status is not StepStatus.RUNNING:
        fields = _wait_of(record, now, input_of)
        worker_id = ""
    columns: dict[str, Any] = {
        "status": status,
        "attempt": record.attempt,
        "input": checked(record.input, "input", step_id=step_id),
        **fields,
    }
    return Step(
        execution_id=execution_id,
        id=step_id,
        position=record.position,
        type=step_type,
        create_time=start_time,
        start_time=start_time,
        worker_id=worker_id,
        output=checked(record.output, "output", step_id=step_id),
        error=_error_of(record) if record.HasField("error") else None,
        **columns,
    )


def entry_of(step: Step) -> HistoryEntry:
    """Returns what the history says of a step that came to where it is."""
    return HistoryEntry(type=_ENTRIES[step.status], step_id=step.id, attempt=step.attempt, time=step.end_time)


def record_of(step: Step, *, now: datetime) -> messages.StepRecord:
    """Returns a step as its worker is told of it.

    Args:
        step: Its row.
        now: The database's time: a sleep or retry whose time has come by then is over.
    """
    record = messages.StepRecord(
        id=step.id,
        type=pb.StepType.ValueType(step.type),
        status=pb.StepStatus.ValueType(step.status),
        position=step.position,
        attempt=step.attempt,
    )
    if step.status is StepStatus.RETRYING and step.type in _RUN_BY_WORKER:
        left = (step.wake_time or now) - now
        if left > timedelta(0):
            record.wait.time.duration.CopyFrom(duration(left))
        else:
            record.status = pb.STEP_STATUS_PENDING
    elif is_over(step, now):
        assert step.wake_time is not None, "it sleeps"
        record.status = pb.STEP_STATUS_SUCCEEDED
        record.end_time.CopyFrom(stamp(step.wake_time))
    elif step.end_time is not None:
        record.end_time.CopyFrom(stamp(step.end_time))
    if step.output is not None:
        record.output = step.output
    if step.error is not None:
        record.error.CopyFrom(failure_message(msgspec.json.decode(step.error, type=Failure)))
    return record


def is_over(step: Step, now: datetime) -> bool:
    """Whether a step sleeps, and its time has come: nobody else ends it, so that it may be written later."""
    return (
        step.status is StepStatus.WAITING
        and step.waiting_for is WaitReason.TIME
        and step.wake_time is not None
        and step.wake_time <= now
    )


def slept(step: Step) -> Step:
    """Returns a step that sleeps as it is when its time has come."""
    return msgspec.structs.replace(
        step,
        status=StepStatus.SUCCEEDED,
        waiting_for=WaitReason.NONE,
        end_time=step.wake_time,
        wake_time=None,
        output=NULL,
    )


def order_of(step: Step, now: datetime) -> tuple[bool, datetime, int]:
    """Returns by what steps are sorted for a worker: by when they ended, then those that have not."""
    if step.end_time is not None:
        return (False, step.end_time, step.position)
    if is_over(step, now):
        assert step.wake_time is not None, "it sleeps"
        return (False, step.wake_time, step.position)
    return (True, step.create_time, step.position)


def _wait_of(
    record: messages.StepRecord, now: datetime, input_of: Callable[[], bytes | None]
) -> dict[str, Any]:
    """Returns the columns of what a step waits for."""
    wait = record.wait
    fields: dict[str, Any] = {}
    if wait.HasField("timeout"):
        fields["wake_time"] = now + span(wait.timeout)
    elif wait.HasField("timeout_time"):
        fields["wake_time"] = moment(wait.timeout_time)
    match wait.WhichOneof("wait"):
        case "time":
            until = moment(wait.time.until) if wait.time.HasField("until") else now + span(wait.time.duration)
            return {"waiting_for": WaitReason.TIME, "wake_time": until}
        case "event":
            return {**fields, **_event_wait(wait.event, input_of, record.id)}
        case "signal":
            name = _name(wait.signal.name, "signal", record.id)
            return {**fields, "waiting_for": WaitReason.SIGNAL, "waiting_name": name}
        case "approval":
            return {**fields, **_approval_wait(wait.approval, record.id)}
        case "execution":
            child_input = checked(wait.execution.input, "input", step_id=record.id)
            return {
                **fields,
                "waiting_for": WaitReason.EXECUTION,
                "waiting_name": _name(wait.execution.workflow_id, "workflow", record.id),
                "details": DETACHED if wait.execution.is_detached else None,
                "input": child_input,
            }
        case "task":
            return _task_wait(wait.task, now, record.id)
        case _:
            raise Refusal("InvalidStepError", "it waits for nothing that is known", step_id=record.id)


def _event_wait(
    wait: messages.EventWait, input_of: Callable[[], bytes | None], step_id: str
) -> dict[str, Any]:
    details = None
    if wait.condition:
        looks_at_input = "input" in wait.condition
        variables = {"input": Raw(input_of() or NULL)} if looks_at_input else {}
        details = msgspec.json.encode(_Condition(condition=wait.condition, variables=variables))
    name = _name(wait.name, "event", step_id)
    return {"waiting_for": WaitReason.EVENT, "waiting_name": name, "details": details}


def _approval_wait(wait: messages.ApprovalWait, step_id: str) -> dict[str, Any]:
    if len(wait.question) > QUESTION_LENGTH_MAX or len(wait.approvers) > APPROVERS_MAX:
        raise Refusal(
            "InvalidStepError",
            f"a question may have {QUESTION_LENGTH_MAX:,} characters and {APPROVERS_MAX} approvers",
            step_id=step_id,
        )
    if wait.approvers and len(set(wait.approvers)) < wait.required_count:
        raise Refusal("InvalidStepError", "more have to approve than may", step_id=step_id)
    question = _Question(
        question=wait.question.replace("\x00", ""),
        approvers=[each.replace("\x00", "") for each in wait.approvers],
        required_count=wait.required_count or 1,
    )
    return {
        "waiting_for": WaitReason.APPROVAL,
        "waiting_name": question.question[:WAITING_NAME_LENGTH_MAX],
        "details": msgspec.json.encode(question),
    }


def _task_wait(wait: messages.TaskWait, now: datetime, step_id: str) -> dict[str, Any]:
    details = TaskDetails(
        retry=_policy_of(wait.retry), timeout=span(wait.timeout) if wait.HasField("timeout") else None
    )
    return {
        "status": StepStatus.PENDING,
        "stage": StepStage.QUEUED,
        "waiting_for": WaitReason.WORKER,
        "task": _name(wait.task, "task", step_id),
        "attempt": 1,
        "ready_time": now,
        "input": checked(wait.input, "input", step_id=step_id),
        "details": msgspec.json.encode(details),
    }


def _policy_of(policy: pb.RetryPolicy) -> RetryPolicy:
    default = RetryPolicy()
    return RetryPolicy(
        max_attempts=policy.max_attempts or default.max_attempts,
        initial_interval=(
            span(policy.initial_interval) if policy.HasField("initial_interval") else default.initial_interval
        ),
        backoff=policy.backoff or default.backoff,
        max_interval=span(policy.max_interval) if policy.HasField("max_interval") else default.max_interval,
        jitter=policy.jitter if policy.HasField("jitter") else default.jitter,
        final_errors=list(policy.final_errors),
    )


def _name(name: str, what: str, step_id: str) -> str:
    if not 0 < len(name) <= NAME_LENGTH_MAX or "\x00" in name:
        raise Refusal(
            "InvalidStepError",
            f"the name of a {what} must have 1 to {NAME_LENGTH_MAX} characters",
            step_id=step_id,
        )
    return name


def _error_of(record: messages.StepRecord) -> bytes:
    return msgspec.json.encode(failure_of(record.error, step_id=record.id))
