"""Tasks, as apps kept them in all their versions."""

from __future__ import annotations

from typing import Final

from timeloom_migration.planning.model import Context, Json, Table
from timeloom_migration.transformers import values
from timeloom_migration.transformers.draft import Draft
from timeloom_migration.transformers.source import Source

TITLE_CHARACTERS_MAX: Final = 500
TITLE_MADE_CHARACTERS: Final = 100

STATUSES: Final = {
    "PENDING": "PENDING",
    "TODO": "PENDING",
    "OPEN": "PENDING",
    "IN_PROGRESS": "IN_PROGRESS",
    "RUNNING": "IN_PROGRESS",
    "PAUSED": "PAUSED",
    "DONE": "COMPLETED",
    "MERGED": "COMPLETED",
    "COMPLETED": "COMPLETED",
    "CANCELLED": "CANCELLED",
    "CANCELED": "CANCELLED",
}
PRIORITIES: Final = {
    "LOW": "LOW",
    "MEDIUM": "MEDIUM",
    "NORMAL": "MEDIUM",
    "HIGH": "HIGH",
    "URGENT": "HIGH",
}
MODES: Final = {"CODE": "CODE", "ASK": "ASK"}


def read(source: Source, draft: Draft, context: Context) -> None:
    """Take the fields that are there."""
    draft.text("title", source.take("title", "name"), length_max=TITLE_CHARACTERS_MAX)
    draft.text("description", source.take("description", "prompt", "body"), length_max=100_000)
    draft.choice("status", source.take("status", "state"), STATUSES)
    draft.choice("priority", source.take("priority"), PRIORITIES)
    draft.choice("mode", source.take("mode"), MODES)
    draft.text("userId", source.take("userId", "user"), length_max=200)
    draft.text("sessionId", source.take("sessionId", "session"), length_max=200)
    environment = values.identifier(source.take("environmentId", "environment"))
    if environment:
        draft.fields["environmentId"] = str(values.target_id(context, Table.ENVIRONMENTS, environment))
    draft.text("repository", source.take("repository", "repo", "githubRepository"), length_max=500)
    draft.text("branch", source.take("branch", "branchName"), length_max=500)
    draft.text("statusMessage", source.take("statusMessage"), length_max=5000)
    draft.flag("hasChanges", source.take("hasChanges"))
    draft.flag("archived", source.take("isArchived", "archived"))
    draft.document("messages", source.take("messages", "conversation"), list)
    draft.document("pullRequest", _object_of(source.take("pullRequest", "pr")), dict)
    draft.words("tags", source.take("tags", "labels"))


def complete(draft: Draft, context: Context) -> None:
    """Give a task what it must have, as apps did: a title, a status and a priority."""
    fields = draft.fields
    if not str(fields.get("title") or "").strip():
        title = _title(draft)
        if not title:
            draft.refuse("title", "is missing, and there is nothing to make one of")
            return
        fields["title"] = title
        draft.remark("title", "is missing; it was made of the first words")
    if context.user_id:
        fields.setdefault("userId", context.user_id)
    fields.setdefault("status", "PENDING")
    fields.setdefault("priority", _priority(draft))


def _priority(draft: Draft) -> str:
    if draft.fields.get("hasChanges") or draft.fields.get("pullRequest"):
        return "HIGH"
    in_progress = draft.fields["status"] == "IN_PROGRESS"
    return "MEDIUM" if in_progress else "LOW"


def _title(draft: Draft) -> str:
    messages = draft.fields.get("messages")
    candidates: list[Json] = [draft.fields.get("description")]
    if isinstance(messages, list):
        candidates.extend(_text_of(each) for each in messages[:20])
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.strip():
            return candidate.strip().splitlines()[0][:TITLE_MADE_CHARACTERS]
    return ""


def _text_of(message: Json) -> Json:
    """Return what a message says; None if it says nothing in words."""
    if not isinstance(message, dict):
        return message
    for name in ("data", "content", "text", "message"):
        inner = message.get(name)
        if isinstance(inner, str):
            return inner
        if isinstance(inner, dict):
            return _text_of(inner)
    return None


def _object_of(pull_request: Json) -> Json:
    """Return a pull request as an object, also if only its address was kept."""
    if isinstance(pull_request, str) and pull_request.startswith("http"):
        return {"url": pull_request}
    return None if pull_request is False or pull_request == "" else pull_request
