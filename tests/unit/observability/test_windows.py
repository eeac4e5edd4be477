"""The ranges of ids in which a list looks back."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.filtering import first_id_at
from timeloom_observability.reading.windows import ID_END, ID_MIN, backwards

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

BOUNDS = st.sampled_from([ID_MIN, ID_END]) | st.uuids()


@given(before=BOUNDS, least=BOUNDS)
def test_windows_have_every_id_between_the_bounds_once(before: UUID, least: UUID) -> None:
    windows = list(backwards(NOW, before, least))

    assert all(begin < end for begin, end in windows)
    assert [end for _, end in windows] == [before, *(begin for begin, _ in windows)][: len(windows)]
    assert (windows[-1][0] if windows else before) == least or before <= least


def test_the_newest_days_come_first() -> None:
    begin, end = next(backwards(NOW, ID_END, ID_MIN))

    assert (begin, end) == (first_id_at(NOW.replace(day=21)), ID_END)
