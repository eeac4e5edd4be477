"""What agents did, as telemetry tells it: events, traces, conversations, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from timeloom import _convert as convert
from timeloom._calls import Connection
from timeloom._messages import filled, read
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.aio.telemetry_events import AsyncEvents
from timeloom.observability.v1 import (
    measurements_service_pb2,
    observability_pb2,
    observability_service_pb2,
    telemetry_settings_service_pb2,
)
from timeloom.telemetry import EventStatus, Score, Session, Trace, TraceSpan, TraceTree
from timeloom.telemetry_figures import Instrument, Measurements, Price, TelemetryRetention, TelemetryStats

TRACE_PAGE_SIZE = 2_000


class AsyncTraces:
    """The project's traces: each everything that belongs to one piece of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self,
        *,
        statuses: Iterable[EventStatus] = (),
        agent_ids: Iterable[str] = (),
        session_id: str = "",
        user_id: str = "",
        started_after: datetime | None = None,
        started_before: datetime | None = None,
        name_contains: str = "",
        duration_ms_min: float = 0.0,
        duration_ms_max: float = 0.0,
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Trace]:
        """List traces, newest first.

        Args:
            statuses: Only those that came out so.
            agent_ids: Only those of one of these agents.
            session_id: Only those of this conversation.
            user_id: Only those that worked for this user.
            started_after: Only those that began at or after this time.
            started_before: Only those that began before this time.
            name_contains: Only those whose name contains this text, whatever the case.
            duration_ms_min: Only those that took at least so many milliseconds.
            duration_ms_max: Only those that took less.
            order_by: `start_time`, `start_time desc`, `duration desc`, `cost desc` or `tokens desc`.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = filled(
            observability_service_pb2.ListTracesRequest(),
            statuses=tuple(statuses),
            agent_ids=tuple(agent_ids),
            session_id=session_id,
            user_id=user_id,
            started_after=started_after,
            started_before=started_before,
            name_contains=name_contains,
            duration_ms_min=duration_ms_min,
            duration_ms_max=duration_ms_max,
            order_by=order_by,
        )
        return listed(
            self._connection,
            lambda: self._connection.observability.ListTraces,
            request,
            kind=Trace,
            field="traces",
            limit=limit,
            page_size=page_size,
        )

    async def get(self, trace_id: str, *, limit: int | None = None) -> TraceTree:
        """Return a trace with its spans in the order of a tree, and the scores that it was given.

        Args:
            trace_id: In hex.
            limit: At most so many spans, from the root on; all if None.

        Raises:
            NotFoundError: There is none.
        """
        request = observability_service_pb2.GetTraceRequest(trace_id=trace_id)
        spans: list[TraceSpan] = []
        first: observability_service_pb2.GetTraceResponse | None = None
        while limit is None or len(spans) < limit or first is None:
            left = TRACE_PAGE_SIZE if limit is None else max(1, limit - len(spans))
            request.page_size = min(TRACE_PAGE_SIZE, left)
            response = await self._connection.unary(self._connection.observability.GetTrace, request)
            first = first or response
            spans.extend(read(TraceSpan, each) for each in response.spans)
            request.page_token = response.next_page_token
            if not request.page_token:
                break
        return TraceTree(
            trace=read(Trace, first.trace),
            spans=tuple(spans if limit is None else spans[:limit]),
            scores=tuple(read(Score, each) for each in first.scores),
        )


class AsyncSessions:
    """The project's conversations, as traces name them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self,
        *,
        user_id: str = "",
        active_after: datetime | None = None,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Session]:
        """List conversations, the one that went on last first.

        Args:
            user_id: Only this user's.
            active_after: Only those that went on after this time.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        return listed(
            self._connection,
            lambda: self._connection.observability.ListSessions,
            observability_service_pb2.ListSessionsRequest(
                user_id=user_id, active_after=convert.timestamp(active_after)
            ),
            kind=Session,
            field="sessions",
            limit=limit,
            page_size=page_size,
        )

    async def get(self, session_id: str) -> Session:
        """Return a conversation.

        Raises:
            NotFoundError: There is none.
        """
        request = observability_service_pb2.GetSessionRequest(session_id=session_id)
        response = await self._connection.unary(self._connection.observability.GetSession, request)
        return read(Session, response.session)


class AsyncPrices:
    """What models cost: the project's own prices, and those that come with Timeloom."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, model: str = "", *, limit: int | None = None, page_size: int = 200) -> AsyncPager[Price]:
        """List prices, the project's own first: all, or those of a model as events name it."""
        return listed(
            self._connection,
            lambda: self._connection.telemetry_settings.ListPrices,
            telemetry_settings_service_pb2.ListPricesRequest(model=model),
            kind=Price,
            field="prices",
            limit=limit,
            page_size=page_size,
        )

    async def create(
        self,
        model: str,
        *,
        input_per_million: float,
        output_per_million: float,
        cache_read_per_million: float | None = None,
        cache_write_per_million: float | None = None,
        provider: str = "",
        effective_time: datetime | None = None,
    ) -> Price:
        """Add a price of the project's own, which goes before the others; it takes an administrator's key.

        Args:
            model: Its name, or the beginning of several with `*` at its end.
            input_per_million: US dollars for a million tokens that go in.
            output_per_million: The same for those that come out.
            cache_read_per_million: For those read from the provider's cache; as those of the input if None.
            cache_write_per_million: For those written there; likewise.
            provider: Only this one's; any if empty.
            effective_time: From then on; from the beginning of time if None.
        """
        request = filled(
            telemetry_settings_service_pb2.CreatePriceRequest(),
            model=model,
            provider=provider,
            input_per_million=input_per_million,
            output_per_million=output_per_million,
            cache_read_per_million=cache_read_per_million,
            cache_write_per_million=cache_write_per_million,
            effective_time=effective_time,
        )
        response = await self._connection.unary(self._connection.telemetry_settings.CreatePrice, request)
        return read(Price, response.price)

    async def delete(self, price_id: str) -> None:
        """Take a price of the project's own away; costs that were reckoned by it stay."""
        request = telemetry_settings_service_pb2.DeletePriceRequest(price_id=price_id)
        await self._connection.unary(self._connection.telemetry_settings.DeletePrice, request)


