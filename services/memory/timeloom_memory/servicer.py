"""The MemoryService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import grpc.aio

from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.memory.v1 import memory_service_pb2_grpc as services
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class MemoryServicer(services.MemoryServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_MemoryServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["MemoryService"],
        )

    async def CreateMemory(
        self, request: messages.CreateMemoryRequest, context: _Context
    ) -> messages.CreateMemoryResponse:
        raise UnimplementedError("CreateMemory is not there")

    async def BatchCreateMemories(
        self, request: messages.BatchCreateMemoriesRequest, context: _Context
    ) -> messages.BatchCreateMemoriesResponse:
        raise UnimplementedError("BatchCreateMemories is not there")

    async def StreamMemories(
        self, request_iterator: AsyncIterator[messages.StreamMemoriesRequest], context: _Context
    ) -> AsyncGenerator[messages.StreamMemoriesResponse]:
        raise UnimplementedError("StreamMemories is not there")
        yield

    async def GetMemory(
        self, request: messages.GetMemoryRequest, context: _Context
    ) -> messages.GetMemoryResponse:
        raise UnimplementedError("GetMemory is not there")

    async def ListMemories(
        self, request: messages.ListMemoriesRequest, context: _Context
    ) -> messages.ListMemoriesResponse:
        raise UnimplementedError("ListMemories is not there")

    async def UpdateMemory(
        self, request: messages.UpdateMemoryRequest, context: _Context
    ) -> messages.UpdateMemoryResponse:
        raise UnimplementedError("UpdateMemory is not there")

    async def SupersedeMemory(
        self, request: messages.SupersedeMemoryRequest, context: _Context
    ) -> messages.SupersedeMemoryResponse:
        raise UnimplementedError("SupersedeMemory is not there")

    async def DeleteMemory(
        self, request: messages.DeleteMemoryRequest, context: _Context
    ) -> messages.DeleteMemoryResponse:
        raise UnimplementedError("DeleteMemory is not there")

    async def RestoreMemory(
        self, request: messages.RestoreMemoryRequest, context: _Context
    ) -> messages.RestoreMemoryResponse:
        raise UnimplementedError("RestoreMemory is not there")

    async def ListMemoryVersions(
        self, request: messages.ListMemoryVersionsRequest, context: _Context
    ) -> messages.ListMemoryVersionsResponse:
        raise UnimplementedError("ListMemoryVersions is not there")

    async def SearchMemories(
        self, request: messages.SearchMemoriesRequest, context: _Context
    ) -> messages.SearchMemoriesResponse:
        raise UnimplementedError("SearchMemories is not there")

    async def BuildContext(
        self, request: messages.BuildContextRequest, context: _Context
    ) -> messages.BuildContextResponse:
        raise UnimplementedError("BuildContext is not there")
