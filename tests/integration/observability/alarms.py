"""Rules and their alerts, as tests speak of them in few words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.integration.observability.events import span
from tests.integration.observability.service import Service
from timeloom.events.v1 import events_pb2
from timeloom.observability.v1 import alerts_service_pb2 as messages
from timeloom.observability.v1 import alerts_service_pb2_grpc as services
from timeloom.observability.v1.observability_pb2 import Metric, Severity
from timeloom_observability.alerts.telling import TOPIC
from timeloom_observability.model import EventStatus

CHECKED_SECONDS_MAX = 30.0


def stub(service: Service) -> Any:
    """Returns the client of the service."""
    return services.AlertsServiceStub(service.channel)


def rule(**fields: Any) -> messages.AlertRule:
    """Returns a rule that fires when more than half of ten minutes' events fail."""
    given: dict[str, Any] = {
        "name": "errors",
        "enabled": True,
        "metric": Metric.METRIC_ERROR_RATE,
        "window_seconds": 600,
        "comparison": messages.ALERT_COMPARISON_ABOVE,
        "threshold": 0.5,
        "severity": Severity.SEVERITY_ERROR,
    }
    return messages.AlertRule(**(given | fields))


def webhook(url: str, **fields: Any) -> messages.AlertAction:
    """Returns an action that calls a webhook."""
    return messages.AlertAction(webhook=messages.AlertWebhook(url=url, **fields))


def event(name: str) -> messages.AlertAction:
    """Returns an action that publishes an event for workflows."""
    return messages.AlertAction(event=messages.AlertEvent(name=name))


async def created(service: Service, wanted: messages.AlertRule, rule_id: str = "") -> messages.AlertRule:
    """Creates a rule."""
    request = messages.CreateAlertRuleRequest(rule_id=rule_id, rule=wanted)
    answer = await stub(service).CreateAlertRule(request, metadata=service.metadata)
    made: messages.AlertRule = answer.rule
    return made


async def kept(service: Service, rule_id: str) -> messages.AlertRule:
    """Returns a rule as it is now."""
    request = messages.GetAlertRuleRequest(rule_id=rule_id)
    answer = await stub(service).GetAlertRule(request, metadata=service.metadata)
    found: messages.AlertRule = answer.rule
    return found


async def alerts(service: Service, **fields: Any) -> Sequence[messages.Alert]:
    """Returns alerts, newest first."""
    request = messages.ListAlertsRequest(**fields)
    answer = await stub(service).ListAlerts(request, metadata=service.metadata)
    found: Sequence[messages.Alert] = answer.alerts
    return found


async def told(service: Service) -> Sequence[events_pb2.AlertChanged]:
    """Returns what the service told of alerts, and nobody has relayed yet."""
    return [each.alert_changed for each in await service.told() if each.topic == TOPIC]


async def checked(service: Service, rule_id: str) -> messages.AlertRule:
    """Returns a rule when it was checked after now."""
    async with service.rows() as connection:
        now = await connection.fetchval(
            "UPDATE alert_rules SET next_check_time = clock_timestamp() RETURNING next_check_time"
        )
    async with asyncio.timeout(CHECKED_SECONDS_MAX):
        while True:
            found = await kept(service, rule_id)
            if found.check_time.ToNanoseconds() >= int(now.timestamp() * 1_000_000) * 1_000:
                return found
            await asyncio.sleep(0.05)


async def happened(
    service: Service, *, failed: int = 0, succeeded: int = 0, trace: int = 1, **fields: Any
) -> None:
    """Commits events that have just begun."""
    statuses = [EventStatus.ERROR] * failed + [EventStatus.OK] * succeeded
    await service.take(
        [
            span(service.project_id, number, trace=trace, status=status, **fields)
            for number, status in enumerate(statuses, 1)
        ]
    )
