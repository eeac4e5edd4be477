"""Every method and every route of the contracts, with every kind of credentials that must not do.

The methods are those of the descriptors, not of a list: one that `probes` does not know fails. Each is called
with credentials that suffice, too, so that no refusal can come from a request that was wrong anyway.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.contract.memory_world import make as make_memories
from tests.contract.migration_world import NEEDS as MIGRATION_NEEDS
from tests.contract.migration_world import make as make_migration
from tests.contract.observability_world import NEEDS as OBSERVABILITY_NEEDS
from tests.contract.observability_world import TRACED, make_traced
from tests.contract.observability_world import make as make_telemetry
from tests.contract.probes import PROBES, Owned, to_message
from tests.contract.whole_house import House, open_whole_house
from tests.contract.workflow_world import NEEDS as WORKFLOW_NEEDS
from tests.contract.workflow_world import make as make_workflows
from tests.contract.workspace_world import NEEDS as WORKSPACE_NEEDS
from tests.contract.workspace_world import make as make_records
from timeloom.errors.v1 import errors_pb2
from timeloom.final_status import FinalStatus
from timeloom.identity.v1 import identity_service_pb2 as identity
from timeloom.identity.v1 import identity_service_pb2_grpc
from timeloom.snapshots.v1 import snapshots_service_pb2 as snapshots
from timeloom.snapshots.v1 import snapshots_service_pb2_grpc, time_travel_service_pb2_grpc
from timeloom.snapshots.v1 import time_travel_service_pb2 as time_travel
from timeloom.type.v1 import annotations_pb2
from timeloom_gateway.contracts import Contracts, Method, message_class
from timeloom_gateway.transcoding.forms import Form
from timeloom_gateway.transcoding.rest import Route, compile_routes
from timeloom_platform import failures
from timeloom_platform.api_keys import new_api_key
from timeloom_platform.auth import Identity, InternalTokens, Scope
from timeloom_platform.identity import storage
from timeloom_platform.testing import Databases

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("authorisation")]

CONTRACTS = Contracts.load()
METHODS = {method.contract.path: method for method in CONTRACTS.methods}
ROUTES = list(compile_routes(CONTRACTS))
LIMIT_SECONDS = 20
OK = ""

each_method = pytest.mark.parametrize("path", METHODS)
each_route = pytest.mark.parametrize(
    "route", ROUTES, ids=[f"{each.binding.http_method} {each.binding.template}" for each in ROUTES]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A project that owns something, and everybody who may knock."""

    owned: Owned
    credentials: dict[str, dict[str, str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(databases: Databases) -> AsyncIterator[House]:
    async with open_whole_house(databases) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def world(house: House) -> World:
    return await make_world(house)


async def test_every_method_is_known() -> None:
    assert set(PROBES) == set(METHODS), "say in tests/contract/probes.py how the method is called"


def expected(method: Method, caller: str) -> str:
    """Return the reason with which the method refuses the caller; OK if it does not."""
    needed = method.contract.scope
    if needed is Scope.PUBLIC:
        return PROBES[method.contract.path].foreign
    if caller in REFUSALS:
        return REFUSALS[caller]
    if caller == "stranger":
        return "MISSING_SCOPE" if needed is Scope.INTERNAL else PROBES[method.contract.path].foreign
    return OK if HELD[caller].allows(needed) else "MISSING_SCOPE"


REFUSALS = {
    "nobody": "UNAUTHENTICATED",
    "another scheme": "UNAUTHENTICATED",
    "malformed key": "INVALID_API_KEY",
    "unknown key": "INVALID_API_KEY",
    "wrong secret": "INVALID_API_KEY",
    "revoked key": "INVALID_API_KEY",
    "expired key": "EXPIRED_API_KEY",
    "forged token": "UNAUTHENTICATED",
}
HELD = {"reader": Scope.READ, "writer": Scope.WRITE, "admin": Scope.ADMIN}
CALLERS = [*REFUSALS, *HELD, "stranger"]


@each_method
async def test_grpc(house: House, path: str) -> None:
    """At the front, and at the service itself, which a gateway does not stand before."""
    method = METHODS[path]
    room = path[1:].split(".")[1]
    for door in dict.fromkeys((house.grpc_addresses["front"], house.grpc_addresses[room])):
        async with grpc.aio.insecure_channel(door) as channel:
            world = await make_world(house, method)
            for caller in CALLERS:
                metadata = tuple(world.credentials[caller].items())
                wanted = expected(method, caller)
                assert await outcome(channel, method, world.owned, metadata) == wanted, caller
                world = await after_call(house, world, method, caller=caller, wanted=wanted)


@each_method
async def test_grpc_from_service_to_service(house: House, path: str) -> None:
    """Services vouch for projects, and for themselves where the method is for services alone."""
    method = METHODS[path]
    world = await make_world(house, method)
    within = Identity(project_id=world.owned.project_id, scope=Scope.ADMIN)
    itself = Identity(project_id="", scope=Scope.INTERNAL)
    internal = method.contract.scope is Scope.INTERNAL
    async with grpc.aio.insecure_channel(house.grpc_addresses["front"]) as channel:
        open_to_all = method.contract.scope is Scope.PUBLIC
        for identity_, allowed in ((within, not internal), (itself, internal or open_to_all)):
            metadata = (("x-timeloom-identity", house.tokens.mint(identity_)),)
            answer = await outcome(channel, method, world.owned, metadata)
            # A service's own question about a key may well be answered with: unknown.
            assert (answer != "MISSING_SCOPE") is allowed


@each_route
async def test_rest(house: House, route: Route) -> None:
    async with httpx.AsyncClient(base_url=house.http_url, timeout=LIMIT_SECONDS) as client:
        world = await make_world(house, route.method)
        for caller in CALLERS:
            # REST takes no tokens: whoever sends one is nobody.
            status, reason = await rest_outcome(client, route, world, caller)
            wanted = expected(route.method, caller)
            assert reason == wanted, caller
            assert status == http_status(wanted) if wanted else status in {200, 201, 204}, caller
            world = await after_call(house, world, route.method, caller=caller, wanted=wanted)


async def after_call(house: House, world: World, method: Method, *, caller: str, wanted: str) -> World:
    """Return the world for the next call: another one if this call was the project's own and allowed."""
    if wanted == OK and caller in HELD:
        return await make_world(house, method)
    assert await still_there(house, world.owned), f"{caller} changed what is not theirs"
    return world


async def test_rest_takes_no_word_of_services(house: House, world: World) -> None:
    token = house.tokens.mint(Identity(project_id=world.owned.project_id, scope=Scope.ADMIN))
    async with httpx.AsyncClient(base_url=house.http_url) as client:
        answer = await client.get("/api/caller", headers={"x-timeloom-identity": token})

    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


async def test_lists_of_another_project_do_not_show_what_is_owned(house: House, world: World) -> None:
    async with httpx.AsyncClient(base_url=house.http_url, headers=world.credentials["stranger"]) as client:
        seen = [
            (await client.get(path)).text
            for path in ("/api/agent-executions", "/api/api-keys", "/api/caller")
        ]

    for secret in (world.owned.execution_id, world.owned.api_key_id, world.owned.project_id):
        assert secret not in "".join(seen)


async def outcome(channel: grpc.aio.Channel, method: Method, owned: Owned, metadata: Any) -> str:
    """Call the method, and return the reason with which it failed; OK if it did not."""
    request = to_message(PROBES[method.contract.path].request(owned), method.request).SerializeToString()
    options = {"metadata": metadata, "timeout": LIMIT_SECONDS}
    try:
        answer = await first_answer(channel, method, request, options)
    except grpc.aio.AioRpcError as error:
        return failures.reason_of(error) or error.code().name
    return refusal_in(message_class(method.response).FromString(answer))


async def first_answer(
    channel: grpc.aio.Channel, method: Method, request: bytes, options: dict[str, Any]
) -> bytes:
    contract = method.contract
    kind = (
        f"{'stream' if contract.streams_requests else 'unary'}_"
        f"{'stream' if contract.streams_responses else 'unary'}"
    )
    call = getattr(channel, kind)(contract.path)(
        iter([request]) if contract.streams_requests else request, **options
    )
    status = FinalStatus(call)
    try:
        if not contract.streams_responses:
            return bytes(await call)
        answer = await call.read()
    except grpc.aio.AioRpcError as error:
        raise await status.of(error) or error from None
    call.cancel()
    assert answer is not grpc.aio.EOF
    return bytes(answer)


def refusal_in(response: Any) -> str:
    """Return the reason that a response holds itself, as those of streams do."""
    if "refusal" in response.DESCRIPTOR.fields_by_name and response.HasField("refusal"):
        return str(response.refusal.reason)
    acks = getattr(response, "acks", ())
    if not isinstance(acks, Sequence):
        return OK
    return next((ack.refused.reason for ack in acks if ack.HasField("refused")), OK)


async def rest_outcome(client: httpx.AsyncClient, route: Route, world: World, caller: str) -> tuple[int, str]:
    """Call the route; return its status and the reason of its problem."""
    fields = PROBES[route.method.contract.path].request(world.owned)
    in_path = {field.name: field.json_name for field in route.method.request.fields}
    url = re.sub(r"\{(\w+)\}", lambda variable: str(fields.pop(in_path[variable[1]])), route.binding.template)
    headers = world.credentials[caller]
    if route.form is Form.SOCKET:
        return await socket_outcome(f"{client.base_url.copy_with(scheme='ws')}{url}", headers, fields)
    body = route.binding.body
    content: dict[str, Any] = {"json": fields} if body else {"params": fields}
    if route.form is Form.UPLOAD:
        content = {"content": base64.b64decode(fields[in_path[body]])}
    elif body in in_path:
        content = {"json": fields[in_path[body]]}
    async with client.stream(route.binding.http_method, url, headers=headers, **content) as answer:
        if answer.headers.get("content-type", "").startswith("application/problem+json"):
            return answer.status_code, json.loads(await answer.aread())["code"]
        return answer.status_code, OK


async def socket_outcome(url: str, headers: dict[str, str], fields: dict[str, Any]) -> tuple[int, str]:
    """Open the WebSocket and send one request; a refusal comes with the handshake, or as a message."""
    try:
        async with connect(url, additional_headers=headers, proxy=None, open_timeout=LIMIT_SECONDS) as socket:
            if headers.get("authorization") is not None:
                assert json.loads(await socket.recv())["type"] == "ready"
            await socket.send(json.dumps(fields))
            answer = json.loads(await socket.recv())
    except InvalidStatus as refused:
        problem = json.loads(refused.response.body or b"")
        return refused.response.status_code, problem["code"]
    return (answer["problem"]["status"], answer["problem"]["code"]) if "problem" in answer else (200, OK)


def http_status(reason: str) -> int:
    value = errors_pb2.Reason.DESCRIPTOR.values_by_name[f"REASON_{reason}"]
    return int(value.GetOptions().Extensions[annotations_pb2.http_status])


async def make_world(house: House, method: Method | None = None) -> World:
    """Make a project that owns a key, an execution with a snapshot and what the method needs; and another."""
    needs = PROBES[method.contract.path].needs if method else ""
    async with grpc.aio.insecure_channel(house.grpc_addresses["front"]) as channel:
        stub: Any = identity_service_pb2_grpc.IdentityServiceStub(channel)
        service = (("x-timeloom-identity", house.tokens.mint(Identity(project_id="", scope=Scope.INTERNAL))),)
        one, two = [
            await stub.CreateProject(
                identity.CreateProjectRequest(name=secrets.token_hex(8)), metadata=service
            )
            for _ in range(2)
        ]
        project_id = one.project.id

        async def key(scope: Any) -> Any:
            request = identity.CreateApiKeyRequest(name="key", scope=scope)
            return await stub.CreateApiKey(request, metadata=tuple(bearer(one.secret).items()))

        reader, writer, spare = [
            await key(scope)
            for scope in (annotations_pb2.SCOPE_READ, annotations_pb2.SCOPE_WRITE, annotations_pb2.SCOPE_READ)
        ]
        revoked = await key(annotations_pb2.SCOPE_ADMIN)
        await stub.RevokeApiKey(
            identity.RevokeApiKeyRequest(api_key_id=revoked.api_key.id),
            metadata=tuple(bearer(one.secret).items()),
        )
        owned = Owned(
            project_id=project_id,
            api_key_id=spare.api_key.id,
            execution_id=await make_execution(channel, one.secret),
            file=await make_file(channel, one.secret),
            made=await make_needed(house, channel, one, needs) if needs else {},
        )
    forged = InternalTokens(secrets.token_hex(32)).mint(Identity(project_id=project_id, scope=Scope.ADMIN))
    return World(
        owned=owned,
        credentials={
            "nobody": {},
            "another scheme": {"authorization": "Basic YWRhOnNlY3JldA=="},
            "malformed key": bearer("sk-something"),
            "unknown key": bearer(str(new_api_key())),
            "wrong secret": bearer(str(new_api_key(one.api_key.id))),
            "revoked key": bearer(revoked.secret),
            "expired key": bearer(await make_expired_key(house, project_id)),
            "forged token": {"x-timeloom-identity": forged},
            "reader": bearer(reader.secret),
            "writer": bearer(writer.secret),
            "admin": bearer(one.secret),
            "stranger": bearer(two.secret),
        },
    )


async def make_needed(house: House, channel: grpc.aio.Channel, project: Any, needs: str) -> dict[str, str]:
    """Make what a method needs besides, in the service that it is a method of."""
    headers = bearer(project.secret)
    if needs in WORKFLOW_NEEDS:
        return await make_workflows(
            channel, headers, needs, database=house.workflows, project_id=project.project.id
        )
    if needs in MIGRATION_NEEDS:
        return await make_migration(channel, headers, needs)
    if needs in WORKSPACE_NEEDS:
        return await make_records(channel, headers, needs)
    if needs in TRACED:
        return await make_traced(house.observability, project.project.id, needs)
    if needs in OBSERVABILITY_NEEDS:
        return await make_telemetry(channel, headers, needs)
    return await make_memories(channel, headers, needs)


def bearer(api_key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {api_key}"}


async def make_execution(channel: grpc.aio.Channel, api_key: str) -> str:
    stub: Any = snapshots_service_pb2_grpc.SnapshotsServiceStub(channel)
    metadata = tuple(bearer(api_key).items())
    created = await stub.CreateExecution(
        snapshots.CreateExecutionRequest(agent_id="agent"), metadata=metadata
    )
    execution_id = str(created.execution.id)
    await stub.RecordSnapshot(
        snapshots.RecordSnapshotRequest(execution_id=execution_id, state=b'{"n":1}'), metadata=metadata
    )
    return execution_id


async def make_file(channel: grpc.aio.Channel, api_key: str) -> bytes:
    """Export an execution, and delete it."""
    execution_id = await make_execution(channel, api_key)
    metadata = tuple(bearer(api_key).items())
    exporting: Any = time_travel_service_pb2_grpc.TimeTravelServiceStub(channel)
    deleting: Any = snapshots_service_pb2_grpc.SnapshotsServiceStub(channel)
    request = time_travel.ExportExecutionRequest(execution_id=execution_id)
    parts = [part.chunk async for part in exporting.ExportExecution(request, metadata=metadata)]
    await deleting.DeleteExecution(
        snapshots.DeleteExecutionRequest(execution_id=execution_id), metadata=metadata
    )
    return b"".join(parts)


async def make_expired_key(house: House, project_id: str) -> str:
    """Make a key that has expired already, which no call can."""
    parts = new_api_key()
    async with house.identity.transaction(project_id) as connection:
        await storage.insert_api_key(
            connection,
            project_id=project_id,
            api_key_id=parts.key_id,
            name="expired",
            scope=Scope.ADMIN,
            secret_hash=parts.secret_hash,
            expire_time=datetime.now(UTC) - timedelta(days=1),
            agent_id="",
        )
    return str(parts)


async def still_there(house: House, owned: Owned) -> bool:
    """Tell whether everything owned is as it was made."""
    metadata = (
        ("x-timeloom-identity", house.tokens.mint(Identity(project_id=owned.project_id, scope=Scope.ADMIN))),
    )
    async with grpc.aio.insecure_channel(house.grpc_addresses["front"]) as channel:
        recorded: Any = snapshots_service_pb2_grpc.SnapshotsServiceStub(channel)
        keys: Any = identity_service_pb2_grpc.IdentityServiceStub(channel)
        try:
            execution = (
                await recorded.GetExecution(
                    snapshots.GetExecutionRequest(execution_id=owned.execution_id), metadata=metadata
                )
            ).execution
        except grpc.aio.AioRpcError:
            return False
        listed = (await keys.ListApiKeys(identity.ListApiKeysRequest(), metadata=metadata)).api_keys
        revoked = {key.id for key in listed if key.HasField("revoke_time")}
        return (execution.name, execution.status, execution.head_sequence, owned.api_key_id in revoked) == (
            "",
            1,
            1,
            False,
        )
