"""The WorkflowsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.workflows.v1 import workflows_service_pb2 as messages
from timeloom.workflows.v1 import workflows_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.server import ServiceBinding
from timeloom_workflows.control.answers import stats_response
from timeloom_workflows.control.requests import stats_filter_of
from timeloom_workflows.control.stats import Stats

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkflowsServicer(services.WorkflowsServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, stats: Stats) -> None:
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
        raise UnimplementedError("CreateWorkflow")

    async def ListWorkflows(
        self, request: messages.ListWorkflowsRequest, context: _Context
    ) -> messages.ListWorkflowsResponse:
        raise UnimplementedError("ListWorkflows")

    async def GetWorkflow(
        self, request: messages.GetWorkflowRequest, context: _Context
    ) -> messages.GetWorkflowResponse:
        raise UnimplementedError("GetWorkflow")

    async def UpdateWorkflow(
        self, request: messages.UpdateWorkflowRequest, context: _Context
    ) -> messages.UpdateWorkflowResponse:
        raise UnimplementedError("UpdateWorkflow")

    async def DeleteWorkflow(
        self, request: messages.DeleteWorkflowRequest, context: _Context
    ) -> messages.DeleteWorkflowResponse:
        raise UnimplementedError("DeleteWorkflow")

    async def ListWorkflowVersions(
        self, request: messages.ListWorkflowVersionsRequest, context: _Context
    ) -> messages.ListWorkflowVersionsResponse:
        raise UnimplementedError("ListWorkflowVersions")

    async def EnableWorkflow(
        self, request: messages.EnableWorkflowRequest, context: _Context
    ) -> messages.EnableWorkflowResponse:
        raise UnimplementedError("EnableWorkflow")

    async def DisableWorkflow(
        self, request: messages.DisableWorkflowRequest, context: _Context
    ) -> messages.DisableWorkflowResponse:
        raise UnimplementedError("DisableWorkflow")

    async def ValidateWorkflow(
        self, request: messages.ValidateWorkflowRequest, context: _Context
    ) -> messages.ValidateWorkflowResponse:
        raise UnimplementedError("ValidateWorkflow")

    async def GetWorkflowSchema(
        self, request: messages.GetWorkflowSchemaRequest, context: _Context
    ) -> messages.GetWorkflowSchemaResponse:
        raise UnimplementedError("GetWorkflowSchema")

    async def ListTemplates(
        self, request: messages.ListTemplatesRequest, context: _Context
    ) -> messages.ListTemplatesResponse:
        raise UnimplementedError("ListTemplates")

    async def GetTemplate(
        self, request: messages.GetTemplateRequest, context: _Context
    ) -> messages.GetTemplateResponse:
        raise UnimplementedError("GetTemplate")

    async def GetWorkflowStats(
        self, request: messages.GetWorkflowStatsRequest, context: _Context
    ) -> messages.GetWorkflowStatsResponse:
        statistics = await self._stats.get(
            UUID(current_identity().project_id), stats_filter_of(request), with_steps=request.include_steps
        )
        return stats_response(statistics)
