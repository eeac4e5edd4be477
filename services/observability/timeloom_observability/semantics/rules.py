"""Which attribute means what: the table of all names that are known, of every convention.

For each field of an event, the attributes that may tell it, the most telling first. Those of OpenTelemetry's
conventions for generative AI go before those of OpenInference, and both before what libraries invented. A
name that ends in a dot stands for a list or tree that was flattened into several attributes (`flattened`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from timeloom_observability.limits import COST_MAX, TAGS_MAX, TOKENS_MAX, WORD_LENGTH_MAX
from timeloom_observability.model import EventKind
from timeloom_observability.semantics.json_text import is_array
from timeloom_observability.semantics.kinds import KINDS


def word(value: Any) -> str | None:
    """Returns a value by which events are grouped; None if there is none in it."""
    if isinstance(value, str):
        if len(value) > WORD_LENGTH_MAX or "\0" in value:
            value = plain(value)[:WORD_LENGTH_MAX]
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def kind(value: Any) -> EventKind | None:
    """Returns the kind that an operation is of; None if nobody knows the operation."""
    if not isinstance(value, str):
        return None
    return KINDS.get(value) or KINDS.get(value.strip('"').lower())


def tokens(value: Any) -> int | None:
    """Returns a number of tokens."""
    if type(value) is int:
        return value if 0 <= value <= TOKENS_MAX else None
    number = _number(value)
    return int(number) if number is not None and 0 <= number <= TOKENS_MAX else None


def dollars(value: Any) -> float | None:
    """Returns what something cost."""
    number = _number(value)
    return number if number is not None and 0 <= number <= COST_MAX else None


def _number(value: Any) -> float | None:
    """Returns a number that may have been sent as a text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def words(value: Any) -> tuple[str, ...] | None:
    """Returns tags, which come as a list or separated by commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not is_array(value):
        return None
    found = (word(item.strip() if isinstance(item, str) else item) for item in value)
    return tuple(dict.fromkeys(tag for tag in found if tag))[:TAGS_MAX] or None


def content(value: Any) -> Any:
    """Returns what went in or came out, unless it is empty."""
    return None if value in (None, "", [], {}) else value


def plain(text: str) -> str:
    """Returns a text without the one character that PostgreSQL cannot keep."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


Rule: TypeAlias = tuple[str, int, Callable[[Any], Any]]
"""What an attribute tells: of which field, how well (less is better), and how its value is read. Plain tuples
are taken apart in half the time that named ones take."""

