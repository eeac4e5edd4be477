"""Traces as the states of an execution."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from timeloom_observability.model import (
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    EventType,
    TokenUsage,
)
from timeloom_observability.states import states_of

CALL = {"id": "call_1", "name": "get_weather", "arguments": {"city": "Paris"}}
ASKED = {"role": "user", "content": "Paris?"}
CALLED = {"role": "assistant", "tool_calls": [CALL]}
ANSWERED = {"role": "tool", "tool_call_id": "call_1", "content": "rainy"}
SAID = {"role": "assistant", "content": "Rain."}


def event(span_id: str, parent: str, kind: EventKind, start: int, end: int, **fields: Any) -> Event:
    for name in ("input", "output", "attributes"):
        if name in fields:
            fields[name] = json.dumps(fields[name]).encode()
    return Event(
        id=UUID(int=start),
        type=fields.pop("type", EventType.SPAN),
        kind=kind,
        name=fields.pop("name", span_id),
        span_id=span_id,
        parent_span_id=parent,
        start_ns=start,
        duration_ns=end - start,
        **fields,
    )


def told(events: list[Event]) -> list[tuple[str, dict[str, Any]]]:
    return [(state.span.span_id, state.state) for state in states_of(events)]


ROOT = event("root", "", EventKind.AGENT, 0, 100, agent_id="weather", output="Rain.")
FIRST = event(
    "first",
    "root",
    EventKind.LLM,
    1,
    10,
    input=[ASKED],
    output=[CALLED],
    usage=TokenUsage(input_tokens=5, output_tokens=2, total_tokens=7),
    cost=Cost(total=0.25, source=CostSource.PRICED),
)
TOOL = event(
    "tool", "root", EventKind.TOOL, 11, 20, tool_name="get_weather", input={"city": "Paris"}, output="rainy"
)
SECOND = event(
    "second",
    "root",
    EventKind.LLM,
    21,
    30,
    input=[ASKED, CALLED, ANSWERED],
    output=[SAID],
    usage=TokenUsage(input_tokens=9, output_tokens=1, total_tokens=10),
)


def test_a_trace_is_the_conversation_as_it_grows() -> None:
    before = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7, "cost": 0.25}
    after = {"input_tokens": 14, "output_tokens": 3, "total_tokens": 17, "cost": 0.25}
    tools = [{"name": "get_weather", "arguments": {"city": "Paris"}, "result": "rainy"}]
    asked, done = [ASKED, CALLED], [ASKED, CALLED, ANSWERED, SAID]

    assert told([SECOND, ROOT, TOOL, FIRST]) == [
        ("first", {"messages": asked, "usage": before}),
        ("tool", {"messages": asked, "usage": before, "tools": tools}),
        ("second", {"messages": done, "usage": after, "tools": tools}),
        ("root", {"messages": done, "usage": after, "tools": tools, "output": "Rain."}),
    ]


def test_another_agent_has_its_conversation_beside_that_of_the_first() -> None:
    helper = event("helper", "tool", EventKind.AGENT, 12, 18, agent_id="helper")
    asked = event("asked", "helper", EventKind.LLM, 13, 17, input="How is it?", output="Wet.")

    states = dict(told([ROOT, FIRST, TOOL, helper, asked]))

    assert states["asked"]["messages"] == [ASKED, CALLED]
    assert states["asked"]["agents"] == {
        "helper": {
            "messages": [
                {"role": "user", "content": "How is it?"},
                {"role": "assistant", "content": "Wet."},
            ]
        }
    }
    assert "helper" not in states


def test_an_agent_that_calls_no_model_here_speaks_for_itself() -> None:
    remote = event("remote", "", EventKind.AGENT, 0, 9, agent_id="far", input=[ASKED], output=[SAID])

    assert told([remote]) == [("remote", {"messages": [ASKED, SAID], "output": "Rain."})]


def test_a_call_that_two_libraries_tell_counts_once() -> None:
    inner = event("inner", "first", EventKind.LLM, 2, 9, input=[ASKED], output=[SAID], usage=FIRST.usage)

    assert told([ROOT, FIRST, inner]) == told([ROOT, FIRST])


def test_instructions_stand_before_the_conversation_and_failures_are_kept() -> None:
    failed = event(
        "failed",
        "root",
        EventKind.LLM,
        1,
        2,
        input=[ASKED],
        status=EventStatus.ERROR,
        error_type="RateLimitError",
        message="slow down",
        attributes={"gen_ai.system_instructions": '[{"type":"text","content":"Be short."}]'},
    )

    assert told([failed, ROOT])[0] == (
        "failed",
        {
            "messages": [{"role": "system", "content": "Be short."}, ASKED],
            "errors": [{"step": "failed", "type": "RateLimitError", "message": "slow down"}],
        },
    )


def test_steps_that_only_pass_on_and_moments_make_no_states() -> None:
    chain = event("chain", "root", EventKind.CHAIN, 1, 50, input="x", output="y")
    thrown = event("root", "", EventKind.OTHER, 5, 5, type=EventType.SPAN_EVENT)

    assert [span_id for span_id, _ in told([ROOT, chain, thrown])] == ["root"]


def test_a_trace_whose_root_has_not_arrived_has_states_too() -> None:
    assert [span_id for span_id, _ in told([SECOND, FIRST])] == ["first", "second"]


def test_earlier_states_stay_as_they_were() -> None:
    events = [ROOT, FIRST, TOOL, SECOND]

    assert [state for _, state in told(events)][:2] == [state for _, state in told([FIRST, TOOL, ROOT])][:2]


def test_a_very_deep_trace_of_agents_has_states() -> None:
    chain = [
        event(f"{depth}", f"{depth - 1}" if depth else "", EventKind.AGENT, depth, 50_000 - depth)
        for depth in range(5_000)
    ]

    assert [span_id for span_id, _ in told(chain)] == ["4999", "0"]
