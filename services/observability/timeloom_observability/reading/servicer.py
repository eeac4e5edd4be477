"""The ObservabilityService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.observability.v1 import observability_service_pb2 as messages
from timeloom.observability.v1 import observability_service_pb2_grpc as services
from timeloom_observability.reading.creating import Creating
from timeloom_observability.reading.events import Events
from timeloom_observability.reading.sessions import Sessions
from timeloom_observability.reading.trace_trees import TraceTrees
from timeloom_observability.reading.traces import Traces
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class ObservabilityServicer(services.ObservabilityServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(
        self, *, events: Events, traces: Traces, trees: TraceTrees, sessions: Sessions, creating: Creating
    ) -> None:
        self._events = events
        self._traces = traces
        self._trees = trees
        self._sessions = sessions
        self._creating = creating

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_ObservabilityServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["ObservabilityService"],
        )

    async def CreateEvents(
        self, request: messages.CreateEventsRequest, context: _Context
    ) -> messages.CreateEventsResponse:
        ids = await self._creating.create(_project_id(), request.events)
        return messages.CreateEventsResponse(event_ids=map(str, ids))

    async def ListEvents(
        self, request: messages.ListEventsRequest, context: _Context
    ) -> messages.ListEventsResponse:
        page = await self._events.list_page(
            _project_id(),
            request.filter,
            order_by=request.order_by,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListEventsResponse(events=page.entries, next_page_token=page.next_page_token)

    async def GetEvent(
        self, request: messages.GetEventRequest, context: _Context
    ) -> messages.GetEventResponse:
        event = await self._events.get(_project_id(), UUID(request.event_id))
        return messages.GetEventResponse(event=event)

    async def ListTraces(
        self, request: messages.ListTracesRequest, context: _Context
    ) -> messages.ListTracesResponse:
        page = await self._traces.list_page(_project_id(), request)
        return messages.ListTracesResponse(traces=page.entries, next_page_token=page.next_page_token)

    async def GetTrace(
        self, request: messages.GetTraceRequest, context: _Context
    ) -> messages.GetTraceResponse:
        return await self._trees.page(
            _project_id(), request.trace_id, page_token=request.page_token, limit=request.page_size
        )

    async def ListSessions(
        self, request: messages.ListSessionsRequest, context: _Context
    ) -> messages.ListSessionsResponse:
        page = await self._sessions.list_page(_project_id(), request)
        return messages.ListSessionsResponse(sessions=page.entries, next_page_token=page.next_page_token)

    async def GetSession(
        self, request: messages.GetSessionRequest, context: _Context
    ) -> messages.GetSessionResponse:
        session = await self._sessions.get(_project_id(), request.session_id)
        return messages.GetSessionResponse(session=session)

    async def GetTelemetryStats(
        self, request: messages.GetTelemetryStatsRequest, context: _Context
    ) -> messages.GetTelemetryStatsResponse:
        return await self._sessions.stats(_project_id())


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
