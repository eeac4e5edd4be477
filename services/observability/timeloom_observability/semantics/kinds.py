"""Which part of an agent's work a span is, by what its writer calls it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from timeloom_observability.model import EventKind

_NAMES: Final[Mapping[EventKind, tuple[str, ...]]] = {
    EventKind.AGENT: ("invoke_agent", "agent"),
    EventKind.WORKFLOW: ("invoke_workflow", "workflow"),
    EventKind.CHAIN: (
        "chain",
        "task",
        "ai.generatetext",
        "ai.streamtext",
        "ai.generateobject",
        "ai.streamobject",
        "ai.embed",
        "ai.embedmany",
    ),
    EventKind.LLM: (
        "chat",
        "generate_content",
        "text_completion",
        "completion",
        "llm",
        "chat_model",
        "generation",
        "ai.generatetext.dogenerate",
        "ai.streamtext.dostream",
        "ai.generateobject.dogenerate",
        "ai.streamobject.dostream",
    ),
    EventKind.EMBEDDING: ("embeddings", "embedding", "ai.embed.doembed", "ai.embedmany.doembed"),
    EventKind.TOOL: ("execute_tool", "tool", "ai.toolcall"),
    EventKind.RETRIEVER: ("retrieval", "retriever"),
    EventKind.RERANKER: ("reranker", "rerank"),
    EventKind.GUARDRAIL: ("guardrail",),
    EventKind.EVALUATOR: ("evaluator",),
    EventKind.PROMPT: ("prompt",),
    EventKind.MEMORY: (
        "memory",
        "create_memory",
        "delete_memory",
        "search_memory",
        "update_memory",
        "upsert_memory",
        "create_memory_store",
        "delete_memory_store",
    ),
    EventKind.PLAN: ("plan",),
    EventKind.OTHER: ("create_agent",),
}

KINDS: Final[Mapping[str, EventKind]] = {name: kind for kind, names in _NAMES.items() for name in names}
"""By what telemetry calls them, in lower case."""

OPENAI_AGENTS: Final = "openinference.instrumentation.openai_agents"
LANGCHAIN: Final = "openinference.instrumentation.langchain"


def kind_of(found: Mapping[str, Any], *, scope_name: str, span_name: str) -> EventKind:
    """Returns a span's kind: what its operation says, or else what is likely.

    Args:
        found: What its attributes tell, by the targets of the rules.
        scope_name: Who reported it: some libraries have their own ideas.
        span_name: Its name.
    """
    kind: EventKind | None = found.get("kind")
    if kind is None:
        return _guessed(found)
    if kind is EventKind.AGENT and scope_name == OPENAI_AGENTS and "agent_id" not in found:
        return EventKind.WORKFLOW  # its trace, which it calls an agent; the agent's own span is below
    if kind is EventKind.CHAIN and scope_name == LANGCHAIN and span_name == "LangGraph":
        return EventKind.WORKFLOW
    return kind


def _guessed(found: Mapping[str, Any]) -> EventKind:
    if "tool_name" in found:
        return EventKind.TOOL
    return EventKind.LLM if "model" in found else EventKind.OTHER
