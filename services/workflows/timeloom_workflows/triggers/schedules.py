"""When schedules fire, and what becomes of the times that nobody was there for. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

from msgspec import Struct

from timeloom_workflows.triggers.cron import Cron, zone_of
from timeloom_workflows.triggers.specs import TriggerSpec

MISSED_AFTER: Final = timedelta(minutes=1)
"""A time is missed if nothing fired for it so long; what is less late fires whatever the policy."""

CAUGHT_UP_MAX: Final = 100
"""The missed times that `all` fires for at a time; those before are let go."""

MISSED_MAX: Final = 1_000_000
"""The missed times that are gone through one by one; after more, the schedule goes on from now."""

_cron_of = lru_cache(maxsize=2_000)(Cron.parse)


class Firing(Struct, frozen=True, kw_only=True):
    """What a schedule does now.

    Attributes:
        times: Those that it fires for, in order.
        next_time: The one after them.
        dropped: How many missed times it does not fire for.
    """

    times: Sequence[datetime]
    next_time: datetime
    dropped: int


def first_time(spec: TriggerSpec, now: datetime) -> datetime:
    """Returns the first time that a schedule means after now."""
    return _cron_of(spec.expression).after(now, zone_of(spec.time_zone))


def firing_of(spec: TriggerSpec, next_time: datetime, now: datetime) -> Firing:
    """Returns what a schedule does that was to fire at `next_time`, which has come."""
    cron, zone = _cron_of(spec.expression), zone_of(spec.time_zone)
    kept = CAUGHT_UP_MAX if spec.catch_up == "all" else 1
    times: deque[datetime] = deque(maxlen=kept)
    count = 0
    while next_time <= now and count < MISSED_MAX:
        times.append(next_time)
        count += 1
        next_time = cron.after(next_time, zone)
    if next_time <= now:
        next_time = cron.after(now, zone)
    if spec.catch_up == "none":
        times = deque(time for time in times if now - time < MISSED_AFTER)
    return Firing(times=tuple(times), next_time=next_time, dropped=count - len(times))


def due_time(spec: TriggerSpec, time: datetime, *, salt: str) -> datetime:
    """Returns when a schedule fires for a time: later by a chance that is the same whoever asks."""
    if not spec.jitter:
        return time
    digest = sha256(f"{salt}/{time.timestamp()}".encode()).digest()
    return time + spec.jitter * (int.from_bytes(digest[:4], "big") / 2**32)
