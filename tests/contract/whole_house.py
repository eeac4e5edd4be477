"""The gateway and the real services behind it, in one process on real PostgreSQL and NATS."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.memory.service import running_service as running_memory
from tests.integration.memory.words import WordsEmbedder
from tests.integration.observability.service import Service as Observability
from tests.integration.observability.service import running_service as running_observability
from tests.integration.workflows.service import running_replica as running_workflows
from tests.integration.workspace.service import running_service as running_workspace
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.gateway import Metrics, open_gateway
from timeloom_gateway.settings import GatewaySettings, LimitSettings
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.upkeep.summarizing import LanguageModel
from timeloom_migration.assembly import Channels
from timeloom_migration.assembly import assembled as assembled_migration
from timeloom_platform.auth import InternalTokens
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.bus import Bus
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database
from timeloom_platform.embedded import ports
from timeloom_platform.identity.resolver import RemoteKeyResolver
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.pagination import Cursors
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.server import GrpcServer, ServiceBinding
from timeloom_platform.settings import ProcessSettings
from timeloom_platform.testing import Databases, throw_away_nats
from timeloom_snapshots.assembly import assembled
from timeloom_workflows.settings import EngineSettings
from timeloom_workspace.parts import ShapeGround

ROOMS = {
    "identity": "timeloom_platform.identity",
    "gateway": "timeloom_gateway",
    "memory": "timeloom_memory",
    "migration": "timeloom_migration",
    "observability": "timeloom_observability",
    "snapshots": "timeloom_snapshots",
    "workflows": "timeloom_workflows",
    "workspace": "timeloom_workspace",
}
CACHE_BYTES = 1_000_000
MODELS = ("words", "other words")
# Refused calls are what these tests are about; their number is no attack.
NO_LIMITS = LimitSettings(rate_per_second=0, failure_rate_per_second=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything that serves the contracts.

    Attributes:
        contracts: What is served.
        http_url: The gateway's REST.
        grpc_addresses: Where gRPC is answered: by the front for all services, and by each room itself.
        tokens: Those of the installation.
        identity: The database of projects and keys.
        workflows: The database of the workflows service.
        observability: The service, which takes spans.
    """

    contracts: Contracts
    http_url: str
    grpc_addresses: dict[str, str]
    tokens: InternalTokens
    identity: Database
    workflows: Database
    observability: Observability


