"""The migration service as a process: everything is built and owned here."""

from __future__ import annotations

import asyncio
import sys

from timeloom_migration.assembly import PACKAGE, ROOM, assembled
from timeloom_migration.settings import Settings
from timeloom_platform import settings
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.process import run
from timeloom_platform.room import founded


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop, then drains."""
    loaded = settings.load(Settings)
    async with founded(
        loaded.service, room=ROOM, package=PACKAGE, pool_size=loaded.database_pool_size
    ) as foundation:
        migration = assembled()
        await foundation.serve(
            stop,
            services=migration.bindings,
            background=[OutboxRelay(foundation.database, foundation.bus).run()],
            end_streams=migration.end_streams,
        )


if __name__ == "__main__":
    sys.exit(run(main, service="migration"))
