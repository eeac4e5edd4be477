"""Which topics a caller may follow who is bound to an agent."""

from __future__ import annotations

import pytest

from timeloom_gateway.live.topics import require_topic
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.errors import PermissionDeniedError

ANYBODY = Identity(project_id="p", scope=Scope.READ)
ADA = Identity(project_id="p", scope=Scope.READ, agent_id="ada")

OPEN = [
    "executions",
    "executions/>",
    "memory/agents/ada",
    "memory/agent/ada",
    "memory/agent/ada/notes",
    "memory/agent/ada/*",
    "memory/project",
    "memory/handbook/>",
]
CLOSED = [
    ">",
    "*",
    "*/agent",
    "memory",
    "memory/>",
    "memory/*",
    "memory/*/bob",
    "memory/agent",
    "memory/agent/bob",
    "memory/agent/*",
    "memory/agent/ad",
    "memory/agents",
    "memory/agents/bob",
    "memory/agents/>",
    "memory/jobs/1",
    "memory/team/support",
]


@pytest.mark.parametrize("topic", OPEN)
def test_a_bound_caller_follows_what_its_agent_may_read(topic: str) -> None:
    require_topic(ADA, topic)


@pytest.mark.parametrize("topic", CLOSED)
def test_a_bound_caller_does_not_learn_of_the_memories_of_others(topic: str) -> None:
    with pytest.raises(PermissionDeniedError, match="bound to the agent ada"):
        require_topic(ADA, topic)


@pytest.mark.parametrize("topic", OPEN + CLOSED)
def test_whoever_is_not_bound_follows_the_whole_project(topic: str) -> None:
    require_topic(ANYBODY, topic)
