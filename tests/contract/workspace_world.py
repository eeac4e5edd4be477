"""What a project has in the workspace service, made as a caller makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import grpc.aio

from timeloom.workspace.v1 import workspace_service_pb2 as messages
from timeloom.workspace.v1 import workspace_service_pb2_grpc as services

NEEDS: Final = ("task", "environment", "preference", "agentSession")


async def make(channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str) -> dict[str, str]:
    """Makes a record, and returns its id.

    Args:
        channel: To the services.
        headers: Those of a caller who may do everything in the project.
        needs: One of `NEEDS`.
    """
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
