"""What spans of every convention come to, as whole events."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers.telemetry import (
    RECEIVER,
    SECOND_NS,
    SPAN_ID,
    START_NS,
    TRACE_ID,
    as_protobuf,
    moment,
    span,
    traces,
)
from timeloom_observability.model import (
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    EventType,
    Severity,
    TokenUsage,
)
from timeloom_observability.otlp.protobuf import PROTOBUF
from timeloom_observability.otlp.traces import read_traces
from timeloom_observability.semantics.kinds import LANGCHAIN, OPENAI_AGENTS

CLIENT = Span.SPAN_KIND_CLIENT


def events_of(*spans: Span, scope: str = "tests") -> list[Event]:
    outcome = read_traces(as_protobuf(traces(*spans, scope=scope)), PROTOBUF, RECEIVER)
    assert (outcome.rejected_count, outcome.message) == (0, "")
    return outcome.events


def event_of(attributes: dict[str, Any], *, scope: str = "tests", **fields: Any) -> Event:
    (event,) = events_of(span(attributes, **fields), scope=scope)
    return event


def expected(**fields: Any) -> Event:
    """Returns an event as that of a plain span, but for what is said."""
    shared: dict[str, Any] = {
        "id": RECEIVER.names.span(START_NS, TRACE_ID, SPAN_ID),
        "type": EventType.SPAN,
        "name": "work",
        "status": EventStatus.OK,
        "trace_id": TRACE_ID.hex(),
        "span_id": SPAN_ID.hex(),
        "start_ns": START_NS,
        "duration_ns": SECOND_NS,
        "service_name": "shop",
        "scope_name": "tests",
        "resource": b'{"service.name":"shop"}',
    }
    return Event(**{**shared, **fields})


def without(event: Event, *names: str) -> Event:
    """Returns an event without what another test looks at."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__ if name not in names}
    return Event(**fields)


def test_a_chat_of_the_conventions_is_a_call_of_a_model() -> None:
    event = event_of(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.system": "az.ai.openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.conversation.id": "c-1",
            "user.id": "ada",
            "gen_ai.agent.name": "weather_agent",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 200,
            "gen_ai.usage.cache_read.input_tokens": 400,
            "gen_ai.usage.reasoning.output_tokens": 50,
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Paris?"}]}]',
            "gen_ai.output.messages": [
                {"role": "assistant", "parts": [{"type": "text", "content": "Rain."}]}
            ],
            "gen_ai.request.temperature": 0.5,
        },
        name="chat gpt-4o",
        kind=CLIENT,
    )

    assert event == expected(
        name="chat gpt-4o",
        kind=EventKind.LLM,
        session_id="c-1",
        user_id="ada",
        agent_id="weather_agent",
        model="gpt-4o-2024-08-06",
        provider="openai",
        usage=TokenUsage(
            input_tokens=1000,
            output_tokens=200,
            total_tokens=1200,
            cache_read_tokens=400,
            reasoning_tokens=50,
        ),
        cost=Cost(total=0.004, input=0.002, output=0.002, source=CostSource.PRICED),
        input_preview="Paris?",
        output_preview="Rain.",
        input=b'[{"role":"user","parts":[{"type":"text","content":"Paris?"}]}]',
        output=b'[{"role":"assistant","parts":[{"type":"text","content":"Rain."}]}]',
        attributes=b'{"gen_ai.operation.name":"chat","gen_ai.provider.name":"openai",'
        b'"gen_ai.system":"az.ai.openai","gen_ai.request.model":"gpt-4o",'
        b'"gen_ai.response.model":"gpt-4o-2024-08-06","gen_ai.conversation.id":"c-1","user.id":"ada",'
        b'"gen_ai.agent.name":"weather_agent","gen_ai.usage.input_tokens":1000,'
        b'"gen_ai.usage.output_tokens":200,"gen_ai.usage.cache_read.input_tokens":400,'
        b'"gen_ai.usage.reasoning.output_tokens":50,"gen_ai.request.temperature":0.5,"span.kind":"client"}',
    )


