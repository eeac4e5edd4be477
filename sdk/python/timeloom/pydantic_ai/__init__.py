"""Conversations of Pydantic AI agents in Timeloom: `await TimeloomConversationStore().save(result)`."""

from timeloom.pydantic_ai.store import TimeloomConversationStore

__all__ = ["TimeloomConversationStore"]
