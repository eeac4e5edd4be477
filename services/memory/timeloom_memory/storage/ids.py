"""Ids that lie in one row of bytes."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from asyncpg.pgproto import pgproto

ID_BYTES: Final = 16


def ids_of(data: bytes) -> list[UUID]:
    """Returns the ids as the driver gives them, too: those are made and compared in a tenth of the time."""
    return [pgproto.UUID(data[start : start + ID_BYTES]) for start in range(0, len(data), ID_BYTES)]
