"""Waiting for the end of an execution, in calls that are short enough for whatever lies between."""

from __future__ import annotations

import asyncio
import math
from typing import Final, Self

from timeloom._calls import Connection
from timeloom._messages import read
from timeloom.workflow_resources import WorkflowExecution
from timeloom.workflows.v1 import workflow_executions_service_pb2 as pb

CALL_SECONDS_MAX: Final = 60
"""How long one call waits: proxies cut those that say nothing for long."""


class Patience:
    """How long somebody is ready to wait: not at all, for some seconds, or until the end."""

    def __init__(self, seconds: float) -> None:
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + seconds

    @classmethod
    def of(cls, wait: float) -> Self:
        """Return the patience of who says True for until the end, False for none, or a number of seconds."""
        return cls(math.inf if wait is True else float(wait))

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left of it."""
        return self._clock() >= self._deadline

    def next_seconds(self) -> int:
        """Return for how long the next call waits."""
        left = self._deadline - self._clock()
        return max(0, CALL_SECONDS_MAX if left >= CALL_SECONDS_MAX else math.ceil(left))


async def until_ended(connection: Connection, execution_id: str, patience: Patience) -> WorkflowExecution:
    """Return an execution when it has ended, or the patience is over.

    Raises:
        NotFoundError: There is no such execution.
    """
    while True:
        request = pb.GetWorkflowExecutionRequest(
            execution_id=execution_id, wait_seconds=patience.next_seconds()
        )
        response = await connection.unary(
            connection.workflow_executions.GetWorkflowExecution,
            request,
            timeout_seconds=connection.timeout_seconds + request.wait_seconds,
        )
        execution = read(WorkflowExecution, response.execution)
        if execution.has_ended or patience.is_over:
            return execution
