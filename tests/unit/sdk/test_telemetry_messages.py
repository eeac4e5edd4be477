"""The values of telemetry have the names of the contract, all of them, and go there and back."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from timeloom import alerts, telemetry, telemetry_figures
from timeloom._messages import read, write
from timeloom.observability.v1 import (
    alerts_service_pb2,
    event_metrics_service_pb2,
    event_search_service_pb2,
    event_streams_service_pb2,
    measurements_service_pb2,
    observability_pb2,
    observability_service_pb2,
)

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (telemetry.Event, observability_pb2.Event),
        (telemetry.TokenUsage, observability_pb2.TokenUsage),
        (telemetry.Cost, observability_pb2.Cost),
        (telemetry.Link, observability_pb2.Link),
        (telemetry.EventFilter, observability_pb2.EventFilter),
        (telemetry.NewEvent, observability_service_pb2.NewEvent),
        (telemetry.Trace, observability_pb2.Trace),
        (telemetry.TraceSpan, observability_service_pb2.TraceSpan),
        (telemetry.Session, observability_pb2.Session),
        (telemetry.Score, observability_pb2.Score),
        (telemetry.EventBatch, event_streams_service_pb2.TailEventsResponse),
        (telemetry.EventMatch, event_search_service_pb2.EventMatch),
        (telemetry.EventMatches, event_search_service_pb2.SearchEventsResponse),
        (telemetry_figures.EventCounts, event_metrics_service_pb2.CountEventsResponse),
        (telemetry_figures.Facet, observability_pb2.Facet),
        (telemetry_figures.DurationBin, observability_pb2.DurationBin),
        (telemetry_figures.Metrics, event_metrics_service_pb2.QueryMetricsResponse),
        (telemetry_figures.MetricSeries, event_metrics_service_pb2.MetricSeries),
        (telemetry_figures.TelemetryStats, observability_service_pb2.GetTelemetryStatsResponse),
        (telemetry_figures.Price, observability_pb2.Price),
        (telemetry_figures.TelemetryRetention, observability_pb2.Retention),
        (telemetry_figures.Instrument, measurements_service_pb2.Instrument),
        (telemetry_figures.MeasurementPoint, measurements_service_pb2.MeasurementPoint),
        (telemetry_figures.Measurements, measurements_service_pb2.QueryMeasurementsResponse),
        (alerts.AlertRule, alerts_service_pb2.AlertRule),
        (alerts.AlertAction, alerts_service_pb2.AlertAction),
        (alerts.AlertWebhook, alerts_service_pb2.AlertWebhook),
        (alerts.AlertDelivery, alerts_service_pb2.AlertDelivery),
        (alerts.Alert, alerts_service_pb2.Alert),
    ],
)
def test_a_value_has_the_fields_of_its_message(kind: type[Any], message: Any) -> None:
    assert {each.name for each in fields(kind)} == set(message.DESCRIPTOR.fields_by_name)
    read(kind, message())


@pytest.mark.parametrize(
    ("members", "enum"),
    [
        (telemetry.EventType, observability_pb2.EventType),
        (telemetry.EventKind, observability_pb2.EventKind),
        (telemetry.EventStatus, observability_pb2.EventStatus),
        (telemetry.Severity, observability_pb2.Severity),
        (telemetry.CostSource, observability_pb2.CostSource),
        (telemetry.ScoreSource, observability_pb2.ScoreSource),
        (telemetry.SearchMode, event_search_service_pb2.SearchMode),
        (telemetry.ExportFormat, event_streams_service_pb2.ExportFormat),
        (telemetry_figures.Metric, observability_pb2.Metric),
        (telemetry_figures.InstrumentKind, measurements_service_pb2.InstrumentKind),
        (alerts.AlertComparison, alerts_service_pb2.AlertComparison),
        (alerts.AlertStatus, alerts_service_pb2.AlertStatus),
    ],
)
def test_an_enum_has_the_members_of_the_contract(members: Any, enum: Any) -> None:
    first, *names = enum.keys()
    prefix = first.removesuffix("UNSPECIFIED")
    assert [name.removeprefix(prefix) for name in names] == [member.value for member in members]


def test_a_rule_goes_there_and_back() -> None:
    rule = alerts.AlertRule(
        name="Spending",
        metric=telemetry_figures.Metric.COST,
        comparison=alerts.AlertComparison.ABOVE,
        threshold=10.0,
        window_seconds=3600,
        filter=telemetry.EventFilter(kinds=(telemetry.EventKind.LLM,), models=("gpt-4o",)),
        group_by=("user_id",),
        recovery_threshold=8.0,
        severity=telemetry.Severity.WARN,
        actions=(
            alerts.AlertAction(webhook=alerts.AlertWebhook(url="https://example.org", secret="s")),
            alerts.AlertAction(event=alerts.AlertEvent(name="budget.exceeded")),
        ),
        create_time=START,
    )
    assert read(alerts.AlertRule, write(rule, alerts_service_pb2.AlertRule)) == rule


def test_an_event_that_a_program_reports_is_written_whole() -> None:
    event = telemetry.NewEvent(
        name="refund",
        kind=telemetry.EventKind.TOOL,
        start_time=START,
        usage=telemetry.TokenUsage(input_tokens=3),
        cost=0.0,
        input={"order": "A7"},
    )
    message = write(event, observability_service_pb2.NewEvent)
    assert (message.kind, message.input, message.output) == (
        observability_pb2.EVENT_KIND_TOOL,
        b'{"order":"A7"}',
        b"",
    )
    assert message.HasField("cost")
    assert (message.usage.input_tokens, message.start_time.ToDatetime(UTC)) == (3.0, START)


def test_counts_that_travel_as_doubles_are_whole_numbers() -> None:
    stats = read(
        telemetry_figures.TelemetryStats,
        observability_service_pb2.GetTelemetryStatsResponse(event_count=2**40),
    )
    assert (stats.event_count, type(stats.event_count)) == (2**40, int)


def test_an_empty_filter_says_nothing() -> None:
    assert write(telemetry.EventFilter(), observability_pb2.EventFilter) == observability_pb2.EventFilter()
