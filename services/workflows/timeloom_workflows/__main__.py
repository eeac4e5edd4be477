"""The workflows service as a process: everything is built and owned here."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor

from timeloom_platform import settings
from timeloom_platform.auth import InternalTokens
from timeloom_platform.channel import open_channel
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.process import run
from timeloom_platform.room import Foundation, founded
from timeloom_workflows import events
from timeloom_workflows.actions.environments import SERVICES as SECRETS_SERVICES
from timeloom_workflows.actions.memory import SERVICES as MEMORY_SERVICES
from timeloom_workflows.actions.migration import SERVICES as MIGRATION_SERVICES
from timeloom_workflows.actions.outside import Outside
from timeloom_workflows.assembly import PACKAGE, ROOM, assembled
from timeloom_workflows.settings import Settings, TravelSettings
from timeloom_workflows.travel.chronicle import SERVICES as SNAPSHOTS_SERVICES
from timeloom_workflows.travel.chronicle import Chronicle
from timeloom_workflows.travel.follower import Follower
from timeloom_workflows.travel.reconciler import Reconciler
from timeloom_workflows.travel.recorder import Recorder


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop, then drains."""
    loaded = settings.load(Settings)
    async with AsyncExitStack() as stack:
        foundation = await stack.enter_async_context(
            founded(loaded.service, room=ROOM, package=PACKAGE, pool_size=loaded.database_pool_size)
        )
        actions, tokens = loaded.actions, foundation.tokens
        outside = Outside(
            actions,
            secret=loaded.service.internal_secret,
            environ=os.environ,
            memory=await _channel(stack, actions.memory_address, MEMORY_SERVICES, tokens),
            migration=await _channel(stack, actions.migration_address, MIGRATION_SERVICES, tokens),
            workspace=await _channel(stack, actions.workspace_address, SECRETS_SERVICES, tokens),
        )
        stack.push_async_callback(outside.close)
        workflows = assembled(
            database=foundation.database,
            cursors=foundation.cursors,
            clock=lambda: datetime.now(UTC),
            engine=loaded.engine,
            outside=outside,
        )
        await foundation.serve(
            stop,
            services=workflows.bindings,
            background=[
                OutboxRelay(foundation.database, foundation.bus, merge=events.merged).run(),
                workflows.run(),
                workflows.listen(foundation.bus),
                *[follower.run() for follower in await _followers(stack, loaded.travel, foundation)],
            ],
            end_streams=workflows.end_streams,
        )


async def _channel(
    stack: AsyncExitStack, address: str, services: Sequence[ServiceDescriptor], tokens: InternalTokens
) -> grpc.aio.Channel | None:
    if not address:
        return None
    return await stack.enter_async_context(open_channel(address, services=services, tokens=tokens))


async def _followers(
    stack: AsyncExitStack, travel: TravelSettings, foundation: Foundation
) -> Sequence[Follower | Reconciler]:
    """What records executions for time travel, if they are to be recorded."""
    if not travel.is_on:
        return ()
    channel = await stack.enter_async_context(
        open_channel(travel.snapshots_address, services=SNAPSHOTS_SERVICES, tokens=foundation.tokens)
    )
    recorder = Recorder(database=foundation.database, chronicle=Chronicle(channel))
    return (
        Follower(foundation.bus, recorder),
        Reconciler(database=foundation.database, recorder=recorder),
    )


if __name__ == "__main__":
    sys.exit(run(main, service="workflows"))
