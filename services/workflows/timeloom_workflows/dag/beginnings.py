"""How a step without steps within it begins: what becomes of it at once, or what it waits for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from timeloom_workflows.dag.values import encoded
from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.expressions import EvaluationError, LazyExpression
from timeloom_workflows.definitions.kinds import is_list
from timeloom_workflows.definitions.model import (
    Action,
    ActionStep,
    ApprovalStep,
    Leaf,
    TransformStep,
    WaitStep,
    WebhookStep,
    WorkflowStep,
)
from timeloom_workflows.model import StepStatus, WaitReason

QUESTION_LENGTH_MAX: Final = 2_000
APPROVERS_MAX: Final = 100


class Beginning(Struct, frozen=True, kw_only=True):
    """What a step's row has when it has begun.

    Attributes:
        action: What is to be called; None if nothing is.
    """

    status: StepStatus
    waiting_for: WaitReason = WaitReason.NONE
    waiting_name: str | None = None
    wake_time: datetime | None = None
    task: str | None = None
    details: bytes | None = None
    input: bytes | None = None
    output: bytes | None = None
    action: Action | None = None


class EventCondition(Struct, frozen=True, kw_only=True):
    """The details of a wait for an event: what must hold of it.

    Attributes:
        condition: An expression over `event` and the variables; any event of the name if empty.
        variables: All others that it looks at, as they were when the wait began.
    """

    condition: str = ""
    variables: Mapping[str, Any] = {}


class Question(Struct, frozen=True, kw_only=True, rename="camel"):
    """The details of a wait for a decision."""

    question: str
    approvers: list[str]
    required_count: int
    on_timeout: str


def beginning_of(spec: Leaf, variables: Mapping[str, Any], now: datetime) -> Beginning:
    """Returns how a step begins.

    Raises:
        EvaluationError: One of its expressions has no value, or none that can be used.
    """
    action = action_of(spec)
    if action is not None:
        return called(action, variables)
    match spec:
        case TransformStep():
            return Beginning(status=StepStatus.SUCCEEDED, output=encoded(spec.value.render(variables)))
        case WaitStep():
            return _wait(spec, variables, now)
        case ApprovalStep():
            return _approval(spec, variables, now)
        case WorkflowStep():
            return _workflow(spec, variables, now)
        case _:
            return _waiting(spec, WaitReason.WEBHOOK, now)


def action_of(spec: Leaf) -> Action | None:
    """Returns what a step calls; None if it calls nothing."""
    match spec:
        case ActionStep():
            return spec.action
        case WebhookStep():
            return spec.call
        case _:
            return None


def called(action: Action, variables: Mapping[str, Any]) -> Beginning:
    """Returns how a call begins.

    Raises:
        EvaluationError: One of its expressions has no value.
    """
    document = encoded(action.document.render(variables))
    if action.task:
        return Beginning(
            status=StepStatus.PENDING,
            waiting_for=WaitReason.WORKER,
            task=action.task,
            input=document,
            action=action,
        )
    return Beginning(status=StepStatus.RUNNING, input=document, action=action)


def _wait(spec: WaitStep, variables: Mapping[str, Any], now: datetime) -> Beginning:
    if spec.event:
        details = None if spec.match is None else _condition(spec.match, variables)
        return _waiting(spec, WaitReason.EVENT, now, waiting_name=spec.event, details=details)
    if spec.signal:
        return _waiting(spec, WaitReason.SIGNAL, now, waiting_name=spec.signal)
    if spec.until is not None:
        wake_time = _time_of(spec.until, variables)
    else:
        assert spec.duration is not None, "one of them is there"
        wake_time = now + spec.duration
    if wake_time <= now:
        return Beginning(status=StepStatus.SUCCEEDED, output=b"null")
    return Beginning(status=StepStatus.WAITING, waiting_for=WaitReason.TIME, wake_time=wake_time)


def _approval(spec: ApprovalStep, variables: Mapping[str, Any], now: datetime) -> Beginning:
    question = spec.question.render(variables)
    text = question if isinstance(question, str) else msgspec.json.encode(question).decode()
    approvers = _names(spec.approvers.render(variables))
    if len(approvers) > APPROVERS_MAX:
        raise EvaluationError(f"`approvers` must be at most {APPROVERS_MAX}")
    if approvers and len(set(approvers)) < spec.required_count:
        raise EvaluationError(
            f"`approvers` are {len(set(approvers))}, and {spec.required_count} have to approve"
        )
    details = Question(
        question=text,
        approvers=approvers,
        required_count=spec.required_count,
        on_timeout=spec.on_timeout,
    )
    return _waiting(
        spec,
        WaitReason.APPROVAL,
        now,
        waiting_name=text[:QUESTION_LENGTH_MAX],
        details=encoded(details),
    )


def _names(value: Any) -> list[str]:
    if not is_list(value) or not all(isinstance(each, str) for each in value):
        raise EvaluationError("`approvers` must be a list of names")
    return value


def _workflow(spec: WorkflowStep, variables: Mapping[str, Any], now: datetime) -> Beginning:
    document = encoded(spec.input.render(variables))
    if spec.detached:
        return Beginning(status=StepStatus.RUNNING, input=document)
    return replace(_waiting(spec, WaitReason.EXECUTION, now), input=document)


def _waiting(
    spec: Leaf,
    reason: WaitReason,
    now: datetime,
    *,
    waiting_name: str | None = None,
    details: bytes | None = None,
) -> Beginning:
    return Beginning(
        status=StepStatus.WAITING,
        waiting_for=reason,
        waiting_name=waiting_name,
        wake_time=None if spec.timeout is None else now + spec.timeout,
        details=details,
    )


def _condition(match: LazyExpression, variables: Mapping[str, Any]) -> bytes:
    seen = {
        name: value
        for name, value in variables.items()
        if name != expressions.EVENT and re.search(rf"\b{name}\b", match.text)
    }
    return encoded(EventCondition(condition=match.text, variables=seen))


def _time_of(until: LazyExpression, variables: Mapping[str, Any]) -> datetime:
    value = until.value(variables)
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        time = None
    if time is None or time.tzinfo is None:
        raise EvaluationError(f"`{until.text}` must be a time such as `2026-11-23T08:00:00Z`")
    return time.astimezone(UTC)
