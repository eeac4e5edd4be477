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
}

KINDS: Final[Mapping[str, EventKind]] = {name: kind for kind, names in _NAMES.items() for name in names}

OPENAI_AGENTS: Final = "openinference.instrumentation.openai_agents"
LANGCHAIN: Final = "openinference.instrumentation.langchain"


def kind_of(found: Mapping[str, Any], *, scope_name: str, span_name: str) -> EventKind:
    """Returns a span's kind: by its operation if that is known, otherwise by what else is known of it."""
    kind = KINDS.get(found.get("operation", ""))
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
    if "operation" not in found and "model" in found:
        return EventKind.LLM
    return EventKind.OTHER
