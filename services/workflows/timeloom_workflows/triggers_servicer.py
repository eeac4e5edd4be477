"""The WorkflowTriggersService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any

import grpc.aio

from timeloom.workflows.v1 import workflow_triggers_service_pb2 as messages
from timeloom.workflows.v1 import workflow_triggers_service_pb2_grpc as services
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkflowTriggersServicer(services.WorkflowTriggersServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_WorkflowTriggersServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["WorkflowTriggersService"],
        )

    async def PublishEvents(
        self, request: messages.PublishEventsRequest, context: _Context
    ) -> messages.PublishEventsResponse:
        raise UnimplementedError("PublishEvents")

    async def ListWorkflowEvents(
        self, request: messages.ListWorkflowEventsRequest, context: _Context
    ) -> messages.ListWorkflowEventsResponse:
        raise UnimplementedError("ListWorkflowEvents")

    async def ListTriggers(
        self, request: messages.ListTriggersRequest, context: _Context
    ) -> messages.ListTriggersResponse:
        raise UnimplementedError("ListTriggers")

    async def GetWebhookSecret(
        self, request: messages.GetWebhookSecretRequest, context: _Context
    ) -> messages.GetWebhookSecretResponse:
        raise UnimplementedError("GetWebhookSecret")

    async def RotateWebhookSecret(
        self, request: messages.RotateWebhookSecretRequest, context: _Context
    ) -> messages.RotateWebhookSecretResponse:
        raise UnimplementedError("RotateWebhookSecret")

    async def ReceiveWebhook(
        self, request: messages.ReceiveWebhookRequest, context: _Context
    ) -> messages.ReceiveWebhookResponse:
        raise UnimplementedError("ReceiveWebhook")
