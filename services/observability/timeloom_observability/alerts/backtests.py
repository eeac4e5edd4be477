"""What a rule would have found in the past: the same checks, one after the other; nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from timeloom_observability.alerts import limits
from timeloom_observability.alerts.evaluating import evaluate
from timeloom_observability.alerts.measuring import Meter, measured
from timeloom_observability.alerts.model import Alert, Rule
from timeloom_observability.alerts.readings import readings
from timeloom_platform.errors import DeadlineExceededError, InvalidFieldError
from timeloom_platform.ids import uuid7


class Backtests:
    """Tests rules on the past."""

    def __init__(self, meter: Meter, clock: Callable[[], datetime]) -> None:
        self._meter = meter
        self._clock = clock
        self._room = asyncio.Semaphore(limits.BACKTESTS_AT_ONCE)

    async def run(self, project_id: UUID, rule: Rule, *, after: datetime | None) -> Sequence[Alert]:
        """Returns the alerts that a rule would have raised from a time on, oldest first.

        Raises:
            InvalidFieldError: The time is too long ago, or has not come yet.
            DeadlineExceededError: It takes too long to measure.
        """
        now = self._clock()
        begin = _begin(after, now)
        try:
            async with asyncio.timeout(limits.BACKTEST_TIMEOUT_SECONDS), self._room:
                return await self._raised(project_id, rule, begin, now)
        except TimeoutError:
            raise DeadlineExceededError(
                "The metric takes too long to measure so often: test a shorter time, or a narrower filter."
            ) from None

    async def _raised(self, project_id: UUID, rule: Rule, begin: datetime, end: datetime) -> Sequence[Alert]:
        standing: dict[UUID, Alert] = {}
        raised: dict[UUID, Alert] = {}
        for time in check_times(rule.window_seconds, begin, end):
            now, before = await measured(self._meter, project_id, rule, at=time)
            known = readings(rule.condition, now, before, [each.group for each in standing.values()])
            outcome = evaluate(rule, list(standing.values()), known, now=time, new_id=uuid7)
            standing |= {each.id: each for each in outcome.kept}
            for each in outcome.dropped:
                del standing[each.id]
            raised |= {each.id: each for each in outcome.kept if each.fire_time is not None}
            for each in outcome.told:
                if each.resolve_time is not None:
                    del standing[each.id]
            if sum(each.resolve_time is not None for each in raised.values()) >= limits.BACKTEST_ALERTS_MAX:
                break
        return list(raised.values())[: limits.BACKTEST_ALERTS_MAX]


def check_times(window_seconds: int, begin: datetime, end: datetime) -> Sequence[datetime]:
    """Returns when a rule is checked between two times: as often as it would be, if that is not too often."""
    usual = timedelta(seconds=limits.check_interval_seconds(window_seconds))
    interval = max(usual, (end - begin) / limits.BACKTEST_CHECKS_MAX)
    return [begin + interval * number for number in range(int((end - begin) / interval) + 1)]


def _begin(after: datetime | None, now: datetime) -> datetime:
    if after is None:
        return now - limits.BACKTEST_TIME_DEFAULT
    if after > now:
        raise InvalidFieldError.of("startedAfter", "must not be in the future")
    if now - after > limits.BACKTEST_TIME_MAX:
        raise InvalidFieldError.of(
            "startedAfter", f"must be at most {limits.BACKTEST_TIME_MAX.days} days ago"
        )
    return after
