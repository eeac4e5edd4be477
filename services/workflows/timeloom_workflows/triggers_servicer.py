"""The WorkflowTriggersService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.workflows.v1 import workflow_triggers_service_pb2 as messages
from timeloom.workflows.v1 import workflow_triggers_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_platform.times import time_of
from timeloom_workflows.errors import refuse_nul
from timeloom_workflows.triggers.answers import event_message, new_event_of, trigger_message
from timeloom_workflows.triggers.assembly import Triggering
from timeloom_workflows.triggers.callbacks import Callbacks
from timeloom_workflows.triggers.webhooks import Received

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkflowTriggersServicer(services.WorkflowTriggersServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, triggering: Triggering, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._events = triggering.events
        self._listing = triggering.listing
        self._webhooks = triggering.webhooks

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
        news = [new_event_of(each, f"events[{index}]") for index, each in enumerate(request.events)]
        published = await self._events.publish(_project_id(), news)
        return messages.PublishEventsResponse(events=map(event_message, published))

    async def ListWorkflowEvents(
        self, request: messages.ListWorkflowEventsRequest, context: _Context
    ) -> messages.ListWorkflowEventsResponse:
        refuse_nul("name", request.name)
        after, before = request.created_after, request.created_before
        page = await self._events.list_page(
            _project_id(),
            name=request.name,
            created_after=time_of(after, "createdAfter") if request.HasField("created_after") else None,
            created_before=time_of(before, "createdBefore") if request.HasField("created_before") else None,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListWorkflowEventsResponse(
            events=map(event_message, page.entries), next_page_token=page.next_page_token
        )

    async def ListTriggers(
        self, request: messages.ListTriggersRequest, context: _Context
    ) -> messages.ListTriggersResponse:
        refuse_nul("workflowId", request.workflow_id)
        page = await self._listing.list_page(
            _project_id(),
            workflow_id=request.workflow_id,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListTriggersResponse(
            triggers=map(trigger_message, page.entries), next_page_token=page.next_page_token
        )

    async def GetWebhookSecret(
        self, request: messages.GetWebhookSecretRequest, context: _Context
    ) -> messages.GetWebhookSecretResponse:
        refuse_nul("workflowId", request.workflow_id)
        secret, path = await self._webhooks.secret(_project_id(), request.workflow_id, request.index)
        return messages.GetWebhookSecretResponse(secret=secret, path=path)

    async def RotateWebhookSecret(
        self, request: messages.RotateWebhookSecretRequest, context: _Context
    ) -> messages.RotateWebhookSecretResponse:
        refuse_nul("workflowId", request.workflow_id)
        secret = await self._webhooks.rotate(_project_id(), request.workflow_id, request.index)
        return messages.RotateWebhookSecretResponse(secret=secret)

    async def ReceiveWebhook(
        self, request: messages.ReceiveWebhookRequest, context: _Context
    ) -> messages.ReceiveWebhookResponse:
        refuse_nul("hookId", request.hook_id)
        execution_id = await self._webhooks.receive(
            Received(
                hook_id=request.hook_id,
                body=request.body,
                signature=request.signature,
                delivery_id=request.delivery_id,
            )
        )
        return messages.ReceiveWebhookResponse(execution_id=str(execution_id or ""))

    async def ReceiveCallback(
        self, request: messages.ReceiveCallbackRequest, context: _Context
    ) -> messages.ReceiveCallbackResponse:
        await self._callbacks.receive(request.token, request.body)
        return messages.ReceiveCallbackResponse()


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
