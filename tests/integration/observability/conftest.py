"""The observability service in the test's process, over a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.observability.service import Service, running_service
from timeloom_observability.assembly import PACKAGE, ROOM
from timeloom_platform.testing.databases import Rooms


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@pytest_asyncio.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as running:
        yield running
