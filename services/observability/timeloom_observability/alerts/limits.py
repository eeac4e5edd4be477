"""What is bounded, by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

RULES_MAX: Final = 200
"""Rules of a project."""

GROUPS_MAX: Final = 200
"""Groups of a rule that are looked at: those with most events."""

OPEN_ALERTS_MAX: Final = 500
"""Alerts of a rule that are not resolved; no other one is raised beside so many."""

CHECK_ERROR_LENGTH_MAX: Final = 500
"""Characters of why a rule could not be checked."""

CHECKS_PER_WINDOW: Final = 60
CHECK_SECONDS_MIN: Final = 10
CHECK_SECONDS_MAX: Final = 600

CHECK_TIMEOUT_SECONDS: Final = 20.0
"""What one check may take."""

CHECK_LEASE: Final = timedelta(seconds=40)
"""A check that has not ended by then is another replica's."""

CHECK_SHARE: Final = 10
"""A rule is checked for at most this part of the time: one that takes long is checked less often."""

SEEN_EVERY: Final = timedelta(minutes=5)
"""How exactly it is kept when a group was last seen."""

VANISHED_AFTER: Final = timedelta(hours=1)
"""An alert whose group has had no events for so long is resolved."""

RESOLVED_ALERTS_MAX: Final = 1_000
"""Resolved alerts of a rule that are kept, the newest."""

DELIVERY_ATTEMPTS_MAX: Final = 12
DELIVERY_LIFE: Final = timedelta(hours=2)
"""A delivery is given up after so many attempts, or so long."""

DELIVERY_TIMEOUT_SECONDS: Final = 10.0
DELIVERY_LEASE: Final = timedelta(seconds=30)
"""An attempt that has not ended by then was lost with its process."""

DELIVERY_WAIT_SECONDS_MIN: Final = 5.0
DELIVERY_WAIT_SECONDS_MAX: Final = 600.0
"""Between two attempts; it doubles from the one to the other."""

DELIVERY_ANSWER_BYTES_MAX: Final = 64 * 1024
DELIVERY_ERROR_LENGTH_MAX: Final = 300

BACKTEST_CHECKS_MAX: Final = 720
"""Checks of the past that one test makes; over a longer time they are further apart."""

BACKTEST_TIMEOUT_SECONDS: Final = 50.0
BACKTESTS_AT_ONCE: Final = 2
BACKTEST_TIME_DEFAULT: Final = timedelta(days=1)
BACKTEST_TIME_MAX: Final = timedelta(days=7)
BACKTEST_ALERTS_MAX: Final = 100


def check_interval_seconds(window_seconds: int) -> int:
    """Returns how often a rule is held against its metric: the further back it looks, the less often."""
    return min(max(window_seconds // CHECKS_PER_WINDOW, CHECK_SECONDS_MIN), CHECK_SECONDS_MAX)


def delivery_wait_seconds(attempt_count: int) -> float:
    """Returns how long to wait after so many attempts."""
    return min(DELIVERY_WAIT_SECONDS_MIN * 2.0 ** (attempt_count - 1), DELIVERY_WAIT_SECONDS_MAX)