def test_a_model_call_of_openinference_has_its_messages_put_together() -> None:
    event = event_of(
        {
            "openinference.span.kind": "LLM",
            "llm.system": "openai",
            "llm.model_name": "gpt-4o-mini",
            "session.id": "s-1",
            "llm.token_count.prompt": 57,
            "llm.token_count.completion": 17,
            "llm.token_count.total": 74,
            "llm.token_count.prompt_details.cache_read": 8,
            "llm.token_count.completion_details.reasoning": 3,
            "llm.cost.total": 0.5,
            "llm.cost.prompt": 0.2,
            "llm.cost.completion": 0.3,
            "input.value": "raw",
            "llm.input_messages.1.message.role": "user",
            "llm.input_messages.1.message.contents.0.message_content.type": "text",
            "llm.input_messages.1.message.contents.0.message_content.text": "Weather?",
            "llm.input_messages.10.message.role": "tool",
            "llm.input_messages.10.message.content": "rain",
            "llm.input_messages.2.message.role": "assistant",
            "llm.input_messages.2.message.tool_calls.0.tool_call.id": "call_1",
            "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "get_weather",
            "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": '{"city":"Paris"}',
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": "It rains.",
            "tag.tags": ["prod", "eu", "prod"],
        }
    )

    assert json.loads(event.input or b"") == [
        {"role": "user", "contents": [{"type": "text", "text": "Weather?"}]},
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "call_1", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
            ],
        },
        {"role": "tool", "content": "rain"},
    ]
    assert without(event, "input", "attributes") == expected(
        kind=EventKind.LLM,
        session_id="s-1",
        model="gpt-4o-mini",
        provider="openai",
        tags=("prod", "eu"),
        usage=TokenUsage(
            input_tokens=57, output_tokens=17, total_tokens=74, cache_read_tokens=8, reasoning_tokens=3
        ),
        cost=Cost(total=0.5, input=0.2, output=0.3, source=CostSource.REPORTED),
        input_preview="Weather?",
        output_preview="It rains.",
        output=b'[{"role":"assistant","content":"It rains."}]',
    )
    assert "llm.input_messages.1.message.role" not in json.loads(event.attributes)
    assert json.loads(event.attributes)["input.value"] == "raw"


def test_a_tool_has_its_arguments_and_result() -> None:
    event = event_of(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.call.arguments": '{"city":"Paris"}',
            "gen_ai.tool.call.result": "rainy",
            "gen_ai.agent.name": "weather_agent",
        },
        name="execute_tool get_weather",
    )

    assert without(event, "attributes") == expected(
        name="execute_tool get_weather",
        kind=EventKind.TOOL,
        tool_name="get_weather",
        agent_id="weather_agent",
        input_preview='{"city":"Paris"}',
        output_preview="rainy",
        input=b'{"city":"Paris"}',
        output=b'"rainy"',
    )


def test_what_an_agent_sums_up_is_not_counted_again() -> None:
    called = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a", "operation.cost": 1.5}
    agent = {
        **called,
        "gen_ai.usage.input_tokens": 114,
        "gen_ai.aggregated_usage.input_tokens": 114,
        "pydantic_ai.all_messages": '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
        "final_result": "done",
    }

    event = event_of(agent, kind=Span.SPAN_KIND_INTERNAL)

    assert without(event, "attributes") == expected(
        kind=EventKind.AGENT,
        agent_id="a",
        input_preview="Hi",
        output_preview="done",
        input=b'[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
        output=b'"done"',
    )
    kept = json.loads(event.attributes)
    assert (kept["gen_ai.usage.input_tokens"], kept["gen_ai.aggregated_usage.input_tokens"]) == (114, 114)


REMOTE = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.output_tokens": 7, "operation.cost": 0.25}


