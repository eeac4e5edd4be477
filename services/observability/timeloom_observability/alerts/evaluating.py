"""A rule held against what was measured: which alerts there are then, and of which somebody is told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from timeloom_observability.alerts.limits import OPEN_ALERTS_MAX, SEEN_EVERY
from timeloom_observability.alerts.machine import Move, Reading, Standing, is_seen, move
from timeloom_observability.alerts.model import Alert, AlertStatus, Group, Rule


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one check comes to.

    Attributes:
        kept: Alerts that are new, or have changed.
        dropped: Those that were pending, and never fire.
        told: Of those that are kept, the ones that fire now or are resolved now.
        left_out: How many groups were to have an alert and have none, because there are too many.
    """

    kept: list[Alert] = field(default_factory=list[Alert])
    dropped: list[Alert] = field(default_factory=list[Alert])
    told: list[Alert] = field(default_factory=list[Alert])
    left_out: int = 0


def evaluate(
    rule: Rule,
    standing: Sequence[Alert],
    readings: Mapping[Group, Reading | None],
    *,
    now: datetime,
    new_id: Callable[[], UUID],
) -> Outcome:
    """Returns what a check comes to.

    Args:
        rule: What is checked.
        standing: Its alerts that are not resolved.
        readings: What is known of each group, those of `standing` among them.
        now: The time of the check.
        new_id: Makes ids of alerts.
    """
    outcome, condition = Outcome(), rule.condition
    alerts = {alert.group: alert for alert in standing}
    room = OPEN_ALERTS_MAX - len(alerts)
    for group, reading in readings.items():
        alert = alerts.get(group)
        made = move(condition, _standing(alert), reading, now)
        if alert is not None:
            _go_on(outcome, _looked_at(rule, alert, reading, now), made, was=alert, now=now)
        elif made is Move.STAY:
            continue
        elif room > 0:
            room -= 1
            _go_on(outcome, _new(rule, group, reading, now, new_id()), made, was=None, now=now)
        else:
            outcome.left_out += 1
    return outcome


def ended(alerts: Sequence[Alert], *, now: datetime) -> Outcome:
    """Returns what it comes to that alerts are over, whatever is measured."""
    outcome = Outcome()
    for alert in alerts:
        is_firing = alert.status is AlertStatus.FIRING
        _go_on(outcome, alert, Move.RESOLVE if is_firing else Move.DROP, was=alert, now=now)
    return outcome


def _go_on(outcome: Outcome, alert: Alert, made: Move, *, was: Alert | None, now: datetime) -> None:
    if made is Move.DROP:
        outcome.dropped.append(alert)
        return
    if made is Move.FIRE:
        alert = replace(alert, status=AlertStatus.FIRING, value=alert.last_value, fire_time=now)
    elif made is Move.RESOLVE:
        alert = replace(alert, status=AlertStatus.RESOLVED, resolve_time=now)
    if alert != was:
        outcome.kept.append(alert)
    if made in (Move.FIRE, Move.RESOLVE):
        outcome.told.append(alert)


def _standing(alert: Alert | None) -> Standing | None:
    if alert is None:
        return None
    return Standing(status=alert.status, pending_time=alert.pending_time, seen_time=alert.seen_time)


def _looked_at(rule: Rule, alert: Alert, reading: Reading | None, now: datetime) -> Alert:
    """Returns an alert with what was measured of it now."""
    value = None if reading is None else reading.now.value
    is_stale = is_seen(rule.condition, reading) and now - alert.seen_time >= SEEN_EVERY
    return replace(
        alert,
        severity=rule.severity,
        threshold=rule.threshold,
        last_value=alert.last_value if value is None else value,
        seen_time=now if is_stale else alert.seen_time,
    )


def _new(rule: Rule, group: Group, reading: Reading | None, now: datetime, alert_id: UUID) -> Alert:
    assert reading is not None, "nothing begins of which nothing is known"
    assert reading.now.value is not None, "nor without a value"
    return Alert(
        id=alert_id,
        rule_id=rule.id,
        rule_name=rule.name,
        status=AlertStatus.PENDING,
        severity=rule.severity,
        group=group,
        value=reading.now.value,
        last_value=reading.now.value,
        threshold=rule.threshold,
        pending_time=now,
        seen_time=now,
    )
