"""LangGraph agents in Timeloom: their checkpointer is `TimeloomSaver`, their store `TimeloomStore`."""

from timeloom.langgraph.memory import TimeloomStore
from timeloom.langgraph.saver import TimeloomSaver

__all__ = ["TimeloomSaver", "TimeloomStore"]
