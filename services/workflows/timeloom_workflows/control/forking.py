"""Forking: a new execution that has had the same steps as another one, up to one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_platform.ids import uuid7
from timeloom_platform.telemetry import current_traceparent
from timeloom_workflows.control.changing import Changing, LockedExecution
from timeloom_workflows.control.controls import require_version
from timeloom_workflows.control.reading import found
from timeloom_workflows.control.reruns import carried
from timeloom_workflows.control.transitions import Change, entry
from timeloom_workflows.engine.commands import NewExecution
from timeloom_workflows.model import (
    Execution,
    HistoryType,
    Step,
    StepRef,
    StepStage,
    StepStatus,
    TriggerType,
    WaitReason,
)
from timeloom_workflows.starting.starting import Admission
from timeloom_workflows.starting.versions import Versions
from timeloom_workflows.storage import controls, queries


class Starts(Protocol):
    """Whoever begins executions."""

    async def start(self, new: NewExecution, /) -> Any:
        """Commits that an execution begins."""
        ...


class ForkChanges(Struct, frozen=True, kw_only=True):
    """In what a fork differs from its original; what is empty is the original's.

    Attributes:
        outputs: Other outputs of steps that it has had.
    """

    input: bytes | None = None
    outputs: Mapping[str, bytes] = {}
    version: int = 0
    tags: Sequence[str] = ()


class Forking:
    """Begins executions from the steps of others."""

    def __init__(
        self,
        *,
        database: Database,
        changing: Changing,
        engine: Starts,
        versions: Versions,
        admission: Admission,
    ) -> None:
        self._database = database
        self._changing = changing
        self._engine = engine
        self._versions = versions
        self._admission = admission

    async def fork(
        self, project_id: UUID, execution_id: UUID, *, step_id: str, changes: ForkChanges, reason: str = ""
    ) -> Execution:
        """Begins an execution that has had the steps of another one up to `step_id`; none if it is empty.

        The original may run meanwhile, and goes on as if nothing had happened. What holds other executions of
        the workflow back holds a fork back, too; it is as urgent as its original.

        Raises:
            NotFoundError: There is no such execution.
            InvalidFieldError: There is no such step or version, the step has not ended and has no output, or
                an output is for a step that the fork has not had.
            RateLimitedError: Too many executions of the workflow began lately.
            AlreadyExistsError: Only one of its executions may be alive, and one is.
        """
        async with self._changing.locked(project_id, execution_id) as locked:
            new = await _fork_of(locked, step_id=step_id, changes=changes)
        new = await self._admitted(new)
        await self._engine.start(new)
        await self._note(new, reason=reason)
        async with self._database.reading(str(project_id)) as connection:
            return found(await queries.select(connection, project_id, new.id), new.id)

    async def _admitted(self, new: NewExecution) -> NewExecution:
        try:
            version = await self._versions.get(new.project_id, new.workflow_id, new.workflow_version)
        except NotFoundError:
            # Its workflow was deleted: nothing else of it begins that a fork could be held back for.
            return new
        return await self._admission.admit(new, version.definition, keeps_priority=True)

    async def _note(self, new: NewExecution, *, reason: str) -> None:
        """Says in the history of the original that it was forked."""
        assert new.forked_from is not None, "it is a fork"
        told = entry(
            HistoryType.EXECUTION_FORKED,
            step_id=new.forked_from.step_id,
            reason=reason,
            executionId=str(new.id),
        )
        try:
            async with self._changing.locked(new.project_id, new.forked_from.execution_id) as locked:
                await locked.write(Change(locked.execution, [told]))
        except NotFoundError:
            # It was deleted meanwhile, with its history.
            return


async def _fork_of(locked: LockedExecution, *, step_id: str, changes: ForkChanges) -> NewExecution:
    project_id, execution_id = locked.execution.project_id, locked.execution.id
    await require_version(locked, changes.version)
    original = found(await queries.select(locked.connection, project_id, execution_id), execution_id)
    return NewExecution(
        project_id=project_id,
        id=uuid7(),
        workflow_id=original.workflow_id,
        workflow_version=changes.version or original.workflow_version,
        kind=original.kind,
        input=original.input if changes.input is None else changes.input,
        trigger=TriggerType.FORK,
        trigger_id=str(execution_id),
        priority=original.priority,
        tags=changes.tags or original.tags,
        attributes=original.attributes,
        time_allowed=None if original.deadline is None else original.deadline - original.create_time,
        forked_from=StepRef(execution_id, step_id),
        traceparent=current_traceparent(),
        steps=await _carried(locked, step_id=step_id, outputs=changes.outputs),
    )


async def _carried(locked: LockedExecution, *, step_id: str, outputs: Mapping[str, bytes]) -> Sequence[Step]:
    """Returns the steps that a fork has had, with their documents."""
    project_id, execution_id = locked.execution.project_id, locked.execution.id
    outline = await controls.select_outline(locked.connection, project_id, execution_id)
    kept, reopened = carried(outline, last_step_id=step_id, replaced=outputs)
    steps = await controls.select_whole(
        locked.connection, project_id, execution_id, [step.id for step in kept]
    )
    return [
        _as_had(step, is_reopened=step.id in reopened, output=outputs.get(step.id), now=locked.now)
        for step in steps
    ]


def _as_had(step: Step, *, is_reopened: bool, output: bytes | None, now: datetime) -> Step:
    had = replace(
        step,
        stage=StepStage.NONE,
        token=0,
        owner=None,
        waiting_for=WaitReason.NONE,
        wake_time=None,
    )
    if is_reopened:
        return replace(had, status=StepStatus.RUNNING, output=None, error=None, end_time=None)
    if output is not None:
        return replace(
            had,
            status=StepStatus.SUCCEEDED,
            output=output,
            error=None,
            end_time=step.end_time or now,
        )
    return had
