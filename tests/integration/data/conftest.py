"""The notes room's database and a bus, for the tests of what every room stores and tells."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.helpers.notes_room import PACKAGE, ROOM
from timeloom_platform.bus import Bus
from timeloom_platform.database import Database
from timeloom_platform.testing.databases import Rooms


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@pytest.fixture
def project_id() -> str:
    return str(uuid4())


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, room=ROOM)
    yield database
    await database.close()


@pytest_asyncio.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    bus = await Bus.connect(nats_url, name="test")
    yield bus
    await bus.close()
