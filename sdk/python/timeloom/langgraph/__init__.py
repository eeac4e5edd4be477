"""LangGraph agents recorded by Timeloom: `builder.compile(checkpointer=TimeloomSaver(client))`."""

from timeloom.langgraph.saver import TimeloomSaver

__all__ = ["TimeloomSaver"]
