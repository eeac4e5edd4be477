"""The observability service as a process: everything is built and owned here."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from timeloom.memory.v1 import embedding_service_pb2
from timeloom_observability.assembly import PACKAGE, ROOM, assembled
from timeloom_observability.ingesting import LANES
from timeloom_observability.parts import OtlpGround, Surroundings
from timeloom_observability.search.storage import indexing
from timeloom_observability.settings import Settings
from timeloom_observability.storage import ingest
from timeloom_observability.telling import merged
from timeloom_observability.travel.arrivals import QUIET_SECONDS
from timeloom_observability.travel.chronicle import SERVICES as TIME_TRAVEL
from timeloom_platform import settings
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.process import run
from timeloom_platform.room import founded

EMBEDDING = embedding_service_pb2.DESCRIPTOR.services_by_name["EmbeddingService"]


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop, then drains."""
    loaded = settings.load(Settings)
    async with AsyncExitStack() as stack:
        foundation = await stack.enter_async_context(
            founded(
                loaded.service,
                room=ROOM,
                package=PACKAGE,
                pool_size=loaded.database_pool_size,
                prepare=indexing.prepare,
            )
        )
        tokens = foundation.tokens
        ingest_database = await Database.connect(
            loaded.service.database_url, room=ROOM, pool_size=LANES, prepare=ingest.prepare
        )
        stack.push_async_callback(ingest_database.close)
        observability = assembled(
            Surroundings(
                database=foundation.database,
                ingest_database=ingest_database,
                cursors=foundation.cursors,
                bus=foundation.bus,
                clock=lambda: datetime.now(UTC),
                master_keys=loaded.sealing.master_keys(),
                memory=await stack.enter_async_context(
                    open_channel(loaded.memory_address, services=[EMBEDDING], tokens=tokens)
                ),
                snapshots=await stack.enter_async_context(
                    open_channel(loaded.snapshots_address, services=TIME_TRAVEL, tokens=tokens)
                ),
                private_hosts=loaded.private_hosts,
                trace_quiet_seconds=QUIET_SECONDS if loaded.project_traces else None,
                otlp=OtlpGround(
                    authenticator=CallAuthenticator(tokens=tokens, keys=foundation.resolver),
                    grpc_listen=loaded.otlp_grpc_listen,
                    http_listen=loaded.otlp_http_listen,
                    cors_origins=loaded.cors_origins,
                ),
            )
        )
        await foundation.serve(
            stop,
            services=observability.bindings,
            background=[
                OutboxRelay(foundation.database, foundation.bus, merge=merged).run(),
                observability.run(),
                observability.listen(foundation.bus),
            ],
            end_streams=observability.end_streams,
            settle=observability.settle,
            collectors=observability.collectors,
        )


if __name__ == "__main__":
    sys.exit(run(main, service="observability"))
