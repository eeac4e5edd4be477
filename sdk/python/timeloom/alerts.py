"""What `client.alerts` takes and returns: rules over metrics of events, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from timeloom.telemetry import EventFilter, Severity
from timeloom.telemetry_figures import Metric


class AlertComparison(StrEnum):
    """How a metric is held against a rule: against a threshold, or against the window before.

    A change of 0.5 is one by half.
    """

    ABOVE = "ABOVE"
    BELOW = "BELOW"
    RISES_BY = "RISES_BY"
    FALLS_BY = "FALLS_BY"


class AlertStatus(StrEnum):
    """How an alert stands; a PENDING one's rule does not hold for long enough yet."""

    PENDING = "PENDING"
    FIRING = "FIRING"
    RESOLVED = "RESOLVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWebhook:
    """A request over HTTP, with the alert as its JSON body.

    Attributes:
        url: Where to.
        secret: Signs the body; sealed, and never returned.
        has_secret: Whether there is one. An update without a secret keeps the one that is there if it is set.
    """

    url: str
    secret: str = ""
    has_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """An event for workflows, by which one may be started."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAction:
    """What is done when an alert fires and when it is resolved: one of these."""

    webhook: AlertWebhook | None = None
    event: AlertEvent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """When to raise an alert, and whom to tell.

    Attributes:
        name: For people.
        metric: What is reckoned.
        comparison: How it is held against the threshold.
        threshold: Which it must pass.
        window_seconds: How far back it looks.
        filter: Of which events; all if None.
        group_by: An alert for each value of these fields, such as `user_id`; one alert if empty.
        recovery_threshold: A firing alert is resolved on the other side of this; of the threshold if None.
        for_seconds: For how long the rule has to hold before the alert fires.
        event_count_min: Fewer events than these in the window say nothing.
        severity: How bad it is.
        actions: What is done then.
        check_time: When it was last held against the metric.
        check_error: What went wrong then.
        etag: Changes when the rule does.
    """

    name: str
    metric: Metric | None
    comparison: AlertComparison | None
    threshold: float
    window_seconds: int
    id: str = ""
    description: str = ""
    enabled: bool = True
    filter: EventFilter | None = None
    group_by: Sequence[str] = ()
    recovery_threshold: float | None = None
    for_seconds: int = 0
    event_count_min: int = 0
    severity: Severity | None = None
    actions: Sequence[AlertAction] = ()
    create_time: datetime | None = None
    update_time: datetime | None = None
    check_time: datetime | None = None
    check_error: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDelivery:
    """How telling somebody went.

    Attributes:
        status: What was told: FIRING or RESOLVED.
        action_index: The place of the action in its rule, from 0 on.
        attempt_count: How often it was tried.
        deliver_time: When it was delivered; None until then.
        error: Why the last try failed.
    """

    status: AlertStatus | None
    action_index: int
    attempt_count: int
    deliver_time: datetime | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule that holds, or held, for one group.

    Attributes:
        group: The values of the rule's `group_by`, in order.
        value: What the metric came to when it fired.
        last_value: What it came to last.
    """

    id: str
    rule_id: str
    rule_name: str
    status: AlertStatus | None
    severity: Severity | None
    group: Sequence[str]
    value: float
    last_value: float
    threshold: float
    pending_time: datetime | None
    fire_time: datetime | None
    resolve_time: datetime | None
    acknowledge_time: datetime | None
    deliveries: Sequence[AlertDelivery]
