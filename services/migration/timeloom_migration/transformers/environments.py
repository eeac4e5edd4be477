"""Environments, as apps kept them; their tokens are secrets from now on."""

from __future__ import annotations

from typing import Final

from timeloom_migration.families.documents import keepable
from timeloom_migration.families.secrets import is_secret_name
from timeloom_migration.planning.model import PLACEHOLDER_PREFIX, Context, Json, SecretPolicy
from timeloom_migration.transformers.draft import Draft
from timeloom_migration.transformers.source import Source

NAME_CHARACTERS_MAX: Final = 200
SECRET_COUNT_MAX: Final = 50
VARIABLE_COUNT_MAX: Final = 200


def read(source: Source, draft: Draft, context: Context) -> None:
    """Take the fields that are there."""
    draft.text("name", source.take("name", "title"), length_max=NAME_CHARACTERS_MAX)
    draft.text("description", source.take("description"), length_max=100_000)
    draft.text("githubOrganization", source.take("githubOrganization", "githubOrg", "org"), length_max=200)
    draft.text("githubRepository", source.take("githubRepository", "repository", "repo"), length_max=500)
    draft.text("userId", source.take("userId", "user"), length_max=200)
    _variables(source.take("variables", "env", "envVars"), draft)
    _secrets(source, draft, context)


def complete(draft: Draft, context: Context) -> None:
    """Give an environment what it must have."""
    if not str(draft.fields.get("name") or "").strip():
        repository = draft.fields.get("githubRepository")
        if not isinstance(repository, str) or not repository:
            draft.refuse("name", "is missing, and there is no repository to call it by")
            return
        draft.fields["name"] = repository[:NAME_CHARACTERS_MAX]
        draft.remark("name", "is missing; it is called by its repository")
    if context.user_id:
        draft.fields.setdefault("userId", context.user_id)


def _variables(value: Json, draft: Draft) -> None:
    if value is None:
        return
    if not isinstance(value, dict) or len(value) > VARIABLE_COUNT_MAX:
        draft.aside("variables", value, "are no names with texts")
        return
    variables: dict[str, Json] = {}
    for name, each in value.items():
        if isinstance(each, str) and each.startswith(PLACEHOLDER_PREFIX):
            draft.rest.setdefault(name, each)
        elif isinstance(each, str | int | float):
            variables[keepable(name)] = keepable(str(each))
    draft.fields["variables"] = variables


def _secrets(source: Source, draft: Draft, context: Context) -> None:
    """Take the placeholders of secrets, wherever they stand among the fields."""
    found: dict[str, Json] = {
        name: value
        for name, value in {**source.rest(), **draft.rest}.items()
        if isinstance(value, str) and value.startswith(PLACEHOLDER_PREFIX)
    }
    for name in found:
        source.take(name)
        draft.rest.pop(name, None)
    empty = [name for name, value in source.rest().items() if is_secret_name(name) and value in ("", None)]
    for name in empty:
        source.take(name)
    if not found:
        return
    if context.secret_policy is SecretPolicy.DROP:
        draft.remarks.extend(f"{name}: is a secret, and was left out" for name in sorted(found))
    elif len(found) > SECRET_COUNT_MAX:
        draft.refuse("secrets", f"are more than {SECRET_COUNT_MAX}")
    else:
        draft.fields["secrets"] = found
        draft.remarks.extend(f"{name}: is a secret, and was sealed" for name in sorted(found))
