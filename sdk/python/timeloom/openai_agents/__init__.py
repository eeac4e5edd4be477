"""Conversations of the OpenAI Agents SDK in Timeloom: `Runner.run(…, session=TimeloomSession("talk"))`."""

from timeloom.openai_agents.session import TimeloomSession

__all__ = ["TimeloomSession"]
