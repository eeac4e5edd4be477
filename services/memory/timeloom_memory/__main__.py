"""The memory service as a process: everything is built and owned here."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from timeloom_memory.assembly import PACKAGE, ROOM, assembled
from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.embedding.tokenizer import Tokenizer
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.settings import Settings
from timeloom_memory.sharing import announcing
from timeloom_memory.storage import vectors
from timeloom_memory.upkeep.settings import language_model
from timeloom_platform import settings
from timeloom_platform.bus import subject_filter
from timeloom_platform.consumer import Consumer
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.process import run
from timeloom_platform.room import Foundation, founded


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
                prepare=vectors.prepare,
            )
        )
        tokenizer = Tokenizer()
        embedders = Embedders.of(loaded.embedding, tokenizer)
        stack.push_async_callback(embedders.close)
        indexing = Indexing.of(loaded.index, foundation.database)
        stack.push_async_callback(indexing.close)
        memory = assembled(
            database=foundation.database,
            cursors=foundation.cursors,
            clock=lambda: datetime.now(UTC),
            embedders=embedders,
            tokenizer=tokenizer,
            indexing=indexing,
            search=loaded.search,
            language_model=await stack.enter_async_context(language_model(loaded.chat)),
        )
        await foundation.serve(
            stop,
            services=memory.bindings,
            background=[
                OutboxRelay(foundation.database, foundation.bus).run(),
                indexing.run(foundation.bus),
                memory.purge.run(),
                _announcer(foundation).run(),
                memory.accesses.run(),
                memory.upkeep.fading.run(),
                memory.job_runner.run(),
                memory.kept_embedders.run(),
            ],
            end_streams=memory.end_streams,
        )


def _announcer(foundation: Foundation) -> Consumer:
    return Consumer(
        foundation.bus,
        foundation.database,
        durable=announcing.CONSUMER,
        subjects=[subject_filter("*", announcing.TOPICS)],
        handler=announcing.announce,
    )


if __name__ == "__main__":
    sys.exit(run(main, service="memory"))
