"""Doing what a step says: one try of an action, under its breaker, with a result whatever happens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct

from timeloom_platform.errors import TimeloomError
from timeloom_workflows.actions.breaking import Breakers
from timeloom_workflows.actions.call import ActionError, Call
from timeloom_workflows.actions.running import ACTION_SECONDS, Actions
from timeloom_workflows.breakers import BreakerPolicy
from timeloom_workflows.dag.plan import Work
from timeloom_workflows.definitions.model import CircuitBreaker
from timeloom_workflows.model import Failure, StepType

logger = structlog.get_logger(__name__)


class Result(Struct, frozen=True, kw_only=True):
    """What a try came to: an output, or a failure.

    Attributes:
        retry_after_seconds: When trying again makes sense, as the other side says.
    """

    step_id: str
    attempt: int
    output: bytes | None = None
    failure: Failure | None = None
    retry_after_seconds: float | None = None


class Doing:
    """Does the actions of the engine itself."""

    def __init__(self, *, actions: Actions, breakers: Breakers) -> None:
        self._actions = actions
        self._breakers = breakers

    async def do(self, project_id: UUID, workflow_id: str, work: Work) -> Result:
        """Makes one try and returns what it came to."""
        step = work.step
        try:
            output = await self._tried(project_id, workflow_id, work)
        except ActionError as error:
            return Result(
                step_id=step.id,
                attempt=step.attempt,
                failure=error.failure(step.id),
                retry_after_seconds=error.retry_after_seconds,
            )
        return Result(step_id=step.id, attempt=step.attempt, output=output)

    async def _tried(self, project_id: UUID, workflow_id: str, work: Work) -> bytes:
        call = _call(project_id, work)
        assert work.action is not None, "it is an action"
        template: dict[str, Any] = work.action.document.source
        # What undoes a step is not held back by what kept the step from being done.
        guards = work.spec.breaker is not None and work.step.type is not StepType.COMPENSATION
        if work.spec.breaker is None or not guards:
            return await self._actions.run(call, template=template)
        policy = _policy(work.spec.breaker, own_name=f"{workflow_id}/{work.spec.path}")
        await self._checked(policy, call)
        try:
            output = await self._actions.run(call, template=template)
        except ActionError as error:
            # What is refused for good says nothing about whether the other side is well.
            if not error.is_final:
                await self._told(policy, call, has_failed=True)
            raise
        await self._told(policy, call, has_failed=False)
        return output

    async def _checked(self, policy: BreakerPolicy, call: Call) -> None:
        try:
            await self._breakers.check(call.project_id, policy, try_seconds=call.timeout_seconds)
        except TimeloomError as error:
            # Without the database nobody can say; what can be done is done.
            logger.warning("circuit breaker not read", reason=error.reason)

    async def _told(self, policy: BreakerPolicy, call: Call, *, has_failed: bool) -> None:
        try:
            if has_failed:
                await self._breakers.failed(call.project_id, policy)
            else:
                await self._breakers.succeeded(call.project_id, policy)
        except TimeloomError as error:
            logger.warning("circuit breaker not told", reason=error.reason)


def _call(project_id: UUID, work: Work) -> Call:
    timeout = work.spec.timeout
    return Call(
        project_id=project_id,
        execution_id=work.step.execution_id,
        step_id=work.step.id,
        attempt=work.step.attempt,
        action=msgspec.json.decode(work.step.input or b"{}"),
        timeout_seconds=ACTION_SECONDS if timeout is None else timeout.total_seconds(),
    )


def _policy(breaker: CircuitBreaker, *, own_name: str) -> BreakerPolicy:
    return BreakerPolicy(
        name=breaker.name or own_name,
        failures_max=breaker.failures,
        window=breaker.window,
        open_for=breaker.cooldown,
    )
