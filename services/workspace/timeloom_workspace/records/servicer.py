"""The WorkspaceService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio
from google.protobuf.message import Message

from timeloom.workspace.v1 import workspace_pb2
from timeloom.workspace.v1 import workspace_service_pb2 as messages
from timeloom.workspace.v1 import workspace_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import Page, page_size
from timeloom_platform.server import ServiceBinding
from timeloom_workspace.records.answers import message_of
from timeloom_workspace.records.model import Record
from timeloom_workspace.records.records import Records
from timeloom_workspace.records.requests import given_of_change, given_of_new, id_of, wanted_of
from timeloom_workspace.records.tables import AGENT_SESSIONS, ENVIRONMENTS, PREFERENCES, TASKS, Table

_Context = grpc.aio.ServicerContext[Any, Any]


class WorkspaceServicer(services.WorkspaceServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_WorkspaceServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["WorkspaceService"],
        )

    async def CreateTask(
        self, request: messages.CreateTaskRequest, context: _Context
    ) -> messages.CreateTaskResponse:
        record = await self._create(TASKS, request.task_id, request)
        return messages.CreateTaskResponse(task=message_of(record, workspace_pb2.Task))

    async def GetTask(self, request: messages.GetTaskRequest, context: _Context) -> messages.GetTaskResponse:
        record = await self._records.get(_project_id(), TASKS, UUID(request.task_id))
        return messages.GetTaskResponse(task=message_of(record, workspace_pb2.Task))

    async def ListTasks(
        self, request: messages.ListTasksRequest, context: _Context
    ) -> messages.ListTasksResponse:
        page = await self._list(TASKS, request)
        return messages.ListTasksResponse(
            tasks=(message_of(record, workspace_pb2.Task) for record in page.entries),
            next_page_token=page.next_page_token,
        )

    async def UpdateTask(
        self, request: messages.UpdateTaskRequest, context: _Context
    ) -> messages.UpdateTaskResponse:
        record = await self._update(TASKS, request.task_id, request)
        return messages.UpdateTaskResponse(task=message_of(record, workspace_pb2.Task))

    async def DeleteTask(
        self, request: messages.DeleteTaskRequest, context: _Context
    ) -> messages.DeleteTaskResponse:
        await self._records.delete(_project_id(), TASKS, UUID(request.task_id), etag=request.etag)
        return messages.DeleteTaskResponse()

    async def CreateEnvironment(
        self, request: messages.CreateEnvironmentRequest, context: _Context
    ) -> messages.CreateEnvironmentResponse:
        record = await self._create(ENVIRONMENTS, request.environment_id, request)
        return messages.CreateEnvironmentResponse(environment=message_of(record, workspace_pb2.Environment))

    async def GetEnvironment(
        self, request: messages.GetEnvironmentRequest, context: _Context
    ) -> messages.GetEnvironmentResponse:
        record = await self._records.get(_project_id(), ENVIRONMENTS, UUID(request.environment_id))
        return messages.GetEnvironmentResponse(environment=message_of(record, workspace_pb2.Environment))

    async def ListEnvironments(
        self, request: messages.ListEnvironmentsRequest, context: _Context
    ) -> messages.ListEnvironmentsResponse:
        page = await self._list(ENVIRONMENTS, request)
        return messages.ListEnvironmentsResponse(
            environments=(message_of(record, workspace_pb2.Environment) for record in page.entries),
            next_page_token=page.next_page_token,
        )

    async def UpdateEnvironment(
        self, request: messages.UpdateEnvironmentRequest, context: _Context
    ) -> messages.UpdateEnvironmentResponse:
        record = await self._update(ENVIRONMENTS, request.environment_id, request)
        return messages.UpdateEnvironmentResponse(environment=message_of(record, workspace_pb2.Environment))

    async def DeleteEnvironment(
        self, request: messages.DeleteEnvironmentRequest, context: _Context
    ) -> messages.DeleteEnvironmentResponse:
        await self._records.delete(
            _project_id(), ENVIRONMENTS, UUID(request.environment_id), etag=request.etag
        )
        return messages.DeleteEnvironmentResponse()

    async def CreatePreference(
        self, request: messages.CreatePreferenceRequest, context: _Context
    ) -> messages.CreatePreferenceResponse:
        record = await self._create(PREFERENCES, request.preference_id, request)
        return messages.CreatePreferenceResponse(preference=message_of(record, workspace_pb2.Preference))

    async def GetPreference(
        self, request: messages.GetPreferenceRequest, context: _Context
    ) -> messages.GetPreferenceResponse:
        record = await self._records.get(_project_id(), PREFERENCES, UUID(request.preference_id))
        return messages.GetPreferenceResponse(preference=message_of(record, workspace_pb2.Preference))

    async def ListPreferences(
        self, request: messages.ListPreferencesRequest, context: _Context
    ) -> messages.ListPreferencesResponse:
        page = await self._list(PREFERENCES, request)
        return messages.ListPreferencesResponse(
            preferences=(message_of(record, workspace_pb2.Preference) for record in page.entries),
            next_page_token=page.next_page_token,
        )

    async def UpdatePreference(
        self, request: messages.UpdatePreferenceRequest, context: _Context
    ) -> messages.UpdatePreferenceResponse:
        record = await self._update(PREFERENCES, request.preference_id, request)
        return messages.UpdatePreferenceResponse(preference=message_of(record, workspace_pb2.Preference))

    async def DeletePreference(
        self, request: messages.DeletePreferenceRequest, context: _Context
    ) -> messages.DeletePreferenceResponse:
        await self._records.delete(_project_id(), PREFERENCES, UUID(request.preference_id), etag=request.etag)
        return messages.DeletePreferenceResponse()

    async def CreateAgentSession(
        self, request: messages.CreateAgentSessionRequest, context: _Context
    ) -> messages.CreateAgentSessionResponse:
        record = await self._create(AGENT_SESSIONS, request.agent_session_id, request)
        return messages.CreateAgentSessionResponse(
            agent_session=message_of(record, workspace_pb2.AgentSession)
        )

    async def GetAgentSession(
        self, request: messages.GetAgentSessionRequest, context: _Context
    ) -> messages.GetAgentSessionResponse:
        record = await self._records.get(_project_id(), AGENT_SESSIONS, UUID(request.agent_session_id))
        return messages.GetAgentSessionResponse(agent_session=message_of(record, workspace_pb2.AgentSession))

    async def ListAgentSessions(
        self, request: messages.ListAgentSessionsRequest, context: _Context
    ) -> messages.ListAgentSessionsResponse:
        page = await self._list(AGENT_SESSIONS, request)
        return messages.ListAgentSessionsResponse(
            agent_sessions=(message_of(record, workspace_pb2.AgentSession) for record in page.entries),
            next_page_token=page.next_page_token,
        )

    async def UpdateAgentSession(
        self, request: messages.UpdateAgentSessionRequest, context: _Context
    ) -> messages.UpdateAgentSessionResponse:
        record = await self._update(AGENT_SESSIONS, request.agent_session_id, request)
        return messages.UpdateAgentSessionResponse(
            agent_session=message_of(record, workspace_pb2.AgentSession)
        )

    async def DeleteAgentSession(
        self, request: messages.DeleteAgentSessionRequest, context: _Context
    ) -> messages.DeleteAgentSessionResponse:
        await self._records.delete(
            _project_id(), AGENT_SESSIONS, UUID(request.agent_session_id), etag=request.etag
        )
        return messages.DeleteAgentSessionResponse()

    async def _create(self, table: Table, record_id: str, request: Message) -> Record:
        given = given_of_new(table, request)
        return await self._records.create(_project_id(), table, id_of(record_id), given)

    async def _list(self, table: Table, request: Any) -> Page[Record]:
        return await self._records.list_page(
            _project_id(),
            table,
            wanted_of(table, request),
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )

    async def _update(self, table: Table, record_id: str, request: Any) -> Record:
        given = given_of_change(table, request)
        return await self._records.update(_project_id(), table, UUID(record_id), given, etag=request.etag)


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
