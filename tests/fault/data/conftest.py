"""The notes room on servers of its own, which the tests may kill."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.helpers.notes_room import PACKAGE, ROOM
from timeloom_platform.bus import Bus
from timeloom_platform.database import Database
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.migrate import migrate


@pytest.fixture
def project_id() -> str:
    return str(uuid4())


@pytest_asyncio.fixture
async def database(private_postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    await migrate(private_postgres.url, room=ROOM, package=PACKAGE)
    database = await Database.connect(private_postgres.url, room=ROOM)
    yield database
    await database.close()


@pytest_asyncio.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    bus = await Bus.connect(nats_url, name="test")
    yield bus
    await bus.close()
