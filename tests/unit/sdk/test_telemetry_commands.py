"""How telemetry is shown on a terminal, without a server."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from timeloom._messages import read
from timeloom.cli import metrics, trace_tree
from timeloom.cli import telemetry_wording as words_of
from timeloom.observability.v1 import observability_pb2 as pb
from timeloom.telemetry import (
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    Score,
    TokenUsage,
    Trace,
    TraceSpan,
    TraceTree,
)
from timeloom.telemetry_figures import Metric

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def event(name: str, *, after_ms: float = 0, duration_ms: float = 10, **fields: Any) -> Event:
    began = START + timedelta(milliseconds=after_ms)
    ended = began + timedelta(milliseconds=duration_ms)
    given = {"name": name, "start_time": began, "end_time": ended, "duration_ms": duration_ms, **fields}
    return replace(read(Event, pb.Event()), **given)


def printed(renderable: object) -> list[str]:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(renderable)
    output = console.file
    assert isinstance(output, io.StringIO)
    return [" ".join(line.split()) for line in output.getvalue().splitlines()]


def test_a_trace_is_a_tree_with_its_times_tokens_costs_and_errors() -> None:
    usage = TokenUsage(input_tokens=1200, output_tokens=40, total_tokens=1240)
    cost = Cost(total=0.0031, input=0.003, output=0.0001, source=CostSource.PRICED)
    trace = replace(
        read(Trace, pb.Trace()),
        id="ab" * 16,
        name="support",
        status=EventStatus.OK,
        start_time=START,
        duration_ms=1000.0,
        span_count=3,
        error_count=1,
        agent_id="support",
        usage=usage,
        cost=cost,
    )
    root = event("support", kind=EventKind.AGENT, duration_ms=1000)
    call = event("chat", kind=EventKind.LLM, duration_ms=500, model="gpt-4o", usage=usage, cost=cost)
    failed = event(
        "look up",
        kind=EventKind.TOOL,
        after_ms=500,
        duration_ms=250,
        status=EventStatus.ERROR,
        error_type="TimeoutError",
        message="too late\nand more",
    )
    moment = event("retry", message="again")
    spans = (
        TraceSpan(event=root, depth=0, child_count=2, is_critical=True, self_ms=250, moments=()),
        TraceSpan(event=call, depth=1, child_count=0, is_critical=True, self_ms=500, moments=(moment,)),
        TraceSpan(event=failed, depth=1, child_count=0, is_critical=False, self_ms=250, moments=()),
    )
    score = replace(read(Score, pb.Score()), name="helpfulness", value=0.9, label="good")
    assert printed(trace_tree.rendered(TraceTree(trace=trace, spans=spans, scores=(score,)))) == [
        "support ✓ 1.0 s 3 spans 1.2k → 40 $0.0031 1 error",
        f"trace {'ab' * 16} agent support",
        "",
        "span when took self tokens cost",
        "agent support ━━━━━━━━━━━━━━━━━━━━━━━━ 1.0 s 250 ms",
        "├ llm chat gpt-4o ━━━━━━━━━━━━ 500 ms 500 ms 1.2k → 40 $0.0031",
        "· retry again",
        "└ tool look up TimeoutError: too late ━━━━━━ 250 ms 250 ms",
        "",
        "scores helpfulness 0.9 good",
    ]


@pytest.mark.parametrize(
    ("depths", "lines"),
    [
        ([0], [""]),
        ([0, 1, 1], ["", "├ ", "└ "]),
        ([0, 1, 2, 2, 1], ["", "├ ", "│ ├ ", "│ └ ", "└ "]),
        ([0, 1, 2, 0, 1], ["", "└ ", "  └ ", "", "└ "]),
        ([], []),
    ],
)
def test_the_branches_of_a_tree_are_drawn(depths: list[int], lines: list[str]) -> None:
    assert trace_tree.guides(depths) == lines


@given(st.lists(st.integers(0, 5), max_size=30))
def test_every_node_has_a_branch_as_wide_as_it_is_deep(steps: list[int]) -> None:
    depths: list[int] = []
    for step in steps:
        depths.append(min(step, depths[-1] + 1) if depths else 0)
    assert [len(guide) for guide in trace_tree.guides(depths)] == [2 * depth for depth in depths]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([0.0, 1.0, 2.0, 4.0], "▁▃▅█"),
        ([None, 3.0, None], " █ "),
        ([0.0, 0.0], "▁▁"),
        ([], ""),
    ],
)
def test_values_over_time_are_bars(values: list[float | None], line: str) -> None:
    assert words_of.sparkline(values) == line


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        (Metric.COUNT, 1234.0, "1,234"),
        (Metric.RATE, 0.5, "0.50"),
        (Metric.ERROR_RATE, 0.125, "12.5"),
        (Metric.DURATION_P95, 1250.0, "1.2 s"),
        (Metric.COST, 12.5, "$12.50"),
        (Metric.COST, 0.00002, "$0.000020"),
        (Metric.COST, 0.0, "$0"),
        (Metric.DURATION_P50, None, "-"),
    ],
)
def test_a_metric_is_told_in_its_unit(metric: Metric, value: float | None, words: str) -> None:
    assert metrics.shown(metric, value) == words


def test_an_event_is_a_line_with_what_matters() -> None:
    told = event(
        "chat gpt-4o",
        kind=EventKind.LLM,
        model="gpt-4o",
        duration_ms=340,
        usage=TokenUsage(input_tokens=12, output_tokens=2_500_000),
        status=EventStatus.ERROR,
        error_type="RateLimitError",
    )
    assert str(words_of.line(told)).split("  ", 1)[1] == (
        "llm  chat gpt-4o  340 ms  12 → 2.5M  RateLimitError"
    )
