"""Projects and first keys, from the real IdentityService over gRPC."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio

from timeloom.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from timeloom_platform.auth import Identity, InternalTokens, Scope, acting_as
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.database import Database
from timeloom_platform.identity.service import Identities
from timeloom_platform.identity.servicer import IdentityServicer
from timeloom_platform.identity.usage import UsageRecorder
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import ServiceBinding
from timeloom_platform.testing import InProcessServer, in_process_server
from timeloom_platform.testing.databases import Rooms
from timeloom_stack.identity import ProjectKey, connect

SECRET = "an internal secret of more than thirty-two bytes"


@pytest.fixture
def rooms() -> Rooms:
    return {"platform": "timeloom_platform.identity"}


@pytest_asyncio.fixture
async def server(database_url: str) -> AsyncIterator[InProcessServer]:
    database = await Database.connect(database_url, room="platform", pool_size=2)
    identities = Identities(database=database, cursors=Cursors(SECRET), usage=UsageRecorder(database))
    tokens = InternalTokens(SECRET)
    binding = ServiceBinding(
        add=identity_service_pb2_grpc.add_IdentityServiceServicer_to_server,
        servicer=IdentityServicer(identities),
        descriptor=identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"],
    )
    authenticator = CallAuthenticator(tokens=tokens, keys=identities)
    async with in_process_server(binding, tokens=tokens, authenticator=authenticator) as serving:
        yield serving
    await database.close()


async def caller_of(server: InProcessServer, key: ProjectKey) -> tuple[str, int]:
    stub = identity_service_pb2_grpc.IdentityServiceStub(server.channel)
    response = await stub.GetCaller(
        identity_service_pb2.GetCallerRequest(), metadata=(("authorization", f"Bearer {key.api_key}"),)
    )
    return response.caller.project_id, response.caller.scope


async def test_the_default_project_is_made_once_and_each_opening_gets_a_key(server: InProcessServer) -> None:
    def open_twice() -> tuple[ProjectKey, ProjectKey, list[str]]:
        with connect(server.address, SECRET) as projects:
            keys = projects.open("default"), projects.open("default")
            return *keys, [each.name for each in projects.list_all()]

    first, second, names = await asyncio.to_thread(open_twice)
    assert names == ["default"]
    assert first.api_key != second.api_key
    expected = (first.project_id, Scope.ADMIN)
    assert [await caller_of(server, key) for key in (first, second)] == [expected, expected]


async def test_a_taken_name_is_refused(server: InProcessServer) -> None:
    def create_twice() -> None:
        with connect(server.address, SECRET) as projects:
            projects.create("research")
            projects.create("research")

    with pytest.raises(grpc.RpcError) as refusal:
        await asyncio.to_thread(create_twice)
    assert refusal.value.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_another_installations_secret_opens_nothing(server: InProcessServer) -> None:
    def create() -> None:
        with connect(server.address, SECRET[::-1]) as projects:
            projects.create("research")

    with pytest.raises(grpc.RpcError) as refusal:
        await asyncio.to_thread(create)
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_an_in_process_server_recognises_who_the_test_acts_as(server: InProcessServer) -> None:
    with connect(server.address, SECRET) as projects:
        key = await asyncio.to_thread(projects.create, "acted")
    stub = identity_service_pb2_grpc.IdentityServiceStub(server.channel)
    with acting_as(Identity(project_id=key.project_id, scope=Scope.READ)):
        response = await stub.GetCaller(identity_service_pb2.GetCallerRequest())
    assert (response.caller.project_name, int(response.caller.scope)) == ("acted", Scope.READ)
