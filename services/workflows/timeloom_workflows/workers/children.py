"""Executions that the code of others begins."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from timeloom_platform.errors import InvalidFieldError, NotFoundError, TimeloomError
from timeloom_workflows.engine.commands import NewExecution
from timeloom_workflows.model import (
    Execution,
    Failure,
    Step,
    StepRef,
    StepStatus,
    StepType,
    WaitReason,
)
from timeloom_workflows.starting.children import Children as Preparing

_SETTLED: Final = (StepStatus.SUCCEEDED, StepStatus.FAILED)
_RANDOM_BITS: Final = 74
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Children:
    """Finds out what the children of executions are to be."""

    def __init__(self, children: Preparing) -> None:
        self._children = children

    def are_among(self, steps: Sequence[Step]) -> bool:
        """Whether any step begins another execution."""
        return any(_begins(step) for step in steps)

    @staticmethod
    def settled(steps: Sequence[Step]) -> list[Step]:
        """Returns the steps that begin an execution, or cannot, and do not wait for it."""
        return [step for step in steps if step.type is StepType.WORKFLOW and step.status in _SETTLED]

    async def begun(self, execution: Execution, steps: list[Step]) -> tuple[list[Step], list[NewExecution]]:
        """Returns the steps as they are to be committed, and the executions that begin with them."""
        if not self.are_among(steps):
            return steps, []
        every: list[Step] = []
        children: list[NewExecution] = []
        for step in steps:
            if not _begins(step):
                every.append(step)
                continue
            try:
                child = await self._child(execution, step)
            except (NotFoundError, InvalidFieldError) as error:
                every.append(_failed(step, error))
                continue
            children.append(child)
            every.append(_waiting(step, child))
        return every, children

    async def _child(self, execution: Execution, step: Step) -> NewExecution:
        """Returns a step's execution; whoever asks again after a crash gets the same one.

        Raises:
            NotFoundError: There is no such workflow.
            InvalidFieldError: The input is not what its schema asks for.
        """
        child = await self._children.child(
            execution.project_id,
            step.waiting_name or "",
            step.input,
            parent=StepRef(execution.id, step.id),
            priority=execution.priority,
            traceparent=execution.traceparent,
        )
        is_detached = step.details is not None
        return replace(child, id=child_id(execution, step), parent=None if is_detached else child.parent)


def child_id(execution: Execution, step: Step) -> UUID:
    """Returns the id of the execution that a step begins: a UUIDv7, the same for the same step."""
    began_ms = int((step.create_time - _EPOCH).total_seconds() * 1000) & (2**48 - 1)
    named = f"{execution.id}/{execution.retry_count}/{step.id}"
    digest = int.from_bytes(hashlib.blake2b(named.encode(), digest_size=10).digest()) & (2**_RANDOM_BITS - 1)
    upper, lower = digest >> 62, digest & (2**62 - 1)
    return UUID(int=began_ms << 80 | 0x7 << 76 | upper << 64 | 0b10 << 62 | lower)


def _begins(step: Step) -> bool:
    return (
        step.type is StepType.WORKFLOW
        and step.waiting_for is WaitReason.EXECUTION
        and not step.status.has_ended
    )


def _waiting(step: Step, child: NewExecution) -> Step:
    if step.details is None:
        return replace(step, waiting_name=str(child.id))
    return replace(
        step,
        status=StepStatus.SUCCEEDED,
        waiting_for=WaitReason.NONE,
        waiting_name=None,
        details=None,
        wake_time=None,
        end_time=step.create_time,
        output=msgspec.json.encode(str(child.id)),
    )


def _failed(step: Step, error: TimeloomError) -> Step:
    failure = Failure(type=type(error).__name__, message=str(error), step_id=step.id, is_final=True)
    return replace(
        step,
        status=StepStatus.FAILED,
        waiting_for=WaitReason.NONE,
        waiting_name=None,
        details=None,
        wake_time=None,
        end_time=step.create_time,
        error=msgspec.json.encode(failure),
    )
