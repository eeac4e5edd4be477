"""The records of the workspace for the blocking client."""

from __future__ import annotations

from timeloom._blocking import Facade, blocking, paging
from timeloom.aio.agent_sessions import AsyncAgentSessions
from timeloom.aio.environments import AsyncEnvironments
from timeloom.aio.preferences import AsyncPreferences
from timeloom.aio.tasks import AsyncTasks


class Tasks(Facade[AsyncTasks]):
    """The project's tasks: what people want agents to do."""

    create = blocking(AsyncTasks.create)
    get = blocking(AsyncTasks.get)
    list = paging(AsyncTasks.list)
    update = blocking(AsyncTasks.update)
    delete = blocking(AsyncTasks.delete)


class Environments(Facade[AsyncEnvironments]):
    """The project's environments: where agents work."""

    create = blocking(AsyncEnvironments.create)
    get = blocking(AsyncEnvironments.get)
    list = paging(AsyncEnvironments.list)
    update = blocking(AsyncEnvironments.update)
    delete = blocking(AsyncEnvironments.delete)


class Preferences(Facade[AsyncPreferences]):
    """What the project's users have chosen."""

    create = blocking(AsyncPreferences.create)
    set = blocking(AsyncPreferences.set)
    get = blocking(AsyncPreferences.get)
    list = paging(AsyncPreferences.list)
    update = blocking(AsyncPreferences.update)
    delete = blocking(AsyncPreferences.delete)


class AgentSessions(Facade[AsyncAgentSessions]):
    """The project's agent sessions: conversations between people and agents, as apps keep them."""

    create = blocking(AsyncAgentSessions.create)
    get = blocking(AsyncAgentSessions.get)
    list = paging(AsyncAgentSessions.list)
    update = blocking(AsyncAgentSessions.update)
    delete = blocking(AsyncAgentSessions.delete)
