"""Durable workflows: definitions, what begins them, and how they went."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from timeloom import _convert as convert
from timeloom import _workflow_files as files
from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._messages import assign, read
from timeloom._pages import AsyncPager
from timeloom.aio import _workflow_waiting as waiting
from timeloom.aio._listing import listed
from timeloom.aio.workflow_executions import AsyncWorkflowExecutions
from timeloom.aio.workflow_triggers import AsyncWorkflowTriggers
from timeloom.workflow_resources import (
    DefinitionProblem,
    Workflow,
    WorkflowExecution,
    WorkflowKind,
    WorkflowsStats,
    WorkflowTemplate,
)
from timeloom.workflows.v1 import workflow_executions_service_pb2 as executions_pb
from timeloom.workflows.v1 import workflows_service_pb2 as pb

BATCH_TIMEOUT_SECONDS = 60.0

Definition = Mapping[str, Any] | str | os.PathLike[str]
"""A definition as a JSON object, or the file that holds one: JSON, or YAML where PyYAML is installed."""


class AsyncWorkflows(AsyncWorkflowTriggers):
    """The project's workflows: what is to be done, whatever stops in between.

    Attributes:
        executions: Runs of workflows, and the hand on them.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.executions = AsyncWorkflowExecutions(connection)

    # -- Definitions ------------------------------------------------------------------

    async def apply(
        self, definition: Definition, *, tags: Iterable[str] | None = None, etag: str = ""
    ) -> Workflow:
        """Create a workflow, or make a new version of it; the same definition again changes nothing.

        Args:
            definition: A JSON object with its `id`, or the path of a file that holds one.
            tags: All its tags from now on; those that it has if None.
            etag: Refuse the change if the workflow has another one.

        Raises:
            InvalidDefinitionError: The definition is wrong; the violations name the places.
            EtagMismatchError: Somebody else changed it.
            ValueError: A file is no JSON or YAML, or a definition has no id.
        """
        document = files.definition_of(definition)
        request = pb.UpdateWorkflowRequest(workflow_id=files.id_of(document), tags=tags or (), etag=etag)
        assign(request, "definition", document)
        response = await self._connection.unary(self._connection.workflows.UpdateWorkflow, request)
        return read(Workflow, response.workflow)

    async def create(
        self, definition: Definition, *, tags: Iterable[str] = (), disabled: bool = False
    ) -> Workflow:
        """Create a workflow whose id is new.

        Args:
            definition: A JSON object with its `id`, or the path of a file that holds one.
            tags: Any number of words to find it by.
            disabled: Its triggers do not fire until it is switched on.

        Raises:
            AlreadyExistsError: There is one of this id.
            InvalidDefinitionError: The definition is wrong; the violations name the places.
        """
        request = pb.CreateWorkflowRequest(tags=tags, disabled=disabled)
        assign(request, "definition", files.definition_of(definition))
        response = await self._connection.unary(self._connection.workflows.CreateWorkflow, request)
        return read(Workflow, response.workflow)

    async def get(self, workflow_id: str, *, version: int = 0) -> Workflow:
        """Return a workflow: its newest version, or the one that is asked for."""
        request = pb.GetWorkflowRequest(workflow_id=workflow_id, version=version)
        response = await self._connection.unary(self._connection.workflows.GetWorkflow, request)
        return read(Workflow, response.workflow)

    def list(
        self,
        *,
        tags: Iterable[str] = (),
        kind: WorkflowKind | None = None,
        text: str = "",
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Workflow]:
        """List workflows by their ids, without their definitions.

        Args:
            tags: All of these.
            kind: Only those that the engine, or that workers decide.
            text: In the id or description, whatever the case.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = pb.ListWorkflowsRequest(tags=tags, text=text)
        assign(request, "kind", kind)
        return listed(
            self._connection,
            lambda: self._connection.workflows.ListWorkflows,
            request,
            kind=Workflow,
            field="workflows",
            limit=limit,
            page_size=page_size,
        )

    def versions(
        self, workflow_id: str, *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[Workflow]:
        """List the versions of a workflow, newest first, without their definitions."""
        return listed(
            self._connection,
            lambda: self._connection.workflows.ListWorkflowVersions,
            pb.ListWorkflowVersionsRequest(workflow_id=workflow_id),
            kind=Workflow,
            field="versions",
            limit=limit,
            page_size=page_size,
        )

    async def delete(self, workflow_id: str, *, etag: str = "") -> None:
        """Delete a workflow with its triggers. Executions that have begun go on."""
        request = pb.DeleteWorkflowRequest(workflow_id=workflow_id, etag=etag)
        await self._connection.unary(self._connection.workflows.DeleteWorkflow, request)

    async def enable(self, workflow_id: str) -> Workflow:
        """Let a workflow's triggers fire."""
        request = pb.EnableWorkflowRequest(workflow_id=workflow_id)
        response = await self._connection.unary(self._connection.workflows.EnableWorkflow, request)
        return read(Workflow, response.workflow)

    async def disable(self, workflow_id: str) -> Workflow:
        """Keep a workflow's triggers from firing; it can still be executed by a call."""
        request = pb.DisableWorkflowRequest(workflow_id=workflow_id)
        response = await self._connection.unary(self._connection.workflows.DisableWorkflow, request)
        return read(Workflow, response.workflow)

    async def validate(self, definition: Definition) -> tuple[DefinitionProblem, ...]:
        """Return all that is wrong with a definition, with the places; nothing if it can be executed."""
        request = pb.ValidateWorkflowRequest()
        assign(request, "definition", files.definition_of(definition))
        response = await self._connection.unary(self._connection.workflows.ValidateWorkflow, request)
        return tuple(read(DefinitionProblem, each) for each in response.problems)

    async def schema(self) -> Any:
        """Return the JSON Schema of definitions."""
        method = self._connection.workflows.GetWorkflowSchema
        response = await self._connection.unary(method, pb.GetWorkflowSchemaRequest())
        return convert.parsed(response.schema)

    async def templates(self) -> tuple[WorkflowTemplate, ...]:
        """Return definitions to begin with: what they are, without the definitions themselves."""
        method = self._connection.workflows.ListTemplates
        response = await self._connection.unary(method, pb.ListTemplatesRequest())
        return tuple(read(WorkflowTemplate, each) for each in response.templates)

    async def template(self, template_id: str) -> WorkflowTemplate:
        """Return a template with its definition, and an input that it runs with."""
        request = pb.GetTemplateRequest(template_id=template_id)
        response = await self._connection.unary(self._connection.workflows.GetTemplate, request)
        return read(WorkflowTemplate, response.template)

    # -- Executing --------------------------------------------------------------------

    async def execute(
        self,
        workflow_id: str,
        input: Any = None,  # noqa: A002 - the word that the API uses
        *,
        version: int = 0,
        priority: int | None = None,
        tags: Iterable[str] = (),
        attributes: Mapping[str, Any] | None = None,
        start_time: datetime | None = None,
        idempotency_key: str = "",
        wait: bool | float = False,
    ) -> WorkflowExecution:
        """Begin an execution, and return it once it is committed, or once it has ended.

        Args:
            workflow_id: What is executed.
            input: Any JSON value, as the workflow's schema describes it.
            version: The newest if zero.
            priority: From -100 to 100, the higher ones begin first; what the definition says if None.
            tags: Any number of words to find it by.
            attributes: Values to find it by: an object of strings, numbers and booleans.
            start_time: Do not begin before then.
            idempotency_key: An execution that began with the same key is returned instead. One is made for
                this call if empty, so that a broken connection does not begin two.
            wait: True waits until it has ended, a number for so many seconds at most.

        Raises:
            NotFoundError: There is no such workflow, or version.
            InvalidFieldError: The input is not what the workflow's schema asks for.
        """
        request = executions_pb.ExecuteWorkflowRequest(
            workflow_id=workflow_id,
            version=version,
            tags=tags,
            start_time=convert.timestamp(start_time),
            idempotency_key=idempotency_key or uuid7(),
        )
        for name, value in (("input", input), ("priority", priority), ("attributes", attributes)):
            assign(request, name, value)
        patience = waiting.Patience.of(wait)
        request.wait_seconds = patience.next_seconds()
        response = await self._connection.unary(
            self._connection.workflow_executions.ExecuteWorkflow,
            request,
            timeout_seconds=self._connection.timeout_seconds + request.wait_seconds,
        )
        execution = read(WorkflowExecution, response.execution)
        if execution.has_ended or patience.is_over:
            return execution
        return await waiting.until_ended(self._connection, execution.id, patience)

    async def execute_many(
        self,
        workflow_id: str,
        inputs: Iterable[Any],
        *,
        version: int = 0,
        priority: int | None = None,
        tags: Iterable[str] = (),
        attributes: Mapping[str, Any] | None = None,
        start_time: datetime | None = None,
    ) -> tuple[str, ...]:
        """Begin an execution for each of up to 1,000 inputs, all or none, and return their ids in order."""
        request = executions_pb.BatchExecuteWorkflowRequest(
            workflow_id=workflow_id, version=version, tags=tags, start_time=convert.timestamp(start_time)
        )
        for name, value in (("inputs", [*inputs]), ("priority", priority), ("attributes", attributes)):
            assign(request, name, value)
        response = await self._connection.unary(
            self._connection.workflow_executions.BatchExecuteWorkflow,
            request,
            timeout_seconds=BATCH_TIMEOUT_SECONDS,
        )
        return tuple(response.execution_ids)

    async def stats(
        self,
        workflow_ids: Iterable[str] = (),
        *,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        by_version: bool = False,
        include_steps: bool = False,
    ) -> WorkflowsStats:
        """Count executions and steps, and tell how long they took and how many failed.

        Args:
            workflow_ids: All if empty.
            created_after: Executions that were created since; in the last day if None.
            created_before: Executions that were created before.
            by_version: A line for each version.
            include_steps: Lines for the steps, too.
        """
        request = pb.GetWorkflowStatsRequest(
            workflow_ids=workflow_ids,
            created_after=convert.timestamp(created_after),
            created_before=convert.timestamp(created_before),
            by_version=by_version,
            include_steps=include_steps,
        )
        response = await self._connection.unary(self._connection.workflows.GetWorkflowStats, request)
        return read(WorkflowsStats, response)
