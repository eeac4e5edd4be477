"""What callers give for a record's fields: what is right comes back, what is wrong is named."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_platform.errors import InvalidFieldError, MalformedJsonError, TimeloomError
from timeloom_workspace.records.checking import changed_values, new_values, values_of_json
from timeloom_workspace.records.documents import DEPTH_MAX, decoded, patched
from timeloom_workspace.records.tables import AGENT_SESSIONS, ENVIRONMENTS, PREFERENCES, TASKS

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=4)


@given(
    title=TEXTS.filter(bool),
    messages=st.lists(JSON, max_size=4),
    metadata=OBJECTS,
    tags=st.lists(TEXTS.filter(bool)),
)
def test_a_task_of_json_is_what_it_says(
    title: str, messages: list[Any], metadata: dict[str, Any], tags: list[str]
) -> None:
    said = {"title": title, "messages": messages, "metadata": metadata, "tags": tags, "pullRequest": None}
    values = new_values(TASKS, values_of_json(TASKS, json.dumps(said).encode()))
    assert values["title"] == title
    assert json.loads(str(values["messages"])) == messages
    assert json.loads(str(values["metadata"])) == metadata
    assert values["tags"] == list(dict.fromkeys(tags))
    assert values["pull_request"] is None
    assert set(values) == set(TASKS.fields)


@given(document=JSON)
def test_a_preference_takes_any_value(document: Any) -> None:
    said = json.dumps({"key": "theme", "value": document}).encode()
    values = new_values(PREFERENCES, values_of_json(PREFERENCES, said))
    assert json.loads(str(values["value"])) == document


@given(raw=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    for table in (TASKS, ENVIRONMENTS, PREFERENCES, AGENT_SESSIONS):
        with suppress(InvalidFieldError, MalformedJsonError):
            assert set(values_of_json(table, raw)) <= set(table.fields)


@given(target=JSON, first=JSON, second=JSON)
def test_a_merge_patch_has_the_laws_of_its_rfc(target: Any, first: Any, second: Any) -> None:
    once = patched(target, first)
    assert patched(once, first) == once
    if not isinstance(second, dict):
        assert patched(target, second) == second


@given(target=OBJECTS, patch=OBJECTS)
def test_a_merge_patch_leaves_what_it_does_not_name(target: dict[str, Any], patch: dict[str, Any]) -> None:
    result = patched(target, patch)
    for name, value in target.items():
        if name not in patch:
            assert result[name] == value
    assert not [name for name, value in patch.items() if value is None and name in result]


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_rfc_shows(target: Any, patch: Any, result: Any) -> None:
    assert patched(target, patch) == result


def test_a_document_may_be_as_deep_as_it_may_be() -> None:
    deep = b"[" * DEPTH_MAX + b"]" * DEPTH_MAX
    assert decoded("messages", deep) is not None
    with pytest.raises(InvalidFieldError, match="nested more than 100 levels"):
        decoded("messages", b"[" + deep + b"]")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23T17:11:07Z", datetime(2026, 11, 23, 17, 11, 7, tzinfo=UTC)),
        ("2026-11-23t17:11:07.5z", datetime(2026, 11, 23, 17, 11, 7, 500_000, tzinfo=UTC)),
        ("2026-11-23 18:11:07.123456789+01:00", datetime(2026, 11, 23, 17, 11, 7, 123_456, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_the_internet_writes_them(text: str, time: datetime) -> None:
    values = values_of_json(AGENT_SESSIONS, json.dumps({"startTime": text}).encode())
    assert values == {"start_time": time}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"colour": 1}, "colour is no field of agent_sessions"),
        ({"startTime": "yesterday"}, "startTime must be a time, such as 2026-11-23T17:11:07Z"),
        ({"startTime": "2026-13-23T17:11:07Z"}, "startTime must be a time, such as 2026-11-23T17:11:07Z"),
        (
            {"startTime": "0001-01-01T00:00:00+14:00"},
            "startTime must be a time, such as 2026-11-23T17:11:07Z",
        ),
        ({"startTime": 7}, "startTime must be a text"),
        ({"title": 7}, "title must be a text"),
        ({"active": 1}, "active must be true or false"),
        ({"totalStages": True}, "totalStages must be a whole number"),
        ({"totalStages": 1.5}, "totalStages must be a whole number"),
        ({"totalStages": -1}, "totalStages must be from 0 to 1000000"),
        ({"totalStages": 1_000_001}, "totalStages must be from 0 to 1000000"),
        ({"type": "FIGHT"}, "type must be one of CHAT, VOICE, BRAINSTORM, MULTI_AGENT"),
        ({"data": []}, "data must be a JSON object"),
        ({"title": "x" * 501}, "title has 501 characters; at most 500 are allowed"),
        ({"title": "\x00"}, "title must not contain the character U+0000"),
        ([], "value must be a JSON object"),
        ({"x" * 1000: 1}, "x" * 100 + " is no field of agent_sessions"),
    ],
)
def test_what_is_wrong_in_json_is_named(said: Any, message: str) -> None:
    with pytest.raises(TimeloomError) as refused:
        changed_values(AGENT_SESSIONS, values_of_json(AGENT_SESSIONS, json.dumps(said).encode()))
    assert str(refused.value) == message


def test_what_the_service_sets_is_passed_over() -> None:
    said = {"id": "x", "etag": "y", "createTime": 7, "updateTime": None, "secretNames": 8, "name": "kitchen"}
    assert values_of_json(ENVIRONMENTS, json.dumps(said).encode()) == {"name": "kitchen"}


def test_variables_are_texts_by_names() -> None:
    for variables, message in (
        ('{"A": 1}', 'variables["A"] must be a text'),
        ('{"": "x"}', "variables must have names of 1 to 200 characters"),
        (
            json.dumps({str(n): "x" for n in range(201)}),
            "variables has 201 elements; at most 200 are allowed",
        ),
        (json.dumps({"A": "x" * 32_769}), 'variables["A"] has 32769 characters; at most 32768 are allowed'),
        ("[]", "variables must be a JSON object"),
    ):
        with pytest.raises(InvalidFieldError) as refused:
            changed_values(ENVIRONMENTS, {"variables": variables})
        assert str(refused.value) == message


def test_an_id_is_a_uuid_or_none() -> None:
    text = "018f4e5a-0000-7000-8000-000000000001"
    assert values_of_json(TASKS, json.dumps({"environmentId": text}).encode()) == {
        "environment_id": UUID(text)
    }
    assert values_of_json(TASKS, b'{"environmentId":""}') == {"environment_id": None}
    with pytest.raises(InvalidFieldError, match="environmentId must be a UUID"):
        values_of_json(TASKS, b'{"environmentId":"kitchen"}')


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(InvalidFieldError) as refused:
        new_values(PREFERENCES, {"user_id": "ada"})
    assert [violation.field for violation in refused.value.violations] == ["key", "value"]
