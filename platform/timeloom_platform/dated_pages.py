"""Pages of lists that are ordered by the time of creation, and then by an id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from timeloom_platform.pagination import Scalar


class Dated(Protocol):
    """What such a list consists of."""

    @property
    def id(self) -> UUID:
        """Its id."""
        ...

    @property
    def create_time(self) -> datetime:
        """When it was made."""
        ...


def position_of(entry: Dated) -> list[Scalar]:
    """Return the entry's position, for a page token."""
    return [entry.create_time.isoformat(), str(entry.id)]


def after(position: Sequence[Scalar] | None) -> tuple[datetime, UUID] | None:
    """Return what `position_of` made, as parameters of a statement; None for the beginning of the list."""
    if position is None:
        return None
    time, identifier = position
    return datetime.fromisoformat(str(time)), UUID(str(identifier))