SOURCES: Final[Mapping[str, tuple[Callable[[Any], Any], tuple[str, ...]]]] = {
    "kind": (
        kind,
        (
            "gen_ai.operation.name",
            "openinference.span.kind",
            "ai.operationId",
            "traceloop.span.kind",
            "llm.request.type",
            "langfuse.observation.type",
            "langsmith.span.kind",
            "mlflow.spanType",
        ),
    ),
    "agent_id": (
        word,
        ("gen_ai.agent.name", "agent.name", "agent_name", "gen_ai.agent.id", "ai.telemetry.functionId"),
    ),
    "workflow": (word, ("gen_ai.workflow.name", "traceloop.workflow.name")),
    "model": (
        word,
        (
            "gen_ai.response.model",
            "gen_ai.request.model",
            "llm.model_name",
            "embedding.model_name",
            "reranker.model_name",
            "ai.response.model",
            "ai.model.id",
            "langfuse.observation.model.name",
        ),
    ),
    "provider": (
        word,
        ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"),
    ),
    "tool_name": (
        word,
        ("gen_ai.tool.name", "tool.name", "ai.toolCall.name", "mcp.tool.name", "tool_call.function.name"),
    ),
    "session_id": (
        word,
        (
            "gen_ai.conversation.id",
            "session.id",
            "gen_ai.session.id",
            "langfuse.session.id",
            "langsmith.trace.session_id",
            "traceloop.association.properties.session_id",
            "ai.telemetry.metadata.sessionId",
            "mlflow.trace.session",
        ),
    ),
    "user_id": (
        word,
        (
            "user.id",
            "enduser.id",
            "langfuse.user.id",
            "traceloop.association.properties.user_id",
            "ai.telemetry.metadata.userId",
            "mlflow.trace.user",
        ),
    ),
    "error_type": (word, ("error.type", "exception.type")),
    "tags": (words, ("timeloom.tags", "tag.tags", "langfuse.trace.tags", "ai.telemetry.metadata.tags")),
    "input_tokens": (
        tokens,
        (
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.token_count.prompt",
            "llm.usage.prompt_tokens",
            "ai.usage.inputTokens",
            "ai.usage.promptTokens",
            "ai.usage.tokens",
        ),
    ),
    "output_tokens": (
        tokens,
        (
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.token_count.completion",
            "llm.usage.completion_tokens",
            "ai.usage.outputTokens",
            "ai.usage.completionTokens",
        ),
    ),
    "total_tokens": (
        tokens,
        (
            "gen_ai.usage.total_tokens",
            "llm.token_count.total",
            "llm.usage.total_tokens",
            "ai.usage.totalTokens",
        ),
    ),
    "cache_read_tokens": (
        tokens,
        (
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
            "llm.token_count.prompt_details.cache_read",
            "ai.usage.cachedInputTokens",
        ),
    ),
    "cache_write_tokens": (
        tokens,
        (
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.details.cache_write_tokens",
            "llm.token_count.prompt_details.cache_write",
        ),
    ),
    "reasoning_tokens": (
        tokens,
        (
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
            "llm.token_count.completion_details.reasoning",
            "llm.usage.reasoning_tokens",
            "ai.usage.reasoningTokens",
        ),
    ),
    "cost": (dollars, ("operation.cost", "gen_ai.usage.cost", "llm.cost.total", "llm.usage.cost")),
    "input_cost": (dollars, ("gen_ai.usage.input_cost", "llm.cost.prompt")),
    "output_cost": (dollars, ("gen_ai.usage.output_cost", "llm.cost.completion")),
    "input": (
        content,
        (
            "gen_ai.input.messages",
            "llm.input_messages.",
            "gen_ai.tool.call.arguments",
            "tool_arguments",
            "ai.toolCall.args",
            "gen_ai.retrieval.query.text",
            "embedding.embeddings.",
            "pydantic_ai.all_messages",
            "all_messages_events",
            "gen_ai.prompt.",
            "gen_ai.prompt",
            "ai.prompt.messages",
            "ai.prompt",
            "ai.values",
            "ai.value",
            "traceloop.entity.input",
            "langfuse.observation.input",
            "mlflow.spanInputs",
            "input.value",
            "reranker.input_documents.",
        ),
    ),
    "output": (
        content,
        (
            "gen_ai.output.messages",
            "llm.output_messages.",
            "gen_ai.tool.call.result",
            "tool_response",
            "ai.toolCall.result",
            "gen_ai.retrieval.documents",
            "retrieval.documents.",
            "reranker.output_documents.",
            "final_result",
            "gen_ai.completion.",
            "gen_ai.completion",
            "ai.response.text",
            "ai.response.object",
            "ai.response.toolCalls",
            "traceloop.entity.output",
            "langfuse.observation.output",
            "mlflow.spanOutputs",
            "output.value",
        ),
    ),
}

RULES: Final[Mapping[str, Rule]] = {
    name: (target, rank, read)
    for target, (read, names) in SOURCES.items()
    for rank, name in enumerate(names)
    if not name.endswith(".")
}

FLATTENED: Final[Mapping[str, Rule]] = {
    name: (target, rank, read)
    for target, (read, names) in SOURCES.items()
    for rank, name in enumerate(names)
    if name.endswith(".")
}
"""By the prefix that the attributes of one list have in common."""
