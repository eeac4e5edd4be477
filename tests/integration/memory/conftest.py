"""The memory service in the test's process, over a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.memory.service import MemoryClient, running_service
from timeloom_memory.assembly import PACKAGE, ROOM
from timeloom_platform.testing.databases import Rooms


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@pytest_asyncio.fixture
async def memory_service(database_url: str) -> AsyncIterator[MemoryClient]:
    async with running_service(database_url) as running:
        yield running
