"""Rate limits: token buckets, one for each API key, and one for each address that fails to authenticate."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from timeloom_platform.bounded import LruCache
from timeloom_platform.errors import RateLimitedError

BUCKETS_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many a second on average, and so many at once; zero a second means no limit."""

    per_second: float
    burst: int


@dataclass(slots=True)
class _Bucket:
    tokens: float
    time: float


class RateLimiter:
    """Gives each name its bucket. The name that was not seen for longest is forgotten, and starts full."""

    def __init__(self, rate: Rate, *, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self.name = name
        self._clock = clock
        self._buckets: LruCache[str, _Bucket] = LruCache(BUCKETS_MAX)
        window = rate.burst / rate.per_second if rate.per_second else 0.0
        self.policy = f'"{name}";q={rate.burst};w={max(round(window), 1)}'

    @property
    def is_on(self) -> bool:
        """Whether there is a limit at all."""
        return self._rate.per_second > 0

    def take(self, name: str, *, share: float = 1.0) -> int:
        """Takes a token, or a share of one, and returns how many are left.

        Raises:
            RateLimitedError: There is none; it says when there will be.
        """
        bucket = self._filled(name)
        if bucket.tokens < 1:
            raise self._refusal(bucket)
        bucket.tokens -= share
        return int(bucket.tokens)

    def require(self, name: str) -> None:
        """Takes nothing, but raises RateLimitedError if there is no token."""
        bucket = self._filled(name)
        if bucket.tokens < 1:
            raise self._refusal(bucket)

    def spend(self, name: str) -> None:
        """Takes a token if there is one."""
        bucket = self._filled(name)
        bucket.tokens = max(bucket.tokens - 1, 0.0)

    def _filled(self, name: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = _Bucket(tokens=self._rate.burst, time=now)
            self._buckets.put(name, bucket)
        gained = (now - bucket.time) * self._rate.per_second
        bucket.tokens = min(bucket.tokens + gained, self._rate.burst)
        bucket.time = now
        return bucket

    def _refusal(self, bucket: _Bucket) -> RateLimitedError:
        wait_seconds = (1 - bucket.tokens) / self._rate.per_second
        return RateLimitedError(
            f"More than {self._rate.per_second:g} requests a second; try again in {wait_seconds:.1f} s.",
            retry_after_seconds=wait_seconds,
        )
