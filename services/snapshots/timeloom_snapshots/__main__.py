"""The snapshots service as a process: everything is built and owned here."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from timeloom_platform import settings
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.process import run
from timeloom_platform.room import founded
from timeloom_snapshots import events
from timeloom_snapshots.assembly import PACKAGE, ROOM, assembled
from timeloom_snapshots.settings import Settings


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop, then drains."""
    loaded = settings.load(Settings)
    async with founded(
        loaded.service, room=ROOM, package=PACKAGE, pool_size=loaded.database_pool_size
    ) as foundation:
        snapshots = assembled(
            database=foundation.database,
            cursors=foundation.cursors,
            clock=lambda: datetime.now(UTC),
            cache_bytes=loaded.state_cache_bytes,
            linger_seconds=loaded.commit_linger_seconds,
            sealing_seconds=loaded.sealing_seconds,
            retention_seconds=loaded.retention_seconds,
        )
        await foundation.serve(
            stop,
            services=snapshots.bindings,
            background=[
                OutboxRelay(foundation.database, foundation.bus, merge=events.merged).run(),
                snapshots.hints.listen(foundation.bus),
                snapshots.upkeep.run(),
            ],
            end_streams=snapshots.end_streams,
            settle=snapshots.committer.close,
        )


if __name__ == "__main__":
    sys.exit(run(main, service="snapshots"))
