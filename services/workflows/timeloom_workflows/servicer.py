"""The WorkflowsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.workflows.v1 import workflows_service_pb2 as messages
from timeloom.workflows.v1 import workflows_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_workflows import templates
from timeloom_workflows.control.answers import stats_response
from timeloom_workflows.control.requests import stats_filter_of
from timeloom_workflows.control.stats import Stats
from timeloom_workflows.definitions.structure import schema_text
from timeloom_workflows.model import WorkflowKind
from timeloom_workflows.storage.workflows import WorkflowFilter
from timeloom_workflows.workflow_answers import problem_message, template_message, workflow_message
from timeloom_workflows.workflows import Workflows

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkflowsServicer(services.WorkflowsServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, workflows: Workflows, stats: Stats) -> None:
        self._workflows = workflows
        self._stats = stats

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_WorkflowsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["WorkflowsService"],
        )

    async def CreateWorkflow(
        self, request: messages.CreateWorkflowRequest, context: _Context
    ) -> messages.CreateWorkflowResponse:
        workflow = await self._workflows.create(
            _project_id(), request.definition, tags=request.tags, enabled=not request.disabled
        )
        return messages.CreateWorkflowResponse(workflow=workflow_message(workflow))

    async def ListWorkflows(
        self, request: messages.ListWorkflowsRequest, context: _Context
    ) -> messages.ListWorkflowsResponse:
        page = await self._workflows.list_page(
            _project_id(),
            wanted=WorkflowFilter(
                tags=tuple(request.tags),
                kind=WorkflowKind(request.kind) if request.kind else None,
                text=request.text,
            ),
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListWorkflowsResponse(
            workflows=map(workflow_message, page.entries), next_page_token=page.next_page_token
        )

    async def GetWorkflow(
        self, request: messages.GetWorkflowRequest, context: _Context
    ) -> messages.GetWorkflowResponse:
        workflow = await self._workflows.get(_project_id(), request.workflow_id, version=request.version)
        return messages.GetWorkflowResponse(workflow=workflow_message(workflow))

    async def UpdateWorkflow(
        self, request: messages.UpdateWorkflowRequest, context: _Context
    ) -> messages.UpdateWorkflowResponse:
        workflow = await self._workflows.update(
            _project_id(), request.workflow_id, request.definition, tags=request.tags, etag=request.etag
        )
        return messages.UpdateWorkflowResponse(workflow=workflow_message(workflow))

    async def DeleteWorkflow(
        self, request: messages.DeleteWorkflowRequest, context: _Context
    ) -> messages.DeleteWorkflowResponse:
        await self._workflows.delete(_project_id(), request.workflow_id, etag=request.etag)
        return messages.DeleteWorkflowResponse()

    async def ListWorkflowVersions(
        self, request: messages.ListWorkflowVersionsRequest, context: _Context
    ) -> messages.ListWorkflowVersionsResponse:
        page = await self._workflows.list_versions(
            _project_id(),
            request.workflow_id,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListWorkflowVersionsResponse(
            versions=map(workflow_message, page.entries), next_page_token=page.next_page_token
        )

    async def EnableWorkflow(
        self, request: messages.EnableWorkflowRequest, context: _Context
    ) -> messages.EnableWorkflowResponse:
        workflow = await self._workflows.switch(_project_id(), request.workflow_id, enabled=True)
        return messages.EnableWorkflowResponse(workflow=workflow_message(workflow))

    async def DisableWorkflow(
        self, request: messages.DisableWorkflowRequest, context: _Context
    ) -> messages.DisableWorkflowResponse:
        workflow = await self._workflows.switch(_project_id(), request.workflow_id, enabled=False)
        return messages.DisableWorkflowResponse(workflow=workflow_message(workflow))

    async def ValidateWorkflow(
        self, request: messages.ValidateWorkflowRequest, context: _Context
    ) -> messages.ValidateWorkflowResponse:
        problems = await self._workflows.validate(request.definition)
        return messages.ValidateWorkflowResponse(problems=map(problem_message, problems))

    async def GetWorkflowSchema(
        self, request: messages.GetWorkflowSchemaRequest, context: _Context
    ) -> messages.GetWorkflowSchemaResponse:
        return messages.GetWorkflowSchemaResponse(schema=schema_text())

    async def ListTemplates(
        self, request: messages.ListTemplatesRequest, context: _Context
    ) -> messages.ListTemplatesResponse:
        return messages.ListTemplatesResponse(
            templates=(template_message(each, with_documents=False) for each in templates.packaged())
        )

    async def GetTemplate(
        self, request: messages.GetTemplateRequest, context: _Context
    ) -> messages.GetTemplateResponse:
        template = templates.find(request.template_id)
        return messages.GetTemplateResponse(template=template_message(template))

    async def GetWorkflowStats(
        self, request: messages.GetWorkflowStatsRequest, context: _Context
    ) -> messages.GetWorkflowStatsResponse:
        statistics = await self._stats.get(
            _project_id(), stats_filter_of(request), with_steps=request.include_steps
        )
        return stats_response(statistics)


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