def test_an_agent_elsewhere_has_used_what_it_says() -> None:
    event = event_of(
        {**REMOTE, "server.address": "agents.example"},
        name="invoke_agent travel",
        kind=CLIENT,
    )
    own = event_of(REMOTE, name="invoke_agent travel", kind=CLIENT)

    assert (event.agent_id, event.usage, event.cost) == (
        "travel",
        TokenUsage(output_tokens=7, total_tokens=7),
        Cost(total=0.25, source=CostSource.REPORTED),
    )
    assert (own.agent_id, own.usage, own.cost) == ("travel", None, None)


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "generate_content"}, EventKind.LLM),
        ({"gen_ai.operation.name": "embeddings"}, EventKind.EMBEDDING),
        ({"gen_ai.operation.name": "retrieval"}, EventKind.RETRIEVER),
        ({"gen_ai.operation.name": "invoke_workflow"}, EventKind.WORKFLOW),
        ({"gen_ai.operation.name": "plan"}, EventKind.PLAN),
        ({"gen_ai.operation.name": "search_memory"}, EventKind.MEMORY),
        ({"gen_ai.operation.name": "create_agent"}, EventKind.OTHER),
        ({"gen_ai.operation.name": "create_agent", "gen_ai.request.model": "m"}, EventKind.OTHER),
        ({"gen_ai.operation.name": "invented", "gen_ai.request.model": "m"}, EventKind.LLM),
        ({"gen_ai.operation.name": "invented", "openinference.span.kind": "TOOL"}, EventKind.TOOL),
        ({"gen_ai.operation.name": 7}, EventKind.OTHER),
        ({"openinference.span.kind": "RERANKER"}, EventKind.RERANKER),
        ({"openinference.span.kind": "GUARDRAIL"}, EventKind.GUARDRAIL),
        ({"openinference.span.kind": "EVALUATOR"}, EventKind.EVALUATOR),
        ({"openinference.span.kind": "PROMPT"}, EventKind.PROMPT),
        ({"openinference.span.kind": "UNKNOWN"}, EventKind.OTHER),
        ({"gen_ai.operation.name": "chat", "openinference.span.kind": "CHAIN"}, EventKind.LLM),
        ({"traceloop.span.kind": "task"}, EventKind.CHAIN),
        ({"llm.request.type": "completion"}, EventKind.LLM),
        ({"ai.operationId": "ai.generateText"}, EventKind.CHAIN),
        ({"ai.operationId": "ai.generateText.doGenerate"}, EventKind.LLM),
        ({"ai.operationId": "ai.toolCall"}, EventKind.TOOL),
        ({"mlflow.spanType": '"CHAT_MODEL"'}, EventKind.LLM),
        ({"langfuse.observation.type": "generation"}, EventKind.LLM),
        ({"gen_ai.tool.name": "search"}, EventKind.TOOL),
        ({"gen_ai.request.model": "m"}, EventKind.LLM),
        ({"http.request.method": "GET"}, EventKind.OTHER),
        ({}, EventKind.OTHER),
    ],
)
def test_a_kind_follows_from_what_its_writer_calls_it(attributes: dict[str, Any], kind: EventKind) -> None:
    assert event_of(attributes).kind is kind


def test_the_trace_of_the_openai_agents_is_a_workflow_and_the_agent_below_it_an_agent() -> None:
    attributes = {"openinference.span.kind": "AGENT"}

    trace = event_of(attributes, scope=OPENAI_AGENTS, name="Agent workflow")
    agent = event_of({**attributes, "agent.name": "helper"}, scope=OPENAI_AGENTS, name="helper")

    assert [(event.kind, event.agent_id) for event in (trace, agent)] == [
        (EventKind.WORKFLOW, ""),
        (EventKind.AGENT, "helper"),
    ]


def test_a_step_of_langchain_shows_all_of_its_input() -> None:
    event = event_of(
        {
            "openinference.span.kind": "CHAIN",
            "input.value": '{"messages": [{"type": "human", "data": {"content": "Paris?", "type": "human"}}, '
            '{"type": "ai", "data": {"content": "Rain.", "type": "ai"}}]}',
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "Paris?",
        },
        scope=LANGCHAIN,
        name="LangGraph",
    )

    assert (event.kind, event.input_preview) == (EventKind.WORKFLOW, "Paris?")
    assert b'"Rain."' in (event.input or b"")
    assert json.loads(event.attributes)["llm.input_messages.0.message.content"] == "Paris?"


def test_older_names_are_known() -> None:
    event = event_of(
        {
            "gen_ai.system": "Anthropic",
            "gen_ai.request.model": "claude-3-haiku-20240307",
            "llm.request.type": "chat",
            "gen_ai.usage.prompt_tokens": 20,
            "gen_ai.usage.completion_tokens": 4,
            "gen_ai.usage.cache_read_input_tokens": 100,
            "gen_ai.usage.cache_creation_input_tokens": 10,
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hello",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Bonjour",
            "traceloop.association.properties.session_id": "s-2",
        }
    )

    assert without(event, "attributes") == expected(
        kind=EventKind.LLM,
        model="claude-3-haiku-20240307",
        provider="Anthropic",
        session_id="s-2",
        usage=TokenUsage(
            input_tokens=130, output_tokens=4, total_tokens=134, cache_read_tokens=100, cache_write_tokens=10
        ),
        cost=Cost(
            total=pytest.approx(16e-6),  # type: ignore[arg-type]  # it compares as a number
            input=pytest.approx(11e-6),  # type: ignore[arg-type]  # likewise
            output=pytest.approx(5e-6),  # type: ignore[arg-type]  # likewise
            source=CostSource.PRICED,
        ),
        input_preview="Hello",
        output_preview="Bonjour",
        input=b'[{"role":"user","content":"Hello"}]',
        output=b'[{"role":"assistant","content":"Bonjour"}]',
    )


