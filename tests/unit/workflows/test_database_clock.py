"""The database's time without asking it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from timeloom_workflows.engine.clock import DatabaseClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@given(
    skew=st.timedeltas(timedelta(minutes=-5), timedelta(minutes=5)),
    way_there=st.floats(0, 2),
    way_back=st.floats(0, 2),
    later=st.floats(0, 3600),
)
def test_it_is_never_behind_and_ahead_by_the_way_there_at_most(
    skew: timedelta, way_there: float, way_back: float, later: float
) -> None:
    """Whatever this machine's clock shows, and however long the question took."""
    now = 100.0
    clock = DatabaseClock(lambda: now)
    asked, database = now, NOON + skew
    now += way_there + way_back

    clock.told(database + timedelta(seconds=way_there), asked=asked)

    now += later
    true = database + timedelta(seconds=now - asked)
    microsecond = timedelta(microseconds=5)
    assert true - microsecond <= clock.now() <= true + timedelta(seconds=way_there) + microsecond
