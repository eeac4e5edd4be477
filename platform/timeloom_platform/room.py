"""A room of the house as a process: what every one of them stands on, and how it serves and leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from timeloom.identity.v1 import identity_service_pb2
from timeloom_platform import metrics
from timeloom_platform.auth import InternalTokens
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.bus import Bus
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database, Prepare
from timeloom_platform.identity.resolver import RemoteKeyResolver
from timeloom_platform.interceptor import ServiceBinding
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.migrate import migrate
from timeloom_platform.pagination import Cursors
from timeloom_platform.process import spare_the_collector
from timeloom_platform.server import NOTICE_SECONDS, GrpcServer
from timeloom_platform.settings import ServiceSettings
from timeloom_platform.telemetry import Tracing

if TYPE_CHECKING:  # prometheus_client is imported where metrics are scraped
    from prometheus_client.registry import Collector

_IDENTITY = identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"]


async def _nothing() -> None:
    """Stands for an end that needs no work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What a room stands on, open for as long as its process serves."""

    room: str
    settings: ServiceSettings
    database: Database
    bus: Bus
    tokens: InternalTokens
    cursors: Cursors
    resolver: RemoteKeyResolver
    tracing: Tracing

    async def serve(
        self,
        stop: asyncio.Event,
        *,
        services: Sequence[ServiceBinding],
        background: Sequence[Coroutine[Any, Any, None]],
        end_streams: Callable[[], None],
        settle: Callable[[], Awaitable[None]] = _nothing,
        collectors: Sequence[Collector] = (),
    ) -> None:
        """Serves until told to stop, then drains.

        Args:
            stop: Set when it is to leave.
            services: What to serve.
            background: What runs meanwhile; if one of them fails, so does the process.
            end_streams: Ends the calls that would never end by themselves, once clients had time to notice.
            settle: Awaited when no call runs any more, before what runs in the background is cancelled.
            collectors: Show what is counted besides the calls.
        """
        counts = RpcMetrics()
        server = GrpcServer(
            listen=self.settings.listen,
            authenticator=CallAuthenticator(tokens=self.tokens, keys=self.resolver),
            services=services,
            metrics=counts,
            tracing=self.tracing,
        )
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each) for each in background]
            watching = metrics.publish(
                self.settings.process, service=f"timeloom-{self.room}", collectors=[counts, *collectors]
            )
            if watching is not None:
                running.append(tasks.create_task(watching))
            await server.start()
            spare_the_collector()
            await stop.wait()
            leaving = tasks.create_task(server.stop())
            await asyncio.sleep(NOTICE_SECONDS)
            end_streams()
            await leaving
            await settle()
            for task in running:
                task.cancel()


@asynccontextmanager
async def founded(
    settings: ServiceSettings, *, room: str, package: str, pool_size: int, prepare: Prepare | None = None
) -> AsyncGenerator[Foundation]:
    """Brings a room's schema up to date, and lends what the room stands on.

    Args:
        settings: From the environment.
        room: The schema's name.
        package: Where its migrations are.
        pool_size: The connections to the database that are open at most.
        prepare: What is done with each of them when it is opened.
    """
    await migrate(settings.database_url, room=room, package=package)
    async with AsyncExitStack() as stack:
        database = await Database.connect(
            settings.database_url, room=room, pool_size=pool_size, prepare=prepare
        )
        stack.push_async_callback(database.close)
        tracing = Tracing.of(settings.process, service=f"timeloom-{room}")
        stack.push_async_callback(partial(asyncio.to_thread, tracing.close))
        bus = await Bus.connect(settings.nats_url, name=f"timeloom-{room}", tracing=tracing)
        stack.push_async_callback(bus.close)
        tokens = InternalTokens(settings.internal_secret)
        identity = await stack.enter_async_context(
            open_channel(settings.identity_address, services=[_IDENTITY])
        )
        yield Foundation(
            room=room,
            settings=settings,
            database=database,
            bus=bus,
            tokens=tokens,
            cursors=Cursors(settings.internal_secret),
            resolver=RemoteKeyResolver(identity, tokens),
            tracing=tracing,
        )
