"""What programs send that know nothing of us: the OpenTelemetry SDK, and an agent of Pydantic AI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from pydantic_ai import Agent
from pydantic_ai.capabilities.instrumentation import Instrumentation
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.usage import RequestUsage

from tests.helpers.telemetry import PROJECT
from timeloom_observability.ids import Names
from timeloom_observability.model import Event, EventKind, EventStatus, EventType, TokenUsage
from timeloom_observability.otlp.protobuf import PROTOBUF
from timeloom_observability.otlp.receiver import Receiver
from timeloom_observability.otlp.traces import read_traces
from timeloom_observability.pricing.table import PriceTable
from timeloom_observability.states import states_of
from timeloom_observability.trees import tree_of


def events_of(work: Callable[[TracerProvider], None]) -> list[Event]:
    """Returns the events of what a program does with OpenTelemetry."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    work(provider)
    spans = exporter.get_finished_spans()
    latest_ns = max(span.end_time or 0 for span in spans)
    receiver = Receiver(names=Names(PROJECT), prices=PriceTable((), ()), now_ns=latest_ns)
    outcome = read_traces(encode_spans(spans).SerializeToString(), PROTOBUF, receiver)
    assert (outcome.rejected_count, outcome.message) == (0, "")
    return outcome.events


def test_an_exception_that_leaves_a_span_is_told_by_the_span_and_a_moment() -> None:
    def work(provider: TracerProvider) -> None:
        tracer = provider.get_tracer("shop.cart", "1.2")
        inner = tracer.start_as_current_span("inner", kind=SpanKind.SERVER)
        with tracer.start_as_current_span("outer"), pytest.raises(KeyError), inner:
            raise KeyError("gone")

    inner, exception, outer = events_of(work)

    assert (inner.parent_span_id, inner.trace_id, outer.is_root) == (outer.span_id, outer.trace_id, True)
    assert (inner.status, inner.error_type, inner.message) == (
        EventStatus.ERROR,
        "KeyError",
        "KeyError: 'gone'",
    )
    assert (exception.type, exception.error_type, exception.message) == (
        EventType.SPAN_EVENT,
        "KeyError",
        "'gone'",
    )
    assert outer.status is EventStatus.OK
    assert (outer.service_name, outer.scope_name) == ("shop", "shop.cart")
    assert b'"otel.scope.version":"1.2"' in outer.resource


def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Calls the tool once, and then says what it found."""
    del info
    usage = RequestUsage(input_tokens=57, output_tokens=17)
    if len(messages) == 1:
        call = ToolCallPart("get_weather", {"city": "Paris"}, tool_call_id="call_1")
        return ModelResponse([call], usage=usage)
    return ModelResponse([TextPart("It is rainy.")], usage=usage)


def test_an_agent_of_pydantic_ai_is_understood() -> None:
    def work(provider: TracerProvider) -> None:
        agent = Agent(
            FunctionModel(answer, model_name="test-model"),
            name="weather_agent",
            capabilities=[Instrumentation(InstrumentationSettings(tracer_provider=provider))],
        )

        @agent.tool_plain
        def get_weather(city: str) -> str:
            return f"rainy in {city}"

        # `run_sync` makes a loop that nobody closes.
        asyncio.run(agent.run("Weather in Paris?"))

    events = events_of(work)

    root, *steps = [place.span for place in tree_of(events)]
    assert (root.kind, root.agent_id, root.usage) == (EventKind.AGENT, "weather_agent", None)
    assert (root.input_preview, root.output_preview) == ("Weather in Paris?", "It is rainy.")
    told = [step for step in steps if step.kind in (EventKind.LLM, EventKind.TOOL)]
    assert [(step.kind, step.agent_id, step.output_preview) for step in told] == [
        (EventKind.LLM, "weather_agent", 'get_weather({"city":"Paris"})'),
        (EventKind.TOOL, "weather_agent", "rainy in Paris"),
        (EventKind.LLM, "weather_agent", "It is rainy."),
    ]
    assert {step.model for step in told} == {"test-model", ""}
    assert [event.usage for event in events if event.usage] == [
        TokenUsage(input_tokens=57, output_tokens=17, total_tokens=74)
    ] * 2
    assert len({event.session_id for event in events}) == 1
    assert [message["role"] for message in states_of(events)[-1].state["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
