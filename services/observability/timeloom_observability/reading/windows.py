"""How far back a list looks at a time.

Most lists find their page among the newest events. Each statement looks at more days than the one before it,
so that PostgreSQL neither plans for nor looks into partitions that nobody needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from timeloom_observability.filtering import first_id_at, time_at

ID_MIN: Final = UUID(int=0)
ID_END: Final = UUID(int=(1 << 128) - 1)
_WIDTHS: Final = tuple(timedelta(days=days) for days in (2, 6, 24, 96, 384))


def backwards(now: datetime, before: UUID, least: UUID) -> Iterator[tuple[UUID, UUID]]:
    """Returns ranges of ids, from the newest on: the first of each, and the one after its last.

    Args:
        now: The time.
        before: Where the first range ends.
        least: Where the last range begins.
    """
    end = before
    begin_time = min(time_at(before), now)
    for width in _WIDTHS:
        begin_time -= width
        begin = max(first_id_at(begin_time), least)
        if begin < end:
            yield begin, end
            end = begin
    if least < end:
        yield least, end
