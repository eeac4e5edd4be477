"""Events as a file: read in pages, so that no more of it is ever held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Final, Protocol
from uuid import UUID

from timeloom.observability.v1.observability_pb2 import Event, EventFilter
from timeloom_observability.filtering import Conditions, conditions_of
from timeloom_observability.showing import Row, whole_message
from timeloom_observability.streams import storage
from timeloom_observability.streams.documents import line_of
from timeloom_observability.streams.parquet import ParquetWriter
from timeloom_observability.streams.storage import Sized
from timeloom_observability.streams.tables import COLUMNS
from timeloom_platform.database import Database

SIZES_MAX: Final = 2_000
"""So many events are looked for at a time."""
PAGE_EVENTS_MAX: Final = 250
PAGE_BYTES_MAX: Final = 2 * 1024 * 1024
"""What the events of a page take as they are stored; one that takes more is a page of its own."""
PART_BYTES: Final = 256 * 1024
"""A file is sent in parts of about this size."""


class Form(Protocol):
    """What a file looks like."""

    def add(self, event: Event) -> bytes:
        """Takes an event, and returns what of the file is ready."""
        ...

    def finish(self) -> bytes:
        """Returns the rest of the file."""
        ...


class Lines:
    """An event as REST shows it on each line."""

    def add(self, event: Event) -> bytes:
        """Returns the event's line."""
        return line_of(event)

    def finish(self) -> bytes:
        """Returns nothing: a file may end after any line."""
        return b""


class Table:
    """Apache Parquet."""

    def __init__(self) -> None:
        self._writer = ParquetWriter(columns=COLUMNS)

    def add(self, event: Event) -> bytes:
        """Returns a group of rows if there are enough."""
        return self._writer.add(event, event.ByteSize())

    def finish(self) -> bytes:
        """Returns the last rows, and what the file holds."""
        return self._writer.finish()


class Exporter:
    """Writes files of events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def file(self, project_id: UUID, event_filter: EventFilter, form: Form) -> AsyncGenerator[bytes]:
        """Yields the parts of a file, oldest events first.

        An event that is committed meanwhile may be in it or not; none is in it twice.

        Raises:
            InvalidFieldError: The filter means something that cannot be.
        """
        part = bytearray()
        pages = self._pages(project_id, conditions_of(project_id, event_filter))
        async with aclosing(pages):
            async for rows in pages:
                # It takes the processor for long enough to keep others waiting.
                part += await asyncio.to_thread(_written, form, rows)
                if len(part) >= PART_BYTES:
                    for piece in _pieces(part):
                        yield piece
                    part.clear()
        part += await asyncio.to_thread(form.finish)
        for piece in _pieces(part):
            yield piece

    async def _pages(self, project_id: UUID, conditions: Conditions) -> AsyncGenerator[Sequence[Row]]:
        after: UUID | None = None
        while True:
            async with self._database.reading(str(project_id)) as connection:
                found = await storage.select_sizes(connection, conditions, after=after, limit=SIZES_MAX)
            for page in _parted(found):
                async with self._database.reading(str(project_id)) as connection:
                    rows = await storage.select_whole(connection, project_id, page)
                yield rows
            if len(found) < SIZES_MAX:
                return
            after = found[-1].id


def _written(form: Form, rows: Sequence[Row]) -> bytes:
    """Returns what of the file is ready when it has these events, too."""
    return b"".join([form.add(whole_message(row)) for row in rows])


def _pieces(part: bytearray) -> Iterator[bytes]:
    """Yields a part in pieces that a message takes."""
    for start in range(0, len(part), PART_BYTES):
        yield bytes(part[start : start + PART_BYTES])


def _parted(found: Sequence[Sized]) -> Iterator[list[UUID]]:
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