def test_documents_that_were_found_are_the_output_of_a_retriever() -> None:
    event = event_of(
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "rain",
            "retrieval.documents.0.document.id": "d-1",
            "retrieval.documents.0.document.score": 0.5,
            "retrieval.documents.0.document.content": "It rains.",
        }
    )

    assert (event.input, json.loads(event.output or b"")) == (
        b'"rain"',
        [{"id": "d-1", "score": 0.5, "content": "It rains."}],
    )


def test_a_model_without_a_price_costs_what_nobody_knows() -> None:
    event = event_of({"gen_ai.request.model": "gpt-4o-mini-fork", "gen_ai.usage.input_tokens": 5})

    assert (event.usage, event.cost) == (TokenUsage(input_tokens=5, total_tokens=5), None)


def test_a_failure_tells_its_class_and_reason_from_the_exception_in_it() -> None:
    thrown = moment(
        "exception",
        {"exception.type": "RateLimitError", "exception.message": "slow down", "exception.stacktrace": "…"},
    )

    failed, exception = events_of(span({}, status=(2, ""), events=[thrown]))

    assert failed == expected(
        status=EventStatus.ERROR,
        severity=Severity.ERROR,
        error_type="RateLimitError",
        message="slow down",
    )
    assert exception == Event(
        id=RECEIVER.names.moment(START_NS + SECOND_NS // 2, TRACE_ID, SPAN_ID, 0),
        type=EventType.SPAN_EVENT,
        name="exception",
        status=EventStatus.ERROR,
        severity=Severity.ERROR,
        message="slow down",
        error_type="RateLimitError",
        trace_id=TRACE_ID.hex(),
        span_id=SPAN_ID.hex(),
        start_ns=START_NS + SECOND_NS // 2,
        service_name="shop",
        scope_name="tests",
        attributes='{"exception.type":"RateLimitError","exception.message":"slow down",'
        '"exception.stacktrace":"…"}'.encode(),
        resource=b'{"service.name":"shop"}',
    )


def test_what_the_span_itself_says_of_its_failure_goes_first() -> None:
    thrown = moment("exception", {"exception.type": "ValueError", "exception.message": "inner"})

    failed, _ = events_of(span({"error.type": "timeout"}, status=(0, "outer"), events=[thrown]))

    assert (failed.status, failed.error_type, failed.message) == (EventStatus.ERROR, "timeout", "outer")


def test_messages_in_a_moment_are_shown_with_the_span_that_has_none() -> None:
    details = {"gen_ai.input.messages": [{"role": "user", "content": "Hi"}], "gen_ai.output.messages": "[]"}
    told = moment("gen_ai.client.inference.operation.details", details)

    call, inside = events_of(
        span({"gen_ai.operation.name": "chat", "gen_ai.output.messages": '"Ho"'}, events=[told])
    )

    assert (call.input, call.input_preview) == (b'[{"role":"user","content":"Hi"}]', "Hi")
    assert call.output == b'"\\"Ho\\""'
    assert (inside.input, inside.output, inside.kind) == (call.input, b"[]", EventKind.OTHER)


def test_a_span_says_which_execution_it_is_a_part_of() -> None:
    execution = UUID(int=5)

    assert event_of({"timeloom.execution.id": str(execution)}).execution_id == execution
    assert event_of({"timeloom.execution.id": "no uuid"}).execution_id is None


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        (5, 5),
        (5.0, 5),
        ("5", 5),
        (-1, None),
        (True, None),
        ("many", None),
        (10**9, 10**9),
        (10**9 + 1, None),
        ("nan", None),
        ([5], None),
    ],
)
def test_tokens_are_counted_where_they_are_numbers(value: Any, tokens: int | None) -> None:
    event = event_of({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": value})

    assert (None if event.usage is None else event.usage.input_tokens) == tokens
