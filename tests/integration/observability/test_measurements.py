"""What programs measure is told as it was measured, in steps and groups."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest

from tests.integration.observability.points import SECOND, point
from tests.integration.observability.service import Service
from timeloom.observability.v1 import measurements_service_pb2 as messages
from timeloom.observability.v1 import measurements_service_pb2_grpc as services
from timeloom_observability.ingesting import Batch
from timeloom_observability.measurements.storage import delete_points_before
from timeloom_observability.measurements.writing import PointsOfTelemetry
from timeloom_observability.model import InstrumentKind, MetricPoint
from timeloom_platform.times import timestamp

BEGIN = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
BEGIN_NS = int(BEGIN.timestamp()) * SECOND


def at(seconds: float) -> int:
    return BEGIN_NS + int(seconds * SECOND)


def requests(value: float, seconds: float, route: str = "/chat", **fields: Any) -> MetricPoint:
    return point(
        "http.requests",
        value,
        kind=InstrumentKind.SUM,
        is_monotonic=True,
        count=1,
        time_ns=at(seconds),
        attributes={"route": route, "status": 200},
        **fields,
    )


def lengths(counts: tuple[float, ...], seconds: float, **fields: Any) -> MetricPoint:
    return point(
        "llm.duration",
        kind=InstrumentKind.HISTOGRAM,
        count=int(sum(counts)),
        bounds=(1.0, 2.0, 4.0),
        counts=counts,
        time_ns=at(seconds),
        **fields,
    )


async def query(service: Service, name: str, **fields: Any) -> messages.QueryMeasurementsResponse:
    request = messages.QueryMeasurementsRequest(
        name=name,
        started_after=timestamp(BEGIN),
        started_before=timestamp(BEGIN + timedelta(minutes=2)),
        **fields,
    )
    answer: messages.QueryMeasurementsResponse = await stub(service).QueryMeasurements(
        request, metadata=service.metadata
    )
    return answer


def stub(service: Service) -> Any:
    return services.MeasurementsServiceStub(service.channel)


async def test_increments_and_what_counts_from_a_start_are_told_alike(service: Service) -> None:
    deltas = [requests(5, 10), requests(3, 50), requests(4, 70), requests(1, 80, "/tools")]
    totals = [
        requests(value, seconds, route, service_name="other", is_cumulative=True, start_ns=start_ns)
        for value, seconds, route, start_ns in (
            (20, -5, "/chat", at(-600)),
            (25, 10, "/chat", at(-600)),
            (28, 50, "/chat", at(-600)),
            # Its program began again.
            (4, 70, "/chat", at(60)),
            (1, 80, "/tools", at(75)),
        )
    ]
    await service.measure(deltas)
    await service.measure(totals[2:])
    await service.measure(totals[:2])

    for service_name in ("agent", "other"):
        answer = await query(
            service,
            "http.requests",
            step_seconds=60,
            group_by=["route", "service.name"],
            attributes=["status=200", f"service.name={service_name}"],
        )

        assert answer == messages.QueryMeasurementsResponse(
            instrument=messages.Instrument(
                name="http.requests",
                kind=messages.INSTRUMENT_KIND_SUM,
                attribute_names=["route", "status"],
                service_names=["agent", "other"],
                last_time=timestamp(BEGIN + timedelta(seconds=80)),
            ),
            series=[
                messages.MeasurementSeries(
                    group=["/chat", service_name],
                    points=[
                        messages.MeasurementPoint(count=2, sum=8),
                        messages.MeasurementPoint(count=1, sum=4),
                    ],
                ),
                messages.MeasurementSeries(
                    group=["/tools", service_name],
                    points=[messages.MeasurementPoint(), messages.MeasurementPoint(count=1, sum=1)],
                ),
            ],
            times=[timestamp(BEGIN), timestamp(BEGIN + timedelta(minutes=1))],
        )


async def test_of_a_gauge_the_last_value_counts(service: Service) -> None:
    await service.measure(
        [point("queue.length", value, time_ns=at(seconds)) for value, seconds in ((7, 1), (9, 3), (8, 2))]
    )

    answer = await query(service, "queue.length")

    assert answer.series == [
        messages.MeasurementSeries(points=[messages.MeasurementPoint(count=3, last=9, min=7, max=9)])
    ]


async def test_what_goes_up_and_down_tells_where_it_stands(service: Service) -> None:
    await service.measure(
        [
            point(
                "connections",
                value,
                kind=InstrumentKind.SUM,
                is_cumulative=True,
                start_ns=at(0),
                time_ns=at(seconds),
                attributes={"pool": pool},
            )
            for pool, value, seconds in (("a", 5, 1), ("a", 2, 2), ("b", 4, 1))
        ]
    )

    answer = await query(service, "connections")

    assert answer.series == [
        messages.MeasurementSeries(points=[messages.MeasurementPoint(count=3, sum=6, last=6)])
    ]


async def test_a_histogram_has_percentiles(service: Service) -> None:
    await service.measure(
        [
            lengths((0, 50, 50, 0), 10, sum=250.0, min=1.0, max=4.0),
            lengths((0, 50, 50, 0), 20, sum=250.0, min=1.5, max=3.0, service_name="other"),
        ]
    )

    answer = await query(service, "llm.duration", group_by=["service.name"])

    assert answer.series == [
        messages.MeasurementSeries(
            group=["agent"],
            points=[messages.MeasurementPoint(count=100, sum=250, min=1, max=4, p50=2, p95=3.8, p99=3.96)],
        ),
        messages.MeasurementSeries(
            group=["other"],
            points=[messages.MeasurementPoint(count=100, sum=250, min=1.5, max=3, p50=2, p95=2.9, p99=2.98)],
        ),
    ]


async def test_a_summary_has_the_quantiles_that_it_was_sent_with(service: Service) -> None:
    await service.measure(
        [
            point(
                "gc.pause",
                kind=InstrumentKind.SUMMARY,
                count=count,
                sum=count * 2.0,
                start_ns=at(0),
                time_ns=at(seconds),
                bounds=(0.5, 0.99),
                counts=(1.0, seconds),
            )
            for count, seconds in ((10, 10), (25, 20))
        ]
    )

    answer = await query(service, "gc.pause")

    assert answer.series[0].points == [messages.MeasurementPoint(count=25, sum=50, p50=1, p99=20)]


async def test_what_is_sent_again_counts_once(service: Service) -> None:
    points = [requests(5, 10), requests(3, 50)]

    await service.measure(points)
    await service.measure([*points, requests(1, 60)])

    answer = await query(service, "http.requests")
    assert answer.series[0].points == [messages.MeasurementPoint(count=3, sum=9)]


async def test_beyond_its_bound_a_project_gets_no_new_series(service: Service) -> None:
    writer = PointsOfTelemetry(series_max=2)
    batches = [
        [requests(1, 1, "/a")],
        [requests(1, 2, "/b"), requests(1, 2, "/c")],
        [requests(1, 3, "/a"), requests(1, 3, "/d")],
    ]

    for batch in batches:
        async with service.rows() as connection:
            await writer.write(connection, service.project_id, Batch(points=batch))

    answer = await query(service, "http.requests", group_by=["route"])
    assert len(answer.series) == 2
    assert answer.series[0] == messages.MeasurementSeries(
        group=["/a"], points=[messages.MeasurementPoint(count=2, sum=2)]
    )


async def test_instruments_are_listed_by_name(service: Service) -> None:
    await service.measure(
        [point(name, 1, unit="1", description="of tests") for name in ("b.two", "a", "b.one")]
    )

    first = await stub(service).ListInstruments(
        messages.ListInstrumentsRequest(prefix="b.", page_size=1), metadata=service.metadata
    )
    second = await stub(service).ListInstruments(
        messages.ListInstrumentsRequest(prefix="b.", page_size=1, page_token=first.next_page_token),
        metadata=service.metadata,
    )

    assert [each.name for each in (*first.instruments, *second.instruments)] == ["b.one", "b.two"]
    assert (second.next_page_token, second.instruments[0].description) == ("", "of tests")


async def test_old_points_go_and_what_has_none_left(service: Service) -> None:
    await service.measure([point("old", 1, time_ns=at(second)) for second in range(5)])
    await service.measure([point("new", 1, time_ns=at(second)) for second in range(3, 8)])

    async with service.rows() as connection:
        counts = [
            await delete_points_before(connection, service.project_id, BEGIN + timedelta(seconds=5), 4)
            for _ in range(3)
        ]
        left = await connection.fetchval("SELECT count(*) FROM measured_points")

    assert (counts, left) == ([4, 3, 0], 3)
    listed = await stub(service).ListInstruments(messages.ListInstrumentsRequest(), metadata=service.metadata)
    assert [each.name for each in listed.instruments] == ["new"]


async def test_another_project_sees_nothing(service: Service) -> None:
    await service.measure([requests(1, 1)])
    stranger = service.metadata_of(uuid4())

    listed = await stub(service).ListInstruments(messages.ListInstrumentsRequest(), metadata=stranger)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub(service).QueryMeasurements(
            messages.QueryMeasurementsRequest(name="http.requests"), metadata=stranger
        )

    assert len(listed.instruments) == 0
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"attributes": ["route"]}, "attributes[0]"),
        ({"attributes": ["=1"]}, "attributes[0]"),
        ({"attributes": ["route=a", "route=b"]}, "attributes[1]"),
        ({"group_by": ["route", "route"]}, "groupBy"),
        ({"step_seconds": 1, "started_after": timestamp(BEGIN)}, "stepSeconds"),
        ({"started_after": timestamp(BEGIN), "started_before": timestamp(BEGIN)}, "startedBefore"),
        ({"started_after": timestamp(BEGIN + timedelta(days=36_500))}, "startedAfter"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_name(
    service: Service, fields: dict[str, Any], field: str
) -> None:
    await service.measure([requests(1, 1)])

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub(service).QueryMeasurements(
            messages.QueryMeasurementsRequest(name="http.requests", **fields), metadata=service.metadata
        )

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (caught.value.details() or "").startswith(field)
