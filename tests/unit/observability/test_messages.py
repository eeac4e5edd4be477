"""Conversations of every form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.limits import PREVIEW_LENGTH_MAX
from timeloom_observability.semantics.messages import messages_in, text_of
from timeloom_observability.semantics.previews import input_preview, output_preview

CALL = {"id": "c1", "name": "weather", "arguments": {"city": "Paris"}}
ASKED = {"role": "user", "content": "Paris?"}
CALLED = {"role": "assistant", "tool_calls": [CALL]}
ANSWERED = {"role": "tool", "tool_call_id": "c1", "content": "rainy"}
SAID = {"role": "assistant", "content": "Rain."}

CONVENTIONS = [
    {"role": "user", "parts": [{"type": "text", "content": "Paris?"}]},
    {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "hm"},
            {"type": "tool_call", "id": "c1", "name": "weather", "arguments": '{"city":"Paris"}'},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rainy"}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "Rain."}], "finish_reason": "stop"},
]
OPENAI = [
    {"role": "user", "content": [{"type": "text", "text": "Paris?"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "weather", "arguments": '{"city":"Paris"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "rainy"},
    {"role": "assistant", "content": "Rain."},
]
RESPONSES = [
    {"role": "user", "content": "Paris?"},
    {"type": "reasoning", "summary": []},
    {"type": "function_call", "id": "f", "call_id": "c1", "name": "weather", "arguments": '{"city":"Paris"}'},
    {"type": "function_call_output", "call_id": "c1", "output": "rainy"},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Rain."}]},
]
ANTHROPIC = [
    {"role": "user", "content": "Paris?"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm"},
            {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Paris"}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "rainy"}]}
        ],
    },
    {"role": "assistant", "content": [{"type": "text", "text": "Rain."}]},
]
LANGCHAIN = {
    "messages": [
        [
            {"lc": 1, "type": "constructor", "kwargs": {"content": "Paris?", "type": "human"}},
            {
                "type": "ai",
                "data": {
                    "content": "",
                    "type": "ai",
                    "tool_calls": [{"id": "c1", "name": "weather", "args": {"city": "Paris"}}],
                },
            },
            {"type": "tool", "content": "rainy", "tool_call_id": "c1"},
            ["assistant", "Rain."],
        ]
    ]
}
VERCEL = [
    {"role": "user", "content": [{"type": "text", "text": "Paris?"}]},
    {
        "role": "assistant",
        "content": [
            {"type": "tool-call", "toolCallId": "c1", "toolName": "weather", "args": {"city": "Paris"}}
        ],
    },
    {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c1", "result": "rainy"}]},
    {"role": "assistant", "content": "Rain."},
]
OPENINFERENCE = [
    {"role": "user", "contents": [{"type": "text", "text": "Paris?"}]},
    {
        "role": "assistant",
        "tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "rainy"},
    {"role": "assistant", "content": "Rain."},
]


@pytest.mark.parametrize(
    "conversation", [CONVENTIONS, OPENAI, RESPONSES, ANTHROPIC, LANGCHAIN, VERCEL, OPENINFERENCE]
)
def test_a_conversation_reads_the_same_in_every_form(conversation: Any) -> None:
    assert messages_in(conversation) == [ASKED, CALLED, ANSWERED, SAID]
    assert input_preview(conversation) == "Paris?"
    assert output_preview(conversation) == "Rain."


def test_gemini_names_parts_by_their_members() -> None:
    conversation = [
        {"role": "user", "parts": [{"text": "Paris?"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {"city": "Paris"}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"sky": "grey"}}}]},
    ]

    assert messages_in(conversation) == [
        ASKED,
        {"role": "assistant", "tool_calls": [{"name": "weather", "arguments": {"city": "Paris"}}]},
        {"role": "tool", "name": "weather", "content": '{"sky":"grey"}'},
    ]


@pytest.mark.parametrize(
    "wrapped",
    [
        {"choices": [{"index": 0, "message": SAID}]},
        {"generations": [[{"text": "Rain.", "message": {"type": "ai", "kwargs": SAID}}]]},
        {"output": [{"type": "message", **SAID}]},
        {"messages": [SAID]},
        {"data": {"content": "Rain.", "type": "ai"}},
        SAID,
    ],
)
def test_messages_are_found_in_what_wraps_them(wrapped: Any) -> None:
    assert messages_in(wrapped) == [SAID]


@pytest.mark.parametrize(
    "value",
    [None, 7, "text", [], {}, [1, "a"], ["user", "Hi"], {"role": 7}, {"type": "text"}, {"a": {"b": []}}],
)
def test_what_is_no_conversation_has_no_messages(value: Any) -> None:
    assert messages_in(value) == []


def test_what_is_no_text_is_named() -> None:
    message = {
        "role": "user",
        "content": [{"type": "text", "text": "See"}, {"type": "image_url", "url": "x"}],
    }

    assert messages_in(message) == [{"role": "user", "content": "See\n[image_url]"}]


def test_a_call_that_is_told_twice_in_one_message_is_one() -> None:
    block = {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Paris"}}
    message = {
        "type": "ai",
        "content": [block],
        "tool_calls": [{"id": "c1", "name": "weather", "args": {"city": "Paris"}}],
    }

    assert messages_in(message) == [CALLED]


@pytest.mark.parametrize(
    ("value", "preview"),
    [
        ("plain", "plain"),
        ({"question": "Why?"}, "Why?"),
        ({"city": "Paris"}, '{"city":"Paris"}'),
        ({"question": "Why?", "n": 2}, '{"question":"Why?","n":2}'),
        ([CALLED], 'weather({"city":"Paris"})'),
        ([{"role": "system", "content": "Be kind."}], "Be kind."),
        (7, "7"),
    ],
)
def test_a_preview_is_what_a_person_would_read(value: Any, preview: str) -> None:
    assert input_preview(value) == preview


def test_a_preview_is_short_and_has_no_nul() -> None:
    assert input_preview("\0" + "x" * 10_000) == "\ufffd" + "x" * (PREVIEW_LENGTH_MAX - 1)


TEXTS = st.text("ab", max_size=3)
PARTS = st.builds(
    lambda kind, text: {"type": kind, "content": text}, st.sampled_from(["text", "image"]), TEXTS
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"])},
    optional={
        "content": st.none() | TEXTS | st.lists(PARTS, max_size=2),
        "parts": st.lists(PARTS, max_size=2),
        "finish_reason": st.just("stop"),
        "name": TEXTS,
    },
)


@given(messages=st.lists(MESSAGES, max_size=10))
def test_a_preview_is_that_of_all_messages_however_it_is_found(messages: list[dict[str, Any]]) -> None:
    read = messages_in(messages)
    asked = [message["content"] for message in read if message["role"] == "user"]

    assert read == [] or input_preview(messages) == (asked or [read[-1].get("content")])[-1]
    assert read == [] or output_preview(messages) == read[-1]["content"]


def test_text_of_anything_is_text() -> None:
    assert [text_of(value) for value in (None, "a", [{"type": "text", "text": "b"}], {"c": 1}, [])] == [
        "",
        "a",
        "b",
        '{"c":1}',
        "",
    ]
