"""The migration service and those that it works with, in the test's process, over one database."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import grpc.aio

from tests.integration.memory.service import running_service as running_memory
from tests.integration.workspace.service import running_service as running_workspace
from timeloom.exports import Export
from timeloom.memory.v1 import memory_service_pb2_grpc
from timeloom.migration.v1 import migration_pb2
from timeloom.migration.v1 import migration_service_pb2 as messages
from timeloom.migration.v1 import migration_service_pb2_grpc as services
from timeloom.workspace.v1 import workspace_service_pb2_grpc
from timeloom_migration.assembly import Assembly, Channels, assembled
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, TOKEN_SECONDS_MAX, Identity, InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database
from timeloom_platform.embedded import ports
from timeloom_platform.identity.resolver import RemoteKeyResolver
from timeloom_platform.pagination import Cursors
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.server import GrpcServer, ServiceBinding
from timeloom_platform.testing import eventually
from timeloom_workflows.actions.llm import LlmSettings
from timeloom_workflows.actions.outside import Outside
from timeloom_workflows.assembly import assembled as assembled_workflows
from timeloom_workflows.settings import ActionSettings, EngineSettings

ROOMS = {
    "memory": "timeloom_memory",
    "migration": "timeloom_migration",
    "workflows": "timeloom_workflows",
    "workspace": "timeloom_workspace",
}
REACHABLE_TABLES = """
SELECT tablename FROM pg_tables
WHERE schemaname = $1 AND has_table_privilege(format('%I.%I', schemaname, tablename)::text, 'SELECT')
"""
SEALING_KEY = "a master key that only the tests know"
TABLES = ("tasks", "environments", "preferences", "agent_sessions", "environment_secrets")
ENDED = ("SUCCEEDED", "FAILED", "ROLLED_BACK", "PLANNED", "WAITING", "PAUSED", "UPLOADED")


@dataclass(frozen=True, kw_only=True)
class House:
    """The services, and a caller of them who may write in one project.

    Attributes:
        answers: Every answer that the caller got, as text: to look for what must be in none.
    """

    stub: services.MigrationServiceAsyncStub
    workspace: workspace_service_pb2_grpc.WorkspaceServiceAsyncStub
    memory: memory_service_pb2_grpc.MemoryServiceAsyncStub
    assembly: Assembly
    project_id: UUID
    metadata: tuple[tuple[str, str], ...]
    database_url: str
    answers: list[str] = field(default_factory=list[str])

    async def call(self, method: str, **fields: Any) -> Any:
        """Calls a method of the migration service, and keeps what it answers."""
        request = getattr(messages, f"{method}Request")(**fields)
        answer = await getattr(self.stub, method)(request, metadata=self.metadata)
        self.answers.append(str(answer))
        return answer

    async def upload(self, export: Export, **fields: Any) -> str:
        """Uploads an export in parts, and returns the migration's id."""
        created = await self.call(
            "CreateMigration",
            migration_id=str(uuid4()),
            format_version=1,
            source=migration_pb2.ExportSource(
                origin=export.source.origin, app=export.source.app, user_id=export.source.user_id
            ),
            record_count=len(export.records),
            sha256=export.sha256,
            **fields,
        )
        migration_id = created.migration.id
        for first_index, part in export.parts():
            await self.call("AppendRecords", migration_id=migration_id, first_index=first_index, records=part)
        return str(migration_id)

    async def status(self, migration_id: str) -> str:
        """Returns how far a migration is."""
        migration = (await self.call("GetMigration", migration_id=migration_id)).migration
        return migration_pb2.MigrationStatus.Name(migration.status).removeprefix("MIGRATION_STATUS_")

    async def until(self, migration_id: str, *statuses: str, seconds: float = 60) -> migration_pb2.Migration:
        """Waits until a migration has one of these statuses."""
        seen: list[str] = []

        async def is_there() -> bool:
            seen[:] = [await self.status(migration_id)]
            return seen[0] in statuses

        await eventually(is_there, timeout_seconds=seconds, describe=f"{statuses}")
        return await self.migration(migration_id)

    async def migration(self, migration_id: str) -> migration_pb2.Migration:
        """Returns a migration."""
        found: migration_pb2.Migration = (
            await self.call("GetMigration", migration_id=migration_id)
        ).migration
        return found

    async def items(self, migration_id: str, **fields: Any) -> list[migration_pb2.MigrationItem]:
        """Returns all items."""
        items: list[migration_pb2.MigrationItem] = []
        token = ""
        while True:
            page = await self.call(
                "ListMigrationItems", migration_id=migration_id, page_token=token, page_size=1000, **fields
            )
            items.extend(page.items)
            token = page.next_page_token
            if not token:
                return items

    async def rows(self, tables: Sequence[str] = TABLES) -> dict[str, list[str]]:
        """Returns all rows of the workspace's tables, exactly as PostgreSQL has them."""
        return await rows_of(self.database_url, "workspace", tables)

    async def memories(self) -> list[str]:
        """Returns all memories, exactly as PostgreSQL has them."""
        return (await rows_of(self.database_url, "memory", ["memories"]))["memories"]


