"""A running memory service and a client of it that tests can speak to in few words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from tests.integration.memory.words import NAME, WordsEmbedder
from tests.integration.snapshots.service import Refusal, refused
from timeloom.events.v1 import events_pb2
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.memory.v1 import memory_service_pb2_grpc as services
from timeloom.memory.v1 import memory_sharing_service_pb2_grpc as sharing_services
from timeloom.memory.v1 import memory_upkeep_service_pb2_grpc as upkeep_services
from timeloom.state import canonical
from timeloom_memory.assembly import ROOM, Assembly, assembled
from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.embedding.tokenizer import Tokenizer
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.index.settings import IndexSettings
from timeloom_memory.search.settings import SearchSettings
from timeloom_memory.storage import vectors
from timeloom_memory.upkeep.summarizing import LanguageModel
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.testing.grpc_server import InProcessServer, in_process_server

__all__ = ["MemoryClient", "Refusal", "refused", "running_service", "time"]

SECRET = "a secret that only the tests' services know"


@dataclass(frozen=True, kw_only=True)
class MemoryClient:
    """A service, and a caller of it who may do everything in one project."""

    stub: services.MemoryServiceAsyncStub
    sharing: sharing_services.MemorySharingServiceAsyncStub
    upkeep: upkeep_services.MemoryUpkeepServiceAsyncStub
    server: InProcessServer
    metadata: tuple[tuple[str, str], ...]
    project_id: UUID
    database: Database
    database_url: str
    assembly: Assembly

    def of_project(self, project_id: UUID) -> MemoryClient:
        """Returns a caller of the same service in another project."""
        return replace(self, project_id=project_id, metadata=metadata_of(self.server, project_id=project_id))

    async def create(self, content: str = "Water boils at 100 degrees.", **fields: Any) -> memory_pb2.Memory:
        """Creates a memory; `metadata` are given as a value."""
        request = messages.CreateMemoryRequest(content=content, **_encoded(fields))
        return (await self.stub.CreateMemory(request, metadata=self.metadata)).memory

    async def batch(
        self, memories: Sequence[messages.NewMemory], **fields: Any
    ) -> messages.BatchCreateMemoriesResponse:
        """Creates several memories at once."""
        request = messages.BatchCreateMemoriesRequest(memories=memories, **fields)
        return await self.stub.BatchCreateMemories(request, metadata=self.metadata)

    async def get(self, memory_id: str, **fields: Any) -> memory_pb2.Memory:
        """Returns a memory."""
        request = messages.GetMemoryRequest(memory_id=memory_id, **fields)
        return (await self.stub.GetMemory(request, metadata=self.metadata)).memory

    async def page(self, **fields: Any) -> messages.ListMemoriesResponse:
        """Returns a page of memories; the filter is given by its fields, as `filter={…}`."""
        if "filter" in fields:
            fields["filter"] = memory_pb2.MemoryFilter(**_encoded(fields["filter"]))
        return await self.stub.ListMemories(messages.ListMemoriesRequest(**fields), metadata=self.metadata)

    async def contents(self, **fields: Any) -> list[str]:
        """Returns what the memories on a page say."""
        return [memory.content for memory in (await self.page(**fields)).memories]

    async def update(self, memory_id: str, **fields: Any) -> memory_pb2.Memory:
        """Changes a memory."""
        if "tags" in fields:
            fields["tags"] = messages.TagList(values=fields["tags"])
        request = messages.UpdateMemoryRequest(memory_id=memory_id, **_encoded(fields))
        return (await self.stub.UpdateMemory(request, metadata=self.metadata)).memory

    async def supersede(
        self, memory_id: str, content: str, *, replacement: dict[str, Any] | None = None, **fields: Any
    ) -> memory_pb2.Memory:
        """Puts another memory in a memory's place."""
        new = messages.NewMemory(content=content, **_encoded(replacement or {}))
        request = messages.SupersedeMemoryRequest(memory_id=memory_id, replacement=new, **fields)
        return (await self.stub.SupersedeMemory(request, metadata=self.metadata)).memory

    async def delete(self, memory_id: str, **fields: Any) -> memory_pb2.Memory:
        """Deletes a memory."""
        request = messages.DeleteMemoryRequest(memory_id=memory_id, **fields)
        return (await self.stub.DeleteMemory(request, metadata=self.metadata)).memory

    async def restore(self, memory_id: str, **fields: Any) -> memory_pb2.Memory:
        """Takes a deletion back."""
        request = messages.RestoreMemoryRequest(memory_id=memory_id, **fields)
        return (await self.stub.RestoreMemory(request, metadata=self.metadata)).memory

    async def versions(self, memory_id: str, **fields: Any) -> messages.ListMemoryVersionsResponse:
        """Returns a page of a memory's versions."""
        request = messages.ListMemoryVersionsRequest(memory_id=memory_id, **fields)
        return await self.stub.ListMemoryVersions(request, metadata=self.metadata)

    async def search(self, query: str = "", **fields: Any) -> messages.SearchMemoriesResponse:
        """Searches; the filter is given by its fields, as `filter={…}`."""
        if "filter" in fields:
            fields["filter"] = memory_pb2.MemoryFilter(**_encoded(fields["filter"]))
        request = messages.SearchMemoriesRequest(query=query, **fields)
        return await self.stub.SearchMemories(request, metadata=self.metadata)

    async def found(self, query: str = "", **fields: Any) -> list[str]:
        """Returns what the memories say that a search finds, best first."""
        return [result.memory.content for result in (await self.search(query, **fields)).results]

    async def context(
        self, search: messages.SearchMemoriesRequest, **fields: Any
    ) -> messages.BuildContextResponse:
        """Builds a context."""
        request = messages.BuildContextRequest(search=search, **fields)
        return await self.stub.BuildContext(request, metadata=self.metadata)

    async def events(self) -> list[events_pb2.Event]:
        """Returns what the service told and nobody has relayed yet."""
        async with self.rows() as connection:
            rows = await connection.fetch("SELECT batch FROM outbox ORDER BY position")
        return [event for row in rows for event in events_pb2.OutboxBatch.FromString(row["batch"]).events]

    @asynccontextmanager
    async def rows(self) -> AsyncGenerator[Any]:
        """Lends a connection that sees all of the project's rows."""
        async with self.database.transaction(str(self.project_id)) as connection:
            yield connection


