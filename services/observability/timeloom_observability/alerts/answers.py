"""From rules and alerts to the messages of the contract."""

from __future__ import annotations

from timeloom.observability.v1 import alerts_service_pb2 as messages
from timeloom.observability.v1.observability_pb2 import EventFilter, Metric, Severity
from timeloom_observability.alerts.model import Action, Alert, Delivery, Rule, Webhook
from timeloom_platform.times import write_time


def etag_of(rule: Rule) -> str:
    """Returns the etag. When it was made tells a rule from one that had its id before."""
    assert rule.create_time is not None, "it was kept"
    return f"{rule.version}-{int(rule.create_time.timestamp() * 1_000_000):x}"


def rule_message(rule: Rule) -> messages.AlertRule:
    """Returns a rule; no secret is in it."""
    message = messages.AlertRule(
        id=str(rule.id),
        name=rule.name,
        description=rule.description,
        enabled=rule.enabled,
        metric=Metric.ValueType(rule.metric),
        group_by=rule.group_by,
        window_seconds=rule.window_seconds,
        comparison=messages.AlertComparison.ValueType(rule.comparison),
        threshold=rule.threshold,
        recovery_threshold=rule.recovery_threshold,
        for_seconds=rule.for_seconds,
        event_count_min=rule.event_count_min,
        severity=Severity.ValueType(rule.severity),
        actions=map(_action, rule.actions),
        check_error=rule.check_error,
        etag=etag_of(rule),
    )
    if rule.filter:
        message.filter.CopyFrom(EventFilter.FromString(rule.filter))
    write_time(message.create_time, rule.create_time)
    write_time(message.update_time, rule.update_time)
    if rule.check_time is not None:
        write_time(message.check_time, rule.check_time)
    return message


def alert_message(alert: Alert) -> messages.Alert:
    """Returns an alert."""
    message = messages.Alert(
        id=str(alert.id),
        rule_id=str(alert.rule_id),
        rule_name=alert.rule_name,
        status=messages.AlertStatus.ValueType(alert.status),
        severity=Severity.ValueType(alert.severity),
        group=alert.group,
        value=alert.value,
        last_value=alert.last_value,
        threshold=alert.threshold,
        deliveries=map(_delivery, alert.deliveries),
    )
    for name in ("pending_time", "fire_time", "resolve_time", "acknowledge_time"):
        if (time := getattr(alert, name)) is not None:
            write_time(getattr(message, name), time)
    return message


def _action(action: Action) -> messages.AlertAction:
    if isinstance(action, Webhook):
        webhook = messages.AlertWebhook(url=action.url, has_secret=action.sealed_secret is not None)
        return messages.AlertAction(webhook=webhook)
    return messages.AlertAction(event=messages.AlertEvent(name=action.name))


def _delivery(delivery: Delivery) -> messages.AlertDelivery:
    message = messages.AlertDelivery(
        status=messages.AlertStatus.ValueType(delivery.status),
        action_index=delivery.action_index,
        attempt_count=delivery.attempt_count,
        error=delivery.error,
    )
    if delivery.deliver_time is not None:
        write_time(message.deliver_time, delivery.deliver_time)
    return message