@asynccontextmanager
async def open_whole_house(
    databases: Databases, *, language_model: LanguageModel | None = None
) -> AsyncGenerator[House]:
    """Start everything, and stop it after the block."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(databases.fresh(ROOMS))
        nats = await stack.enter_async_context(throw_away_nats())
        settings = GatewaySettings(
            process=ProcessSettings(),
            limits=NO_LIMITS,
            database_url=url,
            nats_url=nats.url,
            internal_secret=secrets.token_hex(32),
            http_port=0,
            grpc_port=ports.choose(),
            pool_size=4,
        )
        workflows = await stack.enter_async_context(
            running_workflows(url, with_ping=False, engine=EngineSettings())
        )
        rooms = {
            "memory": await _open_memory(stack, settings, language_model),
            "snapshots": await _open_snapshots(stack, settings),
            "workflows": await _serve(stack, settings, workflows.assembly.bindings),
            "workspace": await _open_workspace(stack, settings),
        }
        observability = await _open_observability(stack, settings, rooms)
        rooms["observability"] = await _serve(stack, settings, observability.assembly.bindings)
        rooms["migration"] = await _open_migration(stack, settings, rooms)
        gateway = await stack.enter_async_context(
            open_gateway(
                settings,
                addresses=rooms,
                metrics=Metrics(rpc=RpcMetrics(), http=HttpMetrics()),
            )
        )
        identity = await Database.connect(url, room="identity", pool_size=2)
        stack.push_async_callback(identity.close)
        yield House(
            contracts=Contracts.load(),
            http_url=f"http://{gateway.http_address}",
            grpc_addresses={
                "front": gateway.grpc_address,
                "identity": gateway.grpc_address,
                **rooms,
            },
            tokens=InternalTokens(settings.internal_secret),
            identity=identity,
            workflows=workflows.database,
            observability=observability,
        )


async def _open_snapshots(stack: AsyncExitStack, settings: GatewaySettings) -> str:
    database = await Database.connect(settings.database_url, room="snapshots", pool_size=4)
    stack.push_async_callback(database.close)
    assembly = assembled(
        database=database,
        cursors=Cursors(settings.internal_secret),
        clock=lambda: datetime.now(UTC),
        cache_bytes=CACHE_BYTES,
    )
    stack.push_async_callback(assembly.committer.close)
    return await _serve(stack, settings, assembly.bindings)


async def _open_memory(
    stack: AsyncExitStack, settings: GatewaySettings, language_model: LanguageModel | None
) -> str:
    embedders = Embedders({model: WordsEmbedder() for model in MODELS}, default_model=MODELS[0])
    running = await stack.enter_async_context(
        running_memory(settings.database_url, embedders=embedders, language_model=language_model)
    )
    return await _serve(stack, settings, running.assembly.bindings)


async def _open_workspace(stack: AsyncExitStack, settings: GatewaySettings) -> str:
    shapes = ShapeGround(
        database_url=settings.database_url,
        directory=Path(stack.enter_context(TemporaryDirectory(prefix="timeloom-shapes-"))),
        tokens=InternalTokens(settings.internal_secret),
        address="",
    )
    running = await stack.enter_async_context(running_workspace(settings.database_url, shapes=shapes))
    working = asyncio.create_task(running.assembly.run())
    stack.push_async_callback(_cancelled, working)
    return await _serve(stack, settings, running.assembly.bindings)


async def _open_observability(
    stack: AsyncExitStack, settings: GatewaySettings, rooms: Mapping[str, str]
) -> Observability:
    tokens = InternalTokens(settings.internal_secret)
    bus = await Bus.connect(settings.nats_url, name="observability")
    stack.push_async_callback(bus.close)
    return await stack.enter_async_context(
        running_observability(
            settings.database_url,
            bus=bus,
            memory=await stack.enter_async_context(open_channel(rooms["memory"], tokens=tokens)),
            snapshots=await stack.enter_async_context(open_channel(rooms["snapshots"], tokens=tokens)),
        )
    )


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _open_migration(stack: AsyncExitStack, settings: GatewaySettings, rooms: Mapping[str, str]) -> str:
    database = await Database.connect(settings.database_url, room="migration", pool_size=4)
    stack.push_async_callback(database.close)
    tokens = InternalTokens(settings.internal_secret)
    assembly = assembled_migration(
        database=database,
        cursors=Cursors(settings.internal_secret),
        clock=lambda: datetime.now(UTC),
        keys=MasterKeys(settings.internal_secret),
        channels=Channels(
            **{
                name: await stack.enter_async_context(open_channel(rooms[name], tokens=tokens))
                for name in ("memory", "workflows", "workspace")
            }
        ),
    )
    stack.callback(assembly.end_streams)
    return await _serve(stack, settings, assembly.bindings)


async def _serve(stack: AsyncExitStack, settings: GatewaySettings, services: Sequence[ServiceBinding]) -> str:
    tokens = InternalTokens(settings.internal_secret)
    # The gateway starts later, where the service looks for it.
    channel = await stack.enter_async_context(open_channel(f"127.0.0.1:{settings.grpc_port}"))
    server = GrpcServer(
        listen="127.0.0.1:0",
        authenticator=CallAuthenticator(tokens=tokens, keys=RemoteKeyResolver(channel, tokens)),
        services=services,
    )
    stack.push_async_callback(server.stop, 0, notice_seconds=0)
    return await server.start()
