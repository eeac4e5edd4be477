"""A stack of their own for tests that kill its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.helpers.stack import StackProcess


@pytest.fixture
def stack(scratch_directory: Path) -> Iterator[StackProcess]:
    """A stack that is ready."""
    stack = StackProcess(scratch_directory / "data")
    try:
        yield stack.up()
    finally:
        stack.end()


@pytest_asyncio.fixture
async def client(stack: StackProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the stack with the key of its project; as many at once as a test likes."""
    headers = {"Authorization": f"Bearer {stack.credentials['apiKey']}"}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=stack.http_url, headers=headers, limits=limits, trust_env=False
    ) as client:
        yield client
