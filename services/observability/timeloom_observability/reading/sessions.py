"""Conversations, and what all of them come to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom.observability.v1 import observability_service_pb2 as messages
from timeloom_observability.filtering import Conditions
from timeloom_observability.limits import UNEMBEDDED_COUNTED_MAX
from timeloom_observability.reading import storage
from timeloom_observability.reading.answers import session_message
from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, page_size
from timeloom_platform.times import optional_time, timestamp


class Sessions:
    """Reads sessions.

    Args:
        database: The room's.
        cursors: Sign the tokens of pages.
    """

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def list_page(self, project_id: UUID, request: messages.ListSessionsRequest) -> Page[pb.Session]:
        """Returns a page of sessions, the one that went on last first.

        Raises:
            InvalidFieldError: The time is out of range.
            InvalidPageTokenError: The token belongs to another list.
        """
        active_after = optional_time(request, "active_after", "activeAfter")
        limit = page_size(request.page_size)
        identity: ListIdentity = {
            "list": "sessions",
            "project": str(project_id),
            "user": request.user_id,
            "after": active_after.isoformat() if active_after is not None else None,
        }
        position = self._cursors.decode(request.page_token, of=identity)
        conditions = Conditions()
        conditions.add("sessions.project_id = {}", project_id)
        if request.user_id:
            conditions.add("sessions.user_id = {} AND sessions.user_id <> ''", request.user_id)
        if active_after is not None:
            conditions.add("sessions.last_time >= {}", active_after)
        if position is not None:
            conditions.add(
                "(sessions.last_time, sessions.id) < ({}, {})",
                datetime.fromisoformat(str(position[0])),
                str(position[1]),
            )
        async with self._database.reading(str(project_id)) as connection:
            rows = await storage.select_sessions(connection, conditions, limit=limit + 1)
        page = self._cursors.page(
            rows, limit=limit, of=identity, position=lambda row: [row["last_time"].isoformat(), row["id"]]
        )
        # A session whose traces have all turned out to be of others is none.
        entries = tuple(session_message(row) for row in page.entries if row["trace_count"])
        return Page(entries=entries, next_page_token=page.next_page_token)

    async def get(self, project_id: UUID, session_id: str) -> pb.Session:
        """Returns a session.

        Raises:
            NotFoundError: No trace names it.
        """
        async with self._database.reading(str(project_id)) as connection:
            row = await connection.fetchrow(storage.SELECT_SESSION, project_id, session_id)
        if row is None or not row["trace_count"]:
            raise NotFoundError(f"There is no session {session_id!r}.")
        return session_message(row)

    async def stats(self, project_id: UUID) -> messages.GetTelemetryStatsResponse:
        """Says how much telemetry of a project is kept."""
        async with self._database.reading(str(project_id)) as connection:
            counted = await connection.fetchrow(storage.SELECT_STATS, project_id, UNEMBEDDED_COUNTED_MAX)
            size = await connection.fetchrow(storage.SELECT_SIZE)
        if counted is None or size is None:
            raise RuntimeError("a statement that always has a row had none")
        # Those that PostgreSQL has not counted yet are at least this project's.
        row_count = max(size["row_count"], counted["event_count"], 1)
        answer = messages.GetTelemetryStatsResponse(
            event_count=counted["event_count"],
            trace_count=counted["trace_count"],
            stored_bytes=size["stored_bytes"] * counted["event_count"] / row_count,
            unindexed_count=counted["unindexed_count"],
            unembedded_count=counted["unembedded_count"],
        )
        if counted["newest_time"] is not None:
            answer.oldest_time.CopyFrom(timestamp(counted["oldest_time"]))
            answer.newest_time.CopyFrom(timestamp(counted["newest_time"]))
        return answer
