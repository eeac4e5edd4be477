"""`Idempotency-Key`: one effect, whatever the client repeats."""

from __future__ import annotations

import asyncio
import hashlib

import httpx
import pytest

from tests.integration.gateway.backend import MemorySnapshots
from tests.integration.gateway.house import House, Tenant
from timeloom_gateway.idempotency.keys import Idempotency
from timeloom_gateway.storage import KeyRecords, delete_expired
from timeloom_gateway.web.errors import IdempotencyKeyInUseError
from timeloom_platform.database import Database
from timeloom_platform.testing import eventually
from timeloom_platform.web.messages import Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = {"idempotency-key": "order-1"}
BODY = {"agentId": "planner"}


async def test_a_repeated_request_gets_the_first_answer(
    api: httpx.AsyncClient, backend: MemorySnapshots
) -> None:
    first = await api.post("/api/executions", json=BODY, headers=KEY)
    second = await api.post("/api/executions", json=BODY, headers=KEY)
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["etag"] == first.headers["etag"]
    assert "idempotency-replayed" not in first.headers
    assert len(backend.calls) == 1


async def test_a_refusal_is_repeated_too(api: httpx.AsyncClient, backend: MemorySnapshots) -> None:
    first = await api.post("/api/executions", json={}, headers=KEY)
    second = await api.post("/api/executions", json={}, headers=KEY)
    assert (first.status_code, second.content) == (400, first.content)
    assert second.headers["content-type"] == "application/problem+json"
    assert backend.calls == []


async def test_fifty_at_once_have_one_effect(api: httpx.AsyncClient, backend: MemorySnapshots) -> None:
    answers = await asyncio.gather(*(api.post("/api/executions", json=BODY, headers=KEY) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(backend.calls) == 1


async def test_another_request_under_the_same_key_is_refused(api: httpx.AsyncClient) -> None:
    await api.post("/api/executions", json=BODY, headers=KEY)
    other = await api.post("/api/executions", json={"agentId": "other"}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_projects_do_not_share_keys(
    house: House, api: httpx.AsyncClient, other_tenant: Tenant, backend: MemorySnapshots
) -> None:
    await api.post("/api/executions", json=BODY, headers=KEY)
    async with house.client(other_tenant) as other:
        answer = await other.post("/api/executions", json={"agentId": "other"}, headers=KEY)
    assert answer.status_code == 200
    assert len(backend.calls) == 2


async def test_a_failure_that_may_pass_leaves_the_key_free(
    api: httpx.AsyncClient, backend: MemorySnapshots
) -> None:
    backend.gate.clear()
    late = await api.post("/api/executions", json=BODY, headers={**KEY, "request-timeout": "0.1"})
    assert late.status_code == 504
    backend.gate.set()
    again = await api.post("/api/executions", json=BODY, headers=KEY)
    assert again.status_code == 200
    assert "idempotency-replayed" not in again.headers


async def test_a_client_that_goes_away_does_not_undo_the_record(
    api: httpx.AsyncClient, backend: MemorySnapshots
) -> None:
    backend.gate.clear()
    asking = asyncio.create_task(api.post("/api/executions", json=BODY, headers=KEY))
    await eventually(lambda: backend.calls)
    asking.cancel()
    await asyncio.wait({asking})
    backend.gate.set()
    again = await api.post("/api/executions", json=BODY, headers=KEY)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(backend.calls) == 1


async def test_an_answer_that_shows_a_secret_is_not_kept(api: httpx.AsyncClient) -> None:
    body = {"name": "ci", "scope": "READ"}
    first = await api.post("/api/api-keys", json=body, headers=KEY)
    second = await api.post("/api/api-keys", json=body, headers=KEY)
    assert first.json()["secret"]
    assert (second.status_code, second.json()["code"]) == (409, "ALREADY_EXISTS")
    names = [each["name"] for each in (await api.get("/api/api-keys")).json()["apiKeys"]]
    assert names.count("ci") == 1


@pytest.mark.parametrize("key", ["x" * 201, "a b", "ü"])
async def test_a_key_that_is_none_is_refused(api: httpx.AsyncClient, key: str) -> None:
    headers = {"idempotency-key": key.encode()}
    answer = await api.post("/api/executions", json=BODY, headers=headers)  # type: ignore[arg-type]  # bytes are sent as they are
    assert answer.status_code == 400
    assert answer.json()["violations"][0]["field"] == "Idempotency-Key"


class TestRecords:
    """What happens between gateways, on their common database."""

    fingerprint = hashlib.sha256(b"request").digest()

    async def test_who_waits_too_long_is_told_so(self, house: House, tenant: Tenant) -> None:
        database = await Database.connect(house.settings.database_url, room="gateway", pool_size=1)
        try:
            records = KeyRecords(database)
            owner = "0" * 32
            await records.claim(tenant.project_id, "k", fingerprint=self.fingerprint, owner=owner)
            with pytest.raises(IdempotencyKeyInUseError):
                await Idempotency(records, wait_seconds=0.1).once(
                    tenant.project_id, "k", self.fingerprint, self.never
                )
        finally:
            await database.close()

    async def test_the_claim_of_a_gateway_that_died_lapses(self, house: House, tenant: Tenant) -> None:
        database = await Database.connect(house.settings.database_url, room="gateway", pool_size=1)
        try:
            records = KeyRecords(database)
            await records.claim(tenant.project_id, "k", fingerprint=self.fingerprint, owner="0" * 32)
            async with database.transaction(tenant.project_id) as connection:
                await connection.execute("UPDATE idempotency_keys SET lease_expire_time = now()")
            reply = await Idempotency(records, wait_seconds=0.1).once(
                tenant.project_id, "k", self.fingerprint, self.answer
            )
            assert reply == Reply(body=b"done")
        finally:
            await database.close()

    async def test_a_record_is_forgotten_when_it_expires(self, house: House, tenant: Tenant) -> None:
        database = await Database.connect(house.settings.database_url, room="gateway", pool_size=1)
        try:
            records = KeyRecords(database)
            await records.claim(tenant.project_id, "k", fingerprint=self.fingerprint, owner="0" * 32)
            async with database.transaction(tenant.project_id) as connection:
                await connection.execute("UPDATE idempotency_keys SET expire_time = now()")
            assert await eventually(lambda: delete_expired(database)) == 1
            assert await records.claim(tenant.project_id, "k", fingerprint=b"x" * 32, owner="1" * 32) is None
        finally:
            await database.close()

    @staticmethod
    async def never() -> Reply:
        raise AssertionError("the request was executed a second time")

    @staticmethod
    async def answer() -> Reply:
        return Reply(body=b"done")
