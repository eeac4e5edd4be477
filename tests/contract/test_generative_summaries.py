"""Summaries by a language model behind a real HTTP endpoint, asked for over REST and gRPC."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc.aio
import httpx
import pytest

from tests.contract.test_mcp import new_key
from tests.contract.whole_house import open_whole_house
from tests.integration.memory.test_chat import ANSWER, Request, endpoint
from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom.memory.v1 import memory_upkeep_service_pb2_grpc as services
from timeloom_memory.upkeep.chat import Chat
from timeloom_memory.upkeep.settings import ChatSettings, language_model
from timeloom_memory.upkeep.summarizing import LanguageModel
from timeloom_platform.testing import Databases

SAID = "Ann drinks tea."
NAMESPACE = "project/cafe"
TEXTS = ["Ann ordered green tea.", "Ann asked for tea from Assam.", "Ann likes her tea hot."]


@asynccontextmanager
async def house(
    databases: Databases,
    seen: list[Request],
    status: int = 200,
    body: bytes = b"",
    *,
    patience_seconds: float | None = None,
) -> AsyncGenerator[tuple[httpx.AsyncClient, services.MemoryUpkeepServiceAsyncStub, Any]]:
    """Lends a caller over REST and one over gRPC, with credentials, of a house that has a language model.

    One that is waited for so many seconds never answers.
    """
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(
            endpoint(status, body, answers=patience_seconds is None, told=seen.append)
        )
        model: LanguageModel | None
        if patience_seconds is None:
            settings = ChatSettings(chat_model="small", chat_base_url=base_url, chat_api_key="key")
            model = await stack.enter_async_context(language_model(settings))
        else:
            chat = Chat(base_url=base_url, model="small", api_key="", deadline_seconds=patience_seconds)
            stack.push_async_callback(chat.close)
            model = chat
        whole = await stack.enter_async_context(open_whole_house(databases, language_model=model))
        headers = {"authorization": f"Bearer {await new_key(whole)}"}
        client = httpx.AsyncClient(base_url=whole.http_url, headers=headers, timeout=30)
        api = await stack.enter_async_context(client)
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(whole.grpc_addresses["front"]))
        yield api, services.MemoryUpkeepServiceStub(channel), tuple(headers.items())


async def remember(api: httpx.AsyncClient) -> list[str]:
    memories = [{"namespace": NAMESPACE, "content": text} for text in TEXTS]
    answer = await api.post("/api/agent-memory:batch", json={"memories": memories})
    return [each["id"] for each in answer.json()["memories"]]


async def listed(api: httpx.AsyncClient) -> list[str]:
    answer = await api.get("/api/agent-memory", params={"namespaces": NAMESPACE})
    return sorted(each["content"] for each in answer.json()["memories"])


async def test_the_words_are_the_models_and_the_sources_are_named(databases: Databases) -> None:
    seen: list[Request] = []
    async with house(databases, seen, body=json.dumps(ANSWER).encode()) as (api, stub, metadata):
        ids = await remember(api)
        body = {"namespace": NAMESPACE, "method": "SUMMARY_METHOD_GENERATIVE", "save": True}
        made = (await api.post("/api/agent-memory/summarize", json=body)).json()
        request = messages.SummarizeMemoriesRequest(
            namespace=NAMESPACE, method=messages.SUMMARY_METHOD_GENERATIVE, query="what does Ann drink?"
        )
        again = await stub.SummarizeMemories(request, metadata=metadata)
        assert await listed(api) == sorted([*TEXTS, SAID])
    assert (made["text"], set(made["sourceIds"])) == (SAID, set(ids))
    saved = made["memory"]
    assert (saved["content"], saved["kind"]) == (SAID, "CONTEXT_SUMMARY")
    assert saved["sourceIds"] == made["sourceIds"]
    assert (again.text, set(again.source_ids), again.HasField("memory")) == (SAID, set(ids), False)
    prompts = [asked["messages"][1]["content"] for _, _, asked in seen]
    assert all(text in prompt for prompt in prompts for text in TEXTS)
    assert "what does Ann drink?" in prompts[1]


@pytest.mark.parametrize(("status", "body"), [(500, b"secret details"), (200, b"<html>")])
async def test_a_model_that_fails_is_an_error_and_nothing_is_written(
    databases: Databases, status: int, body: bytes
) -> None:
    seen: list[Request] = []
    async with house(databases, seen, status, body) as (api, _, _):
        await remember(api)
        asked = {"namespace": NAMESPACE, "method": "SUMMARY_METHOD_GENERATIVE", "save": True}
        answer = await api.post("/api/agent-memory/summarize", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
        assert "secret" not in answer.text
        assert await listed(api) == sorted(TEXTS)
    assert seen


async def test_a_model_that_is_silent_is_not_waited_for_for_ever(databases: Databases) -> None:
    seen: list[Request] = []
    async with house(databases, seen, patience_seconds=0.2) as (api, _, _):
        await remember(api)
        asked = {"namespace": NAMESPACE, "method": "SUMMARY_METHOD_GENERATIVE", "save": True}
        answer = await api.post("/api/agent-memory/summarize", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (504, "DEADLINE_EXCEEDED")
        assert await listed(api) == sorted(TEXTS)
    assert seen
