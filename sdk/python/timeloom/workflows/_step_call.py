"""A step that the code of an execution asked for, and how it gets on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from timeloom.workflows.documents import Reader
from timeloom.workflows.functions import Step
from timeloom.workflows.v1 import workflows_pb2 as pb

if TYPE_CHECKING:
    from timeloom.workflows._execution import CodeExecution


class CallState(Enum):
    """Where a call stands."""

    RECORDED = auto()
    """It ended before: its answer comes when its turn has come."""
    HELD = auto()
    """It is to run as soon as what ended before is committed."""
    RUNNING = auto()
    """Its function runs."""
    BACKING_OFF = auto()
    """It failed, and the worker tries it again in a moment."""
    WAITING = auto()
    """The engine has it."""
    OVER = auto()
    """It has answered, or nobody waits for it any more."""


class StepCall:
    """One call of a step. The code waits for its future."""

    __slots__ = (
        "args",
        "attempt",
        "execution",
        "future",
        "id",
        "named",
        "position",
        "read",
        "reported",
        "start_us",
        "state",
        "step",
        "type",
    )

    def __init__(
        self,
        execution: CodeExecution,
        step_id: str,
        step_type: pb.StepType.ValueType,
        *,
        read: Reader,
        future: asyncio.Future[Any],
    ) -> None:
        self.execution = execution
        self.id = step_id
        self.type = step_type
        self.read = read
        self.future = future
        self.position = 0
        self.attempt = 0
        self.start_us = 0
        self.reported = False
        self.state = CallState.RECORDED
        self.step: Step[..., Any] | None = None
        self.args: Sequence[Any] = ()
        self.named: Mapping[str, Any] = {}
