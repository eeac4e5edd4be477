"""The WorkflowWorkerService of the contract: one stream for each worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflow_worker_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.server import ServiceBinding
from timeloom_workflows.workers.session import Session
from timeloom_workflows.workers.workers import Workers

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkflowWorkerServicer(services.WorkflowWorkerServiceServicer):
    """Carries messages; whatever is decided, the workers' desk and driver decide."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

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
        requests = aiter(request_iterator)
        first = await anext(requests, messages.WorkRequest())
        if not first.HasField("hello"):
            raise InvalidFieldError.of("hello", "must be the first message")
        project_id = UUID(current_identity().project_id)
        session, stream = await self._workers.welcome(project_id, first.hello)
        reader = asyncio.create_task(self._read(session, stream, requests))
        reader.add_done_callback(lambda _: session.wake())
        try:
            while True:
                await session.something()
                if session.stream != stream:
                    return
                for response in session.take():
                    yield response
                if session.is_gone or reader.done():
                    break
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            self._workers.left(session, stream)
        if reader.done() and not reader.cancelled() and (error := reader.exception()):
            raise error

    async def _read(
        self, session: Session, stream: int, requests: AsyncIterator[messages.WorkRequest]
    ) -> None:
        async for request in requests:
            self._workers.received(session, stream, request)
