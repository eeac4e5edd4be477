"""The migration service as a process: everything is built and owned here."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from timeloom_migration import driving
from timeloom_migration.assembly import PACKAGE, ROOM, Channels, assembled
from timeloom_migration.settings import Settings
from timeloom_migration.targets import memories, mutations, workspace
from timeloom_platform import settings
from timeloom_platform.channel import open_channel
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.process import run
from timeloom_platform.room import founded


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop, then drains."""
    loaded = settings.load(Settings)
    async with AsyncExitStack() as stack:
        foundation = await stack.enter_async_context(
            founded(loaded.service, room=ROOM, package=PACKAGE, pool_size=loaded.database_pool_size)
        )
        tokens = foundation.tokens
        migration = assembled(
            database=foundation.database,
            cursors=foundation.cursors,
            clock=lambda: datetime.now(UTC),
            keys=loaded.sealing.master_keys(),
            channels=Channels(
                memory=await stack.enter_async_context(
                    open_channel(loaded.memory_address, services=memories.SERVICES, tokens=tokens)
                ),
                workflows=await stack.enter_async_context(
                    open_channel(loaded.workflows_address, services=driving.SERVICES, tokens=tokens)
                ),
                workspace=await stack.enter_async_context(
                    open_channel(
                        loaded.workspace_address,
                        services=(*workspace.SERVICES, *mutations.SERVICES),
                        tokens=tokens,
                    )
                ),
            ),
        )
        await foundation.serve(
            stop,
            services=migration.bindings,
            background=[OutboxRelay(foundation.database, foundation.bus).run(), migration.run()],
            end_streams=migration.end_streams,
        )


if __name__ == "__main__":
    sys.exit(run(main, service="migration"))
