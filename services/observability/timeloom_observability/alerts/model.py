"""The nouns of alerts as values. The numbers of the enums are those of the contract."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

Group: TypeAlias = tuple[str, ...]
"""The values of the fields by which a rule groups, in order."""


class Comparison(IntEnum):
    """How a metric is held against a rule."""

    ABOVE = 1
    BELOW = 2
    RISES_BY = 3
    FALLS_BY = 4


RELATIVE: Final = frozenset({Comparison.RISES_BY, Comparison.FALLS_BY})
"""Those that compare with the window before."""


class AlertStatus(IntEnum):
    """How an alert stands."""

    PENDING = 1
    FIRING = 2
    RESOLVED = 3


class Webhook(Struct, frozen=True, kw_only=True, tag="webhook"):
    """A request over HTTP.

    Attributes:
        sealed_secret: What signs it; None if nothing does.
    """

    url: str
    sealed_secret: bytes | None = None


class WorkflowEvent(Struct, frozen=True, kw_only=True, tag="event"):
    """An event for workflows, by its name."""

    name: str


Action: TypeAlias = Webhook | WorkflowEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must hold of a metric.

    Attributes:
        threshold: Of the metric itself, or of the share by which it has changed.
        recovery_threshold: On whose other side an alert is resolved; that of the threshold if None.
        for_seconds: How long it must hold.
        event_count_min: Fewer events than these say nothing.
        is_grouped: Whether there may be groups that nobody knows of.
    """

    comparison: Comparison
    threshold: float
    recovery_threshold: float | None = None
    for_seconds: int = 0
    event_count_min: int = 0
    is_grouped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When to raise an alert, and whom to tell.

    Attributes:
        metric: The number of the contract's.
        filter: An EventFilter of the contract, encoded.
        version: Grows with every change.
        check_time: When it was last held against the metric; None if it never was.
        check_error: What went wrong then; empty if nothing did.
    """

    id: UUID
    name: str
    description: str = ""
    enabled: bool
    metric: int
    filter: bytes = b""
    group_by: Sequence[str] = ()
    window_seconds: int
    comparison: Comparison
    threshold: float
    recovery_threshold: float | None = None
    for_seconds: int = 0
    event_count_min: int = 0
    severity: int = 0
    actions: Sequence[Action] = ()
    version: int = 1
    create_time: datetime | None = None
    update_time: datetime | None = None
    check_time: datetime | None = None
    check_error: str = ""

    @property
    def condition(self) -> Condition:
        """What must hold of its metric."""
        return Condition(
            comparison=self.comparison,
            threshold=self.threshold,
            recovery_threshold=self.recovery_threshold,
            for_seconds=self.for_seconds,
            event_count_min=self.event_count_min,
            is_grouped=bool(self.group_by),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How telling somebody went, or is going.

    Attributes:
        status: What is told: FIRING or RESOLVED.
        action_index: Of the rule's actions at that time.
        url: None for an event, which is told with the alert itself.
        body: The alert as JSON, as it was then.
    """

    id: UUID
    alert_id: UUID
    rule_id: UUID
    status: AlertStatus
    action_index: int
    url: str | None = None
    sealed_secret: bytes | None = field(default=None, repr=False)
    body: str = ""
    attempt_count: int = 0
    create_time: datetime
    deliver_time: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule that holds, or held, for one group.

    Attributes:
        value: What the metric came to when it fired.
        last_value: What it came to last.
        seen_time: When the group was last seen to have events.
    """

    id: UUID
    rule_id: UUID
    rule_name: str
    status: AlertStatus
    severity: int
    group: Group
    value: float
    last_value: float
    threshold: float
    pending_time: datetime
    fire_time: datetime | None = None
    resolve_time: datetime | None = None
    acknowledge_time: datetime | None = None
    seen_time: datetime
    deliveries: Sequence[Delivery] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a metric came to for one group; the value is None where there is none, such as of no durations."""

    value: float | None
    event_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a metric came to in a window.

    Attributes:
        groups: By their values.
        empty: What a group without events comes to: a sum is zero, of a percentile there is none.
        is_whole: Whether there are no other groups than these.
    """

    groups: Mapping[Group, Measured]
    empty: Measured
    is_whole: bool = True


def group_key(group: Group) -> UUID:
    """Returns what an index knows a group by."""
    return UUID(bytes=hashlib.sha256(msgspec.msgpack.encode(group)).digest()[:16])
