"""REST through the whole gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.integration.gateway.backend import MemorySnapshots
from tests.integration.gateway.house import House, Tenant, make_tenant, open_house
from timeloom_gateway.settings import LimitSettings
from timeloom_platform.testing import Databases

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = "019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47"


async def create(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await api.post("/api/agent-executions", json={"agentId": "planner", **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_execution_is_created_and_read_back(api: httpx.AsyncClient) -> None:
    created = await create(api, name="first", input={"q": [1.0, None]}, tags=["a"])
    answer = await api.get(f"/api/executions/{created['id']}")
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == {
        "id": created["id"],
        "agentId": "planner",
        "sessionId": "",
        "name": "first",
        "status": "RUNNING",
        "input": {"q": [1.0, None]},
        "headSequence": 0,
        "snapshotCount": 0,
        "traceId": "",
        "tags": ["a"],
        "etag": "1",
    }


async def test_a_document_passes_through_unchanged(api: httpx.AsyncClient) -> None:
    body = b'{"agentId": "planner", "input": {"big":12345678901234567890123, "e": 1e400, "u": "\\u00e9"}}'
    answer = await api.post(
        "/api/executions", content=body, headers={"content-type": "application/json; charset=utf-8"}
    )
    assert b'{"big":12345678901234567890123, "e": 1e400, "u": "\\u00e9"}' in answer.content


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/api/nothing", {}, 404, "UNIMPLEMENTED"),
        ("GET", f"/api/executions/{UNKNOWN}", {}, 404, "NOT_FOUND"),
        ("GET", "/api/executions/x", {}, 400, "INVALID_FIELD"),
        ("GET", "/api/executions?pageSize=x", {}, 400, "INVALID_FIELD"),
        ("GET", "/api/executions?color=red", {}, 400, "INVALID_FIELD"),
        ("GET", "/api/executions/%ff", {}, 400, "INVALID_FIELD"),
        ("PUT", "/api/executions", {}, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/executions", {"headers": {"accept": "text/csv"}}, 406, "NOT_ACCEPTABLE"),
        ("POST", "/api/executions", {"data": {"a": "b"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            "POST",
            "/api/executions",
            {"json": {}, "headers": {"content-encoding": "gzip"}},
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        ("POST", "/api/executions", {"content": b"{"}, 400, "MALFORMED_JSON"),
        ("POST", "/api/executions", {"json": {}}, 400, "INVALID_FIELD"),
        ("POST", "/api/executions", {"json": {"agentId": "a", "x": 1}}, 400, "INVALID_FIELD"),
        ("GET", "/api/executions", {"headers": {"request-timeout": "soon"}}, 400, "INVALID_FIELD"),
        ("GET", "/api/executions", {"headers": {"authorization": "Basic x"}}, 401, "UNAUTHENTICATED"),
        ("GET", "/api/executions", {"headers": {"authorization": "Bearer x"}}, 401, "INVALID_API_KEY"),
        ("POST", "/healthz", {}, 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_a_refusal_is_a_problem_document(
    api: httpx.AsyncClient, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    answer = await api.request(method, path, **options)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["requestId"] == answer.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]


async def test_violations_of_the_service_and_of_the_gateway_look_alike(api: httpx.AsyncClient) -> None:
    by_service = await api.post("/api/executions", json={"agentId": ""})
    by_gateway = await api.post("/api/executions", json={"agentId": 5})
    assert by_service.json()["violations"] == [{"field": "agentId", "description": "is required"}]
    assert by_gateway.json()["violations"] == [{"field": "agentId", "description": "must be a string"}]


async def test_the_facts_of_an_error_arrive(api: httpx.AsyncClient) -> None:
    execution = await create(api)
    answer = await api.post(
        f"/api/executions/{execution['id']}/snapshots", json={"state": 1, "parentSequence": 3}
    )
    assert answer.status_code == 409
    assert answer.json()["code"] == "STALE_PARENT"
    assert answer.json()["metadata"] == {"headSequence": "7"}


async def test_a_known_etag_spares_the_answer_and_guards_the_change(api: httpx.AsyncClient) -> None:
    path = f"/api/executions/{(await create(api))['id']}"
    known = await api.get(path, headers={"if-none-match": '"0", W/"1"'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", '"1"')
    changed = await api.patch(path, json={"name": "b"}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = await api.patch(path, json={"name": "c"}, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "ETAG_MISMATCH")
    assert (await api.patch(path, json={"name": "d"}, headers={"if-match": "*"})).status_code == 200
    assert (await api.patch(path, json={"name": "e"}, headers={"if-match": "3"})).status_code == 200
    assert (await api.patch(path, json={}, headers={"if-match": '""'})).status_code == 400
    assert (await api.patch(path, json={}, headers={"if-match": ""})).status_code == 400


async def test_another_projects_execution_is_not_there(
    house: House, api: httpx.AsyncClient, other_tenant: Tenant
) -> None:
    path = f"/api/executions/{(await create(api))['id']}"
    async with house.client(other_tenant) as stranger:
        assert (await stranger.get(path)).status_code == 404


async def test_a_scope_that_is_missing_is_named(
    house: House, tenant: Tenant, backend: MemorySnapshots
) -> None:
    async with house.client(authorization=f"Bearer {tenant.keys['read']}") as reader:
        answer = await reader.post("/api/executions", json={"agentId": "a"})
    assert answer.status_code == 403
    assert answer.json()["metadata"] == {"neededScope": "WRITE", "scope": "READ"}
    assert backend.calls == []


async def test_identity_is_served_like_any_room(api: httpx.AsyncClient, tenant: Tenant) -> None:
    caller = (await api.get("/api/caller")).json()
    assert (caller["projectId"], caller["scope"]) == (tenant.project_id, "ADMIN")
    key = (await api.post("/api/api-keys", json={"name": "ci", "scope": "READ"})).json()
    assert key["secret"].startswith(f"tl_{key['apiKey']['id']}_")
    listed = (await api.get("/api/api-keys?pageSize=1")).json()
    assert [each["name"] for each in listed["apiKeys"]] == ["ci"]
    assert listed["nextPageToken"]


async def test_a_revoked_key_is_refused_at_once(house: House, api: httpx.AsyncClient) -> None:
    key = (await api.post("/api/api-keys", json={"name": "ci", "scope": "READ"})).json()
    async with house.client(authorization=f"Bearer {key['secret']}") as client:
        assert (await client.get("/api/caller")).status_code == 200
        await api.post(f"/api/api-keys/{key['apiKey']['id']}:revoke")
        assert (await client.get("/api/caller")).json()["code"] == "INVALID_API_KEY"


async def test_the_request_id_and_the_deadline_reach_the_service(
    backend: MemorySnapshots, api: httpx.AsyncClient
) -> None:
    headers = {"x-request-id": "mine-1", "request-timeout": "1.5"}
    answer = await api.post("/api/executions", json={"agentId": "a"}, headers=headers)
    assert answer.headers["x-request-id"] == "mine-1"
    assert backend.calls == ["mine-1"]
    remaining = backend.remaining[0]
    assert remaining is not None
    assert 0 < remaining < 2


async def test_a_deadline_that_passes_is_a_504(backend: MemorySnapshots, api: httpx.AsyncClient) -> None:
    backend.gate.clear()
    answer = await api.post("/api/executions", json={"agentId": "a"}, headers={"request-timeout": "0.1"})
    assert (answer.status_code, answer.json()["code"]) == (504, "DEADLINE_EXCEEDED")


async def test_head_and_options_are_answered(api: httpx.AsyncClient) -> None:
    head = await api.head("/api/executions")
    assert (head.status_code, head.content) == (200, b"")
    options = await api.options("/api/executions")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")


async def test_a_body_that_is_too_large_is_refused(databases: Databases) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    async with (
        open_house(databases, limits=LimitSettings(body_bytes_max=10_000)) as house,
        house.client(await make_tenant(house)) as api,
    ):
        announced = await api.post("/api/executions", json={"agentId": "a", "input": "x" * 20_000})
        growing = await api.post("/api/executions", content=chunks())
        small = await api.post("/api/executions", json={"agentId": "a"})
    assert (announced.status_code, announced.json()["code"]) == (413, "TOO_LARGE")
    assert (growing.status_code, growing.json()["code"]) == (413, "TOO_LARGE")
    assert "10000 bytes" in announced.json()["detail"]
    assert small.status_code == 200


async def test_a_head_that_is_too_large_is_refused(house: House) -> None:
    host, port = house.gateway.http_address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\n")
    writer.write(b"".join(b"x-%d: %s\r\n" % (index, b"y" * 1000) for index in range(100)))
    assert b"400" in await reader.readline()
    writer.close()


async def test_who_asks_too_often_has_to_wait(databases: Databases) -> None:
    limits = LimitSettings(rate_per_second=1.0, rate_burst=3, failure_rate_per_second=0.01, failure_burst=2)
    async with open_house(databases, limits=limits) as house:
        async with house.client(await make_tenant(house)) as api:
            answers = [await api.get("/api/caller") for _ in range(4)]
        async with house.client(authorization="Bearer tl_wrong") as guesser:
            codes = [(await guesser.get("/api/caller")).json()["code"] for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert [each.headers.get("ratelimit") for each in answers[:2]] == ['"calls";r=2', '"calls";r=1']
    assert answers[3].headers["retry-after"] == "1"
    assert answers[3].headers["ratelimit-policy"] == '"calls";q=3;w=3'
    assert answers[3].json()["code"] == "RATE_LIMITED"
    assert codes == ["INVALID_API_KEY", "INVALID_API_KEY", "RATE_LIMITED"]


async def test_a_page_of_an_allowed_origin_may_ask(house: House) -> None:
    page_headers = {"origin": "https://app.example", "access_control_request_method": "POST"}
    async with house.client(None, **page_headers) as page:
        answer = await page.options("/api/executions")
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "idempotency-key" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_page_of_another_origin_may_not(house: House, tenant: Tenant) -> None:
    async with house.client(tenant, origin="https://evil.example") as page:
        answer = await page.get("/api/caller")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "origin"
