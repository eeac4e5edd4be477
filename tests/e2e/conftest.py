"""One running stack for all end-to-end tests of a run, and clients with different rights."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.running_stack import RunningStack, running_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The stack, started once."""
    with running_stack() as stack:
        yield stack


@pytest.fixture
def client(stack: RunningStack) -> Iterator[httpx.Client]:
    """A client with the key that the stack wrote down: admin of the default project."""
    with stack.client() as client:
        yield client


@pytest.fixture(scope="session")
def reader_key(stack: RunningStack) -> str:
    """A key of the default project that may only read."""
    with stack.client() as admin:
        answer = admin.post("/api/api-keys", json={"name": "reader", "scope": "READ"})
        assert answer.is_success, answer.text
        return str(answer.json()["secret"])


@pytest.fixture(scope="session")
def other_projects_key(stack: RunningStack) -> str:
    """The admin key of another project."""
    output = stack.run("projects", "create", f"other {uuid.uuid4()}", "--json")
    return str(json.loads(output)["apiKey"])
