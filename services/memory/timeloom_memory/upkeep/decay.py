"""How memories fade: from when a memory was used to how likely it is to be recalled now.

Decay never hides a memory. It is a bounded bias on the rank of search results, and what archiving goes by.
Three models, each a probability in 0..1 that falls with time and rises with use:

- ACT-R: the base level of Anderson & Schooler (1991), exact for the latest uses and by Petrov's (2006)
approximation
  for those before, through ACT-R's logistic recall probability.
- FSRS-4.5: its power-law forgetting curve; every use is a review that went well, and spaced uses weigh more.
- Exponential: half forgotten after so many days without use (Ebbinghaus).
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

RECENT_USES_MAX: Final = 10
"""The latest uses whose times are kept and counted exactly."""

BOOST_MAX: Final = 0.2
"""The difference that decay makes to a score at most, between all forgotten and all recalled."""

DAY_SECONDS: Final = 86400.0
AGE_SECONDS_MIN: Final = 60.0
"""A use that is younger counts as that old: the base level of an age of zero would be infinite."""

ACT_R_DECAY: Final = 0.5
ACT_R_HALF_DAYS: Final = 30.0
"""What was never used since it was written is recalled half of the time after so many days: the threshold of
ACT-R.
"""
ACT_R_NOISE: Final = 0.4

FSRS_FACTOR: Final = 19 / 81
FSRS_STABILITY: Final = 3.7145
"""Days until a memory that went well once is recalled nine times in ten: FSRS-4.5's default for `good`, as
are these.
"""
FSRS_DIFFICULTY: Final = 5.1618
FSRS_GROWTH: Final = 1.6474
FSRS_SATURATION: Final = 0.1367
FSRS_SPACING: Final = 1.0461
FSRS_EARLIER_MAX: Final = 50
"""The uses before the latest that are counted; by then stability has saturated."""


class DecayModel(enum.IntEnum):
    """How memories fade; the numbers are the contract's."""

    ACT_R = 1
    FSRS = 2
    EXPONENTIAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DecayPolicy:
    """By which model the memories of a project fade.

    Attributes:
        model: The model.
        half_life_days: After so many days without use a memory is half forgotten; for the exponential model.
    """

    model: DecayModel = DecayModel.ACT_R
    half_life_days: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """When a memory was used.

    Attributes:
        create_time: When it was written, which is its first use.
        access_count: How often it was used since.
        recent: When it was used last, oldest first; at most `RECENT_USES_MAX` times.
    """

    create_time: datetime
    access_count: int = 0
    recent: Sequence[datetime] = ()


def retention(usage: Usage, now: datetime, policy: DecayPolicy) -> float:
    """Returns how likely a memory is to be recalled, from 0 to 1."""
    if policy.model is DecayModel.FSRS:
        return _fsrs(usage, now)
    if policy.model is DecayModel.EXPONENTIAL:
        return _exponential(usage, now, policy.half_life_days)
    return _act_r(usage, now)


def boost(retained: float, *, weight: float = BOOST_MAX) -> float:
    """Returns by what to multiply the score of a memory that is recalled with this probability.

    It is 1 at a probability of one half, and differs from it by half the weight at most.
    """
    return 1.0 + weight * (retained - 0.5)


def base_level(usage: Usage, now: datetime) -> float:
    """Returns ACT-R's base level, with ages in days: the logarithm of the need odds."""
    ages = [_age_days(time, now) for time in usage.recent]
    oldest = max(_age_days(usage.create_time, now), *ages) if ages else _age_days(usage.create_time, now)
    earlier = max(0, usage.access_count - len(ages)) + 1
    if earlier == 1:
        return math.log(sum(math.pow(age, -ACT_R_DECAY) for age in (*ages, oldest)))
    newest_earlier = ages[0] if ages else AGE_SECONDS_MIN / DAY_SECONDS
    approximated = earlier * _mean_power(newest_earlier, oldest)
    return math.log(sum(math.pow(age, -ACT_R_DECAY) for age in ages) + approximated)


def _act_r(usage: Usage, now: datetime) -> float:
    threshold = -ACT_R_DECAY * math.log(ACT_R_HALF_DAYS)
    return 1.0 / (1.0 + math.exp((threshold - base_level(usage, now)) / ACT_R_NOISE))


def _mean_power(young: float, old: float) -> float:
    """Returns the mean of age^-d over ages that lie evenly between two: Petrov's integral."""
    if old - young < AGE_SECONDS_MIN / DAY_SECONDS:
        return math.pow(old, -ACT_R_DECAY)
    rest = 1.0 - ACT_R_DECAY
    return (math.pow(old, rest) - math.pow(young, rest)) / (rest * (old - young))


def _fsrs(usage: Usage, now: datetime) -> float:
    recent = [_days_after(usage.create_time, time) for time in usage.recent]
    earlier = min(max(0, usage.access_count - len(recent)), FSRS_EARLIER_MAX)
    until = recent[0] if recent else _days_after(usage.create_time, now)
    spread = [until * (place + 1) / (earlier + 1) for place in range(earlier)]
    stability, last = FSRS_STABILITY, 0.0
    for use in (*spread, *recent):
        stability = _reviewed(stability, max(0.0, use - last))
        last = max(last, use)
    return _forgetting(max(0.0, _days_after(usage.create_time, now) - last), stability)


def _reviewed(stability: float, elapsed_days: float) -> float:
    recalled = _forgetting(elapsed_days, stability)
    gain = math.exp(FSRS_GROWTH) * (11 - FSRS_DIFFICULTY) * math.pow(stability, -FSRS_SATURATION)
    return stability * (1 + gain * math.expm1(FSRS_SPACING * (1 - recalled)))


def _forgetting(elapsed_days: float, stability: float) -> float:
    return math.pow(1 + FSRS_FACTOR * elapsed_days / stability, -0.5)


def _exponential(usage: Usage, now: datetime, half_life_days: float) -> float:
    last = max((usage.create_time, *usage.recent))
    return math.pow(2.0, -_days_after(last, now) / half_life_days)


def _age_days(time: datetime, now: datetime) -> float:
    return max(AGE_SECONDS_MIN, (now - time).total_seconds()) / DAY_SECONDS


def _days_after(first: datetime, second: datetime) -> float:
    return max(0.0, (second - first).total_seconds()) / DAY_SECONDS
