"""Whom an alert is told when it fires and when it is resolved, in the transaction in which it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from google.protobuf.json_format import MessageToDict

from timeloom.events.v1 import events_pb2
from timeloom.observability.v1.alerts_service_pb2 import AlertStatus as StatusMessage
from timeloom.observability.v1.observability_pb2 import Severity
from timeloom_observability.alerts.answers import alert_message
from timeloom_observability.alerts.evaluating import Outcome
from timeloom_observability.alerts.limits import RESOLVED_ALERTS_MAX
from timeloom_observability.alerts.model import Alert, Delivery, Rule, Webhook, WorkflowEvent
from timeloom_observability.alerts.storage import alerts as storage
from timeloom_observability.alerts.storage import deliveries
from timeloom_platform import outbox
from timeloom_platform.database import Connection
from timeloom_platform.ids import uuid7

TOPIC: Final = "alerts"


async def keep(
    connection: Connection, project_id: UUID, rule: Rule, outcome: Outcome, *, now: datetime
) -> None:
    """Writes what has become of a rule's alerts, and tells of those that fire or are resolved.

    By events at once, and to webhooks as soon as may be.

    Args:
        connection: In the transaction that has locked the rule.
        project_id: Whose they are.
        rule: What raises them.
        outcome: What has become of them.
        now: The time.
    """
    await storage.put(connection, project_id, outcome.kept)
    await storage.delete(connection, project_id, [alert.id for alert in outcome.dropped])
    if not outcome.told:
        return
    names = [action.name for action in rule.actions if isinstance(action, WorkflowEvent)]
    told = [each for alert in outcome.told for each in _deliveries(rule, alert, now)]
    await deliveries.insert(connection, project_id, told)
    await outbox.enqueue(connection, str(project_id), [_changed(alert, names) for alert in outcome.told])
    await storage.forget(connection, project_id, rule.id, kept=RESOLVED_ALERTS_MAX)


def document_of(alert: Alert) -> bytes:
    """Returns an alert as JSON, as REST shows it, without how telling it went."""
    message = alert_message(replace(alert, deliveries=()))
    document: dict[str, Any] = MessageToDict(message, always_print_fields_with_no_presence=True)
    document["status"] = StatusMessage.Name(message.status).removeprefix("ALERT_STATUS_")
    document["severity"] = Severity.Name(message.severity).removeprefix("SEVERITY_")
    return msgspec.json.encode(document)


def _changed(alert: Alert, names: Sequence[str]) -> events_pb2.Event:
    changed = events_pb2.AlertChanged(alert=alert_message(alert), event_names=names)
    return events_pb2.Event(topic=TOPIC, alert_changed=changed)


def _deliveries(rule: Rule, alert: Alert, now: datetime) -> Sequence[Delivery]:
    body = document_of(alert).decode()
    return [
        Delivery(
            id=uuid7(),
            alert_id=alert.id,
            rule_id=rule.id,
            status=alert.status,
            action_index=index,
            url=action.url if isinstance(action, Webhook) else None,
            sealed_secret=action.sealed_secret if isinstance(action, Webhook) else None,
            body=body if isinstance(action, Webhook) else "",
            # It is told with the alert itself.
            attempt_count=0 if isinstance(action, Webhook) else 1,
            deliver_time=None if isinstance(action, Webhook) else now,
            create_time=now,
        )
        for index, action in enumerate(rule.actions)
    ]
