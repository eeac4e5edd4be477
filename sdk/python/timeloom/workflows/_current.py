"""What runs here: the execution whose code runs, or the step or task whose function does."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from timeloom.workflows import documents
from timeloom.workflows._loop import WorkflowLoop

if TYPE_CHECKING:
    from timeloom.workflows._execution import CodeExecution


@dataclass(slots=True, kw_only=True)
class Running:
    """What a step's or task's function may know of its call.

    Attributes:
        attempt: Which try this is, from 1 on.
        progress: What the try before said about its progress last; None if it said nothing.
    """

    execution_id: str
    step_id: str
    attempt: int
    workflow_id: str
    progress: Any = None
    said: bytes | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """The same for every try of this step, and for no other: an idempotency key for whoever is called."""
        return f"{self.execution_id}/{self.step_id}"


_running: Final[ContextVar[Running | None]] = ContextVar("timeloom_workflows_running", default=None)


def execution() -> CodeExecution | None:
    """Return the execution whose code asks; None if it is no workflow's code."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - an exception for each step elsewhere would cost more
    return cast("CodeExecution", loop.timers) if isinstance(loop, WorkflowLoop) else None


def running() -> Running:
    """Return what a step's or task's function may know of its call.

    Raises:
        RuntimeError: No step or task runs here.
    """
    found = _running.get()
    if found is None:
        raise RuntimeError("running() is for the functions of steps and tasks that a worker runs")
    return found


def heartbeat(progress: Any = None) -> None:
    """Say that a task is getting on, and how far it is.

    The worker passes it on with its next heartbeat; if it is lost, the next try finds it in
    `running().progress`. Outside of a worker it does nothing.

    Args:
        progress: Any JSON value; nothing is said if None.
    """
    found = _running.get()
    if found is not None and progress is not None:
        found.said = documents.written(progress)


def set_running(value: Running) -> None:
    """Tell the functions that are called from here on what they are."""
    _running.set(value)
