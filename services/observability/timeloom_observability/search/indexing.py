"""Makes events findable, after they are committed and without their having to wait for it.

With each batch the ids of its events are noted in the same transaction. Whoever is free takes them from
there, on any replica; what somebody took who died is there again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from timeloom_observability.ids import day_of
from timeloom_observability.ingesting import Batch
from timeloom_observability.pace import Pace
from timeloom_observability.search.documents import document
from timeloom_observability.search.facets import block_facet, facets_of, project_facet
from timeloom_observability.search.storage import indexing as storage
from timeloom_observability.search.storage import meanings
from timeloom_observability.search.texts import DOCUMENT_LENGTH_MAX, Row, meaning_id, meaning_of, texts_of
from timeloom_platform import bell
from timeloom_platform.database import Connection, Database

GROUPS_MAX: Final = 4
"""Groups of events, as they were committed, that are taken at once."""

CHUNK_EVENTS: Final = 64
"""Events that are read and made findable at once; others of this process have their turn in between."""

SOON_SECONDS: Final = 0.05
"""What was just noted is mostly committed by then."""

LOOK_SECONDS: Final = 1.0
"""What others noted, or was committed later, is looked for so often."""

RETRY_SECONDS: Final = 5.0

logger = structlog.get_logger(__name__)


class Indexing:
    """Notes what arrives, as a companion of ingesting, and makes it findable."""

    def __init__(self, database: Database, pace: Pace) -> None:
        """Take the room's database, prepared by `storage.indexing.prepare`, and when to step aside."""
        self._database = database
        self._pace = pace
        self._noted = asyncio.Event()
        self.said: Final = asyncio.Event()
        """Set when there are texts that may want a vector."""

    async def write(self, connection: Connection, project_id: UUID, batch: Batch) -> None:
        """Notes the events of a batch, in its transaction."""
        if batch.events:
            await storage.insert_arrival(connection, project_id, [event.id for event in batch.events])
            self._noted.set()

    async def run(self) -> None:
        """Makes events findable until it is cancelled."""
        while True:
            try:
                await self._pace.calm()
                while await self.index():
                    await self._pace.calm()
                await bell.wait(self._noted, LOOK_SECONDS)
                await asyncio.sleep(SOON_SECONDS)
            except Exception as error:
                # A database that is away, or whatever else: what was taken is there again.
                logger.warning("events not made findable", exc_info=error)
                await asyncio.sleep(RETRY_SECONDS)

    async def index(self) -> int:
        """Makes what arrived first findable, and returns how many events that were."""
        async with self._database.system_transaction() as connection:
            taken = await storage.take_arrivals(connection, GROUPS_MAX)
            # In one order everywhere, so that nobody waits for somebody who waits for him.
            for project_id in sorted(taken):
                event_ids = sorted(set(taken[project_id]))
                for start in range(0, len(event_ids), CHUNK_EVENTS):
                    await _index(connection, project_id, event_ids[start : start + CHUNK_EVENTS])
        if taken:
            self.said.set()
        return sum(map(len, taken.values()))


async def _index(connection: Connection, project_id: UUID, event_ids: Sequence[UUID]) -> None:
    """Makes some events findable: by words at once, by what they mean once there are vectors."""
    rows = await storage.select_events(connection, project_id, event_ids, length=DOCUMENT_LENGTH_MAX)
    if not rows:
        return
    block = await storage.open_block(connection, project_id, rows[0]["id"])
    place = (project_facet(project_id), block_facet(block))
    documents = {row["id"]: document(texts_of(row), [*place, *facets_of(row)]) for row in rows}
    await storage.insert_words(connection, project_id, block, documents)
    said = _said(rows)
    if said:
        texts = {meaning_id(text): (day_of(event_id), text) for event_id, text in sorted(said.items())}
        await meanings.insert_meanings(connection, project_id, texts)
        uses = {event_id: meaning_id(text) for event_id, text in said.items()}
        await meanings.insert_uses(connection, project_id, uses)


def _said(rows: Sequence[Row]) -> dict[UUID, str]:
    """Returns what events mean, by their ids: of those that are looked for by it."""
    return {row["id"]: text for row in rows if (text := meaning_of(row))}
