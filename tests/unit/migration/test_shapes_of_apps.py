"""The shapes that apps wrote, from the oldest to the newest: what each record becomes, and why."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_migration.families.keys import recognise
from timeloom_migration.families.secrets import extract
from timeloom_migration.planning.model import Action, Context, Family, Record, Resource, SecretPolicy
from timeloom_migration.transformers import is_readable, transform

CONTEXT = Context(
    migration_id=UUID(int=7),
    origin="https://desk.example.com",
    app="desk",
    user_id="ann",
    secret_policy=SecretPolicy.SEAL,
)
TASK = {"id": "5f0c2f8e-1111-4222-8333-444455556666", "title": "Fix"}
FULL = {
    **TASK,
    "description": "The parser",
    "messages": [{"role": "user", "type": "text", "data": {"text": "hi 😀"}}],
    "status": "IN_PROGRESS",
    "branch": "fix/parser",
    "sessionId": "s-1",
    "repository": "desk/app",
    "createdAt": "2025-01-01T00:00:00.000Z",
    "updatedAt": "2025-01-02T03:04:05.678Z",
    "statusMessage": "Reading",
    "isArchived": False,
    "mode": "code",
    "hasChanges": True,
    "pullRequest": {"number": 7},
}


def read(key: str, value: Any, *, store: str = "localStorage", raw: bool = False) -> list[Resource]:
    text = value if raw or store != "localStorage" else json.dumps(value)
    record = extract(Record(index=0, store=store, key=key, value=text)).record
    return transform(record, CONTEXT)


@pytest.mark.parametrize(
    ("key", "family"),
    [
        *((key, Family.TASKS) for key in ("task-store", "tasks", "taskStore", "task-data", "TASK_STORE")),
        *((key, Family.ENVIRONMENTS) for key in ("environments", "envs", "environment-store", "env-data")),
        *((key, Family.PREFERENCES) for key in ("user-preferences", "settings", "preferences", "theme")),
        *((key, Family.AGENT_SESSIONS) for key in ("agent-sessions", "agentSessions", "agent-session-17")),
        *((key, Family.OFFLINE_QUEUE) for key in ("electric-offline-queue", "electric:offline-queue")),
        *((key, Family.FORM) for key in ("form_new-task", "form-feedback")),
        *((key, Family.CACHE) for key in ("cache_models", "cache_tasks-backup")),
        *((key, Family.BACKUP) for key in ("task-store-backup", "environments-backup")),
        ("vector-index-agent-memory", Family.MEMORIES),
        ("secure_token-backup", Family.SECRET),
        *(
            (key, Family.UNKNOWN)
            for key in ("", "analytics", "tasksmith", "notes-backup", "insecure_x", "ключ")
        ),
    ],
)
def test_a_key_tells_its_family(key: str, family: Family) -> None:
    assert recognise(Record(index=0, store="localStorage", key=key, value="")).family is family


@pytest.mark.parametrize(
    "value",
    [
        {"state": {"tasks": [TASK]}, "version": 3},
        {"state": {"tasks": [TASK]}},
        {"state": json.dumps({"tasks": [TASK]}), "version": 0},
        {"state": {"tasks": {TASK["id"]: TASK}}, "version": 9},
        {"tasks": [TASK]},
        [TASK],
        [[TASK["id"], {"title": "Fix"}]],
        {TASK["id"]: {"title": "Fix"}},
        json.dumps([TASK]),
        TASK,
    ],
    ids=[
        "store",
        "no version",
        "text",
        "map in store",
        "object",
        "list",
        "pairs",
        "map",
        "JSON twice",
        "one",
    ],
)
def test_tasks_are_found_in_every_shape(value: Any) -> None:
    (made,) = read("task-store", value)

    assert (str(made.target_id), made.fields["title"], made.action) == (TASK["id"], "Fix", None)
    assert (made.fields["userId"], made.fields["status"]) == ("ann", "PENDING")


def test_a_whole_task_becomes_one() -> None:
    (made,) = read("task-store", [FULL])

    assert made.fields == {
        "title": "Fix",
        "description": "The parser",
        "status": "IN_PROGRESS",
        "mode": "CODE",
        "sessionId": "s-1",
        "repository": "desk/app",
        "branch": "fix/parser",
        "statusMessage": "Reading",
        "hasChanges": True,
        "archived": False,
        "messages": FULL["messages"],
        "pullRequest": {"number": 7},
        "userId": "ann",
        "priority": "HIGH",
        "metadata": {
            "originalCreateTime": "2025-01-01T00:00:00Z",
            "originalUpdateTime": "2025-01-02T03:04:05.678Z",
            "originalLocalStorageId": TASK["id"],
        },
    }
    assert made.update_time == "2025-01-02T03:04:05.678Z"
    assert made.reason == ""


@pytest.mark.parametrize(
    ("given", "status", "priority"),
    [
        ({"status": "DONE"}, "COMPLETED", "LOW"),
        ({"status": "MERGED"}, "COMPLETED", "LOW"),
        ({"status": "paused"}, "PAUSED", "LOW"),
        ({"status": "CANCELLED"}, "CANCELLED", "LOW"),
        ({"status": "in-progress"}, "IN_PROGRESS", "MEDIUM"),
        ({"status": "REVIEW"}, "PENDING", "LOW"),
        ({"status": "DONE", "hasChanges": True}, "COMPLETED", "HIGH"),
        ({"pr": "https://git.example.com/7"}, "PENDING", "HIGH"),
        ({"priority": "urgent"}, "PENDING", "HIGH"),
    ],
)
def test_status_and_priority_follow_the_words_of_apps(
    given: dict[str, Any], status: str, priority: str
) -> None:
    (made,) = read("tasks", [{**TASK, **given}])

    assert (made.fields["status"], made.fields["priority"]) == (status, priority)
    metadata = made.fields["metadata"]
    assert isinstance(metadata, dict)
    if given.get("status") in ("DONE", "MERGED", "REVIEW"):
        assert metadata["originalStatus"] == given["status"]


@pytest.mark.parametrize(
    ("given", "field", "value", "reason"),
    [
        ({"title": "x" * 600}, "title", "x" * 500, "title: was cut to 500 characters"),
        ({"title": 7}, "title", "7", ""),
        ({"title": None, "prompt": "Do it\nnow"}, "title", "Do it", "title: is missing"),
        ({"messages": "none"}, "messages", None, "messages: is no list"),
        ({"isArchived": "perhaps"}, "archived", None, "archived: is neither true nor false"),
        ({"labels": ["a", "", "a", "b"]}, "tags", ["a", "b"], ""),
        ({"title": "a\x00b\ud800"}, "title", "a\ufffdb\ufffd", ""),
        ({"color": "red"}, "color", None, "metadata: has what is unknown here: color"),
    ],
)
def test_what_does_not_fit_is_kept_and_told(
    given: dict[str, Any], field: str, value: Any, reason: str
) -> None:
    (made,) = read("tasks", [{**TASK, **given}])

    assert made.action is None
    assert made.fields.get(field) == value
    assert made.reason.startswith(reason)
    assert bool(made.reason) is bool(reason)


@pytest.mark.parametrize(
    "updated", [1735787045678, "1735787045678", 1735787045.678, "2025-01-02T03:04:05.678+00:00"]
)
def test_times_are_read_in_the_ways_that_apps_write_them(updated: Any) -> None:
    (made,) = read("tasks", [{**TASK, "updated_at": updated}])

    assert made.update_time == "2025-01-02T03:04:05.678Z"


@pytest.mark.parametrize("updated", ["yesterday", "", {}, -5, True, 1e300, "2025-13-01"])
def test_what_is_no_time_is_kept_as_it_is(updated: Any) -> None:
    (made,) = read("tasks", [{**TASK, "updatedAt": updated}])

    assert made.update_time is None
    assert isinstance(made.fields["metadata"], dict)
    assert made.fields["metadata"]["originalUpdateTime"] == updated


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("task-store", '{"state":{"tasks":[', "value: is no JSON at character 20 of 19, where it ends"),
        ("task-store", "", "value: is empty"),
        ("task-store", "7", "value: is neither a list nor an object"),
        ("task-store", '{"a":1}', "value: is an object without items or tasks"),
        ("task-store", "[5]", "is no object"),
        ("task-store", '[{"id":"t"}]', "title: is missing, and there is nothing to make one of"),
        ("environments", '[{"id":"e"}]', "name: is missing, and there is no repository to call it by"),
        ("vector-index-agent-memory", '[{"id":"m","embedding":[1]}]', "content: is missing"),
        (
            "electric-offline-queue",
            '[{"id":"q","table":"tasks","operation":"update"}]',
            "recordId: is missing",
        ),
        ("electric-offline-queue", '[{"id":"q","table":"tasks","data":{"id":"t"}}]', "operation: is none of"),
        ("task-store", "[" * 200 + "]" * 200, "value: is nested deeper than 100 levels"),
    ],
)
def test_what_cannot_be_migrated_says_why(key: str, value: str, reason: str) -> None:
    (made,) = read(key, value, raw=True)

    assert made.action is Action.REFUSE
    assert made.reason.startswith(reason)


def test_an_environments_token_becomes_its_secret() -> None:
    (made,) = read(
        "environments", {"state": {"environments": [{"id": "e", "name": "prod", "githubToken": "abc"}]}}
    )

    assert made.fields["secrets"] == {"githubToken": "timeloom:sealed:0/0"}
    assert made.reason == "githubToken: is a secret, and was sealed"


def test_a_memory_keeps_its_vector_under_a_model_of_its_own() -> None:
    document = {
        "id": "m",
        "content": "c",
        "embedding": {"0": 0.5, "1": -1},
        "metadata": {"agentType": "coder"},
    }
    made = read("vector-index-agent-memory", {"documents": [["m", document]], "config": {"model": "mini"}})[0]

    assert (made.fields["vector"], made.fields["vectorModel"]) == ([0.5, -1.0], "browser/mini-2")
    assert made.fields["namespace"] == "agent/coder"


@pytest.mark.parametrize("vector", [[], [0, 0], ["a"], [None, 1.0], [1e39], [True, 1], "abc", [0.1] * 5000])
def test_a_vector_that_is_none_is_made_anew(vector: Any) -> None:
    (made,) = read("agent-memory", [{"id": "m", "content": "c", "embedding": vector}])

    assert "vector" not in made.fields
    assert made.reason.startswith("vector: is none that can be compared")


def test_object_stores_hold_one_item_under_each_key() -> None:
    (memory,) = read("m1", {"text": "remember", "vector": [1]}, store="indexedDB:agent-memory/documents")
    (task,) = read("17", {"title": "Fix"}, store="indexedDB:desk/tasks")
    (value,) = read("user-preferences", {"theme": "dark"}, store="indexedDB:keyval-store/keyval")
    (other,) = read("1", {"a": 1}, store="indexedDB:desk/blobs")

    assert (memory.table, memory.source_id, memory.fields["content"]) == ("memories", "m1", "remember")
    assert (task.table, task.source_id) == ("tasks", "17")
    assert (value.table, value.fields["key"], value.fields["value"]) == ("preferences", "theme", "dark")
    assert (other.family, other.action) == (Family.UNKNOWN, Action.KEEP)


def test_a_queue_is_read_in_both_of_its_shapes() -> None:
    operation = {
        "id": "q",
        "table": "tasks",
        "operation": "update",
        "data": {"id": TASK["id"], "status": "DONE", "is_archived": True},
        "timestamp": 1735787045678,
        "retryCount": 3,
    }
    (listed,) = read("electric-offline-queue", [operation])
    (paired,) = read("electric:offline-queue", [["q", {**operation, "id": None}]])

    assert listed.fields == paired.fields
    assert listed.fields["recordId"] == TASK["id"]
    assert listed.fields["operation"] == "MUTATION_OPERATION_UPDATE"
    assert listed.fields["value"] == {"status": "COMPLETED", "archived": True}
    assert str(listed.fields["clock"]).startswith("001735787045678-000000-")


def test_a_deletion_has_no_value() -> None:
    (made,) = read(
        "offline-queue", [{"id": 1, "table": "environments", "type": "delete", "data": {"id": "e"}}]
    )

    assert made.fields["operation"] == "MUTATION_OPERATION_DELETE"
    assert "value" not in made.fields


def test_a_form_and_a_word_become_preferences() -> None:
    (form,) = read("form-feedback", "only words", raw=True)
    (word,) = read("theme", "dark", raw=True)

    assert (form.fields["key"], form.fields["value"]) == ("form/feedback", "only words")
    assert (word.fields["key"], word.fields["value"]) == ("theme", "dark")


def test_a_backup_counts_only_where_the_original_cannot_be_read() -> None:
    backup = Record(index=1, store="localStorage", key="task-store-backup", value=json.dumps([TASK]))

    (skipped,) = transform(backup, CONTEXT, readable={("localStorage", "task-store")})
    (used,) = transform(backup, CONTEXT, readable={("localStorage", "tasks")})

    assert (skipped.action, skipped.table) == (Action.SKIP, None)
    assert (used.action, used.table, used.fields["title"]) == (None, "tasks", "Fix")


NAMES = (
    "id title tasks state messages embedding content table operation data updatedAt metadata name status "
    "tags key value documents environments"
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["DONE", "tasks", "insert", 10**400, -(10**400), "\ud800", "\x00"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES.split()),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)
KEYS = (
    "task-store environments user-preferences agent-sessions vector-index-agent-memory "
    "electric-offline-queue form_x secure_x task-store-backup unknown"
)


@given(
    key=st.sampled_from(KEYS.split()),
    value=ANYTHING,
    is_text=st.booleans(),
    policy=st.sampled_from(SecretPolicy),
)
def test_whatever_was_kept_is_read_or_refused_with_a_reason(
    *, key: str, value: Any, is_text: bool, policy: SecretPolicy
) -> None:
    context = Context(migration_id=CONTEXT.migration_id, origin="", app="", user_id="", secret_policy=policy)
    stored = json.dumps(value) if is_text else value
    record = extract(Record(index=0, store="localStorage", key=key, value=stored)).record

    is_readable(record)
    resources = transform(record, context)

    for each in resources:
        assert (each.action is None) == (each.target_id is not None)
        assert each.action is None or each.reason
        assert "\x00" not in json.dumps(each.fields, ensure_ascii=False)
        json.dumps(each.fields, ensure_ascii=False, allow_nan=False).encode()
