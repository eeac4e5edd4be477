"""The snapshots service in the test's process, over a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.snapshots.service import Service, running_service
from timeloom_platform.testing.databases import Rooms
from timeloom_snapshots.assembly import PACKAGE, ROOM


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@pytest_asyncio.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as running:
        yield running
