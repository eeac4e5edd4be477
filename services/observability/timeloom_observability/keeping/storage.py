"""The tables of prices and retentions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from timeloom_observability.model import EPOCH
from timeloom_observability.pricing.table import Price
from timeloom_platform.database import Connection

_MICROSECOND: Final = timedelta(microseconds=1)
_COLUMNS: Final = (
    "id, provider, model, input_per_million, output_per_million, cache_read_per_million,"
    " cache_write_per_million, effective_time"
)

# So that no two that come at once are one too many.
LOCK_PRICES: Final = "SELECT pg_advisory_xact_lock(hashtextextended('timeloom prices of ' || $1, 0))"

COUNT_PRICES: Final = "SELECT count(*) FROM prices WHERE project_id = $1"

INSERT_PRICE: Final = f"""
INSERT INTO prices (project_id, {_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
RETURNING id
"""

SELECT_PRICES: Final = f"SELECT {_COLUMNS} FROM prices WHERE project_id = $1"

DELETE_PRICE: Final = "DELETE FROM prices WHERE project_id = $1 AND id = $2 RETURNING id"

UPSERT_RETENTION: Final = """
INSERT INTO retentions (project_id, days, metric_days, update_time)
VALUES ($1, $2, $3, now())
ON CONFLICT (project_id) DO UPDATE SET
    days = excluded.days,
    metric_days = excluded.metric_days,
    update_time = excluded.update_time
"""

SELECT_RETENTION: Final = "SELECT days, metric_days FROM retentions WHERE project_id = $1"

SELECT_RETENTIONS: Final = """
SELECT project_id, days, metric_days
FROM retentions
WHERE days > 0 OR metric_days > 0
ORDER BY project_id
"""


class Retention(Struct, frozen=True, kw_only=True):
    """How long a project's telemetry is kept.

    Attributes:
        days: Whole days for events; zero is for ever.
        metric_days: The same for metric points.
    """

    days: int = 0
    metric_days: int = 0


async def lock_prices(connection: Connection, project_id: UUID) -> int:
    """Returns how many prices a project has, when nobody else adds one before the transaction ends."""
    await connection.execute(LOCK_PRICES, str(project_id))
    count: int = await connection.fetchval(COUNT_PRICES, project_id)
    return count


async def insert_price(connection: Connection, project_id: UUID, price: Price) -> bool:
    """Adds a price; False if there is one for the same model from the same time on."""
    inserted = await connection.fetchval(
        INSERT_PRICE,
        project_id,
        price.id,
        price.provider,
        price.model,
        price.input_per_million,
        price.output_per_million,
        price.cache_read_per_million,
        price.cache_write_per_million,
        EPOCH + timedelta(microseconds=price.effective_ns // 1_000),
    )
    return inserted is not None


async def select_prices(connection: Connection, project_id: UUID) -> list[Price]:
    """Returns a project's own prices, which are bounded in number."""
    return [_price(row) for row in await connection.fetch(SELECT_PRICES, project_id)]


async def delete_price(connection: Connection, project_id: UUID, price_id: UUID) -> bool:
    """Deletes a price; False if there is none of this id."""
    return await connection.fetchval(DELETE_PRICE, project_id, price_id) is not None


async def upsert_retention(connection: Connection, project_id: UUID, retention: Retention) -> None:
    """Writes how long a project keeps its telemetry."""
    await connection.execute(UPSERT_RETENTION, project_id, retention.days, retention.metric_days)


async def select_retention(connection: Connection, project_id: UUID) -> Retention:
    """Returns how long a project keeps its telemetry: for ever, if it has said nothing."""
    row = await connection.fetchrow(SELECT_RETENTION, project_id)
    return _retention(row) if row else Retention()


async def select_retentions(connection: Connection) -> Sequence[tuple[UUID, Retention]]:
    """Returns all projects that do not keep everything for ever, over all projects."""
    return [(row["project_id"], _retention(row)) for row in await connection.fetch(SELECT_RETENTIONS)]


def _price(row: asyncpg.Record) -> Price:
    return Price(
        id=row["id"],
        provider=row["provider"],
        model=row["model"],
        input_per_million=row["input_per_million"],
        output_per_million=row["output_per_million"],
        cache_read_per_million=row["cache_read_per_million"],
        cache_write_per_million=row["cache_write_per_million"],
        effective_ns=(row["effective_time"] - EPOCH) // _MICROSECOND * 1_000,
    )


def _retention(row: asyncpg.Record) -> Retention:
    return Retention(days=row["days"], metric_days=row["metric_days"])
