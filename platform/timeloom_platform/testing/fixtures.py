"""The pytest fixtures; tests/conftest.py imports them for every test.

Override `rooms` in a module or a conftest to get databases with those rooms' tables.
"""

from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.testing import servers
from timeloom_platform.testing.databases import Databases, Rooms
from timeloom_platform.testing.lease import TestRun


@pytest.fixture(scope="session")
def databases() -> Databases:
    """The run's PostgreSQL as a maker of databases."""
    return Databases(TestRun())


@pytest.fixture
def rooms() -> Rooms:
    """Whose migrations the test's database has: none."""
    return {}


@pytest.fixture
def scratch_directory() -> Generator[Path]:
    """A folder that PostgreSQL's account can reach; pytest's own are closed to it when we are root."""
    with servers.scratch_directory() as directory:
        yield directory


@pytest_asyncio.fixture
async def database_url(databases: Databases, rooms: Rooms) -> AsyncIterator[str]:
    """The address of a database that only this test uses."""
    async with databases.fresh(rooms) as url:
        yield url


@pytest_asyncio.fixture
async def nats_server() -> AsyncIterator[EmbeddedNats]:
    """A NATS with JetStream that only this test uses; it may be stopped, killed and started again."""
    async with servers.throw_away_nats() as server:
        yield server


@pytest.fixture
def nats_url(nats_server: EmbeddedNats) -> str:
    """The address of the test's NATS."""
    return nats_server.url


@pytest_asyncio.fixture
async def private_postgres() -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL cluster that only this test uses; it may be stopped, killed and started again."""
    async with servers.private_postgres() as server:
        yield server
