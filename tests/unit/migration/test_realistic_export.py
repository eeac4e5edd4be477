"""A whole browser's data, from records to settled resources: nothing is lost, and no secret is left."""

from __future__ import annotations

import json
from collections import Counter
from uuid import UUID

import pytest

from tests.helpers.browser_exports import BrowserExport, browser_export
from timeloom_migration.families.secrets import extract
from timeloom_migration.planning.model import Action, Context, Family, Record, Resource, SecretPolicy
from timeloom_migration.planning.settling import settle
from timeloom_migration.transformers import is_readable, transform

MADE = browser_export(task_count=40, message_count=200, environment_count=8, memory_count=60, dimension=8)


def resources_of(made: BrowserExport, policy: SecretPolicy = SecretPolicy.SEAL) -> list[Resource]:
    context = Context(
        migration_id=UUID(int=7),
        origin=made.export.source.origin,
        app="desk",
        user_id="ann",
        secret_policy=policy,
    )
    records = [
        extract(Record(index=index, store=each.store, key=each.key, value=each.value)).record
        for index, each in enumerate(made.export.records)
    ]
    readable = {(each.store, each.key) for each in records if is_readable(each)}
    return settle(
        resource for record in records for resource in transform(record, context, readable=readable)
    )


def test_as_many_resources_are_made_as_there_were() -> None:
    made = Counter(str(each.table) for each in resources_of(MADE) if each.action is None)

    assert dict(made) == MADE.created


def test_every_record_leaves_a_trace_and_every_decision_a_reason() -> None:
    resources = resources_of(MADE)

    assert {each.record_index for each in resources} == set(range(len(MADE.export.records)))
    assert [each for each in resources if each.action is not None and not each.reason] == []
    assert [each for each in resources if each.action is None and each.target_id is None] == []


def test_what_is_odd_is_told_apart() -> None:
    decided = {
        each.key: (each.family, each.action) for each in resources_of(MADE) if each.action and not each.table
    }

    assert decided["environments"] == (Family.ENVIRONMENTS, Action.REFUSE)
    assert decided["task-store-backup"] == (Family.BACKUP, Action.SKIP)
    assert decided["cache_models"] == (Family.CACHE, Action.SKIP)
    assert decided["secure_github"] == (Family.SECRET, Action.KEEP)
    assert decided["auth_token"] == (Family.UNKNOWN, Action.KEEP)
    assert decided["broken"] == (Family.UNKNOWN, Action.KEEP)
    assert decided["draft"] == (Family.UNKNOWN, Action.KEEP)


def test_a_backup_is_used_where_the_original_is_damaged() -> None:
    environments = [each for each in resources_of(MADE) if each.table == "environments"]

    assert {each.key for each in environments} == {"environments-backup"}
    assert [set(each.fields["secrets"]) for each in environments] == [{"githubToken"}] * 8  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", list(SecretPolicy))
def test_no_secret_is_left(policy: SecretPolicy) -> None:
    resources = resources_of(MADE, policy)
    told = repr(resources) + json.dumps([each.fields for each in resources], ensure_ascii=False)

    assert [secret for secret in MADE.secrets if secret in told] == []


def test_what_holds_a_secret_is_refused_if_that_is_the_policy() -> None:
    refused = [
        each.table
        for each in resources_of(MADE, SecretPolicy.REFUSE)
        if each.reason == "holds a secret in clear"
    ]

    assert Counter(refused) == {"environments": 8, "tasks": 1}


def test_the_same_data_gets_the_same_ids() -> None:
    first = [each.target_id for each in resources_of(MADE) if each.table != "mutations"]
    again = [each.target_id for each in resources_of(MADE) if each.table != "mutations"]

    assert first == again
