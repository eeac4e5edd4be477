"""When what failed again and again is left alone, and when it is tried again: pure functions of time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

FAILURES_MAX: Final = 5
WINDOW: Final = timedelta(minutes=1)
OPEN_FOR: Final = timedelta(seconds=30)


class BreakerPolicy(Struct, frozen=True, kw_only=True):
    """When a breaker opens.

    Attributes:
        name: Steps with the same one share it.
        failures_max: With so many failures within the window it opens.
        open_for: How long nothing is tried then.
    """

    name: str
    failures_max: int = FAILURES_MAX
    window: timedelta = WINDOW
    open_for: timedelta = OPEN_FOR


class Breaker(Struct, frozen=True, kw_only=True):
    """A breaker that has seen failures.

    Attributes:
        window_time: When the failures began to be counted.
        open_until: Until when nothing is tried; None while it is closed.
        trial_until: Until when whoever tries whether all is well again has to say so.
    """

    failure_count: int
    window_time: datetime
    open_until: datetime | None = None
    trial_until: datetime | None = None

    def seconds_to_wait(self, now: datetime) -> float:
        """Return how long nothing may be tried, as far as it is known now; 0 if it may."""
        until = max(filter(None, (self.open_until, self.trial_until)), default=now)
        return 0.0 if self.open_until is None else max((until - now).total_seconds(), 0.0)

    def tried(self, now: datetime, *, lasts: timedelta) -> Breaker:
        """Return it with a trial that begins now; it must be open, and nothing to wait for."""
        return replace(self, trial_until=now + lasts)


def after_failure(breaker: Breaker | None, policy: BreakerPolicy, now: datetime) -> Breaker:
    """Return the breaker after one more failure.

    One that closed calls have seen opens it if they are too many within the window. One of the trial opens it
    again. One of a call that had begun before it opened says nothing new.
    """
    if breaker is None or (breaker.open_until is None and breaker.window_time + policy.window <= now):
        breaker = Breaker(failure_count=0, window_time=now)
    if breaker.open_until is not None and breaker.open_until > now:
        return breaker
    count = breaker.failure_count + 1
    opens = breaker.open_until is not None or count >= policy.failures_max
    return replace(
        breaker,
        failure_count=count,
        open_until=now + policy.open_for if opens else None,
        trial_until=None,
    )
