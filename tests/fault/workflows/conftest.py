"""A house on servers of its own, which the tests may kill."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.fault.workflows.house import House, opened_house
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres


@pytest_asyncio.fixture
async def house(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> AsyncIterator[House]:
    async with opened_house(tmp_path, private_postgres, nats_server) as house:
        yield house
