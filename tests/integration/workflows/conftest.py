"""The workflows service in the test's process, over a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TypeAlias

import pytest
import pytest_asyncio

from tests.integration.workflows.service import Replica, running_replica
from timeloom_platform.testing.databases import Rooms
from timeloom_workflows.assembly import PACKAGE, ROOM

Replicas: TypeAlias = Callable[..., AbstractAsyncContextManager[Replica]]


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@pytest_asyncio.fixture
async def workflows_service(database_url: str) -> AsyncIterator[Replica]:
    async with running_replica(database_url) as replica:
        yield replica


@pytest.fixture
def another_replica(database_url: str, workflows_service: Replica) -> Replicas:
    """Runs more replicas beside `workflows_service`, for the same project."""
    return partial(running_replica, database_url, project_id=workflows_service.project_id)
