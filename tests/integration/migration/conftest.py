"""The migration service among those that it works with, over a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.migration.house import ROOMS, House, open_house
from timeloom_platform.testing.databases import Rooms


@pytest.fixture
def rooms() -> Rooms:
    return ROOMS


@pytest_asyncio.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        yield opened
