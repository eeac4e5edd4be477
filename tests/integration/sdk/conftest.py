"""A running service and a client of it, for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.sdk.memory_service import MemoryService
from tests.integration.sdk.service import Service
from tests.integration.sdk.workflows_service import WorkflowsService
from tests.integration.sdk.workspace_service import WorkspaceService
from timeloom import Timeloom
from timeloom_platform.testing import Databases


@pytest.fixture(scope="module")
def service(databases: Databases) -> Iterator[Service]:
    """The snapshots service over a database of its own."""
    with Service(databases).running() as service:
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[Timeloom]:
    """A client that may write."""
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
        yield client


@pytest.fixture(scope="module")
def memory_service(databases: Databases) -> Iterator[MemoryService]:
    """The memory service over a database of its own."""
    with MemoryService(databases).running() as service:
        yield service


@pytest.fixture
def memory_client(memory_service: MemoryService) -> Iterator[Timeloom]:
    """A client of the memory service that may write."""
    with Timeloom(api_key=memory_service.api_key, grpc_address=memory_service.address) as client:
        yield client


@pytest.fixture(scope="module")
def workflows_service(databases: Databases) -> Iterator[WorkflowsService]:
    """The workflows service over a database of its own, with time travel."""
    with WorkflowsService(databases).running() as service:
        yield service


@pytest.fixture
def workflows_client(workflows_service: WorkflowsService) -> Iterator[Timeloom]:
    """A client of the workflows service that may write."""
    with Timeloom(api_key=workflows_service.api_key, grpc_address=workflows_service.address) as client:
        yield client


@pytest.fixture(scope="module")
def workspace_service(databases: Databases) -> Iterator[WorkspaceService]:
    """The workspace service over a database of its own."""
    with WorkspaceService(databases).running() as service:
        yield service


@pytest.fixture
def workspace_client(workspace_service: WorkspaceService) -> Iterator[Timeloom]:
    """A client of the workspace service that may write."""
    with Timeloom(api_key=workspace_service.api_key, grpc_address=workspace_service.address) as client:
        yield client
