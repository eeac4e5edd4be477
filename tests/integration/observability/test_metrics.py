"""Metrics and facets are what the events come to, whatever they are reckoned from."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest

from tests.integration.observability.events import span
from tests.integration.observability.service import Service
from tests.integration.observability.telemetry import (
    BEGIN,
    LENGTH,
    at,
    group_of,
    meant,
    questions,
    reckoned,
    telemetry,
)
from timeloom.observability.v1 import event_metrics_service_pb2 as messages
from timeloom.observability.v1 import event_metrics_service_pb2_grpc as services
from timeloom.observability.v1 import observability_pb2 as pb
from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_observability.metrics.facets import Facets
from timeloom_observability.metrics.metrics import Metrics
from timeloom_observability.metrics.model import FacetQuery, Metric, MetricAnswer, MetricQuery
from timeloom_observability.metrics.storage.adding import COMPACT_BYTES
from timeloom_observability.metrics.times import Window
from timeloom_observability.metrics.upkeep import Upkeep
from timeloom_observability.model import Event, EventKind, EventType
from timeloom_platform.testing import eventually
from timeloom_platform.times import timestamp

COUNT = pb.METRIC_COUNT
NOW = BEGIN + timedelta(days=30)


def metrics_of(service: Service, **limits: int) -> Metrics:
    return Metrics(service.database, lambda: NOW, **limits)


async def take_in_parts(service: Service, events: Sequence[Event], chance: random.Random) -> None:
    """Commits events in any order, with upkeep now and then; some events stay for it to be done."""
    upkeep = Upkeep(service.database, deltas_max=5)
    left = chance.sample(events, len(events))
    while left:
        count = chance.randrange(1, 30)
        await service.take(left[:count])
        left = left[count:]
        for _ in range(chance.randrange(4)):
            await upkeep.add(service.project_id)


async def added(service: Service) -> None:
    """Returns when nothing waits to be added: the service's own upkeep may be at it."""

    async def is_added() -> bool:
        await Upkeep(service.database).add(service.project_id)
        async with service.rows() as connection:
            return not await connection.fetchval("SELECT count(*) FROM metric_deltas")

    await eventually(is_added)


def assert_reckoned(answer: MetricAnswer, query: MetricQuery, events: Sequence[Event]) -> None:
    """Compares an answer with what the events come to one by one."""
    found = meant(events, query.event_filter)
    after = query.event_filter.started_after.ToDatetime(BEGIN.tzinfo)
    before = query.event_filter.started_before.ToDatetime(BEGIN.tzinfo)
    window = Window(after=after, before=before, step_seconds=query.step_seconds)
    groups = {group_of(event, query.group_by) for event in found}
    named = [series.group for series in answer.series if not series.is_rest]
    assert set(named) <= groups
    assert len(named) == min(len(groups), query.series_limit)
    assert [series.is_rest for series in answer.series[len(named) :]] == [True] * (len(groups) > len(named))
    assert list(answer.times) == window.times
    rel = 1e-9 if answer.is_exact else 0.01 + 1e-9
    for series in answer.series:
        members = [
            event
            for event in found
            if (group := group_of(event, query.group_by)) == series.group
            or (series.is_rest and group not in named)
        ]
        expected = reckoned(members, window)
        for index, time in enumerate(answer.times):
            values = [values[index] for values in series.values]
            wanted = [value if value is None else pytest.approx(value, rel, 1e-9) for value in expected[time]]
            assert values == wanted, (query, series.group, time)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_metrics_are_those_of_the_events_one_by_one(service: Service, seed: int) -> None:
    chance = random.Random(seed)
    events = telemetry(chance, service.project_id, 300)
    await take_in_parts(service, events, chance)
    reckoners = [metrics_of(service), metrics_of(service, series_max=0, exact_events_max=3)]

    for _ in range(25):
        query = questions(chance)
        for reckoner in reckoners:
            answer = await reckoner.query(service.project_id, query)

            assert_reckoned(answer, query, events)


async def test_what_waits_is_counted_once_while_it_is_added(service: Service) -> None:
    events = telemetry(random.Random(4), service.project_id, 200)
    await service.take(events)
    query = MetricQuery(
        event_filter=EventFilter(
            started_after=timestamp(BEGIN), started_before=timestamp(BEGIN + 2 * LENGTH)
        ),
        metrics=(Metric.COUNT,),
    )
    upkeep = [Upkeep(service.database, deltas_max=20) for _ in range(2)]

    async def count() -> float | None:
        answer = await metrics_of(service).query(service.project_id, query)
        return answer.series[0].values[0][0]

    counts = [await count()]
    async with service.rows() as connection:
        while await connection.fetchval("SELECT count(*) FROM metric_deltas"):
            for each in upkeep:
                await each.add(service.project_id)
                counts.append(await count())

    assert set(counts) == {200.0}
    async with service.rows() as connection:
        rows = await connection.fetch("SELECT resolution, sum(count) AS count FROM metric_rows GROUP BY 1")
    assert {row["resolution"]: row["count"] for row in rows} == {10: 200, 300: 200, 3_600: 200, 86_400: 200}


