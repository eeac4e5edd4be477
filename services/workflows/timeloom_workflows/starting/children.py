"""Executions that steps of others begin: prepared here, and committed with the step that begins them."""

from __future__ import annotations

from uuid import UUID

from timeloom_platform.ids import uuid7
from timeloom_workflows.engine.commands import NewExecution
from timeloom_workflows.model import StepRef, TriggerType
from timeloom_workflows.starting.starting import Admission, check_input
from timeloom_workflows.starting.versions import Versions


class Children:
    """Prepares them."""

    def __init__(self, *, versions: Versions, admission: Admission | None = None) -> None:
        self._versions = versions
        self._admission = admission

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
            InvalidFieldError: The input is not what the workflow's schema asks for.
            TimeloomError: It is not to begin.
        """
        version = await self._versions.get(project_id, workflow_id)
        check_input(version, document, "input")
        new = NewExecution(
            project_id=project_id,
            id=uuid7(),
            workflow_id=workflow_id,
            workflow_version=version.version,
            kind=version.kind,
            input=document,
            trigger=TriggerType.WORKFLOW,
            trigger_id=str(parent.execution_id),
            priority=priority,
            time_allowed=version.time_allowed,
            parent=parent,
            traceparent=traceparent,
        )
        return (
            new
            if self._admission is None
            else await self._admission.admit(new, version.definition, keeps_priority=True)
        )
