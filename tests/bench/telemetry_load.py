"""Telemetry of many agents, as OTLP requests: what is asked for and answered repeats, as it does in life."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.helpers.telemetry import key_values

SPANS_PER_REQUEST: Final = 512
SPANS_PER_TRACE: Final = 8
AGENTS: Final = 20
MODELS: Final = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash")
TOOLS: Final = ("search", "fetch", "calculate", "write_file", "query")
FREQUENT: Final = "weather"
RARE: Final = "heliotrope"
RARE_EVERY: Final = 20_000
ERROR_SHARE: Final = 0.02

_WORDS: Final = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split()
_MILLISECOND: Final = 1_000_000


def sentences(count: int, *, seed: int = 7) -> list[str]:
    """Returns so many different questions; every fifth is about the weather."""
    chance = random.Random(seed)
    return [
        " ".join(
            [
                *chance.choices(_WORDS, k=14),
                *([FREQUENT] if number % 5 == 0 else []),
                f"case {number}",
            ]
        )
        for number in range(count)
    ]


@dataclass(slots=True, kw_only=True)
class Telemetry:
    """Makes requests, and remembers what it sent.

    Attributes:
        begin_ns: When the first trace begins.
        end_ns: When the last one begins.
        span_count: How many spans there are in all.
        texts: What is asked and answered.
        steps_ms: How long each call of a model or tool took.
    """

    begin_ns: int
    end_ns: int
    span_count: int
    texts: list[str]
    steps_ms: list[float] = field(default_factory=list[float])
    chance: random.Random = field(default_factory=lambda: random.Random(3))

    def requests(self) -> Iterator[bytes]:
        """Yields the requests, the oldest spans first."""
        sent = 0
        while sent < self.span_count:
            request = ExportTraceServiceRequest()
            resource_spans = request.resource_spans.add()
            resource_spans.resource.attributes.extend(key_values({"service.name": "bench"}))
            spans = resource_spans.scope_spans.add().spans
            for _ in range(SPANS_PER_REQUEST // SPANS_PER_TRACE):
                spans.extend(self._trace(sent))
                sent += SPANS_PER_TRACE
            yield request.SerializeToString()

    def _trace(self, number: int) -> Iterator[Span]:
        """Yields an agent's run: a root, and calls of models and tools below it in turn."""
        start = self.begin_ns + (self.end_ns - self.begin_ns) * number // self.span_count
        trace_id = self.chance.getrandbits(128).to_bytes(16, "big")
        agent = f"agent-{self.chance.randrange(AGENTS)}"
        session = f"session-{number // (SPANS_PER_TRACE * 10)}"
        root = self.chance.getrandbits(64).to_bytes(8, "big")
        text = self.chance.choice(self.texts) + (f" {RARE}" if number % RARE_EVERY == 0 else "")
        yield self._span(
            trace_id,
            root,
            b"",
            f"invoke_agent {agent}",
            start,
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": agent,
                "gen_ai.conversation.id": session,
                "user.id": f"user-{number % 977}",
                "input.value": text,
            },
        )
        for step in range(1, SPANS_PER_TRACE):
            is_call = step % 2 == 1
            yield self._span(
                trace_id,
                self.chance.getrandbits(64).to_bytes(8, "big"),
                root,
                "chat" if is_call else "execute_tool",
                start + step * 20 * _MILLISECOND,
                self._call(agent, session) if is_call else self._tool(agent, session),
            )

    def _call(self, agent: str, session: str) -> dict[str, object]:
        number = self.chance.randrange(len(self.texts))
        # Who asks the same is answered the same.
        question, answer = self.texts[number], self.texts[-number]
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": (model := self.chance.choice(MODELS)),
            "gen_ai.response.model": model,
            "gen_ai.agent.name": agent,
            "gen_ai.conversation.id": session,
            "gen_ai.usage.input_tokens": self.chance.randrange(50, 4_000),
            "gen_ai.usage.output_tokens": self.chance.randrange(10, 800),
            "gen_ai.input.messages": _messages("user", question),
            "gen_ai.output.messages": _messages("assistant", answer),
        }

    def _tool(self, agent: str, session: str) -> dict[str, object]:
        return {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": self.chance.choice(TOOLS),
            "gen_ai.agent.name": agent,
            "gen_ai.conversation.id": session,
            "gen_ai.tool.call.arguments": json.dumps({"query": self.chance.choice(self.texts)}),
        }

    def _span(
        self,
        trace_id: bytes,
        span_id: bytes,
        parent: bytes,
        name: str,
        start_ns: int,
        attributes: dict[str, object],
    ) -> Span:
        milliseconds = self.chance.lognormvariate(5.0, 1.2)
        if parent:
            self.steps_ms.append(milliseconds)
        has_failed = self.chance.random() < ERROR_SHARE
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent,
            name=name,
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns + int(milliseconds * _MILLISECOND),
            attributes=key_values(attributes | ({"error.type": "TimeoutError"} if has_failed else {})),
            status=Status(code=Status.STATUS_CODE_ERROR) if has_failed else None,
        )


def long_trace(trace_id: bytes, span_count: int, begin_ns: int) -> Iterator[bytes]:
    """Yields the requests of one trace of many spans, ten levels deep."""
    chance = random.Random(11)
    ids = [number.to_bytes(8, "big") for number in range(1, span_count + 1)]
    for first in range(0, span_count, SPANS_PER_REQUEST):
        request = ExportTraceServiceRequest()
        resource_spans = request.resource_spans.add()
        resource_spans.resource.attributes.extend(key_values({"service.name": "bench"}))
        spans = resource_spans.scope_spans.add().spans
        for number in range(first, min(first + SPANS_PER_REQUEST, span_count)):
            start = begin_ns + number * _MILLISECOND
            spans.add(
                trace_id=trace_id,
                span_id=ids[number],
                parent_span_id=ids[(number - 1) // 3] if number else b"",
                name=f"step {number % 40}",
                start_time_unix_nano=start,
                end_time_unix_nano=start + chance.randrange(1, 50) * _MILLISECOND,
                attributes=key_values({"openinference.span.kind": "CHAIN", "input.value": f"item {number}"}),
            )
        yield request.SerializeToString()


def _messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])
