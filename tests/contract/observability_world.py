"""What a project has in the observability service, made as a caller makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import grpc.aio

from tests.integration.observability.events import span
from tests.integration.observability.points import point
from tests.integration.observability.service import Service
from timeloom.observability.v1 import alerts_service_pb2 as alert_messages
from timeloom.observability.v1 import alerts_service_pb2_grpc as alert_services
from timeloom.observability.v1 import observability_service_pb2 as event_messages
from timeloom.observability.v1 import observability_service_pb2_grpc as event_services
from timeloom.observability.v1 import scores_service_pb2 as score_messages
from timeloom.observability.v1 import scores_service_pb2_grpc as score_services
from timeloom.observability.v1 import telemetry_settings_service_pb2 as setting_messages
from timeloom.observability.v1 import telemetry_settings_service_pb2_grpc as setting_services
from timeloom.observability.v1.observability_pb2 import Metric
from timeloom_platform.testing import eventually

NEEDS: Final = ("score", "price", "event", "alertRule", "alert")
TRACED: Final = ("trace", "conversation", "instrument")
"""What only telemetry makes."""


async def make(channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str) -> dict[str, str]:
    """Makes a thing, and returns its id.

    Args:
        channel: To the services.
        headers: Those of a caller who may do everything in the project.
        needs: One of `NEEDS`.
    """
    metadata = tuple(headers.items())
    if needs == "event":
        events: Any = event_services.ObservabilityServiceStub(channel)
        reported = event_messages.CreateEventsRequest(events=[event_messages.NewEvent(name="deployed")])
        return {needs: (await events.CreateEvents(reported, metadata=metadata)).event_ids[0]}
    if needs == "score":
        scores: Any = score_services.ScoresServiceStub(channel)
        given = score_messages.CreateScoreRequest(name="truth", value=1, session_id="talk")
        return {needs: (await scores.CreateScore(given, metadata=metadata)).score.id}
    if needs in ("alertRule", "alert"):
        return await _make_alert(channel, metadata, needs)
    settings: Any = setting_services.TelemetrySettingsServiceStub(channel)
    added = setting_messages.CreatePriceRequest(model="house-model", input_per_million=1)
    return {needs: (await settings.CreatePrice(added, metadata=metadata)).price.id}


async def make_traced(service: Service, project_id: str, needs: str) -> dict[str, str]:
    """Sends telemetry, and returns the id of a trace, of a conversation, or the name of an instrument."""
    if needs == "instrument":
        measured = point("queue.length", 3)
        await service.measure([measured], project_id=UUID(project_id))
        return {needs: measured.name}
    one = span(UUID(project_id), session_id="talk")
    await service.take([one], project_id=UUID(project_id))
    return {needs: one.trace_id if needs == "trace" else one.session_id}


async def _make_alert(
    channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...], needs: str
) -> dict[str, str]:
    """Makes a rule that holds whatever happens, and waits for its alert if that is what is needed."""
    stub: Any = alert_services.AlertsServiceStub(channel)
    rule = alert_messages.AlertRule(
        name="silence",
        enabled=needs == "alert",
        metric=Metric.METRIC_COUNT,
        window_seconds=60,
        comparison=alert_messages.ALERT_COMPARISON_BELOW,
        threshold=1_000_000,
    )
    request = alert_messages.CreateAlertRuleRequest(rule=rule)
    made = (await stub.CreateAlertRule(request, metadata=metadata)).rule
    if needs == "alertRule":
        return {needs: made.id}

    async def raised() -> str:
        wanted = alert_messages.ListAlertsRequest(rule_id=made.id)
        return "".join(each.id for each in (await stub.ListAlerts(wanted, metadata=metadata)).alerts)

    return {needs: await eventually(raised)}
