"""A webhook's call through the gateway: open to everybody, signed over the very bytes that were sent."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.contract.test_authorisation import World, make_world
from tests.contract.whole_house import House, open_whole_house
from timeloom_platform.testing.databases import Databases
from timeloom_workflows.triggers.signatures import sign

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("webhooks")]

BODY = b' { "order" : 7.0 }\n'
DEFINITION = {
    "id": "paid",
    "triggers": [{"type": "webhook"}],
    "steps": [{"id": "echo", "type": "transform", "value": "${ input }"}],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(databases: Databases) -> AsyncIterator[House]:
    async with open_whole_house(databases) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def world(house: House) -> World:
    return await make_world(house)


async def test_a_webhook_is_called_with_nothing_but_its_signature(house: House, world: World) -> None:
    async with httpx.AsyncClient(
        base_url=house.http_url, headers=world.credentials["admin"], timeout=30
    ) as admin:
        made = await admin.post("/api/workflows", json={"definition": DEFINITION})
        assert made.status_code in {200, 201}, made.text
        hook = (await admin.get("/api/workflows/paid/triggers/0/secret")).json()
        headers = {
            "content-type": "application/json",
            "timeloom-signature": sign(hook["secret"], BODY, seconds=int(time.time())),
            "timeloom-delivery": "d1",
        }
        async with httpx.AsyncClient(base_url=house.http_url, timeout=30) as anybody:
            first = await anybody.post(hook["path"], content=BODY, headers=headers)
            again = await anybody.post(hook["path"], content=BODY, headers=headers)
            other = await anybody.post(hook["path"], content=BODY.strip(), headers=headers)
            unsigned = await anybody.post(hook["path"], json=json.loads(BODY))
            in_query = await anybody.post(
                hook["path"], params={"signature": headers["timeloom-signature"]}, json=json.loads(BODY)
            )
        execution = await admin.get(
            f"/api/workflows/executions/{first.json()['executionId']}", params={"waitSeconds": 10}
        )

    assert first.status_code == 200
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (401, "INVALID_SIGNATURE")
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "INVALID_SIGNATURE")
    assert (in_query.status_code, in_query.json()["code"]) == (400, "INVALID_FIELD")
    assert execution.json()["execution"]["trigger"] == "WEBHOOK"


async def test_the_document_tells_of_headers_and_of_what_is_open(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.http_url, timeout=30) as client:
        document = (await client.get("/openapi.json")).json()

    operation = document["paths"]["/api/workflows/hooks/{hookId}"]["post"]
    names = {(each["in"], each["name"]) for each in operation["parameters"]}
    assert {("header", "Timeloom-Signature"), ("header", "Timeloom-Delivery")} <= names
    assert ("header", "Idempotency-Key") not in names
    assert ("query", "signature") not in names
    assert operation["security"] == []
