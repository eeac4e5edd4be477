"""Agent sessions: conversations between a person and agents, as apps kept them."""

from __future__ import annotations

from typing import Final

from timeloom_migration.planning.model import Context, Json
from timeloom_migration.transformers.draft import Draft
from timeloom_migration.transformers.source import Source

TOTAL_STAGES_MAX: Final = 1_000_000

TYPES: Final = {
    "CHAT": "CHAT",
    "TEXT": "CHAT",
    "VOICE": "VOICE",
    "BRAINSTORM": "BRAINSTORM",
    "BRAINSTORMING": "BRAINSTORM",
    "MULTI_AGENT": "MULTI_AGENT",
}


def read(source: Source, draft: Draft, _: Context) -> None:
    """Take the fields that are there."""
    draft.text("userId", source.take("userId", "user"), length_max=200)
    draft.text("agentId", source.take("agentId", "agent", "agentType"), length_max=200)
    draft.choice("type", source.take("sessionType", "type"), TYPES)
    draft.text("title", source.take("title", "name"), length_max=500)
    _data(source, draft)
    draft.text("currentStage", source.take("currentStage", "stage"), length_max=200)
    _stages(source.take("totalStages"), draft)
    draft.flag("active", source.take("isActive", "active"))
    draft.moment("startTime", source.take("startedAt", "startTime"))
    draft.moment("endTime", source.take("endedAt", "endTime"))
    draft.moment(
        "lastInteractionTime", source.take("lastInteractionAt", "lastInteractionTime", "lastActivity")
    )


def complete(draft: Draft, context: Context) -> None:
    """Give a session what it must have."""
    if context.user_id:
        draft.fields.setdefault("userId", context.user_id)
    draft.fields.setdefault("type", "CHAT")


def _data(source: Source, draft: Draft) -> None:
    """Put together what an app kept of a session: its data, and its messages if they lay beside."""
    given = source.take("sessionData", "data")
    messages = source.take("messages", "conversation")
    if isinstance(given, list):
        given = {"items": given}
    draft.document("data", given, dict)
    if messages is not None:
        data = draft.fields.get("data")
        joined: dict[str, Json] = dict(data) if isinstance(data, dict) else {}
        if "messages" in joined:
            draft.aside("messages", messages, "are there twice")
        else:
            draft.document("data", {**joined, "messages": messages}, dict)


def _stages(value: Json, draft: Draft) -> None:
    if value is None:
        return
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= TOTAL_STAGES_MAX:
        draft.fields["totalStages"] = value
    else:
        draft.aside("totalStages", value, "is no count")
