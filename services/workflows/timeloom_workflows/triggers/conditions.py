"""Whether an event is one that a step waits for."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
import structlog

from timeloom_platform import expressions
from timeloom_platform.errors import InvalidExpressionError
from timeloom_workflows.dag.beginnings import EventCondition
from timeloom_workflows.model import Step

EVENT: Final = "event"

logger = structlog.get_logger(__name__)


async def matches(step: Step, event: dict[str, Any]) -> bool:
    """Whether an event meets the condition of a step that waits for one of its name.

    An expression that has no value for this event does not hold of it.
    """
    if not step.details:
        return True
    wanted = msgspec.json.decode(step.details, type=EventCondition)
    if not wanted.condition:
        return True
    variables = {**wanted.variables, EVENT: event}
    try:
        condition = expressions.compile_expression(wanted.condition, variables=tuple(variables))
        if condition.may_take_long:
            return await asyncio.to_thread(condition.holds, variables)
        return condition.holds(variables)
    except InvalidExpressionError as error:
        logger.info("no match", step_id=step.id, execution_id=str(step.execution_id), error=error)
        return False
