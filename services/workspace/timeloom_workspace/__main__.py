"""The workspace service as a process: everything is built and owned here."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from timeloom_platform import settings
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.process import run
from timeloom_platform.room import founded
from timeloom_workspace.assembly import PACKAGE, ROOM, assembled
from timeloom_workspace.parts import ShapeGround, Surroundings
from timeloom_workspace.records import events
from timeloom_workspace.settings import Settings
from timeloom_workspace.shapes.peers import own_address


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop, then drains."""
    loaded = settings.load(Settings)
    async with founded(
        loaded.service, room=ROOM, package=PACKAGE, pool_size=loaded.database_pool_size
    ) as foundation:
        workspace = assembled(
            Surroundings(
                database=foundation.database,
                cursors=foundation.cursors,
                clock=lambda: datetime.now(UTC),
                master_keys=loaded.sealing.master_keys(),
                shapes=ShapeGround(
                    database_url=loaded.service.database_url,
                    directory=loaded.shapes.path,
                    tokens=foundation.tokens,
                    address=loaded.shapes.address or own_address(loaded.service.listen),
                    allows_deletion=loaded.shapes.allow_deletion,
                    schemas=loaded.shapes.schema_names,
                    chunk_bytes=loaded.shapes.chunk_bytes,
                    electric=loaded.electric.ground,
                ),
            )
        )
        await foundation.serve(
            stop,
            services=workspace.bindings,
            background=[
                OutboxRelay(foundation.database, foundation.bus, merge=events.merged).run(),
                workspace.run(),
                workspace.listen(foundation.bus),
            ],
            end_streams=workspace.end_streams,
        )


if __name__ == "__main__":
    sys.exit(run(main, service="workspace"))
