"""The WorkflowWorkerService of the contract: one stream for each worker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import grpc.aio

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflow_worker_service_pb2_grpc as services
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkflowWorkerServicer(services.WorkflowWorkerServiceServicer):
    """Translates; whatever is decided, the sessions decide."""

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_WorkflowWorkerServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["WorkflowWorkerService"],
        )

    async def Work(
        self, request_iterator: AsyncIterator[messages.WorkRequest], context: _Context
    ) -> AsyncGenerator[messages.WorkResponse]:
        raise UnimplementedError("Work")
        yield messages.WorkResponse()
