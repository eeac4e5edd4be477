"""What becomes of a resource when there is nothing, the same, or another one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_migration.planning import merging
from timeloom_migration.planning.deciding import decide
from timeloom_migration.planning.model import Action, Existing, Family, Item, Resolution, Resource, Table
from timeloom_migration.planning.settling import settle

MIGRATION = UUID(int=1)
TARGET = UUID(int=2)
NOW = "2026-01-02T00:00:00Z"
BEFORE, AFTER = "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"


def resource(
    table: Table = Table.TASKS, *, target: UUID = TARGET, time: str | None = AFTER, **fields: Any
) -> Resource:
    return Resource(
        record_index=0,
        key="task-store",
        family=Family.TASKS,
        source_id="t1",
        table=table,
        target_id=target,
        fields=fields,
        update_time=time,
    )


def decided(incoming: Resource, there: dict[str, Any] | None, resolution: Resolution) -> Item:
    existing = None if there is None else Existing(id=UUID(int=9), fields=there, update_time=NOW)
    return decide(incoming, existing, resolution=resolution, migration_id=MIGRATION)


@pytest.mark.parametrize("resolution", list(Resolution))
def test_what_is_new_is_created(resolution: Resolution) -> None:
    item = decided(resource(title="Fix"), None, resolution)

    assert (item.action, item.target_id, item.fields) == (Action.CREATE, TARGET, {"title": "Fix"})


@pytest.mark.parametrize("resolution", list(Resolution))
def test_what_is_the_same_is_skipped(resolution: Resolution) -> None:
    there = {"title": "Fix", "description": "", "hasChanges": False, "etag": "7", "createTime": NOW}

    item = decided(resource(title="Fix", archived=False, metadata={}), there, resolution)

    assert (item.action, item.target_id, item.fields) == (Action.SKIP, UUID(int=9), {})


@pytest.mark.parametrize(
    ("resolution", "action", "fields"),
    [
        (Resolution.SKIP, Action.SKIP, {}),
        (Resolution.OVERWRITE, Action.OVERWRITE, {"title": "Fix", "branch": "main"}),
        (Resolution.ASK, Action.ASK, {"title": "Fix", "branch": "main"}),
        (Resolution.MERGE, Action.MERGE, {"title": "Fix", "branch": "main"}),
    ],
)
def test_what_differs_becomes_what_the_resolution_says(
    resolution: Resolution, action: Action, fields: dict[str, Any]
) -> None:
    item = decided(resource(title="Fix", branch="main"), {"title": "Other"}, resolution)

    assert (item.action, item.target_id, item.fields) == (action, UUID(int=9), fields)
    assert item.changed == ("branch", "title")


def test_a_renamed_one_has_an_id_and_a_name_of_its_own_in_each_migration() -> None:
    item = decided(
        resource(Table.ENVIRONMENTS, name="n" * 200), {"name": "n" * 200, "description": "x"}, Resolution.SKIP
    )
    assert item.action is Action.SKIP

    incoming = resource(Table.ENVIRONMENTS, name="n" * 200, description="y")
    renamed = decided(incoming, {"name": "n" * 200}, Resolution.RENAME)
    again = decided(incoming, {"name": "n" * 200}, Resolution.RENAME)
    other = decide(
        incoming,
        Existing(id=TARGET, fields={}, update_time=NOW),
        resolution=Resolution.RENAME,
        migration_id=UUID(int=5),
    )

    assert renamed == again
    assert renamed.action is Action.RENAME
    assert renamed.target_id not in (TARGET, other.target_id)
    assert len(str(renamed.fields["name"])) == 200
    assert renamed.fields["name"] != "n" * 200


def test_a_merge_takes_the_newer_value_joins_lists_and_keeps_what_is_only_there() -> None:
    there = {"title": "Old", "tags": ["a", "b"], "metadata": {"x": 1, "y": 1}, "description": "kept"}
    incoming: dict[str, Any] = {
        "title": "New",
        "tags": ["b", "c"],
        "metadata": {"y": 2, "z": 2},
        "description": "",
    }

    newer = decided(resource(**incoming), there, Resolution.MERGE)
    older = decided(resource(time=BEFORE, **incoming), there, Resolution.MERGE)
    undated = decided(resource(time=None, **incoming), there, Resolution.MERGE)

    lists = {"tags": ["a", "b", "c"]}
    assert newer.fields == {**lists, "title": "New", "metadata": {"x": 1, "y": 2, "z": 2}}
    assert older.fields == {**lists, "metadata": {"x": 1, "y": 1, "z": 2}}
    assert undated == older


def test_a_merge_that_changes_nothing_is_skipped() -> None:
    item = decided(resource(time=BEFORE, title="Old"), {"title": "New"}, Resolution.MERGE)

    assert (item.action, item.fields) == (Action.SKIP, {})


def test_secrets_are_compared_by_their_names_alone() -> None:
    there = {"name": "prod", "secretNames": ["githubToken"]}
    known = resource(Table.ENVIRONMENTS, name="prod", secrets={"githubToken": "timeloom:sealed:1/0"})
    more = resource(
        Table.ENVIRONMENTS,
        time=BEFORE,
        name="prod",
        secrets={"githubToken": "timeloom:sealed:1/0", "npm": "timeloom:sealed:1/1"},
    )

    assert decided(known, there, Resolution.MERGE).action is Action.SKIP
    assert decided(more, there, Resolution.MERGE).fields == {"secrets": {"npm": "timeloom:sealed:1/1"}}


def test_a_time_is_the_same_with_however_many_digits() -> None:
    incoming = resource(startTime="2025-03-01T09:00:00.500Z", endTime="2025-03-01T09:00:00Z")

    same = {"startTime": "2025-03-01T09:00:00.500000Z", "endTime": "2025-03-01T09:00:00.000Z"}

    assert decided(incoming, same, Resolution.OVERWRITE).action is Action.SKIP
    assert decided(incoming, {**same, "endTime": "2025-03-01T09:00:01Z"}, Resolution.OVERWRITE).changed == (
        "endTime",
    )


def test_what_is_decided_stays_decided() -> None:
    refused = Resource(
        record_index=0,
        key="task-store",
        family=Family.TASKS,
        source_id="t1",
        table=Table.TASKS,
        target_id=None,
        action=Action.REFUSE,
        reason="title: is missing",
    )

    item = decided(refused, {"title": "x"}, Resolution.OVERWRITE)

    assert (item.action, item.target_id, item.reason) == (Action.REFUSE, None, "title: is missing")


VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2)
FIELDS = st.dictionaries(
    st.sampled_from(["title", "tags", "metadata", "branch"]),
    VALUES
    | st.lists(VALUES, max_size=3, unique_by=repr)
    | st.dictionaries(st.text("xy", max_size=1), VALUES, max_size=2),
)


@given(incoming=FIELDS, there=FIELDS, is_newer=st.booleans())
def test_merging_again_changes_nothing(
    incoming: dict[str, Any], there: dict[str, Any], *, is_newer: bool
) -> None:
    merged = {**there, **merging.merge(incoming, there, is_newer=is_newer)}

    assert merging.merge(incoming, merged, is_newer=is_newer) == {}


@given(FIELDS, FIELDS)
def test_a_merge_changes_only_what_differs(incoming: dict[str, Any], there: dict[str, Any]) -> None:
    assert set(merging.merge(incoming, there, is_newer=True)) <= set(merging.differing(incoming, there))


def test_of_one_id_the_newest_counts_and_the_first_if_nobody_knows() -> None:
    old, new = resource(title="old", time=BEFORE), resource(title="new", time=AFTER)
    undated, another = resource(title="1", time=None), resource(title="2", time=None)

    assert [each.action for each in settle([old, new])] == [Action.SKIP, None]
    assert [each.action for each in settle([new, old])] == [None, Action.SKIP]
    assert [each.action for each in settle([undated, another])] == [None, Action.SKIP]
    assert [each.action for each in settle([new, new])] == [None, Action.SKIP]
    assert [each.action for each in settle([new, resource(Table.MEMORIES, content="x")])] == [None, None]
    assert settle(settle([old, new])) == settle([old, new])
