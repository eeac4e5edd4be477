"""`/mcp` of the gateway, with the protocol's own client."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio
import httpx
import httpx2
import pytest
import pytest_asyncio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.contract.whole_house import House, open_whole_house
from timeloom.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, Scope
from timeloom_platform.testing import Databases

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("mcp")]

PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(databases: Databases) -> AsyncIterator[House]:
    async with open_whole_house(databases) as opened:
        yield opened


async def new_key(house: House) -> str:
    identity = Identity(project_id=str(uuid.uuid4()), scope=Scope.INTERNAL)
    metadata = ((INTERNAL_TOKEN_METADATA, house.tokens.mint(identity)),)
    async with grpc.aio.insecure_channel(house.grpc_addresses["front"]) as channel:
        stub = identity_service_pb2_grpc.IdentityServiceStub(channel)
        request = identity_service_pb2.CreateProjectRequest(name=str(uuid.uuid4()))
        return str((await stub.CreateProject(request, metadata=metadata)).secret)


@asynccontextmanager
async def caller(house: House, key: str, agent: str = "") -> AsyncGenerator[Client]:
    headers = {"authorization": f"Bearer {key}", **({"timeloom-agent": agent} if agent else {})}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{house.http_url}/mcp", http_client=http)) as client,
    ):
        yield client


async def test_every_tool_answers_over_http(house: House) -> None:
    key, agent = await new_key(house), f"a-{uuid.uuid4().hex[:6]}"
    async with caller(house, key, agent) as ours, caller(house, key, "another") as theirs:
        assert len((await ours.list_tools()).tools) == 5
        made = await ours.call_tool("remember", {"content": "Deploys happen on Tuesdays."})
        assert made.structured_content is not None
        assert made.structured_content["namespace"] == f"agent/{agent}"
        arguments = {"query": "when do deploys happen?"}
        assert (await theirs.call_tool("recall", arguments)).structured_content == {"memories": []}
        namespace = made.structured_content["namespace"]
        await ours.call_tool("share", {"principal": "agent/another", "namespace": namespace})
        found = await theirs.call_tool("recall", arguments)
        assert found.structured_content is not None
        assert [each["content"] for each in found.structured_content["memories"]] == [
            "Deploys happen on Tuesdays."
        ]
        context = await theirs.call_tool("context", arguments)
        assert context.structured_content is not None
        assert "Tuesdays" in context.structured_content["text"]
        gone = await ours.call_tool("forget", {"memory_id": made.structured_content["id"]})
        assert not gone.is_error


async def test_projects_do_not_see_each_other(house: House) -> None:
    async with caller(house, await new_key(house)) as ours, caller(house, await new_key(house)) as theirs:
        await ours.call_tool("remember", {"content": "The password is in the blue folder."})
        found = await theirs.call_tool("recall", {"query": "password blue folder"})
        assert found.structured_content == {"memories": []}


async def test_who_shows_no_key_is_refused(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.http_url, headers=HEADERS) as http:
        for authorization, code in (("", "UNAUTHENTICATED"), ("Bearer tl_wrong", "INVALID_API_KEY")):
            headers = {"authorization": authorization} if authorization else {}
            answer = await http.post("/mcp", json=PING, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert (await http.get("/mcp")).status_code == 405


async def test_what_is_no_message_is_refused(house: House) -> None:
    headers = {**HEADERS, "authorization": f"Bearer {await new_key(house)}"}
    async with httpx.AsyncClient(base_url=house.http_url, headers=headers) as http:
        assert (await http.post("/mcp", content=b"{")).status_code == 400
        assert (await http.post("/mcp", content=b" " * (1024 * 1024 + 1))).status_code == 413
        assert json.loads((await http.post("/mcp", json=PING)).text)["result"]["tools"]
