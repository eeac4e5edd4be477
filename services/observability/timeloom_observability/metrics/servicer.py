"""The EventMetricsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import grpc.aio

from timeloom.observability.v1 import event_metrics_service_pb2 as messages
from timeloom.observability.v1 import event_metrics_service_pb2_grpc as services
from timeloom.observability.v1 import observability_pb2 as pb
from timeloom_observability.metrics.facets import Facets
from timeloom_observability.metrics.metrics import Metrics
from timeloom_observability.metrics.model import (
    SERIES_LIMIT_DEFAULT,
    Counted,
    FacetQuery,
    Metric,
    MetricAnswer,
    MetricQuery,
    MetricSeries,
)
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.server import ServiceBinding
from timeloom_platform.times import timestamp

FIELDS: Final = (
    "type",
    "kind",
    "status",
    "severity",
    "agent_id",
    "model",
    "provider",
    "tool_name",
    "service_name",
    "error_type",
    "name",
)
VALUE_LIMIT_DEFAULT: Final = 20

_Context = grpc.aio.ServicerContext[Any, Any]


class EventMetricsServicer(services.EventMetricsServiceServicer):
    """Translates; whatever is reckoned, the use cases reckon."""

    def __init__(self, *, metrics: Metrics, facets: Facets) -> None:
        self._metrics = metrics
        self._facets = facets

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_EventMetricsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["EventMetricsService"],
        )

    async def CountEvents(
        self, request: messages.CountEventsRequest, context: _Context
    ) -> messages.CountEventsResponse:
        query = FacetQuery(
            event_filter=request.filter,
            fields=_distinct(request.fields, "fields") or FIELDS,
            value_limit=request.value_limit or VALUE_LIMIT_DEFAULT,
        )
        return _counted(await self._facets.count(_project_id(), query))

    async def QueryMetrics(
        self, request: messages.QueryMetricsRequest, context: _Context
    ) -> messages.QueryMetricsResponse:
        query = MetricQuery(
            event_filter=request.filter,
            metrics=_metrics(request),
            group_by=_distinct(request.group_by, "groupBy"),
            step_seconds=request.step_seconds,
            series_limit=request.series_limit or SERIES_LIMIT_DEFAULT,
        )
        return _answer(query, await self._metrics.query(_project_id(), query))


def _project_id() -> UUID:
    return UUID(current_identity().project_id)


def _distinct(names: Any, field: str) -> tuple[str, ...]:
    """Returns names, each of which may be given once."""
    found = tuple(names)
    if len(set(found)) < len(found):
        raise InvalidFieldError.of(field, "must not name a field twice")
    return found


def _metrics(request: messages.QueryMetricsRequest) -> tuple[Metric, ...]:
    for index, metric in enumerate(request.metrics):
        if metric == pb.METRIC_UNSPECIFIED:
            raise InvalidFieldError.of(f"metrics[{index}]", "must be given")
    if len(set(request.metrics)) < len(request.metrics):
        raise InvalidFieldError.of("metrics", "must not name a metric twice")
    return tuple(map(Metric, request.metrics))


def _counted(counted: Counted) -> messages.CountEventsResponse:
    return messages.CountEventsResponse(
        count=counted.count,
        facets=[
            pb.Facet(
                field=facet.field,
                values=[pb.FacetValue(value=value, count=count) for value, count in facet.values],
                other_count=facet.other_count,
            )
            for facet in counted.facets
        ],
        durations=[
            pb.DurationBin(duration_ms_min=each.begin_ms, duration_ms_max=each.end_ms, count=each.count)
            for each in counted.durations
        ],
        is_cut=counted.is_cut,
    )


def _answer(query: MetricQuery, answer: MetricAnswer) -> messages.QueryMetricsResponse:
    return messages.QueryMetricsResponse(
        series=[_series(query, series) for series in answer.series],
        times=map(timestamp, answer.times),
        step_seconds=answer.step_seconds,
        is_exact=answer.is_exact,
    )


def _series(query: MetricQuery, series: MetricSeries) -> messages.MetricSeries:
    return messages.MetricSeries(
        group=series.group,
        is_rest=series.is_rest,
        metrics=[
            messages.MetricValues(
                metric=pb.Metric.ValueType(metric),
                values=[messages.MetricValue(value=value) for value in values],
            )
            for metric, values in zip(query.metrics, series.values, strict=True)
        ],
    )