class AsyncObservability:
    """What agents did, as telemetry tells it.

    Attributes:
        events: Spans, moments, logs and reports: list, count, measure, search, follow and export them.
        traces: What belongs together, as a tree.
        sessions: Conversations.
        prices: What models cost.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.events = AsyncEvents(connection)
        self.traces = AsyncTraces(connection)
        self.sessions = AsyncSessions(connection)
        self.prices = AsyncPrices(connection)

    async def stats(self) -> TelemetryStats:
        """Return how much telemetry the project has, and how much of it is searchable yet."""
        request = observability_service_pb2.GetTelemetryStatsRequest()
        response = await self._connection.unary(self._connection.observability.GetTelemetryStats, request)
        return read(TelemetryStats, response)

    async def retention(self) -> TelemetryRetention:
        """Return how long events and measurements are kept."""
        request = telemetry_settings_service_pb2.GetRetentionRequest()
        response = await self._connection.unary(self._connection.telemetry_settings.GetRetention, request)
        return read(TelemetryRetention, response.retention)

    async def set_retention(self, *, days: int, metric_days: int) -> TelemetryRetention:
        """Change how long events and measurements are kept; it takes an administrator's key.

        Args:
            days: Whole days that events are kept; for ever if zero.
            metric_days: The same for what programs measure themselves.
        """
        request = telemetry_settings_service_pb2.UpdateRetentionRequest(
            retention=observability_pb2.Retention(days=days, metric_days=metric_days)
        )
        response = await self._connection.unary(self._connection.telemetry_settings.UpdateRetention, request)
        return read(TelemetryRetention, response.retention)

    def instruments(
        self, prefix: str = "", *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[Instrument]:
        """List what programs measure themselves, by name: all, or what begins so."""
        return listed(
            self._connection,
            lambda: self._connection.measurements.ListInstruments,
            measurements_service_pb2.ListInstrumentsRequest(prefix=prefix),
            kind=Instrument,
            field="instruments",
            limit=limit,
            page_size=page_size,
        )

    async def measurements(
        self,
        name: str,
        *,
        started_after: datetime | None = None,
        started_before: datetime | None = None,
        step: timedelta | None = None,
        group_by: Iterable[str] = (),
        attributes: Iterable[str] = (),
    ) -> Measurements:
        """Return what an instrument measured.

        Args:
            name: The instrument's.
            started_after: From then on; the last hour if None.
            started_before: Until then; until now if None.
            step: How long a point is, in whole seconds; one point over the whole time if None.
            group_by: Up to three attributes by which series are told apart.
            attributes: Only points with these, each as `name=value`.

        Raises:
            NotFoundError: Nothing of this name is measured.
        """
        request = measurements_service_pb2.QueryMeasurementsRequest(
            name=name,
            started_after=convert.timestamp(started_after),
            started_before=convert.timestamp(started_before),
            step_seconds=0 if step is None else int(step.total_seconds()),
            group_by=group_by,
            attributes=attributes,
        )
        response = await self._connection.unary(self._connection.measurements.QueryMeasurements, request)
        return read(Measurements, response)
