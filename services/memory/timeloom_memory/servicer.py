"""The MemoryService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.memory.v1 import memory_service_pb2_grpc as services
from timeloom_memory import answers, requests
from timeloom_memory.errors import refuse_nul
from timeloom_memory.memories import Memories
from timeloom_memory.model import Memory
from timeloom_memory.search.answers import context_message, search_message, searches_message
from timeloom_memory.search.contexts import Contexts
from timeloom_memory.search.requests import context_of, search_of, searches_of
from timeloom_memory.search.searching import Searching
from timeloom_memory.writing import Writer
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_platform.times import optional_time

_Context = grpc.aio.ServicerContext[Any, Any]


class MemoryServicer(services.MemoryServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(
        self,
        *,
        writer: Writer,
        memories: Memories,
        searching: Searching,
        contexts: Contexts,
        clock: Callable[[], datetime],
    ) -> None:
        self._writer = writer
        self._memories = memories
        self._searching = searching
        self._contexts = contexts
        self._clock = clock

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
        new = requests.new_memory_of(request, as_agent_id=request.as_agent_id)
        (memory,) = await self._writer.create(_project_id(), [new], as_agent_id=request.as_agent_id)
        return messages.CreateMemoryResponse(memory=answers.memory_message(memory))

    async def BatchCreateMemories(
        self, request: messages.BatchCreateMemoriesRequest, context: _Context
    ) -> messages.BatchCreateMemoriesResponse:
        memories = await self._create(request)
        response = messages.BatchCreateMemoriesResponse(sequence=answers.last_sequence(memories))
        answers.write_memories(response.memories, memories, with_content=False)
        return response

    async def StreamMemories(
        self, request_iterator: AsyncIterator[messages.StreamMemoriesRequest], context: _Context
    ) -> AsyncGenerator[messages.StreamMemoriesResponse]:
        async for request in request_iterator:
            response = messages.StreamMemoriesResponse(request_id=request.request_id)
            try:
                memories = await self._create(request)
            # The stream goes on, and whoever sent the message learns why it failed.
            except Exception as error:  # noqa: BLE001 - whatever it is, the answer says it
                answers.write_refusal(response.refusal, error)
            else:
                response.sequence = answers.last_sequence(memories)
                answers.write_memories(response.memories, memories, with_content=False)
            yield response

    async def GetMemory(
        self, request: messages.GetMemoryRequest, context: _Context
    ) -> messages.GetMemoryResponse:
        project_id, memory_id = _project_id(), UUID(request.memory_id)
        memory = await (
            self._memories.get_version(
                project_id, memory_id, request.version, as_agent_id=request.as_agent_id
            )
            if request.version
            else self._memories.get(project_id, memory_id, as_agent_id=request.as_agent_id)
        )
        vector = await self._memories.vector_of(project_id, memory) if request.include_vector else ()
        return messages.GetMemoryResponse(memory=answers.memory_message(memory, vector=vector))

    async def ListMemories(
        self, request: messages.ListMemoriesRequest, context: _Context
    ) -> messages.ListMemoriesResponse:
        refuse_nul("key", request.key)
        page = await self._memories.list_page(
            _project_id(),
            namespaces=requests.namespaces_of(request.namespaces),
            wanted=requests.filter_of(request.filter),
            key=request.key,
            order=requests.order_of(request.order_by),
            page_token=request.page_token,
            limit=page_size(request.page_size),
            as_agent_id=request.as_agent_id,
            include_vectors=request.include_vectors,
        )
        response = messages.ListMemoriesResponse(next_page_token=page.next_page_token, vectors=page.vectors)
        answers.write_memories(response.memories, page.entries)
        return response

    async def UpdateMemory(
        self, request: messages.UpdateMemoryRequest, context: _Context
    ) -> messages.UpdateMemoryResponse:
        memory = await self._memories.update(
            _project_id(),
            UUID(request.memory_id),
            requests.changes_of(request),
            etag=request.etag,
            reason=request.reason,
            as_agent_id=request.as_agent_id,
        )
        return messages.UpdateMemoryResponse(memory=answers.memory_message(memory))

    async def SupersedeMemory(
        self, request: messages.SupersedeMemoryRequest, context: _Context
    ) -> messages.SupersedeMemoryResponse:
        refuse_nul("reason", request.reason)
        memory = await self._memories.supersede(
            _project_id(),
            UUID(request.memory_id),
            requests.replacement_of(request),
            valid_from=optional_time(request, "valid_from", "validFrom"),
            etag=request.etag,
            reason=request.reason,
            as_agent_id=request.as_agent_id,
        )
        return messages.SupersedeMemoryResponse(memory=answers.memory_message(memory))

    async def DeleteMemory(
        self, request: messages.DeleteMemoryRequest, context: _Context
    ) -> messages.DeleteMemoryResponse:
        refuse_nul("reason", request.reason)
        project_id, memory_id = _project_id(), UUID(request.memory_id)
        if request.purge:
            purged = await self._memories.purge(
                project_id, memory_id, etag=request.etag, as_agent_id=request.as_agent_id
            )
            gone = memory_pb2.Memory(id=request.memory_id, sequence=purged.sequence)
            return messages.DeleteMemoryResponse(memory=gone)
        memory = await self._memories.delete(
            project_id,
            memory_id,
            etag=request.etag,
            reason=request.reason,
            as_agent_id=request.as_agent_id,
        )
        return messages.DeleteMemoryResponse(memory=answers.memory_message(memory))

    async def RestoreMemory(
        self, request: messages.RestoreMemoryRequest, context: _Context
    ) -> messages.RestoreMemoryResponse:
        memory = await self._memories.restore(
            _project_id(), UUID(request.memory_id), as_agent_id=request.as_agent_id
        )
        return messages.RestoreMemoryResponse(memory=answers.memory_message(memory))

    async def ListMemoryVersions(
        self, request: messages.ListMemoryVersionsRequest, context: _Context
    ) -> messages.ListMemoryVersionsResponse:
        page = await self._memories.list_versions(
            _project_id(),
            UUID(request.memory_id),
            page_token=request.page_token,
            limit=page_size(request.page_size),
            as_agent_id=request.as_agent_id,
        )
        return messages.ListMemoryVersionsResponse(
            versions=map(answers.version_message, page.entries), next_page_token=page.next_page_token
        )

    async def SearchMemories(
        self, request: messages.SearchMemoriesRequest, context: _Context
    ) -> messages.SearchMemoriesResponse:
        return search_message(await self._searching.search(_project_id(), search_of(request, self._clock())))

    async def BatchSearchMemories(
        self, request: messages.BatchSearchMemoriesRequest, context: _Context
    ) -> messages.BatchSearchMemoriesResponse:
        searches = searches_of(request, self._clock())
        return searches_message(await self._searching.search_many(_project_id(), searches))

    async def BuildContext(
        self, request: messages.BuildContextRequest, context: _Context
    ) -> messages.BuildContextResponse:
        built = await self._contexts.build(_project_id(), context_of(request, self._clock()))
        return context_message(built)

    async def _create(
        self, request: messages.BatchCreateMemoriesRequest | messages.StreamMemoriesRequest
    ) -> list[Memory]:
        new = requests.new_memories_of(request.memories, as_agent_id=request.as_agent_id)
        return await self._writer.create(_project_id(), new, as_agent_id=request.as_agent_id)


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
