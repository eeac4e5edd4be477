"""Definitions with steps, made and run to their end in few words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from tests.integration.workflows.service import Replica
from timeloom_platform.ids import uuid7
from timeloom_platform.testing import eventually
from timeloom_workflows.definitions.document import DefinitionDocument
from timeloom_workflows.engine.commands import NewExecution
from timeloom_workflows.model import Execution, Stage, Step, TriggerType, Workflow, WorkflowKind
from timeloom_workflows.storage import workflows

END_SECONDS = 60.0


class Ran(Struct, frozen=True, kw_only=True):
    """An execution that has ended, and its steps in order."""

    execution: Execution
    steps: Sequence[Step]

    @property
    def status(self) -> str:
        return self.execution.status.name

    @property
    def output(self) -> Any:
        return _value(self.execution.output)

    @property
    def error(self) -> Any:
        return _value(self.execution.error)

    @property
    def statuses(self) -> dict[str, str]:
        return {step.id: step.status.name for step in self.steps}

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)

    def output_of(self, step_id: str) -> Any:
        return _value(self.step(step_id).output)

    def error_of(self, step_id: str) -> Any:
        return _value(self.step(step_id).error)


def _value(document: bytes | None) -> Any:
    return None if document is None else json.loads(document)


async def define(replica: Replica, steps: list[dict[str, Any]], **fields: Any) -> str:
    """Makes a workflow of some steps, and returns its id."""
    definition = {"id": f"w-{uuid7()}", "steps": steps, **fields}
    document = DefinitionDocument.of(json.dumps(definition).encode(), kind=WorkflowKind.DAG)
    async with replica.rows() as connection:
        await workflows.claim(
            connection, replica.project_id, document.id, kind=WorkflowKind.DAG, enabled=True
        )
        fresh: dict[str, Any] = {
            "project_id": replica.project_id,
            "id": document.id,
            "kind": document.kind,
            "enabled": True,
            "description": "",
            "tags": (),
            "revision": 0,
            "definition": document.text,
            "definition_hash": document.hash,
            "create_time": None,
            "update_time": None,
        }
        version = await workflows.insert_version(connection, Workflow(**fresh, version=0))
        await workflows.update(connection, Workflow(**fresh, version=version))
    return document.id


async def begin(replica: Replica, workflow_id: str, value: Any = None, **fields: Any) -> UUID:
    """Begins an execution of a workflow's first version, and returns its id."""
    new = NewExecution(
        project_id=replica.project_id,
        id=uuid7(),
        workflow_id=workflow_id,
        workflow_version=1,
        kind=WorkflowKind.DAG,
        input=json.dumps(value).encode(),
        trigger=TriggerType.MANUAL,
        **fields,
    )
    return (await replica.engine.start(new)).execution_id


async def ended(replica: Replica, execution_id: UUID) -> Ran:
    """Waits for an execution's end."""

    async def end() -> Any:
        execution = await replica.execution(execution_id)
        return execution if execution.status.has_ended else None

    execution: Execution = await eventually(
        end, timeout_seconds=END_SECONDS, describe=f"{execution_id} has ended"
    )
    return Ran(execution=execution, steps=await replica.steps(execution_id))


async def ran(replica: Replica, steps: list[dict[str, Any]], value: Any = None, **fields: Any) -> Ran:
    """Makes a workflow, executes it, and waits for its end."""
    return await ended(replica, await begin(replica, await define(replica, steps, **fields), value))


async def until_step(replica: Replica, execution_id: UUID, step_id: str, status: str) -> Step:
    """Waits until a step stands as it is to."""

    async def found() -> Any:
        steps = await replica.steps(execution_id)
        return next((each for each in steps if each.id == step_id and each.status.name == status), None)

    step: Step = await eventually(found, timeout_seconds=END_SECONDS, describe=f"{step_id} is {status}")
    return step


def transform(step_id: str, value: Any, **fields: Any) -> dict[str, Any]:
    """Makes a step that computes a value."""
    return {"id": step_id, "type": "transform", "value": value, **fields}


def get(step_id: str, url: str, **fields: Any) -> dict[str, Any]:
    """Makes a step that fetches something."""
    return {"id": step_id, "type": "action", "action": {"type": "http", "url": url}, **fields}


async def until_stage(replica: Replica, execution_id: UUID, stage: Stage) -> Execution:
    """Waits until somebody, or nobody, has an execution."""

    async def found() -> Any:
        execution = await replica.execution(execution_id)
        return execution if execution.stage is stage else None

    execution: Execution = await eventually(found, timeout_seconds=END_SECONDS, describe=stage.name)
    return execution
