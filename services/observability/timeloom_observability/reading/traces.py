"""Lists of traces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom.observability.v1 import observability_service_pb2 as messages
from timeloom_observability.filtering import Conditions, duration_range, time_range
from timeloom_observability.model import EventStatus
from timeloom_observability.reading import storage
from timeloom_observability.reading.answers import trace_message
from timeloom_observability.reading.lists import CANDIDATES_MAX, NEWEST_FIRST, OLDEST_FIRST, digest
from timeloom_observability.showing import Row
from timeloom_platform.database import Connection, Database
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar, page_size

_FAILED: Final = "(traces.root_status = 2 OR (traces.root_span_id IS NULL AND traces.error_count > 0))"
"""As the index of failed traces has it."""

_STATUS: Final = (
    f"CASE WHEN {_FAILED} THEN 2 WHEN traces.root_span_id IS NULL THEN 0 ELSE traces.root_status END"
)


class Traces:
    """Lists traces.

    Args:
        database: The room's.
        cursors: Sign the tokens of pages.
    """

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def list_page(self, project_id: UUID, request: messages.ListTracesRequest) -> Page[pb.Trace]:
        """Returns a page of traces.

        Raises:
            InvalidFieldError: The request makes no sense.
            InvalidPageTokenError: The token belongs to another list.
        """
        order_by, limit = request.order_by or NEWEST_FIRST, page_size(request.page_size)
        identity = _identity(project_id, request, order_by)
        position = self._cursors.decode(request.page_token, of=identity) or ()
        conditions = conditions_of(project_id, request)
        async with self._database.reading(str(project_id)) as connection:
            if order_by in (NEWEST_FIRST, OLDEST_FIRST):
                is_descending = order_by == NEWEST_FIRST
                if position:
                    start_time, trace_id = datetime.fromisoformat(str(position[0])), _trace_id(position[1])
                    comparison = "<" if is_descending else ">"
                    conditions.add(
                        f"(traces.start_time, traces.id) {comparison} ({{}}, {{}})", start_time, trace_id
                    )
                order = "DESC" if is_descending else "ASC"
                rows = await storage.select_traces(connection, conditions, order=order, limit=limit + 1)
                found = [(row, row["start_time"].isoformat()) for row in rows]
            else:
                after = (position[0], _trace_id(position[1])) if position else None
                found = await _ordered(
                    connection,
                    project_id,
                    conditions,
                    by=order_by.removesuffix(" desc"),
                    after=after,
                    limit=limit + 1,
                )
        page = self._cursors.page(
            found, limit=limit, of=identity, position=lambda each: [each[1], each[0]["id"].hex()]
        )
        return Page(
            entries=tuple(trace_message(row) for row, _ in page.entries),
            next_page_token=page.next_page_token,
        )


def conditions_of(project_id: UUID, request: messages.ListTracesRequest) -> Conditions:
    """Returns the conditions on a project's traces that a request means.

    Raises:
        InvalidFieldError: A field makes no sense, or not with another one.
    """
    conditions = Conditions()
    conditions.add("traces.project_id = {}", project_id)
    _add_values(conditions, request)
    after, before = time_range(request, path="")
    if after is not None:
        conditions.add("traces.start_time >= {}", after)
    if before is not None:
        conditions.add("traces.start_time < {}", before)
    least, end = duration_range(request, path="")
    if least is not None:
        conditions.add("traces.duration_ns >= {}", least)
    if end is not None:
        conditions.add("traces.duration_ns < {}", end)
    if request.name_contains:
        conditions.add(
            "strpos(lower(traces.name COLLATE pg_c_utf8), lower({} COLLATE pg_c_utf8)) > 0",
            request.name_contains,
        )
    return conditions


def _add_values(conditions: Conditions, request: messages.ListTracesRequest) -> None:
    """Adds what a trace is and belongs to, so that it implies the partial indexes."""
    statuses: Sequence[int] = sorted(set(request.statuses))
    if statuses == [EventStatus.ERROR]:
        conditions.add(_FAILED)
    elif statuses:
        conditions.add(f"{_STATUS} = ANY ({{}}::smallint [])", statuses)
    agent_ids = sorted(set(request.agent_ids))
    if len(agent_ids) == 1:
        conditions.add("traces.agent_id = {}", agent_ids[0])
    elif agent_ids:
        conditions.add("traces.agent_id = ANY ({}::text [])", agent_ids)
    if agent_ids and "" not in agent_ids:
        conditions.add("traces.agent_id <> ''")
    for column in ("session_id", "user_id"):
        if value := getattr(request, column):
            conditions.add(f"traces.{column} = {{}} AND traces.{column} <> ''", value)


async def _ordered(
    connection: Connection,
    project_id: UUID,
    conditions: Conditions,
    *,
    by: str,
    after: tuple[Scalar, bytes] | None,
    limit: int,
) -> list[tuple[Row, Scalar]]:
    """Puts the newest of the traces in order, and returns the first with their positions."""
    found = await storage.select_ordered(
        connection,
        conditions,
        table="traces",
        newest="traces.start_time DESC, traces.id DESC",
        by=by,
        after=after,
        candidates=CANDIDATES_MAX,
        limit=limit,
    )
    rows = await storage.select_traces_by_ids(connection, project_id, [each["id"] for each in found])
    return [(rows[each["id"]], each["position"]) for each in found if each["id"] in rows]


def _identity(project_id: UUID, request: messages.ListTracesRequest, order_by: str) -> ListIdentity:
    wanted = messages.ListTracesRequest()
    wanted.CopyFrom(request)
    wanted.page_size, wanted.page_token, wanted.order_by = 0, "", order_by
    return {"list": "traces", "project": str(project_id), "request": digest(wanted)}


def _trace_id(position: Scalar) -> bytes:
    return bytes.fromhex(str(position))
