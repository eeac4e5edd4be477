"""How an alert goes from one state to the next. Pure.

    nothing -> PENDING -> FIRING -> RESOLVED

A group has one alert at most that is not resolved. What is not known changes nothing: an alert neither begins
nor ends because there was nothing to measure, unless there has been nothing for long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from timeloom_observability.alerts.limits import VANISHED_AFTER
from timeloom_observability.alerts.model import RELATIVE, AlertStatus, Comparison, Condition, Measured


class Verdict(Enum):
    """What a measurement says of a condition."""

    HOLDS = auto()
    # Neither does it hold, nor is the metric on the other side of the recovery threshold.
    BETWEEN = auto()
    OVER = auto()
    UNKNOWN = auto()


class Move(Enum):
    """What becomes of an alert."""

    STAY = auto()
    # There was none, and one waits now for its time.
    BEGIN = auto()
    FIRE = auto()
    RESOLVE = auto()
    # It was pending, and never fires.
    DROP = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was measured for one group.

    Attributes:
        before: In the window before; None where the comparison does not ask for it.
    """

    now: Measured
    before: Measured | None = None

    @property
    def event_count(self) -> int:
        """How many events it stands on."""
        return self.now.event_count + (self.before.event_count if self.before else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that is not resolved.

    Attributes:
        pending_time: Since when the condition holds.
        seen_time: When the group was last seen.
    """

    status: AlertStatus
    pending_time: datetime
    seen_time: datetime


def verdict(condition: Condition, reading: Reading | None) -> Verdict:
    """Returns what a reading says; without one nothing is known."""
    measured = None if reading is None else _compared(condition, reading)
    if measured is None or math.isnan(measured):
        return Verdict.UNKNOWN
    # Below is above with the other sign.
    sign = -1 if condition.comparison is Comparison.BELOW else 1
    recovery = condition.recovery_threshold
    if sign * measured > sign * condition.threshold:
        return Verdict.HOLDS
    if recovery is None or sign * measured <= sign * recovery:
        return Verdict.OVER
    return Verdict.BETWEEN


def is_seen(condition: Condition, reading: Reading | None) -> bool:
    """Whether a group is there: that of a rule without groups always is when something is known of it."""
    if reading is None:
        return False
    if condition.is_grouped:
        return reading.event_count > 0
    return verdict(condition, reading) is not Verdict.UNKNOWN or reading.event_count > 0


def move(condition: Condition, standing: Standing | None, reading: Reading | None, now: datetime) -> Move:
    """Returns what becomes of a group's alert.

    Args:
        condition: Of its rule.
        standing: The alert; None if the group has none that is not resolved.
        reading: What was measured; None if the group was not among what was.
        now: The time.
    """
    if (
        standing is not None
        and not is_seen(condition, reading)
        and now - standing.seen_time >= VANISHED_AFTER
    ):
        return _ended(standing)
    found = verdict(condition, reading)
    if found is Verdict.UNKNOWN:
        return Move.STAY
    if standing is not None and standing.status is AlertStatus.FIRING:
        return Move.RESOLVE if found is Verdict.OVER else Move.STAY
    if found is not Verdict.HOLDS:
        return Move.STAY if standing is None else Move.DROP
    since = now if standing is None else standing.pending_time
    if now - since >= timedelta(seconds=condition.for_seconds):
        return Move.FIRE
    return Move.BEGIN if standing is None else Move.STAY


def _ended(standing: Standing) -> Move:
    return Move.RESOLVE if standing.status is AlertStatus.FIRING else Move.DROP


def _compared(condition: Condition, reading: Reading) -> float | None:
    """Returns what is held against the threshold; None if it is not known."""
    now, before, least = reading.now, reading.before, condition.event_count_min
    # What falls may fall to nothing.
    if now.value is None or (now.event_count < least and condition.comparison is not Comparison.FALLS_BY):
        return None
    if condition.comparison not in RELATIVE:
        return now.value
    if before is None or before.value is None or before.event_count < least:
        return None
    change = now.value - before.value
    if condition.comparison is Comparison.FALLS_BY:
        change = -change
    if before.value == 0:
        # From nothing it has risen by more than any share.
        return math.copysign(math.inf, change) if change else 0.0
    return change / abs(before.value)