async def rows_of(database_url: str, room: str, tables: Sequence[str] = ()) -> dict[str, list[str]]:
    """Returns the rows of a room's tables of all projects, as texts; of all its tables if none is named."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"SET ROLE timeloom_{room}_system")
        names = tables or [row[0] for row in await connection.fetch(REACHABLE_TABLES, room)]
        return {
            name: [
                row[0] for row in await connection.fetch(f"SELECT t::text FROM {room}.{name} AS t ORDER BY 1")
            ]
            for name in names
        }
    finally:
        await connection.close()


async def everything_stored(database_url: str) -> str:
    """Returns the text of every row of every room, to look for what must be in none."""
    texts: list[str] = []
    for room in ROOMS:
        for rows in (await rows_of(database_url, room)).values():
            texts.extend(rows)
    return "\n".join(texts)


@asynccontextmanager
async def open_house(database_url: str, *, project_id: UUID | None = None) -> AsyncGenerator[House]:
    """Runs everything on a migrated database."""
    project_id = project_id or uuid4()
    tokens = InternalTokens(secrets.token_hex(32))
    addresses = {name: f"127.0.0.1:{port}" for name, port in _ports().items()}
    async with AsyncExitStack() as stack:
        memory = await stack.enter_async_context(running_memory(database_url))
        workspace = await stack.enter_async_context(running_workspace(database_url))
        channel_of = {
            name: await stack.enter_async_context(open_channel(address, tokens=tokens))
            for name, address in addresses.items()
        }
        await _serve(stack, addresses["memory"], tokens, memory.assembly.bindings)
        await _serve(stack, addresses["workspace"], tokens, workspace.assembly.bindings)
        assembly = await _open_migration(stack, database_url, channel_of)
        await _serve(stack, addresses["migration"], tokens, assembly.bindings)
        await _open_workflows(stack, database_url, addresses["workflows"], tokens, channel_of)
        identity = Identity(project_id=str(project_id), scope=Scope.WRITE)
        yield House(
            stub=services.MigrationServiceStub(channel_of["migration"]),
            workspace=workspace_service_pb2_grpc.WorkspaceServiceStub(channel_of["workspace"]),
            memory=memory_service_pb2_grpc.MemoryServiceStub(channel_of["memory"]),
            assembly=assembly,
            project_id=project_id,
            metadata=((INTERNAL_TOKEN_METADATA, tokens.mint(identity, TOKEN_SECONDS_MAX)),),
            database_url=database_url,
        )


async def _open_migration(
    stack: AsyncExitStack, database_url: str, channels: Mapping[str, grpc.aio.Channel]
) -> Assembly:
    database = await Database.connect(database_url, room="migration")
    stack.push_async_callback(database.close)
    assembly = assembled(
        database=database,
        cursors=Cursors(SEALING_KEY),
        clock=lambda: datetime.now(UTC),
        keys=MasterKeys(SEALING_KEY),
        channels=Channels(
            memory=channels["memory"], workflows=channels["workflows"], workspace=channels["workspace"]
        ),
    )
    _run(stack, asyncio.create_task(assembly.run()))
    stack.callback(assembly.end_streams)
    return assembly


async def _open_workflows(
    stack: AsyncExitStack,
    database_url: str,
    address: str,
    tokens: InternalTokens,
    channels: Mapping[str, grpc.aio.Channel],
) -> None:
    database = await Database.connect(database_url, room="workflows")
    stack.push_async_callback(database.close)
    outside = Outside(
        ActionSettings(llm=LlmSettings()), secret=SEALING_KEY, environ={}, migration=channels["migration"]
    )
    stack.push_async_callback(outside.close)
    workflows = assembled_workflows(
        database=database,
        cursors=Cursors(SEALING_KEY),
        clock=lambda: datetime.now(UTC),
        engine=EngineSettings(),
        outside=outside,
    )
    _run(stack, asyncio.create_task(workflows.run()))
    await _serve(stack, address, tokens, workflows.bindings)
    stack.callback(workflows.end_streams)


def _run(stack: AsyncExitStack, task: asyncio.Task[None]) -> None:
    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


async def _serve(
    stack: AsyncExitStack, address: str, tokens: InternalTokens, bindings: Sequence[ServiceBinding]
) -> None:
    # Nobody calls with an API key here.
    nowhere = await stack.enter_async_context(open_channel("127.0.0.1:1"))
    server = GrpcServer(
        listen=address,
        authenticator=CallAuthenticator(tokens=tokens, keys=RemoteKeyResolver(nowhere, tokens)),
        services=bindings,
    )
    await server.start()
    stack.push_async_callback(server.stop, 0, notice_seconds=0)


def _ports() -> dict[str, int]:
    taken: dict[str, int] = {}
    for room in ROOMS:
        taken[room] = ports.choose(taken=frozenset(taken.values()))
    return taken
