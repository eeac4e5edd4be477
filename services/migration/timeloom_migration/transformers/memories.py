"""Memories of agents, with the vectors that a browser had made for them."""

from __future__ import annotations

from typing import Final, cast

from timeloom_migration.families.documents import keepable
from timeloom_migration.planning.model import Context, Json
from timeloom_migration.transformers.draft import Draft
from timeloom_migration.transformers.source import Source

CONTENT_CHARACTERS_MAX: Final = 100_000
METADATA_BYTES_MAX: Final = 65_536
DIMENSION_MAX: Final = 4096
FLOAT_MAX: Final = 3.4e38
LENGTH_MIN: Final = 1e-30
"""Vectors whose numbers are all smaller point nowhere."""
SEGMENT_CHARACTERS_MAX: Final = 200

KINDS: Final = {
    "CONVERSATION": "MEMORY_KIND_CONVERSATION",
    "TASK_EXECUTION": "MEMORY_KIND_TASK_EXECUTION",
    "USER_PREFERENCE": "MEMORY_KIND_USER_PREFERENCE",
    "LEARNED_PATTERN": "MEMORY_KIND_LEARNED_PATTERN",
    "ERROR_RESOLUTION": "MEMORY_KIND_ERROR_RESOLUTION",
    "CONTEXT_SUMMARY": "MEMORY_KIND_CONTEXT_SUMMARY",
    "KNOWLEDGE_BASE": "MEMORY_KIND_KNOWLEDGE",
    "KNOWLEDGE": "MEMORY_KIND_KNOWLEDGE",
    "SKILL_ACQUISITION": "MEMORY_KIND_SKILL",
    "SKILL": "MEMORY_KIND_SKILL",
}


def read(source: Source, draft: Draft, _: Context) -> None:
    """Take the fields that are there, also where they lie in the metadata."""
    given = source.take("metadata")
    inner = Source(given if isinstance(given, dict) else {})

    def take(*names: str) -> Json:
        found = source.take(*names)
        return found if found is not None else inner.take(*names)

    _content(take("content", "text", "pageContent"), draft)
    agent = take("agentId", "agentType", "agent")
    draft.fields["namespace"] = _namespace(agent, draft)
    draft.text("key", take("contextKey", "key"), length_max=500)
    draft.text("sessionId", take("sessionId", "session"), length_max=200)
    draft.choice("kind", take("memoryType", "type", "kind"), KINDS)
    draft.words("tags", take("tags"))
    _importance(take("importance"), draft)
    draft.moment("occurTime", take("createdAt", "timestamp", "created"))
    draft.moment("expireTime", take("expiresAt"))
    _vector(source.take("embedding", "vector", "values"), take("embeddingModel", "model"), draft)
    left = {**source.rest(), **inner.rest()}
    beside = None if isinstance(given, dict) else given
    draft.metadata(beside, left, bytes_max=METADATA_BYTES_MAX)


def complete(draft: Draft, _: Context) -> None:
    """Refuse a memory that says nothing."""
    if not str(draft.fields.get("content") or "").strip():
        draft.refuse("content", "is missing")


def _content(value: Json, draft: Draft) -> None:
    if isinstance(value, str) and len(value) > CONTENT_CHARACTERS_MAX:
        # Cut, it would be another memory; and its metadata is too small for the whole.
        draft.refuse("content", f"has more than {CONTENT_CHARACTERS_MAX:,} characters")
    elif value is not None:
        draft.text("content", value, length_max=CONTENT_CHARACTERS_MAX)


def _namespace(agent: Json, draft: Draft) -> str:
    """Return where a memory lives: with its agent, or in the project if it has none that is one."""
    if agent is None or agent == "":
        return "project"
    name = keepable(agent).strip() if isinstance(agent, str) else ""
    name = "".join(each if each.isprintable() else " " for each in name).strip().replace("/", "-")
    if not name or name in (".", "..") or len(name) > SEGMENT_CHARACTERS_MAX:
        draft.aside("agentId", agent, "is no id of an agent")
        return "project"
    return f"agent/{name}"


def _importance(value: Json, draft: Draft) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10:
        draft.aside("importance", value, "is none from 1 to 10")
    elif value < 1:
        # Some apps say it as a part of one.
        draft.fields["importance"] = round(1 + 9 * float(value), 6)
    else:
        draft.fields["importance"] = value


def _vector(value: Json, model: Json, draft: Draft) -> None:
    """Set the vector, if it is one; its model's name keeps it apart from vectors that are made here."""
    if value is None:
        return
    numbers = _numbers(value)
    if not numbers:
        draft.remark("vector", "is none that can be compared; another one is made of the content")
        return
    named = keepable(model)[:150] if isinstance(model, str) and model else "custom"
    draft.fields["vector"] = cast("list[Json]", numbers)
    draft.fields["vectorModel"] = f"browser/{named}-{len(numbers)}"


def _numbers(value: Json) -> list[float]:
    """Return a vector's numbers; none if it has none, too many, one that is not finite, or no length."""
    if isinstance(value, dict):
        # What `JSON.stringify` makes of a Float32Array.
        value = [value.get(str(place)) for place in range(len(value))]
    if not isinstance(value, list) or not 0 < len(value) <= DIMENSION_MAX:
        return []
    numbers = [
        float(each)
        for each in value
        # Comparing leaves out what is no number at all.
        if isinstance(each, int | float) and not isinstance(each, bool) and abs(each) < FLOAT_MAX
    ]
    if len(numbers) < len(value):
        return []
    return numbers if any(abs(each) > LENGTH_MIN for each in numbers) else []
