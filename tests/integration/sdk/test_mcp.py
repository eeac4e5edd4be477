"""`timeloom mcp`, as a program that speaks the protocol starts it."""

from __future__ import annotations

import sys
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.integration.sdk.memory_service import MemoryService
from timeloom import Timeloom


@asynccontextmanager
async def started(service: MemoryService, agent: str) -> AsyncGenerator[Client]:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from timeloom.cli import main; main()", "mcp", "--agent", agent],
        env={"TIMELOOM_API_KEY": service.api_key, "TIMELOOM_GRPC_ADDRESS": service.address},
    )
    async with Client(command, read_timeout_seconds=30) as client:
        yield client


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def said(result: Any) -> str:
    return " ".join(each.text for each in result.content)


async def test_every_tool_does_what_it_says(memory_service: MemoryService) -> None:
    writer, reader = unique("writer"), unique("reader")
    async with started(memory_service, writer) as ours, started(memory_service, reader) as theirs:
        tools = {tool.name: tool for tool in (await ours.list_tools()).tools}
        assert set(tools) == {"remember", "recall", "context", "share", "forget"}
        assert all(tool.description and tool.input_schema["properties"] for tool in tools.values())
        made = await ours.call_tool(
            "remember",
            {"content": "Ann drinks green tea.", "kind": "USER_PREFERENCE", "tags": ["ann"], "importance": 8},
        )
        assert made.structured_content is not None
        assert made.structured_content["namespace"] == f"agent/{writer}"
        memory_id = made.structured_content["id"]

        found = await ours.call_tool("recall", {"query": "what does Ann drink?", "tags": ["ann"]})
        assert found.structured_content is not None
        (recalled,) = found.structured_content["memories"]
        assert (recalled["id"], recalled["kind"]) == (memory_id, "USER_PREFERENCE")
        context = await ours.call_tool(
            "context", {"query": "order the tea that Ann drinks", "max_tokens": 100}
        )
        assert context.structured_content is not None
        assert "Ann drinks green tea." in context.structured_content["text"]
        assert context.structured_content["source_ids"] == [memory_id]

        unseen = await theirs.call_tool("recall", {"query": "what does Ann drink?"})
        assert unseen.structured_content == {"memories": []}
        shared = await ours.call_tool("share", {"principal": f"agent/{reader}", "memory_id": memory_id})
        assert shared.structured_content is not None
        assert shared.structured_content["permission"] == "READ"
        seen = await theirs.call_tool("recall", {"query": "what does Ann drink?"})
        assert seen.structured_content is not None
        assert [each["id"] for each in seen.structured_content["memories"]] == [memory_id]

        refused = await theirs.call_tool("forget", {"memory_id": memory_id})
        assert refused.is_error
        gone = await ours.call_tool("forget", {"memory_id": memory_id, "reason": "asked to"})
        assert not gone.is_error
        assert (await ours.call_tool("recall", {"query": "Ann"})).structured_content == {"memories": []}


async def test_what_is_wrong_is_told_to_the_model(memory_service: MemoryService) -> None:
    async with started(memory_service, unique("agent")) as client:
        for name, arguments, told in (
            ("remember", {"content": ""}, "content"),
            ("remember", {"content": "x", "importance": 11}, "importance"),
            ("remember", {"content": "x", "namespace": "a//b"}, "namespace"),
            ("recall", {"query": "x", "limit": 0}, "limit"),
            ("recall", {"query": "x", "kinds": ["NONE"]}, "kinds"),
            ("share", {"principal": "project"}, "Give either a namespace or a memory_id."),
            ("forget", {"memory_id": "no"}, "memoryId"),
            ("forget", {"memory_id": str(uuid.uuid4())}, "no memory"),
        ):
            result = await client.call_tool(name, arguments)
            assert result.is_error, (name, arguments)
            assert told in said(result), (name, arguments, said(result))


async def test_people_see_what_a_model_remembers(
    memory_service: MemoryService, memory_client: Timeloom
) -> None:
    agent = unique("agent")
    async with started(memory_service, agent) as client:
        await client.call_tool("remember", {"content": "The build needs Python 3.11."})
    assert [each.content for each in memory_client.memory.list(namespaces=[f"agent/{agent}"])] == [
        "The build needs Python 3.11."
    ]
