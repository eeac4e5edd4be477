"""Agent sessions: conversations between people and agents, as apps keep them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from timeloom._calls import Connection
from timeloom._messages import filled, read
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.records import AgentSession, AgentSessionType
from timeloom.workspace.v1 import workspace_service_pb2 as pb


class AsyncAgentSessions:
    """The project's agent sessions: conversations between people and agents, as apps keep them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        *,
        type: AgentSessionType | None = None,  # noqa: A002 - the word that the API uses
        title: str = "",
        user_id: str = "",
        agent_id: str = "",
        data: Any = None,
        current_stage: str = "",
        total_stages: int = 0,
        active: bool = False,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        last_interaction_time: datetime | None = None,
        metadata: Any = None,
        agent_session_id: str = "",
    ) -> AgentSession:
        """Create an agent session, and return it.

        Args:
            type: What kind of conversation it is; CHAT if None.
            title: For people.
            user_id: Whose it is.
            agent_id: With whom.
            data: A JSON object: whatever the app keeps of it.
            current_stage: Where it stands.
            total_stages: How many stages it has.
            active: Whether it goes on.
            start_time: When it began.
            end_time: When it ended.
            last_interaction_time: When something was said last.
            metadata: Any JSON object to keep with it.
            agent_session_id: A UUID of your own.

        Raises:
            InvalidFieldError: A value is not allowed; the violations name it.
            AlreadyExistsError: The identifier is taken.
        """
        request = filled(
            pb.CreateAgentSessionRequest(),
            type=type,
            title=title,
            user_id=user_id,
            agent_id=agent_id,
            data=data,
            current_stage=current_stage,
            total_stages=total_stages,
            active=active,
            start_time=start_time,
            end_time=end_time,
            last_interaction_time=last_interaction_time,
            metadata=metadata,
            agent_session_id=agent_session_id,
        )
        response = await self._connection.unary(self._connection.workspace.CreateAgentSession, request)
        return read(AgentSession, response.agent_session)

    async def get(self, agent_session_id: str) -> AgentSession:
        """Return an agent session.

        Raises:
            NotFoundError: There is none.
        """
        request = pb.GetAgentSessionRequest(agent_session_id=agent_session_id)
        response = await self._connection.unary(self._connection.workspace.GetAgentSession, request)
        return read(AgentSession, response.agent_session)

    def list(
        self,
        *,
        types: Iterable[AgentSessionType] = (),
        active: bool | None = None,
        user_id: str | None = None,
        agent_id: str = "",
        query: str = "",
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 50,
    ) -> AsyncPager[AgentSession]:
        """List agent sessions; those in which something was said last come first, unless told otherwise.

        Args:
            types: One of these.
            active: Only those that go on, or only those that do not; both if None.
            user_id: Only this user's; the project's own if empty, everybody's if None.
            agent_id: Only those with this agent.
            query: Words that occur in the title, in any case.
            order_by: `last_interaction_time`, `update_time` or `create_time`, falling if ` desc` follows.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = filled(
            pb.ListAgentSessionsRequest(),
            types=tuple(types),
            active=active,
            user_id=user_id,
            agent_id=agent_id,
            query=query,
            order_by=order_by,
        )
        return listed(
            self._connection,
            lambda: self._connection.workspace.ListAgentSessions,
            request,
            kind=AgentSession,
            field="agent_sessions",
            limit=limit,
            page_size=page_size,
        )

    async def update(
        self,
        agent_session_id: str,
        *,
        type: AgentSessionType | None = None,  # noqa: A002 - the word that the API uses
        title: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        data: Any = None,
        current_stage: str | None = None,
        total_stages: int | None = None,
        active: bool | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        last_interaction_time: datetime | None = None,
        metadata: Any = None,
        etag: str = "",
    ) -> AgentSession:
        """Change an agent session, and return it as it is then; what is None stays as it is.

        Args:
            agent_session_id: The agent session.
            type: What kind of conversation it is.
            title: For people.
            user_id: Whose it is.
            agent_id: With whom.
            data: A JSON object: all that the app keeps of it from now on.
            current_stage: Where it stands.
            total_stages: How many stages it has.
            active: Whether it goes on.
            start_time: When it began.
            end_time: When it ended.
            last_interaction_time: When something was said last.
            metadata: A JSON merge patch: a member that is null is removed.
            etag: Refuse the change if the agent session has another one.

        Raises:
            NotFoundError: There is none.
            EtagMismatchError: Somebody else changed it.
            InvalidFieldError: A value is not allowed; the violations name it.
        """
        request = filled(
            pb.UpdateAgentSessionRequest(agent_session_id=agent_session_id, etag=etag),
            type=type,
            title=title,
            user_id=user_id,
            agent_id=agent_id,
            data=data,
            current_stage=current_stage,
            total_stages=total_stages,
            active=active,
            start_time=start_time,
            end_time=end_time,
            last_interaction_time=last_interaction_time,
            metadata=metadata,
        )
        response = await self._connection.unary(self._connection.workspace.UpdateAgentSession, request)
        return read(AgentSession, response.agent_session)

    async def delete(self, agent_session_id: str, *, etag: str = "") -> None:
        """Delete an agent session for good; refuse it if it has another etag than the one that is given."""
        request = pb.DeleteAgentSessionRequest(agent_session_id=agent_session_id, etag=etag)
        await self._connection.unary(self._connection.workspace.DeleteAgentSession, request)
