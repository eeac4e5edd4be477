"""One trace with its spans in the order of a tree, in pages."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom.observability.v1 import observability_service_pb2 as messages
from timeloom_observability.filtering import end_id_at, first_id_at
from timeloom_observability.model import EPOCH
from timeloom_observability.reading import storage
from timeloom_observability.reading.answers import trace_message
from timeloom_observability.reading.lists import fitting
from timeloom_observability.scores.answers import score_message
from timeloom_observability.scores.storage import scores_of_trace
from timeloom_observability.showing import Row, listed_message
from timeloom_observability.trees import Place, tree_of
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import InvalidPageTokenError, NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity

SPANS_MAX: Final = 50_000
"""Of a trace with more spans, the first so many are put in order and told."""

SCORES_MAX: Final = 1_000
"""So many scores are told with a trace; all are listed by their own service."""

SPANS_PAGE_DEFAULT: Final = 2_000

_MICROSECOND: Final = timedelta(microseconds=1)
_A_DAY: Final = timedelta(days=1)
_MILLISECOND_NS: Final = 1_000_000


class Span(Struct, frozen=True, kw_only=True, gc=False):
    """What a span's place in the tree follows from."""

    id: UUID
    span_id: str
    parent_span_id: str
    start_ns: int
    duration_ns: int


class TraceTrees:
    """Reads traces with their spans.

    Args:
        database: The room's.
        cursors: Sign the tokens of pages.
    """

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def page(
        self, project_id: UUID, trace_id: str, *, page_token: str, limit: int
    ) -> messages.GetTraceResponse:
        """Returns a page of a trace's spans, and the trace.

        All pages are of the spans that were there when the first one was asked for.

        Raises:
            NotFoundError: There is no such trace.
            InvalidPageTokenError: The token belongs to another trace, or its span is no longer kept.
        """
        identity: ListIdentity = {"list": "spans", "project": str(project_id), "trace": trace_id}
        position = self._cursors.decode(page_token, of=identity)
        arrived_by = datetime.fromisoformat(str(position[1])) if position else None
        async with self._database.reading(str(project_id)) as connection:
            trace = await connection.fetchrow(storage.SELECT_TRACE, project_id, bytes.fromhex(trace_id))
            if trace is None:
                raise NotFoundError(f"There is no trace {trace_id}.")
            found = await _select_tree(connection, project_id, trace, arrived_by)
            # What thousands of spans take, others do not wait for.
            places = await asyncio.to_thread(tree_of, map(_span, found))
            begin = _index_after(places, UUID(str(position[0]))) if position else 0
            shown = places[begin : begin + (limit or SPANS_PAGE_DEFAULT)]
            ids = [place.span.id for place in shown]
            rows = await storage.select_events_by_ids(connection, project_id, ids)
            moments = await _moments(connection, project_id, trace, shown)
            judged = (
                [] if position else await scores_of_trace(connection, project_id, trace_id, limit=SCORES_MAX)
            )
        told = await asyncio.to_thread(lambda: fitting(_messages(shown, rows, moments)))
        answer = messages.GetTraceResponse(
            trace=trace_message(trace), spans=told, scores=map(score_message, judged)
        )
        if told and told[-1].event.id != str(places[-1].span.id):
            arrived_by = arrived_by or max(row["receive_time"] for row in found)
            answer.next_page_token = self._cursors.encode(
                [told[-1].event.id, arrived_by.isoformat()], of=identity
            )
        return answer


async def _select_tree(
    connection: Connection, project_id: UUID, trace: Row, arrived_by: datetime | None
) -> Sequence[Row]:
    """Returns what the order of a trace's spans follows from."""
    return await connection.fetch(
        storage.SELECT_TREE,
        project_id,
        trace["id"],
        first_id_at(trace["start_time"]),
        end_id_at(trace["end_time"] + _MICROSECOND),
        arrived_by,
        SPANS_MAX,
    )


async def _moments(
    connection: Connection, project_id: UUID, trace: Row, places: Sequence[Place[Span]]
) -> Mapping[str, Sequence[Row]]:
    """Returns what was told within spans, by their ids. Clocks may differ by less than a day."""
    rows = await connection.fetch(
        storage.SELECT_MOMENTS,
        project_id,
        trace["id"],
        first_id_at(trace["start_time"] - _A_DAY),
        end_id_at(trace["end_time"] + _A_DAY),
        [bytes.fromhex(place.span.span_id) for place in places],
    )
    moments: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        moments[row["span_id"].hex()].append(row)
    return moments


def _span(row: Row) -> Span:
    return Span(
        id=row["id"],
        span_id=row["span_id"].hex(),
        parent_span_id=(row["parent_span_id"] or b"").hex(),
        start_ns=(row["start_time"] - EPOCH) // _MICROSECOND * 1_000,
        duration_ns=row["duration_ns"],
    )


def _index_after(places: Sequence[Place[Span]], event_id: UUID) -> int:
    for index, place in enumerate(places):
        if place.span.id == event_id:
            return index + 1
    raise InvalidPageTokenError(
        "The span at which the page before ended is gone; begin again without a token."
    )


def _messages(
    places: Sequence[Place[Span]], rows: Mapping[UUID, Row], moments: Mapping[str, Sequence[Row]]
) -> Iterator[messages.TraceSpan]:
    for place in places:
        row = rows.get(place.span.id)
        if row is None:
            continue
        yield messages.TraceSpan(
            event=listed_message(row),
            depth=place.depth,
            child_count=place.child_count,
            is_critical=place.is_critical,
            self_ms=place.self_ns / _MILLISECOND_NS,
            moments=map(listed_message, moments.get(place.span.span_id, ())),
        )
