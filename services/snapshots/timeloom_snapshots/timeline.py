"""Timelines: everything that happened in an execution, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final, cast
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar
from timeloom_snapshots import limits
from timeloom_snapshots.storage import spans
from timeloom_snapshots.storage import timeline as storage
from timeloom_snapshots.storage.timeline import Place, TimelineItem

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Timeline:
    """The timelines of executions."""

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def list_items(
        self, project_id: UUID, execution_id: UUID, *, descending: bool, page_token: str, limit: int
    ) -> Page[tuple[datetime, TimelineItem]]:
        """Returns a page of what happened, with its times, oldest or newest first.

        Raises:
            NotFoundError: There is no such execution.
            InvalidPageTokenError: The token belongs to another list.
        """
        identity = _identity(project_id, execution_id, descending=descending)
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.transaction(str(project_id)) as connection:
            if await spans.select(connection, project_id, execution_id) is None:
                raise NotFoundError(f"There is no execution {execution_id}.")
            placed = await storage.select_places(
                connection,
                project_id,
                execution_id,
                after=_place_of(position) if position else None,
                descending=descending,
                limit=limit + 1,
            )
            totals = accumulate(each.metadata_bytes for each in placed[:limit])
            fitting = max(sum(total <= limits.PAGE_BYTES_MAX for total in totals), 1)
            places = [each.place for each in placed[:fitting]]
            items = await storage.select_items(connection, project_id, execution_id, places)
        token = ""
        if fitting < len(placed):
            token = self._cursors.encode(_position_of(places[-1]), of=identity)
        return Page(entries=tuple(items), next_page_token=token)


def _position_of(place: Place) -> Sequence[Scalar]:
    return [(place.time - _EPOCH) // _MICROSECOND, *place[1:]]


def _place_of(position: Sequence[Scalar]) -> Place:
    microseconds, source, sequence, number, name = position
    time = _EPOCH + cast("int", microseconds) * _MICROSECOND
    return Place(time, cast("int", source), cast("int", sequence), cast("int", number), str(name))


def _identity(project_id: UUID, execution_id: UUID, *, descending: bool) -> ListIdentity:
    return {
        "list": "timeline",
        "project": str(project_id),
        "execution": str(execution_id),
        "descending": descending,
    }
