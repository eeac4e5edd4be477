"""Events say what people would read, and mean what they are about."""

from __future__ import annotations

from typing import Any

import pytest

from timeloom_observability.model import EventKind, EventStatus, EventType
from timeloom_observability.search.documents import Weight
from timeloom_observability.search.texts import (
    DOCUMENT_LENGTH_MAX,
    MEANING_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    meaning_of,
    readable,
    texts_of,
)


def _row(**columns: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        (
            "name",
            "message",
            "tool_name",
            "agent_id",
            "model",
            "error_type",
            "input_preview",
            "output_preview",
        ),
        "",
    )
    return {
        **empty,
        "type": EventType.SPAN,
        "kind": EventKind.OTHER,
        "status": EventStatus.OK,
        "parent_span_id": b"parent",
        "input": None,
        "output": None,
        **columns,
    }


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ('"tea"', "tea"),
        ('{"city": "Oslo", "days": [1, true, null]}', "city\nOslo\ndays\n1\nTrue"),
        ('[{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]', "two\none"),
        (
            '{"role": "assistant", "tool_calls": [{"name": "shop", "arguments": "{\\"a\\": 1}"}]}',
            "shop\na\n1",
        ),
        ('no "json\\n', 'no "json '),
        ("", ""),
    ],
)
def test_a_document_is_read_as_people_read_it(document: str, text: str) -> None:
    assert readable(document) == text


def test_what_is_read_is_bounded() -> None:
    assert len(readable('"' + "x" * (DOCUMENT_LENGTH_MAX - 10) + '"')) == TEXT_LENGTH_MAX
    assert len(readable('"' + "x" * DOCUMENT_LENGTH_MAX)) == TEXT_LENGTH_MAX
    assert len(meaning_of(_row(kind=EventKind.LLM, input_preview="x" * 5_000))) == MEANING_LENGTH_MAX


def test_names_are_more_telling_than_contents() -> None:
    row = _row(
        name="chat",
        model="gpt-4o",
        agent_id="chat",
        message="slow",
        input='"tea?"',
        input_preview="tea?",
        output='{"a": 1}',
    )

    assert list(texts_of(row)) == [
        (Weight.NAME, "chat"),
        (Weight.NAME, "gpt-4o"),
        (Weight.MESSAGE, "slow"),
        (Weight.CONTENT, "a\n1"),
        (Weight.CONTENT, "tea?"),
    ]


@pytest.mark.parametrize(
    ("columns", "meaning"),
    [
        ({"name": "GET /", "input_preview": "tea"}, ""),
        ({"kind": EventKind.LLM, "input_preview": "tea?", "output_preview": "yes"}, "tea?\nyes"),
        ({"kind": EventKind.TOOL, "tool_name": "kettle", "message": "too hot"}, "kettle\ntoo hot"),
        ({"name": "pay", "status": EventStatus.ERROR, "error_type": "Timeout"}, "pay Timeout"),
        ({"name": "root", "parent_span_id": None}, "root"),
        ({"type": EventType.LOG, "message": "it rains"}, "it rains"),
        ({"type": EventType.SPAN_EVENT, "message": "it rains"}, ""),
    ],
)
def test_what_is_looked_for_by_meaning_has_one(columns: dict[str, Any], meaning: str) -> None:
    assert meaning_of(_row(**columns)) == meaning
