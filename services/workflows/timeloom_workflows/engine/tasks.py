"""What drivers of definitions and those who have workers want of one another.

A step that a worker's task does is committed before any worker sees it: as OWNED by this engine, if a worker
of this replica has room for it, and is then sent to it at once; else as QUEUED, for any replica whose workers
have room. The step's token, which grows with every hand-out, fences its result.

What a task came to goes to the driver if it is here; else into the database, as everything that comes from
outside: one transaction that raises the inbox. A step that succeeded is SUCCEEDED then. One whose try failed
is RETRYING, with its error, and without a `wake_time`: the driver decides whether and when it is tried again.
Whoever hands a queued task out sees to its time: `details` may have a `timeout` in seconds for one try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from msgspec import Struct

from timeloom_workflows.model import Failure, Step


class TaskOutcome(Struct, frozen=True, kw_only=True):
    """What a task came to: an output, or a failure.

    Attributes:
        token: The step's, of the hand-out that it comes from.
        start_time: When the worker began with it.
    """

    token: int
    output: bytes | None = None
    failure: Failure | None = None
    worker_id: str = ""
    start_time: datetime | None = None


TaskDone: TypeAlias = Callable[[TaskOutcome], asyncio.Future[bool]]
"""Takes what a task came to, and tells whether it was committed; it never raises. If it was not, the driver
has left the execution, and the outcome goes into the database, where the token decides."""


class DirectTask(Struct, frozen=True, kw_only=True):
    """A task that a worker of this replica is to do.

    Attributes:
        step: Its row as it is committed: RUNNING, OWNED by this engine.
        deadline: When this try must have ended; None if it may take for ever.
        done: Where its outcome goes, as long as this replica drives the execution.
    """

    project_id: UUID
    workflow_id: str
    step: Step
    deadline: datetime | None
    traceparent: str
    done: TaskDone


class TaskDesk(Protocol):
    """Gives tasks to workers. None of its methods blocks, fails, or waits."""

    def reserve(self, project_id: UUID, task: str) -> bool:
        """Keeps a place with a worker of this replica for one task; False if none has room."""
        ...

    def give_back(self, project_id: UUID, task: str) -> None:
        """Frees a place that was kept: the step was not committed."""
        ...

    def dispatch(self, task: DirectTask) -> None:
        """Sends a task, for which a place was kept, to a worker."""
        ...

    def queued(self, project_id: UUID, task: str) -> None:
        """A step was queued that any replica may take."""
        ...

    def revoke(self, execution_id: UUID, step_id: str, *, reason: str) -> None:
        """A task is not wanted any more: a worker of this replica that has it is told to stop."""
        ...
