"""One gateway for the tests of a module, with a snapshots service in memory behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.integration.gateway.backend import MemorySnapshots
from tests.integration.gateway.house import House, Tenant, make_tenant, open_house
from tests.integration.gateway.time_travel import MemoryTimeTravel
from timeloom_platform.testing import Databases


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(databases: Databases) -> AsyncIterator[House]:
    """One gateway for the tests of a module; each test has projects of its own."""
    async with open_house(databases) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def tenant(house: House) -> Tenant:
    return await make_tenant(house)


@pytest_asyncio.fixture(loop_scope="module")
async def other_tenant(house: House) -> Tenant:
    return await make_tenant(house)


@pytest_asyncio.fixture(loop_scope="module")
async def api(house: House, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client(tenant) as client:
        yield client


@pytest.fixture
def backend(house: House) -> MemorySnapshots:
    """The service behind the gateway, without memories of other tests."""
    house.backend.forget()
    return house.backend


@pytest.fixture
def time_travel(house: House) -> MemoryTimeTravel:
    """The other service behind the gateway, without memories of other tests."""
    house.time_travel.forget()
    return house.time_travel