async def test_sketches_stay_short_however_often_they_are_added_to(service: Service) -> None:
    upkeep = Upkeep(service.database)
    count = COMPACT_BYTES // 4 + 10
    for first in range(0, count, 100):
        await service.take(
            [
                span(service.project_id, number, start_ns=at(timedelta()), duration_ms=1 + number % 3)
                for number in range(first + 1, min(first + 100, count) + 1)
            ]
        )
        await upkeep.add(service.project_id)

    await added(service)

    async with service.rows() as connection:
        lengths = await connection.fetch("SELECT octet_length(sketch) AS length FROM metric_rows")
    assert all(row["length"] < COMPACT_BYTES for row in lengths)


async def test_facets_leave_their_own_filter_out(service: Service) -> None:
    chance = random.Random(5)
    events = telemetry(chance, service.project_id, 300)
    await take_in_parts(service, events, chance)
    times = EventFilter(started_after=timestamp(BEGIN + LENGTH / 4), started_before=timestamp(BEGIN + LENGTH))
    llm, large = EventFilter(kinds=[pb.EVENT_KIND_LLM]), EventFilter(models=["large"])
    event_filter = _both(times, llm, large)
    others = {"model": _both(times, llm), "kind": _both(times, large), "status": event_filter}
    request = messages.CountEventsRequest(filter=event_filter, fields=list(others))

    for series_max in (20_000, 0):
        facets = Facets(service.database, series_max=series_max)
        counted = await facets.count(service.project_id, _facet_query(request))

        found = meant(events, event_filter)
        assert counted.count == len(found)
        assert {facet.field: dict(facet.values) for facet in counted.facets} == {
            field: dict(Counter(group_of(event, (field,))[0] for event in meant(events, without)))
            for field, without in others.items()
        }
        assert sum(each.count for each in counted.durations) == sum(
            event.type != EventType.LOG for event in found
        )
        for each in counted.durations:
            durations = EventFilter(duration_ms_min=each.begin_ms, duration_ms_max=each.end_ms)
            within = meant(events, _both(event_filter, durations))
            assert sum(event.type != EventType.LOG for event in within) == each.count


async def test_a_facet_shows_the_most_frequent_values(service: Service) -> None:
    await service.take(
        [
            span(
                service.project_id,
                number,
                start_ns=at(timedelta(seconds=number)),
                agent_id=f"agent-{number % 5}",
            )
            for number in range(1, 13)
        ]
    )

    answer = await _stub(service).CountEvents(
        messages.CountEventsRequest(fields=["agent_id"], value_limit=2), metadata=service.metadata
    )

    assert answer.count == 12
    assert answer.facets == [
        pb.Facet(
            field="agent_id",
            values=[pb.FacetValue(value="agent-1", count=3), pb.FacetValue(value="agent-2", count=3)],
            other_count=3,
        )
    ]


async def test_only_the_newest_are_looked_at_one_by_one(service: Service) -> None:
    events = [
        span(service.project_id, number, user_id="ada", name=f"{number % 3}") for number in range(1, 21)
    ]
    await service.take(events)
    request = messages.CountEventsRequest(filter=EventFilter(user_id="ada"), fields=["name"])

    cut = await Facets(service.database, events_max=9).count(service.project_id, _facet_query(request))
    whole = await Facets(service.database, events_max=20).count(service.project_id, _facet_query(request))

    assert (cut.is_cut, cut.count) == (True, 10)
    assert (whole.is_cut, whole.count) == (False, 20)


