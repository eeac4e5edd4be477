"""What a project has in the workspace service, made as a caller makes it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import uuid4

import grpc.aio

from timeloom.workspace.v1 import sync_pb2 as nouns
from timeloom.workspace.v1 import sync_service_pb2 as sync_messages
from timeloom.workspace.v1 import sync_service_pb2_grpc as sync_services
from timeloom.workspace.v1 import workspace_service_pb2 as messages
from timeloom.workspace.v1 import workspace_service_pb2_grpc as services
from timeloom_workspace.clocks import HybridClock

NEEDS: Final = ("task", "environment", "preference", "agentSession", "conflict", "deadMutation")


async def make(channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str) -> dict[str, str]:
    """Makes a record, and returns its id.

    Args:
        channel: To the services.
        headers: Those of a caller who may do everything in the project.
        needs: One of `NEEDS`.
    """
    if needs in ("conflict", "deadMutation"):
        return await _make_by_sync(channel, headers, needs)
    stub: Any = services.WorkspaceServiceStub(channel)
    metadata = tuple(headers.items())
    if needs == "task":
        made = (await stub.CreateTask(messages.CreateTaskRequest(title="Water"), metadata=metadata)).task
    elif needs == "environment":
        request = messages.CreateEnvironmentRequest(name="kitchen", secrets={"TOKEN": "secret"})
        made = (await stub.CreateEnvironment(request, metadata=metadata)).environment
    elif needs == "preference":
        preference = messages.CreatePreferenceRequest(key="theme", value=b'"dark"')
        made = (await stub.CreatePreference(preference, metadata=metadata)).preference
    else:
        session = messages.CreateAgentSessionRequest(title="Dinner")
        made = (await stub.CreateAgentSession(session, metadata=metadata)).agent_session
    return {needs: str(made.id)}


async def _make_by_sync(channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str) -> dict[str, str]:
    stub: Any = sync_services.SyncServiceStub(channel)
    clocks = {node: HybridClock(lambda: time.time_ns() // 1_000_000, node=node) for node in ("one", "other")}
    record_id = str(uuid4())

    async def send(node: str, operation: str, base: str, value: bytes) -> nouns.MutationResult:
        mutation = nouns.Mutation(
            id=str(uuid4()),
            table="environments",
            operation=nouns.MutationOperation.Value(f"MUTATION_OPERATION_{operation}"),
            record_id=record_id,
            value=value,
            clock=clocks[node].next(base),
            base_clock=base,
        )
        request = sync_messages.ApplyMutationsRequest(client_id=node, mutations=[mutation])
        answer = await stub.ApplyMutations(request, metadata=tuple(headers.items()))
        return cast("nouns.MutationResult", answer.results[0])

    if needs == "deadMutation":
        return {needs: (await send("one", "INSERT", "", b"{}")).dead_letter_id}
    base = (await send("one", "INSERT", "", b'{"name": "cellar"}')).clock
    await send("one", "UPDATE", base, b'{"description": "cold"}')
    return {needs: (await send("other", "UPDATE", base, b'{"description": "dark"}')).conflict_id}
