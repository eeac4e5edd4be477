"""Every REST route x {no key, wrong key, expired key, revoked key, too small a scope, another project}.

The routes come from the contracts; a method that this test does not know fails it, so that nobody adds one
without saying what another project may see of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.integration.gateway.house import House, Tenant, make_tenant, open_whole_house
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.settings import LimitSettings
from timeloom_gateway.transcoding.rest import Route, compile_routes
from timeloom_platform.auth import Scope
from timeloom_platform.testing import Databases

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES = list(compile_routes(Contracts.load()))
every_route = pytest.mark.parametrize(
    "route", ROUTES, ids=lambda route: f"{route.binding.http_method} {route.binding.template}"
)

# What each method is called with, and how it answers when what it names belongs to another project:
# NOT_FOUND, or nothing of the other project where it names nothing.
NOTHING_NAMED = "nothing named"
KNOWN: dict[str, tuple[dict[str, Any] | None, str]] = {
    "GetCaller": (None, NOTHING_NAMED),
    "CreateApiKey": ({"name": "x", "scope": "READ"}, NOTHING_NAMED),
    "ListApiKeys": (None, NOTHING_NAMED),
    "RotateApiKey": ({}, "NOT_FOUND"),
    "RevokeApiKey": ({}, "NOT_FOUND"),
    "CreateExecution": ({"agentId": "a"}, NOTHING_NAMED),
    "GetExecution": (None, "NOT_FOUND"),
    "ListExecutions": (None, NOTHING_NAMED),
    "UpdateExecution": ({"name": "x"}, "NOT_FOUND"),
    "DeleteExecution": (None, "NOT_FOUND"),
    "CompleteExecution": ({"status": "FAILED"}, "NOT_FOUND"),
    "RecordSnapshot": ({"state": 1}, "NOT_FOUND"),
    "BatchRecordSnapshots": ({"snapshots": [{"state": 1}]}, "NOT_FOUND"),
    "RecordEffects": ({"effects": [{"kind": "LLM"}]}, "NOT_FOUND"),
    "ListSnapshots": (None, "NOT_FOUND"),
    "GetSnapshot": (None, "NOT_FOUND"),
    "DiffSnapshots": (None, "NOT_FOUND"),
    "TailSnapshots": (None, "NOT_FOUND"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(databases: Databases) -> AsyncIterator[House]:
    limits = LimitSettings(rate_per_second=0, failure_rate_per_second=0)
    async with open_whole_house(databases, limits=limits, access_log=False) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(house: House) -> Tenant:
    return await make_tenant(house)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(house: House) -> Tenant:
    return await make_tenant(house)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def named(house: House, owner: Tenant) -> dict[str, str]:
    """What the owner has, by the fields of paths that name it."""
    async with house.client(owner) as api:
        execution = (await api.post("/api/executions", json={"agentId": "a"})).json()
        recorded = await api.post(f"/api/executions/{execution['id']}/snapshots", json={"state": {"a": 1}})
        assert recorded.status_code == httpx.codes.OK
        key = (await api.post("/api/api-keys", json={"name": "k", "scope": "READ"})).json()
    return {"executionId": execution["id"], "sequence": "1", "apiKeyId": key["apiKey"]["id"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spoilt(house: House) -> dict[str, str]:
    """Keys that were good once, by what is wrong with them now."""
    spoilt: dict[str, str] = {}
    changes = {"expired": "expire_time = now() - interval '1 second'", "revoked": "revoke_time = now()"}
    connection = await asyncpg.connect(house.settings.database_url)
    for what, change in changes.items():
        tenant = await make_tenant(house)
        await connection.execute("SELECT set_config('app.project', $1, false)", tenant.project_id)
        await connection.execute("SET ROLE timeloom_identity")
        changed = await connection.execute(
            f"UPDATE identity.api_keys SET {change} WHERE project_id = $1", tenant.project_id
        )
        assert changed != "UPDATE 0"
        spoilt[what] = tenant.keys["admin"]
    await connection.close()
    return spoilt


async def ask(house: House, route: Route, key: str | None, named: dict[str, str]) -> httpx.Response:
    """Makes a request that has everything right but the credentials."""
    values = [named[variable.name] for variable in route.request.variables]
    body, _ = KNOWN[route.method.name]
    headers = {"authorization": f"Bearer {key}"} if key is not None else {}
    async with house.client(None, **headers) as client:
        return await client.request(
            route.binding.http_method, route.request.template.expand(values), json=body
        )


async def test_every_method_is_known() -> None:
    assert {route.method.name for route in ROUTES} == set(KNOWN)


@every_route
async def test_without_a_key_nobody_enters(house: House, named: dict[str, str], route: Route) -> None:
    answer = await ask(house, route, None, named)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@every_route
async def test_a_wrong_key_opens_nothing(house: House, named: dict[str, str], route: Route) -> None:
    answer = await ask(house, route, f"tl_{'a' * 16}_{'b' * 43}", named)
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_API_KEY")


@pytest.mark.parametrize(("what", "code"), [("expired", "EXPIRED_API_KEY"), ("revoked", "INVALID_API_KEY")])
@every_route
async def test_a_spoilt_key_opens_nothing(
    house: House, named: dict[str, str], spoilt: dict[str, str], route: Route, what: str, code: str
) -> None:
    answer = await ask(house, route, spoilt[what], named)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


@every_route
async def test_a_scope_that_is_too_small_is_refused(
    house: House, owner: Tenant, named: dict[str, str], route: Route
) -> None:
    needed = route.method.contract.scope
    smaller = {Scope.WRITE: "read", Scope.ADMIN: "write"}.get(needed)
    if smaller is None:
        assert needed is Scope.READ
        return
    answer = await ask(house, route, owner.keys[smaller], named)
    assert (answer.status_code, answer.json()["code"]) == (403, "MISSING_SCOPE")
    assert answer.json()["metadata"] == {"neededScope": needed.name, "scope": smaller.upper()}


@every_route
async def test_what_belongs_to_another_project_is_not_there(
    house: House, stranger: Tenant, named: dict[str, str], route: Route
) -> None:
    answer = await ask(house, route, stranger.keys["admin"], named)
    _, expected = KNOWN[route.method.name]
    if expected == NOTHING_NAMED:
        assert answer.status_code == httpx.codes.OK
        assert not any(value in answer.text for name, value in named.items() if name != "sequence")
    else:
        assert (answer.status_code, answer.json()["code"]) == (404, expected)


async def test_what_only_services_may_call_has_no_route() -> None:
    internal = [method for method in Contracts.load().methods if method.contract.scope is Scope.INTERNAL]
    assert internal
    assert [method.name for method in internal if method.bindings] == []
