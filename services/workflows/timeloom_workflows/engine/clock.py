"""The database's time, as this process knows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class DatabaseClock:
    """Tells the database's time without asking it: never less than it is, and more by a round trip at most.

    What is planned by it is never early by the database's own clock, which decides what is due.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        # Until the database has told its time, this machine's has to do.
        self._offset = datetime.now(UTC) - timedelta(seconds=monotonic())

    def now(self) -> datetime:
        """Returns the time."""
        return self._offset + timedelta(seconds=self._monotonic())

    def told(self, time: datetime, *, asked: float) -> None:
        """Learns the time that the database told when it was asked, at `asked` by the monotonic clock."""
        self._offset = time - timedelta(seconds=asked)
