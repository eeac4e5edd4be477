"""From the messages of the contract to rules: whatever cannot be one is refused by the name of its field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from timeloom.observability.v1 import alerts_service_pb2 as messages
from timeloom.observability.v1.observability_pb2 import EventFilter, Metric, Severity
from timeloom_observability.alerts.model import RELATIVE, Comparison, Rule, WorkflowEvent
from timeloom_observability.filtering import conditions_of
from timeloom_platform.errors import InvalidFieldError

OWN_EVENTS: Final = "timeloom/"
"""What the names of the server's own events begin with."""

_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWebhook:
    """A webhook as a request has it.

    Attributes:
        secret: What is to sign its calls; empty if nothing is, or if `keeps_secret`.
        keeps_secret: The secret stays as it is.
    """

    url: str
    secret: str = ""
    keeps_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRule:
    """A rule as a request has it.

    Attributes:
        rule: Without its actions.
        actions: What becomes of them when secrets are sealed.
    """

    rule: Rule
    actions: tuple[WantedWebhook | WorkflowEvent, ...]


def wanted_rule(message: messages.AlertRule, rule_id: UUID) -> WantedRule:
    """Returns what a request wants a rule to be.

    Raises:
        InvalidFieldError: It cannot be one.
    """
    if message.metric not in Metric.values():
        raise InvalidFieldError.of("rule.metric", "must be one of those that are known")
    if message.severity not in Severity.values():
        raise InvalidFieldError.of("rule.severity", "must be one of those that are known")
    try:
        comparison = Comparison(message.comparison)
    except ValueError:
        raise InvalidFieldError.of("rule.comparison", "must be one of those that are known") from None
    if len(set(message.group_by)) < len(message.group_by):
        raise InvalidFieldError.of("rule.groupBy", "must not name a field twice")
    recovery = message.recovery_threshold if message.HasField("recovery_threshold") else None
    rule = Rule(
        id=rule_id,
        name=message.name,
        description=message.description,
        enabled=message.enabled,
        metric=message.metric,
        filter=_filter(message.filter),
        group_by=tuple(message.group_by),
        window_seconds=message.window_seconds,
        comparison=comparison,
        threshold=message.threshold,
        recovery_threshold=recovery,
        for_seconds=message.for_seconds,
        event_count_min=message.event_count_min,
        severity=message.severity,
    )
    _check_thresholds(rule)
    actions = tuple(_action(each, index) for index, each in enumerate(message.actions))
    return WantedRule(rule=rule, actions=actions)


def _check_thresholds(rule: Rule) -> None:
    for name, value in (("threshold", rule.threshold), ("recoveryThreshold", rule.recovery_threshold)):
        if value is not None and not math.isfinite(value):
            raise InvalidFieldError.of(f"rule.{name}", "must be a finite number")
    if rule.comparison in RELATIVE:
        if rule.threshold < 0:
            raise InvalidFieldError.of(
                "rule.threshold", "must be at least 0: it is a share of what was before"
            )
        if rule.comparison is Comparison.FALLS_BY and rule.threshold >= 1:
            raise InvalidFieldError.of(
                "rule.threshold", "must be below 1: nothing falls by more than all of it"
            )
    elif rule.metric == Metric.METRIC_ERROR_RATE and not 0 <= rule.threshold <= 1:
        raise InvalidFieldError.of("rule.threshold", "must lie between 0 and 1: an error rate is a share")
    recovery = rule.recovery_threshold
    if recovery is None:
        return
    if rule.comparison is Comparison.BELOW and recovery < rule.threshold:
        raise InvalidFieldError.of("rule.recoveryThreshold", "must not be below the threshold")
    if rule.comparison is not Comparison.BELOW and recovery > rule.threshold:
        raise InvalidFieldError.of("rule.recoveryThreshold", "must not be above the threshold")


def _filter(message: EventFilter) -> bytes:
    given = {field.name: field.json_name for field, _ in message.ListFields()}
    for name in ("started_after", "started_before"):
        if name in given:
            raise InvalidFieldError.of(
                f"rule.filter.{given[name]}", "must be absent: a rule looks back from the time of each check"
            )
    conditions_of(_NOBODY, message, path="rule.filter")
    return message.SerializeToString(deterministic=True)


def _action(message: messages.AlertAction, index: int) -> WantedWebhook | WorkflowEvent:
    path = f"rule.actions[{index}]"
    kind = message.WhichOneof("action")
    if kind == "webhook":
        return _webhook(message.webhook, f"{path}.webhook")
    if kind == "event":
        if message.event.name.startswith(OWN_EVENTS):
            raise InvalidFieldError.of(
                f"{path}.event.name", f"must not begin with `{OWN_EVENTS}`: these are the server's own"
            )
        return WorkflowEvent(name=message.event.name)
    raise InvalidFieldError.of(path, "must be a webhook or an event")


def _webhook(message: messages.AlertWebhook, path: str) -> WantedWebhook:
    url = _url(message.url)
    if url is None:
        raise InvalidFieldError.of(f"{path}.url", "must be a URL that begins with http:// or https://")
    if url.username is not None or url.password is not None:
        raise InvalidFieldError.of(
            f"{path}.url", "must have no user and no password: give a secret, which signs the calls"
        )
    return WantedWebhook(
        url=message.url,
        secret=message.secret,
        keeps_secret=message.has_secret and not message.secret,
    )


def _url(text: str) -> SplitResult | None:
    """Returns a URL of HTTP; None if it is none."""
    try:
        url = urlsplit(text)
        is_proper = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    return url if is_proper and text.isprintable() and " " not in text else None
