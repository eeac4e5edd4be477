"""What models cost, by project."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from timeloom_observability.keeping import storage
from timeloom_observability.pricing.prices import built_in_prices
from timeloom_observability.pricing.table import PriceTable
from timeloom_platform.database import Database

KEPT_SECONDS: Final = 10.0
"""How long prices are relied on; what another replica changes is known here by then."""

PROJECTS_KEPT_MAX: Final = 1_000
"""The projects whose prices are remembered; with more of them it is begun anew."""


class PriceTables:
    """Knows the prices that hold in each project."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listed = PriceTable((), built_in_prices())
        self._tables: dict[UUID, tuple[float, PriceTable]] = {}

    async def of(self, project_id: UUID) -> PriceTable:
        """Returns the prices of a project.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
        """
        now = asyncio.get_running_loop().time()
        known = self._tables.get(project_id)
        if known is not None and now < known[0]:
            return known[1]
        async with self._database.reading(str(project_id)) as connection:
            own = await storage.select_prices(connection, project_id)
        table = PriceTable(own, built_in_prices()) if own else self._listed
        if len(self._tables) >= PROJECTS_KEPT_MAX:
            self._tables.clear()
        self._tables[project_id] = (now + KEPT_SECONDS, table)
        return table

    def forget(self, project_id: UUID) -> None:
        """Looks for a project's prices anew, because they were changed here."""
        self._tables.pop(project_id, None)
