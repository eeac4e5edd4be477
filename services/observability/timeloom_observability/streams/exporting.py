"""Events as a file: read in pages, so that no more of it is ever held."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Final
from uuid import UUID

from timeloom.observability.v1.observability_pb2 import Event, EventFilter
from timeloom_observability.filtering import Conditions, conditions_of
from timeloom_observability.showing import whole_message
from timeloom_observability.streams import storage
from timeloom_observability.streams.documents import line_of
from timeloom_observability.streams.storage import Sized
from timeloom_platform.database import Database

SIZES_MAX: Final = 2_000
"""So many events are looked for at a time."""
PAGE_EVENTS_MAX: Final = 250
PAGE_BYTES_MAX: Final = 2 * 1024 * 1024
"""What the events of a page take as they are stored; one that takes more is a page of its own."""
PART_BYTES: Final = 256 * 1024
"""A file is sent in parts of about this size."""


class Exporter:
    """Writes files of events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lines(self, project_id: UUID, event_filter: EventFilter) -> AsyncGenerator[bytes]:
        """Yields the parts of a file with an event as REST shows it on each line, oldest first.

        An event that is committed meanwhile may be in it or not; none is in it twice.

        Raises:
            InvalidFieldError: The filter means something that cannot be.
        """
        part = bytearray()
        events = self._events(project_id, conditions_of(project_id, event_filter))
        async with aclosing(events):
            async for event in events:
                part += line_of(event)
                if len(part) >= PART_BYTES:
                    for piece in pieces(part):
                        yield piece
                    part.clear()
        if part:
            yield bytes(part)

    async def _events(self, project_id: UUID, conditions: Conditions) -> AsyncGenerator[Event]:
        after: UUID | None = None
        while True:
            async with self._database.reading(str(project_id)) as connection:
                found = await storage.select_sizes(connection, conditions, after=after, limit=SIZES_MAX)
            for page in _pages(found):
                async with self._database.reading(str(project_id)) as connection:
                    rows = await storage.select_whole(connection, project_id, page)
                for row in rows:
                    yield whole_message(row)
            if len(found) < SIZES_MAX:
                return
            after = found[-1].id


def pieces(part: bytearray) -> Iterator[bytes]:
    """Yields a part in pieces that a message takes."""
    for start in range(0, len(part), PART_BYTES):
        yield bytes(part[start : start + PART_BYTES])


def _pages(found: Sequence[Sized]) -> Iterator[list[UUID]]:
    """Yields the ids of events that are read together."""
    page: list[UUID] = []
    size_bytes = 0
    for each in found:
        if page and (len(page) >= PAGE_EVENTS_MAX or size_bytes + each.size_bytes > PAGE_BYTES_MAX):
            yield page
            page, size_bytes = [], 0
        page.append(each.id)
        size_bytes += each.size_bytes
    if page:
        yield page