async def test_metrics_are_told_as_the_contract_has_them(service: Service) -> None:
    start = datetime.fromisoformat("2026-04-01T12:00:00+00:00")
    await service.take(
        [
            span(
                service.project_id,
                number,
                start_ns=int(start.timestamp() + number * 60) * 1_000_000_000,
                kind=EventKind.TOOL,
                tool_name=tool,
                duration_ms=number * 100,
            )
            for number, tool in enumerate(("search", "search", "fetch", "write"), 1)
        ]
    )
    request = messages.QueryMetricsRequest(
        filter=EventFilter(
            started_after=timestamp(start), started_before=timestamp(start + timedelta(minutes=10))
        ),
        metrics=[COUNT, pb.METRIC_DURATION_MAX],
        group_by=["kind", "tool_name"],
        step_seconds=300,
        series_limit=1,
    )

    answer = await _stub(service).QueryMetrics(request, metadata=service.metadata)

    assert answer == messages.QueryMetricsResponse(
        series=[
            _series(["TOOL", "search"], [2, 0], [200, None]),
            _series([], [2, 0], [400, None], is_rest=True),
        ],
        times=[timestamp(start), timestamp(start + timedelta(minutes=5))],
        step_seconds=300,
        is_exact=True,
    )


async def test_without_times_a_metric_is_of_everything(service: Service) -> None:
    await service.take([span(service.project_id, 1, start_ns=at(timedelta())), span(service.project_id, 2)])
    request = messages.QueryMetricsRequest(metrics=[COUNT])

    answer = await _stub(service).QueryMetrics(request, metadata=service.metadata)

    assert answer.series[0].metrics[0].values[0].value == 2


async def test_nothing_is_no_series(service: Service) -> None:
    request = messages.QueryMetricsRequest(metrics=[pb.METRIC_DURATION_P95], group_by=["model"])

    answer = await _stub(service).QueryMetrics(request, metadata=service.metadata)

    assert (len(answer.series), len(answer.times)) == (0, 1)


async def test_another_project_sees_nothing(service: Service) -> None:
    await service.take([span(service.project_id, number) for number in range(1, 5)])
    stranger = service.metadata_of(uuid4())

    for user_id in ("", "ada"):
        event_filter = EventFilter(user_id=user_id)
        counted = await _stub(service).CountEvents(
            messages.CountEventsRequest(filter=event_filter), metadata=stranger
        )
        asked = messages.QueryMetricsRequest(filter=event_filter, metrics=[COUNT])
        answer = await _stub(service).QueryMetrics(asked, metadata=stranger)

        assert (counted.count, len(answer.series)) == (0, 0)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (messages.QueryMetricsRequest(), "metrics"),
        (messages.QueryMetricsRequest(metrics=[pb.METRIC_UNSPECIFIED]), "metrics[0]"),
        (messages.QueryMetricsRequest(metrics=[COUNT, COUNT]), "metrics"),
        (messages.QueryMetricsRequest(metrics=[COUNT], group_by=["model", "model"]), "groupBy"),
        (messages.QueryMetricsRequest(metrics=[COUNT], group_by=["trace_id"]), "groupBy[0]"),
        (
            messages.QueryMetricsRequest(
                metrics=[COUNT], step_seconds=1, filter=EventFilter(started_after=timestamp(BEGIN))
            ),
            "stepSeconds",
        ),
        (
            messages.QueryMetricsRequest(
                metrics=pb.Metric.values()[1:],
                step_seconds=60,
                group_by=["model"],
                series_limit=200,
                filter=EventFilter(
                    started_after=timestamp(BEGIN), started_before=timestamp(BEGIN + timedelta(hours=2))
                ),
            ),
            "stepSeconds",
        ),
        (
            messages.QueryMetricsRequest(
                metrics=[COUNT], filter=EventFilter(started_after=timestamp(BEGIN + timedelta(days=36_500)))
            ),
            "filter.startedAfter",
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_name(
    service: Service, request_: messages.QueryMetricsRequest, field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _stub(service).QueryMetrics(request_, metadata=service.metadata)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (caught.value.details() or "").startswith(field)


def _stub(service: Service) -> Any:
    return services.EventMetricsServiceStub(service.channel)


def _both(*filters: EventFilter) -> EventFilter:
    """Returns a filter of all that several ask for."""
    combined = EventFilter()
    for each in filters:
        combined.MergeFrom(each)
    return combined


def _facet_query(request: messages.CountEventsRequest) -> FacetQuery:
    return FacetQuery(event_filter=request.filter, fields=list(request.fields), value_limit=200)


def _series(
    group: Sequence[str], counts: Sequence[float], longest: Sequence[float | None], *, is_rest: bool = False
) -> messages.MetricSeries:
    return messages.MetricSeries(
        group=group,
        is_rest=is_rest,
        metrics=[
            messages.MetricValues(
                metric=metric, values=[messages.MetricValue(value=value) for value in values]
            )
            for metric, values in ((COUNT, counts), (pb.METRIC_DURATION_MAX, longest))
        ],
    )
