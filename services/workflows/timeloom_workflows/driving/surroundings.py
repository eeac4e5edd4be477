"""What the runs of all executions share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Database
from timeloom_workflows.actions.webhooks import CallbackTokens
from timeloom_workflows.driving.definitions import Definitions
from timeloom_workflows.driving.doing import Doing
from timeloom_workflows.engine.commands import NewExecution
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.engine.tasks import TaskDesk
from timeloom_workflows.model import Execution, Step, StepRef


class Children(Protocol):
    """Prepares executions that steps of others begin."""

    async def child(
        self,
        project_id: UUID,
        workflow_id: str,
        document: bytes | None,
        *,
        parent: StepRef,
        priority: int,
        traceparent: str,
    ) -> NewExecution:
        """Returns an execution of a workflow's newest version that is to begin.

        Raises:
            NotFoundError: There is no such workflow.
            InvalidFieldError: The input is not what its schema asks for.
            TimeloomError: It is not to begin.
        """
        ...


class Signals(Protocol):
    """Signals that came before a step waited for them."""

    async def settle(self, project_id: UUID, execution_id: UUID) -> Sequence[Step]:
        """Gives them to the steps that wait now; returns these."""
        ...


class Controls(Protocol):
    """What is done to other executions."""

    async def cancel(self, project_id: UUID, execution_id: UUID, *, reason: str = "") -> Execution:
        """Cancels an execution with all those that it waits for.

        Raises:
            NotFoundError: There is none.
            WrongStatusError: It has ended otherwise.
        """
        ...


class LookBack(Protocol):
    """Events that came before a step waited for them."""

    async def look_back(self, project_id: UUID, execution_id: UUID, step: Step) -> bool:
        """Ends a step that waits for an event which has come since its execution was created.

        Like every change from outside: one transaction that raises the execution's inbox.
        """
        ...


class Surroundings(Struct, frozen=True, kw_only=True):
    """What runs of executions hang on to.

    Attributes:
        desk: Gives tasks to workers; without one they are queued for other replicas.
        events: Looks back for events; None where nobody publishes any.
        public_url: Where the installation's REST is reached from outside.
        deliveries_max: An execution that was lost with its engines so often is given up.
        suspects: Whose turn it is of those that may take the engine down.
    """

    engine: Engine
    database: Database
    definitions: Definitions
    doing: Doing
    children: Children
    controls: Controls
    signals: Signals
    callbacks: CallbackTokens
    public_url: str
    deliveries_max: int
    suspects: asyncio.Lock
    desk: TaskDesk | None = None
    events: LookBack | None = None
