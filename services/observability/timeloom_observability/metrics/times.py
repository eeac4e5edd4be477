"""The points of time for which metrics are reckoned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_observability.filtering import time_range
from timeloom_observability.metrics.covering import SECOND_US
from timeloom_observability.model import EPOCH
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.times import write_time

STEPS_MAX: Final = 1_500
"""Points of one series."""

_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time, and the steps that it is made of.

    Attributes:
        after: From then on.
        before: Until before then.
        step_seconds: Steps begin at multiples of it; zero for one over the whole time.
    """

    after: datetime
    before: datetime
    step_seconds: int

    @property
    def begin_us(self) -> int:
        """Where it begins, in microseconds since 1970."""
        return (self.after - EPOCH) // _MICROSECOND

    @property
    def end_us(self) -> int:
        """Where it ends."""
        return (self.before - EPOCH) // _MICROSECOND

    @property
    def step_count(self) -> int:
        """How many steps it has a part of."""
        if not self.step_seconds:
            return 1
        step_us = self.step_seconds * SECOND_US
        return -(-self.end_us // step_us) - self.begin_us // step_us

    @property
    def times(self) -> list[datetime]:
        """The beginnings of the steps, the first of which may be before the time."""
        if not self.step_seconds:
            return [self.after]
        step = timedelta(seconds=self.step_seconds)
        first = EPOCH + (self.after - EPOCH) // step * step
        return [first + index * step for index in range(self.step_count)]

    def step_of(self, time: datetime) -> int:
        """Returns the number of the step in which a time is, from 0 on."""
        if not self.step_seconds:
            return 0
        step = timedelta(seconds=self.step_seconds)
        return (time - EPOCH) // step - (self.after - EPOCH) // step

    def seconds_of(self, time: datetime) -> float:
        """Returns how many seconds of a step are within the time."""
        if not self.step_seconds:
            return (self.before - self.after).total_seconds()
        end = min(self.before, time + timedelta(seconds=self.step_seconds))
        return (end - max(self.after, time)).total_seconds()


def window_of(
    event_filter: EventFilter, *, step_seconds: int, first: datetime, now: datetime, path: str
) -> Window:
    """Returns the time that a filter means: from the first event on, and until now, where it does not say.

    Raises:
        InvalidFieldError: It begins after now, or has too many steps.
    """
    after, before = time_range(event_filter, path=path)
    if before is None:
        before = now
        if after is not None and after >= now:
            raise InvalidFieldError.of(f"{path}.startedAfter", "must be before now")
    if after is None:
        after = min(first, before - _MICROSECOND)
    window = Window(after=after, before=before, step_seconds=step_seconds)
    if window.step_count > STEPS_MAX:
        raise InvalidFieldError.of(
            "stepSeconds",
            f"makes {window.step_count} points of this time; at most {STEPS_MAX} are reckoned",
        )
    return window


def within(event_filter: EventFilter, begin_us: int, end_us: int) -> EventFilter:
    """Returns a filter for another time, in microseconds since 1970."""
    bound = EventFilter()
    bound.CopyFrom(event_filter)
    write_time(bound.started_after, EPOCH + timedelta(microseconds=begin_us))
    write_time(bound.started_before, EPOCH + timedelta(microseconds=end_us))
    return bound
