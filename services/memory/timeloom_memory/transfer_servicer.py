"""The MemoryTransferService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.memory.v1 import memory_transfer_service_pb2 as messages
from timeloom.memory.v1 import memory_transfer_service_pb2_grpc as services
from timeloom_memory import answers
from timeloom_memory.errors import refuse_nul
from timeloom_memory.transfers import MemoryName, MemoryTransfers
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class MemoryTransferServicer(services.MemoryTransferServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, transfers: MemoryTransfers) -> None:
        self._transfers = transfers

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_MemoryTransferServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["MemoryTransferService"],
        )

    async def ReadMemories(
        self, request: messages.ReadMemoriesRequest, context: _Context
    ) -> messages.ReadMemoriesResponse:
        for place, name in enumerate(request.names):
            refuse_nul(f"names[{place}].key", name.key)
            refuse_nul(f"names[{place}].namespace", name.namespace)
        found = await self._transfers.read(
            _project_id(),
            [
                MemoryName(id=UUID(name.memory_id), namespace=name.namespace, key=name.key)
                for name in request.names
            ],
            include_vectors=request.include_vectors,
        )
        response = messages.ReadMemoriesResponse()
        for each in found:
            message = response.memories.add()
            if each is not None:
                answers.write_memory(message.memory, each.memory)
                message.memory.vector.extend(each.vector)
        return response

    async def PurgeMemories(
        self, request: messages.PurgeMemoriesRequest, context: _Context
    ) -> messages.PurgeMemoriesResponse:
        changed = await self._transfers.purge(
            _project_id(), {UUID(each.memory_id): each.etag for each in request.purges}
        )
        return messages.PurgeMemoriesResponse(changed_memory_ids=map(str, changed))


def _project_id() -> UUID:
    """Returns whose memories they are: a service that acts for the installation has none."""
    project_id = current_identity().project_id
    if not project_id:
        raise InvalidFieldError.of("project", "is required: the memories are those of a project")
    return UUID(project_id)
