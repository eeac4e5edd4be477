"""Preferences: what a person has chosen, one for each name."""

from __future__ import annotations

from typing import Final

from timeloom_migration.families.documents import keepable, keepable_document
from timeloom_migration.planning.model import Context, Json
from timeloom_migration.transformers.draft import Draft, size_of
from timeloom_migration.transformers.source import Source

KEY_CHARACTERS_MAX: Final = 500
VALUE_BYTES_MAX: Final = 1024 * 1024


def made_of(key: str, value: Json, context: Context) -> Draft:
    """Return the preference of a key."""
    draft = Draft()
    draft.text("key", key, length_max=KEY_CHARACTERS_MAX)
    kept = keepable_document(value)
    if len(keepable(key)) > KEY_CHARACTERS_MAX or not key:
        draft.refuse("key", f"must have from 1 to {KEY_CHARACTERS_MAX} characters")
    elif size_of(kept) > VALUE_BYTES_MAX:
        draft.refuse("value", f"has more than {VALUE_BYTES_MAX:,} bytes")
    draft.fields["value"] = kept
    if context.user_id:
        draft.fields["userId"] = context.user_id
    return draft


def read(source: Source, draft: Draft, _: Context) -> None:
    """Take the fields that are there: a preference as a row, as a queue has it."""
    draft.text("key", source.take("key", "name"), length_max=KEY_CHARACTERS_MAX)
    draft.text("userId", source.take("userId", "user"), length_max=200)
    draft.document("value", source.take("value"), None)


def complete(draft: Draft, context: Context) -> None:
    """Refuse a preference that nobody could find."""
    if not draft.fields.get("key"):
        draft.refuse("key", "is missing")
    elif "value" not in draft.fields:
        draft.refuse("value", "is missing")
    if context.user_id:
        draft.fields.setdefault("userId", context.user_id)
