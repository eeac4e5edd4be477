"""Lists of events, and one event with everything that is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import UUID

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom_observability.filtering import Conditions, conditions_of, end_id_at, first_id_at, time_range
from timeloom_observability.reading import storage
from timeloom_observability.reading.lists import CANDIDATES_MAX, NEWEST_FIRST, OLDEST_FIRST, digest, fitting
from timeloom_observability.reading.windows import ID_END, ID_MIN, backwards
from timeloom_observability.showing import Row, listed_message, whole_message
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar

SCAN_SECONDS_MAX: Final = 5.0
"""Whoever has looked so long for a filter's events answers with those that were found, and a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A page of events as it was asked for.

    Attributes:
        position: Where the page before it ended; empty for the first one.
        identity: Of the list.
    """

    project_id: UUID
    event_filter: pb.EventFilter
    limit: int
    position: Sequence[Scalar]
    identity: ListIdentity

    @property
    def conditions(self) -> Conditions:
        """What the filter means."""
        return conditions_of(self.project_id, self.event_filter)


class Events:
    """Reads events.

    Args:
        database: The room's.
        cursors: Sign the tokens of pages.
        clock: The time.
    """

    def __init__(self, *, database: Database, cursors: Cursors, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._cursors = cursors
        self._clock = clock

    async def get(self, project_id: UUID, event_id: UUID) -> pb.Event:
        """Returns an event with everything that is known of it.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.reading(str(project_id)) as connection:
            row = await connection.fetchrow(storage.SELECT_EVENT, project_id, event_id)
        if row is None:
            raise NotFoundError(f"There is no event {event_id}.")
        return whole_message(row)

    async def list_page(
        self,
        project_id: UUID,
        event_filter: pb.EventFilter,
        *,
        order_by: str,
        page_token: str,
        limit: int,
    ) -> Page[pb.Event]:
        """Returns a page of the events that a filter means.

        It may have fewer than were asked for, even none, although there are more; then it has a token.

        Raises:
            InvalidFieldError: The filter makes no sense.
            InvalidPageTokenError: The token belongs to another list.
        """
        order_by = order_by or NEWEST_FIRST
        identity: ListIdentity = {
            "list": "events",
            "project": str(project_id),
            "filter": digest(event_filter),
            "order": order_by,
        }
        asked = _Asked(
            project_id=project_id,
            event_filter=event_filter,
            limit=limit,
            position=self._cursors.decode(page_token, of=identity) or (),
            identity=identity,
        )
        async with self._database.reading(str(project_id)) as connection:
            if order_by == NEWEST_FIRST:
                return await self._newest_first(connection, asked)
            if order_by == OLDEST_FIRST:
                return await self._oldest_first(connection, asked)
            return await self._ordered(connection, asked, order_by.removesuffix(" desc"))

    async def _newest_first(self, connection: Connection, asked: _Asked) -> Page[pb.Event]:
        """Looks back from the newest, or from where the page before ended, until there are enough."""
        after, before = time_range(asked.event_filter)
        least = first_id_at(after) if after is not None else ID_MIN
        if asked.position:
            end = UUID(str(asked.position[0]))
        else:
            end = ID_END if before is None else end_id_at(before)
        rows: list[Row] = []
        began = monotonic()
        for first, last in backwards(self._clock(), end, least):
            conditions = asked.conditions
            conditions.add("events.id >= {} AND events.id < {}", first, last)
            missing = asked.limit + 1 - len(rows)
            rows += await storage.select_events(connection, conditions, order="DESC", limit=missing)
            if len(rows) > asked.limit:
                break
            if monotonic() > began + SCAN_SECONDS_MAX and first > least:
                return self._page(asked, rows, goes_on_at=first)
        return self._page(asked, rows)

    async def _oldest_first(self, connection: Connection, asked: _Asked) -> Page[pb.Event]:
        conditions = asked.conditions
        if asked.position:
            conditions.add("events.id > {}", UUID(str(asked.position[0])))
        rows = await storage.select_events(connection, conditions, order="ASC", limit=asked.limit + 1)
        return self._page(asked, rows)

    async def _ordered(self, connection: Connection, asked: _Asked, by: str) -> Page[pb.Event]:
        """Puts the newest of the filter's events in order."""
        found = await storage.select_ordered(
            connection,
            asked.conditions,
            table="events",
            newest="events.id DESC",
            by=by,
            after=(asked.position[0], UUID(str(asked.position[1]))) if asked.position else None,
            candidates=CANDIDATES_MAX,
            limit=asked.limit + 1,
        )
        positions = {each["id"]: each["position"] for each in found[: asked.limit]}
        rows = await storage.select_events_by_ids(connection, asked.project_id, list(positions))
        entries = fitting(listed_message(rows[each]) for each in positions if each in rows)
        if len(entries) == len(found):
            return Page(entries=entries)
        last = UUID(entries[-1].id)
        token = self._cursors.encode([positions[last], str(last)], of=asked.identity)
        return Page(entries=entries, next_page_token=token)

    def _page(self, asked: _Asked, rows: Sequence[Row], *, goes_on_at: UUID | None = None) -> Page[pb.Event]:
        """Returns a page, after whose last event the next one begins.

        Args:
            asked: The list.
            rows: One more than are shown if more follow.
            goes_on_at: Where those that follow are looked for; None if all are known.
        """
        entries = fitting(listed_message(row) for row in rows[: asked.limit])
        if len(entries) < len(rows):
            goes_on_at = UUID(entries[-1].id)
        if goes_on_at is None:
            return Page(entries=entries)
        token = self._cursors.encode([str(goes_on_at)], of=asked.identity)
        return Page(entries=entries, next_page_token=token)
