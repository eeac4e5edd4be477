"""Both doors of a service in the test's process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.observability.otlp.doors import Doors, open_doors


@pytest_asyncio.fixture
async def doors(database_url: str) -> AsyncIterator[Doors]:
    async with open_doors(database_url) as opened:
        yield opened
