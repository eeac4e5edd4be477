"""When a step is tried again: a pure function of its policy, what went wrong, and where it happened."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from msgspec import Struct

from timeloom_workflows.model import Failure

ATTEMPTS_MAX: Final = 4
INITIAL_INTERVAL: Final = timedelta(seconds=1)
INTERVAL_MAX: Final = timedelta(hours=1)
JITTER: Final = 0.1
BACKOFF: Final = 2.0

_RANGE: Final = 2**64


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How often something is tried, and how long is waited between.

    Attributes:
        max_attempts: All tries together.
        initial_interval: Before the second try.
        backoff: How much longer each next wait is.
        max_interval: The longest wait.
        jitter: How much of a wait is left to chance, from 0 to 1: a wait is shortened by at most this share.
        final_errors: Classes of errors after which trying again is useless.
    """

    max_attempts: int = ATTEMPTS_MAX
    initial_interval: timedelta = INITIAL_INTERVAL
    backoff: float = BACKOFF
    max_interval: timedelta = INTERVAL_MAX
    jitter: float = JITTER
    final_errors: Sequence[str] = ()


ONCE: Final = RetryPolicy(max_attempts=1)
"""What is not tried again."""


def is_tried_again(policy: RetryPolicy, failure: Failure, *, attempt: int) -> bool:
    """Tell whether another try follows one that failed."""
    return not failure.is_final and failure.type not in policy.final_errors and attempt < policy.max_attempts


def wait_after(
    policy: RetryPolicy, *, attempt: int, seed: str, retry_after_seconds: float | None = None
) -> timedelta:
    """Return how long to wait after a try that failed.

    The same for the same arguments, so that whoever plans it again after a crash comes to the same; different
    for different seeds, so that a thousand steps that failed together do not come back together.

    Args:
        policy: How long to wait.
        attempt: Which try failed, from 1 on.
        seed: Names the step.
        retry_after_seconds: What the other side asked for: not sooner, whatever the policy says.
    """
    longest = policy.max_interval.total_seconds()
    try:
        full = min(policy.initial_interval.total_seconds() * policy.backoff ** (attempt - 1), longest)
    except OverflowError:
        full = longest
    seconds = full * (1 - policy.jitter * _chance(f"{seed}#{attempt}"))
    return timedelta(seconds=max(seconds, retry_after_seconds or 0.0))


def _chance(seed: str) -> float:
    """Return a number from 0 up to, but not, 1."""
    digest = hashlib.blake2b(seed.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / _RANGE