@asynccontextmanager
async def running_service(
    database_url: str,
    *,
    project_id: UUID | None = None,
    embedders: Embedders | None = None,
    index: IndexSettings | None = None,
    search: SearchSettings | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    language_model: LanguageModel | None = None,
    with_jobs: bool = True,
) -> AsyncGenerator[MemoryClient]:
    """Runs the service on a migrated database, with a model made in no time unless others are given.

    Without jobs those that are begun wait for a runner of the test's own.
    """
    project_id = project_id or uuid4()
    database = await Database.connect(database_url, room=ROOM, prepare=vectors.prepare)
    indexing = Indexing.of(index or IndexSettings(), database)
    assembly = assembled(
        database=database,
        cursors=Cursors(SECRET),
        clock=clock,
        embedders=embedders or Embedders({NAME: WordsEmbedder()}, default_model=NAME),
        tokenizer=Tokenizer(),
        indexing=indexing,
        search=search or SearchSettings(),
        language_model=language_model,
    )
    try:
        async with in_process_server(*assembly.bindings) as server, _doing(assembly, with_jobs=with_jobs):
            yield MemoryClient(
                stub=services.MemoryServiceStub(server.channel),
                sharing=sharing_services.MemorySharingServiceStub(server.channel),
                upkeep=upkeep_services.MemoryUpkeepServiceStub(server.channel),
                server=server,
                metadata=metadata_of(server, project_id=project_id),
                project_id=project_id,
                database=database,
                database_url=database_url,
                assembly=assembly,
            )
    finally:
        await indexing.close()
        await database.close()


@asynccontextmanager
async def _doing(assembly: Assembly, *, with_jobs: bool) -> AsyncGenerator[None]:
    """Does the jobs that the service is given, if that is wanted."""
    async with asyncio.TaskGroup() as tasks:
        runner = tasks.create_task(assembly.job_runner.run()) if with_jobs else None
        yield
        if runner is not None:
            runner.cancel()


def metadata_of(
    server: InProcessServer, *, project_id: UUID, scope: Scope = Scope.ADMIN, agent_id: str = ""
) -> tuple[tuple[str, str], ...]:
    """Returns what the calls of somebody carry."""
    return server.metadata_of(Identity(project_id=str(project_id), scope=scope, agent_id=agent_id))


def time(text: str) -> Timestamp:
    """Returns a time that is written as in `2026-05-01T12:00:00Z`."""
    stamp = Timestamp()
    stamp.FromJsonString(text)
    return stamp


def _encoded(fields: dict[str, Any]) -> dict[str, Any]:
    if "metadata" in fields:
        fields = {**fields, "metadata": canonical.encode(fields["metadata"])}
    return fields
