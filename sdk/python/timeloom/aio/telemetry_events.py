"""Events: what agents did, as telemetry tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._messages import filled, read, write
from timeloom._pages import AsyncPager
from timeloom.aio._files import Progress, saved
from timeloom.aio._listing import listed
from timeloom.errors import UnavailableError
from timeloom.observability.v1 import (
    event_metrics_service_pb2,
    event_search_service_pb2,
    event_streams_service_pb2,
    observability_pb2,
    observability_service_pb2,
)
from timeloom.telemetry import (
    Event,
    EventBatch,
    EventFilter,
    EventMatches,
    ExportFormat,
    NewEvent,
    SearchMode,
)
from timeloom.telemetry_figures import EventCounts, Metric, Metrics

TAIL_RETRIES_MAX: Final = 8
TAIL_RETRY_SECONDS_MAX: Final = 5.0


class AsyncEvents:
    """The project's events: spans, moments, logs, and what programs and Timeloom itself report."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, *events: NewEvent) -> tuple[str, ...]:
        """Report up to 1,000 events, all of them or none, and return their identifiers after the commit.

        Programs that speak OpenTelemetry need not: `timeloom.observe()` sends their spans.

        Raises:
            InvalidFieldError: A value is not allowed; the violations name it.
        """
        now = datetime.now(UTC)
        # With an identifier and a time of its own, the server recognises an event that is sent again.
        named = (
            replace(event, event_id=event.event_id or uuid7(), start_time=event.start_time or now)
            for event in events
        )
        request = observability_service_pb2.CreateEventsRequest(
            events=[write(event, observability_service_pb2.NewEvent) for event in named]
        )
        response = await self._connection.unary(self._connection.observability.CreateEvents, request)
        return tuple(response.event_ids)

    async def get(self, event_id: str) -> Event:
        """Return an event with everything that is known of it.

        Raises:
            NotFoundError: There is none.
        """
        request = observability_service_pb2.GetEventRequest(event_id=event_id)
        response = await self._connection.unary(self._connection.observability.GetEvent, request)
        return read(Event, response.event)

    def list(
        self,
        filter: EventFilter | None = None,  # noqa: A002 - the word that the API uses
        *,
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Event]:
        """List events, newest first, without their inputs, outputs and attributes.

        Args:
            filter: Only those that are meant.
            order_by: `start_time`, `start_time desc`, `duration desc`, `cost desc` or `tokens desc`.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        return listed(
            self._connection,
            lambda: self._connection.observability.ListEvents,
            observability_service_pb2.ListEventsRequest(filter=_message(filter), order_by=order_by),
            kind=Event,
            field="events",
            limit=limit,
            page_size=page_size,
        )

    async def count(
        self,
        filter: EventFilter | None = None,  # noqa: A002 - as above
        *,
        fields: Iterable[str] = (),
        value_limit: int = 0,
    ) -> EventCounts:
        """Count events by the values of fields, and by how long they took.

        Args:
            filter: Only those that are meant.
            fields: Such as `kind`, `model` or `error_type`; all that can be counted by if empty.
            value_limit: At most so many values of a field; 20 if zero.
        """
        request = event_metrics_service_pb2.CountEventsRequest(
            filter=_message(filter), fields=fields, value_limit=value_limit
        )
        response = await self._connection.unary(self._connection.event_metrics.CountEvents, request)
        return read(EventCounts, response)

    async def metrics(
        self,
        metrics: Sequence[Metric],
        filter: EventFilter | None = None,  # noqa: A002 - as above
        *,
        group_by: Iterable[str] = (),
        step: timedelta | None = None,
        series_limit: int = 0,
    ) -> Metrics:
        """Reckon metrics of events over time: rates, errors, percentiles, tokens, costs.

        Args:
            metrics: Up to 15.
            filter: Only those that are meant; its times are the whole time.
            group_by: Up to three fields by which series are told apart, such as `model` or `agent_id`.
            step: How long a point is, in whole seconds; one point over the whole time if None.
            series_limit: At most so many, those with most events; 20 if zero. The others are one.
        """
        request = filled(
            event_metrics_service_pb2.QueryMetricsRequest(
                filter=_message(filter),
                group_by=group_by,
                step_seconds=0 if step is None else int(step.total_seconds()),
                series_limit=series_limit,
            ),
            metrics=tuple(metrics),
        )
        response = await self._connection.unary(self._connection.event_metrics.QueryMetrics, request)
        return read(Metrics, response)

    async def search(
        self,
        query: str,
        filter: EventFilter | None = None,  # noqa: A002 - as above
        *,
        mode: SearchMode | None = None,
        limit: int = 20,
    ) -> EventMatches:
        """Find events by words and by meaning, best first, with the reasons.

        Args:
            query: Words, or a sentence.
            filter: Only those that are meant.
            mode: By words only, or by meaning only; by both if None.
            limit: At most this many, up to 200.
        """
        request = filled(
            event_search_service_pb2.SearchEventsRequest(query=query, filter=_message(filter), limit=limit),
            mode=mode,
        )
        response = await self._connection.unary(self._connection.event_search.SearchEvents, request)
        return read(EventMatches, response)

    async def tail(
        self,
        filter: EventFilter | None = None,  # noqa: A002 - as above
        *,
        position: str = "",
    ) -> AsyncIterator[Event]:
        """Yield each event at its commit, from now on or after a position, for ever.

        Whoever takes them more slowly than they come misses some; `tail_batches` tells how many.
        """
        async with aclosing(self.tail_batches(filter, position=position)) as batches:
            async for batch in batches:
                for event in batch.events:
                    yield event

    async def tail_batches(
        self,
        filter: EventFilter | None = None,  # noqa: A002 - as above
        *,
        position: str = "",
    ) -> AsyncGenerator[EventBatch]:
        """Yield events as they are committed, with the positions after them, for ever.

        A connection that breaks is taken up again where it broke.
        """
        failures = 0
        while True:
            request = event_streams_service_pb2.TailEventsRequest(filter=_message(filter), position=position)
            try:
                method = self._connection.event_streams.TailEvents
                async for response in self._connection.stream(method, request):
                    failures = 0
                    position = response.position or position
                    if response.events or response.skipped_count:
                        yield read(EventBatch, response)
            except UnavailableError:
                failures += 1
                if failures > TAIL_RETRIES_MAX:
                    raise
                await asyncio.sleep(min(0.1 * 2**failures, TAIL_RETRY_SECONDS_MAX))
            else:
                return

    async def export_stream(
        self,
        filter: EventFilter | None = None,  # noqa: A002 - as above
        *,
        format: ExportFormat = ExportFormat.JSONL,  # noqa: A002 - as above
    ) -> AsyncGenerator[bytes]:
        """Yield events as one file, oldest first, in parts."""
        request = filled(
            event_streams_service_pb2.ExportEventsRequest(filter=_message(filter)), format=format
        )
        async for response in self._connection.stream(self._connection.event_streams.ExportEvents, request):
            yield response.data

    async def export(
        self,
        to: str | Path | BinaryIO,
        filter: EventFilter | None = None,  # noqa: A002 - as above
        *,
        format: ExportFormat = ExportFormat.JSONL,  # noqa: A002 - as above
        progress: Progress | None = None,
    ) -> int:
        """Write events to a file, oldest first, and return its size in bytes.

        A path is written as a whole or not at all.

        Args:
            to: A path, or a file that is open for writing bytes.
            filter: Only those that are meant.
            format: Its form.
            progress: Told how many bytes were written so far.
        """
        return await saved(self.export_stream(filter, format=format), to, progress)


def _message(found: EventFilter | None) -> observability_pb2.EventFilter | None:
    return None if found is None else write(found, observability_pb2.EventFilter)
