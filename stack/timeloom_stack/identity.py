"""Projects and their keys, asked of the IdentityService by the one who holds the internal secret.

`python -m timeloom_stack.identity` is how `timeloom up` gets its first key: in a process of its own, whose
imports overlap with the start of the services, and that leaves no threads and no memory in the supervisor.
"""

import json
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from timeloom.identity.v1.identity_service_pb2 import (
    CreateApiKeyRequest,
    CreateProjectRequest,
    ListProjectsRequest,
)
from timeloom.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from timeloom.type.v1 import annotations_pb2
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope

DEFAULT_PROJECT = "default"
CALL_TIMEOUT_SECONDS = 10.0
# The helper of `timeloom up` starts before the services do.
START_TIMEOUT_SECONDS = 60.0
_PAGE_SIZE = 200

# The gateway is on this machine and about to start: gRPC's backoff of up to two minutes is for other cases.
_CHANNEL_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 50),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectKey:
    """A project with an API key of admin scope."""

    project_id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSummary:
    """A project; `create_time` in seconds since the epoch."""

    id: str
    name: str
    create_time: int


class Projects:
    """The projects of one installation."""

    def __init__(self, stub: IdentityServiceStub, tokens: InternalTokens, *, timeout_seconds: float) -> None:
        self._stub = stub
        self._tokens = tokens
        self._timeout_seconds = timeout_seconds

    def create(self, name: str) -> ProjectKey:
        """Makes a project and its first key; a grpc.RpcError with ALREADY_EXISTS if the name is taken."""
        response = self._stub.CreateProject(
            CreateProjectRequest(name=name),
            metadata=self._metadata(Identity(project_id="", scope=Scope.INTERNAL)),
            timeout=self._timeout_seconds,
            wait_for_ready=True,
        )
        return ProjectKey(project_id=response.project.id, api_key=response.secret)

    def list_all(self) -> Iterator[ProjectSummary]:
        """Walks over all projects, the oldest first."""
        page_token = ""
        while True:
            page = self._stub.ListProjects(
                ListProjectsRequest(page_size=_PAGE_SIZE, page_token=page_token),
                metadata=self._metadata(Identity(project_id="", scope=Scope.INTERNAL)),
                timeout=self._timeout_seconds,
                wait_for_ready=True,
            )
            for project in page.projects:
                created = project.create_time.ToSeconds()
                yield ProjectSummary(id=project.id, name=project.name, create_time=created)
            page_token = page.next_page_token
            if not page_token:
                return

    def open(self, name: str) -> ProjectKey:
        """Makes the project, or a further key for the one that has the name already."""
        try:
            return self.create(name)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                raise
        project = next(each for each in self.list_all() if each.name == name)
        response = self._stub.CreateApiKey(
            CreateApiKeyRequest(name="timeloom up", scope=annotations_pb2.SCOPE_ADMIN),
            metadata=self._metadata(Identity(project_id=project.id, scope=Scope.ADMIN)),
            timeout=self._timeout_seconds,
        )
        return ProjectKey(project_id=project.id, api_key=response.secret)

    def _metadata(self, identity: Identity) -> tuple[tuple[str, str], ...]:
        return ((INTERNAL_TOKEN_METADATA, self._tokens.mint(identity)),)


@contextmanager
def connect(
    grpc_address: str, internal_secret: str, *, timeout_seconds: float = CALL_TIMEOUT_SECONDS
) -> Generator[Projects]:
    """Lends the projects of the installation whose gateway listens there."""
    with grpc.insecure_channel(grpc_address, options=_CHANNEL_OPTIONS) as channel:
        stub = IdentityServiceStub(channel)
        yield Projects(stub, InternalTokens(internal_secret), timeout_seconds=timeout_seconds)


def main() -> None:
    """Prints the default project and a key for it as JSON, as soon as the gateway is there."""
    internal_secret = Path(os.environ["TIMELOOM_INTERNAL_SECRET_FILE"]).read_text(encoding="utf-8").strip()
    address = os.environ["TIMELOOM_IDENTITY_ADDRESS"]
    with connect(address, internal_secret, timeout_seconds=START_TIMEOUT_SECONDS) as projects:
        key = projects.open(DEFAULT_PROJECT)
    json.dump({"projectId": key.project_id, "apiKey": key.api_key}, sys.stdout)


if __name__ == "__main__":
    main()
