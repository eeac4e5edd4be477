"""Watching an execution: what changed since the last look, until it has ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

from msgspec import Struct

from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import UnavailableError
from timeloom_workflows import limits
from timeloom_workflows.control.following import POLL_SECONDS, Followers, wait_for
from timeloom_workflows.control.reading import found, require
from timeloom_workflows.model import Execution, Step
from timeloom_workflows.storage import queries as storage
from timeloom_workflows.storage.queries import StepFilter


class Look(Struct, frozen=True):
    """What was seen of an execution.

    Attributes:
        execution: With its input and output if it has ended and nothing comes after this.
        steps: Those that changed since the look before, without inputs and outputs.
        sequence: The last entry of the history that is in it.
        is_last: Nothing comes after this.
    """

    execution: Execution
    steps: Sequence[Step]
    sequence: int
    is_last: bool


class Watching:
    """Looks at executions again whenever they got on."""

    def __init__(self, *, database: Database, followers: Followers) -> None:
        self._database = database
        self._followers = followers

    async def watch(
        self, project_id: UUID, execution_id: UUID, *, after_sequence: int
    ) -> AsyncGenerator[Look]:
        """Yields how an execution stands, and again whenever it got on, until it has ended.

        Args:
            project_id: Of the execution.
            execution_id: Of the execution.
            after_sequence: Go on after this entry of its history; from the beginning if zero.

        Raises:
            NotFoundError: There is no such execution, or it was deleted meanwhile.
            UnavailableError: The service is about to stop; another replica can go on.
        """
        sequence, is_first = after_sequence, True
        with self._followers.following(execution_id) as changed:
            while True:
                changed.clear()
                async with self._database.reading(str(project_id)) as connection:
                    look = await _look(connection, project_id, execution_id, sequence)
                if is_first or look.sequence > sequence or look.is_last:
                    yield look
                    is_first = False
                if look.is_last:
                    return
                is_behind = look.sequence > sequence and look.sequence < look.execution.history_length
                sequence = look.sequence
                if is_behind:
                    continue
                if self._followers.is_closed:
                    raise UnavailableError("The service is about to stop.", retry_after_seconds=0.5)
                await wait_for(changed, seconds=POLL_SECONDS)


async def _look(connection: Connection, project_id: UUID, execution_id: UUID, sequence: int) -> Look:
    # In this order: what is in the history is then in the execution, and in the steps.
    entries = await storage.select_history(
        connection, project_id, execution_id, after_sequence=sequence, limit=limits.WATCHED_ENTRIES
    )
    execution = await require(connection, project_id, execution_id)
    seen = entries[-1].sequence if entries else sequence
    is_last = execution.status.has_ended and seen >= execution.history_length
    if sequence == 0 and not execution.history_length > limits.WATCHED_ENTRIES:
        # A fork has steps that its history says nothing of.
        steps = await storage.select_steps(
            connection, project_id, execution_id, wanted=StepFilter(), after=None, limit=limits.FIRST_STEPS
        )
    else:
        step_ids = {entry.step_id for entry in entries if entry.step_id}
        steps = await storage.select_steps_named(connection, project_id, execution_id, sorted(step_ids))
    if is_last:
        execution = found(await storage.select(connection, project_id, execution_id), execution_id)
    return Look(execution, steps, seen, is_last)
