"""What a step that failed, or that nobody answered in time, comes to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from timeloom_workflows.definitions.model import ApprovalStep, Leaf, Timeout, WaitStep
from timeloom_workflows.model import Failure, Step, StepStage, StepStatus, StepType, WaitReason
from timeloom_workflows.retries import ONCE, RetryPolicy, is_tried_again, wait_after

TIMEOUT_ERROR: Final = "TimeoutError"
EXPRESSION_ERROR: Final = "ExpressionError"

_NOTHING: Final = b"null"


def succeeded(row: Step, output: bytes, now: datetime) -> Step:
    """Returns a step as it is when it has succeeded."""
    return _left(row, status=StepStatus.SUCCEEDED, output=output, error=None, wake_time=None, end_time=now)


def failed(
    row: Step, spec: Leaf | None, failure: Failure, now: datetime, *, retry_after_seconds: float | None = None
) -> Step:
    """Returns a step as it is after a try that failed: it waits for the next one, or has failed for good.

    Args:
        row: The step.
        spec: What the definition says about it; None if it is not tried again.
        failure: Why.
        now: When.
        retry_after_seconds: What the other side asked for.
    """
    failure = replace(failure, step_id=failure.step_id or row.id)
    error = msgspec.json.encode(failure)
    policy = _policy_of(row, spec)
    if not is_tried_again(policy, failure, attempt=row.attempt):
        return _left(row, status=StepStatus.FAILED, error=error, wake_time=None, end_time=now)
    wait = wait_after(
        policy,
        attempt=row.attempt,
        seed=f"{row.execution_id}/{row.id}",
        retry_after_seconds=retry_after_seconds,
    )
    return _left(
        row, status=StepStatus.RETRYING, waiting_for=WaitReason.TIME, error=error, wake_time=now + wait
    )


def cancelled(row: Step, now: datetime) -> Step:
    """Returns a step as it is when it is not to go on."""
    return _left(row, status=StepStatus.CANCELLED, wake_time=None, end_time=now)


def timed_out(row: Step, spec: Leaf, now: datetime) -> Step:
    """Returns a step that has waited until its time was over."""
    if row.waiting_for == WaitReason.TIME:
        return succeeded(row, _NOTHING, now)
    match spec:
        case WaitStep(fails_on_timeout=False):
            return succeeded(row, _NOTHING, now)
        case ApprovalStep(on_timeout=Timeout.APPROVE | Timeout.REJECT):
            decision: Mapping[str, Any] = {
                "approved": spec.on_timeout == Timeout.APPROVE,
                "timedOut": True,
            }
            return succeeded(row, msgspec.json.encode(decision), now)
        case _:
            return failed(row, spec, Failure(type=TIMEOUT_ERROR, message=_patience(row)), now)


def _policy_of(row: Step, spec: Leaf | None) -> RetryPolicy:
    if spec is not None and spec.retry is not None:
        return spec.retry
    # What was done has to be undone, whatever it takes.
    return RetryPolicy() if row.type == StepType.COMPENSATION else ONCE


def _patience(row: Step) -> str:
    what = {
        WaitReason.EVENT: f"No event {row.waiting_name} came",
        WaitReason.SIGNAL: f"No signal {row.waiting_name} came",
        WaitReason.APPROVAL: "Nobody decided",
        WaitReason.EXECUTION: "The other execution did not end",
        WaitReason.WEBHOOK: "Nobody called back",
    }.get(row.waiting_for, "It did not end")
    return f"{what} in time"


def _left(row: Step, *, waiting_for: WaitReason = WaitReason.NONE, **changes: Any) -> Step:
    """Returns a row that nobody has any more."""
    return replace(row, waiting_for=waiting_for, stage=StepStage.NONE, owner=None, **changes)
