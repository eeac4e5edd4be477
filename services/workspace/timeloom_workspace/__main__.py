"""The workspace service as a process: everything is built and owned here."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

from timeloom.identity.v1 import identity_service_pb2
from timeloom_platform import metrics, settings
from timeloom_platform.auth import InternalTokens
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.bus import Bus
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database
from timeloom_platform.identity.resolver import RemoteKeyResolver
from timeloom_platform.metrics import RpcMetrics
from timeloom_platform.migrate import migrate
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.pagination import Cursors
from timeloom_platform.process import spare_the_collector
from timeloom_platform.server import NOTICE_SECONDS, GrpcServer, run
from timeloom_platform.telemetry import Tracing
from timeloom_workspace.assembly import PACKAGE, ROOM, assembled
from timeloom_workspace.parts import Surroundings
from timeloom_workspace.settings import Settings


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop, then drains."""
    loaded = settings.load(Settings)
    service = loaded.service
    await migrate(service.database_url, room=ROOM, package=PACKAGE)
    async with AsyncExitStack() as stack:
        database = await Database.connect(
            service.database_url, room=ROOM, pool_size=loaded.database_pool_size
        )
        stack.push_async_callback(database.close)
        bus = await Bus.connect(service.nats_url, name=f"timeloom-{ROOM}")
        stack.push_async_callback(bus.close)
        tokens = InternalTokens(service.internal_secret)
        channel = await stack.enter_async_context(
            open_channel(
                service.identity_address,
                services=[identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"]],
            )
        )
        relay = OutboxRelay(database, bus)
        rpc_metrics = RpcMetrics()
        tracing = _tracing(service.process)
        stack.push_async_callback(partial(asyncio.to_thread, tracing.close))
        workspace = assembled(
            Surroundings(
                database=database,
                cursors=Cursors(service.internal_secret),
                clock=lambda: datetime.now(UTC),
            )
        )
        server = GrpcServer(
            listen=service.listen,
            authenticator=CallAuthenticator(tokens=tokens, keys=RemoteKeyResolver(channel, tokens)),
            services=workspace.bindings,
            metrics=rpc_metrics,
            tracing=tracing,
        )
        if service.process.metrics_listen:
            metrics.register(rpc_metrics)
            metrics.serve(service.process.metrics_listen)
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(relay.run()),
                tasks.create_task(workspace.run()),
                tasks.create_task(workspace.listen(bus)),
            ]
            await server.start()
            spare_the_collector()
            await stop.wait()
            leaving = tasks.create_task(server.stop())
            await asyncio.sleep(NOTICE_SECONDS)
            workspace.end_streams()
            await leaving
            for task in background:
                task.cancel()


def _tracing(process: settings.ProcessSettings) -> Tracing:
    if not process.otlp_endpoint:
        return Tracing.disabled()
    return Tracing.to_otlp(
        service=f"timeloom-{ROOM}", endpoint=process.otlp_endpoint, sample_ratio=process.trace_sample_ratio
    )


if __name__ == "__main__":
    sys.exit(run(main, service="workspace"))
