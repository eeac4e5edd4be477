"""OpenTelemetry of a day: traces of agents with models and tools, some of them slow, some refused."""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, StatusCode, Tracer, set_span_in_context

from timeloom import Timeloom
from timeloom.alerts import AlertComparison, AlertRule
from timeloom.telemetry_figures import Metric

_SECOND_NS = 1_000_000_000
_MODELS = (("gpt-4o-mini", "openai"), ("gpt-4o", "openai"), ("claude-sonnet-4-5", "anthropic"))
_AGENTS = ("support", "researcher", "trip-planner")
_TOOLS = ("search_web", "read_invoices", "find_customer", "run_query")
_QUESTIONS = (
    "Why was the invoice refused?",
    "Find a quiet hotel in Lisbon.",
    "Which customers have not paid?",
    "Summarise the meeting about the release.",
    "Draft an answer to the complaint about delivery.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Within:
    """Where spans begin: below a parent, with what all of a trace have in common."""

    tracer: Tracer
    random: Random
    parent: Span
    common: dict[str, str]

    def begin(self, name: str, at_ns: int, attributes: dict[str, str | int]) -> Span:
        return self.tracer.start_span(
            name,
            context=set_span_in_context(self.parent),
            start_time=at_ns,
            attributes={**self.common, **attributes},
        )


def send_traces(endpoint: str, api_key: str, random: Random, *, count: int, hours: int) -> None:
    """Sends so many traces, spread over the last hours."""
    exporter = OTLPSpanExporter(
        endpoint=endpoint, insecure=True, headers={"authorization": f"Bearer {api_key}"}
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "desk"}))
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=20_000))
    now = time.time_ns()
    for _ in range(count):
        began = now - int(random.random() ** 1.4 * hours * 3600 * _SECOND_NS) - 20 * _SECOND_NS
        _trace(provider.get_tracer("showcase"), random, began)
    provider.shutdown()


def set_alerts(client: Timeloom) -> None:
    """Two rules: one that fires on what was sent, one that does not."""
    client.alerts.create_rule(
        AlertRule(
            name="Models refuse",
            description="More than a tenth of the calls of models fail.",
            metric=Metric.ERROR_RATE,
            comparison=AlertComparison.ABOVE,
            threshold=0.02,
            window_seconds=24 * 3600,
        )
    )
    client.alerts.create_rule(
        AlertRule(
            name="A day costs too much",
            metric=Metric.COST,
            comparison=AlertComparison.ABOVE,
            threshold=50.0,
            window_seconds=24 * 3600,
        )
    )


def _trace(tracer: Tracer, random: Random, began_ns: int) -> None:
    agent = random.choice(_AGENTS)
    question = random.choice(_QUESTIONS)
    common = {
        "gen_ai.conversation.id": f"talk-{random.randint(1, 30)}",
        "user.id": f"user-{random.randint(1, 9)}",
    }
    root = tracer.start_span(
        agent,
        start_time=began_ns,
        attributes={
            **common,
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": agent,
            "input.value": question,
        },
    )
    at = began_ns
    within = _Within(tracer=tracer, random=random, parent=root, common=common)
    is_refused = random.random() < 0.08
    for _ in range(random.randint(1, 5)):
        at = _call_model(within, at, question, is_refused=is_refused)
        if is_refused:
            break
        at = _call_tool(within, at)
    if is_refused:
        root.set_status(StatusCode.ERROR, "The model refused the request.")
    else:
        root.set_attribute("output.value", f"Here is what I found about: {question}")
    root.end(end_time=at + 5_000_000)


def _call_model(within: _Within, at_ns: int, question: str, *, is_refused: bool) -> int:
    random = within.random
    model, provider = random.choices(_MODELS, weights=(6, 2, 2))[0]
    span = within.begin(
        f"chat {model}",
        at_ns,
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "gen_ai.usage.input_tokens": random.randint(200, 6000),
            "gen_ai.usage.output_tokens": random.randint(20, 900),
            "input.value": question,
            "output.value": "I look it up.",
        },
    )
    if is_refused:
        span.set_attribute("error.type", "RateLimitError")
        span.set_status(StatusCode.ERROR, "429: too many requests")
    ended = at_ns + int(random.lognormvariate(0.1, 0.7) * _SECOND_NS)
    span.end(end_time=ended)
    return ended


def _call_tool(within: _Within, at_ns: int) -> int:
    random = within.random
    tool = random.choice(_TOOLS)
    span = within.begin(
        f"execute_tool {tool}",
        at_ns,
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool,
            "input.value": '{"limit": 10}',
            "output.value": f'{{"rows": {random.randint(0, 10)}}}',
        },
    )
    ended = at_ns + int(random.lognormvariate(-1.2, 0.9) * _SECOND_NS)
    span.end(end_time=ended)
    return ended
