"""The rows of triggers follow the newest version of their workflow, in the transaction that changes it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from timeloom_platform.database import Connection
from timeloom_workflows.definitions.document import DefinitionDocument
from timeloom_workflows.model import TriggerType, Workflow
from timeloom_workflows.storage import triggers as storage
from timeloom_workflows.storage.triggers import Trigger
from timeloom_workflows.triggers import schedules
from timeloom_workflows.triggers.specs import spec_of

HOOK_PREFIX: Final = "wh_"
HOOK_BYTES: Final = 24
"""Of chance in a webhook's address: nobody guesses it."""

NOW: Final = "SELECT clock_timestamp()"


class TriggerFollower:
    """Brings the triggers of workflows up to date."""

    async def workflow_changed(
        self, connection: Connection, workflow: Workflow, document: DefinitionDocument
    ) -> None:
        """Writes the triggers of a workflow as its newest version has them.

        A webhook keeps its address and its secret. A schedule that is the same as before goes on from where
        it was; one that was switched off, and is switched on again, begins from now.
        """
        before = await storage.select_of_workflow(connection, workflow.project_id, workflow.id)
        wanted: Sequence[Any] = document.value.get("triggers", ())
        if not before and not wanted:
            return
        now: datetime = await connection.fetchval(NOW)
        triggers = [
            _trigger(workflow, number, msgspec.json.encode(each), before=before, now=now)
            for number, each in enumerate(wanted)
        ]
        await storage.replace_all(connection, workflow.project_id, workflow.id, triggers)

    async def workflow_deleted(self, connection: Connection, project_id: UUID, workflow_id: str) -> None:
        """Deletes the triggers of a workflow."""
        await storage.replace_all(connection, project_id, workflow_id, ())


def _trigger(
    workflow: Workflow, number: int, definition: bytes, *, before: Sequence[Trigger], now: datetime
) -> Trigger:
    spec = spec_of(definition)
    same = next((each for each in before if _is_same(each, spec.type, definition)), None)
    hook = next((each for each in before if each.type is spec.type is TriggerType.WEBHOOK), None)
    next_fire_time = due_time = None
    if spec.type is TriggerType.CRON and workflow.enabled:
        if same is not None and same.enabled:
            next_fire_time, due_time = same.next_fire_time, same.due_time
        else:
            next_fire_time = schedules.first_time(spec, now)
            due_time = schedules.due_time(
                spec, next_fire_time, salt=salt_of(workflow.project_id, workflow.id)
            )
    return Trigger(
        project_id=workflow.project_id,
        workflow_id=workflow.id,
        number=number,
        type=spec.type,
        enabled=workflow.enabled,
        expression=spec.expression,
        time_zone=spec.time_zone if spec.type is TriggerType.CRON else "",
        definition=definition,
        hook_id=_hook_id(hook) if spec.type is TriggerType.WEBHOOK else None,
        hook_generation=hook.hook_generation if hook else 0,
        next_fire_time=next_fire_time,
        due_time=due_time,
        last_fire_time=same.last_fire_time if same else None,
        problem=same.problem if same else "",
    )


def salt_of(project_id: UUID, workflow_id: str) -> str:
    """What tells the chances of one workflow's schedules from those of others."""
    return f"{project_id}/{workflow_id}"


def _is_same(trigger: Trigger, kind: TriggerType, definition: bytes) -> bool:
    return trigger.type is kind and trigger.definition == definition


def _hook_id(hook: Trigger | None) -> str:
    if hook is not None and hook.hook_id is not None:
        return hook.hook_id
    return HOOK_PREFIX + secrets.token_urlsafe(HOOK_BYTES)
